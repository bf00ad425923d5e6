"""How a party night goes: what people do and the time that goes by turn one state into the next.

Pure: the time is passed in, chance comes in as the prompts that a start brings. Every phase ends
by itself, so an evening does, whoever drops out of it.

What is played: a prompt, photos, then each photo's reveal (the others guess what the bot will say,
the bot looks, they judge it, all hear what it was), stars for the bravest photo, and the points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from bot.domain import Verdict
from bot.game.party import (
    COLOURS,
    FEWEST_PLAYERS,
    MOST_PLAYERS,
    MOST_SIDES,
    PAUSE_TIME,
    Device,
    Party,
    Phase,
    Player,
    opened,
)
from bot.game.party_acts import (
    Act,
    Again,
    End,
    Guess,
    Join,
    Judge,
    Leave,
    Next,
    NotAllowed,
    Pause,
    Resume,
    Star,
    Start,
    TakeOver,
    Tell,
    Why,
)
from bot.game.party_prompts import Teller
from bot.game.party_rounds import Photo, PlayerNumber, Round

MOST_ROUNDS = 20
SECONDS = (20, 300)

PROMPT_TIME = timedelta(seconds=7)
GUESSING_TIME = timedelta(seconds=10)
LOOKING_TIME = timedelta(seconds=8)
JUDGING_TIME = timedelta(seconds=15)
TOLD_TIME = timedelta(seconds=5)
STARRING_TIME = timedelta(seconds=15)
SCORING_TIME = timedelta(seconds=11)
# Once everybody has tapped, so that the last tap is seen, and a wrong one can be mended.
GRACE = timedelta(seconds=1.5)
# A verdict that is not there by then never comes.
VERDICT_WITHIN = timedelta(seconds=30)
VERDICT_AGAIN = timedelta(seconds=1)
# After a restart nobody finds that the time ran out meanwhile.
RESUME_TIME = timedelta(seconds=10)
# What a round takes, for the length of an evening; people are faster than the clock.
ROUND_SECONDS = 45
SIDE_SECONDS = 22


def tick(party: Party, now: datetime) -> Party:
    """Go on where the time has come."""
    if party.phase is Phase.OVER:
        return party
    if party.paused is not None:
        return _resumed(party, now) if now - party.paused >= PAUSE_TIME else party
    if now >= party.until:
        return _after(party, now)
    return _hurried(party, now)


def connected(party: Party, device: Device, now: datetime, *, is_screen: bool = False) -> Party:
    """Note that a device is there, as a phone or as a big screen."""
    away = {each: since for each, since in party.away.items() if each != device}
    screens = party.screens
    if is_screen and device not in screens:
        screens = (*screens, device)
    return tick(replace(party, away=away, screens=screens), now)


def disconnected(party: Party, device: Device, now: datetime) -> Party:
    """Note that a device is not there any more."""
    if device in party.away:
        return party
    return tick(replace(party, away={**party.away, device: now}), now)


def restarted(party: Party, now: datetime) -> Party:
    """Go on after the process was away for a while: nobody's time has run out meanwhile."""
    devices = {player.device for player in party.players} | {*party.screens}
    away = dict.fromkeys(devices, now) | {**party.away}
    until = max(party.until, now + RESUME_TIME)
    return replace(party, away=away, until=until)


def act(party: Party, device: Device, act: Act, now: datetime) -> Party:
    """Do what somebody taps.

    Args:
        party: The evening.
        device: Where it was tapped.
        act: What.
        now: The time.

    Raises:
        NotAllowed: When it changes nothing.
    """
    party = tick(party, now)
    match act:
        case Join():
            return _join(party, device, act)
        case Leave(player):
            return tick(_leave(party, device, player), now)
        case TakeOver():
            if not party.may_take_over(device, now):
                raise NotAllowed(Why.NOT_YOURS)
            return replace(party, host=device)
        case Guess() | Tell() | Judge() | Star():
            return _hurried(_answer(party, device, act), now)
        case Start() | Next() | Pause() | Resume() | End() | Again():
            if not party.may_direct(device):
                raise NotAllowed(Why.NOT_YOURS)
            return _direct(party, act, now)
        case never:
            assert_never(never)


