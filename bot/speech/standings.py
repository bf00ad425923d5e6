"""Sentences about points: leaderboard, podium, a player's own figures, the bot's accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from bot.domain import Label
from bot.speech.translations import Sentences

# A rank, the names of who shares it, and the points of each.
PlaceLine = tuple[int, Sequence[str], int]


class StandingSentences(Sentences):
    """The sentences about a season's points, in one language.

    A season is given by any day of its month.
    """

    def bot_name(self) -> str:
        """Return what the bot is called among the players."""
        # Translators: the bot's own name in a table of players.
        return self._("Me, the bot")

    def leaderboard_title(self, season: date) -> str:
        """Return the title of a season's leaderboard."""
        # Translators: {month} is such as "November 2026".
        return self._("Leaderboard, {month}").format(month=self._text.month(season))

    def leaderboard(self, season: date, places: Iterable[PlaceLine]) -> str:
        """Return the leaderboard in words, a line for each place."""
        lines = [self.place(*place) for place in places]
        if not lines:
            return self._("Nobody has points this month yet. Show me a photo and fool me!")
        return "\n".join((self.leaderboard_title(season), *lines))

    def place(self, rank: int, names: Sequence[str], points: int) -> str:
        """Return the line of one place: `2. Mia and Ben: 120 points`."""
        # Translators: a line of the standings; {points} is such as "12 points".
        return self._("{rank}. {names}: {points}").format(
            rank=rank, names=self._text.people(names), points=self._text.points(points)
        )

    def champions(self, seasons: Iterable[tuple[date, Sequence[str], int]]) -> str:
        """Return the list of earlier seasons' champions; empty when there are none.

        Args:
            seasons: Each one's month, the names of who won it, and the points of each of them.
        """
        lines = [
            # Translators: a line of the list of champions, such as "May 2026: Mia, 12 points".
            self._("{month}: {names}, {points}").format(
                month=self._text.month(season),
                names=self._text.people(names),
                points=self._text.points(points),
            )
            for season, names, points in seasons
        ]
        # Translators: above a list of earlier months' winners.
        return "\n".join((self._("Champions so far:"), *lines)) if lines else ""

    def podium(self, season: date, places: Iterable[PlaceLine], *, bot_won: bool) -> str:
        """Return the announcement of a season's end and its first three places.

        Args:
            season: The season that is over.
            places: The first three.
            bot_won: Whether the bot is on the first place.
        """
        title = self._("{month} is over, and here is the podium:").format(
            month=self._text.month(season)
        )
        if bot_won:
            last = self._(
                "I won! Sorry? No, I'm made of snow, not of lies. The new month is yours!"
            )
        else:
            last = self._("Congratulations! Everyone starts at zero again, me too. Fool me well!")
        return "\n".join((title, *(self.place(*place) for place in places), last))

    def hall(self, season: date) -> str:
        """Return the title of the list of photos that fooled the bot best in a season."""
        return self._("How you fooled me best in {month}:").format(month=self._text.month(season))

    def hall_entry(self, rank: int, name: str, points: int, call: str, share: float) -> str:
        """Return the caption of a photo that fooled the bot.

        Args:
            rank: Its place among those that did.
            name: The name of who sent it.
            points: What it brought.
            call: What the bot said, such as `Olaf!`.
            share: How sure the bot was, 0 to 1.
        """
        # Translators: under a photo that fooled the bot. {answer} is what it said: "Olaf! 97%".
        return self._("{rank}. {name}, {points}. I said: {answer}").format(
            rank=rank,
            name=self._text.people([name]),
            points=self._text.points(points),
            answer=f"{call} {self._text.percent(share)}",
        )

    def hall_empty(self) -> str:
        """Return the sentence that says that nobody fooled the bot this month."""
        return self._("Nobody has fooled me this month. I'm flattered. Do try!")

    def me(
        self, season: date, name: str, *, rounds: int, foolings: int, points: int, streak: int
    ) -> str:
        """Return a player's own figures of a season, a line for each.

        Args:
            season: The season.
            name: The player's.
            rounds: How many the player's photos played.
            foolings: In how many of them the bot was wrong.
            points: All of the player's, right guesses included.
            streak: The longest run of foolings.
        """
        # Points without rounds are from guesses, which is playing, too.
        if not rounds and not points:
            return self._("You haven't played this month. Show me a photo!")
        lines = [
            # Translators: above a player's own figures.
            self._("{name}, {month}:").format(
                name=self._text.people([name]), month=self._text.month(season)
            ),
            self._text.points(points),
            self.ngettext("{number} round played", "{number} rounds played", rounds).format(
                number=rounds
            ),
            self.ngettext("Fooled me {number} time", "Fooled me {number} times", foolings).format(
                number=foolings
            ),
        ]
        if streak > 1:
            lines.append(
                self.ngettext(
                    # Translators: foolings without the bot being right in between.
                    "Best streak: {number} fooling in a row",
                    "Best streak: {number} foolings in a row",
                    streak,
                ).format(number=streak)
            )
        return "\n".join(lines)

    def stats(self, right: int, rounds: int) -> str:
        """Return the sentence that says how often the bot was right in a room."""
        if not rounds:
            return self._("No round here has come to its truth yet, so I can't say how good I am.")
        said = self.ngettext(
            "Out of {rounds} round here I was right in {right}: {percent}.",
            "Out of {rounds} rounds here I was right in {right}: {percent}.",
            rounds,
        )
        return said.format(
            rounds=self._text.number(rounds),
            right=self._text.number(right),
            percent=self._text.whole_percent(right / rounds),
        )

    def stats_line(self, truth: Label, said: Iterable[tuple[Label, int]]) -> str:
        """Return a row of the confusion matrix in words.

        Args:
            truth: Who it was.
            said: What the bot said then, and how often.
        """
        counts = [
            f"{self._text.label(label)} {self._text.number(number)}" for label, number in said
        ]
        # Translators: {truth} is who it was; {counts} what the bot said, such as "Olaf 9 and ...".
        return self._("When it was {truth}, I said: {counts}").format(
            truth=self._text.label(truth), counts=self._text.listed(counts)
        )

    def stats_said(self) -> str:
        """Return the title of the confusion matrix's columns: what the bot said."""
        return self._("I said")

    def stats_was(self) -> str:
        """Return the title of the confusion matrix's rows: what was true."""
        # Translators: "It was" Olaf, or the Abominable Snowman, or neither: beside a table.
        return self._("It was")
