"""Sentences about stored data: privacy, /forget, /export, /reset, learning, the admins' log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from bot.domain import AdminAction
from bot.speech.translations import Sentences, clean_name


class PrivacySentences(Sentences):
    """The sentences about stored data, in one language."""

    def privacy(self, *, keeps: bool, days: int, shows_photos: bool) -> str:
        """Return the text that says what is stored and logged, and how to have it erased.

        Args:
            keeps: Whether photos that fooled the bot are kept in this room.
            days: For how many days they are.
            shows_photos: Whether everyone in this room sees the last photos, as in the browser.
        """
        stored = self._stored_data(keeps=keeps, days=days)
        return f"{stored}\n{self._photos_in_the_browser()}" if shows_photos else stored

    def _photos_in_the_browser(self) -> str:
        """Return the sentence that says who sees a browser room's photos, and how long."""
        # Translators: a room on a web page; "hidden data" is what a camera writes into a photo;
        # {hide} is the button "Take it down".
        return self._(
            "This room here, in the browser, shows everyone in it the last photos. For that I keep "
            "them for a day at most, small and without their hidden data such as the place, with "
            "what was written beside them. /forget and “{hide}” remove yours at once."
        ).format(hide=self.hide_button())

    def _stored_data(self, *, keeps: bool, days: int) -> str:
        """Return the text that says what is stored of the game, and in the log."""
        stored = self._(
            "I keep no photos. I look at one and throw it away.\n"
            "For each round I remember: the room, who played, where the platform keeps the photo, "
            "a fingerprint by which I know the photo again (nobody can make a photo of it), what I "
            "said, what was true, the points, and when. And about you: your number on the "
            "platform, your latest name, your guesses, objections and votes.\n"
            "My log has the room's number, the photo's size, how long I took and what I said. "
            "Never a picture, a caption or a name."
        )
        # Translators: above the buttons "What you know about me" and "Forget me…".
        rights = self._(
            "With the buttons below you get everything I know about you, or I forget you, "
            "everywhere. A room where nothing happens for a year is forgotten as a whole."
        )
        # Translators: how a photo is known again; "the month" is that in which it was played.
        known = self._(
            "Of a photo that fooled me I keep a few thousand numbers, to know it again turned or "
            "cropped; nobody can make a photo of them either. They go a year after the month is "
            "over, or at once when I forget you. If nobody tells me who was on a photo, a day "
            "later I've forgotten where it is and how to know it again; what I said of it stays."
        )
        # Translators: a party night is a game of an evening; "hidden data" is what a camera writes
        # into a photo.
        party = self._(
            "I do keep a party night's photos, small and without their hidden data, until a day "
            "after it ends."
        )
        stored = f"{stored}\n{known}\n{party}\n{rights}"
        if not keeps:
            return stored
        # Translators: only said in a room where the admins switched learning on.
        but = self.ngettext(
            "But in this room learning is on: a photo that fooled me is kept for {number} day, to "
            "learn from. When I forget you, yours go at once.",
            "But in this room learning is on: a photo that fooled me is kept for {number} days, to "
            "learn from. When I forget you, yours go at once.",
            days,
        )
        return f"{stored}\n{but.format(number=days)}"

    def about_button(self) -> str:
        """Return the label of the button that shows what the bot is."""
        # Translators: buttons under the text about privacy, from here on.
        return self._("Who I am, the bot")

    def export_button(self) -> str:
        """Return the label of the button that hands out everything about a person."""
        return self._("What you know about me")

    def forget_me_button(self) -> str:
        """Return the label of the button that asks whether to forget a person."""
        return self._("Forget me…")

    def forget_ask(self) -> str:
        """Return the question whether to forget a person, for above the buttons that answer it."""
        return self._(
            "Shall I forget you, in every room? Your name and all I know about you melt away; your "
            "points stay with “a forgotten snow person”. Nothing brings it back."
        )

    def forget_button(self) -> str:
        """Return the label of the button that makes the bot forget a person."""
        return self._("Yes, forget me")

    def forget_not_button(self) -> str:
        """Return the label of the button that leaves everything as it is."""
        return self._("No, don't forget me")

    def forgot(self) -> str:
        """Return the sentence that says that a person is forgotten."""
        return self._("Done. Have we met? I'm a snow person. Show me a photo!")

    def forgot_not(self) -> str:
        """Return the sentence that says that a person is not forgotten."""
        return self._("Phew! I'd have missed you.")

    def export(self) -> str:
        """Return the caption of the file with everything about a person."""
        return self._("Here is everything I know about you, as a file.")

    def export_how(self) -> str:
        """Return the sentence, for a group, that says to ask for it in a private chat."""
        return self._("That's just for you. Write to me privately and ask there: /privacy")

    def export_nothing(self) -> str:
        """Return the sentence that says that nothing is stored about a person."""
        return self._("I know nothing about you. Show me a photo and that changes!")

    def reset_ask(self, season: date) -> str:
        """Return the question whether to reset a season, for above the buttons that answer it.

        Args:
            season: Any day of its month.
        """
        return self._(
            "Shall I set everyone's points of {month} back to zero? You can undo that for a day."
        ).format(month=self._text.month(season))

    def reset_button(self) -> str:
        """Return the label of the button that resets the season."""
        return self._("Yes, back to zero")

    def reset_not_button(self) -> str:
        """Return the label of the button that leaves the season as it is."""
        return self._("No, leave them")

    def reset(self, name: str, season: date) -> str:
        """Return the announcement that an admin has reset the season."""
        # Translators: an admin started the month anew. Avoid "his" or "her".
        said = self._("Fresh snow! {name} has set the points of {month} back to zero.")
        return said.format(name=clean_name(name), month=self._text.month(season))

    def reset_undo_button(self) -> str:
        """Return the label of the button that brings the season's points back."""
        return self._("Bring the points back")

    def reset_undone(self, name: str) -> str:
        """Return the announcement that an admin has brought the season's points back."""
        # Translators: an admin did this. Avoid "his" or "her".
        return self._("{name} has brought the points back. As if it had never snowed!").format(
            name=clean_name(name)
        )

    def reset_not(self) -> str:
        """Return the sentence that says that the season stays as it is."""
        return self._("Everything stays as it was.")

    def keep_on(self, name: str, days: int) -> str:
        """Return the announcement that photos that fool the bot are kept, and for how many days."""
        said = self.ngettext(
            "{name} has switched learning on. From now on I keep photos that fooled me, "
            "for {number} day at most, to learn from them. They stay with whoever runs me. Under "
            "/privacy you can have yours removed at once; /keep off ends it for everyone.",
            "{name} has switched learning on. From now on I keep photos that fooled me, "
            "for {number} days at most, to learn from them. They stay with whoever runs me. Under "
            "/privacy you can have yours removed at once; /keep off ends it for everyone.",
            days,
        )
        return said.format(name=clean_name(name), number=days)

    def keep_off(self, name: str) -> str:
        """Return the announcement that no more photos are kept."""
        return self._(
            "{name} has switched learning off. I keep no more photos from now on."
        ).format(name=clean_name(name))

    def keep_how(self, *, keeps: bool) -> str:
        """Return the sentence that says whether photos are kept in a room and how to change it."""
        if keeps:
            return self._("Learning is on: I keep photos that fooled me. To end it: /keep off")
        return self._("Learning is off: I keep no photos. To let me learn: /keep on")

    def hide_button(self) -> str:
        """Return the label of the button with which a player withdraws a photo."""
        # Translators: a button: the photo is not to be shown again; the points stay.
        return self._("Take it down")

    def hidden(self) -> str:
        """Return the sentence that says that a photo is withdrawn."""
        return self._("Taken down: I won't show that photo again. The points stay.")

    def not_yours_to_hide(self) -> str:
        """Return the sentence for somebody who withdraws somebody else's photo."""
        return self._("Only whoever sent that photo can take it down.")

    def log(self, entries: Iterable[tuple[date, str, AdminAction]]) -> str:
        """Return the list of what the room's admins did.

        Args:
            entries: The day, the admin's name and the action of each, in the order to list.
        """
        lines = [
            # Translators: a line of the log, such as "May 4, 2026, Mia: points back to zero".
            self._("{day}, {name}: {deed}").format(
                day=self._text.day(day), name=clean_name(name), deed=self.admin_action(action)
            )
            for day, name, action in entries
        ]
        if not lines:
            return self._("The admins haven't changed anything here yet.")
        # Translators: above the list of what admins did.
        return "\n".join((self._("What the admins did here:"), *lines))

    def admin_action(self, action: AdminAction) -> str:
        """Return what an admin did, as the room's log names it."""
        return {
            # Translators: entries in the log of what admins did: no verb that needs a gender.
            AdminAction.RESET: self._("points back to zero"),
            AdminAction.KEEP_ON: self._("learning on"),
            AdminAction.KEEP_OFF: self._("learning off"),
            AdminAction.LANGUAGE: self._("another language"),
            AdminAction.EVERY_PHOTO: self._("answers to every photo"),
            AdminAction.ONLY_CALLED: self._("answers only when called"),
            # Translators: the bot answers with a sign instead of words; and with words again.
            AdminAction.QUIET: self._("signs instead of words"),
            AdminAction.ALOUD: self._("words instead of signs"),
            # Translators: all channels of a server on Discord share their points; or each its own.
            AdminAction.BOARD_SHARED: self._("one board for the whole server"),
            AdminAction.BOARD_PARTED: self._("a board for each channel"),
            # Translators: an admin told who is on somebody else's photo.
            AdminAction.TRUTH: self._("the truth about someone else's photo"),
            # Translators: an admin took back what was told about somebody's photo.
            AdminAction.UNDO: self._("a truth taken back"),
            AdminAction.GUESS_EVERY: self._("guessing on"),
            AdminAction.GUESS_ASKED: self._("guessing off"),
            AdminAction.TIMEZONE: self._("another time zone"),
            AdminAction.DAILY: self._("the daily challenge"),
        }[action]
