"""Whose points count together on a server: a thread's, a channel's, everybody's."""

from __future__ import annotations

from bot.domain import Label
from bot.speech import speaker_for
from tests.fakes.discord.bot import OLAF_PNG, YETI_PNG, Evening
from tests.fakes.discord.world import Channel

EN = speaker_for("en")


async def board(evening: Evening, channel: Channel) -> str:
    """Return the leaderboard of a channel."""
    asked = await evening.discord.slash(evening.ben, channel, "leaderboard")
    return (await evening.discord.answered(asked)).content or ""


async def test_a_server_shares_one_board_if_its_admins_choose_so(evening: Evening) -> None:
    discord, evening.ana.is_admin = evening.discord, True
    home, kitchen = evening.family.channels[:2]
    photo = await discord.send(evening.ana, kitchen, "it's a yeti", OLAF_PNG, mention=True)
    assert "97 points" in ((await discord.answer(photo)).content or "")
    assert "Ana" not in await board(evening, home)

    settings = await discord.answered(await discord.slash(evening.ana, home, "settings"))
    assert "this channel plays by itself" in (settings.content or "")
    await discord.press(evening.ana, settings, EN.rooms.board_button(shared=True))
    await discord.until(lambda: "the whole server plays together" in (settings.content or ""))
    # A guess round's answer and a vote stay in the channel of the photo.
    told = await discord.send(evening.ben, kitchen, "", YETI_PNG, mention=True)
    answer = await discord.answer(told)
    assert answer.channel is kitchen
    await discord.press(evening.ben, answer, EN.rounds.truth_button(Label.OLAF))
    await discord.until(lambda: "84 points" in (answer.content or ""))
    both = await board(evening, home)
    assert "Ana" in both
    assert "Ben" in both
    # Who plays anywhere on the server may object, and all of them vote.
    cora = discord.user("Cora")
    await discord.answer(await discord.send(cora, home, "", b"hers", mention=True))
    await discord.press(cora, answer, EN.rounds.objection_button())
    await discord.until(lambda: "Cora objects" in (answer.content or ""))
    await discord.press(evening.ana, answer, EN.rounds.truth_button(Label.ABOMINABLE))
    await discord.until(lambda: "1 vote" in (answer.content or ""))

    await discord.press(evening.ana, settings, EN.rooms.board_button(shared=False))
    await discord.until(lambda: "this channel plays by itself" in (settings.content or ""))
    assert "Ana" not in await board(evening, home)
    assert "Ben" in await board(evening, kitchen)
    log = await discord.answered(await discord.slash(evening.ana, home, "log"))
    assert "one board for the whole server" in (log.content or "")
    assert "a board for each channel" in (log.content or "")


async def test_a_thread_counts_to_its_channel(evening: Evening) -> None:
    discord = evening.discord
    thread = discord.channel(evening.family, "thread", parent=evening.home)
    asked = await discord.slash(evening.ana, thread, "who", OLAF_PNG)
    answer = await discord.answered(asked)
    assert answer.channel is thread
    await discord.press(evening.ana, answer, EN.rounds.truth_button(Label.ABOMINABLE))
    await discord.until(lambda: "97 points" in (answer.content or ""))
    assert "Ana" in await board(evening, evening.home)
