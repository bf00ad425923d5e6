"""A database of an older version opens, and nothing in it is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from bot.domain import (
    AdminAction,
    Label,
    LoggedAction,
    Player,
    Room,
    RoomSettings,
    StoredRound,
    Voice,
    initial_settings,
)
from bot.game.rules import Denied, Guess, Truth
from bot.game.scoring import Score, scores
from bot.game.seasons import BOT, NamedPlayer, OpenGuessing
from bot.storage.database import migrate, open_database
from bot.storage.schema import metadata
from bot.storage.store import Store
from tests.support.postgres import execute
from tests.support.records import ANNA, OLAF, due, points, score

NOW = datetime(2026, 12, 24, 18, tzinfo=UTC)


async def create(revision: str, url: str, statements: Sequence[str]) -> None:
    """Make a database as an earlier version of the bot did, with what it may have stored.

    Then bring it up to date, by a clock that stands still.
    """
    async with open_database(url, prepare=lambda connection: migrate(connection, revision)) as old:
        if statements:
            await execute(old, *statements)
    async with open_database(url, prepare=lambda connection: migrate(connection, now=NOW)):
        pass


async def test_the_migrations_make_the_tables_that_the_code_expects(new_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))

    await create("0001", new_url, [])
    async with open_database(new_url) as database:
        assert await database.read(differences) == []


async def test_a_new_database_has_the_version_and_the_tables_of_one_that_was_migrated(
    new_url: str, tmp_path: Path
) -> None:
    def tables(connection: Connection) -> dict[str, object]:
        """Return what each table is made of, whatever the order in which it came about."""
        found = inspect(connection)
        return {
            name: [
                sorted(map(str, part(name)))
                for part in (
                    found.get_columns,
                    found.get_indexes,
                    found.get_foreign_keys,
                    found.get_unique_constraints,
                    found.get_check_constraints,
                )
            ]
            + [sorted(found.get_pk_constraint(name)["constrained_columns"])]
            for name in found.get_table_names()
        } | {"version": str(connection.scalar(text("SELECT version_num FROM alembic_version")))}

    async with open_database(new_url) as database:
        new = await database.read(tables)
        if new_url.startswith("postgresql"):
            await database.write(metadata.drop_all)
            await execute(database, "DROP TABLE alembic_version")
    old_url = new_url if new_url.startswith("postgresql") else f"sqlite:///{tmp_path}/old/snow.db"
    await create("0001", old_url, [])
    async with open_database(old_url) as database:
        assert await database.read(tables) == new


async def test_rounds_of_version_0001_get_their_players(new_url: str) -> None:
    insert = (
        "INSERT INTO rounds (room_id, player_id, shared, message, part, reference, arrived) VALUES "
    )
    old = [
        "INSERT INTO rooms (platform, chat, private) VALUES ('web', 'a', false)",
        "INSERT INTO rooms (platform, chat, private) VALUES ('web', 'b', true)",
        insert + "(1, '7', false, '11', 'k', 'r', '2026-12-24 18:00:00')",
        insert + "(2, '7', false, '12', 'k', 'r', '2026-12-24 18:00:00')",
        insert + "(2, '8', true, '13', 'k', 'r', '2026-12-24 18:00:00')",
    ]
    await create("0001", new_url, old)
    async with Store.open(new_url) as store:
        pending = await store.rounds.pending("web", NOW - timedelta(days=1))
        assert [(each.room.id, each.player.id, each.message) for each in pending] == [
            ("a", "7", "11"),
            ("b", "7", "12"),
            ("b", "8", "13"),
        ]
        assert [each.player.shared for each in pending] == [False, False, True]
        known = await store.people.export("web", "7")
        assert isinstance(known["rounds"], list)
        assert len(known["rounds"]) == 2


GROUP = Room("telegram", "-4001")
SUPERGROUP = Room("telegram", "-1001234567890")
CHANNEL = Room("discord", "42")
# A group that moved to a supergroup, a private room, a room elsewhere. Four players, one of them
# forgotten, one a channel. Four rounds: one that Anna told and Ben doubts, one that an admin told,
# one to be guessed about, one that was in hand.
VERSION_0002 = """
INSERT INTO rooms
    (platform, chat, private, now_at, seen, greeted, language, every_photo, keep) VALUES
    ('telegram', '-1001234567890', false, NULL,
     '2026-12-24 17:00:00', '2026-12-01 08:00:00', 'de', false, true),
    ('telegram', '7', true, NULL, '2026-12-24 17:00:00', NULL, NULL, NULL, NULL),
    ('discord', '42', false, NULL, '2026-12-24 17:00:00', NULL, NULL, NULL, NULL),
    ('telegram', '-4001', false, 1, NULL, NULL, NULL, NULL, NULL);
