"""What is stored of taps: truths, objections, votes, guesses.

A round is found whatever the id of its room was when its message was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import AdminAction, Label, Player, Room
from bot.game import rules, scoring
from bot.game.rules import Ballot, Denied, Guess, PlayerId, Round, Truth
from bot.game.scoring import Score
from bot.game.seasons import OpenGuessing, OpenVote, day_bounds
from bot.storage.database import Database, read_transaction, write_transaction
from bot.storage.queries import (
    add_action,
    current_room_id,
    current_rooms,
    find_or_add_player,
    find_player,
    find_room,
    load_active_players,
    load_guesses,
    load_round,
    load_rounds,
    room_of,
    within,
)
from bot.storage.schema import ballots, guesses, guessings, players, rooms, rounds, votes

# Who played within this time is in the room, as far as objections and votes are concerned.
PLAYING_WITHIN = timedelta(days=30)
# A vote waits for those who played within this time, a guessing for those of the last day.
PLAYED_THIS_WEEK = timedelta(days=7)
PLAYED_TODAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a round is.

    Attributes:
        row_id: The row of the room's id when the round began.
        current_id: The row where the room is now.
        room: The room as it is now.
        message: The id of the photo's message, if it had one.
    """

    row_id: int
    current_id: int
    room: Room
    message: str | None


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


