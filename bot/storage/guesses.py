"""What is stored of guess rounds: until when a room may guess, and what was guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from bot.domain import Label, Player
from bot.game import rules
from bot.game.rules import Denied, Guess
from bot.game.seasons import OpenGuessing
from bot.storage.database import (
    Database,
    read_transaction,
    repeatable_transaction,
    write_transaction,
)
from bot.storage.queries import (
    current_room_id,
    current_rooms,
    find_or_add_player,
    load_guesses,
    load_place,
    load_round,
    load_round_and_playing,
    lock_round,
    note_activity,
    room_of,
)
from bot.storage.schema import guesses, guessings, rooms, rounds

# A guessing waits for those who played within this time.
PLAYED_TODAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Guessing:
    """The guessing about a round.

    Attributes:
        until: Until when the room may guess.
        closed: Since when it may no more.
        told: Since when it knows the answer.
    """

    until: datetime
    closed: datetime | None
    told: datetime | None


class GuessStore:
    """Stores what rooms guess; the rules decide what counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @repeatable_transaction
    def open(self, connection: Connection, round_id: int, until: datetime) -> bool:
        """Let the room guess about a round until then.

        Returns:
            Whether it may. It may not about a photo that was played before, or whose truth is told.
        """
        lock_round(connection, round_id)
        round_ = load_round(connection, round_id)
        if round_ is None or round_.played_before or round_.truth is not None:
            return False
        opened = _load_guessing(connection, round_id)
        if opened is None:
            connection.execute(insert(guessings).values(round_id=round_id, until=until))
        elif opened.closed is None:  # asked about again, after a crash
            this = guessings.c.round_id == round_id
            connection.execute(update(guessings).where(this).values(until=until))
        return opened is None or opened.closed is None

    @read_transaction
    def unanswered(self, connection: Connection) -> list[OpenGuessing]:
        """Return what rooms may guess about, or could, and were not told the answer of."""
        found = connection.execute(
            select(guessings.c.round_id, guessings.c.until, rounds.c.message, *current_rooms.c)
            .join(rounds, rounds.c.id == guessings.c.round_id)
            .join(rooms, rooms.c.id == rounds.c.room_id)
            .join(current_rooms, current_rooms.c.id == current_room_id)
            .where(guessings.c.told.is_(None), rounds.c.message.is_not(None))
            .order_by(guessings.c.until, guessings.c.round_id)
        )
        return [
            OpenGuessing(row["round_id"], room_of(row), row["message"], row["until"])
            for row in found.mappings()
        ]

    @write_transaction
    def add(
        self,
        connection: Connection,
        round_id: int,
        player: Player,
        label: Label,
        now: datetime,
    ) -> tuple[Guess, ...] | Denied | None:
        """Store a guess, if the rules allow it.

        Args:
            round_id: The round.
            player: Who guesses.
            label: What the player thinks that the bot will answer.
            now: When.

        Returns:
            All guesses about the round, or why nothing changed; None when the round is no longer
            stored, or nobody was asked to guess about it.
        """
        lock_round(connection, round_id)
        round_ = load_round(connection, round_id)
        guessing = _load_guessing(connection, round_id)
        if round_ is None or guessing is None:
            return None
        if guessing.closed is not None:
            return Denied.LATE
        place = note_activity(connection, round_id, now)
        player_id = find_or_add_player(connection, place.room.platform, player)
        guessed = rules.add_guess(
            load_guesses(connection, round_id),
            Guess(player_id, now, label),
            sender=round_.player,
            until=guessing.until,
            shared_identity=player.shared,
        )
        if isinstance(guessed, Denied):
            connection.rollback()
            return guessed
        own = guesses.c.round_id == round_id, guesses.c.player_id == player_id
        connection.execute(delete(guesses).where(*own))
        values = {"round_id": round_id, "player_id": player_id, "at": now, "what": label}
        connection.execute(insert(guesses).values(values))
        return guessed

    @read_transaction
    def everyone_guessed(self, connection: Connection, round_id: int, now: datetime) -> bool:
        """Return whether all who played in the room lately, but the sender, have guessed."""
        found = load_round_and_playing(connection, round_id, now, PLAYED_TODAY)
        if found is None:
            return True
        round_, playing = found
        guessed = {guess.by for guess in load_guesses(connection, round_id)}
        return playing <= {round_.player, *guessed}

    @repeatable_transaction
    def close(self, connection: Connection, round_id: int, now: datetime) -> OpenGuessing | None:
        """Accept no more guesses about a round.

        Returns:
            What to answer; None when the room was told the answer before.
        """
        lock_round(connection, round_id)
        guessing = _load_guessing(connection, round_id)
        if guessing is None or guessing.told is not None:
            return None
        if guessing.closed is None:
            this = guessings.c.round_id == round_id
            connection.execute(update(guessings).where(this).values(closed=now))
        place = load_place(connection, round_id)
        # The question was on its way before.
        late = rounds.c.id == round_id, rounds.c.sending > rounds.c.answered
        in_flight = connection.execute(select(rounds.c.id).where(*late)).first() is not None
        return OpenGuessing(round_id, place.room, place.message or "", guessing.until, in_flight)

    @repeatable_transaction
    def mark_told(self, connection: Connection, round_id: int, answer: str | None = None) -> None:
        """Note that the room was told the answer.

        Args:
            round_id: The round.
            answer: The id of the message that tells it: from now on that one is the round's, and
                no longer the question.
        """
        this = guessings.c.round_id == round_id, guessings.c.told.is_(None)
        told = func.coalesce(guessings.c.closed, guessings.c.until)
        connection.execute(update(guessings).where(*this).values(told=told))
        # The question may never have been asked: its process died.
        since = select(told).where(guessings.c.round_id == round_id).scalar_subquery()
        values: dict[str, Any] = {"answered": func.coalesce(rounds.c.answered, since)}
        if answer is not None:
            values["answer"] = answer
        connection.execute(update(rounds).where(rounds.c.id == round_id).values(values))


def _load_guessing(connection: Connection, round_id: int) -> _Guessing | None:
    this = select(guessings).where(guessings.c.round_id == round_id)
    row = connection.execute(this).first()
    return _Guessing(row.until, row.closed, row.told) if row else None
