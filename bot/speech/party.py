"""Sentences of a party night: what everybody is to photograph, how it stands, how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from bot.domain import BotScore, Label, Verdict
from bot.speech.translations import Sentences, clean_name


class PartySentences(Sentences):
    """The sentences of a party night, in one language."""

    def prompt(self, key: str) -> str:
        """Return what everybody is to photograph; empty for a prompt that is no more.

        Args:
            key: The prompt's, of `bot/game/party_prompts.py`.
        """
        return self.prompts.get(key, "")

    @cached_property
    def prompts(self) -> Mapping[str, str]:
        """All prompts by key."""
        return {
            # Translators: from here on, what a family is asked to photograph in an evening's game,
            # large on a screen and read aloud; "me" is the bot. Short, for children of six to ten.
            "home-olaf": self._("Find something at home that I take for Olaf"),
            "home-yeti": self._("Find something at home that I take for a yeti"),
            "home-sock-olaf": self._("Make me see Olaf in a sock"),
            "home-pillow-yeti": self._("Make me see a yeti in a pillow"),
            "home-face-olaf": self._("Make me take your own face for Olaf"),
            "home-hair-yeti": self._("Make me take somebody's hair for a yeti"),
            "home-paper-roll": self._("Make me see Olaf in a roll of toilet paper"),
            "home-round": self._("Make me see Olaf in something round"),
            "home-shadow": self._("Make me see a yeti in a shadow"),
            "home-grown-up": self._("Dress up a grown-up so that I see Olaf"),
            "home-blanket": self._("Make me see a yeti in a blanket"),
            "home-bathroom": self._("Make me see Olaf in the bathroom"),
            "home-ugliest": self._("Fool me with the oddest thing in this room"),
            "home-white": self._("Fool me with something white"),
            "home-two-things": self._("Fool me with two things that don't belong together"),
            "home-anything": self._("Fool me with whatever you like"),
            "kitchen-olaf": self._("Make me see Olaf in the kitchen"),
            "kitchen-yeti": self._("Make me see a yeti in the kitchen"),
            "kitchen-vegetable": self._("Make me see Olaf in a fruit or a vegetable"),
            "kitchen-plate": self._("Lay an Olaf on a plate, so that I recognise him"),
            "kitchen-crumbs": self._("Make a yeti out of crumbs or rice, so that I recognise it"),
            "kitchen-cups": self._("Make me see Olaf in cups and bowls"),
            "kitchen-fridge": self._("Make me see a yeti in the fridge"),
            "kitchen-spoons": self._("Lay an Olaf out of spoons and forks that I recognise"),
            "kitchen-leftovers": self._("Fool me with something to eat"),
            "drawing-olaf": self._("Draw an Olaf that I recognise"),
            "drawing-yeti": self._("Draw a yeti that I recognise"),
            "drawing-closed-eyes": self._("Draw an Olaf with closed eyes that I still recognise"),
            "drawing-wrong-hand": self._("Draw a yeti with the wrong hand that I still recognise"),
            "drawing-one-line": self._("Draw an Olaf in a single line that I recognise"),
            "drawing-tiny": self._("Draw a yeti as small as a coin that I recognise"),
            "drawing-hidden-olaf": self._("Draw an Olaf and hide him so well that I miss him"),
            "drawing-hidden-yeti": self._("Draw a yeti and hide it so well that I miss it"),
            "drawing-noseless": self._("Draw an Olaf so odd that I don't know him"),
            "drawing-friendly-yeti": self._("Draw a yeti so friendly that I don't know it"),
            "drawing-animal": self._("Draw an animal that I take for Olaf"),
            "drawing-finger": self._("Draw an Olaf on a finger, so that I recognise him"),
            "toys-olaf": self._("Make me see Olaf in a toy"),
            "toys-yeti": self._("Make me see a yeti in a toy"),
            "toys-cuddly": self._("Make me take a cuddly toy for a yeti"),
            "toys-built-olaf": self._("Build an Olaf out of toys, so that I recognise him"),
            "toys-built-yeti": self._("Build a yeti out of toys, so that I recognise it"),
            "toys-car": self._("Fool me with something on wheels"),
            "toys-crowd": self._("Fool me with a crowd of toys"),
            "outside-olaf": self._("Find something outside that I take for Olaf"),
            "outside-yeti": self._("Find something outside that I take for a yeti"),
            "outside-ground": self._("Lay an Olaf out of what lies on the ground outside"),
            "outside-window": self._("Fool me with what you see from the window"),
        }

    def not_allowed(self, why: str) -> str:
        """Return the sentence for somebody who cannot do something in a party night.

        Args:
            why: A `bot.game.party_acts.Why`.
        """
        return {
            # Translators: from here on, why a tap or a photo changes nothing in an evening's game.
            "not_now": self._("That moment has just melted away."),
            "not_yours": self._("That one is for somebody else to tap."),
            "same_file": self._("I have seen this very picture tonight. Take another one!"),
            "already": self._("I have your photo already."),
            "full": self._("The sledge is full: twelve can play."),
            "too_few": self._("It takes two to play. Who else comes in?"),
        }[why]

    def bot_line(self, bot: BotScore) -> str:
        """Return what the bot says beside the points."""
        if not bot.judged and bot.shown:
            # Translators: of {shown} photos that were made for the bot to recognise somebody on
            # them, it did so on {recognised}.
            told = self.ngettext(
                "I recognised {recognised} of {shown} photo.",
                "I recognised {recognised} of {shown} photos.",
                bot.shown,
            )
            recognised, shown = map(self._text.number, (bot.recognised, bot.shown))
            return told.format(recognised=recognised, shown=shown)
        if not bot.judged:
            return self._("I have seen nothing yet. Show me something!")
        if not bot.fooled:
            return self._("Nobody has fooled me so far. I have eyes of coal!")
        if bot.fooled == bot.judged:
            return self._("You fooled me every time. I need new glasses!")
        # Translators: {judged} photos were shown, and the bot was wrong about {fooled} of them.
        told = self.ngettext(
            "You fooled me with {fooled} of {judged} photo.",
            "You fooled me with {fooled} of {judged} photos.",
            bot.judged,
        )
        fooled, judged = map(self._text.number, (bot.fooled, bot.judged))
        return told.format(fooled=fooled, judged=judged)

    def title(self) -> str:
        """Return the game's name."""
        # Translators: the name of an evening's game: a family in the living room against the bot.
        return self._("Party night")

    def winners(self, names: Sequence[str]) -> str:
        """Return who has won; nobody where nobody has any points."""
        if not names:
            return self._("No points tonight, and it was fun all the same!")
        won = self.ngettext("{names} wins!", "{names} win!", len(names))
        return won.format(names=self._text.people(names))

    def photo_caption(self, name: str, verdict: Verdict) -> str:
        """Return what is written under one of the evening's best photos."""
        label = self._text.label(verdict.call)
        if verdict.call is Label.NEITHER:
            # Translators: under a photo of {name}'s: what the bot called out.
            told = self._("{name}: “{label}!”")
            return told.format(name=self._text.name(name), label=label)
        # Translators: under a photo of {name}'s: what the bot called out, and how sure it was.
        return self._("{name}: “{label}! {percent}”").format(
            name=self._text.name(name),
            label=label,
            percent=self._text.percentage(verdict.percent),
        )

    def over(self, names: Sequence[str], points: int, bot: BotScore) -> str:
        """Return what the room reads of an evening afterwards.

        Args:
            names: Who has won; nobody where nobody has any points.
            points: Theirs.
            bot: How the bot did.
        """
        if not names:
            return self._(
                "{title} is over. Nobody has any points, and it was fun all the same."
            ).format(title=self.title())
        # Translators: {winners} is such as "Mia wins!".
        told = self._("{title} is over. {winners} ({points}) {bot}")
        return told.format(
            title=self.title(),
            winners=self.winners(names),
            points=self._text.points(points),
            bot=self.bot_line(bot),
        )

    def place(self, medal: str, name: str, points: int) -> str:
        """Return somebody's place on the podium.

        Args:
            medal: Stands for the place.
            name: Theirs.
            points: Theirs.
        """
        # Translators: such as "🥇 Mia: 117 points".
        return self._("{medal} {name}: {points}").format(
            medal=medal, name=clean_name(name), points=self._text.points(points)
        )

    # --- in a chat, one message a phase ---

    def lobby(self, names: Sequence[str]) -> str:
        """Return the invitation to an evening.

        Args:
            names: Who is in so far.
        """
        told = [
            # Translators: begins an evening's game in a chat, above a button "I'm in!".
            self._("Party night! It's all of you against me."),
            self._(
                "I call out a task, everyone sends a photo, and the others guess what I'll say."
            ),
        ]
        if names:
            told.append(self._("In so far: {names}").format(names=self._text.people(names)))
        return "\n".join(told)

    def lobby_closed(self, names: Sequence[str]) -> str:
        """Return what becomes of the invitation once the evening has begun."""
        begun = self._("Party night is on! Against me play: {names}")
        return begun.format(names=self._text.people(names))

    def called_off(self) -> str:
        """Return what becomes of the invitation to an evening that is ended before it begins."""
        return self._("No party tonight, then. I'll keep the snow cold for you.")

    def join_button(self) -> str:
        """Return the label of the button by which somebody takes part."""
        return self._("I'm in!")

    def start_button(self, minutes: int) -> str:
        """Return the label of the button that starts an evening of so many minutes."""
        start = self.ngettext("Go! {minutes} minute", "Go! {minutes} minutes", minutes)
        return start.format(minutes=minutes)

    def send_button(self) -> str:
        """Return the label of the button that opens a form with a place for a photo."""
        # Translators: on a button; at most 45 characters.
        return self._("Send my photo")

    def fair_button(self, *, fair: bool) -> str:
        """Return the label of the button by which somebody says whether a photo was fair."""
        # Translators: on a button: a photo was fair play, or it was not.
        return self._("Fair") if fair else self._("Not fair")

    def task(self, number: int, total: int, prompt: str) -> str:
        """Return what everybody is to photograph, above how to send it.

        Args:
            number: The round's.
            total: How many there will be.
            prompt: The task.
        """
        told = self._("Round {number} of {total}: {task}")
        return told.format(number=number, total=total, task=prompt)

    def send_how(self, seconds: int) -> str:
        """Return how to send a photo in Telegram, and how long there is for it."""
        return self.ngettext(
            "Reply to this message with one photo. {number} second left!",
            "Reply to this message with one photo. {number} seconds left!",
            seconds,
        ).format(number=seconds)

    def send_how_until(self, moment: str) -> str:
        """Return how to send a photo in Discord, which counts down by itself.

        Args:
            moment: Discord's own relative time, which reads such as `in 30 seconds`.
        """
        # Translators: {moment} becomes "in 30 seconds", written by Discord.
        told = self._("Send one photo by the button, or in reply to this message. I look {moment}.")
        return told.format(moment=moment)

    def teams(self) -> str:
        """Return the sentence above the teams, when there are more than six players."""
        return self._("You're so many that you play in teams, with one photo each:")

    def team(self, number: int, names: Sequence[str]) -> str:
        """Return who is in a team."""
        told = self._("Team {number}: {names}")
        return told.format(number=number, names=self._text.people(names))

    def ready(self, names: Sequence[str]) -> str:
        """Return whose photo is there."""
        # Translators: a list of those who have sent their photo.
        return self._("Ready: {names}").format(names=self._text.people(names))

    def awaited(self, names: Sequence[str]) -> str:
        """Return whose photo is not there yet."""
        # Translators: a list of those who are still looking for something to photograph.
        return self._("Still on the hunt: {names}").format(names=self._text.people(names))

    def rested(self, names: Sequence[str]) -> str:
        """Return the kind sentence about those who sent nothing in time."""
        told = self.ngettext(
            "{names} takes a little rest this round.",
            "{names} take a little rest this round.",
            len(names),
        )
        return told.format(names=self._text.people(names))

    def no_photos(self) -> str:
        """Return the sentence for a round in which nobody sent anything."""
        return self._("No photo came this time. On we go!")

    def shown(self, number: int, photos: int, names: Sequence[str]) -> str:
        """Return whose photo is revealed.

        Args:
            number: The photo's.
            photos: How many there are in the round.
            names: Who sent it: one, or a team.
        """
        if photos < 2:
            return self._("A photo by {names}").format(names=self._text.people(names))
        told = self._("Photo {number} of {photos}, by {names}")
        return told.format(number=number, photos=photos, names=self._text.people(names))

    def neither(self) -> str:
        """Return what the bot calls out when it sees neither of the two."""
        # Translators: what the bot calls out about a photo; {label} is the word on a button.
        return self._("{label}!").format(label=self._text.label(Label.NEITHER))

    def judge_for(self, names: Sequence[str]) -> str:
        """Return the question whether a photo was fair, where the task says what is on it."""
        asked = self._("Was that fair play? All may say so, but for {names}.")
        return asked.format(names=self._text.people(names))

    def tell_and_judge(self, names: Sequence[str]) -> str:
        """Return the question to the senders what it was, and to the others whether it was fair."""
        asked = self.ngettext(
            "{names}, who was it really? And the others: was it fair play?",
            "{names}, who was it really? And the others: was it fair play?",
            len(names),
        )
        return asked.format(names=self._text.people(names))

    def vote_and_judge(self, names: Sequence[str]) -> str:
        """Return the question to all but the senders what it was, and whether it was fair."""
        asked = self._("Who was it really, and was it fair play? All may say so, but for {names}.")
        return asked.format(names=self._text.people(names))

    def truth(self, label: Label | None) -> str:
        """Return what was on a photo; None is for what nobody knows."""
        if label is None:
            return self._("What it really was, nobody knows.")
        return {
            # Translators: from here on, who was on a photo, once the sender has said so.
            Label.OLAF: self._("It was Olaf."),
            Label.ABOMINABLE: self._("It was a yeti."),
            Label.NEITHER: self._("It was neither of the two."),
        }[label]

    def fairness(self) -> str:
        """Return what is not fair, for those who hear of it for the first time."""
        return self._(
            "Not fair: a picture from a screen, or a covered lens. "
            "If most of you say so, the photo brings nothing."
        )

    def unfair(self) -> str:
        """Return the sentence for a photo that most call unfair."""
        return self._("Most of you say it wasn't fair play, so it brings nothing.")

    def reached(self, names: Sequence[str], points: int) -> str:
        """Return the sentence for a photo that did what was asked.

        Args:
            names: Who sent it.
            points: What each of them gets.
        """
        told = self.ngettext(
            "Well done! {points} for {names}.", "Well done! {points} each for {names}.", len(names)
        )
        return told.format(points=self._text.points(points), names=self._text.people(names))

    def tricked(self, names: Sequence[str], points: int) -> str:
        """Return the sentence for a photo that fooled the bot otherwise than asked.

        Args:
            names: Who sent it.
            points: What each of them gets.
        """
        told = self.ngettext(
            "You fooled me, though not as asked! {points} for {names}.",
            "You fooled me, though not as asked! {points} each for {names}.",
            len(names),
        )
        return told.format(points=self._text.points(points), names=self._text.people(names))

    def missed(self) -> str:
        """Return the sentence for a photo that did not do what was asked."""
        return self._("Not this time. A lovely try!")

    def star_ask(self) -> str:
        """Return the question for the bravest photo, above a button for each."""
        return self._("Whose photo was the bravest? One star from each of you, not for your own.")

    def starred(self, names: Sequence[str]) -> str:
        """Return who got the most stars."""
        told = self.ngettext("Bravest photo: {names}", "Bravest photos: {names}", len(names))
        return told.format(names=self._text.people(names))

    def scores(self, number: int, total: int) -> str:
        """Return the title of the points after a round."""
        return self._("After round {number} of {total}").format(number=number, total=total)

    def joined(self) -> str:
        """Return the notice for somebody who is in from the start."""
        return self._("You're in!")

    def joined_late(self) -> str:
        """Return the notice for somebody who comes while a round is on."""
        return self._("You're in from the next round on!")

    def joined_before(self) -> str:
        """Return the notice for somebody who was in already."""
        return self._("You're in already.")

    def not_in(self) -> str:
        """Return the notice for somebody who taps without taking part."""
        return self._("You're not playing yet. Tap “I'm in!” under the task.")

    def noted(self) -> str:
        """Return the notice for a tap that counts; it can be changed while there is time."""
        return self._("Noted!")

    def photo_taken(self) -> str:
        """Return the notice for somebody whose photo is there."""
        return self._("I've got it. Not a word to anyone!")

    def only_in_groups(self) -> str:
        """Return the answer to who asks for an evening where nobody else is."""
        return self._("A party takes more than the two of us. Try /party in a group!")

    def is_on(self) -> str:
        """Return the answer to who asks for an evening while there is one."""
        return self._("Party night is on already. To end it: /party stop")

    def none_is_on(self) -> str:
        """Return the answer to who wants to end an evening while there is none."""
        return self._("There's no party to stop. To start one: /party")

    def host_stops(self) -> str:
        """Return the answer to who may not end an evening."""
        return self._("Whoever started the party can end it, and so can an admin.")
