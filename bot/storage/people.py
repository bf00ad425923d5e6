"""What people may ask of the store: to be forgotten, or all it knows. What expires by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, func, null, or_, select, text, update

from bot.domain import Player
from bot.game.rules import PlayerId, worth
from bot.storage.database import Database, lone_transaction, read_transaction
from bot.storage.driver import CHANNEL
from bot.storage.foolings import prune_features
from bot.storage.queries import find_player, load_rounds
from bot.storage.schema import (
    admin_actions,
    ballots,
    coming_podiums,
    features,
    frozen_points,
    guesses,
    guessings,
    notices,
    players,
    rooms,
    rounds,
    updates,
    votes,
)

# What `export` hands out, ready for JSON: texts, numbers, and lists and dictionaries of them.
Record = dict[str, object]

# Platforms deliver a message again for a day at most, and so long a truth can be told. What is left
# after that is that there was a photo, and what the bot said of it.
ROUND_KEPT = timedelta(hours=24)
ROOM_KEPT = timedelta(days=365)
# From the first day of its season on: a podium is shown in the month after that.
PODIUM_KEPT = timedelta(days=70)
# Telegram deletes no message that is older.
NOTICE_KEPT = timedelta(hours=48)
# Told to other processes, with the platform and the person.
FORGET = "forget"
# Of what the network saw: `export` says how many numbers are kept of a photo.
BYTES_A_NUMBER = 2

_untold = rounds.c.truth.is_(None)
# Others may have points for guesses in it.
_unguessed = ~exists().where(guesses.c.round_id == rounds.c.id)
# What leads from a round to its photo, or is of use only for its message.
_without_photo: dict[str, object] = {
    "message": None,
    "part": "",
    "reference": None,
    "album_id": None,
    "answer": None,
    "prints": null(),
    "language": None,
    "album": null(),
}


class PeopleStore:
    """Forgets, on request and by itself, and exports what it knows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @lone_transaction
    def forget(self, connection: Connection, platform: str, identity: str) -> None:
        """Forget a person everywhere; what others won stays.

        Their rounds stay for the others' sake, as somebody's without a name: the photos cannot be
        found from them, nor recognised again. Their private rooms are deleted altogether.

        Args:
            platform: The platform's name.
            identity: The platform's own id of the person.
        """
        player_id = find_player(connection, platform, identity)
        this = players.c.id == player_id
        name = connection.execute(select(players.c.name).where(this)).scalar()
        sent_to = select(rounds.c.room_id).where(rounds.c.player_id == player_id)
        own = or_(rooms.c.id.in_(sent_to), rooms.c.chat == identity)
        private = rooms.c.platform == platform, rooms.c.private.is_(True), own
        connection.execute(delete(rooms).where(*private))
        sent = rounds.c.player_id == player_id
        connection.execute(delete(rounds).where(sent, _untold, _unguessed))
        connection.execute(update(rounds).where(sent).values(_without_photo))
        theirs = features.c.round_id.in_(select(rounds.c.id).where(sent))
        connection.execute(delete(features).where(theirs))
        connection.execute(update(players).where(this).values(identity=None, name=None))
        _delete_unused_players(connection)
        if self._database.is_shared:
            told = {"channel": CHANNEL, "told": f"{FORGET} {platform} {identity} {name or ''}"}
            connection.execute(text("SELECT pg_notify(:channel, :told)"), told)

    async def listen(self, forgotten: Callable[[str, Player], None]) -> None:
        """Hear who is forgotten, in whatever process, until cancelled.

        Args:
            forgotten: Is called with the platform's name and the person.
        """

        def hear(told: str) -> None:
            what, _, whom = told.partition(" ")
            if what == FORGET:
                platform, identity, name = whom.split(" ", 2)
                forgotten(platform, Player(identity, name))

        await self._database.listen(hear)

    @read_transaction
    def export(self, connection: Connection, platform: str, identity: str) -> Record:
        """Return everything about a person, ready for JSON; empty when there is nothing.

        Args:
            platform: The platform's name.
            identity: The platform's own id of the person.
        """
        this = players.c.platform == platform, players.c.identity == identity
        found = connection.execute(select(players).where(*this)).first()
        if found is None:
            return {}
        told = select(rounds.c.id.label("round"), rounds.c.truth, rounds.c.told.label("at"))
        opened = select(
            *(votes.c.round_id.label("round"), votes.c.opened, votes.c.until, votes.c.closed)
        )
        voted = select(ballots.c.round_id.label("round"), ballots.c.label, ballots.c.at)
        guessed = select(guesses.c.round_id.label("round"), guesses.c.what, guesses.c.at)
        seasons = select(
            *(rooms.c.chat.label("room"), frozen_points.c.season, frozen_points.c.points)
        ).join(frozen_points, frozen_points.c.room_id == rooms.c.id)
        seasons = seasons.order_by(frozen_points.c.season, frozen_points.c.room_id)
        decided = select(
            rooms.c.chat.label("room"), admin_actions.c.action.label("deed"), admin_actions.c.at
        ).join(admin_actions, admin_actions.c.room_id == rooms.c.id)
        return {
            "platform": platform,
            "id": identity,
            "name": found.name,
            "rounds": _export_rounds(connection, found.id),
            "truths": _export(connection, told.where(rounds.c.told_by == found.id)),
            "votes": _export(connection, opened.where(votes.c.opened_by == found.id)),
            "ballots": _export(connection, voted.where(ballots.c.player_id == found.id)),
            "guesses": _export(connection, guessed.where(guesses.c.player_id == found.id)),
            "seasons": _export(connection, seasons.where(frozen_points.c.player_id == found.id)),
            "decisions": _export(connection, decided.where(admin_actions.c.player_id == found.id)),
        }

    @lone_transaction
    def prune(self, connection: Connection, now: datetime) -> None:
        """Delete what is of no use any more, and rooms where nothing happened for a year.

        Of photos that the bot answered and whose truth nobody told, it stays known that there was
        one: untold answers are part of the bot's figures.
        """
        missed = guessings.c.told.is_(None), guessings.c.until < now - ROUND_KEPT
        connection.execute(delete(guessings).where(*missed))
        over = rounds.c.arrived < now - ROUND_KEPT, _untold
        unanswered = or_(rounds.c.label.is_(None), rounds.c.answered.is_(None))
        connection.execute(delete(rounds).where(*over, unanswered, _unguessed))
        leads = [rounds.c[name].is_not(None) for name in _without_photo if name != "part"]
        photo = or_(rounds.c.part != "", *leads)
        connection.execute(update(rounds).where(*over, photo).values(_without_photo))
        prune_features(connection, now)
        connection.execute(delete(updates).where(updates.c.at < now - ROUND_KEPT))
        connection.execute(delete(notices).where(notices.c.until < now - NOTICE_KEPT))
        unseen_podium = coming_podiums.c.season < (now - PODIUM_KEPT).date()
        connection.execute(delete(coming_podiums).where(unseen_podium))
        # Settings may be changed where nothing else ever happened: the year begins here.
        current = rooms.c.moved_to.is_(None)
        unseen = current, rooms.c.seen.is_(None)
        connection.execute(update(rooms).where(*unseen).values(seen=now))
        connection.execute(delete(rooms).where(current, rooms.c.seen < now - ROOM_KEPT))
        _delete_unused_players(connection)


