"""The real process on both platforms at once: what an operator and a family see of it."""

from __future__ import annotations

import asyncio
import re
import signal
import socket

import aiohttp

from bot.speech import speaker_for
from tests.support.evening import answer_pattern
from tests.support.family import BotProcess, a_family
from tests.support.pictures import draw_olaf, draw_yeti, encoded

OLAF = encoded(draw_olaf((320, 240)), "JPEG")
YETI = encoded(draw_yeti((320, 240)), "JPEG")
ANSWER = answer_pattern(speaker_for("en"))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def warnings(bot: BotProcess) -> list[str]:
    return [line for line in bot.log if re.search(r" (WARNING|ERROR|CRITICAL) ", line)]


async def test_both_platforms_and_the_room_are_served_by_one_process_that_says_nothing_secret() -> (
    None
):
    async with a_family(LOG_LEVEL="DEBUG") as family:
        bot = await family.start()
        telegram, discord = family.telegram, family.discord
        ana, ben = telegram.person("Ana Secretname"), discord.user("Ben Secretname")
        home = telegram.private(ana)
        igloo = discord.guild("Igloo", "pictures")
        await discord.invite(igloo)
        photo = home.send_photo(ana, OLAF, caption="our secret kitchen")
        message = await discord.send(ben, igloo.channels[0], "secret cellar", YETI, mention=True)
        assert ANSWER.match((await home.answer(photo)).text)
        assert ANSWER.match((await discord.answer(message)).content)
        await bot.running("web", "telegram", "discord")
        assert await bot.stop() == 0

        log = "\n".join(bot.log + bot.said)
        for secret in (
            telegram.token,
            discord.token,
            "Secretname",
            "secret kitchen",
            "secret cellar",
            "/attachments/",
            "/file/bot",
        ):
            assert secret not in log, secret
        lines = [line.split("photo platform=")[1] for line in bot.log if "photo platform=" in line]
        shape = (
            r"(telegram|discord) room=\d+ bytes=\d+ download=\d+ queue=\d+ inference=\d+ send=\d+ "
            r"label=(olaf|abominable)"
        )
        assert len(lines) == 2
        assert all(re.fullmatch(shape, line) for line in lines), lines


async def test_a_bad_token_ends_that_platform_with_one_sentence_and_leaves_the_other() -> None:
    wrong = "4343:" + "x" * 35
    async with a_family(TELEGRAM_TOKEN=wrong) as family:
        bot = await family.start()
        discord = family.discord
        ben = discord.user("Ben")
        message = await discord.send(ben, discord.dm(ben), "", OLAF)
        assert ANSWER.match((await discord.answer(message)).content)
        await bot.running("discord")
        telegram = await bot.becomes("telegram", "unusable")  # once is no proof
        assert "BotFather" in telegram["reason"]
        health = await bot.health()
        assert (health["status"], health["ready"]) == ("ok", False)
        assert await bot.stop() == 0
        (sentence,) = [line for line in bot.log if " ERROR " in line]
        assert "telegram is off: Telegram does not know this TELEGRAM_TOKEN" in sentence
        assert wrong not in "\n".join(bot.log)


async def test_with_no_platform_left_and_no_room_it_ends_with_exit_code_1() -> None:
    settings = {"TELEGRAM_TOKEN": "4343:" + "x" * 35, "DISCORD_TOKEN": "wrong.wrong.wrong"}
    async with a_family(**settings, WEB_ROOM="off") as family:
        bot = await family.start()
        assert await bot.ended() == 1
        assert sum(" ERROR " in line for line in bot.log) == 2
        assert bot.log[-1].startswith("No platform is left and WEB_ROOM is off")


async def test_photos_in_hand_at_sigterm_are_answered_or_told_to_come_back() -> None:
    async with a_family() as family:
        bot = await family.start()
        telegram, discord = family.telegram, family.discord
        ana, ben = telegram.person("Ana"), discord.user("Ben")
        home, dm = telegram.private(ana), discord.dm(ben)
        telegram.stall = stall = asyncio.Event()  # in the middle of its bytes
        quick = home.send_photo(ana, OLAF)
        never = discord.world.attach(dm, YETI, "photo.jpg")
        discord.spoil(never, "slow")  # a byte a second
        slow = await discord.send(ben, dm, "", never)
        await telegram.until(lambda: bool(telegram.downloads))
        await discord.until(lambda: bool(discord.cdn_requests))
        stopped = asyncio.create_task(bot.stop())
        await asyncio.sleep(0.5)  # it drains, for several seconds
        stall.set()
        assert ANSWER.match((await home.answer(quick)).text)
        assert (await discord.answer(slow)).content.startswith("I'm just going out in the snow")
        assert await stopped == 0


async def test_what_was_in_hand_when_it_was_killed_is_answered_once_by_the_next() -> None:
    async with a_family() as family:
        bot = await family.start()
        telegram, discord = family.telegram, family.discord
        ana, ben = telegram.person("Ana"), discord.user("Ben")
        home, dm = telegram.private(ana), discord.dm(ben)
        done = home.send_photo(ana, YETI)
        await home.answer(done)
        telegram.pace = 1.0
        photo = home.send_photo(ana, OLAF)
        attachment = discord.world.attach(dm, YETI, "photo.jpg")
        discord.spoil(attachment, "slow")
        message = await discord.send(ben, dm, "", attachment)
        await telegram.until(lambda: len(telegram.downloads) == 2)
        await discord.until(lambda: bool(discord.cdn_requests))
        await telegram.waits()
        await bot.stop(signal.SIGKILL)

        telegram.pace = 0.0
        discord.cdn_faults.clear()
        again = await family.start()
        assert ANSWER.match((await home.answer(photo)).text)
        assert ANSWER.match((await discord.answer(message)).content)
        later = home.send_photo(ana, OLAF)
        await home.answer(later)
        assert len(home.bots) == 3
        assert len(discord.said) == 1
        assert await again.stop() == 0


async def test_a_webhook_brings_updates_to_the_bots_own_server_and_nobody_else_can() -> None:
    port = free_port()
    hook = f"http://127.0.0.1:{port}"
    async with a_family(WEBHOOK_URL=hook, WEB_PORT=str(port), DISCORD_TOKEN="") as family:
        bot = await family.start()
        telegram = family.telegram
        await telegram.until(lambda: telegram.webhook == f"{hook}/telegram")
        ana = telegram.person("Ana")
        home = telegram.private(ana)
        photo = home.send_photo(ana, OLAF)
        assert ANSWER.match((await home.answer(photo)).text)
        async with aiohttp.ClientSession() as session:
            for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "guessed"}):
                forged = await session.post(telegram.webhook, json={}, headers=headers)
                assert forged.status == 403
        assert await bot.stop() == 0


async def test_a_platform_that_is_down_at_the_start_comes_up_later() -> None:
    async with a_family(DISCORD_TOKEN="") as family:
        family.telegram.fail("getMe", status=502, times=2)
        bot = await family.start()
        ana = family.telegram.person("Ana")
        home = family.telegram.private(ana)
        photo = home.send_photo(ana, OLAF)
        assert ANSWER.match((await home.answer(photo)).text)
        await bot.running("telegram")
        assert await bot.stop() == 0
        assert not any("Traceback" in line for line in bot.log)
