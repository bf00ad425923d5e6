"""Every way in which a picture is handed over on Telegram."""

from __future__ import annotations

from bot.domain import Reply, RoomSettings
from bot.speech import speaker_for
from tests.bot.platforms.telegram.conftest import is_answer
from tests.fakes.telegram.running_bot import RunningBot, room_of
from tests.fakes.telegram.things import Message
from tests.fakes.vision import YETI

SNOW, STILL, PNG = b"snow", b"still", b"\x89PNG\r\n"
OLAF = "Olaf! 97%"
PLAYED = "I'll play number 1."
SEEN_BEFORE = "I've met that one here before, so it's just for fun: no points."


async def only_when_called(bot: RunningBot) -> None:
    await bot.store.rooms.change_settings(room_of(bot.family), RoomSettings(every_photo=False))


async def is_left_alone(bot: RunningBot, message: Message) -> bool:
    """Return whether a message has no answer when a later one in its chat has got its own."""
    chat = message.chat
    await chat.answer(chat.send_photo(bot.anna, SNOW, caption="/who"))
    return not [said for said in chat.bots if said.reply_to == message.id]


async def test_a_photo_is_answered_by_a_reply_to_it(bot: RunningBot) -> None:
    answer = await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    assert is_answer(answer.text)
    assert answer.buttons[-1] == "Where did you look?"


async def test_the_cheapest_adequate_size_is_downloaded(bot: RunningBot) -> None:
    bot.vision.side = 224
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    assert bot.telegram.downloads == ["photo 320"]


async def test_a_photo_that_exists_only_small_is_taken_as_it_is(bot: RunningBot) -> None:
    small = bot.telegram.photo(SNOW)[:1]
    await bot.home.answer(bot.home.send_photo(bot.anna, small))
    assert bot.telegram.downloads == ["photo 90"]


async def test_the_same_photo_is_answered_again_without_a_download(bot: RunningBot) -> None:
    sizes = bot.telegram.photo(SNOW)
    await bot.home.answer(bot.home.send_photo(bot.anna, sizes))
    origin = {"type": "hidden_user", "sender_user_name": "Bea", "date": 1}
    forwarded = bot.family.send_photo(bot.anna, sizes, forward_origin=origin)
    assert is_answer((await bot.family.answer(forwarded)).text)
    assert len(bot.telegram.downloads) == 1
    assert len(bot.telegram.called("getFile")) == 1


async def test_a_picture_sent_as_a_file_is_a_picture(bot: RunningBot) -> None:
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
        bot.home.send_document(bot.anna, b"%d" % number, name=name, mime=mime)
        for number, (name, mime) in enumerate(names)
    ]
    for file in files:
        assert is_answer((await bot.home.answer(file)).text)


async def test_a_video_sent_as_a_file_is_its_thumbnail(bot: RunningBot) -> None:
    bot.vision.sees[STILL] = YETI
    file = bot.home.send_document(bot.anna, SNOW, name="a.mp4", mime="video/mp4", thumbnail=STILL)
    assert is_answer((await bot.home.answer(file)).text, YETI)


async def test_a_sticker_is_a_picture(bot: RunningBot) -> None:
    assert is_answer((await bot.home.answer(bot.home.send_sticker(bot.anna, SNOW))).text)
    assert bot.telegram.downloads == ["sticker"]


async def test_a_moving_sticker_is_its_thumbnail(bot: RunningBot) -> None:
    bot.vision.sees = {b"still 1": YETI, b"still 2": YETI}
    stickers = [
        bot.home.send_sticker(bot.anna, b"moves", thumbnail=b"still 1", animated=True),
        bot.home.send_sticker(bot.anna, b"moves", thumbnail=b"still 2", video=True),
    ]
    for sticker in stickers:
        assert is_answer((await bot.home.answer(sticker)).text, YETI)


