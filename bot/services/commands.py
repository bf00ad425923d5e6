"""The commands: what each is called, who may use it, where, and what answers it.

The menus of all platforms, `/help`, permissions and dispatch come from this one list.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.domain import CommandRequest, Photo, Reply
from bot.game.rules import Denied
from bot.services.buttons import ShowCommands, button
from bot.services.heatmaps import Heatmaps
from bot.services.leaderboard import Leaderboards
from bot.services.party_chat import PartyChats
from bot.services.privacy import Privacy
from bot.services.room_admin import RoomAdmin
from bot.services.rounds import Rounds
from bot.speech import Speaker


class Section(StrEnum):
    """What a command belongs to; a menu shows these one after the other."""

    PHOTOS = "photos"
    PLAY = "play"
    ROOM = "room"
    PRIVACY = "privacy"


class HandlePhoto(Protocol):
    """The service's way of answering a photo; it imports this module, so this one cannot it."""

    def __call__(self, photo: Photo, *, guessing: bool = False) -> Awaitable[Reply | None]:
        """Answer a photo, the room guessing first or not."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What commands are answered with."""

    handle_photo: HandlePhoto
    rounds: Rounds
    heatmaps: Heatmaps
    leaderboards: Leaderboards
    room_admin: RoomAdmin
    privacy: Privacy
    party_chats: PartyChats


