"""What is stored of rooms and rounds, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest

from bot.domain import PendingPhoto, Player, Room, RoomSettings, StoredRound
from bot.storage.store import Store
from tests.support.records import (
    ANNA,
    DAY,
    FOOLED,
    MINUTE,
    NOW,
    OLAF,
    ROOM,
    SUPERGROUP,
    YETI,
    fool,
    opened,
    photo,
    points,
)


async def test_a_room_begins_with_the_usual_settings(store: Store) -> None:
    assert await store.rooms.settings(ROOM) == RoomSettings()


async def test_settings_change_and_stay(database_url: str) -> None:
    async with Store.open(database_url) as store:
        await store.rooms.change_settings(ROOM, RoomSettings("de"))
        assert await store.rooms.settings(ROOM) == RoomSettings("de", True)
        await store.rooms.change_settings(ROOM, RoomSettings("de", every_photo=False))
        assert await store.rooms.settings(SUPERGROUP) == RoomSettings()
    async with Store.open(database_url) as store:
        assert await store.rooms.settings(ROOM) == RoomSettings("de", False)
        await store.rooms.change_settings(ROOM, RoomSettings(None, every_photo=False))
        assert await store.rooms.settings(ROOM) == RoomSettings(None, False)


async def test_every_setting_is_kept(store: Store) -> None:
    chosen = RoomSettings(
        language="de",
        every_photo=False,
        keep=True,
        guess_every=True,
        timezone="America/Argentina/ComodRivadavia",
        daily=540,
    )
    await store.rooms.change_settings(ROOM, chosen)
    await store.rooms.move(ROOM, SUPERGROUP)
    assert await store.rooms.settings(SUPERGROUP) == chosen


async def test_two_admins_at_once_both_get_their_way(store: Store) -> None:
    seen = await store.rooms.settings(ROOM)
    await asyncio.gather(
        store.rooms.change_settings(ROOM, replace(seen, language="uk"), before=seen),
        store.rooms.change_settings(ROOM, replace(seen, every_photo=False), before=seen),
    )
    assert await store.rooms.settings(ROOM) == RoomSettings("uk", False)


async def test_a_room_is_greeted_once(store: Store) -> None:
    assert await store.rooms.mark_greeted(ROOM, NOW)
    assert not await store.rooms.mark_greeted(ROOM, NOW + MINUTE)
    assert await store.rooms.mark_greeted(SUPERGROUP, NOW)


async def test_of_many_greetings_at_once_one_is_the_first(store: Store) -> None:
    assert sorted(await asyncio.gather(*(store.rooms.mark_greeted(ROOM, NOW) for _ in range(8))))[
        -2:
    ] == [
        False,
        True,
    ]


async def test_a_new_invitation_greets_again(store: Store) -> None:
    await store.rooms.mark_left(ROOM)  # never seen: nothing to forget
    await store.rooms.mark_greeted(ROOM, NOW)
    await store.rooms.mark_left(ROOM)
    assert await store.rooms.mark_greeted(ROOM, NOW)


async def test_the_language_spoken_first_is_kept_and_moves_with_the_room(database_url: str) -> None:
    async with Store.open(database_url) as store:
        await store.rooms.note_language(ROOM, "uk")  # nothing is known of this room yet
        assert await store.rooms.first_language(ROOM) is None
        await store.rooms.mark_greeted(ROOM, NOW)
        for language in ("pt-BR", "uk"):
            assert await store.rooms.note_language(ROOM, language) == "pt-BR"
        await store.rooms.move(ROOM, SUPERGROUP)
    async with Store.open(database_url) as store:
        for room in (ROOM, SUPERGROUP):
            assert await store.rooms.first_language(room) == "pt-BR"


async def test_a_language_of_any_length_is_stored_as_far_as_it_fits(store: Store) -> None:
    await store.rooms.mark_greeted(ROOM, NOW)
    await store.rooms.note_language(ROOM, "de-x-" + 99 * "a")
    assert await store.rooms.first_language(ROOM) == "de-x-" + 30 * "a"


async def test_a_round_is_remembered_without_its_photo(store: Store) -> None:
    id_ = await opened(store, photo())
    new = StoredRound(id_, ROOM, ROOM, "7", "11", "AgACfile", None, NOW, None)
    assert await store.rounds.find(id_) == new
    await store.rounds.note_verdict(id_, OLAF, None)
    await store.rounds.mark_answered([id_], NOW + MINUTE)
    answered = replace(new, verdict=OLAF, answered=NOW + MINUTE)
    assert await store.rounds.find(id_) == answered
    assert await store.rounds.find(id_ + 1) is None


async def test_a_round_outlives_the_process(database_url: str) -> None:
    async with Store.open(database_url) as store:
        id_ = await opened(store, photo())
        await store.rounds.note_verdict(id_, YETI, None)
    async with Store.open(database_url) as store:
        found = await store.rounds.find(id_)
        assert found is not None
        assert found.verdict == YETI


async def test_a_private_room_stays_private(store: Store) -> None:
    id_ = await opened(store, photo(room=Room("discord", "42", private=True)))
    found = await store.rounds.find(id_)
    assert found is not None
    assert found.room.private


async def test_an_answered_message_is_not_answered_again(store: Store) -> None:
    id_ = await opened(store, photo())
    assert await store.rounds.open(photo(), NOW) == id_  # in hand: the process may have died
    await store.rounds.mark_answered([id_], NOW)
    assert await store.rounds.open(photo(), NOW + MINUTE) is None
    assert (
        await store.rounds.open(photo(room=SUPERGROUP), NOW) is not None
    )  # ids are the room's own


async def test_an_answer_on_its_way_is_known_from_one_that_was_not_begun_or_has_failed(
    store: Store,
) -> None:
    ids = [
        await opened(store, replace(photo(message), album="7")) for message in ("1", "2", "3", "4")
    ]
    await store.rounds.mark_sending(ids[1:], NOW)
    await store.rounds.mark_sending(ids[2:3], None)
    await store.rounds.mark_answered(ids[3:], NOW)
    pending = await store.rounds.pending(ROOM.platform, NOW - MINUTE)
    assert [(each.message, each.in_flight) for each in pending] == [
        ("1", False),
        ("2", True),
        ("3", False),
    ]
    assert {each.album for each in pending} == {"7"}


async def test_the_same_message_twice_at_once_is_one_round(store: Store) -> None:
    ids = await asyncio.gather(*(store.rounds.open(photo(), NOW) for _ in range(8)))
    assert len(set(ids)) == 1


async def test_the_pictures_of_one_message_have_a_round_each(store: Store) -> None:
    ids = [await opened(store, photo(reference=reference)) for reference in ("a/1", "a/2")]
    await store.rounds.mark_answered(ids[:1], NOW)
    assert await store.rounds.open(photo(reference="a/1"), NOW) is None
    assert await store.rounds.open(photo(reference="a/2"), NOW) == ids[1]


async def test_a_message_is_known_again_when_only_its_reference_changed(store: Store) -> None:
    id_ = await opened(store, photo(key="unique", reference="file id of today"))
    await store.rounds.mark_answered([id_], NOW)
    assert await store.rounds.open(photo(key="unique", reference="of tomorrow"), NOW) is None


async def test_photos_without_a_message_are_rounds_of_their_own(store: Store) -> None:
    assert await opened(store, photo(message=None)) != await opened(store, photo(message=None))


async def test_a_reference_that_is_known_late_is_noted(store: Store) -> None:
    id_ = await opened(store, photo(message=None, reference=None))
    await store.rounds.mark_answered([id_], NOW, "channel/message")
    found = await store.rounds.find(id_)
    assert found is not None
    assert found.reference == "channel/message"


async def test_the_answers_own_message_is_noted(store: Store) -> None:
    ids = [await opened(store, photo(None, reference=name)) for name in ("a", "b")]
    await store.rounds.mark_answered(ids, NOW, answer="78")
    await store.rounds.mark_answered(ids, NOW)  # nothing new
    for id_, reference in zip(ids, ("a", "b"), strict=True):
        found = await store.rounds.find(id_)
        assert found is not None
        assert (found.answer, found.reference, found.hidden) == ("78", reference, False)


async def test_an_answer_that_went_out_is_not_changed(store: Store) -> None:
    id_ = await opened(store, photo())
    await store.rounds.note_verdict(id_, OLAF, None)
    await store.rounds.mark_answered([id_], NOW)
    await store.rounds.note_verdict(id_, YETI, None)
    await store.rounds.mark_answered([id_], NOW + MINUTE)
    found = await store.rounds.find(id_)
    assert found is not None
    assert (found.verdict, found.answered) == (OLAF, NOW)


async def test_what_was_in_hand_is_found_and_the_stale_forgotten(store: Store) -> None:
    stale = await opened(store, photo("1"), NOW - 6 * MINUTE)
    done = await opened(store, photo("2"), NOW - MINUTE)
    await store.rounds.mark_answered([done], NOW)
    channel = Player("136817688", "Channel", shared=True)
    await opened(store, photo("3", reference="r3"), NOW - 5 * MINUTE)
    await opened(store, photo("4", reference="r4", player=channel), NOW)
    await opened(store, photo("5", reference=None), NOW)  # cannot be had again
    await opened(store, photo("6", room=Room("discord", "9")), NOW - 6 * MINUTE)
    assert await store.rounds.pending("telegram", NOW - 5 * MINUTE) == [
        PendingPhoto(ROOM, ANNA, "3", "r3", "r3", NOW - 5 * MINUTE),
        PendingPhoto(ROOM, channel, "4", "r4", "r4", NOW),
    ]
    assert await store.rounds.find(stale) is None
    assert len(await store.rounds.pending("discord", NOW - 10 * MINUTE)) == 1


async def test_a_room_moves_with_all_it_has(store: Store) -> None:
    await store.rooms.change_settings(ROOM, RoomSettings("fr"))
    await store.rooms.mark_greeted(ROOM, NOW)
    id_ = await opened(store, photo())
    await store.rooms.move(ROOM, SUPERGROUP)
    assert await store.rooms.settings(SUPERGROUP) == RoomSettings("fr", True)
    assert not await store.rooms.mark_greeted(SUPERGROUP, NOW)
    found = await store.rounds.find(id_)
    assert found is not None
    assert found.room == SUPERGROUP


async def test_a_photo_left_over_in_a_room_that_moved_is_known_as_the_same(store: Store) -> None:
    id_ = await opened(store, photo())
    await store.rooms.move(ROOM, SUPERGROUP)
    (pending,) = await store.rounds.pending("telegram", NOW)
    assert pending.room == ROOM
    found = await store.rounds.find(id_)
    assert found is not None
    assert (found.room, found.sent_to) == (SUPERGROUP, ROOM)
    again = replace(photo(), room=pending.room, key=pending.key, message=pending.message)
    assert await opened(store, again) == id_
    await store.rounds.mark_answered([id_], NOW)
    assert not await store.rounds.pending("telegram", NOW)


async def test_a_room_that_moved_is_still_known_by_its_old_id(store: Store) -> None:
    await store.rooms.mark_greeted(ROOM, NOW)
    id_ = await opened(store, photo())
    await store.rounds.mark_answered([id_], NOW)
    await store.rooms.move(ROOM, SUPERGROUP)
    await store.rooms.change_settings(ROOM, RoomSettings(every_photo=False))
    assert await store.rooms.settings(SUPERGROUP) == RoomSettings(None, False)
    assert not await store.rooms.mark_greeted(ROOM, NOW)
    assert await store.rounds.open(photo(), NOW) is None  # delivered again by its old name
    assert await store.rounds.open(photo(room=SUPERGROUP), NOW) is not None  # ids began anew


async def test_moving_twice_or_without_rows_changes_nothing(store: Store) -> None:
    await store.rooms.move(ROOM, SUPERGROUP)
    assert await store.rooms.mark_greeted(SUPERGROUP, NOW)
    await store.rooms.mark_greeted(ROOM, NOW)
    await store.rooms.move(ROOM, SUPERGROUP)
    await store.rooms.change_settings(SUPERGROUP, RoomSettings("es"))
    await store.rooms.move(ROOM, SUPERGROUP)
    await store.rooms.move(SUPERGROUP, ROOM)
    assert await store.rooms.settings(ROOM) == await store.rooms.settings(SUPERGROUP)


async def test_a_move_into_a_room_that_is_used_already_merges(store: Store) -> None:
    await store.rooms.change_settings(ROOM, RoomSettings("fr", every_photo=False))
    await store.rooms.change_settings(SUPERGROUP, RoomSettings("pt"))
    ids = [await opened(store, photo(room=room)) for room in (ROOM, SUPERGROUP)]
    await store.rooms.move(ROOM, SUPERGROUP)
    assert await store.rooms.settings(SUPERGROUP) == RoomSettings("pt", False)
    for id_ in ids:
        found = await store.rounds.find(id_)
        assert found is not None
        assert found.room == SUPERGROUP


async def test_rooms_count_together_and_come_apart_again(store: Store) -> None:
    board, kitchen, thread, later = (Room("discord", id_) for id_ in ("1", "2", "3", "4"))
    await store.rooms.change_settings(kitchen, RoomSettings("de", every_photo=True))
    assert await fool(store, room=kitchen)
    assert await fool(store, room=board)
    await store.rooms.join(thread, kitchen)
    told = await fool(store, room=thread)
    assert await points(store, kitchen) == {"Anna": FOOLED + 49}
    await store.rooms.join(kitchen, board)
    await store.rooms.join(later, board)
    assert await points(store, thread) == {"Anna": FOOLED + 49 + 24}
    assert await store.rooms.present(thread) == board
    # A photo's message is where it was, and so is the choice which photos are answered.
    view = await store.views.round(told, NOW, UTC)
    assert view is not None
    assert (view.room, view.place) == (board, thread)
    assert not (await store.rooms.settings(board)).every_photo
    assert await store.rooms.settings(kitchen) == RoomSettings(None, every_photo=True)
    await store.rooms.change_settings(later, RoomSettings("fr", every_photo=True))
    assert await store.rooms.settings(board) == RoomSettings("fr", every_photo=False)
    await store.rooms.part(board)
    assert await points(store, kitchen) == await points(store, board) == {"Anna": FOOLED}
    assert await store.rooms.settings(kitchen) == RoomSettings("de", every_photo=True)


async def test_a_room_moves_more_than_once(store: Store) -> None:
    last = Room("telegram", "-100999")
    id_ = await opened(store, photo())
    await store.rooms.move(ROOM, SUPERGROUP)
    await store.rooms.move(SUPERGROUP, last)
    await store.rooms.change_settings(last, RoomSettings("de"))
    assert await store.rooms.settings(ROOM) == RoomSettings("de", True)
    found = await store.rounds.find(id_)
    assert found is not None
    assert found.room == last


async def test_photos_and_taps_during_a_move_all_arrive(store: Store) -> None:
    first = await opened(store, photo("0"))
    ids = await asyncio.gather(
        *(opened(store, photo(str(number))) for number in range(1, 6)),
        store.rooms.move(ROOM, SUPERGROUP),
        *(opened(store, photo(str(number))) for number in range(6, 11)),
        store.rounds.note_verdict(first, OLAF, None),
        store.rooms.move(ROOM, SUPERGROUP),
    )
    rounds = [await store.rounds.find(id_) for id_ in {first, *filter(None, ids)}]
    assert len(rounds) == 11
    assert {found.room for found in rounds if found} == {SUPERGROUP}


async def test_small_things_are_kept_under_a_name(store: Store) -> None:
    assert await store.notes.recall("commands") is None
    await store.notes.remember("commands", "1f")
    await store.notes.remember("commands", "2e")
    await store.notes.remember("other", "")
    assert await store.notes.recall("commands") == "2e"
    assert await store.notes.recall("other") == ""


async def test_rounds_are_forgotten_after_a_day(store: Store) -> None:
    hours = [25, 25, 23]
    ids = [
        await opened(store, photo(str(n)), NOW - timedelta(hours=h)) for n, h in enumerate(hours)
    ]
    await store.rounds.mark_answered(ids[:1], NOW)
    await store.people.prune(NOW)
    assert [await store.rounds.find(id_) is None for id_ in ids] == [True, True, False]


async def test_a_round_never_gets_the_id_of_one_that_is_forgotten(store: Store) -> None:
    id_ = await opened(store, photo("1"))  # there may be a button with it, still
    await store.people.prune(NOW + DAY + MINUTE)
    assert await store.rounds.find(id_) is None
    assert await opened(store, photo("2")) > id_


async def test_ids_are_as_long_as_a_button_may_say(store: Store) -> None:
    assert await store.rounds.find(10**18 - 1) is None


async def test_rooms_are_forgotten_after_a_year_of_quiet(store: Store) -> None:
    year = timedelta(days=366)
    quiet, busy, moved = Room("telegram", "1"), Room("telegram", "2"), Room("telegram", "3")
    await store.rooms.change_settings(quiet, RoomSettings("de"))
    await store.rooms.mark_greeted(busy, NOW)
    await store.rooms.mark_greeted(moved, NOW)
    await store.rooms.move(moved, Room("telegram", "4"))
    old = await opened(store, photo(room=quiet))
    await store.rooms.change_settings(
        ROOM, RoomSettings("de")
    )  # no time is known of it: it gets a year
    await opened(store, photo(room=busy), NOW + year / 2)
    await store.people.prune(NOW + year)
    assert await store.rooms.settings(quiet) == RoomSettings()
    assert await store.rounds.find(old) is None
    assert await store.rooms.mark_greeted(moved, NOW + year)
    assert not await store.rooms.mark_greeted(busy, NOW + year)
    assert await store.rooms.settings(ROOM) == RoomSettings("de")
    await store.people.prune(NOW + 3 * year)
    assert await store.rooms.settings(ROOM) == RoomSettings()


async def test_times_come_back_in_utc(store: Store) -> None:
    id_ = await opened(store, photo(), NOW.astimezone(timezone(timedelta(hours=-5))))
    found = await store.rounds.find(id_)
    assert found is not None
    assert found.arrived == NOW
    assert found.arrived.tzinfo is UTC


async def test_a_time_without_a_zone_is_a_mistake(store: Store) -> None:
    with pytest.raises(Exception, match="without a zone"):
        await store.rounds.open(photo(), NOW.replace(tzinfo=None))
    assert await store.rounds.pending("telegram", NOW - MINUTE) == []