def check_photo(party: Party, device: Device, player: PlayerNumber, digest: str) -> None:
    """Raise NotAllowed unless somebody may send a file now.

    Args:
        party: The evening.
        device: Where it comes from.
        player: Who sends it.
        digest: Of its bytes.
    """
    _own(party, device, player)
    round_ = party.round
    if party.phase is not Phase.COLLECTING or party.paused or round_ is None:
        raise NotAllowed(Why.NOT_NOW)
    if not round_.side_of(player):
        raise NotAllowed(Why.NOT_NOW)
    if round_.photo_of(player) is not None:
        raise NotAllowed(Why.ALREADY)
    if digest in party.digests:
        raise NotAllowed(Why.SAME_FILE)


def add_photo(
    party: Party, device: Device, player: PlayerNumber, id_: str, digest: str, now: datetime
) -> Party:
    """Take somebody's photo.

    Args:
        party: The evening.
        device: Where it comes from.
        player: Who sends it.
        id_: The photo's.
        digest: Of its bytes.
        now: The time.

    Raises:
        NotAllowed: When it is none of theirs, too late, or not the first of its kind.
    """
    party = tick(party, now)
    check_photo(party, device, player, digest)
    assert party.round is not None
    photo = Photo(id_, player, party.round.side_of(player))
    round_ = replace(party.round, photos=(*party.round.photos, photo))
    party = replace(party, digests=party.digests | {digest})
    return _hurried(party.with_round(round_), now)


def note_verdict(party: Party, photo: str, verdict: Verdict, now: datetime) -> Party:
    """Note what the bot sees on a photo."""
    return tick(party.with_photo(photo, lambda each: replace(each, verdict=verdict)), now)


def note_loss(party: Party, photo: str, now: datetime) -> Party:
    """Note that the bot cannot look at a photo; while there is time, another may be sent."""
    round_ = party.round
    if party.phase is Phase.COLLECTING and round_ is not None:
        left = tuple(each for each in round_.photos if each.id != photo)
        return tick(party.with_round(replace(round_, photos=left)), now)
    return tick(party.with_photo(photo, lambda each: replace(each, is_lost=True)), now)


def forgotten(party: Party, device: Device, name: str) -> Party:
    """Take whoever played on a device out of the evening, by name and device.

    Args:
        party: The evening.
        device: The device.
        name: What to call them from now on.
    """
    players = tuple(
        replace(player, name=name, device="", is_gone=True) if player.device == device else player
        for player in party.players
    )
    away = {each: since for each, since in party.away.items() if each != device}
    screens = tuple(each for each in party.screens if each != device)
    left = replace(party, players=players, away=away, screens=screens)
    return _with_a_host(left)


# --- the acts ---


def _join(party: Party, device: Device, act: Join) -> Party:
    if party.phase is Phase.OVER:
        raise NotAllowed(Why.NOT_NOW)
    name = " ".join(act.name.split())
    key = name.casefold()
    if not name:
        raise NotAllowed(Why.NOT_NOW)
    known = next(
        (p for p in party.players if p.device == device and p.name.casefold() == key), None
    )
    if known is not None and not known.is_gone:
        return party
    if len(party.present) >= MOST_PLAYERS:
        raise NotAllowed(Why.FULL)
    taken = {player.colour for player in party.present}
    wished = [(act.colour + step) % COLOURS for step in range(COLOURS)]
    colour = next(each for each in wished if each not in taken)
    if known is not None:
        back = replace(known, colour=colour, is_gone=False)
        joined = party.with_players(back)
    else:
        new = Player(len(party.players) + 1, _distinct(party, name), colour, device)
        joined = replace(party, players=(*party.players, new))
    return replace(joined, host=party.host or device)


def _distinct(party: Party, name: str) -> str:
    """Return a name that nobody else has: the second Mia is "Mia 2"."""
    taken = {player.name.casefold() for player in party.players}
    numbered, number = name, 1
    while numbered.casefold() in taken:
        number += 1
        numbered = f"{name} {number}"
    return numbered


def _leave(party: Party, device: Device, number: PlayerNumber) -> Party:
    player = party.player(number)
    if player is None or player.is_gone or party.phase is Phase.OVER:
        raise NotAllowed(Why.NOT_NOW)
    if player.device != device and not party.may_direct(device):
        raise NotAllowed(Why.NOT_YOURS)
    return _with_a_host(party.with_players(replace(player, is_gone=True)))