INSERT INTO players (platform, identity, name, shared) VALUES
    ('telegram', '7', 'Anna', false),
    ('telegram', '8', 'Ben', false),
    ('telegram', NULL, NULL, false),
    ('telegram', '136817688', 'Channel', true);
INSERT INTO rounds (room_id, player_id, message, part, reference, arrived) VALUES
    (4, 1, '11', 'key', 'file', '2026-12-24 17:00:00'),
    (1, 3, NULL, '', NULL, '2026-12-24 17:00:00'),
    (1, 1, '13', 'k13', 'f13', '2026-12-24 17:58:00'),
    (4, 4, '14', 'k14', 'f14', '2026-12-24 17:59:00');
UPDATE rounds SET
    label = 'olaf', confidence = 0.97, unfamiliar = false,
    probabilities = '{"olaf": 0.97, "abominable": 0.03}'
    WHERE id < 4;
UPDATE rounds SET prints = '[340282366920938463463374607431768211455]' WHERE id = 1;
UPDATE rounds SET
    answered = '2026-12-24 17:00:01', truth = 'abominable', told = '2026-12-24 17:01:00',
    told_by = id, quorum = 2
    WHERE id < 3;
INSERT INTO objections VALUES (1, 2, '2026-12-24 17:02:00');
INSERT INTO guessings VALUES (3, '2026-12-24 17:58:30', NULL, NULL);
INSERT INTO guesses VALUES (3, 2, '2026-12-24 17:58:10', 'olaf');
INSERT INTO deeds (room_id, player_id, at, deed) VALUES
    (4, 1, '2026-12-24 16:00:00', 'keep_on'),
    (1, 2, '2026-12-24 17:01:00', 'truth'),
    (1, 3, '2026-12-23 17:00:00', 'reset');
