"""Holdings that only grow, and the orders that move credits from one to the next."""

import sqlalchemy as sa
from alembic import op

from registry_api.db.guards import no_longer_refuse, only_grows, refuse_rows
from registry_api.db.models import UtcDateTime

revision = "0007"
down_revision = "0006"

_TABLES = ("credit_orders", "order_outcomes", "holdings", "holding_closures")
_MOVES = (
    "active>offered",
    "offered>active",
    "active>held",
    "held>active",
    "held>cancelled",
    "active>retired",
    "buffer>cancelled",
)

_NOT_AS_ISSUED = """NEW.parent_id IS NULL AND NOT EXISTS (SELECT 1 FROM serial_blocks b
    WHERE b.batch_id = NEW.batch_id AND b.project_id = NEW.project_id AND b.kind = NEW.kind
      AND b.first_serial = NEW.first_serial AND b.last_serial = NEW.last_serial
      AND b.issued_as = NEW.state)"""
_OVERLAPS = """EXISTS (SELECT 1 FROM holdings h
    WHERE coalesce(h.parent_id, 0) = coalesce(NEW.parent_id, 0)
      AND h.project_id = NEW.project_id AND h.kind = NEW.kind
      AND h.first_serial <= NEW.last_serial AND NEW.first_serial <= h.last_serial)"""
_NOT_A_PART = """NEW.parent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM holdings p
    WHERE p.id = NEW.parent_id AND p.batch_id = NEW.batch_id
      AND p.project_id = NEW.project_id AND p.kind = NEW.kind
      AND p.first_serial <= NEW.first_serial AND NEW.last_serial <= p.last_serial)"""
# A remainder stays as it was; whatever moves, moves along the table; only who was offered credits
# may get them.
_NO_SUCH_MOVE = f"""NEW.parent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM holdings p
    WHERE p.id = NEW.parent_id AND p.state NOT IN ('retired', 'cancelled')
      AND ((p.state = NEW.state AND coalesce(p.account_id, '') = coalesce(NEW.account_id, ''))
        OR ((p.state || '>' || NEW.state) IN ({", ".join(f"'{move}'" for move in _MOVES)})
          AND (coalesce(p.account_id, '') = coalesce(NEW.account_id, '')
            OR (p.state = 'offered' AND NEW.account_id = (SELECT o.to_account_id
              FROM credit_orders o WHERE o.sequence = p.state_sequence))))))"""  # noqa: S608  our own words only
_CLOSED_ALREADY = """EXISTS (SELECT 1 FROM holding_closures c
    WHERE c.holding_id = NEW.parent_id)"""
_PARTS_ARE_NOT_ALL = """(SELECT h.quantity_t FROM holdings h WHERE h.id = NEW.holding_id)
    <> (SELECT coalesce(sum(h.quantity_t), 0) FROM holdings h
        WHERE h.parent_id = NEW.holding_id)"""

_ON_INSERT = (
    ("held_as_issued", "holdings", _NOT_AS_ISSUED, "no such credits were issued"),
    ("held_once", "holdings", _OVERLAPS, "holdings overlap"),
    ("held_as_part", "holdings", _NOT_A_PART, "not a part of what is moved"),
    ("held_by_a_move", "holdings", _NO_SUCH_MOVE, "credits do not move like that"),
    ("moved_once", "holdings", _CLOSED_ALREADY, "these credits have moved on"),
    ("moved_whole", "holding_closures", _PARTS_ARE_NOT_ALL, "the parts are not the whole"),
)


def upgrade() -> None:
    """Create the tables, hand what was issued to its developers, and put the guards up."""
    op.create_table(
        "credit_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("to_account_id", sa.String(length=40), nullable=True),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("terms_sha256", sa.String(length=64), nullable=False),
        sa.Column("placed_by", sa.String(length=40), nullable=False),
        sa.Column("placed_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('transfer', 'retire', 'cancel', 'hold')",
            name=op.f("ck_credit_orders_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_credit_orders_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_account_id"], ["accounts.id"], name=op.f("fk_credit_orders_to_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["placed_by"], ["accounts.id"], name=op.f("fk_credit_orders_placed_by")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_credit_orders_sequence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_orders")),
        sa.UniqueConstraint("sequence", name=op.f("uq_credit_orders_sequence")),
    )
    for column in ("account_id", "to_account_id"):
        op.create_index(op.f(f"ix_credit_orders_{column}"), "credit_orders", [column])
    op.create_table(
        "order_outcomes",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=False),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'declined', 'withdrawn', 'released')",
            name=op.f("ck_order_outcomes_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["credit_orders.id"], name=op.f("fk_order_outcomes_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["accounts.id"], name=op.f("fk_order_outcomes_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_order_outcomes_sequence")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_outcomes")),
        sa.UniqueConstraint("sequence", name=op.f("uq_order_outcomes_sequence")),
    )
    _create_holdings()
    _take_over()
    for table in _TABLES:
        only_grows(table)
    for guard in _ON_INSERT:
        refuse_rows(*guard)


