"""Votes, calls and confirmations; what was over before the rules changed keeps its points."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0004"
down_revision = "0003"

# When a verdict is spoken without any doubt: by its confidence between the two, and by the
# probability of its name among all three.
SURE_FROM = 0.8
SURE_PROBABILITY = 0.6

# The rules as they were.
MAX_POINTS = 100
GUESS_POINTS = 10
SCORING_A_DAY = 20
QUORUM = 2
OBJECTION_WITHIN = timedelta(minutes=10)

metadata = sa.MetaData()
moment = sa.DateTime(timezone=True)
id_ = sa.BigInteger().with_variant(sa.Integer, "sqlite")
rooms = sa.Table(
    "rooms", metadata, sa.Column("id", id_, primary_key=True), sa.Column("now_at", id_)
)
players = sa.Table(
    "players", metadata, sa.Column("id", id_, primary_key=True), sa.Column("shared", sa.Boolean)
)
rounds = sa.Table(
    "rounds",
    metadata,
    sa.Column("id", id_, primary_key=True),
    *(sa.Column("room_id", id_), sa.Column("player_id", id_), sa.Column("arrived", moment)),
    *(sa.Column("label", sa.String(16)), sa.Column("confidence", sa.Float)),
    *(sa.Column("unfamiliar", sa.Boolean), sa.Column("probabilities", sa.JSON)),
    *(sa.Column("played_before", sa.Boolean), sa.Column("truth", sa.String(16))),
    *(sa.Column("told", moment), sa.Column("quorum", sa.Integer)),
    *(sa.Column("reset", sa.Boolean), sa.Column("reset_at", moment)),
    *(sa.Column("sure", sa.Boolean), sa.Column("is_void", sa.Boolean)),
)
objections = sa.Table("objections", metadata, sa.Column("round_id", id_))
guessings = sa.Table("guessings", metadata, sa.Column("round_id", id_), sa.Column("closed", moment))
guesses = sa.Table(
    "guesses",
    metadata,
    *(sa.Column("round_id", id_), sa.Column("player_id", id_)),
    *(sa.Column("at", moment), sa.Column("what", sa.String(16))),
)
frozen_points = sa.Table(
    "frozen_points",
    metadata,
    sa.Column("id", id_, primary_key=True),
    *(sa.Column("room_id", id_), sa.Column("season", sa.Date)),
    *(sa.Column("player_id", id_), sa.Column("points", sa.Integer)),
)

# A room, and a month's first day.
Season = tuple[int, date]


@dataclass(frozen=True, slots=True)
class Round:
    """A round with a verdict as the old rules saw it; moments are in UTC."""

    id: int
    room: int
    player: int
    label: str
    confidence: float
    unfamiliar: bool
    is_shared: bool
    played_before: bool
    truth: str | None
    told: datetime | None
    is_void: bool

    def agrees(self, label: str) -> bool:
        """Return whether the bot's answer was this."""
        return label == self.label or (label == "neither" and self.unfamiliar)

    def worth(self) -> int:
        """Return the points for fooling the bot."""
        if self.truth is None or self.agrees(self.truth):
            return 0
        sure = min(max(2 * self.confidence - 1, 0.0), 1.0)
        points = 1 + round(sure * (MAX_POINTS - 1))
        return (points + 1) // 2 if self.truth == "neither" or self.unfamiliar else points


def upgrade() -> None:
    """Add what the new rules need, freeze what is over, and turn the rest into their words."""
    now: datetime = context.config.attributes["now"]
    _add_columns()
    _add_tables()
    connection = op.get_bind()
    _mark_void(connection)
    # The old rules go by the old confidence.
    _freeze(connection, month_of(now.astimezone(UTC) - OBJECTION_WITHIN))
    _convert_verdicts(connection)
    # Guesses that were taken out with them are gone: such a reset cannot be undone.
    reset = sa.update(rounds).where(rounds.c.reset.is_(True))
    connection.execute(reset.values(reset_at=rounds.c.arrived))
    op.drop_table("objections")
    # Not as a batch: that would make the table anew, and drop what hangs on the old one.
    op.drop_column("rounds", "quorum")
    op.drop_column("rounds", "reset")


def _add_columns() -> None:
    for column in (
        sa.Column("guess_every", sa.Boolean),
        sa.Column("timezone", sa.String(64)),
        sa.Column("daily", sa.Integer),
    ):
        op.add_column("rooms", column)
    for name in ("made", "confirmed", "is_void", "hidden"):
        flag = sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column("rounds", flag)
    op.add_column("rounds", sa.Column("sure", sa.Boolean))
    op.add_column("rounds", sa.Column("answer", sa.String(64)))
    op.add_column("rounds", sa.Column("reset_at", moment))
    op.add_column("guesses", sa.Column("reset_at", moment))


