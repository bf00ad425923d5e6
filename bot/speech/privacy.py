"""What the bot says of what it remembers: privacy, forgetting, a new start, learning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from bot.speech.translations import Tongue, tame


class AdminAction(StrEnum):
    """What an admin can have done; the room's log shows it."""

    RESET = "reset"
    KEEP_ON = "keep_on"
    KEEP_OFF = "keep_off"
    LANGUAGE = "language"
    EVERY_PHOTO = "every_photo"
    ONLY_CALLED = "only_called"
    TRUTH = "truth"


class MemorySpeaker(Tongue):
    """The sentences around what is remembered, in one language."""

    def what_is_kept(self, *, keeps: bool, days: int) -> str:
        """Tell in plain words what is kept of the game; keeps: fooling photos, for so many days."""
        told = self._(
            "I keep no photos. I look at one and throw it away.\n"
            "For each round I remember: the room, who played, where the platform keeps the photo, "
            "a fingerprint by which I know the photo again (nobody can make a photo of it), what I "
            "said, what was true, the points, and when. And of you: your number on the platform, "
            "your name as it was last, your guesses and objections.\n"
            "My log has the room's number, the photo's size, how long I took and what I said. "
            "Never a picture, a caption or a name.\n"
            "/export shows you all I know of you, /forget makes me forget you everywhere. A room "
            "where nothing happens for a year is forgotten as a whole."
        )
        if not keeps:
            return told
        # Translators: only said in a room where the admins switched learning on.
        but = self.ngettext(
            "But in this room learning is on: a photo that fooled me is kept for {number} day, to "
            "learn from. /forget removes it at once.",
            "But in this room learning is on: a photo that fooled me is kept for {number} days, to "
            "learn from. /forget removes it at once.",
            days,
        )
        return f"{told}\n{but.format(number=days)}"

    def forgotten_name(self) -> str:
        """Name a player who wanted to be forgotten."""
        # Translators: stands where the name of a forgotten player was.
        return self._("a forgotten snow person")

    def forget_ask(self) -> str:
        """Ask whether to forget a person, above the buttons that answer it."""
        return self._(
            "Shall I forget you, in every room? Your name and all I know of you melts away; your "
            "points stay with “a forgotten snow person”. Nothing brings it back."
        )

    def forget_button(self) -> str:
        """Label the button that makes the bot forget a person."""
        return self._("Yes, forget me")

    def forget_not_button(self) -> str:
        """Label the button that leaves everything as it is."""
        return self._("No, remember me")

    def forgot(self) -> str:
        """Tell that a person is forgotten."""
        return self._("Done. Have we met? I'm a snow person. Show me a photo!")

    def forgot_not(self) -> str:
        """Tell that a person is not forgotten."""
        return self._("Phew! I'd have missed you.")

    def export(self) -> str:
        """Caption the file with everything about a person."""
        return self._("Here is everything I know of you, as a file.")

    def export_how(self) -> str:
        """Tell, in a group, that the bot cannot write to a person by itself."""
        return self._("That's for your eyes only. Write to me privately and ask there: /export")

    def export_nothing(self) -> str:
        """Tell that nothing is known about a person."""
        return self._("I know nothing of you. Show me a photo and that changes!")

    def reset_ask(self, season: date) -> str:
        """Ask an admin whether to set a season back, above the buttons that answer it."""
        return self._(
            "Shall I set everyone's points of {month} back to zero? Nothing brings them back."
        ).format(month=self.month(season))

    def reset_button(self) -> str:
        """Label the button that sets the season back."""
        return self._("Yes, back to zero")

    def reset_not_button(self) -> str:
        """Label the button that leaves the season alone."""
        return self._("No, leave them")

    def reset(self, name: str, season: date) -> str:
        """Announce that an admin has set the season back."""
        # Translators: an admin started the month anew. Avoid "his" or "her".
        said = self._("Fresh snow! By decision of {name} the points of {month} start at zero.")
        return said.format(name=tame(name), month=self.month(season))

    def reset_not(self) -> str:
        """Tell that the season stays as it is."""
        return self._("Everything stays as it was.")

    def keep_on(self, name: str, days: int) -> str:
        """Announce that photos that fool the bot are kept from now on."""
        said = self.ngettext(
            "Learning is on here, by decision of {name}. From now on I keep photos that fooled me, "
            "for {number} day at most, to learn from them. They stay with whoever runs me. /forget "
            "removes yours at once, and /keep off ends it for everyone.",
            "Learning is on here, by decision of {name}. From now on I keep photos that fooled me, "
            "for {number} days at most, to learn from them. They stay with whoever runs me. "
            "/forget removes yours at once, and /keep off ends it for everyone.",
            days,
        )
        return said.format(name=tame(name), number=days)

    def keep_off(self, name: str) -> str:
        """Announce that no more photos are kept."""
        return self._(
            "Learning is off here, by decision of {name}. I keep no more photos from now on."
        ).format(name=tame(name))

    def keep_how(self, *, keeps: bool) -> str:
        """Tell whether photos are kept in a room and how to change it."""
        if keeps:
            return self._("Learning is on: I keep photos that fooled me. To end it: /keep off")
        return self._("Learning is off: I keep no photos. To let me learn: /keep on")

    def log(self, entries: Iterable[tuple[date, str, AdminAction]]) -> str:
        """List what the room's admins did, the latest first, as it is given."""
        lines = [
            # Translators: a line of the log, such as "May 4, 2026, Mia: points back to zero".
            self._("{day}, {name}: {deed}").format(
                day=self.day(day), name=tame(name), deed=self.deed(deed)
            )
            for day, name, deed in entries
        ]
        if not lines:
            return self._("The admins haven't changed anything here yet.")
        # Translators: above the list of what admins did.
        return "\n".join((self._("What the admins did here:"), *lines))

    def deed(self, deed: AdminAction) -> str:
        """Name what an admin did, in the room's log."""
        return {
            # Translators: entries in the log of what admins did: no verb that needs a gender.
            AdminAction.RESET: self._("points back to zero"),
            AdminAction.KEEP_ON: self._("learning on"),
            AdminAction.KEEP_OFF: self._("learning off"),
            AdminAction.LANGUAGE: self._("another language"),
            AdminAction.EVERY_PHOTO: self._("answers to every photo"),
            AdminAction.ONLY_CALLED: self._("answers only when called"),
            # Translators: an admin told who is on somebody else's photo.
            AdminAction.TRUTH: self._("the truth about someone else's photo"),
        }[deed]
