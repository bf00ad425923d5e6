"""A caption's own words count in the game; what Discord puts among them does not."""

from __future__ import annotations

import pytest

from bot.domain import Label, Photo, Reply
from bot.game.captions import truth_in
from bot.platforms.discord.captions import caption_of
from tests.fakes.discord.bot import YETI_PNG, Evening


class Captions:
    """Notes the captions that the service is given, and hands everything on."""

    def __init__(self, evening: Evening, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        handle_photo = evening.service.handle_photo

        async def noted(photo: Photo, *, guessing: bool = False) -> Reply | None:
            self.seen.append(photo.caption)
            return await handle_photo(photo, guessing=guessing)

        monkeypatch.setattr(evening.service, "handle_photo", noted)


@pytest.mark.parametrize(
    ("content", "caption"),
    [
        ("It's Olaf!", "It's Olaf!"),
        ("<:olaf:1>", ""),
        ("<a:olaf:123456789012345678> look", "look"),
        ("<#123456789012345678>", ""),
        ("<@123456789012345678> it's a yeti", "it's a yeti"),
        ("<@!123456789012345678>", ""),
        ("<@&123456789012345678>", ""),
        ("</olaf:123456789012345678> </olaf now:1>", ""),
        ("<t:1764354000:R> <t:1764354000>", ""),
        ("<id:customize> <id:linked-roles> <sound:1:2>", ""),
        ("https://olaf.example/olaf?is=olaf#olaf", ""),
        ("<https://olaf.example/olaf>", ""),
        ("a https://example.org, b", "a b"),
        ("www.olaf.example", ""),
        ("olaf.example/yeti", ""),
        ("olaf@example.org", ""),
        ("olaf.jpg", ""),
        ("@Opa Olaf", ""),
        ("@Opa Olaf, it's a yeti!", ", it's a yeti!"),
        ("@opa.olaf", ""),
        ("@everyone it's a yeti", "it's a yeti"),
        ("#olaf", ""),
        ("#1 yeti", "yeti"),
        ("# Olaf", "# Olaf"),
        (":olaf:", ""),
        ("<3 olaf", "<3 olaf"),
        ("1 < 2 > 1: Olaf", "1 < 2 > 1: Olaf"),
        ("Olaf...", "Olaf..."),
        ("z.B. Olaf", "z.B. Olaf"),
        ("C'est\n\nOlaf", "C'est Olaf"),
        ("Олаф <:єті:1>", "Олаф"),
    ],
)
def test_only_a_persons_own_words_are_left(content: str, caption: str) -> None:
    assert caption_of(content) == caption


@pytest.mark.parametrize(
    "content",
    [
        "<:olaf:123456789012345678>",
        "<a:yeti:123456789012345678>",
        "{channel}",
        "{person}",
        "{role}",
        "{bot}",
        "{bot} {bot_role}",
        "</olaf:123456789012345678>",
        "https://example.org/olaf",
        "<https://example.org/olaf>",
        "@Opa Olaf",
        "#olaf",
        ":olaf:",
    ],
)
@pytest.mark.parametrize("is_private", [False, True])
async def test_a_name_that_discord_puts_in_a_caption_settles_nothing(
    evening: Evening, content: str, monkeypatch: pytest.MonkeyPatch, *, is_private: bool
) -> None:
    discord, family = evening.discord, evening.family
    opa = discord.user("Opa Olaf")
    channel = discord.channel(family, "olaf")
    family.nicks = {opa.id: "Olaf", discord.bot.id: "Olaf"}
    role = discord.world.flakes.new()
    family.roles[role] = "Olaf"
    await discord.gateway.emit("GUILD_CREATE", family.wire(discord.bot), family.id)
    captions = Captions(evening, monkeypatch)
    text = content.format(
        channel=f"<#{channel.id}>",
        person=opa.mention,
        role=f"<@&{role}>",
        bot=discord.bot.mention,
        bot_role=f"<@&{family.bot_role}>",
    )
    room = discord.dm(evening.ana) if is_private else evening.home
    message = await discord.send(
        evening.ana, room, text, YETI_PNG, mention=True, mention_roles=[role, family.bot_role]
    )
    answer = await discord.answer(message)
    assert captions.seen == [""]
    assert any("Olaf" in label for label in answer.labels)  # who it is can still be told


async def test_a_caption_of_ones_own_still_settles_it(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    captions = Captions(evening, monkeypatch)
    message = await evening.discord.send(
        evening.ana, evening.home, "It's Olaf! <:snow:1>", YETI_PNG, mention=True
    )
    await evening.discord.answer(message)
    assert captions.seen == ["It's Olaf!"]
    assert truth_in(captions.seen[0]) is Label.OLAF
