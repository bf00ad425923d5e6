"""What is stored of photos: each one's round, from its arrival to the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from cachetools import LRUCache
from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from bot.domain import (
    Fingerprint,
    Likeness,
    PendingPhoto,
    Photo,
    Player,
    Refusal,
    Room,
    StoredRound,
    Verdict,
)
from bot.game.rules import SAME_WITHIN_BITS
from bot.storage.database import (
    Database,
    read_transaction,
    repeatable_transaction,
    urgent_transaction,
    write_transaction,
)
from bot.storage.foolings import store_features
from bot.storage.prints import Prints
from bot.storage.queries import (
    LANGUAGE_LENGTH,
    ROOM,
    current_room_id,
    current_rooms,
    find_or_add_player,
    find_or_add_room,
    insert_row,
    lock_round,
    room_of,
    verdict_of,
)
from bot.storage.schema import Moment, guessings, players, rooms, rounds

# The bot's own language, where nobody has told one.
UNTOLD = "en"
# So many rooms' fingerprints are kept in memory; a photo takes fifty bytes.
ROOMS = 256
# Photos that look the same as one are few; where they are not, one of the latest is still stored.
MAX_ALIKE = 500


class RoundStore:
    """Stores the rounds of photos, without the photos."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._prints: LRUCache[int, Prints] = LRUCache(ROOMS)

    @repeatable_transaction
    def open(self, connection: Connection, photo: Photo, now: datetime) -> int | None:
        """Return the id of a photo's round, opened if there is none.

        A photo that is still in hand, or was when the process ended, keeps its round.

        Args:
            photo: The photo.
            now: When it was sent.

        Returns:
            The round's id; None when the photo's message was answered before.
        """
        room = find_or_add_room(connection, photo.room, now)
        part = photo.key or photo.reference or ""
        if photo.message is not None:
            same = rounds.c.room_id == room.id, rounds.c.message == photo.message
            found = connection.execute(
                select(rounds.c.id, rounds.c.answered).where(*same, rounds.c.part == part)
            )
            if row := found.first():
                round_id: int = row.id
                return round_id if row.answered is None else None
        values = {
            "room_id": room.id,
            "player_id": find_or_add_player(connection, photo.room.platform, photo.player),
            "message": photo.message,
            "part": part,
            "reference": photo.reference,
            "album_id": photo.album,
            "arrived": now,
            "language": _language_of(connection, photo, room.current_id),
        }
        return insert_row(connection, rounds, values)

    @write_transaction
    def suspect(self, connection: Connection, round_id: int) -> bool:
        """Note that a photo is looked at that may have ended a process.

        Returns:
            Whether it is still to be: not when it was noted before, and never cleared.
        """
        first = rounds.c.id == round_id, rounds.c.suspect.is_(False)
        noted = connection.execute(update(rounds).where(*first).values(suspect=True))
        return noted.rowcount > 0

    @repeatable_transaction
    def clear(self, connection: Connection, round_id: int) -> None:
        """Note that the process outlived a photo."""
        this = rounds.c.id == round_id
        connection.execute(update(rounds).where(this).values(suspect=False))

    @urgent_transaction
    def note_verdict(
        self,
        connection: Connection,
        round_id: int,
        verdict: Verdict,
        fingerprint: Fingerprint | None,
        likeness: Likeness | None = None,
    ) -> None:
        """Store the verdict, and whether the room has seen a photo that looks the same.

        A verdict that went out stays as it is.

        Args:
            round_id: The photo's round.
            verdict: What the bot saw.
            fingerprint: What to recognise the photo by; None for one that is not played.
            likeness: The fooling that the photo is like.
        """
        lock_round(connection, round_id)
        connection.execute(
            update(rounds)
            .where(rounds.c.id == round_id, rounds.c.answered.is_(None))
            .values(
                label=verdict.label,
                confidence=verdict.confidence,
                unfamiliar=verdict.unfamiliar,
                sure=verdict.sure,
                probabilities=dict(verdict.probabilities),
            )
        )
        if fingerprint is not None:
            self._note_fingerprint(connection, round_id, fingerprint, likeness)

    @urgent_transaction
    def mark_sending(
        self, connection: Connection, round_ids: Sequence[int], now: datetime | None
    ) -> None:
        """Note that the answer to some photos is on its way; None: that it did not arrive."""
        these = rounds.c.id.in_(round_ids)
        connection.execute(update(rounds).where(these).values(sending=now))

    @urgent_transaction
    def mark_answered(
        self,
        connection: Connection,
        round_ids: Sequence[int],
        now: datetime,
        reference: str | None = None,
        answer: str | None = None,
    ) -> None:
        """Note that the answer to some photos went out.

        Args:
            round_ids: The photos' rounds.
            now: When it did; a time that is stored already stays.
            reference: The photos' reference, if that is only known now.
            answer: The id of the bot's own message, if it has one.
        """
        these = rounds.c.id.in_(round_ids)
        known = {"reference": reference, "answer": answer}
        news = {name: value for name, value in known.items() if value is not None}
        first = func.coalesce(rounds.c.answered, literal(now, Moment))
        connection.execute(update(rounds).where(these).values(answered=first, **news))

    @read_transaction
    def find(self, connection: Connection, round_id: int) -> StoredRound | None:
        """Return a round if it is still stored; its room is where that is now."""
        found = connection.execute(_select_rounds().where(rounds.c.id == round_id))
        row = found.mappings().first()
        return _stored_round_of(row) if row else None

    @read_transaction
    def played_at(self, connection: Connection, room: Room, message: str) -> int | None:
        """Return the round that is played with a photo, or with one of its album.

        Args:
            room: Where the photo was sent.
            message: Its message.
        """
        there = rounds.join(rooms, rooms.c.id == rounds.c.room_id)
        in_room = rooms.c.platform == room.platform, rooms.c.chat == room.id
        this = rounds.c.message == message
        album = select(rounds.c.album_id).select_from(there).where(*in_room, this)
        found = connection.execute(
            select(rounds.c.id)
            .select_from(there)
            .where(*in_room, rounds.c.prints.is_not(None))
            .where(or_(this, rounds.c.album_id.in_(album)))
            .order_by(rounds.c.id.desc())
        )
        return found.scalars().first()

    @repeatable_transaction
    def note_album(
        self, connection: Connection, round_id: int, parts: Sequence[int | Refusal]
    ) -> None:
        """Store what was answered to photos that were sent together.

        Args:
            round_id: The round of the one that is played.
            parts: In the order of the photos, the round of each that got a verdict, and why not
                for each that got none.
        """
        this = rounds.c.id == round_id
        connection.execute(update(rounds).where(this).values(album=list(parts)))

    @repeatable_transaction
    def pending(self, connection: Connection, platform: str, since: datetime) -> list[PendingPhoto]:
        """Return a platform's photos that were not answered; delete those that are too old.

        Those that the room has guessed about have an answer coming, see `GuessStore.unanswered`.

        Args:
            platform: The platform's name.
            since: Before this a photo is too old to be answered.
        """
        unanswered = rounds.c.answered.is_(None)
        theirs = select(rooms.c.id).where(rooms.c.platform == platform)
        # Where somebody told the truth, the answer was seen, whatever was noted of it.
        old = unanswered, rounds.c.truth.is_(None), rounds.c.arrived < since
        connection.execute(delete(rounds).where(*old, rounds.c.room_id.in_(theirs)))
        guessed = exists().where(guessings.c.round_id == rounds.c.id)
        found = connection.execute(
            _select_rounds()
            .add_columns(guessed.label("is_guessed"))
            .where(unanswered, rounds.c.arrived >= since, current_rooms.c.platform == platform)
            .where(rounds.c.message.is_not(None), rounds.c.reference.is_not(None))
            .where(~guessed.where(guessings.c.closed.is_not(None)))
            # Platforms tell the second, and PostgreSQL may have numbered the later one first;
            # their own numbers grow.
            .order_by(
                rounds.c.arrived, func.length(rounds.c.message), rounds.c.message, rounds.c.id
            )
        )
        return [_pending_photo_of(row) for row in found.mappings()]

    def _note_fingerprint(
        self,
        connection: Connection,
        round_id: int,
        fingerprint: Fingerprint,
        likeness: Likeness | None,
    ) -> None:
        found = connection.execute(
            select(rounds.c.room_id, current_room_id.label("current_id"), rounds.c.prints)
            .join(rounds, rounds.c.room_id == rooms.c.id)
            .where(rounds.c.id == round_id)
        )
        row = found.first()
        # A photo that is classified again after a crash may have been copied since.
        if row is None or row.prints is not None:
            return
        played_before = self._was_played(connection, row.current_id, round_id, fingerprint)
        values: dict[str, object] = {
            "prints": list(fingerprint.stored),
            "played_before": played_before,
        }
        if likeness is not None:
            values["reminds_of"] = likeness.round_id
            values["played_before"] = played_before or likeness.is_copy
        connection.execute(update(rounds).where(rounds.c.id == round_id).values(values))
        self._prints[row.room_id].add(
            round_id, fingerprint.stored
        )  # `_was_played` has looked there
        if fingerprint.features is not None:
            store_features(connection, round_id, fingerprint.features)

    def _was_played(
        self, connection: Connection, room_id: int, round_id: int, fingerprint: Fingerprint
    ) -> bool:
        """Return whether a room has played another photo that looks the same."""
        # A room that moved is several: a round stays where it was sent to.
        its_own = or_(rooms.c.id == room_id, rooms.c.moved_to == room_id)
        here = connection.execute(select(rooms.c.id).where(its_own))
        alike: list[int] = []
        for its in here.scalars():
            prints = self._prints_of(connection, its)
            alike += prints.alike(fingerprint.queries, SAME_WITHIN_BITS)
        if not alike:
            return False
        still = rounds.c.id.in_(alike[-MAX_ALIKE:]), rounds.c.prints.is_not(None)
        found = connection.execute(
            select(rounds.c.id).where(*still, rounds.c.id != round_id).limit(1)
        )
        return found.first() is not None

    def _prints_of(self, connection: Connection, room_id: int) -> Prints:
        """Return the fingerprints of the photos that were sent to a room.

        On a shared database those are loaded that came since the last look, from whatever process.
        """
        prints = self._prints.get(room_id)
        if prints is not None and not self._database.is_shared:
            return prints
        prints = prints or Prints()
        here = rounds.c.room_id == room_id, rounds.c.id >= prints.known_before
        is_over = or_(rounds.c.prints.is_not(None), rounds.c.answered.is_not(None))
        found = connection.execute(
            select(rounds.c.id, rounds.c.prints, is_over.label("is_over"))
            .where(*here)
            .order_by(rounds.c.id)
        )
        prints.load((row.id, row.prints, row.is_over) for row in found)
        self._prints[room_id] = prints
        return prints


