"""Two sessions at once cannot put test units and credits into one PostgreSQL database.

The trigger of 0015 sees no rows of transactions still open, an exclusion constraint does. SQLite
has one writer at a time, so there the trigger is enough.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

_NAME = "ex_credit_batches_of_one_kind"


def upgrade() -> None:
    """Let the second of two open transactions wait for the first, and refuse it after that."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            f"ALTER TABLE credit_batches ADD CONSTRAINT {_NAME} EXCLUDE USING gist "
            "((CASE WHEN registry_code = 'TST' THEN 1 ELSE 0 END) WITH <>)"
        )


def downgrade() -> None:
    """Take the constraint away."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE credit_batches DROP CONSTRAINT {_NAME}")