Handler = Callable[[Parts, CommandRequest, Speaker], Awaitable[Reply | None]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    Attributes:
        name: What is typed after the slash; the same in every language.
        summary: What it does, in English; at most 90 characters in every language, since Discord
            takes 100. `summary_in` gives it in another.
        section: What it belongs to.
        handler: What answers it; None is for a photo that was answered before.
        admins_only: Whether only a room's admins get more than a sentence.
        platforms: Where it can be used.
        is_listed: Whether menus and `/help` name it.
        takes_photo: Whether a photo may go along with it, or be replied to with it.
        choices: What may be written after it.
        takes_text: Whether anything may be written after it.
        for_room: Whether everyone in the room sees the answer.
        invites: Whether its answer asks for a photo.
    """

    name: str
    summary: str
    section: Section
    handler: Handler
    admins_only: bool = False
    platforms: frozenset[str] = frozenset({"telegram", "discord", "web"})
    is_listed: bool = True
    takes_photo: bool = False
    choices: tuple[str, ...] = ()
    takes_text: bool = False
    for_room: bool = False
    invites: bool = False

    def summary_in(self, speaker: Speaker) -> str:
        """Return what it does, in a language."""
        return speaker.text.gettext(self.summary)


def find(name: str) -> Command | None:
    """Return the command of that name."""
    return _BY_NAME.get(name)


def menu(platform: str, *, admin: bool = True) -> tuple[Command, ...]:
    """Return the commands that a platform's menu names.

    Args:
        platform: Its name.
        admin: Whether the menu is for a room's admins.
    """
    return tuple(
        each
        for each in COMMANDS
        if each.is_listed and platform in each.platforms and (admin or not each.admins_only)
    )


def listed(platform: str, speaker: Speaker) -> str:
    """Return what each of a platform's commands does that are for everybody."""
    named = ((each.name, each.summary_in(speaker)) for each in menu(platform, admin=False))
    return speaker.rooms.commands(named)


def N_(sentence: str) -> str:  # noqa: N802  # gettext's own name for it
    """Mark a sentence for the translators; it is looked up when it is said."""
    return sentence


async def _start(_: Parts, __: CommandRequest, speaker: Speaker) -> Reply:
    return Reply(speaker.rooms.start())


async def _help(_: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    said = speaker.rooms.help(request.room.platform, request.bot)
    return Reply(said, buttons=((button(speaker.rooms.commands_button(), ShowCommands()),),))


async def _who(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply | None:
    if request.photo is None:
        return Reply(speaker.photos.who_how(request.room.platform))
    return await parts.handle_photo(request.photo)


async def _guess(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply | None:
    wish = request.argument.strip().lower()
    if wish in ("on", "off"):
        return await parts.room_admin.guess_every(request, speaker, is_on=wish == "on")
    if request.photo is None:
        return Reply(speaker.rounds.guess_how(request.room.platform))
    return await parts.handle_photo(request.photo, guessing=True)


async def _where(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    if request.photo is None:
        return Reply(speaker.photos.where_how(request.room.platform))
    return await parts.heatmaps.of_photo(request.photo, speaker)


async def _rules(_: Parts, __: CommandRequest, speaker: Speaker) -> Reply:
    return Reply(speaker.rooms.rules())


async def _about(_: Parts, __: CommandRequest, speaker: Speaker) -> Reply:
    return Reply(speaker.rooms.about())


async def _challenge(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return Reply(await parts.leaderboards.challenge(request.room, speaker))


async def _daily(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return await parts.room_admin.daily(request, speaker)


async def _undo(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    """Take back one's own last truth, else an admin's last reset or keep."""
    done = await parts.rounds.undo_last(request, speaker)
    if isinstance(done, Reply):
        return done
    if undone := await parts.room_admin.undo(request, speaker):
        return undone
    if done is Denied.VOTE:
        return Reply(speaker.rounds.vote_decides())
    is_late = done is Denied.LATE
    return Reply(speaker.rounds.undo_late() if is_late else speaker.rounds.undo_nothing())


async def _party(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply | None:
    return await parts.party_chats.command(request, speaker)


async def _leaderboard(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return await parts.leaderboards.leaderboard(request, speaker)


async def _hall(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return await parts.leaderboards.hall(request, speaker)


async def _me(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return await parts.leaderboards.own(request, speaker)


async def _stats(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return await parts.leaderboards.accuracy(request, speaker)


async def _settings(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return await parts.room_admin.settings(request, speaker)


async def _reset(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return await parts.room_admin.ask_whether_to_reset(request, speaker)


async def _keep(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return await parts.room_admin.keep(request, speaker)


async def _log(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return await parts.room_admin.log(request, speaker)


async def _privacy(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return await parts.privacy.tell(request, speaker)


async def _export(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return await parts.privacy.export(request.room, request.player, speaker, alone=request.alone)


async def _forget(parts: Parts, request: CommandRequest, speaker: Speaker) -> Reply:
    return parts.privacy.ask_whether_to_forget(request.player, speaker)


# In the browser a photo has a button of its own, and the page itself says how to send one.
CHATS = frozenset({"telegram", "discord"})

# In the order in which they help.
COMMANDS = (
    # Telegram sends this one when somebody opens a chat with the bot.
    Command("start", N_("Say hello"), Section.PHOTOS, _start, is_listed=False),
    Command("help", N_("How to show me a photo"), Section.PHOTOS, _help, platforms=CHATS),
    Command("rules", N_("The game in five lines"), Section.PLAY, _rules),
    Command(
        "who",
        N_("Olaf or Abominable? I look at a photo"),
        Section.PHOTOS,
        _who,
        platforms=CHATS,
        takes_photo=True,
        for_room=True,
        invites=True,
    ),
    Command(
        "where",
        N_("I show where in the photo I looked"),
        Section.PHOTOS,
        _where,
        platforms=CHATS,
        takes_photo=True,
        for_room=True,
    ),
    Command(
        "guess",
        # Translators: what comes from here on is the game around fooling the bot.
        N_("Say what I'll say, before I say it"),
        Section.PLAY,
        _guess,
        takes_photo=True,
        for_room=True,
    ),
    Command(
        "challenge",
        N_("An idea for a photo, the same for everyone today"),
        Section.PLAY,
        _challenge,
        for_room=True,
        invites=True,
    ),
    # In the browser an evening has a page of its own.
    Command(
        "party",
        N_("Party night: all of you against me, for ten minutes or twenty"),
        Section.PLAY,
        _party,
        platforms=CHATS,
        choices=("stop",),
    ),
    Command(
        "leaderboard",
        N_("Who fooled me best: this week, this month, ever"),
        Section.PLAY,
        _leaderboard,
        choices=("week", "month", "all"),
        for_room=True,
        invites=True,
    ),
    Command("hall", N_("The photos that fooled me best"), Section.PLAY, _hall, for_room=True),
    Command("me", N_("Your own points, or somebody's by name"), Section.PLAY, _me, takes_text=True),
    Command("stats", N_("How often I was right here"), Section.PLAY, _stats, for_room=True),
    Command("undo", N_("Take back what you told me last"), Section.PLAY, _undo, for_room=True),
    Command(
        "settings", N_("Which photos I answer, and in which language"), Section.ROOM, _settings
    ),
    Command(
        "daily",
        N_("A challenge every day at your time, or off"),
        Section.ROOM,
        _daily,
        takes_text=True,
        for_room=True,
    ),
    Command("privacy", N_("What I remember, and what I don't"), Section.PRIVACY, _privacy),
    # These three are buttons under /privacy; typed, they work as ever.
    Command("about", N_("Who I am"), Section.PRIVACY, _about, is_listed=False),
    Command("forget", N_("I forget you, everywhere"), Section.PRIVACY, _forget, is_listed=False),
    Command(
        "export",
        N_("Everything I know about you, as a file"),
        Section.PRIVACY,
        _export,
        is_listed=False,
    ),
    Command(
        "reset",
        N_("For admins: everyone's points back to zero"),
        Section.ROOM,
        _reset,
        admins_only=True,
        for_room=True,
    ),
    Command(
        "keep",
        N_("For admins: may I keep photos that fooled me, to learn?"),
        Section.ROOM,
        _keep,
        admins_only=True,
        choices=("on", "off"),
        for_room=True,
    ),
    Command(
        "log",
        N_("For admins: what was changed here"),
        Section.ROOM,
        _log,
        admins_only=True,
        for_room=True,
    ),
)
_BY_NAME = {each.name: each for each in COMMANDS}
# What is answered to a command that nobody knows.
HELP = _BY_NAME["help"]
