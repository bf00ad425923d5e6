"""The rows of a database into a zip file and back: from SQLite to PostgreSQL as well."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any
from zipfile import ZipFile

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    event,
    func,
    insert,
    inspect,
    select,
    text,
)

from bot.storage.database import VERSION, migrate, open_database
from bot.storage.driver import StoreError
from bot.storage.schema import identifies, leases, processes, rounds, updates

# In the zip file: one line of JSON a row, and what is needed to put them back.
ROWS = "database/{}.jsonl"
DESCRIPTION = "database.json"
# So many rows are in memory at once.
ROWS_AT_ONCE = 500
# What is true only while some processes run: neither kept nor restored.
PASSING = {processes.name, leases.name, updates.name, identifies.name}
# A bot that was started, and never spoken to, has filled no other table.
FILLED_BY_A_START = {VERSION, "notes", *PASSING}
# PostgreSQL's, of a table that it numbers.
SEQUENCE = "CAST(pg_get_serial_sequence(:name, 'id') AS regclass)"


async def dump(url: str, archive: ZipFile) -> None:
    """Write all rows of a database into a zip file, as they are at one moment.

    The bot may run meanwhile; where its database is SQLite, what it writes waits for a moment.

    Args:
        url: `sqlite:///FILE` or `postgresql://...`.
        archive: The file, open for writing.

    Raises:
        StoreError: When the database cannot be used, or there is nothing in it.
    """
    async with open_database(url, prepare=lambda connection: None) as database:
        await database.read(lambda connection: _dump(connection, archive))


async def restore(url: str, archive: ZipFile) -> None:
    """Fill an empty database with the rows of a zip file, and bring its tables up to date.

    Args:
        url: `sqlite:///FILE` or `postgresql://...`.
        archive: The file, open for reading.

    Raises:
        StoreError: When the database cannot be used, is not empty, or a newer version of the bot
            made the file. The database then stays as it was.
        KeyError: When the zip file is another.
    """
    async with open_database(url, prepare=lambda connection: _restore(connection, archive)):
        pass


async def look(url: str) -> int | None:
    """Return how many photos a database knows; None where it has no tables. Changes nothing.

    Args:
        url: `sqlite:///FILE` or `postgresql://...`.

    Raises:
        StoreError: When it cannot be used.
    """

    def count(connection: Connection) -> int | None:
        if not inspect(connection).has_table(rounds.name):
            return None
        return connection.scalar(select(func.count()).select_from(rounds))

    async with open_database(url, prepare=lambda connection: None) as database:
        return await database.read(count)


def _dump(connection: Connection, archive: ZipFile) -> None:
    if connection.dialect.name == "postgresql":  # SQLite's transactions always are
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    tables = _reflected(connection)
    if VERSION not in tables.tables:
        raise StoreError("There is nothing to back up yet: the bot was never started here.")
    version = connection.scalar(select(tables.tables[VERSION].c.version_num))
    numbers: dict[str, int] = {}
    for table in _own(tables):
        if (number := _last_number(connection, table)) is not None:
            numbers[table.name] = number
        # Rows that point at others of the same table come after them.
        later = [column.is_not(None) for column in table.c if _points_at_own(column)]
        rows = connection.execute(
            select(table).order_by(*later, *table.primary_key),
            execution_options={"yield_per": ROWS_AT_ONCE},
        )
        with archive.open(ROWS.format(table.name), "w", force_zip64=True) as file:
            for row in rows.mappings():
                line = json.dumps({name: _to_json(value) for name, value in row.items()})
                file.write(line.encode() + b"\n")
    archive.writestr(DESCRIPTION, json.dumps({"version": version, "numbers": numbers}))


def _restore(connection: Connection, archive: ZipFile) -> None:
    description = json.loads(archive.read(DESCRIPTION))
    before = _reflected(connection)
    for table in before.sorted_tables:
        if table.name in FILLED_BY_A_START:
            continue
        if connection.execute(select(table).limit(1)).first() is not None:
            raise StoreError(
                "The database is not empty, and nothing of it is overwritten: stop the bot and "
                "restore into a DATA_FOLDER or DATABASE_URL that is new, or move this one away."
            )
    before.drop_all(connection)
    migrate(connection, description["version"])
    tables = _reflected(connection)
    for table in _own(tables):
        with archive.open(ROWS.format(table.name)) as file:
            rows = (_row(table, json.loads(line)) for line in file)
            while some := list(islice(rows, ROWS_AT_ONCE)):
                connection.execute(insert(table), some)
        if table.name in description["numbers"]:
            _go_on_from(connection, table, description["numbers"][table.name])
    migrate(connection)


def _reflected(connection: Connection) -> MetaData:
    """Return the tables as they are, of whatever version."""
    found = MetaData()

    @event.listens_for(found, "column_reflect")
    def keep_nulls(inspector: object, table: Table, column: dict[str, Any]) -> None:
        if isinstance(column["type"], JSON):
            column["type"] = JSON(none_as_null=True)

    found.reflect(connection)
    return found


def _own(tables: MetaData) -> list[Table]:
    """Return the tables that are kept, those that others point at first."""
    return [table for table in tables.sorted_tables if table.name not in {VERSION, *PASSING}]


def _points_at_own(column: Column[Any]) -> bool:
    return any(key.column.table is column.table for key in column.foreign_keys)


def _last_number(connection: Connection, table: Table) -> int | None:
    """Return the last number that the database gave to a row of a table that it numbers.

    The row may be gone, and no other must get its number: a button may still name it.
    """
    if "id" not in table.primary_key:
        return None
    highest: int | None = connection.scalar(select(func.max(table.c.id)))
    given: int | None = None
    if connection.dialect.name == "postgresql":
        last = text(f"SELECT pg_sequence_last_value({SEQUENCE})")
        given = connection.scalar(last, {"name": table.name})
    elif inspect(connection).has_table("sqlite_sequence"):
        last = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        given = connection.scalar(last, {"name": table.name})
    return max((number for number in (highest, given) if number is not None), default=None)


def _go_on_from(connection: Connection, table: Table, number: int) -> None:
    values = {"name": table.name, "number": number}
    if connection.dialect.name == "postgresql":
        going_on = text(f"SELECT setval({SEQUENCE}, CAST(:number AS bigint))")
        connection.execute(going_on, values)
    elif connection.scalar(
        text("SELECT 1 FROM sqlite_master WHERE name = :name AND sql LIKE '%AUTOINCREMENT%'"),
        values,
    ):
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :number)"), values)


def _to_json(value: object) -> object:
    if isinstance(value, date):  # a datetime as well
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _row(table: Table, stored: dict[str, Any]) -> dict[str, Any]:
    return {name: _from_json(table.c[name], value) for name, value in stored.items()}


def _from_json(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    match column.type:
        case DateTime(timezone=is_aware):
            moment = datetime.fromisoformat(value)
            # SQLite's have no zone: they are of UTC.
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return moment if is_aware else moment.astimezone(UTC).replace(tzinfo=None)
        case Date():
            return date.fromisoformat(value)
        case LargeBinary():
            return base64.b64decode(value)
    return value
