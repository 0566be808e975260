"""Test units of a sandbox and credits never stand in one database."""

from registry_api.db.guards import no_longer_refuse, refuse_rows

revision = "0015"
down_revision = "0014"

_GUARD = ("credit_batches_of_one_kind", "credit_batches")
_MIXED = """EXISTS (SELECT 1 FROM credit_batches b
    WHERE (b.registry_code = 'TST') <> (NEW.registry_code = 'TST'))"""


def upgrade() -> None:
    """Refuse the first unit of the other kind."""
    refuse_rows(*_GUARD, _MIXED, "a database holds test units or credits, never both")


def downgrade() -> None:
    """Take the guard down."""
    no_longer_refuse(*_GUARD)
