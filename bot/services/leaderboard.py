"""What a room may ask about its season: standings, champions, own figures, the bot's own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from bot.graphics import charts
from bot.domain import Label, Reply, Room
from bot.game.rules import Who
from bot.game.seasons import Ledger
from bot.graphics.charts import DARK, LIGHT, Row, Theme
from bot.speech import Speaker
from bot.game.scoring import BOT, Place, confusion, figures, podium

# On phones Telegram is light as long as nobody changes it, Discord is dark.
THEMES: Mapping[str, Theme] = {"discord": DARK}


async def leaderboard(
    ledger: Ledger, before: Sequence[Ledger], words: Speaker, mine: str = ""
) -> Reply:
    """Show the season so far, and who won the ones before; mine: the asker's id."""
    standing = ledger.places()
    champions = words.champions(
        (past.season, [_name(past, who, words) for who in first.players], first.points)
        for past in before
        for first in past.places()[:1]
    )
    said = words.leaderboard(ledger.season, _in_words(ledger, standing, words))
    text = f"{said}\n\n{champions}" if champions else said
    if not standing:
        return Reply(text)
    rows = _rows(ledger, standing, words, mine)
    drawn = await asyncio.to_thread(
        charts.leaderboard,
        words.leaderboard_title(ledger.season),
        "",
        rows,
        _theme(ledger.room),
    )
    return Reply(text, picture=drawn)


def scores(ledger: Ledger, words: Speaker, mine: str = "") -> list[Row]:
    """Return the season so far, for a platform that draws its own board; mine as above."""
    return _rows(ledger, ledger.places(), words, mine)


async def closing(ledger: Ledger, words: Speaker) -> Reply | None:
    """Show a season's podium when it is over; None when nobody played."""
    first = podium(ledger.places())
    if not first:
        return None
    bot_won = BOT in first[0].players
    text = words.podium(ledger.season, _in_words(ledger, first, words), bot_won=bot_won)
    rows = _rows(ledger, first, words, "")
    drawn = await asyncio.to_thread(
        charts.podium, words.month(ledger.season), "", rows, _theme(ledger.room)
    )
    return Reply(text, picture=drawn)


def own(ledger: Ledger, who: Who | None, name: str, words: Speaker) -> Reply:
    """Tell players their own figures."""
    found = figures(ledger.rounds, ledger.hits, -1 if who is None else who)
    return Reply(
        words.me(
            ledger.season,
            name,
            rounds=found.rounds,
            foolings=found.foolings,
            points=found.points,
            streak=found.streak,
        )
    )


async def stats(ledger: Ledger, words: Speaker) -> Reply:
    """Tell how often the bot was right in this room, with its confusion matrix."""
    counts = confusion(ledger.rounds)
    rounds = sum(counts.values())
    right = sum(count for (truth, said), count in counts.items() if truth is said)
    lines = [words.stats(right, rounds)]
    if not rounds:
        return Reply(lines[0])
    for truth in Label:
        said = [(label, counts[truth, label]) for label in Label if counts.get((truth, label))]
        if said:
            lines.append(words.stats_line(truth, said))
    labels = [words.snow_person(label) for label in Label]
    drawn = await asyncio.to_thread(
        charts.confusion,
        words.bot_name(),
        lines[0],
        (labels, labels),
        (words.stats_was(), words.stats_said()),
        [[counts.get((truth, said), 0) for said in Label] for truth in Label],
        _theme(ledger.room),
    )
    return Reply("\n".join(lines), picture=drawn)


def _in_words(
    ledger: Ledger, standing: Sequence[Place], words: Speaker
) -> list[tuple[int, list[str], int]]:
    return [
        (place.rank, [_name(ledger, who, words) for who in place.players], place.points)
        for place in standing
    ]


def _rows(ledger: Ledger, standing: Sequence[Place], words: Speaker, mine: str) -> list[Row]:
    return [
        Row(
            place.rank,
            _name(ledger, who, words),
            place.points,
            is_bot=who == BOT,
            is_mine=bool(mine) and _key(ledger, who) == mine,
            key=_key(ledger, who),
        )
        for place in standing
        for who in place.players
    ]


def _name(ledger: Ledger, who: Who, words: Speaker) -> str:
    """Name a player, the bot, or somebody who is forgotten."""
    if who == BOT:
        return words.bot_name()
    named = ledger.players.get(who)
    return (named.name if named else "") or words.forgotten_name()


def _key(ledger: Ledger, who: Who) -> str:
    named = ledger.players.get(who)
    return named.key if named else ""


def _theme(room: Room) -> Theme:
    return THEMES.get(room.platform, LIGHT)