def _language_of(connection: Connection, photo: Photo, room_id: int) -> str:
    """Return the language in which a photo is answered, as an IETF tag."""
    language = photo.player.language
    if language is None:
        spoken = select(rooms.c.spoken).where(rooms.c.id == room_id)
        language = connection.execute(spoken).scalar()
    return (language or UNTOLD)[:LANGUAGE_LENGTH]


def _select_rounds() -> Select[Any]:
    """Select rounds together with who sent them, where that was and where the room is now."""
    return (
        select(
            rounds,
            rooms.c.chat.label("sent_to"),
            *ROOM,
            *(players.c.identity, players.c.name, players.c.shared),
        )
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .join(current_rooms, current_rooms.c.id == current_room_id)
        .join(players, players.c.id == rounds.c.player_id)
    )


def _sent_to(row: RowMapping) -> Room:
    # A message's id is of the place that it was sent to, wherever the room is now.
    return replace(room_of(row), id=row["sent_to"])


def _pending_photo_of(row: RowMapping) -> PendingPhoto:
    return PendingPhoto(
        room=_sent_to(row),
        player=Player(row["identity"], row["name"] or "", shared=row["shared"]),
        message=row["message"],
        reference=row["reference"],
        key=row["part"],
        at=row["arrived"],
        album=row["album_id"],
        in_flight=row["sending"] is not None,
        is_guessed=row["is_guessed"],
    )


def _stored_round_of(row: RowMapping) -> StoredRound:
    return StoredRound(
        id=row["id"],
        room=room_of(row),
        sent_to=_sent_to(row),
        player_id=row["identity"] or "",
        message=row["message"],
        reference=row["reference"],
        verdict=verdict_of(row),
        arrived=row["arrived"],
        answered=row["answered"],
        answer=row["answer"],
        hidden=row["hidden"],
    )
