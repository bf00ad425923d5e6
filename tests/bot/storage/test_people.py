"""Forgetting, exporting and pruning, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from datetime import timedelta

from bot.domain import AdminAction, Fingerprint, Label, Room, RoomSettings
from bot.game.rules import Denied, Round
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
    object_to,
    opened,
    photo,
    played,
    played_before,
    points,
    season_of,
    void,
)

PRIVATE = Room("telegram", ANNA.id, private=True)


async def test_a_forgotten_player_has_no_name_and_the_others_keep_their_scores(
    store: Store,
) -> None:
    await fool(store)
    await fool(store, BEN)
    await guess(store, BEN)
    lost = await played(store)
    await store.game.tell_truth(lost, ANNA, Label.OLAF, NOW, by_admin=False)
    assert await points(store) == {"Anna": FOOLED, "Ben": FOOLED + 10}
    await store.people.forget("telegram", ANNA.id)
    assert await points(store) == {"nobody": FOOLED, "Ben": FOOLED + 10}


async def test_nothing_leads_back_to_a_forgotten_player(store: Store) -> None:
    mine = await fool(store)
    await store.rounds.mark_answered([mine], NOW, answer="12")
    untold = await played(store)
    await note_fingerprint(store, mine, (2**128 - 1,), ())
    await store.rooms.log_action(ROOM, ANNA, AdminAction.RESET, NOW)
    await store.people.forget("telegram", ANNA.id)
    assert await store.people.export("telegram", ANNA.id) == {}
    found = await store.rounds.find(mine)
    assert found is not None
    assert (found.player_id, found.message, found.reference) == ("", None, None)
    assert found.answer is None
    assert await store.rounds.find(untold) is None
    assert [each.name for each in await store.rooms.actions(ROOM)] == [""]
    assert await store.game.player_id("telegram", ANNA.id) is None
    assert (await season_of(store)).players == {}
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
    season = await season_of(store)
    assert [(place.rank, len(place.players)) for place in season.places()] == [(1, 2)]


async def test_a_void_round_stays_void_when_who_objected_is_forgotten(store: Store) -> None:
    await played(store, BEN)
    id_ = await fool(store)
    assert void(await object_to(store, id_))
    assert await points(store) == {}
    await store.people.forget("telegram", BEN.id)
    assert await points(store) == {}


async def test_a_vote_stays_when_its_voters_are_forgotten(store: Store) -> None:
    for player in (BEN, OMA, TOM):
        await played(store, player)
    id_ = await fool(store)
    await object_to(store, id_)
    for player in (BEN, OMA):
        await store.game.cast_ballot(id_, player, Label.OLAF, NOW + 2 * MINUTE)
    assert sorted((await store.game.names(ROOM)).values()) == ["Anna", "Ben", OMA.name, "Tom"]
    for player in (BEN, OMA):
        await store.people.forget("telegram", player.id)
    await store.people.prune(NOW + 2 * MINUTE)
    assert sorted((await store.game.names(ROOM)).values()) == ["Anna", "Tom"]
    # Somebody new with the same number has not voted yet, and does not play here.
    again = await store.game.cast_ballot(id_, BEN, Label.OLAF, NOW + 2 * MINUTE)
    assert again is Denied.NOT_HERE
    closed = await store.game.close_vote(id_, NOW + 3 * MINUTE)
    assert closed is not None
    assert closed.truth is not None
    assert closed.truth.label is Label.OLAF
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
    await store.game.mark_made(id_, ANNA)
    await store.rounds.mark_answered([id_], NOW, answer="78")
    await store.game.confirm(id_, OMA, NOW)
    await store.game.hide(id_, ANNA)
    await played(store, OMA)
    theirs = await fool(store, BEN)
    assert isinstance(await object_to(store, theirs, ANNA), Round)
    await store.game.cast_ballot(theirs, ANNA, Label.OLAF, NOW + 2 * MINUTE)
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
                "features": 0,
                "arrived": "2026-12-24T18:30:15.250000+00:00",
                "said": "olaf",
                "confidence": 0.97,
                "sure": True,
                "unfamiliar": False,
                "answer": "78",
                "language": "en",
                "made": True,
                "truth": "abominable",
                "confirmed": True,
                "void": False,
                "withdrawn": True,
                "worth": FOOLED,
            }
        ],
        "truths": [{"round": id_, "truth": "abominable", "at": NOW.isoformat()}],
        "votes": [
            {
                "round": theirs,
                "opened": (NOW + MINUTE).isoformat(),
                "until": (NOW + 61 * MINUTE).isoformat(),
                "closed": None,
            }
        ],
        "ballots": [{"round": theirs, "label": "olaf", "at": (NOW + 2 * MINUTE).isoformat()}],
        "guesses": [{"round": guessed, "what": "olaf", "at": NOW.isoformat()}],
        "seasons": [],
        "decisions": [{"room": ROOM.id, "deed": "keep_on", "at": NOW.isoformat()}],
    }
    assert await store.people.export("telegram", TOM.id) == {}


async def test_where_a_photo_without_a_truth_was_expires_and_told_ones_stay(store: Store) -> None:
    told = await fool(store)
    untold = await opened(store, photo("77"))
    await store.rounds.note_verdict(untold, OLAF, Fingerprint((255,), ()))
    await store.rounds.mark_answered([untold], NOW, answer="78")
    guessed = await guess(store, BEN, sender=OMA)
    missed = await opened(store, photo())
    await store.rounds.note_verdict(missed, OLAF, None)
    await store.guesses.open(missed, NOW)
    await store.guesses.add(missed, TOM, Label.OLAF, NOW)
    before = await points(store)
    await store.people.prune(NOW + DAY + MINUTE)
    found = await store.rounds.find(untold)
    assert found is not None
    assert (found.message, found.reference, found.answer) == (None, None, None)
    assert found.verdict == OLAF  # it counts as untold
    found = await store.rounds.find(told)
    assert found is not None
    assert found.reference is not None
    assert await store.guesses.unanswered() == []
    assert await points(store) == before == {"Anna": FOOLED, "Ben": 10}
    late = await store.game.tell_truth(guessed, OMA, Label.OLAF, NOW + DAY + MINUTE, by_admin=False)
    assert late is Denied.OVER
    assert not await played_before(store, await played(store, BEN), (0,), (255,))


async def test_players_of_whom_nothing_else_is_known_go(store: Store) -> None:
    await opened(store, photo())
    await store.people.prune(NOW + timedelta(hours=23))
    assert await store.people.export("telegram", ANNA.id)
    await store.people.prune(NOW + DAY + MINUTE)
    assert await store.people.export("telegram", ANNA.id) == {}


async def test_a_tap_is_something_that_happens_in_a_room(store: Store) -> None:
    await played(store, BEN)
    id_ = await fool(store)
    await fool(store, room=SUPERGROUP)
    year = timedelta(days=365)
    await object_to(store, id_, now=NOW + 9 * MINUTE)
    await store.people.prune(NOW + year + MINUTE)
    assert await store.rounds.find(id_) is not None
    assert await points(store, SUPERGROUP) == {}
    await store.people.prune(NOW + year + 10 * MINUTE)
    assert await store.rounds.find(id_) is None
    assert await store.people.export("telegram", ANNA.id) == {}