def _with_a_host(party: Party) -> Party:
    """Return the evening with another host, if nobody plays on the host's phone any more."""
    if party.host is None or party.players_on(party.host):
        return party
    first = next(iter(party.present), None)
    return replace(party, host=first.device if first else None)


def _direct(party: Party, act: Start | Next | Pause | Resume | End | Again, now: datetime) -> Party:
    match act:
        case Start():
            return _started(party, act, now)
        case Next() if party.is_going and party.paused is None:
            return _after(party, now)
        case Pause() if party.is_going and party.paused is None:
            return replace(party, paused=now)
        case Resume() if party.paused is not None:
            return _resumed(party, now)
        case End() if party.phase is not Phase.OVER:
            return _over(party, now)
        case Again(id_) if party.phase is Phase.OVER:
            return _again(party, id_, now)
        case _:
            raise NotAllowed(Why.NOT_NOW)


def _started(party: Party, act: Start, now: datetime) -> Party:
    if party.phase is not Phase.LOBBY or not act.prompts:
        raise NotAllowed(Why.NOT_NOW)
    if len(party.present) < FEWEST_PLAYERS:
        raise NotAllowed(Why.TOO_FEW)
    prompts = act.prompts[:MOST_ROUNDS]
    seconds = min(max(act.seconds, SECONDS[0]), SECONDS[1])
    started = replace(party, prompts=prompts, total=len(prompts), seconds=seconds)
    return _next_round(started, now)


def _again(party: Party, id_: str, now: datetime) -> Party:
    players = tuple(
        replace(player, number=number, team=None) for number, player in enumerate(party.present, 1)
    )
    return replace(
        opened(id_, now),
        screens=party.screens,
        host=party.host,
        players=players,
        away=party.away,
        least=party.least,
    )


def _answer(party: Party, device: Device, act: Guess | Tell | Judge | Star) -> Party:
    """Take one answer; a later one of the same player takes its place while there is time."""
    _own(party, device, act.player)
    round_, photo, by = party.round, party.photo, act.player
    if party.paused is not None or by not in party.asked() or round_ is None:
        raise NotAllowed(Why.NOT_NOW)
    teller = round_.prompt.goal.teller
    match act:
        case Guess(label=label) if party.phase is Phase.GUESSING and photo:
            changed = replace(photo, guesses={**photo.guesses, by: label})
        case Tell(label=label) if party.phase is Phase.JUDGING and photo:
            if teller is Teller.SENDER and by in photo.members:
                changed = replace(photo, told=label)
            elif teller is Teller.OTHERS and by not in photo.members:
                changed = replace(photo, votes={**photo.votes, by: label})
            else:
                raise NotAllowed(Why.NOT_YOURS)
        case Judge(fair=fair) if party.phase is Phase.JUDGING and photo:
            if by in photo.members:
                raise NotAllowed(Why.NOT_YOURS)
            changed = replace(photo, fair={**photo.fair, by: fair})
        case Star(photo=starred) if party.phase is Phase.STARRING:
            if starred not in {each.id for each in round_.to_star(by)}:
                raise NotAllowed(Why.NOT_YOURS)
            return party.with_round(replace(round_, stars={**round_.stars, by: starred}))
        case _:
            raise NotAllowed(Why.NOT_NOW)
    return party.with_photo(photo.id, lambda _: changed)


def _own(party: Party, device: Device, number: PlayerNumber) -> None:
    player = party.player(number)
    if player is None or player.is_gone or player.device != device:
        raise NotAllowed(Why.NOT_YOURS)


# --- how it goes on ---


def _begun(party: Party, phase: Phase, now: datetime, lasting: timedelta) -> Party:
    return replace(party, phase=phase, since=now, until=now + lasting, paused=None)


def _after(party: Party, now: datetime) -> Party:
    """Return what follows the phase."""
    match party.phase:
        case Phase.LOBBY | Phase.OVER:
            return _over(party, now)
        case Phase.PROMPT:
            return _begun(party, Phase.COLLECTING, now, timedelta(seconds=party.seconds))
        case Phase.COLLECTING:
            return _revealed(party, 0, now)
        case Phase.GUESSING:
            return _looking(party, now)
        case Phase.LOOKING:
            return _begun(party, Phase.JUDGING, now, JUDGING_TIME)
        case Phase.JUDGING:
            assert party.photo is not None
            settled = party.with_photo(party.photo.id, lambda each: replace(each, is_settled=True))
            return _begun(settled, Phase.TOLD, now, TOLD_TIME)
        case Phase.TOLD:
            return _revealed(party, party.shown + 1, now)
        case Phase.STARRING:
            return _begun(party, Phase.SCORING, now, SCORING_TIME)
        case Phase.SCORING:
            return _next_round(party, now) if party.prompts else _over(party, now)
        case never:
            assert_never(never)