async def test_what_moves_is_its_thumbnail(bot: RunningBot) -> None:
    for kind in ("animation", "video", "video_note"):
        still = kind.encode()
        bot.vision.sees[still] = YETI
        moving = bot.home.send_moving(bot.anna, kind, thumbnail=still)
        (said,) = await bot.home.answers(moving)
        assert is_answer(said.text, YETI)
    assert bot.telegram.downloads == ["thumbnail"] * 3


async def test_a_video_is_its_cover_where_the_thumbnail_is_too_small(bot: RunningBot) -> None:
    cover = [size.json(sides=True) for size in bot.telegram.photo(SNOW)[2:]]
    thumbnail = bot.telegram.file(STILL, "thumbnail", width=320, height=180).json(sides=True)
    video = {"file_id": "v", "file_unique_id": "v", "width": 1280, "height": 720, "duration": 1}
    sent = bot.home.send(bot.anna, video=video | {"cover": cover, "thumbnail": thumbnail})
    await bot.home.answer(sent)
    assert bot.telegram.downloads == ["photo 800"]


async def test_a_video_without_a_thumbnail_gets_help_in_private(bot: RunningBot) -> None:
    assert "/help" in (await bot.home.answer(bot.home.send_moving(bot.anna, "video"))).text


async def test_a_live_photo_is_its_still(bot: RunningBot) -> None:
    sizes = [size.json(sides=True) for size in bot.telegram.photo(SNOW)]
    live = {"file_id": "l", "file_unique_id": "l", "width": 800, "height": 600, "duration": 2}
    sent = bot.home.send(bot.anna, live_photo=live | {"photo": sizes})
    assert is_answer((await bot.home.answer(sent)).text)


async def test_an_album_gets_one_answer_with_a_line_for_each_picture(bot: RunningBot) -> None:
    bot.vision.sees[STILL] = YETI
    album = bot.home.send_album(bot.anna, [SNOW, STILL, SNOW], caption="our garden")
    answer = await bot.home.answer(album[0])
    assert answer.text == f"1. {OLAF}\n2. Abominable! 84%\n3. {OLAF}\n{PLAYED}"
    assert answer.buttons[:3] == ["Olaf", "Yeti", "Neither"]
    assert answer.buttons[-3:] == ["1: where?", "2: where?", "3: where?"]
    assert len(bot.home.bots) == 1


async def test_albums_of_two_chats_and_of_files_do_not_mix(bot: RunningBot) -> None:
    ours = bot.home.send_document(bot.anna, SNOW, mime="image/png", media_group_id="7")
    theirs = [
        bot.family.send_document(bot.anna, SNOW, mime="image/png", media_group_id="7")
        for _ in range(2)
    ]
    assert is_answer((await bot.home.answer(ours)).text)
    assert (await bot.family.answer(theirs[0])).text == f"1. {OLAF}\n2. {OLAF}\n{PLAYED}"


async def test_a_full_album_is_not_waited_for(bot: RunningBot) -> None:
    album = bot.home.send_album(bot.anna, [SNOW] * 10)
    *lines, last = (await bot.home.answer(album[0])).text.splitlines()
    assert lines == [f"{number}. {OLAF}" for number in range(1, 11)]
    assert last == PLAYED


async def test_who_in_reply_to_an_earlier_photo_looks_at_it(bot: RunningBot) -> None:
    bot.family.bot_status = "member"  # so it never saw the photo itself
    photo = bot.family.send_photo(bot.anna, SNOW)
    asked = bot.family.send_text(bot.anna, "/who", reply_to=photo)
    assert is_answer((await bot.family.answer(asked)).text)


async def test_who_in_reply_to_a_photo_that_was_answered_answers_again(bot: RunningBot) -> None:
    photo = bot.family.send_photo(bot.anna, SNOW)
    await bot.family.answer(photo)
    asked = bot.family.send_text(bot.anna, "/who@snowpeople_bot", reply_to=photo)
    assert is_answer((await bot.family.answer(asked)).text, then=SEEN_BEFORE)


