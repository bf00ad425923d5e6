"""Sentences of a round: the truth, points, objections, guesses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bot.domain import Label
from bot.speech.translations import Sentences, clean_name

# Why a player gets half the points.
Half = Literal["neither", "doubt"]


class RoundSentences(Sentences):
    """The sentences of a round, in one language."""

    def truth_button(self, label: Label) -> str:
        """Return the label of the button with which a player tells who is on the photo."""
        return {
            # Translators: buttons; the player tells the bot who is really on the photo.
            Label.OLAF: self._("It's Olaf"),
            Label.ABOMINABLE: self._("It's Abominable"),
            Label.NEITHER: self._("It's neither"),
        }[label]

    def objection_button(self) -> str:
        """Return the label of the button for those who do not believe the truth that was told."""
        # Translators: as in a court room; a button.
        return self._("Objection!")

    def told(self, name: str, label: Label) -> str:
        """Return the sentence that repeats to everyone the truth that somebody told."""
        return {
            Label.OLAF: self._("{name} says: it's Olaf."),
            Label.ABOMINABLE: self._("{name} says: it's the Abominable Snowman."),
            Label.NEITHER: self._("{name} says: it's neither of the two."),
        }[label].format(name=clean_name(name))

    def right(self, variant: int, *, neither: bool = False) -> str:
        """Return the sentence that says that the bot was right and has a point; it gloats a little.

        Args:
            variant: Any number that changes from round to round; it chooses among the sentences.
            neither: Whether it was right that the photo shows neither.
        """
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
        """Return the sentence that says that the bot was wrong and a player has points.

        Args:
            name: The player's.
            points: What the player gets.
            share: How sure the bot was, 0 to 1.
            variant: Any number that changes from round to round; it chooses among the sentences.
            half: Why the points are half of what they would have been, if so.
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
        """Return the sentence that says that a round does not count after all."""
        return self._("Objection sustained! This round doesn't count, for anyone.")

    def objected(self, missing: int) -> str:
        """Return the sentence that says that somebody objected, and how many more it takes."""
        return self.ngettext(
            "An objection! {number} more, and this round doesn't count.",
            "An objection! {number} more, and this round doesn't count.",
            missing,
        ).format(number=missing)

    def nothing_to_object_to(self) -> str:
        """Return the sentence for somebody who objects before the truth is told."""
        return self._("Nobody has told the truth yet, so there is nothing to object to.")

    def objected_before(self) -> str:
        """Return the sentence for somebody who objects twice."""
        return self._("You've objected already; once will do.")

    def objection_late(self) -> str:
        """Return the sentence for somebody who objects after the ten minutes for it."""
        return self._("Too late to object: that truth has frozen solid.")

    def objection_own(self) -> str:
        """Return the sentence for somebody who objects to the truth that they told themselves."""
        return self._("Objecting is for the others.")

    def not_your_photo(self) -> str:
        """Return the sentence for somebody who tells the truth of somebody else's photo."""
        return self._("Only whoever sent the photo may say who it is, or an admin.")

    def told_before(self) -> str:
        """Return the sentence for somebody who tells the truth when it is told already."""
        return self._("The truth is out already.")

    def round_over(self) -> str:
        """Return the sentence for somebody who tells the truth when the round is over."""
        return self._("That round is over. A day is as long as I can wait for the truth.")

    def played_before(self) -> str:
        """Return the sentence that says that a photo scores nothing because it was here before."""
        return self._("I've met that one here before, so it's just for fun: no points.")

    def shared_identity_scores_nothing(self) -> str:
        """Return the sentence that says that an anonymous admin or a channel scores nothing."""
        return self._("You're here in disguise, so I can't give you points. It's just for fun.")

    def shared_identity_cannot_tap(self) -> str:
        """Return the sentence for an anonymous admin or a channel, whose taps cannot count."""
        return self._("You're here in disguise. Come as yourself and play along!")

    def enough_for_today(self, rounds: int) -> str:
        """Return the sentence that says that more rounds of this day score nothing."""
        return self.ngettext(
            "That was {number} round for points today. The rest is just for fun until tomorrow!",
            "That was {number} rounds for points today. The rest is just for fun until tomorrow!",
            rounds,
        ).format(number=rounds)

    def guess_how(self) -> str:
        """Return the text that explains /guess, which came without a photo."""
        # Translators: "guess" stays as it is, or becomes one of the words in bot/game/captions.py.
        return self._(
            "Send a photo with the caption “guess”, or reply to one with /guess. "
            "Then everyone says what I'll say, before I say it."
        )

    def guess_open(self, seconds: int) -> str:
        """Return the question what the bot will answer, for above a button for each label."""
        return self.ngettext(
            "What will I say? Tap! You have {number} second.",
            "What will I say? Tap! You have {number} seconds.",
            seconds,
        ).format(number=seconds)

    def guess_noted(self, label: Label) -> str:
        """Return the sentence that confirms a guess."""
        # Translators: {guess} is "Olaf" or "Abominable".
        return self._("Noted: {guess}. My lips are frozen.").format(guess=self._text.label(label))

    def guess_own(self) -> str:
        """Return the sentence for somebody who guesses about their own photo."""
        return self._("It's your photo, so let the others guess.")

    def guessed_before(self) -> str:
        """Return the sentence for somebody who guesses twice."""
        return self._("You've guessed already, and what's said is said.")

    def guess_late(self) -> str:
        """Return the sentence for somebody who guesses when the bot has answered already."""
        return self._("Too late, I've had my look already!")

    def guessed(self, names: Sequence[str], points: int) -> str:
        """Return the sentence that names those who guessed right.

        Args:
            names: Theirs.
            points: What each of them gets.
        """
        if not names:
            # Translators: nobody guessed what the bot would say.
            return self._("Nobody saw that coming. I'm a snow person of mystery!")
        return self.ngettext(
            "{names} saw that coming: {points}!",
            "{names} saw that coming: {points} each!",
            len(names),
        ).format(names=self._text.people(names), points=self._text.points(points))
