"""A party night as a chat reads it: one message for the lobby, each task, each photo, the points.

Each is drawn from the evening's state alone, so that it may be drawn again at any moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain import Button, Label, Refusal
from bot.game.party import Party, Phase
from bot.game.party_prompts import Teller
from bot.game.party_rounds import Photo, PlayerNumber, Round
from bot.game.party_scoring import (
    GUESS_POINTS,
    bot_score,
    is_reached,
    photo_points,
    standings,
    totals,
    winners,
)
from bot.services.buttons import (
    AskForPhoto,
    GuessAtParty,
    JoinParty,
    JudgeAtParty,
    StarAtParty,
    StartParty,
    TellAtParty,
    button,
)
from bot.services.ports import Traits
from bot.speech import Speaker

# How long an evening may be, as its host chooses.
MINUTES = (10, 20)
# So many names fit side by side.
IN_A_ROW = 3
MEDALS = {1: "🥇", 2: "🥈", 3: "🥉"}

Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """One message of an evening, as it reads by now.

    Attributes:
        key: Tells it from the evening's others.
        text: The words.
        buttons: Rows of them.
        picture: The name of the evening's picture that goes with it, when it is sent.
        is_current: Whether it is worth sending if it is not there yet.
        sound: Whether phones make a sound for it.
        is_counting: Whether it reads otherwise as time goes by.
    """

    key: str
    text: str
    buttons: Rows = ()
    picture: str | None = None
    is_current: bool = False
    sound: bool = False
    is_counting: bool = False


def draw(party: Party, speaker: Speaker, traits: Traits, now: datetime) -> Iterator[Screen]:
    """Yield the messages that may have to be sent or edited by now, in their order.

    Args:
        party: The evening.
        speaker: The room's sentences.
        traits: What the platform can do.
        now: The time.
    """
    if len(party.rounds) <= 1:
        yield _lobby(party, speaker)
    if party.round is not None:
        drawn = _Drawn(party, party.round, speaker)
        yield drawn.task(traits, now)
        yield from drawn.reveals(traits)
        yield from drawn.points()
    if party.phase is Phase.OVER and party.rounds:
        yield Screen("over", _over(party, speaker), picture="evening", is_current=True)


def _lobby(party: Party, speaker: Speaker) -> Screen:
    names = [player.name for player in party.present]
    if party.phase is not Phase.LOBBY:
        has_begun = bool(party.rounds)
        text = speaker.party.lobby_closed(names) if has_begun else speaker.party.called_off()
        return Screen("lobby", text)
    join = button(speaker.party.join_button(), JoinParty(party.id))
    starts = tuple(
        button(speaker.party.start_button(minutes), StartParty(party.id, minutes))
        for minutes in MINUTES
    )
    return Screen("lobby", speaker.party.lobby(names), ((join,), starts), is_current=True)


def _over(party: Party, speaker: Speaker) -> str:
    places = standings(party, party.rounds)
    names = {player.number: player.name for player in party.players}
    won = [names[number] for number in winners(party)]
    lines = [speaker.party.over(won, places[0].points if won else 0, bot_score(party.rounds))]
    if not won:
        return lines[0]
    for each in places:
        medal = MEDALS.get(each.rank, f"{each.rank}.") if each.points else "⛄"
        lines.append(speaker.party.place(medal, names[each.player], each.points))
    return "\n".join(lines)


class _Drawn:
    """The messages of one round."""

    def __init__(self, party: Party, round_: Round, speaker: Speaker) -> None:
        self._party = party
        self._round = round_
        self._speaker = speaker
        self._say = speaker.party
        self._number = len(party.rounds)

    def task(self, traits: Traits, now: datetime) -> Screen:
        """Return the message with the task, and who has sent a photo."""
        party, say = self._party, self._say
        lines = [say.task(self._number, party.total, say.prompt(self._round.prompt.key))]
        if party.is_in_teams:
            lines.append(say.teams())
            lines += [say.team(n, self._names(s)) for n, s in enumerate(self._round.sides, 1)]
        sent = [n for side in self._round.sides if self._round.photo_of(side[0]) for n in side]
        out = [number for number in self._round.players if number not in sent]
        key = f"{self._number}"
        if party.phase is Phase.OVER and not any(p.is_settled for p in self._round.photos):
            return Screen(key, lines[0])
        if party.phase not in (Phase.PROMPT, Phase.COLLECTING):
            lines += [say.ready(self._names(sent))] if sent else [say.no_photos()]
            lines += [say.rested(self._names(out))] if out and sent else []
            return Screen(key, "\n".join(lines))
        if traits.time_mark is not None:
            lines.append(say.send_how_until(traits.time_mark(party.until)))
        else:
            left = (party.until - now).total_seconds()
            lines.append(say.send_how(max(1, round(left))))
        lines += [say.ready(self._names(sent))] if sent else []
        lines += [say.awaited(self._names(out))] if out else []
        join = button(say.join_button(), JoinParty(party.id))
        send = button(say.send_button(), AskForPhoto())
        buttons = (send, join) if traits.has_forms else (join,)
        return Screen(
            key,
            "\n".join(lines),
            (buttons,),
            is_current=True,
            sound=True,
            is_counting=not traits.counts_down,
        )

    def reveals(self, traits: Traits) -> Iterator[Screen]:
        """Yield the message of each photo that was revealed, or is."""
        party = self._party
        if party.phase in (Phase.PROMPT, Phase.COLLECTING):
            return
        total = sum(not photo.is_lost for photo in self._round.photos)
        number = 0
        for photo in self._round.photos:
            number += not photo.is_lost
            shown = self._say.shown(number, total, self._names(photo.members))
            key, is_shown = f"{self._number}.{photo.id[:8]}", photo is party.photo
            if photo.is_lost:
                yield Screen(key, self._speaker.photos.refusal(Refusal.FAULT))
            elif photo.is_settled:
                yield Screen(key, f"{shown}\n{self._told(photo)}", picture=photo.id)
            elif is_shown and party.phase is Phase.GUESSING:
                yield self._guessing(key, shown, photo, traits)
            elif is_shown and photo.verdict is not None:
                yield self._judging(key, shown, photo)
            elif party.phase is Phase.OVER:
                yield Screen(key, shown)

    def _guessing(self, key: str, shown: str, photo: Photo, traits: Traits) -> Screen:
        say = self._speaker.rounds
        until, since = self._party.until, self._party.since
        if traits.time_mark is not None:
            asked = say.guess_open_until(traits.time_mark(until), [])
        else:
            asked = say.guess_open(round((until - since).total_seconds()), [])
        guesses = tuple(
            button(self._speaker.text.label(label), GuessAtParty(photo.id, label))
            for label in Label
        )
        text = f"{shown}\n{asked}"
        return Screen(key, text, (guesses,), picture=photo.id, is_current=True)

    def _judging(self, key: str, shown: str, photo: Photo) -> Screen:
        teller, names = self._round.prompt.goal.teller, self._names(photo.members)
        ask = {
            Teller.PROMPT: self._say.judge_for,
            Teller.SENDER: self._say.tell_and_judge,
            Teller.OTHERS: self._say.vote_and_judge,
        }[teller]
        labels = tuple(
            button(self._speaker.text.label(label), TellAtParty(photo.id, label)) for label in Label
        )
        fair = tuple(
            button(self._say.fair_button(fair=fair), JudgeAtParty(photo.id, fair))
            for fair in (True, False)
        )
        rows = (fair,) if teller is Teller.PROMPT else (labels, fair)
        lines = [shown, self._call(photo), ask(names)]
        if self._number == 1:
            lines.append(self._say.fairness())
        return Screen(key, "\n".join(lines), rows, picture=photo.id, is_current=True)

    def _told(self, photo: Photo) -> str:
        """Return what the bot said, who knew that, what it was, and what that brings."""
        lines = [self._call(photo), self._say.truth(photo.truth(self._round.prompt))]
        if photo.is_unfair:
            lines.append(self._say.unfair())
        elif points := photo_points(self._round, photo):
            has_done_it = is_reached(self._round, photo)
            praise = self._say.reached if has_done_it else self._say.tricked
            lines.append(praise(self._names(photo.members), points))
        else:
            lines.append(self._say.missed())
        return "\n".join(lines)

    def _call(self, photo: Photo) -> str:
        verdict = photo.verdict
        if verdict is None:
            return ""
        if verdict.call is Label.NEITHER:
            call = self._say.neither()
        else:
            call = self._speaker.photos.heatmap_answer(verdict)
        if not photo.guesses:
            return call
        knew = [player for player, label in photo.guesses.items() if label is verdict.call]
        return f"{call}\n{self._speaker.rounds.guessed(self._names(knew), GUESS_POINTS)}"

    def points(self) -> Iterator[Screen]:
        """Yield the message that asks for stars and then has the points."""
        party, say, key = self._party, self._say, f"{self._number}.points"
        if party.phase is Phase.STARRING:
            stars = [
                button(self._listed(photo.members), StarAtParty(photo.id))
                for photo in self._round.photos
                if photo.may_have_stars
            ]
            starts = range(0, len(stars), IN_A_ROW)
            rows = tuple(tuple(stars[at : at + IN_A_ROW]) for at in starts)
            yield Screen(key, say.star_ask(), rows, is_current=True)
        elif party.phase in (Phase.SCORING, Phase.OVER):
            is_current = party.phase is Phase.SCORING
            yield Screen(key, self._scores(), is_current=is_current)

    def _scores(self) -> str:
        party, say = self._party, self._say
        lines = [say.scores(self._number, party.total)]
        names = {player.number: player.name for player in party.players}
        gained = totals([self._round])
        for each in standings(party, party.rounds):
            place = self._speaker.standings.place(each.rank, [names[each.player]], each.points)
            gain = gained[each.player]
            lines.append(f"{place} (+{gain})" if gain else place)
        stars = Counter(self._round.stars.values())
        most = max(stars.values(), default=0)
        bravest = [p for p in self._round.photos if most and stars[p.id] == most]
        if bravest:
            lines.append(say.starred([n for p in bravest for n in self._names(p.members)]))
        bot = bot_score(party.rounds)
        return "\n".join([*lines, say.bot_line(bot)])

    def _names(self, numbers: Sequence[PlayerNumber]) -> list[str]:
        names = {player.number: player.name for player in self._party.players}
        return [names[number] for number in numbers if number in names]

    def _listed(self, numbers: Sequence[PlayerNumber]) -> str:
        return self._speaker.text.people(self._names(numbers))
