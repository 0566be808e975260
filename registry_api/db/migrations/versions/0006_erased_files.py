"""Files whose content was erased, by digest, because somebody in them was forgotten."""

import sqlalchemy as sa
from alembic import op

from registry_api.db.guards import only_grows
from registry_api.db.models import UtcDateTime

revision = "0006"
down_revision = "0005"

_TABLE = "erased_files"


def upgrade() -> None:
    """Create the table, which only grows."""
    op.create_table(
        _TABLE,
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("erased_by", sa.String(length=40), nullable=False),
        sa.Column("erased_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["erased_by"], ["accounts.id"], name=op.f("fk_erased_files_erased_by")
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_erased_files")),
    )
    only_grows(_TABLE)


def downgrade() -> None:
    """Drop it, and its triggers with it."""
    op.drop_table(_TABLE)
