"""What a round's message shows, read at once: a tap is answered after one look at the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select

from bot.domain import Refusal, Room, Verdict
from bot.game import scoring
from bot.game.rules import Guess, PlayerId, Round, is_right_guess
from bot.game.scoring import Score
from bot.game.seasons import day_bounds, zone_of
from bot.storage.database import Database, read_transaction
from bot.storage.queries import (
    MOVING,
    ROOM,
    Condition,
    current_room_id,
    current_rooms,
    is_row_of,
    load_guesses,
    load_right_guesses,
    load_round,
    load_rounds,
    room_of,
    verdict_of,
    within,
)
from bot.storage.schema import guesses, guessings, players, rooms, rounds

# A photo that was sent together with others, as the store has it: its round, or why it has none.
AlbumPart = int | Refusal


@dataclass(frozen=True, slots=True)
class RoundView:
    """All that a round's message tells.

    Attributes:
        round: The round.
        room: Where the room is now.
        place: Where things are said about it: the room, or the channel that counts to it.
        zone: The room's time zone.
        language: In which the message is, an IETF tag: the room's, else that of who sent the photo,
            else the one that was spoken first in the room. It is the same whoever taps.
        message: The id of the photo's message in the room where it was sent.
        is_answered: Whether the bot's message is there: the answer, or the question before it.
        answer: The id of that message.
        names: Of everyone who had a part in the round; those forgotten are left out.
        score: What the round brings.
        guess_until: Until when the room may guess what the bot will say; None when it may not.
        guesses: What it has guessed, the first guess first.
        paid: Who has points for a right guess.
        album: What was answered to each of the photos that were sent together, a verdict or a
            refusal; empty for a photo that came alone.
        number: Which of these the round's photo is, counted from 1; 0 for one that came alone.
        album_ids: The round of each of these that has a verdict, by its number.
    """

    round: Round
    room: Room
    place: Room
    zone: tzinfo
    language: str | None
    message: str | None
    is_answered: bool
    answer: str | None
    names: Mapping[PlayerId, str]
    score: Score
    guess_until: datetime | None
    guesses: tuple[Guess, ...]
    paid: frozenset[PlayerId]
    album: tuple[Verdict | Refusal, ...]
    number: int
    album_ids: Mapping[int, int]


class ViewStore:
    """Reads what messages show."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @read_transaction
    def round(
        self, connection: Connection, round_id: int, now: datetime, zone: tzinfo
    ) -> RoundView | None:
        """Return all that a round's message tells; None when it is no longer stored.

        Args:
            connection: Of the transaction.
            round_id: The round.
            now: For what is pending.
            zone: The host's, for a room that chose none.
        """
        found = connection.execute(_select_place(round_id))
        if (row := found.mappings().first()) is None:
            return None
        zone = zone_of(row["timezone"], zone)
        here = is_row_of(row["current_id"])
        day = within(rounds.c.arrived, day_bounds(row["arrived"].astimezone(zone).date(), zone))
        if row["truth"] is None:
            round_, score = load_round(connection, round_id), Score()
        else:
            # What a round counts is a matter of all of the player's photos of that day.
            of_that_day = here & (rounds.c.player_id == row["player_id"]) & day
            played = load_rounds(connection, of_that_day)
            round_ = next((each for each in played if each.id == round_id), None)
            score = scoring.scores(played, now, zone).get(round_id, Score())
        if round_ is None:
            return None
        guessed = load_guesses(connection, round_id)
        album, ids = _load_album(connection, row["album"] or [])
        number = next((place for place, id_ in ids.items() if id_ == round_id), 0)
        return RoundView(
            round=round_,
            room=room_of(row),
            place=_place_of(row),
            zone=zone,
            language=row["worded_in"],
            message=row["message"],
            is_answered=row["answered"] is not None,
            answer=row["answer"],
            names=_load_names(connection, _involved(round_, guessed)),
            score=score,
            guess_until=row["guess_until"],
            guesses=guessed,
            paid=_load_paid(connection, here, round_, guessed, zone),
            album=album if number else (),
            number=number,
            album_ids=ids,
        )


