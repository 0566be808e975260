"""Labels and co-benefits of credits with their documents, and certificates that count no more."""

import sqlalchemy as sa
from alembic import op

from registry_api.db.guards import only_grows
from registry_api.db.models import UtcDateTime

revision = "0013"
down_revision = "0012"

_TABLES = ("labels", "label_withdrawals", "certificate_revocations")
_ENTRY = "ledger_entries.sequence"


def upgrade() -> None:
    """Create the tables, which only grow."""
    op.create_table(
        "labels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("credit_kind", sa.String(length=1), nullable=True),
        sa.Column("first_serial", sa.BigInteger(), nullable=True),
        sa.Column("last_serial", sa.BigInteger(), nullable=True),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("link", sa.String(length=500), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("given_by", sa.String(length=40), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('ccp', 'corsia', 'article6', 'certification', 'sdg')",
            name=op.f("ck_labels_kind_known"),
        ),
        sa.CheckConstraint(
            "(first_serial IS NULL) = (last_serial IS NULL) "
            "AND (first_serial IS NULL) = (credit_kind IS NULL) "
            "AND (first_serial IS NULL OR batch_id IS NOT NULL)",
            name=op.f("ck_labels_serials_of_a_batch"),
        ),
        sa.CheckConstraint(
            "first_serial >= 1 AND first_serial <= last_serial", name=op.f("ck_labels_ordered")
        ),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= valid_from",
            name=op.f("ck_labels_dates_ordered"),
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_labels_project_id")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["credit_batches.id"], name=op.f("fk_labels_batch_id")
        ),
        sa.ForeignKeyConstraint(["given_by"], ["accounts.id"], name=op.f("fk_labels_given_by")),
        sa.ForeignKeyConstraint(["sequence"], [_ENTRY], name=op.f("fk_labels_sequence")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sa.UniqueConstraint("sequence", name=op.f("uq_labels_sequence")),
    )
    op.create_index("ix_labels_project", "labels", ["project_id", "kind"])
    op.create_index("ix_labels_batch", "labels", ["batch_id"])
    op.create_table(
        "label_withdrawals",
        sa.Column("label_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["label_id"], ["labels.id"], name=op.f("fk_label_withdrawals_label_id")
        ),
        sa.ForeignKeyConstraint(["sequence"], [_ENTRY], name=op.f("fk_label_withdrawals_sequence")),
        sa.PrimaryKeyConstraint("label_id", name=op.f("pk_label_withdrawals")),
        sa.UniqueConstraint("sequence", name=op.f("uq_label_withdrawals_sequence")),
    )
    op.create_table(
        "certificate_revocations",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("retired_sequence", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["credit_orders.id"], name=op.f("fk_certificate_revocations_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["retired_sequence"],
            [_ENTRY],
            name=op.f("fk_certificate_revocations_retired_sequence"),
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], [_ENTRY], name=op.f("fk_certificate_revocations_sequence")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_certificate_revocations")),
        sa.UniqueConstraint(
            "retired_sequence", name=op.f("uq_certificate_revocations_retired_sequence")
        ),
        sa.UniqueConstraint("sequence", name=op.f("uq_certificate_revocations_sequence")),
    )
    for table in _TABLES:
        only_grows(table)


def downgrade() -> None:
    """Drop them, and their triggers with them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
