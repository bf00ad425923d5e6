"""Forgetting, exporting and pruning, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from datetime import date, timedelta

from bot.domain import AdminAction, Fingerprint, Label, Room, RoomSettings
from bot.game.rules import Denied
from bot.storage.store import Store
from tests.support.records import (
    ANNA,
    BEN,
    DAY,
    FOOLED,
    MINUTE,
    NOW,
    OLAF,
    OMA,
    ROOM,
    SUPERGROUP,
    TOM,
    fool,
    guess,
    note_fingerprint,
    opened,
    photo,
    played,
    played_before,
    points,
)

DECEMBER = date(2026, 12, 1)
PRIVATE = Room("telegram", ANNA.id, private=True)


async def test_a_forgotten_player_has_no_name_and_the_others_keep_their_scores(
    store: Store,
) -> None:
    await fool(store)
    await fool(store, BEN)
    await guess(store, BEN)
    lost = await played(store)
    await store.game.tell_truth(lost, ANNA, Label.OLAF, NOW, by_admin=False)
    assert await points(store) == {"Anna": FOOLED, "Ben": FOOLED + 10, "bot": 1}
    await store.people.forget("telegram", ANNA.id)
    assert await points(store) == {"nobody": FOOLED, "Ben": FOOLED + 10, "bot": 1}


async def test_nothing_leads_back_to_a_forgotten_player(store: Store) -> None:
    mine = await fool(store)
    untold = await played(store)
    await note_fingerprint(store, mine, (2**128 - 1,), ())
    await store.rooms.log_action(ROOM, ANNA, AdminAction.RESET, NOW)
    await store.people.forget("telegram", ANNA.id)
    assert await store.people.export("telegram", ANNA.id) == {}
    found = await store.rounds.find(mine)
    assert found is not None
    assert (found.player_id, found.message, found.reference) == ("", None, None)
    assert await store.rounds.find(untold) is None
    assert [each.name for each in await store.rooms.actions(ROOM)] == [""]
    assert await store.game.player_id("telegram", ANNA.id) is None
    assert (await store.seasons.season(ROOM, DECEMBER)).players == {}
    assert await store.game.names(ROOM) == {}
    assert not await played_before(store, await played(store, BEN), (0,), (2**128 - 1,))


async def test_who_comes_back_is_somebody_new(store: Store) -> None:
    await fool(store)
    await store.people.forget("telegram", ANNA.id)
    await fool(store)
    assert await points(store) == {"nobody": FOOLED, "Anna": FOOLED}


async def test_two_forgotten_players_are_two(store: Store) -> None:
    for player in (ANNA, BEN):
        await fool(store, player)
        await store.people.forget("telegram", player.id)
    season = await store.seasons.season(ROOM, DECEMBER)
    assert [(place.rank, len(place.players)) for place in season.places()] == [(1, 2)]


async def test_a_void_round_stays_void_when_who_objected_is_forgotten(store: Store) -> None:
    id_ = await fool(store)
    await store.game.object_to(id_, BEN, NOW + MINUTE)
    assert await points(store) == {}
    await store.people.forget("telegram", BEN.id)
    assert await points(store) == {}


async def test_private_rooms_go_altogether(store: Store) -> None:
    await store.rooms.change_settings(PRIVATE, RoomSettings("de"))
    direct = Room("telegram", "555", private=True)
    mine = await fool(store, room=direct)
    others = await fool(store, BEN, room=Room("telegram", BEN.id, private=True))
    await store.people.forget("telegram", ANNA.id)
    assert await store.rounds.find(mine) is None
    assert await store.rounds.find(others) is not None
    assert (await store.rooms.settings(PRIVATE)).language is None


async def test_a_stranger_is_forgotten_easily(store: Store) -> None:
    await fool(store)
    await store.people.forget("telegram", TOM.id)
    await store.people.forget("discord", ANNA.id)  # somebody else with the same number
    assert await points(store) == {"Anna": FOOLED}


async def test_what_is_known_of_a_player_is_handed_out(store: Store) -> None:
    id_ = await opened(store, photo("77"))
    await store.rounds.note_verdict(id_, OLAF, Fingerprint((255, 2**127), ()))
    await store.game.tell_truth(id_, ANNA, Label.ABOMINABLE, NOW, by_admin=False)
    theirs = await fool(store, BEN)
    await store.game.object_to(theirs, ANNA, NOW + MINUTE)
    guessed = await guess(store, ANNA, sender=BEN)
    await store.rooms.log_action(ROOM, ANNA, AdminAction.KEEP_ON, NOW)
    known = await store.people.export("telegram", ANNA.id)
    assert json.loads(json.dumps(known)) == {
        "platform": "telegram",
        "id": "7",
        "name": "Anna",
        "rounds": [
            {
                "round": id_,
                "room": ROOM.id,
                "message": "77",
                "reference": "AgACfile",
                "fingerprints": ["000000000000000000000000000000ff", "8" + 31 * "0"],
                "arrived": "2026-12-24T18:30:15.250000+00:00",
                "said": "olaf",
                "confidence": 0.97,
                "unfamiliar": False,
                "truth": "abominable",
                "points": FOOLED,
            }
        ],
        "truths": [{"round": id_, "truth": "abominable", "at": NOW.isoformat()}],
        "objections": [{"round": theirs, "at": (NOW + MINUTE).isoformat()}],
        "guesses": [{"round": guessed, "what": "olaf", "at": NOW.isoformat()}],
        "decisions": [{"room": ROOM.id, "deed": "keep_on", "at": NOW.isoformat()}],
    }
    assert await store.people.export("telegram", TOM.id) == {}


async def test_rounds_without_a_truth_expire_and_told_ones_stay(store: Store) -> None:
    told = await fool(store)
    untold = await played(store)
    guessed = await guess(store, BEN, sender=OMA)
    missed = await opened(store, photo())
    await store.rounds.note_verdict(missed, OLAF, None)
    await store.game.open_guesses(missed, NOW)
    await store.game.guess(missed, TOM, Label.OLAF, NOW)
    before = await points(store)
    await store.people.prune(NOW + DAY + MINUTE)
    assert await store.rounds.find(untold) is None
    assert await store.rounds.find(told) is not None
    assert await store.game.open_guessings() == []
    assert await points(store) == before == {"Anna": FOOLED, "Ben": 10}
    late = await store.game.tell_truth(guessed, OMA, Label.OLAF, NOW + DAY + MINUTE, by_admin=False)
    assert late is Denied.OVER


async def test_players_of_whom_nothing_else_is_known_go(store: Store) -> None:
    await played(store)
    await store.people.prune(NOW + timedelta(hours=23))
    assert await store.people.export("telegram", ANNA.id)
    await store.people.prune(NOW + DAY + MINUTE)
    assert await store.people.export("telegram", ANNA.id) == {}


async def test_a_tap_is_something_that_happens_in_a_room(store: Store) -> None:
    id_ = await fool(store)
    await fool(store, room=SUPERGROUP)
    year = timedelta(days=365)
    await store.game.object_to(id_, BEN, NOW + 9 * MINUTE)
    await store.people.prune(NOW + year + MINUTE)
    assert await store.rounds.find(id_) is not None
    assert await points(store, SUPERGROUP) == {}
    await store.people.prune(NOW + year + 10 * MINUTE)
    assert await store.rounds.find(id_) is None
    assert await store.people.export("telegram", ANNA.id) == {}
