"""A party night: one living room against the bot, as a state that events turn into the next one.

Pure: the time is passed in, chance comes in as the prompts that a start brings. Whoever draws it
only draws a state, so that a screen may reload, and a process restart, at any moment. Every phase
ends by itself, so an evening does, whoever drops out of it.

What is played: a prompt, photos, then each photo's reveal (the others guess what the bot will say,
the bot looks, they judge it, all hear what it was), stars for the bravest photo, and the points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from bot.domain import Label, Verdict
from bot.game.party_prompts import Prompt, Teller

FEWEST_PLAYERS = 2
MOST_PLAYERS = 12
# More reveals than that a round are no fun to sit through: from then on teams send one photo each.
MOST_SIDES = 6
# As many as the screens have.
COLOURS = 12
MOST_ROUNDS = 20
SECONDS = (20, 300)

LOBBY_TIME = timedelta(hours=6)
PROMPT_TIME = timedelta(seconds=7)
GUESSING_TIME = timedelta(seconds=10)
LOOKING_TIME = timedelta(seconds=8)
JUDGING_TIME = timedelta(seconds=15)
TOLD_TIME = timedelta(seconds=5)
STARRING_TIME = timedelta(seconds=15)
SCORING_TIME = timedelta(seconds=11)
PAUSE_TIME = timedelta(hours=1)
# Once everybody has tapped, so that the last tap is seen, and a wrong one can be mended.
GRACE = timedelta(seconds=1.5)
# A phone that reloads is away for a moment, and is waited for.
AWAY_GRACE = timedelta(seconds=8)
TAKE_OVER_AFTER = timedelta(seconds=20)
# A verdict that is not there by then never comes.
VERDICT_WITHIN = timedelta(seconds=30)
VERDICT_AGAIN = timedelta(seconds=1)
# After a restart nobody finds that the time ran out meanwhile.
RESUME_TIME = timedelta(seconds=10)
# What a round takes, for the length of an evening; people are faster than the clock.
ROUND_SECONDS = 45
SIDE_SECONDS = 22

# Who holds a phone or looks at a screen; several children may share one.
Device = str
PlayerNumber = int


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


class Why(StrEnum):
    """Why something cannot be done."""

    NOT_NOW = "not_now"
    NOT_YOURS = "not_yours"
    SAME_FILE = "same_file"
    ALREADY = "already"
    FULL = "full"
    TOO_FEW = "too_few"


class NotAllowed(Exception):
    """An act changes nothing.

    Attributes:
        why: The reason.
    """

    def __init__(self, why: Why) -> None:
        self.why = why
        super().__init__(why.value)


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
class Photo:
    """What one side sent in a round.

    Attributes:
        id: Tells it from all others; nobody can guess it.
        sender: Who sent it.
        members: The side that gets its points, the sender among them.
        verdict: What the bot sees; None until it has looked.
        is_lost: Whether the bot could not look at it; it is left out then.
        guesses: What the others think that the bot will say.
        told: What the sender said it was.
        votes: What the others said it was.
        fair: What the others think of it.
        is_settled: Whether it was judged, so that it counts.
    """

    id: str
    sender: PlayerNumber
    members: tuple[PlayerNumber, ...]
    verdict: Verdict | None = None
    is_lost: bool = False
    guesses: Mapping[PlayerNumber, Label] = field(default_factory=dict)
    told: Label | None = None
    votes: Mapping[PlayerNumber, Label] = field(default_factory=dict)
    fair: Mapping[PlayerNumber, bool] = field(default_factory=dict)
    is_settled: bool = False

    @property
    def is_unfair(self) -> bool:
        """Whether most of those who said so call it unfair."""
        return 2 * sum(not fair for fair in self.fair.values()) > len(self.fair)

    @property
    def may_have_stars(self) -> bool:
        """Whether it can be the bravest photo: judged, and not called unfair."""
        return self.is_settled and not self.is_unfair

    def truth(self, prompt: Prompt) -> Label | None:
        """Return what it was; None if nobody knows.

        A sender who says nothing has done what the prompt asked for: photographed something else.
        """
        match prompt.goal.teller:
            case Teller.PROMPT:
                return prompt.goal.truth
            case Teller.SENDER:
                return self.told or Label.NEITHER
            case Teller.OTHERS:
                counted = [*Counter(self.votes.values()).most_common(2), (None, 0), (None, 0)]
                (first, most), (_, next_most) = counted[:2]
                return first if most > next_most else None
            case never:
                assert_never(never)


@dataclass(frozen=True, slots=True)
class Round:
    """One prompt, and what became of it.

    Attributes:
        prompt: What everybody is to photograph.
        sides: Who plays, by sides that send one photo each.
        photos: In the order of their reveal.
        stars: To whose photo, by its id, each player gave their star.
    """

    prompt: Prompt
    sides: tuple[tuple[PlayerNumber, ...], ...]
    photos: tuple[Photo, ...] = ()
    stars: Mapping[PlayerNumber, str] = field(default_factory=dict)

    @property
    def players(self) -> tuple[PlayerNumber, ...]:
        """Everybody who plays in it."""
        return tuple(player for side in self.sides for player in side)

    def side_of(self, player: PlayerNumber) -> tuple[PlayerNumber, ...]:
        """Return the side that somebody plays in; empty for who does not."""
        return next((side for side in self.sides if player in side), ())

    def photo_of(self, player: PlayerNumber) -> Photo | None:
        """Return what somebody's side has sent."""
        return next((photo for photo in self.photos if player in photo.members), None)

    def to_star(self, player: PlayerNumber) -> tuple[Photo, ...]:
        """Return the photos that somebody may give a star to: not their own side's."""
        return tuple(p for p in self.photos if p.may_have_stars and player not in p.members)


