"""Sentences about the bot and its room: greetings, help, settings, errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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

    def rules(self) -> str:
        """Return the rules of the game, in five lines."""
        return self._(
            "1. Show me a photo. I say who it is (Olaf, the yeti or neither) and how sure I am.\n"
            "2. Tell me the truth with a button. If I was wrong, you get points: the surer I was, "
            "the more.\n"
            "3. Made it yourself, and I recognise it? Praise, and points once a day.\n"
            "4. Don't believe it? Tap “{objection}” and everybody votes.\n"
            "5. Your best three tricks of a day count. Each month starts at zero."
        ).format(objection=self._("Objection!"))

    def help(self, platform: str, name: str) -> str:
        """Return the text that explains how to play: the rules, and how to call the bot.

        Args:
            platform: The platform's name.
            name: The bot's own, as people write it there, with or without the at sign.
        """
        return f"{self.rules()}\n\n{self._how_to_call(platform, name)}".rstrip()

    def commands_button(self) -> str:
        """Return the label of the button, under the help, that tells what each command does."""
        # Translators: a button under the bot's help: it shows the list of all commands.
        return self._("Everything I can do")

    def commands(self, commands: Iterable[tuple[str, str]]) -> str:
        """Return what each command does.

        Args:
            commands: Each command's name, and what it does.
        """
        return "\n".join(f"/{word}: {does}" for word, does in commands)

    def help_briefly(self) -> str:
        """Return the answer to words without a picture, in a private chat."""
        return self._("Show me a photo and I'll tell you who it is. For more: /help")

    def about(self) -> str:
        """Return the text that says what the bot is."""
        return self._(
            "I'm a small neural network that learned from photos of two snow people, Olaf and the "
            "Abominable Snowman. Of each photo I say which of the two it is, or that it looks like "
            "neither; now and then I'm wrong, and that's the fun of it. My percentages say how "
            "sure I am; being sure isn't being right. I'm free software, under the MIT licence."
        )

    def hello(self, platform: str, name: str, *, hears_all: bool) -> str:
        """Return the greeting, in two lines, for a group that the bot was added to.

        Args:
            platform: The platform's name.
            name: The bot's own, as people write it there, with or without the at sign.
            hears_all: Whether every photo of the group reaches the bot, without calling it.
        """
        hello = self._(
            "Hello, everyone! I'm a snow person and know two others: Olaf and the Abominable "
            "Snowman."
        )
        bare = name.removeprefix("@")
        if platform == "discord":
            # Translators: Discord; {name} is the bot's own.
            more = self._(
                "Mention me ({name}) with a photo and I call out who it is. Fool me for points!"
            ).format(name=name if name.startswith("<") else f"@{bare}")
        elif hears_all:
            more = self._("Show me a photo and I call out who it is. Fool me for points!")
        else:
            # Translators: Telegram. {who} is what is typed, such as /who@snowpeople_bot.
            more = self._(
                "Reply to a photo with {who} and I call out who it is. Fool me for points!"
            ).format(who=f"/who@{bare}" if bare else "/who")
        return f"{hello}\n{more}"

    def privacy_mode_button(self) -> str:
        """Return the label of the button that explains how the bot gets to see every photo."""
        # Translators: a button under the bot's hello in a group on Telegram.
        return self._("Let me see every photo")

    def privacy_mode_help(self, name: str = "") -> str:
        """Return the text that explains how the bot gets to see every photo of a Telegram group.

        Args:
            name: The bot's own, as people write it there, with or without the at sign.
        """
        # Translators: Telegram's privacy mode. @BotFather and /setprivacy are typed as they are;
        # "Disable" is a button there, always in English.
        more = self._(
            "Would you like me to see every photo here? Then make me an admin of this group. Or, "
            "if I'm your bot: send /setprivacy to @BotFather, choose me and “Disable”, then remove "
            "me from this group and add me again."
        )
        closed = self._("Telegram doesn't show me your photos here by itself.")
        return f"{closed} {self._how_to_call('telegram', name)}\n\n{more}"

    def _how_to_call(self, platform: str, name: str) -> str:
        """Return the list of ways in which a platform lets people call the bot."""
        bare = name.removeprefix("@")
        if platform == "web":
            return self._("Photos go through the big button, or you drop or paste one here.")
        if platform == "discord":
            # Translators: Discord. "Apps" is the entry of its message menu.
            return self._(
                "This is how you call me:\n"
                "• mention me ({name}) in a message with a photo\n"
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

    def guest_how(self, name: str) -> str:
        """Return how the bot is called in chats that it is not in.

        Args:
            name: The bot's own, without an at sign.
        """
        # Translators: Telegram. {name} is such as @snowpeople_bot.
        return self._(
            "You can call me in any chat: reply to a photo with {name} and I say who it is."
        ).format(name=f"@{name}")

    def guest_play(self) -> str:
        """Return the line that says how to play, under an answer where nobody can."""
        # Translators: in a chat that the bot does not belong to, under its answer to a photo.
        return self._("Fool me for points? That works in a group: add me to one!")

    def settings(
        self,
        chosen: RoomSettings,
        *,
        private: bool,
        platform: str = "telegram",
        hears_all: bool = True,
        shares_board: bool | None = None,
        host_timezone: str | None = None,
    ) -> str:
        """Return the room's settings in words, for above the buttons that change them.

        Args:
            chosen: The room's settings.
            private: Whether it is one person's chat, where every photo is answered.
            platform: The platform's name.
            hears_all: Whether every photo reaches the bot there, where a room wants that.
            shares_board: Whether all of a server count together; None where there is no server.
            host_timezone: The host's IANA name, for a room that has not chosen its own.
        """
        lines: list[str] = []
        if not private:
            lines += self._which_photos(chosen, platform, hears_all=hears_all)
        if shares_board is not None:
            # Translators: Discord; whose points are counted together.
            together = self._("Points: the whole server plays together.")
            alone = self._("Points: this channel plays by itself.")
            lines.append(together if shares_board else alone)
        if chosen.quiet:
            # Translators: a group's setting. The three signs are what the bot puts at a photo.
            lines.append(
                self._(
                    "Answers: a sign at the photo (☃ Olaf, 👻 yeti, 🤷 neither). I speak when I'm "
                    "fooled or called. Tell me the truth in the caption, or in a reply to your "
                    "photo."
                )
            )
        # Translators: {language} is a language's own name, or "automatic".
        spoken = self._("Language: {language}").format(language=self.language_name(chosen.language))
        lines.append(spoken)
        if (zone := chosen.timezone or host_timezone) is not None:
            # Translators: {place} is such as "Berlin".
            lines.append(self._("Time zone: {place}").format(place=self.timezone_name(zone)))
        if chosen.daily is not None:
            when = self._text.clock_time(*divmod(chosen.daily, 60))
            # Translators: the day's idea for a photo is posted; {time} is such as "9:00 AM".
            lines.append(self._("Daily challenge: {time}").format(time=when))
        if chosen.guess_every:
            # Translators: before the bot answers a photo, everyone guesses what it will say.
            lines.append(self._("Guessing: with every photo"))
        return "\n".join(lines)

    def _which_photos(
        self, chosen: RoomSettings, platform: str, *, hears_all: bool
    ) -> Iterator[str]:
        """Yield the lines that say which photos of a group are answered."""
        if chosen.every_photo and hears_all:
            # Translators: a group's setting; it depends on the platform what reaches the bot.
            yield self._("Photos: I answer every photo that I can see.")
        elif platform == "discord":
            # Translators: ways to show the bot a photo on Discord.
            yield self._("Photos: I answer where I'm mentioned, with /who, and in the menu Apps.")
        else:
            yield self._("Photos: I answer only when I'm called.")
        if not hears_all:
            # Translators: "Message Content Intent" and "Bot" are names in Discord's developer
            # portal, which is in English.
            yield self._(
                "I can also answer every photo of a channel: whoever runs me turns on “Message "
                "Content Intent” in Discord's developer portal, under “Bot”, and starts me again."
            )

    def photos_button(self, *, every: bool) -> str:
        """Return the label of the button that has all photos of a group answered, or only some."""
        # Translators: buttons in the settings of a group, below "Photos: ...".
        return self._("Every photo") if every else self._("Only when called")

    def manner_button(self, *, quiet: bool) -> str:
        """Return the label of the button that has photos answered with a sign, or with words."""
        # Translators: buttons in the settings of a group: how photos are answered.
        return self._("Just a sign") if quiet else self._("In words")

    def board_button(self, *, shared: bool) -> str:
        """Return the label of the button that has a server, or a channel, count by itself."""
        # Translators: buttons in the settings of a channel on Discord, below "Points: ...".
        return self._("The whole server") if shared else self._("This channel")

    def language_button(self) -> str:
        """Return the label of the button that opens the choice of languages."""
        return self._("Language")

    def language_name(self, language: str | None) -> str:
        """Return a language's own name; for None, that each person's own is spoken."""
        # Translators: instead of a language: the bot speaks each person's own.
        return self._("Automatic (each person's)") if language is None else LANGUAGES[language]

    def which_language(self) -> str:
        """Return the question which language to speak in a room, for above a button for each."""
        return self._("Which language shall I speak here?")

    def timezone_button(self) -> str:
        """Return the label of the button that opens the choice of time zones."""
        return self._("Time zone")

    def timezone_name(self, timezone: str | None) -> str:
        """Return where a time zone is; for None, that the host's is used.

        Args:
            timezone: An IANA name such as `Europe/Berlin`.
        """
        if timezone is None:
            # Translators: instead of a time zone: that of the computer on which the bot runs.
            return self._("Automatic (my own clock)")
        return self._text.place_of_timezone(timezone)

    def which_timezone(self) -> str:
        """Return the question which time zone a room is in, for above a button for each."""
        # Translators: "yours" are the people of the room.
        return self._("What time is yours? My days and months follow it.")

    def daily_on(self, time: str, zone: str) -> str:
        """Return the announcement that a challenge is posted every day.

        Args:
            time: When, as the language writes it: `9:00 AM`.
            zone: The time zone's IANA name.
        """
        # Translators: {place} is such as "Berlin"; /daily off is typed as it is.
        return self._(
            "Every day at {time} ({place}) I'll post an idea for a photo, without a sound. To end "
            "it: /daily off"
        ).format(time=time, place=self.timezone_name(zone))

    def daily_off(self) -> str:
        """Return the announcement that no more challenges are posted."""
        return self._("No more daily ideas from me. If you want one: /challenge")

    def daily_how(self) -> str:
        """Return the text that explains /daily."""
        # Translators: what is written after /daily is typed as it is.
        return self._(
            "An idea for a photo every day, at a time of yours: /daily 9:00\nTo end it: /daily off"
        )

    def daily_challenge(self, challenge: str, days: int) -> str:
        """Return what is posted each day.

        Args:
            challenge: The day's, as `ChallengeSentences.challenge` words it.
            days: How many days in a row somebody has sent a photo.
        """
        lines = [challenge]
        if days > 1:
            lines.append(
                self.ngettext(
                    # Translators: on each of these days, somebody here sent a photo.
                    "You've been playing for {number} day in a row. Keep it up!",
                    "You've been playing for {number} days in a row. Keep it up!",
                    days,
                ).format(number=self._text.number(days))
            )
        return "\n".join(lines)

    def evening_card(self, name: str, points: int) -> str:
        """Return the caption of the day's photo that fooled the bot best.

        Args:
            name: The name of who sent it.
            points: What it brought.
        """
        # Translators: in the evening; {points} is such as "97 points".
        return self._("What fooled me best today: {name}, {points}. Good night!").format(
            name=self._text.people([name]), points=self._text.points(points)
        )

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

    def only_members(self) -> str:
        """Return the sentence that says that who has left a group does not play there."""
        return self._("That's for those who are in this group.")

    def not_yours_to_decide(self) -> str:
        """Return the sentence that says that this button is meant for somebody else."""
        return self._("That button is for somebody else. Show me a photo of your own!")

    def old_button(self) -> str:
        """Return the sentence that says that a button is too old to do anything."""
        return self._("That button has melted. Show me the photo again.")

    def too_many_taps(self) -> str:
        """Return the sentence for somebody who taps faster than anybody can mean it."""
        return self._("So many taps! My twigs can't keep up. Wait a moment, then tap again.")

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
            "I'm not allowed to write there. An admin can change that: give me the permission "
            "“Send Messages”."
        )

    def cannot_attach_there(self) -> str:
        """Return the sentence that says that the bot may not send pictures where it was asked."""
        # Translators: "Attach Files" is a permission on Discord; use Discord's own word.
        return self._(
            "I'm not allowed to send pictures there. An admin can change that: give me the "
            "permission “Attach Files”."
        )

    def who_are_you(self) -> str:
        """Return the answer to a request of somebody who did not come from the bot's own page."""
        return self._("I don't know who sent that. Reload the page and try again.")

    def no_such_name(self) -> str:
        """Return the sentence for the link to a browser's room whose name is no name."""
        # Translators: somebody opened a link such as /r/!!! in a browser.
        return self._(
            "A room needs a letter, a number or an emoji in its name, such as /r/snowflakes."
        )

    def only_this_computer(self, command: str) -> str:
        """Return the sentence that says why a shared link does not work for others yet.

        Args:
            command: Starts the bot so that it does.
        """
        # Translators: the command is typed as it is.
        told = self._(
            "Only this computer can open that link. To let phones in, start the bot with: {command}"
        )
        return told.format(command=command)