def _add_tables() -> None:
    def round_(of: str) -> sa.Column[int]:
        link = sa.ForeignKey(of, ondelete="CASCADE")
        return sa.Column("round_id", id_, link, primary_key=True)

    op.create_table(
        "votes",
        round_("rounds.id"),
        sa.Column("opened_by", id_, sa.ForeignKey("players.id"), nullable=False),
        sa.Column("opened", moment, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("closed", moment),
    )
    op.create_index("ix_votes_opened_by", "votes", ["opened_by"])
    op.create_table(
        "ballots",
        round_("votes.round_id"),
        sa.Column("player_id", id_, sa.ForeignKey("players.id"), primary_key=True),
        sa.Column("label", sa.String(16), nullable=False),
        sa.Column("at", moment, nullable=False),
    )
    op.create_index("ix_ballots_player_id", "ballots", ["player_id"])
    op.create_table(
        "frozen_points",
        sa.Column("id", id_, primary_key=True),
        sa.Column("room_id", id_, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("season", sa.Date, nullable=False),
        sa.Column("player_id", id_, sa.ForeignKey("players.id")),
        sa.Column("points", sa.Integer, nullable=False),
        sa.UniqueConstraint("room_id", "season", "player_id", name="frozen_points_of"),
    )
    op.create_index("ix_frozen_points_player_id", "frozen_points", ["player_id"])


def _mark_void(connection: sa.Connection) -> None:
    """Mark the rounds that enough players had objected to."""
    made = sa.select(sa.func.count()).where(objections.c.round_id == rounds.c.id).scalar_subquery()
    enough = made >= sa.func.coalesce(rounds.c.quorum, QUORUM)
    told = rounds.c.truth.is_not(None)
    connection.execute(sa.update(rounds).where(told, enough).values(is_void=True))


def _convert_verdicts(connection: sa.Connection) -> None:
    """Store how sure the bot was between the two, and whether it may be called out."""
    found = connection.execute(
        sa.select(rounds.c.id, rounds.c.label, rounds.c.confidence, rounds.c.probabilities).where(
            rounds.c.label.is_not(None)
        )
    )
    verdicts = []
    for row in found:
        shares = row.probabilities or {}
        share, both = (
            shares.get(row.label, 0.0),
            shares.get("olaf", 0.0) + shares.get("abominable", 0.0),
        )
        confidence = share / both if both else max(row.confidence, 0.5)
        sure = confidence >= SURE_FROM and share >= SURE_PROBABILITY
        verdicts.append({"of": row.id, "how_sure": confidence, "is_sure": sure})
    if verdicts:
        change = sa.update(rounds).where(rounds.c.id == sa.bindparam("of"))
        change = change.values(confidence=sa.bindparam("how_sure"), sure=sa.bindparam("is_sure"))
        connection.execute(change, verdicts)


def _freeze(connection: sa.Connection, current: date) -> None:
    """Store the points of each season before the current one, by the rules that it had."""
    played = _load_rounds(connection)
    points: defaultdict[Season, Counter[int | None]] = defaultdict(Counter)
    _score_rounds(played.values(), points)
    _score_guesses(connection, played, points)
    frozen = [
        {"room_id": room, "season": month, "player_id": player, "points": total}
        for (room, month), totals in points.items()
        if month < current
        for player, total in ({None: 0} | totals).items()
        if total or player is None
    ]
    if frozen:
        connection.execute(sa.insert(frozen_points), frozen)
    # A photo counts for the month in which it arrived now: one whose truth was told after midnight
    # would be lost between a month that is over, and did not have it, and the current one.
    begin = datetime(current.year, current.month, 1, tzinfo=UTC)
    between = rounds.c.arrived < begin, rounds.c.told >= begin
    connection.execute(sa.update(rounds).where(*between).values(arrived=rounds.c.told))


def _load_rounds(connection: sa.Connection) -> dict[int, Round]:
    """Return the rounds of the game, by their ids."""
    found = connection.execute(
        sa.select(
            rounds, players.c.shared, sa.func.coalesce(rooms.c.now_at, rooms.c.id).label("current")
        )
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .join(players, players.c.id == rounds.c.player_id)
        .where(rounds.c.label.is_not(None), rounds.c.reset.is_(False))
    )
    return {row["id"]: _round_of(row) for row in found.mappings()}


def _round_of(row: sa.RowMapping) -> Round:
    return Round(
        id=row["id"],
        room=row["current"],
        player=row["player_id"],
        label=row["label"],
        confidence=row["confidence"],
        unfamiliar=row["unfamiliar"],
        is_shared=row["shared"],
        played_before=row["played_before"],
        truth=row["truth"],
        told=_utc(row["told"]),
        is_void=row["is_void"],
    )


def _score_rounds(
    played: Iterable[Round], points: defaultdict[Season, Counter[int | None]]
) -> None:
    """Add what rounds brought; of a player's rounds of one day the first twenty."""
    told = [
        (round_.told, round_) for round_ in played if round_.told is not None and not round_.is_void
    ]
    today: Counter[tuple[int, int, date]] = Counter()
    for at, round_ in sorted(told, key=lambda pair: (pair[0], pair[1].id)):
        season = points[round_.room, month_of(at)]  # also one in which nobody scored
        day = round_.room, round_.player, at.date()
        if round_.is_shared or round_.played_before or today[day] >= SCORING_A_DAY:
            continue
        today[day] += 1
        season[round_.player] += round_.worth()
        season[None] += round_.truth is not None and round_.agrees(round_.truth)


def _score_guesses(
    connection: sa.Connection,
    played: dict[int, Round],
    points: defaultdict[Season, Counter[int | None]],
) -> None:
    """Add what right guesses brought, at most as many a day as rounds."""
    found = connection.execute(
        sa.select(guesses)
        .join(guessings, guessings.c.round_id == guesses.c.round_id)
        .where(guessings.c.closed.is_not(None))
    )
    made = [(_utc(row.at), row) for row in found]
    today: Counter[tuple[int, int, date]] = Counter()
    for at, row in sorted(made, key=lambda pair: (pair[0], pair[1].round_id)):
        round_ = played.get(row.round_id)
        if round_ is None or at is None or not round_.agrees(row.what):
            continue
        season = points[round_.room, month_of(at)]
        day = round_.room, row.player_id, at.date()
        if round_.is_void or round_.played_before or today[day] >= SCORING_A_DAY:
            continue
        today[day] += 1
        season[row.player_id] += GUESS_POINTS


def month_of(at: datetime) -> date:
    """Return a moment's season."""
    return at.date().replace(day=1)


def _utc(at: Any) -> Any:
    """Return a moment in UTC, also from SQLite, which knows no time zones."""
    if at is None:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
