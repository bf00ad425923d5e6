"""What a screen may know of a party night: nothing that is not yet revealed.

It is ready for JSON, and the same for a browser as for a chat; only `mine` differs by device.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from bot.domain import Label, Verdict
from bot.game.party import FEWEST_PLAYERS, Device, Party, Phase, Player
from bot.game.party_rounds import Photo, PlayerNumber, Round
from bot.game.party_scoring import (
    Award,
    awards_of,
    best_photos,
    bot_score,
    has_fooled,
    is_reached,
    standings,
    winners,
)
from bot.speech import Speaker

View = dict[str, Any]

BEST_PHOTOS = 3
# The bot has looked: its verdict may be known.
SEEN = frozenset({Phase.LOOKING, Phase.JUDGING, Phase.TOLD})
SCORED = frozenset({Phase.SCORING, Phase.OVER})


def render(party: Party, device: Device, speaker: Speaker, now: datetime) -> View:
    """Return what a device shows.

    Args:
        party: The evening.
        device: Where it is shown.
        speaker: The sentences.
        now: The time; moments are in seconds since 1970, and so is this one, `now`.
    """
    view: View = {
        "id": party.id,
        "phase": party.phase,
        "now": now.timestamp(),
        "since": party.since.timestamp(),
        "until": party.until.timestamp(),
        "paused": party.paused.timestamp() if party.paused else None,
        "round": len(party.rounds),
        "rounds": party.total,
        "players": [_player(party, each, now) for each in party.players if not each.is_gone],
        "teams": party.is_in_teams,
        "may_direct": party.may_direct(device),
        "may_take_over": party.may_take_over(device, now),
        "may_start": len(party.present) >= FEWEST_PLAYERS,
        "mine": [_mine(party, each) for each in party.players_on(device)],
    }
    round_ = party.round
    if round_ is not None and party.phase is not Phase.LOBBY:
        goal = round_.prompt.goal
        view["prompt"] = {
            "text": speaker.party.prompt(round_.prompt.key),
            "place": round_.prompt.place,
            "goal": goal,
            "teller": goal.teller,
        }
        view["photos"] = sum(not photo.is_lost for photo in round_.photos)
    if round_ is not None and (photo := party.photo) is not None:
        view |= _revealed(party, round_, photo)
    if round_ is not None and party.phase is Phase.STARRING:
        view["gallery"] = [
            {"id": photo.id, "members": photo.members, "stars": _stars(round_, photo)}
            for photo in round_.photos
            if photo.may_have_stars
        ]
    if party.phase in SCORED:
        view |= _scores(party, speaker)
    if party.phase is Phase.OVER:
        view["best"] = [
            {
                "id": each.photo.id,
                "members": each.photo.members,
                "verdict": each.photo.verdict and _verdict(each.photo.verdict),
                "prompt": speaker.party.prompt(each.round.prompt.key),
            }
            for each in best_photos(party.rounds, BEST_PHOTOS)
        ]
    return view


def _player(party: Party, player: Player, now: datetime) -> View:
    is_asked = player.number in party.asked()
    return {
        "number": player.number,
        "name": player.name,
        "colour": player.colour,
        "team": player.team,
        "here": player.device not in party.away or party.is_there(player, now),
        "asked": is_asked,
        "done": is_asked and party.has_answered(player.number),
        "host": player.device == party.host,
        "late": bool(party.rounds)
        and party.phase not in SCORED
        and player.number not in party.rounds[-1].players,
    }


def _mine(party: Party, player: Player) -> View:
    """Return what somebody has tapped, and whether they are asked, for their own phone alone."""
    round_, photo = party.round, party.photo
    mine: View = {"number": player.number, "asked": player.number in party.asked()}
    if round_ is None:
        return mine
    own = round_.photo_of(player.number)
    mine["sent"] = own.id if own else None
    mine["star"] = round_.stars.get(player.number)
    if photo is not None:
        is_own = player.number in photo.members
        mine |= {
            "own": is_own,
            "guess": photo.guesses.get(player.number),
            "told": photo.told if is_own else photo.votes.get(player.number),
            "fair": photo.fair.get(player.number),
        }
    return mine


def _revealed(party: Party, round_: Round, photo: Photo) -> View:
    """Return what is known of the photo that is revealed."""
    view: View = {
        "photo": {
            "id": photo.id,
            "number": party.shown + 1,
            "sender": photo.sender,
            "members": photo.members,
            "guessed": len(photo.guesses),
        }
    }
    if party.phase in SEEN and photo.verdict is not None:
        view["verdict"] = _verdict(photo.verdict)
        by_label: defaultdict[Label, list[PlayerNumber]] = defaultdict(list)
        for player, label in photo.guesses.items():
            by_label[label].append(player)
        view["guesses"] = by_label
    if party.phase is Phase.TOLD:
        view["result"] = {
            "truth": photo.truth(round_.prompt),
            "reached": is_reached(round_, photo),
            "fooled": has_fooled(round_, photo),
            "unfair": photo.is_unfair,
            "awards": [_award(each) for each in awards_of(round_, photo)],
        }
    return view


def _verdict(verdict: Verdict) -> View:
    """Return a verdict; its needle goes from 0 for the yeti to 1 for Olaf, halfway for neither."""
    is_neither = verdict.call is Label.NEITHER
    return {
        "label": verdict.call,
        "percent": None if is_neither else verdict.percent,
        "needle": 0.5 if is_neither else round(verdict.pair, 3),
    }


def _award(award: Award) -> View:
    return {"player": award.player, "deed": award.deed, "points": award.points}


def _stars(round_: Round, photo: Photo) -> int:
    return list(round_.stars.values()).count(photo.id)


def _scores(party: Party, speaker: Speaker) -> View:
    """Return everybody's points, now and before the last round, and the bot's."""
    before = party.rounds[:-1] if party.phase is Phase.SCORING else party.rounds
    ranks = {each.player: each for each in standings(party, before)}
    places = standings(party, party.rounds)
    bot, bot_before = bot_score(party.rounds), bot_score(before)
    names = {player.number: player for player in party.players}
    return {
        "standings": [
            {
                "rank": each.rank,
                "number": each.player,
                "name": names[each.player].name,
                "colour": names[each.player].colour,
                "points": each.points,
                "before": ranks[each.player].points if each.player in ranks else 0,
            }
            for each in places
        ],
        "bot": {
            "points": bot.points,
            "before": bot_before.points,
            "line": speaker.party.bot_line(bot),
        },
        "sent": any(round_.photos for round_ in party.rounds),
        "winners": speaker.party.winners([names[number].name for number in winners(party)]),
    }
