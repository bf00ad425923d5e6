"""What is stored of taps on a round: its truth, objections to it and votes about it.

A round is found whatever the id of its room was when its message was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import Connection, Date, delete, insert, literal, or_, select, update

from bot.domain import AdminAction, Label, Player, Room
from bot.game import rules
from bot.game.rules import Ballot, Denied, PlayerId, Round, Truth
from bot.game.seasons import OpenVote, day_bounds, months_of
from bot.storage.database import Database, read_transaction, write_transaction
from bot.storage.queries import (
    Bounds,
    Place,
    add_action,
    find_or_add_player,
    find_player,
    find_room,
    insert_or,
    is_row_of,
    load_place,
    load_playing,
    load_round,
    load_round_and_playing,
    load_rounds,
    lock_round,
    note_activity,
    within,
)
from bot.storage.schema import ballots, coming_podiums, guesses, players, rooms, rounds, votes

# Who played within this time is in the room, as far as objections and votes are concerned.
PLAYING_WITHIN = timedelta(days=30)
# A vote waits for those who played within this time.
PLAYED_THIS_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Tap:
    """Somebody's tap on a round.

    Attributes:
        round: The round as it is before.
        place: Where it is.
        by: Who taps.
        at: When.
    """

    round: Round
    place: Place
    by: PlayerId
    at: datetime

    def logged(self, action: AdminAction, alone: Round | Denied) -> AdminAction | None:
        """Return what to log: an action, if somebody who is no admin may not do it.

        Args:
            action: What was done.
            alone: What would come of it if the player were no admin.
        """
        is_admins = self.by != self.round.player or isinstance(alone, Denied)
        return action if is_admins else None


class GameStore:
    """Stores what was told and voted; the rules decide what comes of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @read_transaction
    def round(self, connection: Connection, round_id: int, room: Room) -> Round | None:
        """Return a round as the rules see it, if it is stored and of this room."""
        if (found := find_room(connection, room)) is None:
            return None
        this = rounds.c.id == round_id, is_row_of(found.current_id)
        return next(iter(load_rounds(connection, *this)), None)

    @write_transaction
    def tell_truth(
        self,
        connection: Connection,
        round_id: int,
        player: Player,
        label: Label,
        now: datetime,
        *,
        by_admin: bool,
    ) -> Round | Denied | None:
        """Store the truth of a round, or another one, if the rules allow it.

        What only an admin may tell is logged.

        Args:
            round_id: The round.
            player: Who tells it.
            label: Who is on the photo.
            now: When.
            by_admin: Whether the player may decide for the room.

        Returns:
            The round as it is then, or why nothing changed; None when it is no longer stored.
        """
        if (tap := _load_tap(connection, round_id, player, now)) is None:
            return None
        truth = Truth(label, tap.by, now)
        told = rules.tell_truth(tap.round, truth, by_admin=by_admin)
        alone = rules.tell_truth(tap.round, truth, by_admin=False)
        return _store_tap(connection, tap, told, tap.logged(AdminAction.TRUTH, alone))

    @write_transaction
    def undo_truth(
        self,
        connection: Connection,
        round_id: int,
        player: Player,
        now: datetime,
        *,
        by_admin: bool,
    ) -> Round | Denied | None:
        """Take the truth of a round back, and all that came of it, if the rules allow it.

        What only an admin may undo is logged.

        Args:
            round_id: The round.
            player: Who takes it back.
            now: When.
            by_admin: Whether the player may decide for the room.

        Returns:
            The round as it is then, or why nothing changed; None when it is no longer stored.
        """
        if (tap := _load_tap(connection, round_id, player, now)) is None:
            return None
        undone = rules.undo_truth(tap.round, tap.by, now, by_admin=by_admin)
        alone = rules.undo_truth(tap.round, tap.by, now, by_admin=False)
        return _store_tap(connection, tap, undone, tap.logged(AdminAction.UNDO, alone))

    @read_transaction
    def last_told(self, connection: Connection, room: Room, player: Player) -> int | None:
        """Return the round whose truth a player told last in a room, if there is one."""
        found = find_room(connection, room)
        player_id = find_player(connection, room.platform, player.id)
        if found is None or player_id is None:
            return None
        told = connection.execute(
            select(rounds.c.id)
            .join(rooms, rooms.c.id == rounds.c.room_id)
            .where(is_row_of(found.current_id))
            .where(rounds.c.told_by == player_id, rounds.c.reset_at.is_(None))
            .order_by(rounds.c.told.desc(), rounds.c.id.desc())
            .limit(1)
        )
        last: int | None = told.scalar()
        return last

    @write_transaction
    def mark_made(
        self, connection: Connection, round_id: int, player: Player
    ) -> Round | Denied | None:
        """Note that who sent a photo has made what is on it.

        Returns:
            The round as it is then; NOT_YOURS when somebody else sent the photo, AGAIN when it was
            noted before; None when it is no longer stored.
        """
        lock_round(connection, round_id)
        if (round_ := load_round(connection, round_id)) is None:
            return None
        place = load_place(connection, round_id)
        if find_player(connection, place.room.platform, player.id) != round_.player:
            return Denied.NOT_YOURS
        if round_.made:
            return Denied.AGAIN
        made = replace(round_, made=True)
        _store_changes(connection, round_, made)
        return made

    @write_transaction
    def hide(self, connection: Connection, round_id: int, player: Player) -> bool:
        """Show a photo nowhere any more. Return whether that is so; only its sender may ask."""
        found = connection.execute(
            select(rounds.c.player_id, rooms.c.platform)
            .join(rooms, rooms.c.id == rounds.c.room_id)
            .where(rounds.c.id == round_id)
        )
        if (row := found.first()) is None:
            return False
        if find_player(connection, row.platform, player.id) != row.player_id:
            return False
        connection.execute(update(rounds).where(rounds.c.id == round_id).values(hidden=True))
        return True

    @write_transaction
    def confirm(
        self, connection: Connection, round_id: int, player: Player, now: datetime
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
        if (tap := _load_tap(connection, round_id, player, now)) is None:
            return None
        confirmed = rules.confirm(tap.round, tap.by, shared_identity=player.shared)
        return _store_tap(connection, tap, confirmed)

    @write_transaction
    def object_to(
        self,
        connection: Connection,
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
        if (tap := _load_tap(connection, round_id, player, now)) is None:
            return None
        today = day_bounds(now.astimezone(zone).date(), zone)
        objected = rules.object_to(
            tap.round,
            tap.by,
            now,
            until=until,
            today=_count_objections(connection, tap, today),
            playing=load_playing(connection, tap.place, now, PLAYING_WITHIN),
            shared_identity=player.shared,
        )
        return _store_tap(connection, tap, objected)

    @write_transaction
    def cast_ballot(
        self,
        connection: Connection,
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
        if (tap := _load_tap(connection, round_id, player, now)) is None:
            return None
        voted = rules.cast_ballot(
            tap.round,
            Ballot(tap.by, label, now),
            playing=load_playing(connection, tap.place, now, PLAYING_WITHIN),
            shared_identity=player.shared,
        )
        return _store_tap(connection, tap, voted)

    @read_transaction
    def everyone_voted(self, connection: Connection, round_id: int, now: datetime) -> bool:
        """Return whether all who played in the room this week, but the sender, have voted."""
        found = load_round_and_playing(connection, round_id, now, PLAYED_THIS_WEEK)
        return found is not None and rules.everyone_voted(*found)

    @write_transaction
    def close_vote(self, connection: Connection, round_id: int, now: datetime) -> Round | None:
        """End the vote about a round, and store what it decided.

        Returns:
            The round as it is then; None when there is no vote about it, or the room was told
            before how it ended.
        """
        lock_round(connection, round_id)
        round_ = load_round(connection, round_id)
        this = votes.c.round_id == round_id, votes.c.told.is_(None)
        if round_ is None or connection.execute(select(votes).where(*this)).first() is None:
            return None
        closed = rules.close_vote(round_, now)
        _store_changes(connection, round_, closed)
        return closed

    @write_transaction
    def mark_vote_told(self, connection: Connection, round_id: int, now: datetime) -> None:
        """Note that the room was told how the vote about a round ended."""
        this = votes.c.round_id == round_id, votes.c.closed.is_not(None)
        connection.execute(update(votes).where(*this).values(told=now))

    @read_transaction
    def untold_votes(self, connection: Connection) -> list[OpenVote]:
        """Return the votes whose end was not told, the one that ends first before the others."""
        found = connection.execute(
            select(votes.c.round_id, votes.c.until)
            .join(rounds, rounds.c.id == votes.c.round_id)
            .where(votes.c.told.is_(None), rounds.c.reset_at.is_(None))
            .order_by(votes.c.until, votes.c.round_id)
        )
        return [OpenVote(row.round_id, row.until) for row in found]

    @read_transaction
    def names(self, connection: Connection, room: Room) -> Mapping[PlayerId, str]:
        """Return the names of the room's players; those forgotten are left out."""
        if (found := find_room(connection, room)) is None:
            return {}
        of_room = rounds.c.room_id.in_(select(rooms.c.id).where(is_row_of(found.current_id)))
        ids = select(rounds.c.id).where(of_room)
        took_part = or_(
            players.c.id.in_(select(rounds.c.player_id).where(of_room)),
            players.c.id.in_(select(rounds.c.told_by).where(of_room)),
            players.c.id.in_(select(guesses.c.player_id).where(guesses.c.round_id.in_(ids))),
            players.c.id.in_(select(votes.c.opened_by).where(votes.c.round_id.in_(ids))),
            players.c.id.in_(select(ballots.c.player_id).where(ballots.c.round_id.in_(ids))),
        )
        rows = connection.execute(select(players).where(took_part, players.c.identity.is_not(None)))
        return {row.id: row.name or "" for row in rows}

    @read_transaction
    def player_id(self, connection: Connection, platform: str, identity: str) -> PlayerId | None:
        """Return a player's number in the store, if they have one.

        Args:
            platform: The platform's name.
            identity: The platform's own id of the person.
        """
        return find_player(connection, platform, identity)


def _load_tap(connection: Connection, round_id: int, player: Player, now: datetime) -> _Tap | None:
    """Return a tap on a round, and note that something happens there; None without the round."""
    lock_round(connection, round_id)
    if (round_ := load_round(connection, round_id)) is None:
        return None
    place = note_activity(connection, round_id, now)
    by = find_or_add_player(connection, place.room.platform, player)
    return _Tap(round_, place, by, now)


def _store_tap(
    connection: Connection,
    tap: _Tap,
    result: Round | Denied,
    log: AdminAction | None = None,
) -> Round | Denied:
    """Store what the rules made of a tap, and log it; nothing is stored of who only tried."""
    if isinstance(result, Denied):
        connection.rollback()
        return result
    _store_changes(connection, tap.round, result)
    if log is not None:
        add_action(connection, tap.place.row_id, tap.by, log, tap.at)
    return result


def _count_objections(connection: Connection, tap: _Tap, day: Bounds) -> int:
    """Return how often who taps has objected in a room on a day, and was not right so far.

    Whoever is right may go on: a liar must not outlast three objections.
    """
    opened = connection.scalars(
        select(votes.c.round_id)
        .join(rounds, rounds.c.id == votes.c.round_id)
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .where(is_row_of(tap.place.current_id), votes.c.opened_by == tap.by)
        .where(within(votes.c.opened, day))
    )
    objected_to = [load_round(connection, of) for of in opened.all()]
    return sum(of is not None and not of.is_overruled for of in objected_to)


def _store_changes(connection: Connection, before: Round, after: Round) -> None:
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
    connection.execute(update(rounds).where(this).values(values))
    if before.truth is None and truth is not None:
        for month in months_of(after.arrived):
            room = select(literal(month, Date), rounds.c.room_id).where(this)
            coming = insert_or(connection, coming_podiums)
            coming = coming.from_select(["season", "room_id"], room)
            connection.execute(coming.on_conflict_do_nothing())
    if before.vote == after.vote:
        return
    # The ballots go with it.
    connection.execute(delete(votes).where(votes.c.round_id == after.id))
    if (vote := after.vote) is None:
        return
    opened = {
        "round_id": after.id,
        "opened_by": vote.by,
        "opened": vote.opened,
        "until": vote.until,
        "closed": vote.closed,
        # Where only two play, an objection is the end of it, and the tap's own answer tells that.
        "told": vote.closed if vote.until == vote.opened else None,
    }
    connection.execute(insert(votes).values(opened))
    if vote.ballots:
        cast = [
            {"round_id": after.id, "player_id": one.by, "label": one.label, "at": one.at}
            for one in vote.ballots
        ]
        connection.execute(insert(ballots), cast)
