"""Ideas for today's photo, for children to do at home."""

from __future__ import annotations

import re
from functools import cache

from bot.speech.translations import LANGUAGES, Sentences, Translation


class ChallengeSentences(Sentences):
    """The challenges, in one language."""

    def challenge(self, index: int, platform: str = "telegram") -> str:
        """Return the sentence that gives a room its idea for today.

        Args:
            index: Which of `challenges`.
            platform: The platform's name.
        """
        if platform == "discord":
            # Translators: for Discord, where to mention somebody is to write their @name; {idea} is
            # such as "an Olaf out of fruit".
            said = self._(
                "Today's idea, for everyone here: {idea}. Reply with your photo, and mention me!"
            )
        else:
            # Translators: {idea} is such as "an Olaf out of fruit".
            said = self._("Today's idea, for everyone here: {idea}. Reply with your photo!")
        return said.format(idea=self.challenges()[index])

    def challenges(self) -> tuple[str, ...]:
        """Return every idea, in an order that is the same in every language."""
        return (
            # Translators: ideas for photos, from here to the end. What children have at home.
            self._("an Olaf out of fruit"),
            self._("an Olaf out of potatoes"),
            self._("an Olaf out of socks"),
            self._("an Olaf out of a toilet-paper roll"),
            self._("an Olaf out of building bricks"),
            self._("an Olaf out of cotton wool"),
            self._("an Olaf out of mashed potatoes"),
            self._("an Olaf out of rice"),
            self._("an Olaf out of paper plates"),
            self._("an Olaf out of buttons"),
            self._("an Olaf out of balls"),
            self._("an Olaf out of pillows"),
            self._("an Olaf out of towels"),
            self._("an Olaf out of modelling clay"),
            self._("an Olaf out of bread"),
            self._("an Olaf out of books"),
            self._("an Olaf drawn with the wrong hand"),
            self._("an Olaf drawn with closed eyes"),
            self._("an Olaf drawn on a steamy window"),
            self._("an Olaf as a shadow on the wall"),
            self._("an Olaf that fits on a thumbnail"),
            self._("an Olaf as tall as you"),
            self._("an Olaf with a banana for a nose"),
            self._("an Olaf with glasses"),
            self._("an Olaf in the washbasin"),
            self._("an Olaf on holiday at the beach"),
            self._("an Olaf standing on his head"),
            self._("an Olaf in bed"),
            self._("a melted Olaf"),
            self._("a green Olaf"),
            self._("an Olaf drawn on an egg"),
            self._("an Olaf hiding in a plant pot"),
            self._("a cuddly toy dressed up as Olaf"),
            self._("a grown-up dressed up as Olaf"),
            self._("a vegetable that I take for Olaf"),
            self._("a lamp that I take for Olaf"),
            self._("something from the kitchen that I take for Olaf"),
            self._("a yeti that fits in a mug"),
            self._("a yeti out of a blanket"),
            self._("a yeti out of wool"),
            self._("a yeti out of whipped cream"),
            self._("a yeti out of popcorn"),
            self._("a yeti out of torn paper"),
            self._("a yeti out of building bricks"),
            self._("a yeti out of leaves"),
            self._("a yeti out of spaghetti"),
            self._("a yeti out of brushes"),
            self._("a yeti out of boxes"),
            self._("a yeti with a moustache"),
            self._("a yeti with a hat and a scarf"),
            self._("a yeti in pyjamas"),
            self._("a yeti under the bed"),
            self._("a yeti behind the curtain"),
            self._("a yeti in the fridge"),
            self._("a yeti brushing its teeth"),
            self._("a yeti doing the dishes"),
            self._("a yeti reading a book"),
            self._("a yeti watering the flowers"),
            self._("a yeti seen from behind"),
            self._("a yeti far, far away"),
            self._("a yeti as a finger puppet"),
            self._("a yeti mask"),
            self._("a pink yeti"),
            self._("nothing but the feet of a yeti"),
            self._("a cuddly toy dressed up as a yeti"),
            self._("yourself, dressed up as a yeti"),
            self._("a shoe that I take for a yeti"),
            self._("something from the bathroom that I take for a yeti"),
        )


def is_challenge(text: str) -> bool:
    """Return whether a message of the bot's gave an idea for a photo, in whatever language.

    Nothing is stored for it: a challenge of any age can be answered, also in a room that moved, and
    whatever platform carries it. Only its first line counts, and of that only letters and digits.
    """
    return _letters(text.partition("\n")[0]) in _all_challenges()


@cache
def _all_challenges() -> frozenset[str]:
    sentences = [ChallengeSentences(Translation(language)) for language in LANGUAGES]
    return frozenset(
        _letters(each.challenge(index, platform))
        for each in sentences
        for index in range(len(each.challenges()))
        for platform in ("telegram", "discord")
    )


def _letters(text: str) -> str:
    """Return a text without what platforms add or change, such as marks against formatting."""
    return re.sub(r"[\W_]+", "", text)
