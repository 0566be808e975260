"""What issuances are searched by, the market's indices, and signed statements of the supply."""

import sqlalchemy as sa
from alembic import op

from registry_api.db.guards import only_grows
from registry_api.db.models import UtcDateTime

revision = "0010"
down_revision = "0009"

_TABLES = ("batch_traits", "supply_statements")
# The year of the monitoring period's last day, and U90 as the evidence document states it.
_STATED = {
    "sqlite": (
        "CAST(strftime('%Y', b.vintage_end, '-1 day') AS INTEGER)",
        "json_extract(e.document, '$.u90')",
    ),
    "postgresql": (
        "CAST(extract(year FROM b.vintage_end - 1) AS INTEGER)",
        "CAST(CAST(e.document AS json) ->> 'u90' AS double precision)",
    ),
}


def upgrade() -> None:
    """Create the tables, fill one from what was issued before, and let both only grow."""
    op.create_table(
        "batch_traits",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("u90", sa.Double(), nullable=False),
        sa.CheckConstraint("u90 >= 0", name=op.f("ck_batch_traits_u90_not_negative")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["credit_batches.id"], name=op.f("fk_batch_traits_batch_id")
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batch_traits")),
    )
    op.create_index("ix_batch_traits_vintage", "batch_traits", ["vintage"])
    op.create_table(
        "supply_statements",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("statement_sha256", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=200), nullable=False),
        sa.Column("signature", sa.String(length=200), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_supply_statements_sequence")
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_supply_statements")),
    )
    vintage, u90 = _STATED[op.get_context().dialect.name]
    op.execute(
        "INSERT INTO batch_traits (batch_id, vintage, u90) "  # noqa: S608  our own words only
        f"SELECT b.id, {vintage}, {u90} "
        "FROM credit_batches b JOIN estimates e ON e.sha256 = b.estimate_sha256"
    )
    # What sums of an issuance need lies in one index: a million credits are counted in it.
    op.create_index(
        "ix_holdings_sums", "holdings", ["batch_id", "kind", "state", "sequence", "quantity_t"]
    )
    op.drop_index(op.f("ix_holdings_batch_id"), "holdings")
    for table in _TABLES:
        only_grows(table)


def downgrade() -> None:
    """Drop them, and their triggers with them."""
    op.create_index(op.f("ix_holdings_batch_id"), "holdings", ["batch_id"])
    op.drop_index("ix_holdings_sums", "holdings")
    for table in reversed(_TABLES):
        op.drop_table(table)
