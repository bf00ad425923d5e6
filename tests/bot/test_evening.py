"""One evening of a family on both platforms; `pytest -s tests/test_evening.py` shows it."""

from __future__ import annotations

from bot.speech import speaker_for
from tests.fakes.discord.world import Message as DiscordMessage
from tests.fakes.telegram.things import User
from tests.support.evening import DiscordPage, TelegramPage, answer_pattern
from tests.support.family import Family, a_family
from tests.support.pictures import draw_olaf, draw_yeti, encoded

OLAF = encoded(draw_olaf((640, 480)), "JPEG")
YETI = encoded(draw_yeti((640, 480)), "JPEG")
SMALL = encoded(draw_yeti((320, 240)), "JPEG")
FILES = {
    "Garten.png": ("image/png", encoded(draw_olaf(), "PNG")),
    "Berg.webp": ("image/webp", encoded(draw_yeti(), "WEBP")),
    "IMG_0042.HEIC": ("image/heic", encoded(draw_olaf(), "HEIF")),
    "winkt.gif": ("image/gif", encoded(draw_olaf(), "GIF")),
}
EN, DE = speaker_for("en"), speaker_for("de")
ENGLISH, GERMAN = answer_pattern(EN), answer_pattern(DE)
ORIGIN = {"type": "hidden_user", "sender_user_name": "Tante Inge", "date": 1}


async def test_an_evening_in_a_family_on_both_platforms() -> None:
    async with a_family() as family:
        bot = await family.start()
        pages: list[TelegramPage | DiscordPage] = [
            await the_group(family),
            await grandmother(family),
            await the_server(family),
            await in_private(family),
        ]
        assert await bot.stop() == 0
        for page in pages:
            assert set(page.counts()) == {1}, f"{page.title}: {page.counts()}"
            assert not page.unasked(), page.title
        print("", *pages, sep="\n")


async def the_group(family: Family) -> TelegramPage:
    telegram = family.telegram
    greta, jonas = telegram.person("Oma Greta", "de"), telegram.person("Jonas", "de")
    tom = telegram.person("Tom", "en")
    group = telegram.group("Familie Winter", bot="left")
    group.admins.add(jonas.id)
    page = TelegramPage("Telegram, the group “Familie Winter”", group)

    # In privacy mode: the bot sees what is meant for it.
    page.write("", "Jonas adds the bot to the group.")
    group.invite_bot(jonas)
    await telegram.until(lambda: bool(group.bots))
    page.hear(group.bots[0])
    assert "/who@snowpeople_bot" in group.bots[0].text

    photo = page.talk(group.send_photo(greta, OLAF, caption="Wer ist denn das?"))
    answer = await page.ask(group.send_text(jonas, "/who", reply_to=photo))
    assert GERMAN.match(answer.text)
    captioned = group.send_photo(tom, YETI, caption="/who@snowpeople_bot is that at our door?")
    assert ENGLISH.match((await page.ask(captioned)).text)
    show_me = await page.ask(group.send_text(greta, "/who"))
    assert show_me.text == DE.photos.who_how("telegram")
    shown = await page.ask(group.send_photo(greta, YETI, reply_to=show_me))
    assert GERMAN.match(shown.text)
    page.write("", "Jonas makes the bot an admin of the group: now it sees every photo.")
    group.invite_bot(jonas, "administrator")

    # From here on it sees everything.
    assert GERMAN.match((await page.ask(group.send_photo(jonas, OLAF))).text)
    album = await page.ask(*group.send_album(greta, [OLAF, YETI, OLAF], caption="Im Garten"))
    assert [line[:3] for line in album.text.splitlines()[:3]] == ["1. ", "2. ", "3. "]
    # What moves is answered where the bot is meant.
    page.talk(group.send_moving(jonas, "animation", SMALL))
    moving = group.send_moving(jonas, "animation", SMALL, caption="/who")
    assert GERMAN.match((await page.ask(moving)).text)
    note = group.send_moving(tom, "video_note", SMALL, reply_to=album)
    assert ENGLISH.match((await page.ask(note)).text)
    forwarded = await page.ask(group.send_photo(greta, YETI, forward_origin=ORIGIN))
    assert GERMAN.match(forwarded.text)

    # Where did you look?
    await page.press(jonas, forwarded, DE.photos.where_button())
    heat = await group.answer(forwarded)
    page.hear(heat)
    assert heat.picture is not None
    where = await page.ask(group.send_text(tom, "/where", reply_to=photo))
    assert where.picture is not None
    await page.press(tom, forwarded, DE.photos.where_button())

    await english_please(page, jonas, tom)
    assert ENGLISH.match((await page.ask(group.send_photo(greta, OLAF))).text)
    mention = group.send_text(jonas, "@snowpeople_bot what about this one?", reply_to=photo)
    assert ENGLISH.match((await page.ask(mention)).text)
    page.talk(group.send_text(tom, "Good night, everyone!"))
    return page