@dataclass(frozen=True, slots=True)
class Join:
    """Somebody comes in; a name that this device has already is the same player."""

    name: str
    colour: int


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody stops playing, or is taken out by who directs the evening."""

    player: PlayerNumber


@dataclass(frozen=True, slots=True)
class Start:
    """The evening begins.

    Attributes:
        prompts: One for each round.
        seconds: How long everybody has for a photo.
    """

    prompts: tuple[Prompt, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Guess:
    """Somebody says what the bot will say."""

    player: PlayerNumber
    label: Label


@dataclass(frozen=True, slots=True)
class Tell:
    """Somebody says what was on the photo: its sender, or where the prompt left it open a vote."""

    player: PlayerNumber
    label: Label


@dataclass(frozen=True, slots=True)
class Judge:
    """Somebody says whether a photo was fair."""

    player: PlayerNumber
    fair: bool


@dataclass(frozen=True, slots=True)
class Star:
    """Somebody gives their star of the round to a photo."""

    player: PlayerNumber
    photo: str


@dataclass(frozen=True, slots=True)
class Next:
    """Whoever directs the evening goes on without waiting."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Whoever directs the evening stops the clock."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Whoever directs the evening lets the clock go on."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Somebody directs the evening in place of who is away."""


@dataclass(frozen=True, slots=True)
class End:
    """Whoever directs the evening ends it."""


@dataclass(frozen=True, slots=True)
class Again:
    """Whoever directs the evening opens another with the same players."""

    id: str


