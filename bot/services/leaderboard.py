"""What a room may ask about its season: leaderboard, hall of fame, own figures, the bot's own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain import Button, CommandRequest, Label, PastPhoto, Reply, Room, StoredRound
from bot.game.rules import PlayerId, Round
from bot.game.scoring import Place, confusion, figures, places, podium
from bot.game.seasons import BOT, Season, challenge_of, month_of, week_of
from bot.graphics import charts
from bot.graphics.charts import DARK, LIGHT, Row, Theme
from bot.services.buttons import HidePhoto, ShowCard, button
from bot.services.clock import Clock
from bot.speech import Speaker
from bot.speech.standings import Span
from bot.storage import Store

# On phones Telegram is light as long as nobody changes it, Discord is dark.
THEMES: Mapping[str, Theme] = {"discord": DARK}
# A look back at a year; the first places of more fill a phone's screen.
SEASONS_SHOWN = 12
BEST = 5
SPANS: Mapping[str, Span] = {"week": "week", "all": "all"}
# Before the first photo was ever sent.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A player's row on a board that goes along.

    Attributes:
        rank: The place, from 1.
        name: The player's.
        points: The player's.
        player: The platform's id of the player; empty when they are forgotten.
        colour: The player's number in the order of joining the room, from 0.
    """

    rank: int
    name: str
    points: int
    player: str
    colour: int


async def best_shown(
    store: Store, season: Season, most: int
) -> list[tuple[StoredRound, Round, int]]:
    """Return the best foolings whose photos may be shown again, and their worth.

    Where the photos of those who are forgotten were is forgotten, too.
    """
    shown: list[tuple[StoredRound, Round, int]] = []
    for round_, points in season.best_foolings():
        if len(shown) == most:
            break
        found = await store.rounds.find(round_.id)
        if found is not None and not found.hidden and round_.player in season.players:
            shown.append((found, round_, points))
    return shown


