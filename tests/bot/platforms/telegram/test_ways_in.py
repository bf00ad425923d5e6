"""Every way in which a picture is handed over on Telegram."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain import Room
from tests.fakes.vision import YETI
from tests.fakes.telegram.evening import Evening, evening
from tests.fakes.telegram.things import Message

SNOW, STILL = b"snow", b"still"
OLAF = "Olaf! 97%"


@pytest.fixture
async def at() -> AsyncIterator[Evening]:
    async with evening() as it:
        yield it


async def only_when_called(at: Evening) -> None:
    await at.store.change_settings(Room("telegram", str(at.family.id)), every_photo=False)


async def is_left_alone(at: Evening, message: Message) -> bool:
    """Return whether a message gets no answer: a later one in its chat would be answered after it."""
    chat = message.chat
    await chat.answer(chat.send_photo(at.anna, SNOW, caption="/who"))
    return not [said for said in chat.bots if said.reply_to == message.id]


async def test_a_photo_is_answered_by_a_reply_to_it(at: Evening) -> None:
    answer = await at.home.answer(at.home.send_photo(at.anna, SNOW))
    assert answer.text == OLAF
    assert answer.buttons[-1] == "Where did you look?"


async def test_the_cheapest_adequate_size_is_downloaded(at: Evening) -> None:
    at.eye.side = 224
    await at.home.answer(at.home.send_photo(at.anna, SNOW))
    assert at.telegram.downloads == ["photo 320"]


async def test_a_photo_that_exists_only_small_is_taken_as_it_is(at: Evening) -> None:
    small = at.telegram.photo(SNOW)[:1]
    await at.home.answer(at.home.send_photo(at.anna, small))
    assert at.telegram.downloads == ["photo 90"]


async def test_the_same_photo_is_answered_again_without_a_download(at: Evening) -> None:
    sizes = at.telegram.photo(SNOW)
    await at.home.answer(at.home.send_photo(at.anna, sizes))
    origin = {"type": "hidden_user", "sender_user_name": "Bea", "date": 1}
    forwarded = at.family.send_photo(at.anna, sizes, forward_origin=origin)
    assert (await at.family.answer(forwarded)).text == OLAF
    assert len(at.telegram.downloads) == 1
    assert len(at.telegram.called("getFile")) == 1


async def test_a_picture_sent_as_a_file_is_a_picture(at: Evening) -> None:
    names = [
        ("a.jpg", "image/jpeg"),
        ("a.png", "image/png"),
        ("a.webp", "image/webp"),
        ("IMG_1.HEIC", "image/heic"),
        ("a.gif", "image/gif"),
        ("IMG_2.HEIC", "application/octet-stream"),
        ("IMG_3.jpeg", None),
        (None, "image/png"),
    ]
    files = [
        at.home.send_document(at.anna, b"%d" % number, name=name, mime=mime)
        for number, (name, mime) in enumerate(names)
    ]
    assert [(await at.home.answer(file)).text for file in files] == [OLAF] * len(names)


async def test_a_video_sent_as_a_file_is_its_thumbnail(at: Evening) -> None:
    at.eye.sees[STILL] = YETI
    file = at.home.send_document(at.anna, SNOW, name="a.mp4", mime="video/mp4", thumbnail=STILL)
    assert (await at.home.answer(file)).text == "Abominable! 84%"


async def test_a_sticker_is_a_picture(at: Evening) -> None:
    assert (await at.home.answer(at.home.send_sticker(at.anna, SNOW))).text == OLAF
    assert at.telegram.downloads == ["sticker"]


async def test_a_moving_sticker_is_its_thumbnail(at: Evening) -> None:
    at.eye.sees = {b"still 1": YETI, b"still 2": YETI}
    stickers = [
        at.home.send_sticker(at.anna, b"moves", thumbnail=b"still 1", animated=True),
        at.home.send_sticker(at.anna, b"moves", thumbnail=b"still 2", video=True),
    ]
    assert [(await at.home.answer(each)).text for each in stickers] == ["Abominable! 84%"] * 2


async def test_what_moves_is_its_thumbnail(at: Evening) -> None:
    for kind in ("animation", "video", "video_note"):
        still = kind.encode()
        at.eye.sees[still] = YETI
        moving = at.home.send_moving(at.anna, kind, thumbnail=still)
        assert [said.text for said in await at.home.answers(moving)] == ["Abominable! 84%"]
    assert at.telegram.downloads == ["thumbnail"] * 3


async def test_a_video_is_its_cover_where_the_thumbnail_is_too_small(at: Evening) -> None:
    cover = [size.json(sides=True) for size in at.telegram.photo(SNOW)[2:]]
    thumbnail = at.telegram.file(STILL, "thumbnail", width=320, height=180).json(sides=True)
    video = {"file_id": "v", "file_unique_id": "v", "width": 1280, "height": 720, "duration": 1}
    sent = at.home.send(at.anna, video=video | {"cover": cover, "thumbnail": thumbnail})
    await at.home.answer(sent)
    assert at.telegram.downloads == ["photo 800"]


async def test_a_video_without_a_thumbnail_gets_help_in_private(at: Evening) -> None:
    assert "/help" in (await at.home.answer(at.home.send_moving(at.anna, "video"))).text


async def test_a_live_photo_is_its_still(at: Evening) -> None:
    sizes = [size.json(sides=True) for size in at.telegram.photo(SNOW)]
    live = {"file_id": "l", "file_unique_id": "l", "width": 800, "height": 600, "duration": 2}
    sent = at.home.send(at.anna, live_photo=live | {"photo": sizes})
    assert (await at.home.answer(sent)).text == OLAF


async def test_an_album_gets_one_answer_with_a_line_for_each_picture(at: Evening) -> None:
    at.eye.sees[STILL] = YETI
    album = at.home.send_album(at.anna, [SNOW, STILL, SNOW], caption="our garden")
    answer = await at.home.answer(album[0])
    assert answer.text == "1. Olaf! 97%\n2. Abominable! 84%\n3. Olaf! 97%"
    assert answer.buttons == ["1: where?", "2: where?", "3: where?"]
    assert len(at.home.bots) == 1


async def test_albums_of_two_chats_and_of_files_do_not_mix(at: Evening) -> None:
    ours = at.home.send_document(at.anna, SNOW, mime="image/png", media_group_id="7")
    theirs = [
        at.family.send_document(at.anna, SNOW, mime="image/png", media_group_id="7")
        for _ in range(2)
    ]
    assert (await at.home.answer(ours)).text == OLAF
    assert (await at.family.answer(theirs[0])).text == f"1. {OLAF}\n2. {OLAF}"


async def test_a_full_album_is_not_waited_for(at: Evening) -> None:
    album = at.home.send_album(at.anna, [SNOW] * 10)
    assert len((await at.home.answer(album[0])).text.splitlines()) == 10


async def test_who_in_reply_to_an_earlier_photo_looks_at_it(at: Evening) -> None:
    at.family.bot_status = "member"  # so it never saw the photo itself
    photo = at.family.send_photo(at.anna, SNOW)
    asked = at.family.send_text(at.anna, "/who", reply_to=photo)
    assert (await at.family.answer(asked)).text == OLAF


async def test_who_in_reply_to_a_photo_that_was_answered_answers_again(at: Evening) -> None:
    photo = at.family.send_photo(at.anna, SNOW)
    await at.family.answer(photo)
    asked = at.family.send_text(at.anna, "/who@snowpeople_bot", reply_to=photo)
    assert (await at.family.answer(asked)).text.startswith(OLAF)


async def test_who_in_reply_to_a_photo_of_another_chat_looks_at_it(at: Evening) -> None:
    sizes = [size.json(sides=True) for size in at.telegram.photo(SNOW)]
    origin = {"type": "hidden_user", "sender_user_name": "Bea", "date": 1}
    elsewhere = {"origin": origin, "photo": sizes}
    asked = at.family.send_text(at.anna, "/who", external_reply=elsewhere)
    assert (await at.family.answer(asked)).text == OLAF


async def test_who_in_a_caption_calls_the_bot(at: Evening) -> None:
    await only_when_called(at)
    photo = at.family.send_photo(at.anna, SNOW, caption="🎅🎄 so /who is it")
    assert (await at.family.answer(photo)).text == OLAF


async def test_where_in_a_caption_shows_where(at: Evening) -> None:
    photo = at.family.send_photo(at.anna, SNOW, caption="/where")
    answer = await at.family.answer(photo)
    assert answer.picture == b"\x89PNG heat of snow"


async def test_where_in_reply_to_a_photo_shows_where(at: Evening) -> None:
    photo = at.family.send_photo(at.anna, SNOW)
    answer = await at.family.answer(at.family.send_text(at.anna, "/where", reply_to=photo))
    assert answer.picture == b"\x89PNG heat of snow"


async def test_who_makes_the_persons_next_photo_one_that_is_meant_for_the_bot(at: Evening) -> None:
    await only_when_called(at)
    bea = at.telegram.person("Bea")
    asked = await at.family.answer(at.family.send_text(at.anna, "/who"))
    assert "Show me!" in asked.text
    not_hers = at.family.send_photo(bea, SNOW)
    hers = at.family.send_photo(at.anna, SNOW)
    assert (await at.family.answer(hers)).text == OLAF
    second = at.family.send_photo(at.anna, SNOW)
    assert await is_left_alone(at, second)
    assert await is_left_alone(at, not_hers)


async def test_a_mention_in_a_caption_calls_the_bot(at: Evening) -> None:
    await only_when_called(at)
    photo = at.family.send_photo(at.anna, SNOW, caption="@snowpeople_bot and this?")
    assert (await at.family.answer(photo)).text == OLAF


async def test_a_mention_in_reply_to_a_photo_calls_the_bot(at: Evening) -> None:
    await only_when_called(at)
    photo = at.family.send_photo(at.anna, SNOW)
    asked = at.family.send_text(at.anna, "and this, @Snowpeople_Bot?", reply_to=photo)
    assert (await at.family.answer(asked)).text == OLAF


async def test_a_photo_in_reply_to_the_bot_calls_it(at: Evening) -> None:
    await only_when_called(at)
    asked = await at.family.answer(at.family.send_text(at.anna, "/who"))
    bea = at.telegram.person("Bea")
    photo = at.family.send_photo(bea, SNOW, reply_to=asked)
    assert (await at.family.answer(photo)).text == OLAF


async def test_an_album_is_called_for_by_the_caption_of_one(at: Evening) -> None:
    await only_when_called(at)
    album = at.family.send_album(at.anna, [SNOW, SNOW], caption="/who")
    assert (await at.family.answer(album[0])).text == f"1. {OLAF}\n2. {OLAF}"


async def test_in_a_group_every_photo_is_answered_unless_its_admins_say_otherwise(
    at: Evening,
) -> None:
    assert (await at.family.answer(at.family.send_photo(at.anna, SNOW))).text == OLAF
    await only_when_called(at)
    assert await is_left_alone(at, at.family.send_photo(at.anna, SNOW))


async def test_in_privacy_mode_the_caption_is_enough(at: Evening) -> None:
    at.family.bot_status = "member"
    unheard = at.family.send_photo(at.anna, SNOW)
    photo = at.family.send_photo(at.anna, SNOW, caption="/who@snowpeople_bot")
    assert (await at.family.answer(photo)).text == OLAF
    assert await is_left_alone(at, unheard)


async def test_a_photo_for_another_bot_is_left_alone(at: Evening) -> None:
    for caption in ("/who@other_bot", "look, /dance@other_bot"):
        assert await is_left_alone(at, at.family.send_photo(at.anna, SNOW, caption=caption))


async def test_words_without_a_picture_get_help_in_private_only(at: Evening) -> None:
    in_group = at.family.send_text(at.anna, "hello")
    helped = await at.home.answer(at.home.send_text(at.anna, "hello"))
    assert "/help" in helped.text
    assert await is_left_alone(at, in_group)


async def test_a_file_that_is_no_picture_gets_help_in_private(at: Evening) -> None:
    sent = at.home.send_document(at.anna, b"no picture", name="a.pdf", mime="application/pdf")
    assert "/help" in (await at.home.answer(sent)).text
    assert not at.telegram.downloads


async def test_an_answer_in_a_topic_stays_there(at: Evening) -> None:
    at.family.forum, at.family.topics = True, {77}
    photo = at.family.send_photo(at.anna, SNOW, topic=77)
    assert (await at.family.answer(photo)).topic == 77
    at.eye.may_answer.clear()
    deleted = at.family.send_photo(at.anna, b"another", topic=77)
    await at.outcomes(2)
    at.family.delete(deleted)
    at.eye.may_answer.set()
    await at.telegram.until(lambda: len(at.family.bots) == 2)
    assert at.family.bots[1].topic == 77


async def test_a_name_from_right_to_left_and_a_caption_at_its_limit_change_nothing(
    at: Evening,
) -> None:
    noa = at.telegram.person("\u202e\u05e0\u05d5\u05e2\u05d4 \u2066<b>*_`")
    photo = at.family.send_photo(noa, SNOW, caption="☃️" * 512)
    assert (await at.family.answer(photo)).text == OLAF
