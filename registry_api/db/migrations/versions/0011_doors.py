"""What keys may do and when they were used, and who tokens stand for."""

import sqlalchemy as sa
from alembic import op

from registry_api.db.guards import only_grows
from registry_api.db.models import UtcDateTime

revision = "0011"
down_revision = "0010"

_TABLES = (
    "api_key_terms",
    "api_key_uses",
    "outside_identities",
    "outside_identity_ends",
)


def upgrade() -> None:
    """Create the tables, which only grow."""
    op.create_table(
        "api_key_terms",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("scopes", sa.String(length=400), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name=op.f("fk_api_key_terms_key_id")),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["api_keys.id"], name=op.f("fk_api_key_terms_replaces_id")
        ),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_key_terms")),
    )
    op.create_table(
        "api_key_uses",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("used_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name=op.f("fk_api_key_uses_key_id")),
        sa.PrimaryKeyConstraint("key_id", "used_on", name=op.f("pk_api_key_uses")),
    )
    op.create_table(
        "outside_identities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("linked_by", sa.String(length=40), nullable=False),
        sa.Column("linked_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_outside_identities_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_identities")),
    )
    op.create_index("ix_outside_identities_subject", "outside_identities", ["issuer", "subject"])
    op.create_table(
        "outside_identity_ends",
        sa.Column("identity_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ended_by", sa.String(length=40), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"],
            ["outside_identities.id"],
            name=op.f("fk_outside_identity_ends_identity_id"),
        ),
        sa.PrimaryKeyConstraint("identity_id", name=op.f("pk_outside_identity_ends")),
    )
    for table in _TABLES:
        only_grows(table)


def downgrade() -> None:
    """Drop them, and their triggers with them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
