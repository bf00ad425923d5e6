"""A database of an older version opens, and nothing in it is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain import AdminAction, Label, LoggedAction, Player, Room, RoomSettings, StoredRound
from bot.game.rules import Guess, Objection
from bot.game.seasons import OpenGuessing
from bot.storage.database import migrate, open_database
from bot.storage.schema import metadata
from bot.storage.store import Store
from tests.support.records import ANNA, OLAF, points

NOW = datetime(2026, 12, 24, 18, tzinfo=UTC)


async def create(revision: str, url: str, statements: Sequence[str]) -> None:
    """Make a database as an earlier version of the bot did, with what it may have stored."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir()
    engine = create_async_engine(
        url.replace("sqlite:", "sqlite+aiosqlite:").replace("postgresql:", "postgresql+asyncpg:")
    )
    try:
        async with engine.begin() as connection:
            await connection.run_sync(migrate, revision)
            for statement in statements:
                await connection.execute(text(statement))
    finally:
        await engine.dispose()


async def test_the_migrations_make_the_tables_that_the_code_expects(new_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with open_database(new_url) as database:
        assert await database.read(lambda connection: connection.run_sync(differences)) == []


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
            assert await store.rooms.spoken_language(room) is None
            assert await store.rooms.actions(room) == [
                LoggedAction(at + minute, "Ben", AdminAction.TRUTH),
                LoggedAction(at - 60 * minute, "Anna", AdminAction.KEEP_ON),
                LoggedAction(at - timedelta(days=1), "", AdminAction.RESET),
            ]
            # One objection of the two that would void Anna's; Ben's guess is still open.
            assert await points(store, room, NOW) == {"Anna": 94, "nobody": 94}
        assert await store.rooms.settings(CHANNEL) == RoomSettings()
        assert await store.rounds.find(1) == StoredRound(
            1, SUPERGROUP, GROUP, "7", "11", "file", OLAF, at, at + timedelta(seconds=1)
        )
        told = await store.game.round(1, SUPERGROUP)
        assert told is not None
        assert told.objections == (Objection(2, at + 2 * minute),)
        assert told.truth is not None
        assert (told.truth.label, told.truth.by, told.quorum) == (Label.ABOMINABLE, 1, 2)
        assert await store.game.names(GROUP) == {1: "Anna", 2: "Ben", 4: "Channel"}
        until = at + timedelta(minutes=58, seconds=30)
        assert await store.game.open_guessings() == [OpenGuessing(3, SUPERGROUP, "13", until)]
        guess = Guess(2, at + timedelta(minutes=58, seconds=10), Label.OLAF)
        assert await store.game.guesses(3) == (guess,)
        (pending,) = await store.rounds.pending("telegram", NOW - 5 * minute)
        assert (pending.room, pending.message, pending.reference) == (GROUP, "14", "f14")
        assert pending.player == Player("136817688", "Channel", shared=True)
        assert await store.seasons.podiums_due(date(2026, 11, 1)) == []
        assert await store.seasons.podiums_due(date(2026, 12, 1)) == [SUPERGROUP]
        assert await store.notes.recall("commands") == "1f"
        known = await store.people.export("telegram", ANNA.id)
        assert isinstance(known["rounds"], list)
        assert [round_["fingerprints"] for round_ in known["rounds"]] == [[32 * "f"], []]
        # And it goes on from there.
        await store.rooms.note_language(GROUP, "uk")
        assert await store.rooms.spoken_language(SUPERGROUP) == "uk"
        await store.game.close_guesses(3, NOW)
        assert await points(store, GROUP, NOW) == {"Anna": 94, "nobody": 94, "Ben": 10}
