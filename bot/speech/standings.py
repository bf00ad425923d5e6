"""Sentences about points: leaderboard, podium, a player's own figures, the bot's accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal, Protocol

from bot.domain import Label, Verdict
from bot.speech.translations import Sentences, clean_name

# A rank, the names of who shares it, and the points of each.
PlaceLine = tuple[int, Sequence[str], int]
Span = Literal["week", "month", "all"]


class PlayerFigures(Protocol):
    """A player's figures, as the game adds them up; sentences know nothing of the game."""

    @property
    def rounds(self) -> int:
        """How many were told and count."""

    @property
    def foolings(self) -> int:
        """In how many of them the bot was wrong."""

    @property
    def made(self) -> int:
        """How many works the bot recognised."""

    @property
    def points(self) -> int:
        """All points, those for guesses included."""

    @property
    def foolings_points(self) -> int:
        """Those for foolings."""

    @property
    def made_points(self) -> int:
        """Those for works."""

    @property
    def guesses_points(self) -> int:
        """Those for guesses."""

    @property
    def best(self) -> int:
        """The points of the best fooling."""

    @property
    def streak(self) -> int:
        """The longest run of foolings."""


class StandingSentences(Sentences):
    """The sentences about a season's points, in one language.

    A season is given by any day of its month.
    """

    def bot_name(self) -> str:
        """Return what the bot is called among the players."""
        # Translators: the bot's own name among the players of seasons long past.
        return self._("Me, the bot")

    def leaderboard_title(self, span: Span, season: date) -> str:
        """Return the title of a leaderboard.

        Args:
            span: What it adds up.
            season: Any day of the month, for a month's.
        """
        if span == "week":
            return self._("Leaderboard, this week")
        if span == "all":
            # Translators: the points of all months together.
            return self._("Leaderboard, all winters")
        # Translators: {month} is such as "November 2026".
        return self._("Leaderboard, {month}").format(month=self._text.month(season))

    def leaderboard(self, title: str, places: Iterable[PlaceLine]) -> str:
        """Return a leaderboard in words, a line for each place."""
        lines = [self.place(*place) for place in places]
        if not lines:
            return self._("Nobody has points yet. Show me a photo and fool me!")
        return "\n".join((title, *lines))

    def tally(self, fooled: int, right: int, span: Span = "month") -> str:
        """Return the line of the players against the bot.

        Args:
            fooled: How often the bot was fooled.
            right: How often it was not.
            span: What is added up.
        """
        said = {
            # Translators: the players of a room, all together, against the bot: such as "14, 61".
            "week": self._("This week: you {fooled}, me {right}"),
            "month": self._("This month: you {fooled}, me {right}"),
            "all": self._("All in all: you {fooled}, me {right}"),
        }[span]
        return said.format(fooled=self._text.number(fooled), right=self._text.number(right))

    def crown_of_day(self, names: Sequence[str] | str) -> str:
        """Return the line that names the best of the day, one or several."""
        # Translators: {names} has the most points.
        return self._("👑 Crown of the day: {names}").format(names=self._who(names))

    def crown_of_week(self, names: Sequence[str] | str) -> str:
        """Return the line that names the best of the week, one or several."""
        return self._("👑 Crown of the week: {names}").format(names=self._who(names))

    def crown_of_season(self, names: Sequence[str] | str) -> str:
        """Return the line that names the best of the month, one or several."""
        return self._("👑 Crown of the month: {names}").format(names=self._who(names))

    def _who(self, names: Sequence[str] | str) -> str:
        return self._text.people([names] if isinstance(names, str) else names)

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

    def podium_title(self, season: date) -> str:
        """Return the title of the picture of a season's first three places."""
        # Translators: {month} is such as "November 2026"; above the three steps for the winners.
        return self._("Podium, {month}").format(month=self._text.month(season))

    def podium(self, season: date, places: Iterable[PlaceLine]) -> str:
        """Return the announcement of a season's end and its first three places."""
        title = self._("{month} is over, and here is the podium:").format(
            month=self._text.month(season)
        )
        ranked = list(places)
        crown = [self.crown_of_season(names) for _, names, _ in ranked[:1]]
        last = self._("Congratulations! Everyone starts at zero again. Fool me well!")
        return "\n".join((title, *(self.place(*place) for place in ranked), *crown, last))

    def hall(self, season: date) -> str:
        """Return the title of the list of photos that fooled the bot best in a season."""
        best = self._("How you fooled me best in {month}:").format(month=self._text.month(season))
        # Translators: above buttons that are numbers; the picture to be shared is called a card.
        cards = self._("Tap a number for a card.")
        return f"{best} {cards}"

    def hall_entry(self, rank: int, name: str, points: int, verdict: Verdict) -> str:
        """Return the caption of a photo that fooled the bot.

        Args:
            rank: Its place among those that did.
            name: The name of who sent it.
            points: What it brought.
            verdict: What the bot answered.
        """
        who, what = self._text.people([name]), self._text.points(points)
        if verdict.call is Label.NEITHER:
            # Translators: under a photo that fooled the bot; it was a snow person after all.
            said = self._("{rank}. {name}, {points}. I said: neither of the two")
            return said.format(rank=rank, name=who, points=what)
        # Translators: under a photo that fooled the bot. {answer} is what it said: "Olaf, 97%".
        return self._("{rank}. {name}, {points}. I said: {answer}").format(
            rank=rank,
            name=who,
            points=what,
            answer=self._answer(verdict),
        )

    def _answer(self, verdict: Verdict) -> str:
        # Translators: what the bot said, in a caption: {label} is "Olaf" or "Yeti".
        said = self._("{label}, {percent}")
        return said.format(
            label=self._text.label(verdict.label), percent=self._text.percentage(verdict.percent)
        )

    def hall_empty(self) -> str:
        """Return the sentence that says that nobody fooled the bot this month."""
        return self._("Nobody has fooled me this month. I'm nearly bored: do try!")

    def me(self, season: date, name: str, figures: PlayerFigures, *, best_of_week: int = 0) -> str:
        """Return a player's own figures of a season, a line for each.

        Args:
            season: The season.
            name: The player's.
            figures: The player's.
            best_of_week: The points of the player's best fooling of this week; 0 for none.
        """
        # Points without rounds are from guesses, which is playing, too.
        if not figures.rounds and not figures.points:
            return self._("You haven't played this month. Show me a photo!")
        lines = [
            *self._figures(season, name, figures),
            self.ngettext("{number} round played", "{number} rounds played", figures.rounds).format(
                number=self._text.number(figures.rounds)
            ),
        ]
        if figures.streak > 1:
            lines.append(
                self.ngettext(
                    # Translators: foolings without the bot being right in between.
                    "Best streak: {number} fooling in a row",
                    "Best streak: {number} foolings in a row",
                    figures.streak,
                ).format(number=self._text.number(figures.streak))
            )
        if figures.best:
            # Translators: the best fooling of the month; {points} is such as "97 points".
            best = self._("Your best this month: {points}")
            lines.append(best.format(points=self._text.points(figures.best)))
        if best_of_week:
            # Translators: the best fooling of the week; {points} is such as "97 points".
            best = self._("Your best this week: {points}")
            lines.append(best.format(points=self._text.points(best_of_week)))
        return "\n".join(lines)

    def other(self, season: date, name: str, figures: PlayerFigures) -> str:
        """Return another player's figures of a season, as everyone may see them.

        Args:
            season: The season.
            name: The player's.
            figures: The player's.
        """
        if not figures.rounds and not figures.points:
            said = self._("{name} hasn't played this month.")
            return said.format(name=clean_name(name))
        return "\n".join(self._figures(season, name, figures))

    def _figures(self, season: date, name: str, figures: PlayerFigures) -> list[str]:
        """Return the lines that everyone may see."""
        lines = [
            # Translators: above a player's own figures.
            self._("{name}, {month}:").format(
                name=self._text.people([name]), month=self._text.month(season)
            ),
            self._points(figures),
            self.ngettext(
                "Fooled me {number} time", "Fooled me {number} times", figures.foolings
            ).format(number=self._text.number(figures.foolings)),
        ]
        if figures.made:
            lines.append(
                self.ngettext(
                    # Translators: snow people that the player made and the bot recognised.
                    "{number} snow person made, and I recognised it",
                    "{number} snow people made, and I recognised them",
                    figures.made,
                ).format(number=self._text.number(figures.made))
            )
        return lines

    def _points(self, figures: PlayerFigures) -> str:
        """Return a player's points, and where they come from."""
        total = self._text.points(figures.points)
        sources = [
            (points, sentence)
            for points, sentence in (
                # Translators: where a player's points come from, in a list; {number} of them each.
                (figures.foolings_points, self._("{number} for fooling me")),
                (figures.made_points, self._("{number} for good work")),
                (figures.guesses_points, self._("{number} for guessing")),
            )
            if points
        ]
        if not sources:
            return total
        listed = self._text.listed(
            [said.format(number=self._text.number(points)) for points, said in sources]
        )
        # Translators: {points} is such as "156 points"; {sources} is "146 for fooling me and ...".
        return self._("{points}: {sources}").format(points=total, sources=listed)

    def nobody_of_that_name(self, name: str) -> str:
        """Return the sentence that says that nobody of a name has played in the room."""
        return self._("I know nobody here by the name of {name}.").format(name=clean_name(name))

    def stats_title(self) -> str:
        """Return the title of the bot's own figures."""
        # Translators: above a table of what the bot said and what was true.
        return self._("How often I was right")

    def stats(self, right: int, told: int, untold: int) -> str:
        """Return the sentences that say how often the bot was right in a room.

        Args:
            right: How often it was.
            told: How many truths were told.
            untold: How many were not.
        """
        if not told:
            return self._("Nobody here has told me the truth yet, so I can't say how good I am.")
        # Translators: {told} is how often somebody told the truth, {right} how often it fitted.
        said = self.ngettext(
            "{told} told: I got {right} right, {percent}.",
            "{told} told: I got {right} right, {percent}.",
            told,
        ).format(
            right=self._text.number(right),
            told=self._text.number(told),
            percent=self._text.whole_percent(right / told),
        )
        if not untold:
            return said
        # Translators: photos of which nobody said who is on them.
        unknown = self.ngettext(
            "{number} untold: nobody has said who that was.",
            "{number} untold: nobody has said who they were.",
            untold,
        ).format(number=self._text.number(untold))
        return f"{said} {unknown}"

    def mix_up(self, truth: Label, said: Label, number: int) -> str:
        """Return one sentence about what the bot mixes up most.

        Args:
            truth: Who it was.
            said: What the bot said then.
            number: How often.
        """
        # Translators: {truth} and {said} are "Olaf", "Yeti" or "Neither".
        return self.ngettext(
            "What catches me most: it was “{truth}” and I said “{said}” ({number} time).",
            "What catches me most: it was “{truth}” and I said “{said}” ({number} times).",
            number,
        ).format(
            truth=self._text.label(truth),
            said=self._text.label(said),
            number=self._text.number(number),
        )

    def no_mix_up(self) -> str:
        """Return the sentence that says that the bot has been wrong about nobody yet."""
        return self._("I haven't mixed anybody up here. Not yet!")

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
        return self._("When it was “{truth}”, I said: {counts}").format(
            truth=self._text.label(truth), counts=self._text.listed(counts)
        )

    def stats_said(self) -> str:
        """Return the title of the confusion matrix's columns: what the bot said."""
        return self._("I said")

    def stats_was(self) -> str:
        """Return the title of the confusion matrix's rows: what was true."""
        # Translators: "It was" Olaf, or the Abominable Snowman, or neither: beside a table.
        return self._("It was")