def downgrade() -> None:
    """Take everything down again."""
    for name, table, _wrong, _message in _ON_INSERT:
        no_longer_refuse(name, table)
    if op.get_context().dialect.name != "sqlite":
        op.drop_constraint("fk_holdings_parent_id", "holdings")
    for table in reversed(_TABLES):
        op.drop_table(table)


def _create_holdings() -> None:
    """Make both tables, each of which refers to the other."""
    sqlite = op.get_context().dialect.name == "sqlite"
    closures = sa.ForeignKeyConstraint(
        ["parent_id"],
        ["holding_closures.holding_id"],
        name=op.f("fk_holdings_parent_id"),
        deferrable=True,
        initially="DEFERRED",
    )
    op.create_table(
        "holdings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=1), nullable=False),
        sa.Column("first_serial", sa.BigInteger(), nullable=False),
        sa.Column("last_serial", sa.BigInteger(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("state_sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('active', 'offered', 'held', 'buffer', 'retired', 'cancelled')",
            name=op.f("ck_holdings_state_known"),
        ),
        sa.CheckConstraint(
            "first_serial >= 1 AND first_serial <= last_serial", name=op.f("ck_holdings_ordered")
        ),
        sa.CheckConstraint(
            "quantity_t = last_serial - first_serial + 1",
            name=op.f("ck_holdings_quantity_inclusive"),
        ),
        sa.CheckConstraint(
            "state <> 'buffer' OR account_id IS NULL", name=op.f("ck_holdings_buffer_is_nobodys")
        ),
        *([closures] if sqlite else []),  # SQLite names tables that are still to come
        sa.ForeignKeyConstraint(
            ["batch_id"], ["credit_batches.id"], name=op.f("fk_holdings_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_holdings_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_holdings_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_holdings_sequence")
        ),
        sa.ForeignKeyConstraint(
            ["state_sequence"], ["ledger_entries.sequence"], name=op.f("fk_holdings_state_sequence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holdings")),
    )
    op.create_index("ix_holdings_account", "holdings", ["account_id", "state"])
    op.create_index("ix_holdings_serials", "holdings", ["project_id", "kind", "first_serial"])
    for column in ("parent_id", "batch_id", "sequence", "state_sequence"):
        op.create_index(op.f(f"ix_holdings_{column}"), "holdings", [column])
    op.create_table(
        "holding_closures",
        sa.Column("holding_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["holding_id"], ["holdings.id"], name=op.f("fk_holding_closures_holding_id")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_holding_closures_sequence")
        ),
        sa.PrimaryKeyConstraint("holding_id", name=op.f("pk_holding_closures")),
    )
    op.create_index(op.f("ix_holding_closures_sequence"), "holding_closures", ["sequence"])
    if sqlite:
        return
    op.create_foreign_key(
        op.f("fk_holdings_parent_id"),
        "holdings",
        "holding_closures",
        ["parent_id"],
        ["holding_id"],
        deferrable=True,
        initially="DEFERRED",
    )
    # A trigger sees no rows of transactions still open, an exclusion constraint does.
    op.execute(
        "ALTER TABLE holdings ADD CONSTRAINT ex_holdings_serials EXCLUDE USING gist "
        "((coalesce(parent_id, 0)) WITH =, project_id WITH =, kind WITH =, "
        "int8range(first_serial, last_serial, '[]') WITH &&)"
    )


def _take_over() -> None:
    """Give what was issued before there were holdings to the projects' developers."""
    op.execute(
        "INSERT INTO holdings (batch_id, project_id, kind, first_serial, last_serial, quantity_t, "
        "account_id, state, sequence, state_sequence) "
        "SELECT b.batch_id, b.project_id, b.kind, b.first_serial, b.last_serial, b.quantity_t, "
        "CASE b.issued_as WHEN 'active' THEN p.developer_id END, b.issued_as, "
        "c.sequence, c.sequence "
        "FROM serial_blocks b JOIN credit_batches c ON c.id = b.batch_id "
        "JOIN projects p ON p.id = b.project_id ORDER BY b.id"
    )