async def test_who_in_reply_to_a_photo_of_another_chat_looks_at_it(bot: RunningBot) -> None:
    sizes = [size.json(sides=True) for size in bot.telegram.photo(SNOW)]
    origin = {"type": "hidden_user", "sender_user_name": "Bea", "date": 1}
    elsewhere = {"origin": origin, "photo": sizes}
    asked = bot.family.send_text(bot.anna, "/who", external_reply=elsewhere)
    assert is_answer((await bot.family.answer(asked)).text)


async def test_who_in_a_caption_calls_the_bot(bot: RunningBot) -> None:
    await only_when_called(bot)
    photo = bot.family.send_photo(bot.anna, SNOW, caption="/who is it? 🎅🎄")
    assert is_answer((await bot.family.answer(photo)).text)


async def test_a_command_inside_a_caption_calls_nobody(bot: RunningBot) -> None:
    await only_when_called(bot)
    for caption in ("🎅🎄 so /who is it", "he typed /who and it melted"):
        assert await is_left_alone(bot, bot.family.send_photo(bot.anna, SNOW, caption=caption))


async def test_where_in_a_caption_shows_where(bot: RunningBot) -> None:
    bot.vision.sees[STILL] = YETI
    photo = bot.family.send_photo(bot.anna, STILL, caption="/where")
    answer = await bot.family.answer(photo)
    assert answer.picture is not None
    assert answer.picture.startswith(PNG)
    assert answer.text == speaker_for("en").photos.heatmap_caption(YETI)


async def test_a_photo_in_reply_to_a_challenge_was_made_for_it(bot: RunningBot) -> None:
    made = speaker_for("en").rounds.made_noted()
    challenge = await bot.family.answer(bot.family.send_text(bot.anna, "/challenge"))
    work = await bot.family.answer(bot.family.send_photo(bot.anna, SNOW, reply_to=challenge))
    assert made in work.text
    receipt = await bot.adapter.send(room_of(bot.family), Reply(challenge.text))
    posted = bot.family.bots[-1]
    assert receipt.message == str(posted.id)
    again = await bot.family.answer(bot.family.send_photo(bot.anna, b"ice", reply_to=posted))
    assert made in again.text
    others = bot.family.send_photo(bot.anna, b"slush", reply_to=work)
    assert made not in (await bot.family.answer(others)).text


async def test_where_in_reply_to_a_photo_shows_where(bot: RunningBot) -> None:
    bot.vision.sees[STILL] = YETI
    photo = bot.family.send_photo(bot.anna, STILL)
    answer = await bot.family.answer(bot.family.send_text(bot.anna, "/where", reply_to=photo))
    assert answer.picture is not None
    assert answer.picture.startswith(PNG)
    assert answer.text == speaker_for("en").photos.heatmap_caption(YETI)


async def test_who_makes_the_persons_next_photo_one_that_is_meant_for_the_bot(
    bot: RunningBot,
) -> None:
    await only_when_called(bot)
    bea = bot.telegram.person("Bea")
    asked = await bot.family.answer(bot.family.send_text(bot.anna, "/who"))
    assert "Show me!" in asked.text
    not_hers = bot.family.send_photo(bea, SNOW)
    hers = bot.family.send_photo(bot.anna, SNOW)
    assert is_answer((await bot.family.answer(hers)).text)
    second = bot.family.send_photo(bot.anna, SNOW)
    assert await is_left_alone(bot, second)
    assert await is_left_alone(bot, not_hers)


async def test_a_mention_in_a_caption_calls_the_bot(bot: RunningBot) -> None:
    await only_when_called(bot)
    photo = bot.family.send_photo(bot.anna, SNOW, caption="@snowpeople_bot and this?")
    assert is_answer((await bot.family.answer(photo)).text)


async def test_a_mention_in_reply_to_a_photo_calls_the_bot(bot: RunningBot) -> None:
    await only_when_called(bot)
    photo = bot.family.send_photo(bot.anna, SNOW)
    asked = bot.family.send_text(bot.anna, "and this, @Snowpeople_Bot?", reply_to=photo)
    assert is_answer((await bot.family.answer(asked)).text)