def _select_place(round_id: int) -> Select[Any]:
    """Select what is known of a round besides the game: where it is, and in which language."""
    return (
        select(
            *(rounds.c.player_id, rounds.c.arrived, rounds.c.truth),
            *(rounds.c.message, rounds.c.answered, rounds.c.answer, rounds.c.album),
            guessings.c.until.label("guess_until"),
            *(current_rooms.c.timezone, current_rooms.c.id.label("current_id")),
            *ROOM,
            rooms.c.chat.label("sent_to"),
            func.coalesce(
                current_rooms.c.language, rounds.c.language, current_rooms.c.spoken
            ).label("worded_in"),
        )
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .join(current_rooms, current_rooms.c.id == current_room_id)
        .outerjoin(guessings, (guessings.c.round_id == rounds.c.id) & guessings.c.closed.is_(None))
        .where(rounds.c.id == round_id)
    )


def _place_of(row: RowMapping) -> Room:
    """Return where a round's photo can be spoken of."""
    room = room_of(row)
    return room if room.platform in MOVING else replace(room, id=row["sent_to"])


def _load_paid(
    connection: Connection,
    here: Condition,
    round_: Round,
    guessed: Sequence[Guess],
    zone: tzinfo,
) -> frozenset[PlayerId]:
    """Return who has points for a right guess about a round: so many a day are the most."""
    right = [guess for guess in guessed if is_right_guess(guess, round_.verdict)]
    if not right:
        return frozenset()
    days = [guess.at.astimezone(zone).date() for guess in right]
    bounds = day_bounds(min(days), zone)[0], day_bounds(max(days), zone)[1]
    theirs = guesses.c.player_id.in_([guess.by for guess in right])
    of_that_day = load_right_guesses(connection, here, theirs, within(guesses.c.at, bounds))
    paid = scoring.paid(of_that_day, zone)
    return frozenset(guess.by for guess in paid if guess.round.id == round_.id)


def _load_album(
    connection: Connection, parts: list[AlbumPart | str]
) -> tuple[tuple[Verdict | Refusal, ...], Mapping[int, int]]:
    """Return what was answered to each photo of an album, and the rounds of those with a verdict.

    A photo that was forgotten since is gone; the numbers of the others stay as they were.
    """
    ids = [part for part in parts if isinstance(part, int)]
    if not ids:
        return (), {}
    found = connection.execute(select(rounds).where(rounds.c.id.in_(ids)))
    verdicts = {row["id"]: verdict_of(row) for row in found.mappings()}
    answers: list[Verdict | Refusal] = []
    known: dict[int, int] = {}
    for number, part in enumerate(parts, 1):
        if not isinstance(part, int):
            answers.append(Refusal(part))
        elif (verdict := verdicts.get(part)) is None:
            answers.append(Refusal.GONE)
        else:
            answers.append(verdict)
            known[number] = part
    return tuple(answers), known


def _involved(round_: Round, guessed: tuple[Guess, ...]) -> set[PlayerId]:
    """Return everyone whose name a round's message may tell."""
    involved = {round_.player, *(guess.by for guess in guessed)}
    if round_.truth is not None:
        involved.add(round_.truth.by)
    if round_.vote is not None:
        involved.add(round_.vote.by)
    if round_.reminds_of is not None:
        involved.add(round_.reminds_of.player)
    return involved


def _load_names(connection: Connection, ids: set[PlayerId]) -> Mapping[PlayerId, str]:
    """Return the names of players; those forgotten are left out."""
    these = players.c.id.in_(ids), players.c.identity.is_not(None)
    rows = connection.execute(select(players.c.id, players.c.name).where(*these))
    return {row.id: row.name or "" for row in rows}