INSERT INTO podiums VALUES (4, '2026-11-01');
INSERT INTO notes VALUES ('commands', '1f')
"""


async def test_a_database_of_version_0002_keeps_everything(new_url: str) -> None:
    await create("0002", new_url, VERSION_0002.split(";"))
    at = datetime(2026, 12, 24, 17, tzinfo=UTC)
    minute = timedelta(minutes=1)
    async with Store.open(new_url) as store:
        for room in (GROUP, SUPERGROUP):
            chosen = RoomSettings("de", every_photo=False, keep=True)
            assert await store.rooms.settings(room) == chosen
            assert not await store.rooms.mark_greeted(room, NOW)
            assert await store.rooms.first_language(room) is None
            assert await store.rooms.actions(room) == [
                LoggedAction(at + minute, "Ben", AdminAction.TRUTH),
                LoggedAction(at - 60 * minute, "Anna", AdminAction.KEEP_ON),
                LoggedAction(at - timedelta(days=1), "", AdminAction.RESET),
            ]
            # One objection of the two that would have voided Anna's; Ben's guess is still open.
            assert await points(store, room, NOW) == {"Anna": 97, "nobody": 97}
        assert await store.rooms.settings(CHANNEL) == initial_settings(CHANNEL)
        assert await store.rounds.find(1) == StoredRound(
            1, SUPERGROUP, GROUP, "7", "11", "file", OLAF, at, at + timedelta(seconds=1)
        )
        told = await store.game.round(1, SUPERGROUP)
        assert told is not None
        assert told.truth == Truth(Label.ABOMINABLE, 1, at + minute)
        assert (told.made, told.confirmed, told.vote, told.is_void) == (False, False, None, False)
        assert await store.game.names(GROUP) == {1: "Anna", 2: "Ben", 4: "Channel"}
        until = at + timedelta(minutes=58, seconds=30)
        assert await store.guesses.unanswered() == [OpenGuessing(3, SUPERGROUP, "13", until)]
        guess = Guess(2, at + timedelta(minutes=58, seconds=10), Label.OLAF)
        view = await store.views.round(3, NOW, UTC)
        assert view is not None
        assert view.guesses == (guess,)
        unasked, pending = await store.rounds.pending("telegram", NOW - 5 * minute)
        assert (unasked.message, unasked.is_guessed) == ("13", True)
        assert (pending.room, pending.message, pending.reference) == (GROUP, "14", "f14")
        assert pending.player == Player("136817688", "Channel", shared=True)
        assert await due(store, date(2026, 11, 1)) == []
        assert await due(store, date(2026, 12, 1)) == [SUPERGROUP]
        assert await store.notes.recall("commands") == "1f"
        known = await store.people.export("telegram", ANNA.id)
        assert isinstance(known["rounds"], list)
        assert [round_["fingerprints"] for round_ in known["rounds"]] == [[32 * "f"], []]
        # And it goes on from there.
        await store.rooms.note_language(GROUP, "uk")
        assert await store.rooms.first_language(SUPERGROUP) == "uk"
        await store.guesses.close(3, NOW)
        assert await points(store, GROUP, NOW) == {"Anna": 97, "nobody": 97, "Ben": 10}


OCTOBER, NOVEMBER, DECEMBER = (date(2026, month, 1) for month in (10, 11, 12))


def version_0003() -> list[str]:
    """Return what a family of three had stored in three months, in a group that moved."""
    statements = [
        "INSERT INTO rooms (platform, chat, private, now_at) VALUES "
        "('telegram', '-1001234567890', false, NULL), ('telegram', '-4001', false, 1), "
        "('telegram', 'other', false, NULL)",
        "INSERT INTO players (platform, identity, name, shared) VALUES "
        "('telegram', '7', 'Anna', false), ('telegram', '8', 'Ben', false), "
        "('telegram', NULL, NULL, false), ('telegram', '136817688', 'Channel', true)",
    ]
    ids = iter(range(1, 1000))

    def add(
        player: int,
        arrived: str,
        told: str | None = None,
        truth: str = "abominable",
        *,
        room: int = 1,
        unfamiliar: bool = False,
        played_before: bool = False,
        reset: bool = False,
        probabilities: tuple[float, float, float] = (0.9, 0.06, 0.04),
        objections: Sequence[int] = (),
        quorum: int = 2,
        guesses: Sequence[tuple[int, str]] = (),
    ) -> None:
        id_ = next(ids)
        olaf, abominable, neither = probabilities
        shares = f'{{"olaf": {olaf}, "abominable": {abominable}, "neither": {neither}}}'
        truth_told = (
            f"'{truth}', '{told}', {player}, {quorum}" if told else "NULL, NULL, NULL, NULL"
        )
        statements.append(
            "INSERT INTO rounds (room_id, player_id, part, arrived, answered, label, confidence, "
            "unfamiliar, probabilities, played_before, reset, truth, told, told_by, quorum) "
            f"VALUES ({room}, {player}, '', '{arrived}', '{arrived}', 'olaf', {olaf}, "
            f"{unfamiliar}, '{shares}', {played_before}, {reset}, {truth_told})"
        )
        statements.extend(
            f"INSERT INTO objections VALUES ({id_}, {objector}, '{told}')"
            for objector in objections
        )
        if guesses:
            statements.append(
                f"INSERT INTO guessings VALUES ({id_}, '{arrived}', '{arrived}', '{arrived}')"
            )
        statements.extend(
            f"INSERT INTO guesses VALUES ({id_}, {guesser}, '{arrived}', '{label}')"
            for guesser, label in guesses
        )

    # October, by the old rules: 2 * 0.9 - 1 of 100, half of that for neither or an unfamiliar one.
    add(1, "2026-10-04 12:00:00", "2026-10-04 12:01:00", room=2)  # 80
    add(1, "2026-10-04 12:00:00", "2026-10-04 12:02:00", "neither", room=2)  # 40
    add(2, "2026-10-04 12:00:00", "2026-10-04 12:03:00", unfamiliar=True, room=2)  # 40
    add(2, "2026-10-04 12:00:00", "2026-10-04 12:04:00", "neither", unfamiliar=True)  # the bot: 1
    add(3, "2026-10-04 12:00:00", "2026-10-04 12:05:00", probabilities=(0.4, 0.3, 0.3))  # 1
    add(4, "2026-10-04 12:00:00", "2026-10-04 12:06:00")  # a shared identity
    add(2, "2026-10-04 12:00:00", "2026-10-04 12:07:00", played_before=True)
    add(2, "2026-10-04 12:00:00", "2026-10-04 12:08:00", objections=(1, 3))  # void
    add(2, "2026-10-04 12:00:00", "2026-10-04 12:09:00", objections=(1,), quorum=1)  # void
    add(2, "2026-10-04 12:00:00", "2026-10-04 12:10:00", reset=True)
    # Twenty of twenty-two count, for the bot as well: 20. Ben guesses 20 of 21 rightly: 200.
    for second in range(10, 32):
        at = f"2026-10-05 12:00:{second}"
        add(1, at, at, "olaf", guesses=[(2, "olaf" if second > 10 else "neither")])
    # November: a photo that all objected to, and one that was told in December.
    add(1, "2026-11-04 12:00:00", "2026-11-04 12:01:00", objections=(2, 3))
    add(2, "2026-11-30 23:59:00", "2026-12-01 00:01:00", probabilities=(0.6, 0.2, 0.2))
    add(1, "2026-11-30 23:30:00", "2026-11-30 23:31:00", room=2)  # in Berlin it is December
    # December, in hand.
    add(1, "2026-12-04 12:00:00", "2026-12-04 12:01:00", room=2, objections=(2,))
    add(1, "2026-12-04 12:00:00", "2026-12-04 12:02:00", objections=(2, 3))
    add(2, "2026-12-04 12:00:00", guesses=[(1, "olaf"), (3, "neither")])
    add(1, "2026-12-05 12:00:00", "2026-12-05 12:02:00", unfamiliar=True)
    add(1, "2026-12-06 12:00:00", "2026-12-06 12:02:00", reset=True)
    add(1, "2026-10-05 12:00:00", "2026-10-05 12:02:00", room=3)
    statements.append("INSERT INTO podiums VALUES (2, '2026-10-01')")
    return statements


async def test_what_was_over_before_the_rules_changed_keeps_its_points(new_url: str) -> None:
    await create("0003", new_url, version_0003())
    then = {OCTOBER: {"Anna": 120, "Ben": 240, "nobody": 1, "bot": 21}, NOVEMBER: {"Anna": 80}}
    async with Store.open(new_url) as store:
        for room in (GROUP, SUPERGROUP):
            for month, expected in then.items():
                at = datetime(month.year, month.month, 15, tzinfo=UTC)
                assert await points(store, room, at) == expected
            season = await store.seasons.season(room, OCTOBER, UTC, NOW)
            assert [(place.rank, place.points) for place in season.places()] == [
                (1, 240),
                (2, 120),
                (3, 21),
                (4, 1),
            ]
            assert await store.seasons.months(room, UTC) == [DECEMBER, NOVEMBER, OCTOBER]
        other = Room("telegram", "other")
        assert await points(store, other, datetime(2026, 10, 15, tzinfo=UTC)) == {"Anna": 80}
        # Podiums that were shown stay so, those of other rooms are still due.
        assert await due(store, OCTOBER) == [other]
        # What Anna is known by goes, and her points stay.
        known = await store.people.export("telegram", ANNA.id)
        assert known["seasons"] == [
            {"room": room, "season": "2026-10-01", "points": total}
            for room, total in (("-1001234567890", 120), ("other", 80))
        ] + [{"room": "-1001234567890", "season": "2026-11-01", "points": 80}]
        await store.people.forget("telegram", ANNA.id)
        await store.people.prune(NOW)
        season = await store.seasons.season(GROUP, OCTOBER, UTC, NOW)
        assert season.totals() == {1: 120, 2: 240, 3: 1, BOT: 21}
        assert season.players[2] == NamedPlayer("Ben", "8")
        assert 1 not in season.players


async def test_a_photo_at_the_border_of_a_frozen_month_counts_once(new_url: str) -> None:
    await create("0003", new_url, version_0003())
    async with Store.open(new_url) as store:
        for zone in (UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")):
            months = await store.seasons.months(GROUP, zone)
            assert months == [DECEMBER, NOVEMBER, OCTOBER]
            found = [await store.seasons.season(GROUP, month, zone, NOW) for month in months]
            told = Counter(r.id for each in found for r in each.rounds if r.truth is not None)
            assert set(told.values()) == {1}
            assert [each.totals().get(1) for each in found] == [144, 80, 120]
            for round_ in found[0].rounds:  # and what a round says that it brought is what counts
                brought = await score(store, round_.id, NOW, zone)
                assert scores(found[0].rounds, NOW, zone).get(round_.id, Score()) == brought


async def test_the_season_in_hand_goes_by_the_rules_of_today(new_url: str) -> None:
    await create("0003", new_url, version_0003())
    async with Store.open(new_url) as store:
        season = await store.seasons.season(SUPERGROUP, DECEMBER, UTC, NOW)
        assert season.frozen is None
        # 94 and 40, and a right guess; Ben's of November was told, and counts, in December.
        assert await points(store, GROUP, NOW) == {"Anna": 144, "Ben": 75}
        assert (season.told(), len(season.rounds)) == (3, 5)
        verdicts = {
            round_.arrived.day: (round_.verdict.percent, round_.verdict.voice)
            for round_ in season.rounds
        }
        assert verdicts == {
            1: (75, Voice.UNSURE),
            4: (94, Voice.SURE),
            5: (94, Voice.UNFAMILIAR),
        }
        (void,) = (round_ for round_ in season.rounds if round_.is_void)
        assert await score(store, void.id, NOW) == Score()
        again = await store.game.tell_truth(void.id, ANNA, Label.OLAF, NOW, by_admin=False)
        assert again is Denied.OVER
        # A season that is over now is added up by the rules of today for ever.
        later = await store.seasons.season(SUPERGROUP, DECEMBER, UTC, NOW + timedelta(days=99))
        assert later.totals() == season.totals()
        # What an old reset took out, nobody brings back.
        assert not await store.seasons.undo_reset(SUPERGROUP, ANNA, NOW)


async def test_of_votes_from_before_0014_those_that_are_open_are_still_to_be_told(
    new_url: str,
) -> None:
    of_a_round = "(room_id, player_id, part, arrived, label, truth, told, told_by)"
    at = "'2026-12-24 17:00:00'"
    old = [
        "INSERT INTO rooms (platform, chat, private) VALUES ('telegram', '-1', false)",
        "INSERT INTO players (platform, identity, name, shared) VALUES "
        "('telegram', '7', 'Anna', false)",
        *(
            f"INSERT INTO rounds {of_a_round} VALUES "
            f"(1, 1, '{part}', {at}, 'olaf', 'neither', {at}, 1)"
            for part in "ab"
        ),
        f"INSERT INTO votes VALUES (1, 1, {at}, {at}, {at})",
        f"INSERT INTO votes VALUES (2, 1, {at}, {at}, NULL)",
    ]
    await create("0013", new_url, old)
    async with Store.open(new_url) as store:
        assert [vote.round_id for vote in await store.game.untold_votes()] == [2]
        assert await store.rooms.unsaid_hellos() == {}
