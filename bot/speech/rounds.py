"""What the bot says in the game: the truth, points, objections, guesses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bot.domain import Label
from bot.speech.translations import Sentences, clean_name

Half = Literal["neither", "doubt"]


class RoundSentences(Sentences):
    """The sentences of a round, in one language.

    variant: any number; whoever calls takes care that it changes from round to round.
    """

    def truth_button(self, label: Label) -> str:
        """Label the button with which a player tells who is on the photo."""
        return {
            # Translators: buttons; the player tells the bot who is really on the photo.
            Label.OLAF: self._("It's Olaf"),
            Label.ABOMINABLE: self._("It's Abominable"),
            Label.NEITHER: self._("It's neither"),
        }[label]

    def objection_button(self) -> str:
        """Label the button for those who do not believe the truth that was told."""
        # Translators: as in a court room; a button.
        return self._("Objection!")

    def told(self, name: str, label: Label) -> str:
        """Repeat to everyone the truth that somebody told."""
        return {
            Label.OLAF: self._("{name} says: it's Olaf."),
            Label.ABOMINABLE: self._("{name} says: it's the Abominable Snowman."),
            Label.NEITHER: self._("{name} says: it's neither of the two."),
        }[label].format(name=clean_name(name))

    def right(self, variant: int, *, neither: bool = False) -> str:
        """Gloat a little: the bot was right and has a point."""
        # Translators: the bot was right; what it gloats is put before this.
        point = self._("A point for me!")
        if neither:
            # Translators: the bot had said that the photo looks like neither.
            said_so = self._("Neither of the two, just as I thought.")
            return f"{said_so} {point}"
        gloats = (
            # Translators: the bot was right and gloats a little. Be free, funny and kind.
            self._("I knew it! My carrot never lies."),
            self._("Called it! Excuse me while I do my snow dance."),
            self._("Too easy. Have you got anything harder?"),
            self._("Eyes of coal, sharp as icicles!"),
            self._("Right again. I'd clap, but then my arms fall off."),
            self._("You'll have to get up earlier than that, and I never sleep."),
        )
        return f"{gloats[variant % len(gloats)]} {point}"

    def fooled(
        self, name: str, points: int, share: float, variant: int, *, half: Half | None = None
    ) -> str:
        """Lose gracefully: the bot was wrong, sure of it by so much, and a player has points.

        half: why the points are half of what they would have been.
        """
        # Translators: {points} is such as "12 points".
        gained = self._("{points} for {name}!").format(
            points=self._text.points(points), name=clean_name(name)
        )
        losses = (
            # Translators: the bot was fooled. Be free and funny; the bot is a gracious loser.
            self._("You got me! And I was {percent} sure. I'll go and melt a little."),
            self._("Fooled! I'd blush, but it only makes me drip."),
            self._("I've been had, from my hat to my lowest snowball."),
            self._("Well played! I need to sit down in the freezer."),
            self._("Brr, that was cold of you. Brilliant, but cold!"),
            self._("I was {percent} sure! Now I'm sure of my carrot and nothing else."),
            self._("Hat off to you! Hang on, it's frozen to my head."),
        )
        lost = losses[variant % len(losses)].format(percent=self._text.percent(share))
        if half == "neither":
            # Translators: the photo shows neither; fooling the bot so counts for half the points.
            lost = self._("Neither of the two, and I fell for it! That counts half.")
        elif half == "doubt":
            # Translators: the bot had said that the photo looks like neither, and still was wrong.
            lost = self._("Fooled, though I had my doubts! That counts half.")
        return f"{lost} {gained}"

    def void(self) -> str:
        """Tell that a round does not count after all."""
        return self._("Objection sustained! This round doesn't count, for anyone.")

    def objected(self, missing: int) -> str:
        """Tell that somebody objected, and how many more it takes."""
        return self.ngettext(
            "An objection! {number} more, and this round doesn't count.",
            "An objection! {number} more, and this round doesn't count.",
            missing,
        ).format(number=missing)

    def nothing_to_object_to(self) -> str:
        """Tell a player who objects too early that no truth has been told."""
        return self._("Nobody has told the truth yet, so there is nothing to object to.")

    def objected_before(self) -> str:
        """Tell a player, who objects twice, that once is enough."""
        return self._("You've objected already; once will do.")

    def objection_late(self) -> str:
        """Tell a player that the ten minutes are over."""
        return self._("Too late to object: that truth has frozen solid.")

    def objection_own(self) -> str:
        """Tell a player who objects to the own truth that this is for others."""
        return self._("Objecting is for the others.")

    def not_your_photo(self) -> str:
        """Tell a player who may say the truth."""
        return self._("Only whoever sent the photo may say who it is, or an admin.")

    def told_before(self) -> str:
        """Tell a player that the truth is out."""
        return self._("The truth is out already.")

    def round_over(self) -> str:
        """Tell a player that the round has expired."""
        return self._("That round is over. A day is as long as I can wait for the truth.")

    def played_before(self) -> str:
        """Tell, under an answer, that the photo scores nothing because it was here before."""
        return self._("I've met that one here before, so it's just for fun: no points.")

    def nobody_in_particular(self) -> str:
        """Tell that an anonymous admin, a channel or a bot scores nothing."""
        return self._("You're here in disguise, so I can't give you points. It's just for fun.")

    def take_off_the_disguise(self) -> str:
        """Tell an anonymous admin or a channel that taps of theirs cannot count."""
        return self._("You're here in disguise. Come as yourself and play along!")

    def enough_for_today(self, rounds: int) -> str:
        """Tell that a player has played all rounds of the day that score."""
        return self.ngettext(
            "That was {number} round for points today. The rest is just for fun until tomorrow!",
            "That was {number} rounds for points today. The rest is just for fun until tomorrow!",
            rounds,
        ).format(number=rounds)

    def guess_how(self) -> str:
        """Say how to play 'call it first'."""
        # Translators: "guess" stays as it is, or becomes one of the words in bot/game/captions.py.
        return self._(
            "Send a photo with the caption “guess”, or reply to one with /guess. "
            "Then everyone says what I'll say, before I say it."
        )

    def guess_open(self, seconds: int) -> str:
        """Ask what the bot will say, above a button for each."""
        return self.ngettext(
            "What will I say? Tap! You have {number} second.",
            "What will I say? Tap! You have {number} seconds.",
            seconds,
        ).format(number=seconds)

    def guess_noted(self, label: Label) -> str:
        """Acknowledge a guess, to who made it."""
        # Translators: {guess} is "Olaf" or "Abominable".
        return self._("Noted: {guess}. My lips are frozen.").format(guess=self._text.label(label))

    def guess_own(self) -> str:
        """Tell a player that guessing about the own photo is for others."""
        return self._("It's your photo, so let the others guess.")

    def guessed_before(self) -> str:
        """Tell a player, who guesses twice, that the first guess counts."""
        return self._("You've guessed already, and what's said is said.")

    def guess_late(self) -> str:
        """Tell a player that the bot has looked already."""
        return self._("Too late, I've had my look already!")

    def guessed(self, names: Sequence[str], points: int) -> str:
        """Tell who guessed what the bot would say, and what each gets for it."""
        if not names:
            # Translators: nobody guessed what the bot would say.
            return self._("Nobody saw that coming. I'm a snow person of mystery!")
        return self.ngettext(
            "{names} saw that coming: {points}!",
            "{names} saw that coming: {points} each!",
            len(names),
        ).format(names=self._text.people(names), points=self._text.points(points))
