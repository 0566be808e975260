"""Files whose content was erased, by digest, because somebody in them was forgotten."""

import sqlalchemy as sa
from alembic import op

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
    if op.get_context().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {_TABLE}_no_{verb} BEFORE {verb.upper()} ON {_TABLE} "
                f"BEGIN SELECT RAISE(ABORT, '{_TABLE} only grows'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {_TABLE}_no_change BEFORE UPDATE OR DELETE ON {_TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION parkland_append_only()"
    )
    op.execute(
        f"CREATE TRIGGER {_TABLE}_no_truncate BEFORE TRUNCATE ON {_TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION parkland_append_only()"
    )


def downgrade() -> None:
    """Drop it, and its triggers with it."""
    op.drop_table(_TABLE)
