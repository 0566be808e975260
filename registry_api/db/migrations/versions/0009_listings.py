"""Listings with a price, reservations that run out by themselves, and requests for quotes.

Which kinds of orders there are becomes a trigger, which later steps can widen.
"""
# ruff: noqa: SLF001  the clauses of the step before stay as they are there

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from registry_api.db.guards import no_longer_refuse, only_grows, refuse_rows
from registry_api.db.models import UtcDateTime

revision = "0009"
down_revision = "0008"

_BEFORE = import_module("registry_api.db.migrations.versions.0008_losses_and_second_eyes")
_MOVES_BEFORE = _BEFORE._FOR_A_LOSS + _BEFORE._RELEASED + _BEFORE._GIVEN_BACK
_TABLES = ("listings", "reservations")
_CHECK = "ck_credit_orders_kind_known"
_OLD_KINDS = ("transfer", "retire", "cancel", "hold")
_KINDS = (*_OLD_KINDS, "list", "reserve", "quote")

# A sale: the seller accepted a reservation of this buyer, and no more moves than was reserved.
_SOLD = """
        OR (p.state = 'offered' AND NEW.state = 'active' AND EXISTS (SELECT 1
          FROM order_outcomes u JOIN reservations v ON v.order_id = u.order_id
          JOIN credit_orders r ON r.id = v.order_id JOIN credit_orders l ON l.id = v.listing_id
          WHERE u.sequence = NEW.sequence AND u.outcome = 'accepted'
            AND r.to_account_id = NEW.account_id AND l.sequence = p.state_sequence
            AND NEW.quantity_t + (SELECT coalesce(sum(h.quantity_t), 0) FROM holdings h
              WHERE h.sequence = NEW.sequence AND h.state_sequence = NEW.sequence)
              <= v.quantity_t))"""
_LESS_IS_LEFT = """NEW.quantity_t > (SELECT coalesce(sum(h.quantity_t), 0) FROM holdings h
      JOIN credit_orders l ON l.sequence = h.state_sequence
      WHERE l.id = NEW.listing_id AND h.state = 'offered'
        AND NOT EXISTS (SELECT 1 FROM holding_closures c WHERE c.holding_id = h.id))
    - (SELECT coalesce(sum(r.quantity_t), 0) FROM reservations r
      WHERE r.listing_id = NEW.listing_id
        AND r.reserved_until > (SELECT o.placed_at FROM credit_orders o WHERE o.id = NEW.order_id)
        AND NOT EXISTS (SELECT 1 FROM order_outcomes u WHERE u.order_id = r.order_id))"""
_NOT_FOR_THEM = """NOT EXISTS (SELECT 1 FROM credit_orders l JOIN credit_orders r
    ON coalesce(l.to_account_id, r.to_account_id) = r.to_account_id
      AND l.account_id = r.account_id AND l.account_id <> r.to_account_id
    WHERE l.id = NEW.listing_id AND r.id = NEW.order_id AND r.kind = 'reserve')"""
_NOT_OF_ONE_ISSUANCE = """NOT EXISTS (SELECT 1 FROM credit_orders o JOIN holdings h
      ON h.state_sequence = o.sequence AND h.state = 'offered'
    WHERE o.id = NEW.order_id AND o.kind = 'list')
    OR EXISTS (SELECT 1 FROM credit_orders o JOIN holdings h
      ON h.state_sequence = o.sequence AND h.state = 'offered'
    WHERE o.id = NEW.order_id AND h.batch_id <> NEW.batch_id)"""

_ON_INSERT = (
    ("listed_of_one_issuance", "listings", _NOT_OF_ONE_ISSUANCE, "not credits of one issuance"),
    ("reserved_of_what_is_left", "reservations", _LESS_IS_LEFT, "less is left of the listing"),
    ("reserved_by_a_buyer", "reservations", _NOT_FOR_THEM, "it is not listed for them"),
)


def upgrade() -> None:
    """Create the tables, let orders be of the new kinds, and put the guards up."""
    op.create_table(
        "listings",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("valid_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("price_cents > 0", name=op.f("ck_listings_price_positive")),
        sa.CheckConstraint(
            "length(currency) = 3", name=op.f("ck_listings_currency_of_three_letters")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["credit_orders.id"], name=op.f("fk_listings_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["credit_batches.id"], name=op.f("fk_listings_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["credit_orders.id"], name=op.f("fk_listings_request_id")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_listings")),
        sa.UniqueConstraint("request_id", name=op.f("uq_listings_request_id")),
    )
    op.create_index(op.f("ix_listings_batch_id"), "listings", ["batch_id"])
    op.create_table(
        "reservations",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.Column("reserved_until", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity_t >= 1", name=op.f("ck_reservations_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["credit_orders.id"], name=op.f("fk_reservations_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.order_id"], name=op.f("fk_reservations_listing_id")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_reservations")),
    )
    op.create_index(op.f("ix_reservations_listing_id"), "reservations", ["listing_id"])
    _without_check()
    _guard_kinds(_KINDS)
    _guard_moves(_MOVES_BEFORE + _SOLD)
    for table in _TABLES:
        only_grows(table)
    for guard in _ON_INSERT:
        refuse_rows(*guard)


def downgrade() -> None:
    """Take everything down again; the kinds of old stay a trigger."""
    for name, table, _wrong, _message in _ON_INSERT:
        no_longer_refuse(name, table)
    _guard_moves(_MOVES_BEFORE)
    no_longer_refuse("order_kind_known", "credit_orders")
    for table in reversed(_TABLES):
        op.drop_table(table)


def _guard_kinds(kinds: tuple[str, ...]) -> None:
    named = ", ".join(f"'{kind}'" for kind in kinds)
    refuse_rows(
        "order_kind_known", "credit_orders", f"NEW.kind NOT IN ({named})", "no such kind of order"
    )


def _guard_moves(more: str) -> None:
    no_longer_refuse("held_by_a_move", "holdings")
    _BEFORE._guard_moves(_BEFORE._no_such_move(_BEFORE._MOVES, more))


def _without_check() -> None:
    """Take the old check of kinds away.

    SQLite has no statement for it. Its manual (lang_altertable, section 7) lets a check that is
    taken away be cut out of the stored text of the table, which touches no row.
    """
    if op.get_context().dialect.name != "sqlite":
        op.drop_constraint(op.f(_CHECK), "credit_orders", type_="check")
        return
    named = ", ".join(f"'{kind}'" for kind in _OLD_KINDS)
    clause = f"CONSTRAINT {_CHECK} CHECK (kind IN ({named})), "
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = on")
    connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, '') "
        "WHERE type = 'table' AND name = 'credit_orders'",
        (clause,),
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = off")
