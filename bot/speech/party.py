"""Sentences of a party night: what everybody is to photograph, how it stands, how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from bot.domain import Label, Verdict
from bot.speech.translations import Sentences


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
            why: A `bot.game.party.Why`.
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

    def bot_line(self, fooled: int, judged: int) -> str:
        """Return what the bot says beside the points.

        Args:
            fooled: On how many photos it was wrong.
            judged: On how many anybody knows.
        """
        if not judged:
            return self._("I have seen nothing yet. Show me something!")
        if not fooled:
            return self._("Nobody has fooled me so far. I have eyes of coal!")
        if fooled == judged:
            return self._("You fooled me every time. I need new glasses!")
        # Translators: {judged} photos were shown, and the bot was wrong about {fooled} of them.
        counted = self.ngettext(
            "You fooled me with {fooled} of {judged} photo.",
            "You fooled me with {fooled} of {judged} photos.",
            judged,
        )
        return counted.format(fooled=self._text.number(fooled), judged=self._text.number(judged))

    def title(self) -> str:
        """Return the game's name."""
        # Translators: the name of an evening's game: a family in the living room against the bot.
        return self._("Party night")

    def winners(self, names: Sequence[str]) -> str:
        """Return who has won."""
        won = self.ngettext("{names} wins!", "{names} win!", len(names))
        return won.format(names=self._text.people(names))

    def photo_caption(self, name: str, verdict: Verdict) -> str:
        """Return what is written under one of the evening's best photos."""
        if verdict.call is Label.NEITHER:
            # Translators: under a photo of {name}'s: the bot did not see who was on it.
            return self._("{name}: “Nobody I know!”").format(name=self._text.name(name))
        # Translators: under a photo of {name}'s: what the bot called out, and how sure it was.
        return self._("{name}: “{label}! {percent}”").format(
            name=self._text.name(name),
            label=self._text.label(verdict.call),
            percent=self._text.percentage(verdict.percent),
        )

    def over(self, names: Sequence[str], points: int, fooled: int, judged: int) -> str:
        """Return what the room reads of an evening afterwards."""
        # Translators: {winners} is such as "Mia wins!".
        told = self._("{title} is over. {winners} ({points}) {bot}")
        return told.format(
            title=self.title(),
            winners=self.winners(names),
            points=self._text.points(points),
            bot=self.bot_line(fooled, judged),
        )
