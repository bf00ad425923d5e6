"""What a room may ask about its season: leaderboard, hall of fame, own figures, the bot's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from bot.domain import CommandRequest, Label, PastPhoto, Player, Reply, Room
from bot.game.rules import PlayerId, Round
from bot.game.scoring import BOT, Place, best_foolings, confusion, figures, podium
from bot.game.seasons import Season, challenge_of, month_of
from bot.graphics import charts
from bot.graphics.charts import DARK, LIGHT, Row, Theme
from bot.speech import Speaker
from bot.storage import Store

# On phones Telegram is light as long as nobody changes it, Discord is dark.
THEMES: Mapping[str, Theme] = {"discord": DARK}
# A look back at a year; the first places of more fill a phone's screen.
SEASONS_SHOWN = 12
BEST = 5


class Leaderboards:
    """Answers questions about points.

    Args:
        store: Remembers rounds.
        now: The time, with its zone.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def leaderboard(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Show the season so far, and who won the ones before."""
        this = month_of(self._now())
        past = [month for month in await self._store.seasons.months(request.room) if month < this]
        before = [
            await self._store.seasons.season(request.room, month) for month in past[:SEASONS_SHOWN]
        ]
        season = await self._season(request.room)
        standing = season.places()
        champions = speaker.standings.champions(
            (past.month, [_name(past, who, speaker) for who in first.players], first.points)
            for past in before
            for first in past.places()[:1]
        )
        lines = speaker.standings.leaderboard(season.month, _in_words(season, standing, speaker))
        text = f"{lines}\n\n{champions}" if champions else lines
        if not standing:
            return Reply(text)
        drawn = await asyncio.to_thread(
            charts.leaderboard,
            speaker.standings.leaderboard_title(season.month),
            _rows(season, standing, speaker, request.player.id),
            _theme(request.room),
        )
        return Reply(text, picture=drawn)

    async def rows(self, room: Room, player: Player, speaker: Speaker) -> list[Row]:
        """Return the season so far, for a platform that draws its own board."""
        season = await self._season(room)
        return _rows(season, season.places(), speaker, player.id)

    async def hall(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Show the photos that fooled the bot best this season."""
        season = await self._season(request.room)
        # Where the photos of those who are forgotten were is forgotten, too.
        known = [round_ for round_ in season.rounds if round_.player in season.players]
        best = best_foolings(known, BEST)
        if not best:
            return Reply(speaker.standings.hall_empty())
        shown = []
        for rank, (round_, points) in enumerate(best, 1):
            if (found := await self._store.rounds.find(round_.id)) is not None:
                caption = _hall_caption(season, rank, round_, points, speaker)
                shown.append(PastPhoto(found.sent_to, found.message, found.reference, caption))
        return Reply(speaker.standings.hall(season.month), past_photos=tuple(shown))

    async def own(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Tell players their own figures."""
        season = await self._season(request.room)
        player_id = await self._store.game.player_id(request.room.platform, request.player.id)
        found = figures(season.rounds, season.right_guesses, player_id)
        return Reply(
            speaker.standings.me(
                season.month,
                speaker.text.name(request.player.name),
                rounds=found.rounds,
                foolings=found.foolings,
                points=found.points,
                streak=found.streak,
            )
        )

    async def accuracy(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Tell how often the bot was right in this room, with its confusion matrix."""
        season = await self._season(request.room)
        counts = confusion(season.rounds)
        rounds = sum(counts.values())
        right = sum(count for (truth, answer), count in counts.items() if truth is answer)
        lines = [speaker.standings.stats(right, rounds)]
        if not rounds:
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
            speaker.standings.bot_name(),
            lines[0],
            (labels, labels),
            (speaker.standings.stats_was(), speaker.standings.stats_said()),
            [[counts.get((truth, answer), 0) for answer in Label] for truth in Label],
            _theme(request.room),
        )
        return Reply("\n".join(lines), picture=drawn)

    def challenge(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Give the room its idea for today's photo."""
        today = self._now().astimezone(UTC).date()
        where = f"{request.room.platform} {request.room.id}"
        ideas = len(speaker.challenges.challenges())
        return Reply(speaker.challenges.challenge(challenge_of(where, today, ideas)))

    async def _season(self, room: Room) -> Season:
        return await self._store.seasons.season(room, month_of(self._now()))


async def closing(season: Season, speaker: Speaker) -> Reply | None:
    """Show a season's podium when it is over; None when nobody played."""
    first = podium(season.places())
    if not first:
        return None
    text = speaker.standings.podium(
        season.month, _in_words(season, first, speaker), bot_won=BOT in first[0].players
    )
    drawn = await asyncio.to_thread(
        charts.podium,
        speaker.text.month(season.month),
        _rows(season, first, speaker, ""),
        _theme(season.room),
    )
    return Reply(text, picture=drawn)


def _hall_caption(season: Season, rank: int, round_: Round, points: int, speaker: Speaker) -> str:
    return speaker.standings.hall_entry(
        rank,
        _name(season, round_.player, speaker),
        points,
        speaker.photos.call(round_.verdict.label),
        round_.verdict.confidence,
    )


def _in_words(
    season: Season, standing: Sequence[Place], speaker: Speaker
) -> list[tuple[int, list[str], int]]:
    return [
        (place.rank, [_name(season, who, speaker) for who in place.players], place.points)
        for place in standing
    ]


def _rows(season: Season, standing: Sequence[Place], speaker: Speaker, asker: str) -> list[Row]:
    return [
        Row(
            place.rank,
            _name(season, who, speaker),
            place.points,
            is_bot=who == BOT,
            is_mine=bool(asker) and _key(season, who) == asker,
            key=_key(season, who),
        )
        for place in standing
        for who in place.players
    ]


def _name(season: Season, who: PlayerId, speaker: Speaker) -> str:
    """Name a player, the bot, or somebody who is forgotten."""
    if who == BOT:
        return speaker.standings.bot_name()
    named = season.players.get(who)
    return speaker.text.name(named.name if named else None)


def _key(season: Season, who: PlayerId) -> str:
    named = season.players.get(who)
    return named.key if named else ""


def _theme(room: Room) -> Theme:
    return THEMES.get(room.platform, LIGHT)
