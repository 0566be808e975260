"""A Merkle tree over the ledger, whose entries so far become its leaves, and the keys that sign."""

import sqlalchemy as sa
from alembic import op

from mrv.evidence.merkle import completed_nodes, leaf_hash
from registry_api.db.guards import only_grows
from registry_api.db.models import UtcDateTime

revision = "0012"
down_revision = "0011"

_TABLES = ("log_nodes", "signing_keys", "signing_key_revocations")
_AT_ONCE = 10_000


def upgrade() -> None:
    """Create the tables, plant the tree, and let all only grow."""
    nodes = op.create_table(
        "log_nodes",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "level >= 0 AND position >= 0", name=op.f("ck_log_nodes_place_not_negative")
        ),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_log_nodes_hash_is_sha256")),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_log_nodes")),
    )
    op.create_table(
        "signing_keys",
        sa.Column("key_id", sa.String(length=100), nullable=False),
        sa.Column("since", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "signing_key_revocations",
        sa.Column("key_id", sa.String(length=100), nullable=False),
        sa.Column("void_from", UtcDateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id"], ["signing_keys.key_id"], name=op.f("fk_signing_key_revocations_key_id")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"],
            ["ledger_entries.sequence"],
            name=op.f("fk_signing_key_revocations_sequence"),
        ),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_signing_key_revocations")),
    )
    if not op.get_context().as_sql:  # a script for an empty database has nothing to plant
        _plant(nodes)
    for table in _TABLES:
        only_grows(table)


def downgrade() -> None:
    """Drop them, and their triggers with them."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _plant(nodes: sa.Table) -> None:
    connection = op.get_bind()
    digests = connection.execute(
        sa.text("SELECT entry_hash FROM ledger_entries ORDER BY sequence")
    ).scalars()
    waiting: dict[int, bytes] = {}  # per level the left subtree that still lacks its right one
    rows: list[dict[str, object]] = []
    for index, digest in enumerate(digests.all()):
        leaf = leaf_hash(bytes.fromhex(digest))
        for level, position, node in tuple(completed_nodes(index, leaf, lambda at, _: waiting[at])):
            waiting[level] = node
            rows.append({"level": level, "position": position, "hash": node})
        if len(rows) >= _AT_ONCE:
            op.bulk_insert(nodes, rows)
            rows = []
    if rows:
        op.bulk_insert(nodes, rows)
