"""Sentences about the bot and its room: greetings, help, settings, errors."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain import RoomSettings
from bot.speech.translations import LANGUAGES, Sentences


class RoomSentences(Sentences):
    """The sentences about the bot and its room, in one language."""

    def menu_name(self) -> str:
        """Return the name of the bot's entry in Discord's message menu; 32 characters at most."""
        # Translators: the bot's question; "Abominable" is the Abominable Snowman, a yeti.
        return self._("Olaf or Abominable?")

    def start(self) -> str:
        """Return the greeting for somebody who opened a chat with the bot."""
        return self._(
            "Hello! Show me a photo and I call out who it is: Olaf, or the Abominable Snowman. "
            "I know nobody else, so try to fool me!"
        )

    def help(self, platform: str, name: str, commands: Iterable[tuple[str, str]]) -> str:
        """Return the text that explains how to play.

        Args:
            platform: The platform's name.
            name: The bot's own, as people write it there, with or without the at sign.
            commands: Each command's name, and what it does.
        """
        lines = "\n".join(f"/{word}: {does}" for word, does in commands)
        return f"{self.start()}\n\n{self._how_to_call(platform, name)}\n\n{lines}"

    def help_briefly(self) -> str:
        """Return the answer to words without a picture, in a private chat."""
        return self._("Show me a photo and I'll tell you who it is. For more: /help")

    def about(self) -> str:
        """Return the text that says what the bot is."""
        return self._(
            "I'm a small neural network that learned from photos of two snow people, Olaf and the "
            "Abominable Snowman. Whatever you show me, I see one of the two; that's the fun of it. "
            "My percentages say how sure I am; being sure isn't being right. I'm free software, "
            "under the MIT licence."
        )

    def hello(self, platform: str, name: str, *, hears_all: bool) -> str:
        """Return the greeting for a group that the bot was added to, with how to call the bot.

        Args:
            platform: The platform's name.
            name: The bot's own, as people write it there, with or without the at sign.
            hears_all: Whether every photo of the group reaches the bot, without calling it.
        """
        hello = self._(
            "Hello, everyone! Show me a photo and I call out who it is: Olaf, or the Abominable "
            "Snowman. I know nobody else, so try to fool me!"
        )
        if platform == "discord":
            return f"{hello}\n\n{self._how_to_call(platform, name)}"
        if hears_all:
            # Translators: /settings is typed as it is.
            more = self._("I answer every photo here. If that's too much for you: /settings")
            return f"{hello}\n\n{more}"
        # Translators: Telegram's privacy mode. @BotFather and /setprivacy are typed as they are;
        # "Disable" is a button there, always in English.
        more = self._(
            "Would you like me to see every photo here? Then make me an admin of this group. Or, "
            "if I'm your bot: send /setprivacy to @BotFather, choose me and “Disable”, then remove "
            "me from this group and add me again."
        )
        closed = self._("Telegram doesn't show me your photos here by itself.")
        return f"{hello}\n\n{closed} {self._how_to_call(platform, name)}\n\n{more}"

    def _how_to_call(self, platform: str, name: str) -> str:
        """Return the list of ways in which a platform lets people call the bot."""
        bare = name.removeprefix("@")
        if platform == "discord":
            # Translators: Discord. "Apps" is the entry of its message menu.
            return self._(
                "This is how you call me:\n"
                "• mention me ({name}) in a message with a photo, or in a reply to one\n"
                "• /who with a photo\n"
                "• on anyone's photo: press and hold it (or right-click), Apps, “{menu}”\n"
                "• or send me a direct message"
            ).format(name=name if name.startswith("<") else f"@{bare}", menu=self.menu_name())
        # Translators: Telegram. {who} is what is typed, such as /who@snowpeople_bot.
        return self._(
            "This is how you call me in a group:\n"
            "• reply to a photo with {who}\n"
            "• send a photo with the caption {who}\n"
            "• reply to one of my messages with a photo"
        ).format(who=f"/who@{bare}" if bare else "/who")

    def add_me_to_a_group(self) -> str:
        """Return the label of the button that adds the bot to a group."""
        return self._("Add me to a group")

    def settings(self, chosen: RoomSettings, *, private: bool) -> str:
        """Return the room's settings in words, for above the buttons that change them.

        Args:
            chosen: The room's settings.
            private: Whether it is one person's chat, where every photo is answered.
        """
        # Translators: {language} is a language's own name, or "automatic".
        spoken = self._("Language: {language}").format(language=self.language_name(chosen.language))
        if private:
            return spoken
        if chosen.every_photo:
            # Translators: a group's setting; it depends on the platform what reaches the bot.
            photos = self._("Photos: I answer every photo that I can see.")
        else:
            photos = self._("Photos: I answer only when I'm called.")
        return f"{photos}\n{spoken}"

    def photos_button(self, *, every: bool) -> str:
        """Return the label of the button that has all photos of a group answered, or only some."""
        # Translators: buttons in the settings of a group, below "Photos: ...".
        return self._("Every photo") if every else self._("Only when called")

    def language_button(self) -> str:
        """Return the label of the button that opens the choice of languages."""
        return self._("Language")

    def language_name(self, language: str | None) -> str:
        """Return a language's own name; for None, that each person's own is spoken."""
        # Translators: instead of a language: the bot speaks each person's own.
        return self._("Automatic (each one's own)") if language is None else LANGUAGES[language]

    def which_language(self) -> str:
        """Return the question which language to speak in a room, for above a button for each."""
        return self._("Which language shall I speak here?")

    def back_button(self) -> str:
        """Return the label of the button that leads back to the settings."""
        return self._("Back")

    def chosen(self, label: str) -> str:
        """Return a button's label, marked as what is chosen at present."""
        return f"✓ {label}"

    def changed(self) -> str:
        """Return the sentence that says that a setting is changed."""
        return self._("Done. I'll stick to that.")

    def only_admins(self) -> str:
        """Return the sentence that says that only the room's admins may do this."""
        return self._("That's for the admins of this group to decide.")

    def not_yours_to_decide(self) -> str:
        """Return the sentence that says that this button is meant for somebody else."""
        return self._("That's not yours to decide. Show me a photo of your own!")

    def old_button(self) -> str:
        """Return the sentence that says that a button is too old to do anything."""
        return self._("That button's time is over; it melted. Show me the photo again.")

    def cannot_see_that_photo(self) -> str:
        """Return the sentence that says how to show the bot a photo that Discord hides."""
        return self._(
            "Discord doesn't let me see that photo. Press and hold it (or right-click), then "
            "Apps, “{menu}”."
        ).format(menu=self.menu_name())

    def cannot_write_there(self) -> str:
        """Return the sentence that says that the bot may not write where it was asked."""
        # Translators: "Send Messages" is a permission on Discord; use Discord's own word.
        return self._(
            "I may not write there. An admin can allow it: give me the permission “Send Messages”."
        )

    def cannot_attach_there(self) -> str:
        """Return the sentence that says that the bot may not send pictures where it was asked."""
        # Translators: "Attach Files" is a permission on Discord; use Discord's own word.
        return self._(
            "I may not send pictures there. An admin can allow it: give me the permission "
            "“Attach Files”."
        )

    def who_are_you(self) -> str:
        """Return the answer to a request of somebody who did not come from the bot's own page."""
        return self._("I don't know who sent that. Reload the page and try again.")

    def only_this_computer(self) -> str:
        """Return the sentence that says why a shared link does not work for others yet."""
        # Translators: the command is typed as it is.
        return self._(
            "Only this computer can open that link. To let phones in, "
            "start the bot with: python -m bot --host 0.0.0.0"
        )