async def english_please(page: TelegramPage, admin: User, other: User) -> None:
    """An admin changes the language; somebody else may not."""
    settings = await page.ask(page.chat.send_text(admin, "/settings"))
    await page.press(admin, settings, DE.rooms.language_button())
    await page.edited(settings, 1)
    assert await page.press(other, settings, "English") == EN.rooms.only_admins()
    assert await page.press(admin, settings, "English") == EN.rooms.changed()
    await page.edited(settings, 2)


async def grandmother(family: Family) -> TelegramPage:
    greta = family.telegram.person("Oma Greta", "de")
    home = family.telegram.private(greta)
    page = TelegramPage("Telegram, Oma Greta and the bot", home)
    hello = (await page.ask(home.send_text(greta, "/start"))).text
    assert hello.startswith(DE.rooms.start())
    assert (await page.ask(home.send_text(greta, "Guten Abend!"))).text == DE.rooms.help_briefly()
    assert GERMAN.match((await page.ask(home.send_photo(greta, OLAF))).text)
    for name, (mime, data) in FILES.items():
        document = home.send_document(greta, data, name=name, mime=mime)
        assert GERMAN.match((await page.ask(document)).text)
    still = encoded(draw_yeti(), "WEBP")
    assert GERMAN.match((await page.ask(home.send_sticker(greta, still))).text)
    moving = home.send_sticker(greta, b"lottie", animated=True, thumbnail=still)
    assert GERMAN.match((await page.ask(moving)).text)
    assert GERMAN.match((await page.ask(home.send_moving(greta, "video", SMALL))).text)
    letter = home.send_document(greta, b"no picture", name="Brief.pdf", mime="application/pdf")
    assert (await page.ask(letter)).text == DE.rooms.help_briefly()
    damaged = home.send_document(greta, OLAF[:900], name="halb.jpg", mime="image/jpeg")
    assert not GERMAN.match((await page.ask(damaged)).text)
    return page


async def the_server(family: Family) -> DiscordPage:
    discord = family.discord
    mia, ben = discord.user("Mia"), discord.user("Ben", locale="de")
    winters = discord.guild("The Winters", "snow")
    await discord.invite(winters)
    snow = winters.channels[0]
    page = DiscordPage("Discord, #snow of “The Winters”", discord, snow)
    page.write("", "Ben adds the bot to the server.")
    await discord.until(lambda: bool(discord.said))
    page.hear(discord.said[0])
    assert discord.bot.mention in discord.said[0].content

    first = await page.ask(mia, "who is this?", OLAF, mention=True)
    assert ENGLISH.match(first.content)
    both = await page.ask(ben, "", OLAF, YETI, mention=True)
    assert [line[:3] for line in both.content.splitlines()[:2]] == ["1. ", "2. "]
    photo = await page.talk(ben, "look at our roof", YETI)
    withheld = await page.ask(mia, "who?", mention=True, reply_to=photo)
    assert withheld.content == EN.rooms.cannot_see_that_photo()
    menu = await discord.menu(ben, photo)
    answer = await page.does(ben, f"chooses Apps > {DE.rooms.menu_name()} on his photo", menu)
    assert GERMAN.match(answer.content)
    await page.press(mia, answer, DE.photos.where_button())

    # A message tells no language; the first that somebody told in this channel is Ben's.
    await page.ask(mia, "and that?", YETI, mention=True)
    seen = page.asked[-1]
    assert isinstance(seen, DiscordMessage)
    again = await page.ask(ben, "sure?", mention=True, reply_to=seen)
    assert GERMAN.match(again.content)
    assert GERMAN.match((await page.ask(ben, "then this!", OLAF, reply_to=first)).content)
    who = await discord.slash(ben, snow, "who", OLAF)
    assert GERMAN.match((await page.does(ben, "/who [photo]", who)).content)
    alone = await page.does(mia, "/who", await discord.slash(mia, snow, "who"))
    assert alone.content == EN.photos.who_how("discord")
    sticker = discord.world.sticker(encoded(draw_yeti(), "PNG"))
    stuck = await page.ask(mia, "", mention=True, stickers=[sticker])
    assert GERMAN.match(stuck.content)
    picture = {"type": "image", "thumbnail": discord.world.proxied(OLAF)}
    link = "https://example.org/snow.jpg"
    linked = await page.ask(ben, link, mention=True, embeds=[picture])
    assert GERMAN.match(linked.content)
    assert (await page.ask(mia, "hello?", mention=True)).content == DE.photos.mention_how()
    return page


async def in_private(family: Family) -> DiscordPage:
    discord = family.discord
    mia = discord.user("Mia")
    page = DiscordPage("Discord, Mia and the bot", discord, discord.dm(mia))
    winters = next(iter(discord.world.guilds.values()))
    photo = await discord.send(mia, winters.channels[0], "for later", YETI)
    assert ENGLISH.match((await page.ask(mia, "", OLAF)).content)
    assert ENGLISH.match((await page.ask(mia, forward=photo)).content)
    assert (await page.ask(mia, "thank you, good night")).content == EN.rooms.help_briefly()
    return page