def _revealed(party: Party, number: int, now: datetime) -> Party:
    """Reveal the next photo of the round that is not lost; after the last, give stars."""
    assert party.round is not None
    photos = party.round.photos
    while number < len(photos) and photos[number].is_lost:
        number += 1
    if number < len(photos):
        return _begun(replace(party, shown=number), Phase.GUESSING, now, GUESSING_TIME)
    starring = _begun(replace(party, shown=0), Phase.STARRING, now, STARRING_TIME)
    # With one photo there is nothing to choose.
    if sum(photo.may_have_stars for photo in photos) > 1 and starring.asked():
        return starring
    return _begun(party, Phase.SCORING, now, SCORING_TIME)


def _looking(party: Party, now: datetime) -> Party:
    """Have the bot look; wait a little for a verdict that is not there."""
    photo = party.photo
    assert photo is not None
    if photo.verdict is not None and not photo.is_lost:
        return _begun(party, Phase.LOOKING, now, LOOKING_TIME)
    if photo.is_lost or now - party.since >= VERDICT_WITHIN:
        lost = party.with_photo(photo.id, lambda each: replace(each, is_lost=True))
        return _revealed(lost, party.shown + 1, now)
    return replace(party, until=now + VERDICT_AGAIN)


def _next_round(party: Party, now: datetime) -> Party:
    if not party.present:
        return _over(party, now)
    party = _teamed(party)
    prompt, *rest = party.prompts
    round_ = Round(prompt, tuple(_sides(party.present)))
    party = replace(party, prompts=tuple(rest), rounds=(*party.rounds, round_), shown=0)
    return _begun(party, Phase.PROMPT, now, PROMPT_TIME)


def _teamed(party: Party) -> Party:
    """Return the evening with everybody in a team, once they are too many to play alone."""
    if not party.is_in_teams and len(party.present) <= MOST_SIDES:
        return party
    count = max((player.team or 0 for player in party.players), default=0)
    count = count or min(MOST_SIDES, (len(party.present) + 1) // 2)
    sizes = Counter(player.team for player in party.present if player.team is not None)
    players = []
    for player in party.players:
        if player.team is None and not player.is_gone:
            team = min(range(1, count + 1), key=lambda each: (sizes[each], each))
            sizes[team] += 1
            player = replace(player, team=team)
        players.append(player)
    return replace(party, players=tuple(players))


def _over(party: Party, now: datetime) -> Party:
    return replace(party, phase=Phase.OVER, since=now, until=now, paused=None)


def _resumed(party: Party, now: datetime) -> Party:
    assert party.paused is not None
    stood = now - party.paused
    return replace(party, since=party.since + stood, until=party.until + stood, paused=None)


def _hurried(party: Party, now: datetime) -> Party:
    """Return the evening with the phase about to end, if nobody is waited for any more."""
    if party.paused is not None:
        return party
    there = [
        number
        for number in party.asked()
        if (player := party.player(number)) and party.is_there(player, now)
    ]
    if not there or not all(map(party.has_answered, there)):
        return party
    soon = max(now + GRACE, party.since + party.least)
    return replace(party, until=min(party.until, soon))


def rounds_within(minutes: int, players: int, seconds: int) -> int:
    """Return how many rounds so many players get done in so many minutes, two at least."""
    sides = players if players <= MOST_SIDES else min(MOST_SIDES, (players + 1) // 2)
    a_round = ROUND_SECONDS + seconds * 3 // 4 + sides * SIDE_SECONDS
    return min(MOST_ROUNDS, max(2, round(60 * minutes / a_round)))


def _sides(players: Iterable[Player]) -> list[tuple[PlayerNumber, ...]]:
    sides: dict[tuple[str, int], list[PlayerNumber]] = {}
    for player in players:
        key = ("alone", player.number) if player.team is None else ("team", player.team)
        sides.setdefault(key, []).append(player.number)
    return [tuple(side) for _, side in sorted(sides.items())]
