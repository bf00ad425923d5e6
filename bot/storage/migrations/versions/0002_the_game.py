"""Players of their own; truths, objections, guesses, what admins did, podiums."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make players of the rounds' senders, then the game's columns and tables."""
    id_ = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    moment = sa.DateTime(timezone=True)

    def flag(name: str) -> sa.Column[bool]:
        return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())

    op.add_column("rooms", sa.Column("keep", sa.Boolean))
    op.create_table(
        "players",
        sa.Column("id", id_, primary_key=True),
        sa.Column("platform", sa.String(16), nullable=False),
        sa.Column("identity", sa.String(64)),
        sa.Column("name", sa.Text),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.UniqueConstraint("platform", "identity", name="players_identity"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO players (platform, identity, shared) "
        "SELECT rooms.platform, rounds.player_id, "
        "MAX(CASE WHEN rounds.shared THEN 1 ELSE 0 END) = 1 "
        "FROM rounds JOIN rooms ON rooms.id = rounds.room_id "
        "GROUP BY rooms.platform, rounds.player_id"
    )
    with op.batch_alter_table("rounds") as rounds:
        rounds.alter_column("player_id", new_column_name="identity")
    with op.batch_alter_table("rounds") as rounds:
        rounds.add_column(sa.Column("player_id", id_))
        rounds.add_column(sa.Column("prints", sa.JSON))
        rounds.add_column(flag("played_before"))
        rounds.add_column(sa.Column("truth", sa.String(16)))
        rounds.add_column(sa.Column("told", moment))
        rounds.add_column(sa.Column("told_by", id_))
        rounds.add_column(sa.Column("quorum", sa.Integer))
        rounds.add_column(flag("reset"))
    op.execute(
        "UPDATE rounds SET player_id = (SELECT players.id FROM players JOIN rooms "
        "ON rooms.platform = players.platform "
        "WHERE rooms.id = rounds.room_id AND players.identity = rounds.identity)"
    )
    with op.batch_alter_table("rounds", table_kwargs={"sqlite_autoincrement": True}) as rounds:
        rounds.drop_column("identity")
        rounds.drop_column("shared")
        rounds.alter_column("player_id", existing_type=id_, nullable=False)
        rounds.create_foreign_key("rounds_player", "players", ["player_id"], ["id"])
        rounds.create_foreign_key("rounds_told_by", "players", ["told_by"], ["id"])
    op.create_index("ix_rounds_player_id", "rounds", ["player_id"])
    op.create_index("ix_rounds_told_by", "rounds", ["told_by"])

    def round_() -> sa.Column[int]:
        link = sa.ForeignKey("rounds.id", ondelete="CASCADE")
        return sa.Column("round_id", id_, link, primary_key=True)

    def room(*, primary_key: bool) -> sa.Column[int]:
        link = sa.ForeignKey("rooms.id", ondelete="CASCADE")
        return sa.Column("room_id", id_, link, primary_key=primary_key, nullable=False)

    def player(*, primary_key: bool) -> sa.Column[int]:
        link = sa.ForeignKey("players.id")
        return sa.Column("player_id", id_, link, primary_key=primary_key, nullable=False)

    op.create_table(
        "objections",
        round_(),
        player(primary_key=True),
        sa.Column("at", moment, nullable=False),
    )
    op.create_table(
        "guessings",
        round_(),
        sa.Column("until", moment, nullable=False),
        sa.Column("closed", moment),
        sa.Column("told", moment),
    )
    op.create_table(
        "guesses",
        sa.Column(
            "round_id",
            id_,
            sa.ForeignKey("guessings.round_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        player(primary_key=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
    )
    op.create_table(
        "deeds",
        sa.Column("id", id_, primary_key=True),
        room(primary_key=False),
        player(primary_key=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("deed", sa.String(32), nullable=False),
    )
    op.create_table(
        "podiums",
        room(primary_key=True),
        sa.Column("season", sa.Date, primary_key=True),
    )
    for table in ("objections", "guesses", "deeds"):
        op.create_index(f"ix_{table}_player_id", table, ["player_id"])
    op.create_index("ix_deeds_room_id", "deeds", ["room_id"])
