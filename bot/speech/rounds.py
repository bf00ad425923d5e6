"""Sentences of a round: the truth, points, praise, votes, guesses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bot.domain import Label, Voice
from bot.speech.translations import Sentences, clean_name

# What a round can come to; each has its own sentences.
Ending = Literal["right", "praise", "fooled", "neither_fooled"]
# A percentage is something to laugh about from here on.
SURE_ENOUGH_TO_LAUGH = 80
# More names than these are counted instead.
NAMES_SHOWN = 8


class RoundSentences(Sentences):
    """The sentences of a round, in one language.

    A `variant` is any number; it chooses among the `variants` of an ending.
    """

    def truth_ask(self) -> str:
        """Return the question who is on the photo, for above the buttons that tell the truth."""
        # Translators: the bot has answered; now the player tells with a button who it really is.
        return self._("And who is it really?")

    def truth_button(self, label: Label) -> str:
        """Return the label of the button with which a player tells who is on the photo."""
        return self._text.label(label)

    def change_button(self) -> str:
        """Return the label of the button that takes back what was told."""
        # Translators: a button for somebody who tapped the wrong one.
        return self._("Oops, undo")

    def confirm_button(self) -> str:
        """Return the label of the button that says that what was told is true."""
        # Translators: a button for another player, who saw that the truth was told.
        return self._("True!")

    def objection_button(self) -> str:
        """Return the label of the button for those who do not believe the truth that was told."""
        # Translators: as in a court room; a button.
        return self._("Objection!")

    def made_button(self) -> str:
        """Return the label of the button that says that a player made what is on the photo."""
        # Translators: a button: the player built or drew what is on the photo.
        return self._("I made it")

    def told(self, name: str, label: Label) -> str:
        """Return the sentence that repeats to everyone the truth that somebody told."""
        return {
            Label.OLAF: self._("{name} says: it's Olaf."),
            Label.ABOMINABLE: self._("{name} says: it's a yeti."),
            Label.NEITHER: self._("{name} says: it's neither of the two."),
        }[label].format(name=clean_name(name))

    def variants(self, ending: Ending) -> int:
        """Return how many ways there are to word an ending."""
        match ending:
            case "right":
                return min(len(self._gloats(voice)) for voice in Voice)
            case "praise":
                return len(self._praises())
            case "fooled":
                return min(len(self._losses(percent)) for percent in (50, SURE_ENOUGH_TO_LAUGH))
            case "neither_fooled":
                return len(self._overlooked())

    def right(self, variant: int, voice: Voice = Voice.SURE) -> str:
        """Return the sentence that says that the bot was right.

        Args:
            variant: Which of them.
            voice: How the verdict was spoken: whoever was not sure does not gloat, and what looked
                like neither was neither.
        """
        gloats = self._gloats(voice)
        return gloats[variant % len(gloats)]

    def _gloats(self, voice: Voice) -> tuple[str, ...]:
        """Return every sentence with which the bot is right."""
        if voice is Voice.SURE:
            return (
                # Translators: the bot was right and gloats a little. Be free, funny and kind.
                self._("I knew it! My carrot never lies."),
                self._("Called it! Excuse me while I do my snow dance."),
                self._("One for me! But that was a fine try."),
                self._("Eyes of coal, sharp as icicles!"),
                self._("Right again. I'd clap, but then my arms fall off."),
                self._("Not this time! The next photo may catch me napping."),
                self._("You nearly had me. I felt my hat slip!"),
            )
        if voice is Voice.UNSURE:
            return (
                # Translators: the bot was right but had not been sure. Be free, funny and kind.
                self._("Phew, right after all! My twigs were trembling."),
                self._("So my hunch was right. What a relief for my carrot!"),
                self._("Right, but that was close. You nearly had me!"),
                self._("I thought so, quietly, in my lowest snowball."),
                self._("Right, by the tip of my carrot!"),
                self._("Lucky me! That one made my coal eyes roll."),
            )
        return (
            # Translators: the bot had said that the photo looks like neither, and so it was.
            self._("Neither of the two, just as I thought."),
            self._("Ha, no snow person! You can't sell me that."),
            self._("Neither! I do know my friends."),
            self._("As I said: nobody from my snowdrift."),
            self._("Nice disguise, but not a flake of snow on it!"),
            self._("Neither it is. I'd have waved otherwise."),
        )

    def praise(self, name: str, points: int, variant: int) -> str:
        """Return the praise for somebody who made a snow person that the bot recognised.

        Args:
            name: The maker's.
            points: What the work brings; nothing is said of it when it is 0.
            variant: Which of them.
        """
        praises = self._praises()
        praise = praises[variant % len(praises)].format(name=clean_name(name))
        if not points:
            return praise
        # Translators: after words of praise for what a child made; {points} is "25 points".
        gained = self._("That's {points} for good work.").format(points=self._text.points(points))
        return f"{praise} {gained}"

    def _praises(self) -> tuple[str, ...]:
        """Return every praise."""
        return (
            # Translators: a child made a snow person, and the bot recognised it. Warm words for
            # the work. {name} is the child's; avoid words that need a gender.
            self._("What lovely work, {name}! I recognised my friend at once."),
            self._("Well made, {name}! I want to shake that snow person's hand."),
            self._("{name}, that is wonderful! How long did it take you?"),
            self._("Bravo, {name}! That belongs in a museum, in the cool room."),
            self._("{name}, you've made me a friend. Thank you!"),
            self._("I'm melting with joy, {name}! Every detail is just right."),
            self._("Nobody builds a snow person like you, {name}!"),
        )

    def fooled(self, name: str, points: int, worth: int, percent: int, variant: int) -> str:
        """Return the sentence that says that the bot was wrong and what a player has of it.

        Args:
            name: The player's.
            points: What the player gets.
            worth: What it would be as the best fooling of the day.
            percent: How sure the bot was, as it was shown.
            variant: Which of them.
        """
        return f"{self.lost(percent, variant)} {self._gained(name, points, worth)}"

    def lost(self, percent: int, variant: int) -> str:
        """Return the sentence, without points, that says that the bot was wrong.

        Args:
            percent: How sure the bot was, as it was shown.
            variant: Which of them.
        """
        losses = self._losses(percent)
        return losses[variant % len(losses)].format(percent=self._text.percentage(percent))

    def _losses(self, percent: int) -> tuple[str, ...]:
        """Return every sentence with which the bot loses."""
        losses = (
            # Translators: the bot was fooled. Be free and funny; the bot is a gracious loser.
            self._("Fooled! I'd blush, but it only makes me drip."),
            self._("I've been had, from my hat to my lowest snowball."),
            self._("Well played! I need to sit down in the freezer."),
            self._("Brr, that was cold of you. Brilliant, but cold!"),
            self._("Hat off to you! Hang on, it's frozen to my head."),
            self._("You got me! My carrot is pointing the wrong way."),
        )
        if percent < SURE_ENOUGH_TO_LAUGH:
            return losses
        return (
            # Translators: the bot was fooled although it had been sure; {percent} is "97%".
            self._("You got me! And I was {percent} sure. I'll go and melt a little."),
            *losses,
            self._("I was {percent} sure! Now I'm sure of my carrot and nothing else."),
        )

    def _gained(self, name: str, points: int, worth: int) -> str:
        """Return the sentence that says what a player gets."""
        if not points:
            # Translators: a player has fooled the bot often today; the first times counted.
            return self._(
                "Bravo, {name}! Your best three today count; this one is for fun."
            ).format(name=clean_name(name))
        # Translators: {points} is such as "12 points".
        gained = self._("{points} for {name}!").format(
            points=self._text.points(points), name=clean_name(name)
        )
        if points == worth:
            return gained
        # Translators: why a fooling brings less than it might: it is not the day's first or best.
        share = self._("The best fooling of the day counts in full, the next ones in part.")
        return f"{gained} {share}"

    def neither_fooled(
        self, name: str, points: int, worth: int | None = None, variant: int = 0
    ) -> str:
        """Return the sentence for a snow person that the bot took for neither.

        Args:
            name: The player's.
            points: What the player gets.
            worth: What it would be as the best fooling of the day; None for the same.
            variant: Which of them.
        """
        gained = self._gained(name, points, points if worth is None else worth)
        return f"{self.overlooked(variant)} {gained}"

    def overlooked(self, variant: int) -> str:
        """Return the sentence, without points, for a snow person that the bot took for neither."""
        said = self._overlooked()
        return said[variant % len(said)]

    def _overlooked(self) -> tuple[str, ...]:
        """Return every sentence for a snow person that the bot took for neither."""
        return (
            # Translators: the bot had said "neither", but it was a snow person. Free and funny.
            self._("A friend of mine, and I walked right past! Well hidden."),
            self._("That was one of us? What a disguise!"),
            self._("Oh! I must have had snow in my eyes. Well done!"),
            self._("I didn't know my own family! I'm blushing slush."),
            self._("Hidden from a snow person, in plain sight. Bravo!"),
            self._("So there was somebody in there after all. You got me!"),
        )

    def pending(self, points: int) -> str:
        """Return the sentence that says that points wait for somebody else to confirm the truth."""
        # Translators: {points} is such as "40 points"; {button} is the button "True!".
        return self._(
            "{points} are on ice until somebody else taps “{button}”, or for a day if nobody "
            "objects."
        ).format(points=self._text.points(points), button=self.confirm_button())

    def void(self) -> str:
        """Return the sentence that says that a round does not count after all."""
        return self._("You don't agree who it is, so this round doesn't count, for anyone.")

    def vote_open(self, teller: str, label: Label, objector: str, until: str) -> str:
        """Return the question of a vote, for above a button for each label.

        Args:
            teller: The name of who told the truth.
            label: What was told.
            objector: The name of who objected.
            until: When the vote ends at the latest, such as `Sunday, 8:00 PM`.
        """
        # Translators: the vote about a photo. {teller} and {objector} are names.
        said = {
            Label.OLAF: self._("{teller} says Olaf, {objector} objects. What do you see?"),
            Label.ABOMINABLE: self._("{teller} says yeti, {objector} objects. What do you see?"),
            Label.NEITHER: self._("{teller} says neither, {objector} objects. What do you see?"),
        }[label].format(teller=clean_name(teller), objector=clean_name(objector))
        # Translators: how long votes are taken; {until} is such as "Sunday, 8:00 PM".
        end = self._("Open until: {until}.").format(until=until)
        return f"{said} {end}"

    def vote_count(self, number: int) -> str:
        """Return how many have voted so far."""
        if not number:
            return self._("No votes yet.")
        return self.ngettext("{number} vote so far.", "{number} votes so far.", number).format(
            number=self._text.number(number)
        )

    def vote_ended(self, counts: Sequence[tuple[Label, int]], truth: Label | None) -> str:
        """Return what a vote has come to.

        Args:
            counts: How many voted for what, most first.
            truth: What the most saw; None for a tie.
        """
        each = [
            f"{self._text.label(label)} {self._text.number(number)}" for label, number in counts
        ]
        # Translators: {counts} is such as "Olaf 2 and Yeti 1".
        result = self._("You have voted: {counts}.").format(counts=self._text.listed(each))
        if truth is None:
            end = self._("A tie! So this round doesn't count, for anyone.")
        else:
            end = {
                Label.OLAF: self._("So it's Olaf."),
                Label.ABOMINABLE: self._("So it's a yeti."),
                Label.NEITHER: self._("So it's neither of the two."),
            }[truth]
        return f"{result} {end}"

    def vote_stands(self, votes: int) -> str:
        """Return the sentence that says that too few voted to change what was told.

        Args:
            votes: How many did: one, or none.
        """
        if not votes:
            return self._("Nobody has voted, so what was told stands.")
        return self._("Only one vote, and it takes two to decide. So what was told stands.")

    def vote_noted(self, label: Label) -> str:
        """Return the sentence that confirms a vote."""
        # Translators: {label} is "Olaf", "Yeti" or "Neither".
        return self._("Your vote is in: {label}.").format(label=self._text.label(label))

    def vote_own(self) -> str:
        """Return the sentence for somebody who votes about their own photo."""
        return self._("It's your photo, so the others vote this time.")

    def vote_before(self) -> str:
        """Return the sentence for somebody who votes twice."""
        return self._("You've voted already; once will do.")

    def vote_late(self) -> str:
        """Return the sentence for somebody who votes when the vote is over."""
        return self._("Too late, the votes are counted already.")

    def objections_enough(self, number: int = 3) -> str:
        """Return the sentence for somebody who has objected often today.

        Args:
            number: How many objections a day are the most.
        """
        return self.ngettext(
            "{number} objection a day is the most. Tomorrow you may again!",
            "{number} objections a day are the most. Tomorrow you may again!",
            number,
        ).format(number=number)

    def objection_not_here(self) -> str:
        """Return the sentence for somebody who objects or votes and never played in the room."""
        return self._("That's for those who play here. Show me a photo or guess, then you're in!")

    def nothing_to_object_to(self) -> str:
        """Return the sentence for somebody who objects before the truth is told."""
        return self._("Nobody has told the truth yet. Wait for it!")

    def objected_before(self) -> str:
        """Return the sentence for somebody who objects when somebody has objected."""
        return self._("Somebody has objected already; once will do.")

    def objection_late(self) -> str:
        """Return the sentence for somebody who objects after a day."""
        return self._("Too late to object: that truth has frozen solid.")

    def objection_own(self) -> str:
        """Return the sentence for somebody who objects to what they told or sent themselves."""
        return self._("Objecting is for the others.")

    def confirmed_before(self) -> str:
        """Return the sentence for somebody who confirms a truth that is confirmed already."""
        return self._("Somebody has said so already. Thank you!")

    def confirm_own(self) -> str:
        """Return the sentence for somebody who confirms what they told or sent themselves."""
        return self._("I'd like to hear that from somebody else.")

    def undo_done(self) -> str:
        """Return the sentence that says that what was told is taken back."""
        return self._("Undone. Fresh snow over it!")

    def undo_late(self) -> str:
        """Return the sentence for somebody who wants to take back what has been settled."""
        return self._("That has frozen solid: ten minutes are over, or others have had their say.")

    def vote_decides(self) -> str:
        """Return the sentence for somebody who changes or confirms what the room votes about."""
        return self._("Everybody is voting about that. Let's see what they say!")

    def undo_nothing(self) -> str:
        """Return the sentence for somebody who has nothing to take back."""
        return self._("There's nothing here that you could undo.")

    def made_noted(self) -> str:
        """Return the sentence that thanks somebody who made what is on the photo."""
        return self._("You made that yourself? Lovely!")

    def made_own(self) -> str:
        """Return the sentence for somebody who says so about somebody else's photo."""
        return self._("Only whoever sent the photo can say that.")

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

    @property
    def variants_of_recognition(self) -> int:
        """How many ways there are to greet a known photo, and to remark that one is like it."""
        return 3

    def known_photo(self, name: str | None, day: str, points: int, variant: int = 0) -> str:
        """Return the greeting for a copy of what fooled the bot in this room before.

        Args:
            name: The name of who fooled it; None or empty when there is none.
            day: When, such as `Tuesday`; see `recent_day`.
            points: What it brought.
            variant: Which of them.
        """
        if not name:
            said = (
                # Translators: a photo fooled the bot before; now it comes again, turned or cropped
                # perhaps. {day} is "Tuesday" or "Nov 24, 2026", {points} is such as "97 points".
                self._("I know that one! {day}, {points}. This time it's just for fun."),
                self._("Fool me once… {day}, {points}! Twice is just for fun."),
                self._("A carrot never forgets: {day}, {points}. So it's just for fun now."),
            )
            return said[variant % len(said)].format(day=day, points=self._text.points(points))
        said = (
            # Translators: the same; {name} is who sent that photo then.
            self._("I know that one! {day}, {name}, {points}. This time it's just for fun."),
            self._("Fool me once… {day}, {name}, {points}! Twice is just for fun."),
            self._("A carrot never forgets: {day}, {name}, {points}. So it's just for fun now."),
        )
        return said[variant % len(said)].format(
            day=day, name=clean_name(name), points=self._text.points(points)
        )

    def known_own_photo(self, day: str, points: int, variant: int = 0) -> str:
        """Return the greeting for a copy of what the same player fooled the bot with before.

        Args:
            day: When, such as `Tuesday`.
            points: What it brought.
            variant: Which of them.
        """
        said = (
            # Translators: the player comes with the photo that fooled the bot before. {day} is
            # "Tuesday" or "Nov 24, 2026", {points} is such as "97 points".
            self._("That one again? {day}, {points}: you had me with it once. Now it's for fun."),
            self._("Aha, your old trick! {day}, {points}. This time it's just for fun."),
            self._("Nice disguise, but a carrot never forgets: {day}, {points}. Just for fun now!"),
        )
        return said[variant % len(said)].format(day=day, points=self._text.points(points))

    def looks_like(self, day: str, variant: int = 0) -> str:
        """Return the remark that a photo looks like one that fooled the bot before.

        Args:
            day: When it did, such as `Tuesday`.
            variant: Which of them.
        """
        said = (
            # Translators: {day} is "Tuesday" or "Nov 24, 2026". Only a remark; it costs nothing.
            self._("Haven't I been fooled by something like that before ({day})?"),
            self._("That reminds me of something… ({day})"),
            self._("Is that a cousin of the one that fooled me ({day})?"),
        )
        return said[variant % len(said)].format(day=day)

    def shared_identity_scores_nothing(self) -> str:
        """Return the sentence that says that an anonymous admin or a channel scores nothing."""
        return self._("You're posting anonymously, so I can't give you points. It's just for fun.")

    def shared_identity_cannot_tap(self) -> str:
        """Return the sentence for an anonymous admin or a channel, whose taps cannot count."""
        return self._("You're posting anonymously. Come as yourself and play along!")

    def guess_how(self, platform: str = "telegram") -> str:
        """Return the text that explains /guess, which came without a photo.

        Args:
            platform: The platform's name.
        """
        # Translators: after how to start a guess round.
        then = self._("Then everyone guesses what I'll say, before I say it.")
        if platform == "discord":
            how = self._("Add a photo to /guess.")
        else:
            # Translators: "guess" becomes one of the words in bot/game/captions.py.
            how = self._("Send a photo with the caption “guess”, or reply to one with /guess.")
        # Translators: /guess on and /guess off are typed as they are.
        every = self._("With every photo: /guess on. Only when asked: /guess off")
        return f"{how} {then}\n{every}"

    def guess_open(self, seconds: int | None, names: Sequence[str]) -> str:
        """Return the question what the bot will answer, for above a button for each label.

        Args:
            seconds: How long guesses are taken yet; None where that is shown beside it.
            names: The names of who has guessed so far.
        """
        if seconds is None:
            return self._guessed_so_far(self._("What will I say? Tap!"), names)
        asked = self.ngettext(
            "What will I say? Tap! You have {number} second.",
            "What will I say? Tap! You have {number} seconds.",
            seconds,
        ).format(number=seconds)
        return self._guessed_so_far(asked, names)

    def guess_about(self, number: int) -> str:
        """Return the line above that question which says which photo of an album it is about."""
        return self._("A guess about photo {number}!").format(number=number)

    def guess_open_until(self, moment: str, names: Sequence[str]) -> str:
        """Return the same question where the platform itself counts down.

        Args:
            moment: The platform's own relative time, which reads such as `in 30 seconds`.
            names: The names of who has guessed so far.
        """
        # Translators: {moment} becomes "in 30 seconds", written by Discord.
        asked = self._("What will I say? Tap! My answer comes {moment}.").format(moment=moment)
        return self._guessed_so_far(asked, names)

    def _guessed_so_far(self, asked: str, names: Sequence[str]) -> str:
        """Return a question with a line that names who has guessed."""
        if not names:
            return asked
        # Translators: who has guessed, not what.
        so_far = self._("Guessed so far: {names}").format(names=self._some_people(names))
        return f"{asked}\n{so_far}"

    def _some_people(self, names: Sequence[str]) -> str:
        """Return names as a list in words, the last ones counted when there are many."""
        if len(names) <= NAMES_SHOWN:
            return self._text.people(names)
        # Translators: the last of a list of names, such as "Mia, Ben and 3 more".
        more = self.ngettext("{number} more", "{number} more", len(names) - NAMES_SHOWN)
        rest = more.format(number=len(names) - NAMES_SHOWN)
        return self._text.people((*names[:NAMES_SHOWN], rest))

    def guess_over(self, names: Sequence[str]) -> str:
        """Return what becomes of the question when guesses are no longer taken.

        Args:
            names: The names of who has guessed.
        """
        if not names:
            return self._("Nobody dared to guess this time.")
        # Translators: the end of a guess round, in one short line; the answer comes below it.
        said = self._("My guess box is shut. Guesses came from {names}.")
        return said.format(names=self._some_people(names))

    def guess_noted(self, label: Label) -> str:
        """Return the sentence that confirms a guess."""
        # Translators: {guess} is "Olaf", "Yeti" or "Neither".
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
        """Return the sentence that names those who guessed what the bot would say.

        Args:
            names: Theirs; for none, `nobody_guessed`.
            points: What each of them gets; nothing is said of it when it is 0.
        """
        if not names:
            return self.nobody_guessed()
        people = self._some_people(names)
        if not points:
            # Translators: {names} guessed what the bot would say.
            return self.ngettext(
                "{names} knew what I'd say!", "{names} knew what I'd say!", len(names)
            ).format(names=people)
        return self.ngettext(
            "{names} knew what I'd say: {points}!",
            "{names} knew what I'd say: {points} each!",
            len(names),
        ).format(names=people, points=self._text.points(points))

    def nobody_guessed(self) -> str:
        """Return the sentence that says that nobody guessed what the bot would say."""
        return self._("Nobody saw that coming. I'm a snow person of mystery!")

    def guess_on(self, name: str) -> str:
        """Return the announcement that every photo of the room is a guess round from now on."""
        # Translators: an admin did this. Avoid "his" or "her".
        return self._(
            "{name} has switched guessing on: before I answer a photo, everyone guesses what I'll "
            "say. To end it: /guess off"
        ).format(name=clean_name(name))

    def guess_off(self, name: str) -> str:
        """Return the announcement that only photos for which it is asked are guess rounds."""
        return self._(
            "{name} has switched guessing off. For a single photo it's still there: /guess"
        ).format(name=clean_name(name))
