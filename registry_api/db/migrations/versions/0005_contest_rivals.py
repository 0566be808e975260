"""With which plots a contest over ground was filed, so that it excuses no other."""

import sqlalchemy as sa
from alembic import op

from registry_api.db.guards import only_grows

revision = "0005"
down_revision = "0004"

_TABLE = "contest_rivals"


def upgrade() -> None:
    """Create the table, which only grows."""
    op.create_table(
        _TABLE,
        sa.Column("contest_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("plot_id", sa.String(length=120), nullable=False),
        sa.Column("boundary_wkb", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contests.id"], name=op.f("fk_contest_rivals_contest_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_contest_rivals_project_id")
        ),
        sa.PrimaryKeyConstraint(
            "contest_id", "project_id", "plot_id", name=op.f("pk_contest_rivals")
        ),
    )
    only_grows(_TABLE)


def downgrade() -> None:
    """Drop it, and its triggers with it."""
    op.drop_table(_TABLE)