async def test_a_photo_in_reply_to_the_bot_calls_it(bot: RunningBot) -> None:
    await only_when_called(bot)
    asked = await bot.family.answer(bot.family.send_text(bot.anna, "/who"))
    bea = bot.telegram.person("Bea")
    photo = bot.family.send_photo(bea, SNOW, reply_to=asked)
    assert is_answer((await bot.family.answer(photo)).text)


async def test_an_album_is_called_for_by_the_caption_of_one(bot: RunningBot) -> None:
    await only_when_called(bot)
    album = bot.family.send_album(bot.anna, [SNOW, SNOW], caption="/who")
    assert (await bot.family.answer(album[0])).text == f"1. {OLAF}\n2. {OLAF}\n{PLAYED}"


async def test_in_a_group_every_photo_is_answered_unless_its_admins_say_otherwise(
    bot: RunningBot,
) -> None:
    assert is_answer((await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))).text)
    await only_when_called(bot)
    assert await is_left_alone(bot, bot.family.send_photo(bot.anna, SNOW))


async def test_in_privacy_mode_the_caption_is_enough(bot: RunningBot) -> None:
    bot.family.bot_status = "member"
    unheard = bot.family.send_photo(bot.anna, SNOW)
    photo = bot.family.send_photo(bot.anna, SNOW, caption="/who@snowpeople_bot")
    assert is_answer((await bot.family.answer(photo)).text)
    assert await is_left_alone(bot, unheard)


async def test_a_photo_for_another_bot_is_left_alone(bot: RunningBot) -> None:
    for caption in ("/who@other_bot", "/dance@other_bot now"):
        assert await is_left_alone(bot, bot.family.send_photo(bot.anna, SNOW, caption=caption))


async def test_a_photo_whose_caption_tells_of_another_bots_command_is_answered(
    bot: RunningBot,
) -> None:
    photo = bot.family.send_photo(bot.anna, SNOW, caption="look, /dance@other_bot")
    assert is_answer((await bot.family.answer(photo)).text)


async def test_words_without_a_picture_get_help_in_private_only(bot: RunningBot) -> None:
    in_group = bot.family.send_text(bot.anna, "hello")
    helped = await bot.home.answer(bot.home.send_text(bot.anna, "hello"))
    assert "/help" in helped.text
    assert await is_left_alone(bot, in_group)


async def test_a_file_that_is_no_picture_gets_help_in_private(bot: RunningBot) -> None:
    sent = bot.home.send_document(bot.anna, b"no picture", name="a.pdf", mime="application/pdf")
    assert "/help" in (await bot.home.answer(sent)).text
    assert not bot.telegram.downloads


async def test_a_caption_of_what_is_no_picture_commands_nothing(bot: RunningBot) -> None:
    sent = bot.family.send_document(
        bot.anna, b"no picture", name="a.pdf", mime="application/pdf", caption="/who"
    )
    assert await is_left_alone(bot, sent)


async def test_an_answer_in_a_topic_stays_there(bot: RunningBot) -> None:
    bot.family.forum, bot.family.topics = True, {77}
    photo = bot.family.send_photo(bot.anna, SNOW, topic=77)
    assert (await bot.family.answer(photo)).topic == 77
    bot.vision.may_answer.clear()
    deleted = bot.family.send_photo(bot.anna, b"another", topic=77)
    await bot.until_classifying(2)
    bot.family.delete(deleted)
    bot.vision.may_answer.set()
    await bot.telegram.until(lambda: len(bot.family.bots) == 2)
    assert bot.family.bots[1].topic == 77


async def test_a_name_from_right_to_left_and_a_caption_at_its_limit_change_nothing(
    bot: RunningBot,
) -> None:
    noa = bot.telegram.person("\u202e\u05e0\u05d5\u05e2\u05d4 \u2066<b>*_`")
    photo = bot.family.send_photo(noa, SNOW, caption="☃️" * 512)
    assert is_answer((await bot.family.answer(photo)).text)