def _delete_unused_players(connection: Connection) -> None:
    """Delete players of whom nothing else is known."""
    references = (
        rounds.c.player_id,
        rounds.c.told_by,
        votes.c.opened_by,
        ballots.c.player_id,
        guesses.c.player_id,
        frozen_points.c.player_id,
        admin_actions.c.player_id,
    )
    unused = [~exists().where(reference == players.c.id) for reference in references]
    connection.execute(delete(players).where(*unused))


def _export_rounds(connection: Connection, player_id: PlayerId) -> list[Record]:
    """Return a player's rounds with what they are worth."""
    sent = (
        select(rounds, rooms.c.chat, func.length(features.c.vectors).label("bytes"))
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .outerjoin(features, features.c.round_id == rounds.c.id)
        .where(rounds.c.player_id == player_id)
        .order_by(rounds.c.id)
    )
    found = connection.execute(sent).mappings().all()
    played = load_rounds(connection, rounds.c.player_id == player_id)
    worths = {round_.id: worth(round_) if round_.may_score else 0 for round_ in played}
    return [
        {
            "round": row["id"],
            "room": row["chat"],
            "message": row["message"],
            "reference": row["reference"],
            "fingerprints": [f"{print_:032x}" for print_ in row["prints"] or ()],
            "features": (row["bytes"] or 0) // BYTES_A_NUMBER,
            "arrived": row["arrived"].isoformat(),
            "said": row["label"],
            "confidence": row["confidence"],
            "sure": row["sure"],
            "unfamiliar": row["unfamiliar"],
            "answer": row["answer"],
            "language": row["language"],
            "made": row["made"],
            "truth": row["truth"],
            "confirmed": row["confirmed"],
            "void": row["is_void"],
            "withdrawn": row["hidden"],
            "worth": worths.get(row["id"], 0),
        }
        for row in found
    ]


def _export(connection: Connection, query: Select[Any]) -> list[Record]:
    return [
        {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in row.items()
        }
        for row in connection.execute(query).mappings()
    ]
