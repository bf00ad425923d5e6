"""Answers to photos: verdicts, refusals, captions of heat maps, how to show the bot a photo."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Label, Refusal, Verdict, Voice
from bot.speech.translations import Sentences, clean_name

# From this percentage on, doubt is not about which of the two it is, but whether it is one of them.
CLEARLY = 80


class PhotoSentences(Sentences):
    """The answers to photos, in one language."""

    def call(self, label: Label) -> str:
        """Return a label as the bot calls it out: `Olaf!`."""
        return {
            # Translators: the bot calls out whom it sees on a photo.
            Label.OLAF: self._("Olaf!"),
            # Translators: the other call, for the Abominable Snowman: what a child calls a yeti.
            Label.ABOMINABLE: self._("Abominable!"),
            # Translators: neither of the two snow people.
            Label.NEITHER: self._("Neither!"),
        }[label]

    def question(self, label: Label) -> str:
        """Return a label as the bot calls it when it is not sure: `Olaf?`."""
        return {
            # Translators: the bot is not sure whom it sees.
            Label.OLAF: self._("Olaf?"),
            # Translators: the same for the Abominable Snowman, the yeti.
            Label.ABOMINABLE: self._("Abominable?"),
            Label.NEITHER: self._("Neither?"),
        }[label]

    def variants(self, verdict: Verdict) -> int:
        """Return how many ways there are to speak a verdict in its voice."""
        return len(self._answers(verdict))

    def answer(self, verdict: Verdict, variant: int) -> str:
        """Return the answer to a photo; its first words are what one sees at a glance.

        Args:
            verdict: What the bot saw.
            variant: Which of the `variants` of the verdict; any number will do.
        """
        answers = self._answers(verdict)
        return answers[variant % len(answers)].format(
            answer=self.heatmap_answer(verdict),
            label=self._text.label(verdict.label),
            percent=self._text.percentage(verdict.percent),
        )

    def _answers(self, verdict: Verdict) -> tuple[str, ...]:
        """Return every way to speak a verdict in its voice."""
        if verdict.voice is Voice.UNFAMILIAR:
            return self._unfamiliar()
        if verdict.voice is Voice.SURE:
            return (
                # Translators: the bot is sure. {answer} is such as "Olaf! 97%" and comes first;
                # then a short remark without any doubt, true of Olaf and of the yeti alike.
                self._("{answer}"),
                self._("{answer}. I'd bet my carrot on it."),
                self._("{answer}. I'd know that one in any blizzard."),
                self._("{answer}. As clear as ice!"),
                self._("{answer}. Hello there, old friend!"),
                self._("{answer}. My twigs are tingling."),
                self._("{answer}. Spotted in a snowflash!"),
                self._("{answer}. Now that is what I call a snow person."),
            )
        if verdict.percent < CLEARLY:
            return (
                # Translators: the bot is not sure. {answer} is such as "Olaf? 58%"; then a short
                # remark that says so, true of Olaf and of the yeti alike.
                self._("{answer}, I think…"),
                self._("{answer}. Let me rub the snow from my eyes…"),
                self._("{answer}, but I'd rather keep my carrot than bet it."),
                self._("{answer}. Hard to tell in all this snow!"),
                self._("{answer}. My left twig says yes, my right twig says hmm."),
                self._("{answer}. That's a tricky one!"),
                self._("{answer}, give or take a snowball."),
            )
        return (
            # Translators: the bot knows which of the two it would be, but not whether it is a snow
            # person at all. {label} is "Olaf" or "Yeti", {percent} is such as "85%".
            self._("{label}, {percent}, if it's one of us at all…"),
            self._("If that's a snow person, then {label}, {percent}. If!"),
            self._("{label}, {percent}, unless my hat has slipped over my eyes…"),
            self._("Of the two, {label}, {percent}. But is it one of the two?"),
            self._("{label}, {percent}, I'd say, if my eyes of coal don't fool me."),
            self._("{label}, {percent}. Or is it somebody I don't know?"),
        )

    def _unfamiliar(self) -> tuple[str, ...]:
        """Return every way to say that a photo looks like neither of the two."""
        return (
            # Translators: the photo looks like neither Olaf nor the yeti. First the doubt, and the
            # guess last: {label} is "Olaf" or "Yeti", {percent} is such as "61%". No name is
            # called out with an exclamation mark here.
            self._("Neither of my friends, I'd say. If I must choose: {label}, {percent}"),
            self._("I don't think we've met. If I had to pick a name: {label}, {percent}"),
            self._("Hm, is that a snow person at all? My wild guess: {label}, {percent}"),
            self._("My carrot says: neither of the two. But if you insist: {label}, {percent}"),
            self._(
                "That's a new face to me. Of my two friends, the nearer one: {label}, {percent}"
            ),
            self._("Nobody I know, I'm fairly sure. Just for fun: {label}, {percent}"),
            self._("I've looked twice and see neither. With my eyes closed: {label}, {percent}"),
        )

    def album(self, answers: Sequence[Verdict | Refusal], played: int | None) -> str:
        """Return the answers to photos that were sent together, a numbered line each.

        Args:
            answers: One for each photo.
            played: Which of them is played, counted from 1; None when none is.
        """
        numbered = []
        for number, given in enumerate(answers, 1):
            if isinstance(given, Verdict):
                numbered.append(f"{number}. {self._short_answer(given)}")
            elif given not in answers[: number - 1]:  # each reason once, for all that it is about
                which = (str(n) for n, other in enumerate(answers, 1) if other is given)
                numbered.append(f"{', '.join(which)}. {self.refusal(given)}")
        if played is not None:
            # Translators: of several photos that came together; only one is part of the game.
            numbered.append(self._("I'll play number {number}.").format(number=played))
        return "\n".join(numbered)

    def _short_answer(self, verdict: Verdict) -> str:
        """Return an answer for a line of a list."""
        if not verdict.unfamiliar:
            return self.heatmap_answer(verdict)
        return self._unfamiliar()[0].format(
            label=self._text.label(verdict.label), percent=self._text.percentage(verdict.percent)
        )

    def refusal(self, reason: Refusal) -> str:
        """Return the sentence that says why there is no verdict, and what to do next."""
        return {
            Refusal.EMPTY: self._("That file is empty. Try sending the photo again."),
            Refusal.NOT_A_PICTURE: self._(
                "I can't open that as a picture. A JPEG or a PNG would do."
            ),
            Refusal.DAMAGED: self._(
                "That picture is damaged or didn't arrive whole. Try sending it again."
            ),
            Refusal.TOO_MANY_BYTES: self._(
                "That file is too big for me: 20 MB is the most I can carry."
            ),
            Refusal.TOO_MANY_PIXELS: self._(
                "That picture is too big for me. A smaller copy will do, or a screenshot of it."
            ),
            # Translators: the bot is a snow person, with a carrot for a nose and sticks for arms.
            Refusal.TOO_OFTEN: self._(
                "So many photos! My carrot is spinning. Give me a minute, then go on."
            ),
            Refusal.TOO_SLOW: self._(
                "That photo took too long to reach me. Try again, or try a smaller one."
            ),
            Refusal.BUSY: self._("I have my stick arms full right now. Try again in a moment."),
            # Translators: said while the bot is being stopped, most often to be started again.
            Refusal.CLOSING: self._("I'm just going out in the snow. Try again in a minute."),
            Refusal.GONE: self._("That photo is gone; I cannot look at it again."),
            # Translators: "View Channel" and "Read Message History" are permissions on Discord; use
            # Discord's own words.
            Refusal.OUT_OF_SIGHT: self._(
                "I can't see that photo from here. Show it to me again, or ask an admin to give me "
                "the permissions “View Channel” and “Read Message History”."
            ),
            Refusal.FAULT: self._(
                "Something went wrong on my side, not yours. Try again in a moment."
            ),
        }[reason]

    def left_out(self, photos: int) -> str:
        """Return the sentence that says how many photos got no answer while they were too many."""
        # Translators: some photos were too many at once; now the bot goes on with the next ones.
        return self.ngettext(
            "{count} photo slid past me in the rush. Send it again if you like.",
            "{count} photos slid past me in the rush. Send them again if you like.",
            photos,
        ).format(count=photos)

    def where_button(self, number: int | None = None) -> str:
        """Return the label of the button that asks for the heat map.

        Args:
            number: Which photo of an album, counted from 1; None when there is one photo only.
        """
        if number is None:
            # Translators: a button under an answer. The bot then shows a heat map over the photo.
            return self._("Where did you look?")
        # Translators: the same, on a narrow button, for one photo of several, such as 2.
        return self._("{number}: where?").format(number=number)

    def heatmap_description(self) -> str:
        """Return a description of the heat map for those who cannot see it."""
        # Translators: describes a picture to those who cannot see it.
        return self._("The photo again; it glows where I looked.")

    def heatmap_answer(self, verdict: Verdict) -> str:
        """Return the answer as it is written on the heat map: `Olaf! 97%` or `Olaf? 58%`."""
        is_sure = verdict.voice is Voice.SURE
        if not is_sure and verdict.percent >= CLEARLY:
            # Translators: the same where the doubt is not which of the two it is: "Yeti, 85%".
            said = self._("{label}, {percent}")
            return said.format(
                label=self._text.label(verdict.label),
                percent=self._text.percentage(verdict.percent),
            )
        call = self.call(verdict.label) if is_sure else self.question(verdict.label)
        # Translators: the whole answer to a photo, such as "Olaf! 97%" or "Olaf? 58%".
        return self._("{call} {percent}").format(
            call=call, percent=self._text.percentage(verdict.percent)
        )

    def heatmap_caption(self, verdict: Verdict) -> str:
        """Return the caption of the heat map; 200 characters at most."""
        # Translators: under a heat map; {answer} is such as "Olaf! 97%".
        text = self._("{answer}. I looked hardest where it glows.")
        return text.format(answer=self.heatmap_answer(verdict))

    def where_done(self) -> str:
        """Return the sentence that says that the heat map was sent before."""
        return self._("I have shown that already. Look a little further down.")

    def where_forgotten(self) -> str:
        """Return the answer to a link that leads to a photo that is no longer known."""
        # Translators: somebody tapped "Where did you look?" long after the answer.
        return self._(
            "I've seen so much snow since then that I no longer have that photo. Show it to me "
            "here, and I'll show you where I look."
        )

    def where_how(self, platform: str = "telegram") -> str:
        """Return the sentence that explains /where, which came without a photo.

        Args:
            platform: The platform's name.
        """
        if platform == "discord":
            return self._(
                "Where in which photo? Tap the button under my answer, or add a photo to /where."
            )
        if platform == "web":
            return self._("Where in which photo? Tap the button under my answer.")
        return self._("Where in which photo? Reply to one with /where.")

    def who_how(self, platform: str) -> str:
        """Return the sentence that explains /who, which came without a photo.

        Args:
            platform: The platform's name.
        """
        if platform == "discord":
            return self._("Show me! Add a photo to /who, or mention me in a message with one.")
        if platform == "web":
            return self._("Show me! Photos go through the big button.")
        return self._("Show me! Reply to this with a photo, or reply to a photo with /who.")

    def show_button(self) -> str:
        """Return the label of the button, and the title of the form, to show the bot a photo."""
        # Translators: at most 45 characters.
        return self._("Show me a photo")

    def show_label(self) -> str:
        """Return what is written above the place for photos in that form."""
        # Translators: at most 45 characters.
        return self._("One photo, or up to ten")

    def copy_description(self) -> str:
        """Return what a copy of somebody's photo shows, for who cannot see it."""
        # Translators: read out to blind people, for the copy of a photo under the bot's answer.
        return self._("The photo that I was shown.")

    def sticker_is_no_picture(self) -> str:
        """Return why the bot does not look at a Lottie sticker."""
        return self._("That sticker is a tiny film that Discord draws itself. Show me a photo!")

    def mention_how(self) -> str:
        """Return the answer to a mention on Discord that came without a picture."""
        return self._("You called? Mention me in a message with a photo, or add one to /who.")

    def card_text(self, verdict: Verdict, truth: Label, name: str) -> str:
        """Return what the card of a fooling says, in two lines.

        Args:
            verdict: What the bot answered; it was wrong.
            truth: Who it was.
            name: The name of who fooled the bot.
        """
        believed = {
            # Translators: on a card to be shared, after the bot was fooled. {percent} is "97%".
            Label.OLAF: self._("I was {percent} sure that this was Olaf."),
            Label.ABOMINABLE: self._("I was {percent} sure that this was a yeti."),
            Label.NEITHER: self._("I was sure that this was neither of my friends."),
        }[verdict.call].format(percent=self._text.percentage(verdict.percent))
        was = {
            # Translators: who really was on the photo; the second sentence on the card.
            Label.OLAF: self._("It was Olaf!"),
            Label.ABOMINABLE: self._("It was a yeti!"),
            Label.NEITHER: self._("It was neither of them!"),
        }[truth]
        # Translators: on the card; who it was that fooled the bot. Avoid "his" or "her".
        by = self._("Fooled by {name}").format(name=clean_name(name))
        return f"{believed} {was}\n{by}"

    def card_signature(self) -> str:
        """Return how the bot signs the card of a fooling."""
        # Translators: the bot's signature under a card that tells how it was fooled.
        return self._("Yours, the snow person who fell for it")

    def card_button(self) -> str:
        """Return the label of the button that makes a card of a fooling."""
        # Translators: a button; the bot makes a picture card of how it was fooled.
        return self._("Make a card")

    def card_description(self) -> str:
        """Return a description of the card for those who cannot see it."""
        # Translators: describes a picture to those who cannot see it.
        return self._("A card: the photo that fooled me, and where I looked.")

    def card_out_of_sight(self) -> str:
        """Return the sentence that says that a card has no photo, for it cannot be had just now."""
        return self._("I can't see the photo just now. The story is still true!")

    def card_gone(self) -> str:
        """Return the sentence that says that a card has no photo, because the photo is gone."""
        return self._("The photo itself has melted away. The story hasn't!")