Act = (
    Join
    | Leave
    | Start
    | Guess
    | Tell
    | Judge
    | Star
    | Next
    | Pause
    | Resume
    | TakeOver
    | End
    | Again
)


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

    # --- what happens ---

    def tick(self, now: datetime) -> Party:
        """Go on where the time has come."""
        if self.phase is Phase.OVER:
            return self
        if self.paused is not None:
            return self._resumed(now) if now - self.paused >= PAUSE_TIME else self
        if now >= self.until:
            return self._after(now)
        return self._hurried(now)

    def connected(self, device: Device, now: datetime, *, is_screen: bool = False) -> Party:
        """Note that a device is there, as a phone or as a big screen."""
        away = {each: since for each, since in self.away.items() if each != device}
        screens = self.screens
        if is_screen and device not in screens:
            screens = (*screens, device)
        return replace(self, away=away, screens=screens).tick(now)

    def disconnected(self, device: Device, now: datetime) -> Party:
        """Note that a device is not there any more."""
        if device in self.away:
            return self
        return replace(self, away={**self.away, device: now}).tick(now)

    def restarted(self, now: datetime) -> Party:
        """Go on after the process was away for a while: nobody's time has run out meanwhile."""
        devices = {player.device for player in self.players} | {*self.screens}
        away = dict.fromkeys(devices, now) | {**self.away}
        until = max(self.until, now + RESUME_TIME)
        return replace(self, away=away, until=until)

    def act(self, device: Device, act: Act, now: datetime) -> Party:
        """Do what somebody taps.

        Args:
            device: Where it was tapped.
            act: What.
            now: The time.

        Raises:
            NotAllowed: When it changes nothing.
        """
        party = self.tick(now)
        match act:
            case Join():
                return party._join(device, act)
            case Leave(player):
                return party._leave(device, player).tick(now)
            case TakeOver():
                if not party.may_take_over(device, now):
                    raise NotAllowed(Why.NOT_YOURS)
                return replace(party, host=device)
            case Guess() | Tell() | Judge() | Star():
                return party._answer(device, act)._hurried(now)
            case Start() | Next() | Pause() | Resume() | End() | Again():
                if not party.may_direct(device):
                    raise NotAllowed(Why.NOT_YOURS)
                return party._direct(act, now)
            case never:
                assert_never(never)

    def check_photo(self, device: Device, player: PlayerNumber, digest: str) -> None:
        """Raise NotAllowed unless somebody may send a file now.

        Args:
            device: Where it comes from.
            player: Who sends it.
            digest: Of its bytes.
        """
        self._own(device, player)
        round_ = self.round
        if self.phase is not Phase.COLLECTING or self.paused or round_ is None:
            raise NotAllowed(Why.NOT_NOW)
        if not round_.side_of(player):
            raise NotAllowed(Why.NOT_NOW)
        if round_.photo_of(player) is not None:
            raise NotAllowed(Why.ALREADY)
        if digest in self.digests:
            raise NotAllowed(Why.SAME_FILE)

    def add_photo(
        self, device: Device, player: PlayerNumber, id_: str, digest: str, now: datetime
    ) -> Party:
        """Take somebody's photo.

        Args:
            device: Where it comes from.
            player: Who sends it.
            id_: The photo's.
            digest: Of its bytes.
            now: The time.

        Raises:
            NotAllowed: When it is none of theirs, too late, or not the first of its kind.
        """
        party = self.tick(now)
        party.check_photo(device, player, digest)
        assert party.round is not None
        photo = Photo(id_, player, party.round.side_of(player))
        round_ = replace(party.round, photos=(*party.round.photos, photo))
        party = replace(party, digests=party.digests | {digest})
        return party._with_round(round_)._hurried(now)

    def note_verdict(self, photo: str, verdict: Verdict, now: datetime) -> Party:
        """Note what the bot sees on a photo."""
        return self._changed(photo, lambda each: replace(each, verdict=verdict)).tick(now)

    def note_loss(self, photo: str, now: datetime) -> Party:
        """Note that the bot cannot look at a photo; while there is time, another may be sent."""
        round_ = self.round
        if self.phase is Phase.COLLECTING and round_ is not None:
            left = tuple(each for each in round_.photos if each.id != photo)
            return self._with_round(replace(round_, photos=left)).tick(now)
        return self._changed(photo, lambda each: replace(each, is_lost=True)).tick(now)

    def forgotten(self, device: Device, name: str) -> Party:
        """Take whoever played on a device out of the evening, by name and device.

        Args:
            device: The device.
            name: What to call them from now on.
        """
        players = tuple(
            replace(player, name=name, device="", is_gone=True)
            if player.device == device
            else player
            for player in self.players
        )
        away = {each: since for each, since in self.away.items() if each != device}
        screens = tuple(each for each in self.screens if each != device)
        left = replace(self, players=players, away=away, screens=screens)
        return left._with_a_host()

    # --- the acts ---

    def _join(self, device: Device, act: Join) -> Party:
        if self.phase is Phase.OVER:
            raise NotAllowed(Why.NOT_NOW)
        name = " ".join(act.name.split())
        key = name.casefold()
        if not name:
            raise NotAllowed(Why.NOT_NOW)
        known = next(
            (p for p in self.players if p.device == device and p.name.casefold() == key), None
        )
        if known is not None and not known.is_gone:
            return self
        if len(self.present) >= MOST_PLAYERS:
            raise NotAllowed(Why.FULL)
        taken = {player.colour for player in self.present}
        wished = [(act.colour + step) % COLOURS for step in range(COLOURS)]
        colour = next(each for each in wished if each not in taken)
        if known is not None:
            back = replace(known, colour=colour, is_gone=False)
            joined = self._with_players(back)
        else:
            new = Player(len(self.players) + 1, self._distinct(name), colour, device)
            joined = replace(self, players=(*self.players, new))
        return replace(joined, host=self.host or device)

    def _distinct(self, name: str) -> str:
        """Return a name that nobody else has: the second Mia is "Mia 2"."""
        taken = {player.name.casefold() for player in self.players}
        numbered, number = name, 1
        while numbered.casefold() in taken:
            number += 1
            numbered = f"{name} {number}"
        return numbered

    def _leave(self, device: Device, number: PlayerNumber) -> Party:
        player = self.player(number)
        if player is None or player.is_gone or self.phase is Phase.OVER:
            raise NotAllowed(Why.NOT_NOW)
        if player.device != device and not self.may_direct(device):
            raise NotAllowed(Why.NOT_YOURS)
        return self._with_players(replace(player, is_gone=True))._with_a_host()

    def _with_a_host(self) -> Party:
        """Return the evening with another host, if nobody plays on the host's phone any more."""
        if self.host is None or self.players_on(self.host):
            return self
        first = next(iter(self.present), None)
        return replace(self, host=first.device if first else None)

    def _direct(self, act: Start | Next | Pause | Resume | End | Again, now: datetime) -> Party:
        match act:
            case Start():
                return self._started(act, now)
            case Next() if self._is_going and self.paused is None:
                return self._after(now)
            case Pause() if self._is_going and self.paused is None:
                return replace(self, paused=now)
            case Resume() if self.paused is not None:
                return self._resumed(now)
            case End() if self.phase is not Phase.OVER:
                return self._over(now)
            case Again(id_) if self.phase is Phase.OVER:
                return self._again(id_, now)
            case _:
                raise NotAllowed(Why.NOT_NOW)

    def _started(self, act: Start, now: datetime) -> Party:
        if self.phase is not Phase.LOBBY or not act.prompts:
            raise NotAllowed(Why.NOT_NOW)
        if len(self.present) < FEWEST_PLAYERS:
            raise NotAllowed(Why.TOO_FEW)
        prompts = act.prompts[:MOST_ROUNDS]
        seconds = min(max(act.seconds, SECONDS[0]), SECONDS[1])
        started = replace(self, prompts=prompts, total=len(prompts), seconds=seconds)
        return started._next_round(now)

    def _again(self, id_: str, now: datetime) -> Party:
        players = tuple(
            replace(player, number=number, team=None)
            for number, player in enumerate(self.present, 1)
        )
        return replace(
            opened(id_, now),
            screens=self.screens,
            host=self.host,
            players=players,
            away=self.away,
            least=self.least,
        )

    def _answer(self, device: Device, act: Guess | Tell | Judge | Star) -> Party:
        """Take one answer; a later one of the same player takes its place while there is time."""
        self._own(device, act.player)
        round_, photo, by = self.round, self.photo, act.player
        if self.paused is not None or by not in self.asked() or round_ is None:
            raise NotAllowed(Why.NOT_NOW)
        teller = round_.prompt.goal.teller
        match act:
            case Guess(label=label) if self.phase is Phase.GUESSING and photo:
                changed = replace(photo, guesses={**photo.guesses, by: label})
            case Tell(label=label) if self.phase is Phase.JUDGING and photo:
                if teller is Teller.SENDER and by in photo.members:
                    changed = replace(photo, told=label)
                elif teller is Teller.OTHERS and by not in photo.members:
                    changed = replace(photo, votes={**photo.votes, by: label})
                else:
                    raise NotAllowed(Why.NOT_YOURS)
            case Judge(fair=fair) if self.phase is Phase.JUDGING and photo:
                if by in photo.members:
                    raise NotAllowed(Why.NOT_YOURS)
                changed = replace(photo, fair={**photo.fair, by: fair})
            case Star(photo=starred) if self.phase is Phase.STARRING:
                if starred not in {each.id for each in round_.to_star(by)}:
                    raise NotAllowed(Why.NOT_YOURS)
                return self._with_round(replace(round_, stars={**round_.stars, by: starred}))
            case _:
                raise NotAllowed(Why.NOT_NOW)
        return self._changed(photo.id, lambda _: changed)

    def _own(self, device: Device, number: PlayerNumber) -> None:
        player = self.player(number)
        if player is None or player.is_gone or player.device != device:
            raise NotAllowed(Why.NOT_YOURS)

    # --- how it goes on ---

    @property
    def _is_going(self) -> bool:
        return self.phase not in (Phase.LOBBY, Phase.OVER)

    def _begun(self, phase: Phase, now: datetime, lasting: timedelta) -> Party:
        return replace(self, phase=phase, since=now, until=now + lasting, paused=None)

    def _after(self, now: datetime) -> Party:
        """Return what follows the phase."""
        match self.phase:
            case Phase.LOBBY | Phase.OVER:
                return self._over(now)
            case Phase.PROMPT:
                return self._begun(Phase.COLLECTING, now, timedelta(seconds=self.seconds))
            case Phase.COLLECTING:
                return self._revealed(0, now)
            case Phase.GUESSING:
                return self._looking(now)
            case Phase.LOOKING:
                return self._begun(Phase.JUDGING, now, JUDGING_TIME)
            case Phase.JUDGING:
                assert self.photo is not None
                settled = self._changed(self.photo.id, lambda each: replace(each, is_settled=True))
                return settled._begun(Phase.TOLD, now, TOLD_TIME)
            case Phase.TOLD:
                return self._revealed(self.shown + 1, now)
            case Phase.STARRING:
                return self._begun(Phase.SCORING, now, SCORING_TIME)
            case Phase.SCORING:
                return self._next_round(now) if self.prompts else self._over(now)
            case never:
                assert_never(never)

    def _revealed(self, number: int, now: datetime) -> Party:
        """Reveal the next photo of the round that is not lost; after the last, give stars."""
        assert self.round is not None
        photos = self.round.photos
        while number < len(photos) and photos[number].is_lost:
            number += 1
        if number < len(photos):
            return replace(self, shown=number)._begun(Phase.GUESSING, now, GUESSING_TIME)
        starring = replace(self, shown=0)._begun(Phase.STARRING, now, STARRING_TIME)
        # With one photo there is nothing to choose.
        if sum(photo.may_have_stars for photo in photos) > 1 and starring.asked():
            return starring
        return self._begun(Phase.SCORING, now, SCORING_TIME)

    def _looking(self, now: datetime) -> Party:
        """Have the bot look; wait a little for a verdict that is not there."""
        photo = self.photo
        assert photo is not None
        if photo.verdict is not None and not photo.is_lost:
            return self._begun(Phase.LOOKING, now, LOOKING_TIME)
        if photo.is_lost or now - self.since >= VERDICT_WITHIN:
            lost = self._changed(photo.id, lambda each: replace(each, is_lost=True))
            return lost._revealed(self.shown + 1, now)
        return replace(self, until=now + VERDICT_AGAIN)

    def _next_round(self, now: datetime) -> Party:
        if not self.present:
            return self._over(now)
        party = self._teamed()
        prompt, *rest = party.prompts
        round_ = Round(prompt, tuple(_sides(party.present)))
        party = replace(party, prompts=tuple(rest), rounds=(*party.rounds, round_), shown=0)
        return party._begun(Phase.PROMPT, now, PROMPT_TIME)

    def _teamed(self) -> Party:
        """Return the evening with everybody in a team, once they are too many to play alone."""
        if not self.is_in_teams and len(self.present) <= MOST_SIDES:
            return self
        count = max((player.team or 0 for player in self.players), default=0)
        count = count or min(MOST_SIDES, (len(self.present) + 1) // 2)
        sizes = Counter(player.team for player in self.present if player.team is not None)
        players = []
        for player in self.players:
            if player.team is None and not player.is_gone:
                team = min(range(1, count + 1), key=lambda each: (sizes[each], each))
                sizes[team] += 1
                player = replace(player, team=team)
            players.append(player)
        return replace(self, players=tuple(players))

    def _over(self, now: datetime) -> Party:
        return replace(self, phase=Phase.OVER, since=now, until=now, paused=None)

    def _resumed(self, now: datetime) -> Party:
        assert self.paused is not None
        stood = now - self.paused
        return replace(self, since=self.since + stood, until=self.until + stood, paused=None)

    def _hurried(self, now: datetime) -> Party:
        """Return the evening with the phase about to end, if nobody is waited for any more."""
        if self.paused is not None:
            return self
        there = [
            number
            for number in self.asked()
            if (player := self.player(number)) and self.is_there(player, now)
        ]
        if not there or not all(map(self.has_answered, there)):
            return self
        soon = max(now + GRACE, self.since + self.least)
        return replace(self, until=min(self.until, soon))

    # --- the parts ---

    def _with_round(self, round_: Round) -> Party:
        return replace(self, rounds=(*self.rounds[:-1], round_))

    def _with_players(self, *changed: Player) -> Party:
        by_number = {player.number: player for player in changed}
        players = tuple(by_number.get(player.number, player) for player in self.players)
        return replace(self, players=players)

    def _changed(self, photo: str, change: Callable[[Photo], Photo]) -> Party:
        """Return the evening with a photo of the round changed; as it is if there is none."""
        if self.round is None:
            return self
        photos = tuple(change(each) if each.id == photo else each for each in self.round.photos)
        return self._with_round(replace(self.round, photos=photos))


def opened(id_: str, now: datetime) -> Party:
    """Return an evening that waits for its players.

    Args:
        id_: Tells it from all others.
        now: The time.
    """
    return Party(id_, Phase.LOBBY, now, now + LOBBY_TIME)


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
