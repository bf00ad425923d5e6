"""Answers to photos: verdicts, refusals, captions of heat maps, how to show the bot a photo."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Label, Refusal, Verdict
from bot.speech.translations import Sentences


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

    def answer(self, verdict: Verdict) -> str:
        """Return the answer to a photo: `Olaf! 97%`, with a remark if it looks like neither."""
        text = self.heatmap_answer(verdict)
        if not verdict.unfamiliar:
            return text
        # Translators: {answer} is such as "Olaf! 57%".
        unlike = self._("{answer}. Honestly, that looks like neither of my snow people.")
        return unlike.format(answer=text)

    def album(self, answers: Sequence[Verdict | Refusal]) -> str:
        """Return the answers to photos that were sent together, a numbered line each."""
        lines = [
            self.answer(given) if isinstance(given, Verdict) else self.refusal(given)
            for given in answers
        ]
        return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))

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
                "That picture is too big for me: 50 megapixels is the most I can see."
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
            Refusal.FAULT: self._(
                "Something went wrong on my side, not yours. Try again in a moment."
            ),
        }[reason]

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
        """Return the answer as it is written on the heat map: `Olaf! 97%`, and no more."""
        # Translators: the whole answer to a photo, such as "Olaf! 97%".
        return self._("{call} {percent}").format(
            call=self.call(verdict.label), percent=self._text.percent(verdict.confidence)
        )

    def heatmap_caption(self, verdict: Verdict) -> str:
        """Return the caption of the heat map; it is well below any platform's limit."""
        # Translators: under a heat map; {answer} is such as "Olaf! 97%".
        text = self._("{answer}. I looked hardest where it glows.")
        return text.format(answer=self.heatmap_answer(verdict))

    def where_done(self) -> str:
        """Return the sentence that says that the heat map was sent before."""
        return self._("I have shown that already. Look a little further down.")

    def where_how(self) -> str:
        """Return the sentence that explains /where, which came without a photo."""
        return self._("Where in which photo? Reply to one with /where.")

    def who_how(self, platform: str) -> str:
        """Return the sentence that explains /who, which came without a photo.

        Args:
            platform: The platform's name.
        """
        if platform == "discord":
            return self._("Show me! Add a photo to /who, or mention me in a message with one.")
        return self._("Show me! Reply to this with a photo, or reply to a photo with /who.")

    def mention_how(self) -> str:
        """Return the answer to a mention on Discord that came without a picture."""
        return self._("You called? Mention me in a message with a photo, or in a reply to one.")
