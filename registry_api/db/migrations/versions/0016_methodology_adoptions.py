"""Another version of a methodology is followed once its report is on file."""

import sqlalchemy as sa
from alembic import op

from registry_api.db.guards import no_longer_refuse, only_grows, refuse_rows
from registry_api.db.models import UtcDateTime

revision = "0016"
down_revision = "0015"

_TABLE = "methodology_adoptions"
_GUARD = ("adopted_by_developer", _TABLE)
_NOT_ITS_DEVELOPER = """NOT EXISTS (SELECT 1 FROM projects p
    WHERE p.id = NEW.project_id AND p.developer_id = NEW.adopted_by)"""


def _reference(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{_TABLE}_{column}"))


def upgrade() -> None:
    """Create the table and put the guards up."""
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(40), nullable=False),
        sa.Column("methodology_id", sa.String(80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules_sha256", sa.String(64), nullable=False),
        sa.Column("report_sha256", sa.String(64), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("adopted_by", sa.String(40), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
        _reference("project_id", "projects.id"),
        _reference("adopted_by", "accounts.id"),
        _reference("sequence", "ledger_entries.sequence"),
        sa.UniqueConstraint("sequence", name=op.f(f"uq_{_TABLE}_sequence")),
        sa.UniqueConstraint(
            "project_id",
            "methodology_id",
            "version",
            name=op.f(f"uq_{_TABLE}_project_id_methodology_id_version"),
        ),
    )
    only_grows(_TABLE)
    refuse_rows(*_GUARD, _NOT_ITS_DEVELOPER, "not the developer of the project")


def downgrade() -> None:
    """Take it down."""
    no_longer_refuse(*_GUARD)
    op.drop_table(_TABLE)
