"""A party night: one living room against the bot, as a state; `party_flow` turns it into the next.

Whoever draws it only draws a state, so that a screen may reload, and a process restart, at any
moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.game.party_prompts import Prompt, Teller
from bot.game.party_rounds import Photo, PlayerNumber, Round

FEWEST_PLAYERS = 2
MOST_PLAYERS = 12
# More reveals than that a round are no fun to sit through: from then on teams send one photo each.
MOST_SIDES = 6
# As many as the screens have.
COLOURS = 12

LOBBY_TIME = timedelta(hours=6)
PAUSE_TIME = timedelta(hours=1)
# A phone that reloads is away for a moment, and is waited for.
AWAY_GRACE = timedelta(seconds=8)
TAKE_OVER_AFTER = timedelta(seconds=20)

# Who holds a phone or looks at a screen; several children may share one.
Device = str


class Phase(StrEnum):
    """Where an evening is."""

    LOBBY = "lobby"
    PROMPT = "prompt"
    COLLECTING = "collecting"
    GUESSING = "guessing"
    LOOKING = "looking"
    JUDGING = "judging"
    TOLD = "told"
    STARRING = "starring"
    SCORING = "scoring"
    OVER = "over"


REVEALING = frozenset({Phase.GUESSING, Phase.LOOKING, Phase.JUDGING, Phase.TOLD})


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody who plays.

    Attributes:
        number: Tells them from the others, in the order of coming, from 1.
        name: What everybody reads; no other player's.
        colour: One of COLOURS, and no other player's.
        device: Where they tap; several may share it.
        team: Their team, from 1; None while everybody plays alone.
        is_gone: Whether they have stopped playing.
    """

    number: PlayerNumber
    name: str
    colour: int
    device: Device
    team: int | None = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Party:
    """One evening.

    Attributes:
        id: Tells it from all others.
        phase: Where it is.
        since: When the phase began.
        until: When the phase ends by itself.
        screens: The devices that show the big screen; whoever is there may direct the evening.
        host: The device of who directs it besides: that of the first player.
        players: All who ever came in, in the order of coming.
        prompts: Those of the rounds to come.
        seconds: How long everybody has for a photo.
        rounds: Those that were begun, the last one is going on.
        total: How many rounds there will be.
        shown: Which photo of the round is revealed, from 0.
        paused: Since when the clock stands still.
        away: Since when each known device is not connected.
        digests: Of all files that were sent: no file counts twice.
        least: How long a phase lasts, however soon everybody has answered: a chat's messages are
            not edited faster.
    """

    id: str
    phase: Phase
    since: datetime
    until: datetime
    screens: tuple[Device, ...] = ()
    host: Device | None = None
    players: tuple[Player, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    seconds: int = 60
    rounds: tuple[Round, ...] = ()
    total: int = 0
    shown: int = 0
    paused: datetime | None = None
    away: Mapping[Device, datetime] = field(default_factory=dict)
    digests: frozenset[str] = frozenset()
    least: timedelta = timedelta()

    @property
    def round(self) -> Round | None:
        """The round that is going on, or the last one."""
        return self.rounds[-1] if self.rounds else None

    @property
    def photo(self) -> Photo | None:
        """The photo that is revealed."""
        if self.round is None or self.phase not in REVEALING:
            return None
        return self.round.photos[self.shown]

    @property
    def present(self) -> tuple[Player, ...]:
        """Everybody who has not stopped playing."""
        return tuple(player for player in self.players if not player.is_gone)

    @property
    def is_in_teams(self) -> bool:
        """Whether several players send one photo together."""
        return any(player.team is not None for player in self.players)

    @property
    def is_going(self) -> bool:
        """Whether it has begun and is not over."""
        return self.phase not in (Phase.LOBBY, Phase.OVER)

    def player(self, number: PlayerNumber) -> Player | None:
        """Return a player by number."""
        return next((player for player in self.players if player.number == number), None)

    def players_on(self, device: Device) -> tuple[Player, ...]:
        """Return who plays on a device."""
        return tuple(player for player in self.present if player.device == device)

    def may_direct(self, device: Device) -> bool:
        """Return whether who is at a device may start, pause and go on."""
        return device == self.host or device in self.screens

    def may_take_over(self, device: Device, now: datetime) -> bool:
        """Return whether who is at a device may direct in place of a host who is away."""
        away = self.away.get(self.host) if self.host is not None else None
        is_leaderless = self.host is None or (away is not None and now - away >= TAKE_OVER_AFTER)
        return is_leaderless and device != self.host and bool(self.players_on(device))

    def is_there(self, player: Player, now: datetime) -> bool:
        """Return whether somebody is waited for: their phone is connected, or was a moment ago."""
        away = self.away.get(player.device)
        return not player.is_gone and (away is None or now - away < AWAY_GRACE)

    def asked(self) -> frozenset[PlayerNumber]:
        """Return from whom the phase wants something, whether they have given it or not."""
        round_, photo = self.round, self.photo
        if round_ is None:
            return frozenset()
        players = frozenset(round_.players)
        match self.phase:
            case Phase.COLLECTING:
                return players
            case Phase.GUESSING if photo:
                return players - set(photo.members)
            case Phase.JUDGING if photo:
                is_senders = round_.prompt.goal.teller is Teller.SENDER
                return players if is_senders else players - set(photo.members)
            case Phase.STARRING:
                return frozenset(player for player in players if round_.to_star(player))
            case _:
                return frozenset()

    def has_answered(self, player: PlayerNumber) -> bool:
        """Return whether somebody who is asked has given all that the phase wants of them."""
        round_, photo = self.round, self.photo
        if round_ is None:
            return True
        match self.phase:
            case Phase.COLLECTING:
                return round_.photo_of(player) is not None
            case Phase.GUESSING if photo:
                return player in photo.guesses
            case Phase.JUDGING if photo and player in photo.members:
                return photo.told is not None
            case Phase.JUDGING if photo:
                votes = round_.prompt.goal.teller is Teller.OTHERS
                return player in photo.fair and (player in photo.votes or not votes)
            case Phase.STARRING:
                return player in round_.stars
            case _:
                return True

    def awaited(self) -> frozenset[PlayerNumber]:
        """Return who is asked and has not answered, there or not."""
        numbers = (number for number in self.asked() if not self.has_answered(number))
        return frozenset(n for n in numbers if (player := self.player(n)) and not player.is_gone)

    def due(self, now: datetime) -> datetime | None:
        """Return when `tick` has something to do; None when it never has again."""
        if self.phase is Phase.OVER:
            return None
        until = self.until if self.paused is None else self.paused + PAUSE_TIME
        waits = (at + wait for at in self.away.values() for wait in (AWAY_GRACE, TAKE_OVER_AFTER))
        return min([until, *(moment for moment in waits if moment > now)])

    def with_round(self, round_: Round) -> Party:
        """Return the evening with another state of the round that is going on."""
        return replace(self, rounds=(*self.rounds[:-1], round_))

    def with_players(self, *changed: Player) -> Party:
        """Return the evening with other states of some players."""
        by_number = {player.number: player for player in changed}
        players = tuple(by_number.get(player.number, player) for player in self.players)
        return replace(self, players=players)

    def with_photo(self, photo: str, change: Callable[[Photo], Photo]) -> Party:
        """Return the evening with a photo of the round changed; as it is if there is none."""
        if self.round is None:
            return self
        photos = tuple(change(each) if each.id == photo else each for each in self.round.photos)
        return self.with_round(replace(self.round, photos=photos))


def opened(id_: str, now: datetime) -> Party:
    """Return an evening that waits for its players.

    Args:
        id_: Tells it from all others.
        now: The time.
    """
    return Party(id_, Phase.LOBBY, now, now + LOBBY_TIME)