class Leaderboards:
    """Answers questions about points.

    Args:
        store: Remembers rounds.
        clock: The time, and the rooms' zones.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def leaderboard(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Show the week's, the month's or all points; one's own records in a private chat."""
        if request.room.private:
            return await self.own(request, speaker)
        span = SPANS.get(request.argument.strip().lower(), "month")
        season = await self._span(request.room, span)
        standing = places(await self._all_points(season) if span == "all" else season.totals())
        title = speaker.standings.leaderboard_title(span, season.month)
        lines = [speaker.standings.leaderboard(title, _in_words(season, standing, speaker))]
        tally, against = season.tally(), ""
        if tally.fooled or tally.right:
            against = speaker.standings.tally(tally.fooled, tally.right, span)
            lines.append(against)
        if span == "month":
            lines += await self._crowns(season, speaker)
        text = "\n".join(lines)
        if not standing:
            return Reply(text)
        joined = await self._store.seasons.joined(request.room)
        rows = _rows(season, standing, joined, speaker, request.player.id)
        theme = theme_of(request.room)
        drawn = await asyncio.to_thread(charts.leaderboard, title, rows, theme, against)
        return Reply(text, picture=drawn)

    async def _crowns(self, season: Season, speaker: Speaker) -> list[str]:
        """Return a line for the best of the day, of the week, and of each earlier season."""
        lines = []
        zone = season.zone
        today = season.now.astimezone(zone).date()
        of_today = [r for r in season.rounds if r.arrived.astimezone(zone).date() == today]
        day = Season(season.room, today, zone, season.now, of_today, (), season.players).places()
        if day:
            lines.append(speaker.standings.crown_of_day(_names(season, day[0], speaker)))
        week = await self._span(season.room, "week")
        if best := week.places()[:1]:
            lines.append(speaker.standings.crown_of_week(_names(week, best[0], speaker)))
        months = await self._store.seasons.months(season.room, zone)
        past = [month for month in months if month < season.month][:SEASONS_SHOWN]
        before = [
            await self._store.seasons.season(season.room, month, zone, season.now) for month in past
        ]
        champions = speaker.standings.champions(
            (each.month, _names(each, first, speaker), first.points)
            for each in before
            for first in each.places()[:1]
        )
        return [*lines, "", champions] if champions else lines

    async def _all_points(self, season: Season) -> Mapping[PlayerId, int]:
        """Return the points of all seasons, those before today's rules as they were."""
        months = await self._store.seasons.months(season.room, season.zone)
        total: dict[PlayerId, int] = {}
        for month in months:
            each = await self._store.seasons.season(season.room, month, season.zone, season.now)
            for who, points in each.totals().items():
                if who != BOT:
                    total[who] = total.get(who, 0) + points
        return total

    async def board(self, room: Room, speaker: Speaker) -> list[BoardRow]:
        """Return the season so far, for a platform that draws its own board."""
        season = await self._span(room, "month")
        joined = await self._store.seasons.joined(room)
        return [
            BoardRow(
                place.rank,
                _name(season, who, speaker),
                place.points,
                _key(season, who),
                joined.get(who, 0),
            )
            for place in season.places()
            for who in place.players
        ]

    async def hall(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Show the photos that fooled the bot best this season.

        Only who asks can take photos down there, and only their own.
        """
        season = await self._span(request.room, "month")
        shown: list[PastPhoto] = []
        cards: list[Button] = []
        own: list[Button] = []
        for found, round_, points in await best_shown(self._store, season, BEST):
            rank = len(shown) + 1
            caption = _hall_caption(season, rank, round_, points, speaker)
            shown.append(PastPhoto(found.sent_to, found.message, found.reference, caption))
            cards.append(button(str(rank), ShowCard(round_.id)))
            if found.player_id == request.player.id:
                hide = f"{rank}. {speaker.privacy.hide_button()}"
                own.append(button(hide, HidePhoto(round_.id)))
        if not shown:
            return Reply(speaker.standings.hall_empty())
        pairs = (tuple(own[begin : begin + 2]) for begin in range(0, len(own), 2))
        text = speaker.standings.hall(season.month)
        return Reply(text, buttons=(tuple(cards), *pairs), past_photos=tuple(shown))

    async def own(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Tell players their own figures, or another's public ones."""
        season = await self._span(request.room, "month")
        if name := request.argument.strip().removeprefix("@"):
            return self._others(season, name, speaker)
        player_id = await self._store.game.player_id(request.room.platform, request.player.id)
        found = figures(season.rounds, season.right_guesses, player_id, season.now, season.zone)
        week = await self._span(request.room, "week")
        best = figures(week.rounds, week.right_guesses, player_id, week.now, week.zone).best
        return Reply(
            speaker.standings.me(
                season.month, speaker.text.name(request.player.name), found, best_of_week=best
            )
        )

    def _others(self, season: Season, name: str, speaker: Speaker) -> Reply:
        """Tell the public figures of the player of that name."""
        for player_id, named in season.players.items():
            if named.name.casefold() == name.casefold():
                found = figures(
                    season.rounds, season.right_guesses, player_id, season.now, season.zone
                )
                return Reply(speaker.standings.other(season.month, named.name, found))
        return Reply(speaker.standings.nobody_of_that_name(name))

    async def accuracy(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Tell how often the bot was right in this room, with its confusion matrix."""
        season = await self._span(request.room, "month")
        counts = confusion(season.rounds)
        told = sum(counts.values())
        right = sum(count for (truth, answer), count in counts.items() if truth is answer)
        lines = [speaker.standings.stats(right, told, season.untold())]
        if not told:
            return Reply(lines[0])
        for truth in Label:
            answers = [
                (label, counts[truth, label]) for label in Label if counts.get((truth, label))
            ]
            if answers:
                lines.append(speaker.standings.stats_line(truth, answers))
        labels = [speaker.text.label(label) for label in Label]
        drawn = await asyncio.to_thread(
            charts.confusion,
            speaker.standings.stats_title(),
            _human(counts, speaker),
            (labels, labels),
            (speaker.standings.stats_was(), speaker.standings.stats_said()),
            [[counts.get((truth, answer), 0) for answer in Label] for truth in Label],
            theme_of(request.room),
        )
        return Reply("\n".join(lines), picture=drawn)

    async def challenge(self, room: Room, speaker: Speaker) -> str:
        """Return the room's idea for today's photo, in a sentence."""
        zone = await self._clock.zone_of(room)
        today = self._clock.now().astimezone(zone).date()
        ideas = len(speaker.challenges.challenges())
        index = challenge_of(f"{room.platform} {room.id}", today, ideas)
        return speaker.challenges.challenge(index, room.platform)

    async def _span(self, room: Room, span: Span) -> Season:
        """Return the week, the month, or all that a room ever did."""
        now, zone = self._clock.now(), await self._clock.zone_of(room)
        if span == "month":
            return await self._store.seasons.season(room, month_of(now, zone), zone, now)
        begin, end = week_of(now, zone) if span == "week" else (LONG_AGO, now)
        return await self._store.seasons.span(room, begin, end, zone, now)


async def closing(season: Season, joined: Mapping[PlayerId, int], speaker: Speaker) -> Reply | None:
    """Show a season's podium when it is over; None when nobody played.

    Args:
        season: The season.
        joined: The number of each player in the order of joining the room.
        speaker: Words it.
    """
    first = podium(season.places())
    if not first:
        return None
    text = speaker.standings.podium(season.month, _in_words(season, first, speaker))
    drawn = await asyncio.to_thread(
        charts.podium,
        speaker.standings.podium_title(season.month),
        _rows(season, first, joined, speaker),
        theme_of(season.room),
    )
    return Reply(text, picture=drawn)


def _human(counts: Mapping[tuple[Label, Label], int], speaker: Speaker) -> str:
    """Return one sentence about what the bot mixes up most."""
    wrong = {pair: count for pair, count in counts.items() if pair[0] is not pair[1]}
    if not wrong:
        return speaker.standings.no_mix_up()
    truth, answer = max(wrong, key=lambda pair: wrong[pair])
    return speaker.standings.mix_up(truth, answer, wrong[truth, answer])


def _hall_caption(season: Season, rank: int, round_: Round, points: int, speaker: Speaker) -> str:
    return speaker.standings.hall_entry(
        rank, _name(season, round_.player, speaker), points, round_.verdict
    )


def _in_words(
    season: Season, standing: Sequence[Place], speaker: Speaker
) -> list[tuple[int, list[str], int]]:
    return [(place.rank, _names(season, place, speaker), place.points) for place in standing]


def _names(season: Season, place: Place, speaker: Speaker) -> list[str]:
    return [_name(season, who, speaker) for who in place.players]


def _rows(
    season: Season,
    standing: Sequence[Place],
    joined: Mapping[PlayerId, int],
    speaker: Speaker,
    asker: str = "",
) -> list[Row]:
    return [
        Row(
            place.rank,
            _name(season, who, speaker),
            place.points,
            is_mine=bool(asker) and _key(season, who) == asker,
            colour=joined.get(who, 0),
        )
        for place in standing
        for who in place.players
    ]


def _name(season: Season, who: PlayerId, speaker: Speaker) -> str:
    """Name a player, somebody who is forgotten, or the bot, which old seasons ranked as well."""
    if who == BOT:
        return speaker.standings.bot_name()
    named = season.players.get(who)
    return speaker.text.name(named.name if named else None)


def _key(season: Season, who: PlayerId) -> str:
    named = season.players.get(who)
    return named.key if named else ""


def theme_of(room: Room) -> Theme:
    """Return the colours that suit a room's platform."""
    return THEMES.get(room.platform, LIGHT)