class GameStore:
    """Stores what was tapped; the rules decide what comes of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @read_transaction
    async def round(self, connection: AsyncConnection, round_id: int, room: Room) -> Round | None:
        """Return a round as the rules see it, if it is stored and of this room."""
        if (found := await find_room(connection, room)) is None:
            return None
        this = rounds.c.id == round_id, current_room_id == found.current_id
        return next(iter(await load_rounds(connection, *this)), None)

    @write_transaction
    async def tell_truth(
        self,
        connection: AsyncConnection,
        round_id: int,
        player: Player,
        label: Label,
        now: datetime,
        *,
        by_admin: bool,
    ) -> Round | Denied | None:
        """Store the truth of a round, or another one, if the rules allow it.

        What an admin tells about somebody else's photo is logged.

        Args:
            round_id: The round.
            player: Who tells it.
            label: Who is on the photo.
            now: When.
            by_admin: Whether the player may decide for the room.

        Returns:
            The round as it is then, or why nothing changed; None when it is no longer stored.
        """
        if (round_ := await load_round(connection, round_id)) is None:
            return None
        place = await _note_activity(connection, round_id, now)
        player_id = await find_or_add_player(connection, place.room.platform, player)
        told = rules.tell_truth(round_, Truth(label, player_id, now), by_admin=by_admin)
        if isinstance(told, Denied):
            await connection.rollback()  # nothing is stored of who only tried
            return told
        await _store_changes(connection, round_, told)
        if player_id != round_.player:
            await add_action(connection, place.row_id, player_id, AdminAction.TRUTH, now)
        return told

    @write_transaction
    async def undo_truth(
        self,
        connection: AsyncConnection,
        round_id: int,
        player: Player,
        now: datetime,
        *,
        by_admin: bool,
    ) -> Round | Denied | None:
        """Take the truth of a round back, and all that came of it, if the rules allow it.

        What is undone about somebody else's photo is logged.

        Args:
            round_id: The round.
            player: Who takes it back.
            now: When.
            by_admin: Whether the player may decide for the room.

        Returns:
            The round as it is then, or why nothing changed; None when it is no longer stored.
        """
        if (round_ := await load_round(connection, round_id)) is None:
            return None
        place = await _note_activity(connection, round_id, now)
        player_id = await find_or_add_player(connection, place.room.platform, player)
        undone = rules.undo_truth(round_, player_id, now, by_admin=by_admin)
        if isinstance(undone, Denied):
            await connection.rollback()
            return undone
        await _store_changes(connection, round_, undone)
        if player_id != round_.player:
            await add_action(connection, place.row_id, player_id, AdminAction.UNDO, now)
        return undone

    @read_transaction
    async def last_told(
        self, connection: AsyncConnection, room: Room, player: Player
    ) -> int | None:
        """Return the round whose truth a player told last in a room, if there is one."""
        found = await find_room(connection, room)
        player_id = await find_player(connection, room.platform, player.id)
        if found is None or player_id is None:
            return None
        told = await connection.execute(
            select(rounds.c.id)
            .join(rooms, rooms.c.id == rounds.c.room_id)
            .where(current_room_id == found.current_id)
            .where(rounds.c.told_by == player_id, rounds.c.reset_at.is_(None))
            .order_by(rounds.c.told.desc(), rounds.c.id.desc())
            .limit(1)
        )
        last: int | None = told.scalar()
        return last

    @write_transaction
    async def mark_made(
        self, connection: AsyncConnection, round_id: int, player: Player
    ) -> Round | Denied | None:
        """Note that who sent a photo has made what is on it.

        Returns:
            The round as it is then; NOT_YOURS when somebody else sent the photo, AGAIN when it was
            noted before; None when it is no longer stored.
        """
        if (round_ := await load_round(connection, round_id)) is None:
            return None
        place = await _load_place(connection, round_id)
        if await find_player(connection, place.room.platform, player.id) != round_.player:
            return Denied.NOT_YOURS
        if round_.made:
            return Denied.AGAIN
        made = replace(round_, made=True)
        await _store_changes(connection, round_, made)
        return made

    @write_transaction
    async def hide(self, connection: AsyncConnection, round_id: int, player: Player) -> bool:
        """Show a photo nowhere any more. Return whether that is so; only its sender may ask."""
        found = await connection.execute(
            select(rounds.c.player_id, rooms.c.platform)
            .join(rooms, rooms.c.id == rounds.c.room_id)
            .where(rounds.c.id == round_id)
        )
        if (row := found.first()) is None:
            return False
        if await find_player(connection, row.platform, player.id) != row.player_id:
            return False
        await connection.execute(update(rounds).where(rounds.c.id == round_id).values(hidden=True))
        return True

    @write_transaction
    async def confirm(
        self, connection: AsyncConnection, round_id: int, player: Player, now: datetime
    ) -> Round | Denied | None:
        """Note that another player says that a truth is true, if the rules allow it.

        Who that was is not stored.

        Args:
            round_id: The round.
            player: Who says it.
            now: When.

        Returns:
            The round as it is then, or why nothing changed; None when it is no longer stored.
        """
        if (round_ := await load_round(connection, round_id)) is None:
            return None
        place = await _note_activity(connection, round_id, now)
        player_id = await find_or_add_player(connection, place.room.platform, player)
        confirmed = rules.confirm(round_, player_id, shared_identity=player.shared)
        if isinstance(confirmed, Denied):
            await connection.rollback()
            return confirmed
        await _store_changes(connection, round_, confirmed)
        return confirmed

    @write_transaction
    async def object_to(
        self,
        connection: AsyncConnection,
        round_id: int,
        player: Player,
        now: datetime,
        *,
        zone: tzinfo,
        until: datetime,
    ) -> Round | Denied | None:
        """Store an objection to the truth of a round, if the rules allow it; it opens a vote.

        Args:
            round_id: The round.
            player: Who objects.
            now: When.
            zone: The room's time zone: objections are so many a day.
            until: When the vote ends at the latest.

        Returns:
            The round as it is then, or why nothing changed; None when it is no longer stored.
        """
        if (round_ := await load_round(connection, round_id)) is None:
            return None
        place = await _note_activity(connection, round_id, now)
        player_id = await find_or_add_player(connection, place.room.platform, player)
        of_today = await connection.scalars(
            select(votes.c.round_id)
            .join(rounds, rounds.c.id == votes.c.round_id)
            .join(rooms, rooms.c.id == rounds.c.room_id)
            .where(current_room_id == place.current_id, votes.c.opened_by == player_id)
            .where(within(votes.c.opened, day_bounds(now.astimezone(zone).date(), zone)))
        )
        objected_to = [await load_round(connection, of) for of in of_today.all()]
        objected = rules.object_to(
            round_,
            player_id,
            now,
            until=until,
            # Whoever is right may go on: a liar must not outlast three objections.
            today=sum(of is not None and not of.is_overruled for of in objected_to),
            playing=await _load_playing(connection, place, now, PLAYING_WITHIN),
            shared_identity=player.shared,
        )
        if isinstance(objected, Denied):
            await connection.rollback()
            return objected
        await _store_changes(connection, round_, objected)
        return objected

    @write_transaction
    async def cast_ballot(
        self,
        connection: AsyncConnection,
        round_id: int,
        player: Player,
        label: Label,
        now: datetime,
    ) -> Round | Denied | None:
        """Store what a player sees on a photo about which there is a vote, if the rules allow it.

        Args:
            round_id: The round.
            player: Who votes.
            label: Whom that player sees.
            now: When.

        Returns:
            The round as it is then, or why nothing changed; None when it is no longer stored.
        """
        if (round_ := await load_round(connection, round_id)) is None:
            return None
        place = await _note_activity(connection, round_id, now)
        player_id = await find_or_add_player(connection, place.room.platform, player)
        voted = rules.cast_ballot(
            round_,
            Ballot(player_id, label, now),
            playing=await _load_playing(connection, place, now, PLAYING_WITHIN),
            shared_identity=player.shared,
        )
        if isinstance(voted, Denied):
            await connection.rollback()
            return voted
        await _store_changes(connection, round_, voted)
        return voted

    @read_transaction
    async def everyone_voted(
        self, connection: AsyncConnection, round_id: int, now: datetime
    ) -> bool:
        """Return whether all who played in the room this week, but the sender, have voted."""
        if (round_ := await load_round(connection, round_id)) is None:
            return False
        place = await _load_place(connection, round_id)
        playing = await _load_playing(connection, place, now, PLAYED_THIS_WEEK)
        return rules.everyone_voted(round_, playing)

    @write_transaction
    async def close_vote(
        self, connection: AsyncConnection, round_id: int, now: datetime
    ) -> Round | None:
        """End the vote about a round, and store what it decided.

        Returns:
            The round as it is then; None when there is no open vote about it.
        """
        round_ = await load_round(connection, round_id)
        if round_ is None or not round_.is_disputed:
            return None
        closed = rules.close_vote(round_, now)
        await _store_changes(connection, round_, closed)
        return closed

    @read_transaction
    async def open_votes(self, connection: AsyncConnection) -> list[OpenVote]:
        """Return the votes that have not ended, the one that ends first before the others."""
        found = await connection.execute(
            select(
                *(votes.c.round_id, votes.c.until, rounds.c.message, rounds.c.answer),
                *current_rooms.c,
            )
            .join(rounds, rounds.c.id == votes.c.round_id)
            .join(rooms, rooms.c.id == rounds.c.room_id)
            .join(current_rooms, current_rooms.c.id == current_room_id)
            .where(votes.c.closed.is_(None), rounds.c.reset_at.is_(None))
            .order_by(votes.c.until, votes.c.round_id)
        )
        return [
            OpenVote(row["round_id"], room_of(row), row["message"], row["answer"], row["until"])
            for row in found.mappings()
        ]

    @read_transaction
    async def score(
        self, connection: AsyncConnection, round_id: int, now: datetime, zone: tzinfo
    ) -> Score:
        """Return what a round brings.

        Args:
            round_id: The round.
            now: For what is pending.
            zone: The room's time zone.
        """
        round_ = await load_round(connection, round_id)
        if round_ is None or round_.truth is None:
            return Score()
        place = await _load_place(connection, round_id)
        # What a round counts is a matter of all of the player's photos of that day.
        of_that_day = await load_rounds(
            connection,
            current_room_id == place.current_id,
            rounds.c.player_id == round_.player,
            within(rounds.c.arrived, day_bounds(round_.arrived.astimezone(zone).date(), zone)),
        )
        return scoring.scores(of_that_day, now, zone).get(round_id, Score())

    @read_transaction
    async def names(self, connection: AsyncConnection, room: Room) -> Mapping[PlayerId, str]:
        """Return the names of the room's players; those forgotten are left out."""
        if (found := await find_room(connection, room)) is None:
            return {}
        of_room = rounds.c.room_id.in_(
            select(rooms.c.id).where(current_room_id == found.current_id)
        )
        ids = select(rounds.c.id).where(of_room)
        took_part = or_(
            players.c.id.in_(select(rounds.c.player_id).where(of_room)),
            players.c.id.in_(select(rounds.c.told_by).where(of_room)),
            players.c.id.in_(select(guesses.c.player_id).where(guesses.c.round_id.in_(ids))),
            players.c.id.in_(select(votes.c.opened_by).where(votes.c.round_id.in_(ids))),
            players.c.id.in_(select(ballots.c.player_id).where(ballots.c.round_id.in_(ids))),
        )
        rows = await connection.execute(
            select(players).where(took_part, players.c.identity.is_not(None))
        )
        return {row.id: row.name or "" for row in rows}

    @read_transaction
    async def player_id(
        self, connection: AsyncConnection, platform: str, identity: str
    ) -> PlayerId | None:
        """Return a player's number in the store, if they have one.

        Args:
            platform: The platform's name.
            identity: The platform's own id of the person.
        """
        return await find_player(connection, platform, identity)

    @write_transaction
    async def open_guesses(
        self, connection: AsyncConnection, round_id: int, until: datetime
    ) -> bool:
        """Let the room guess about a round until then.

        Returns:
            Whether it may. It may not about a photo that was played before, or whose truth is told.
        """
        round_ = await load_round(connection, round_id)
        if round_ is None or round_.played_before or round_.truth is not None:
            return False
        if (opened := await _load_guessing(connection, round_id)) is not None:
            return opened.told is None  # asked about again, after a crash
        await connection.execute(insert(guessings).values(round_id=round_id, until=until))
        return True

    @read_transaction
    async def open_guessings(self, connection: AsyncConnection) -> list[OpenGuessing]:
        """Return what rooms may guess about, or could, and were not told the answer of."""
        found = await connection.execute(
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
    async def guess(
        self,
        connection: AsyncConnection,
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
        round_ = await load_round(connection, round_id)
        guessing = await _load_guessing(connection, round_id)
        if round_ is None or guessing is None:
            return None
        if guessing.closed is not None:
            return Denied.LATE
        place = await _note_activity(connection, round_id, now)
        player_id = await find_or_add_player(connection, place.room.platform, player)
        guessed = rules.add_guess(
            await load_guesses(connection, round_id),
            Guess(player_id, now, label),
            sender=round_.player,
            until=guessing.until,
            shared_identity=player.shared,
        )
        if isinstance(guessed, Denied):
            await connection.rollback()
            return guessed
        own = guesses.c.round_id == round_id, guesses.c.player_id == player_id
        await connection.execute(delete(guesses).where(*own))
        values = {"round_id": round_id, "player_id": player_id, "at": now, "what": label}
        await connection.execute(insert(guesses).values(values))
        return guessed

    @read_transaction
    async def guesses(self, connection: AsyncConnection, round_id: int) -> tuple[Guess, ...]:
        """Return the guesses about a round."""
        return await load_guesses(connection, round_id)

    @read_transaction
    async def everyone_guessed(
        self, connection: AsyncConnection, round_id: int, now: datetime
    ) -> bool:
        """Return whether all who played in the room lately, but the sender, have guessed."""
        if (round_ := await load_round(connection, round_id)) is None:
            return True
        place = await _load_place(connection, round_id)
        guessed = {guess.by for guess in await load_guesses(connection, round_id)}
        playing = await _load_playing(connection, place, now, PLAYED_TODAY)
        return playing <= {round_.player, *guessed}

    @read_transaction
    async def guessing(self, connection: AsyncConnection, round_id: int) -> OpenGuessing | None:
        """Return a round that the room may guess about, or could; None for any other."""
        if (found := await _load_guessing(connection, round_id)) is None:
            return None
        place = await _load_place(connection, round_id)
        return OpenGuessing(round_id, place.room, place.message or "", found.until)

    @write_transaction
    async def close_guesses(
        self, connection: AsyncConnection, round_id: int, now: datetime
    ) -> OpenGuessing | None:
        """Accept no more guesses about a round.

        Returns:
            What to answer; None when the room was told the answer before.
        """
        guessing = await _load_guessing(connection, round_id)
        if guessing is None or guessing.told is not None:
            return None
        if guessing.closed is None:
            this = guessings.c.round_id == round_id
            await connection.execute(update(guessings).where(this).values(closed=now))
        place = await _load_place(connection, round_id)
        return OpenGuessing(round_id, place.room, place.message or "", guessing.until)

    @write_transaction
    async def mark_guesses_told(self, connection: AsyncConnection, round_id: int) -> None:
        """Note that the room was told the answer."""
        this = guessings.c.round_id == round_id, guessings.c.told.is_(None)
        told = func.coalesce(guessings.c.closed, guessings.c.until)
        await connection.execute(update(guessings).where(*this).values(told=told))


async def _load_place(connection: AsyncConnection, round_id: int) -> _Place:
    found = await connection.execute(
        select(
            rounds.c.room_id,
            rounds.c.message,
            current_rooms.c.id.label("current_id"),
            *(current_rooms.c.platform, current_rooms.c.chat, current_rooms.c.private),
        )
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .join(current_rooms, current_rooms.c.id == current_room_id)
        .where(rounds.c.id == round_id)
    )
    row = found.mappings().one()
    return _Place(row["room_id"], row["current_id"], room_of(row), row["message"])


async def _note_activity(connection: AsyncConnection, round_id: int, now: datetime) -> _Place:
    """Note that something happens in a round's room; return its place."""
    place = await _load_place(connection, round_id)
    this = rooms.c.id == place.current_id
    await connection.execute(update(rooms).where(this).values(seen=now))
    return place


async def _load_guessing(connection: AsyncConnection, round_id: int) -> _Guessing | None:
    this = select(guessings).where(guessings.c.round_id == round_id)
    row = (await connection.execute(this)).first()
    return _Guessing(row.until, row.closed, row.told) if row else None


async def _load_playing(
    connection: AsyncConnection, place: _Place, now: datetime, during: timedelta
) -> set[PlayerId]:
    """Return who has played in a room for so long a time before now."""
    lately = now - during, now + timedelta(microseconds=1)
    return await load_active_players(connection, place.current_id, lately)


async def _store_changes(connection: AsyncConnection, before: Round, after: Round) -> None:
    """Store what the rules made of a round, with its vote and the ballots."""
    truth = after.truth
    this = rounds.c.id == after.id
    values = {
        "truth": truth.label if truth else None,
        "told": truth.at if truth else None,
        "told_by": truth.by if truth else None,
        "made": after.made,
        "confirmed": after.confirmed,
        "is_void": after.is_void,
    }
    await connection.execute(update(rounds).where(this).values(values))
    if before.vote == after.vote:
        return
    # The ballots go with it.
    await connection.execute(delete(votes).where(votes.c.round_id == after.id))
    if (vote := after.vote) is None:
        return
    opened = {
        "round_id": after.id,
        "opened_by": vote.by,
        "opened": vote.opened,
        "until": vote.until,
        "closed": vote.closed,
    }
    await connection.execute(insert(votes).values(opened))
    if vote.ballots:
        cast = [
            {"round_id": after.id, "player_id": one.by, "label": one.label, "at": one.at}
            for one in vote.ballots
        ]
        await connection.execute(insert(ballots), cast)
