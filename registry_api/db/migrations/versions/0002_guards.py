"""What the database refuses, whoever asks.

Rows that record what happened are never changed or removed; serials of a project never overlap; one
plot, pool and period backs one claim; a decision is never the developer's; an issuance stands on an
approval; the ledger continues where it ended.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_APPEND_ONLY = (
    "credit_batches",
    "estimates",
    "evidence_artifacts",
    "idempotency_keys",
    "ledger_entries",
    "monitoring_periods",
    "plot_contributions",
    "project_deliveries",
    "project_versions",
    "serial_blocks",
    "verification_decisions",
)
_FIRST = "0" * 64

# What makes a new row wrong, written so that both databases understand it; {true} differs,
# {first} is what the first entry names as the one before it.
_SERIALS_OVERLAP = """EXISTS (SELECT 1 FROM serial_blocks b
    WHERE b.project_id = NEW.project_id AND b.kind = NEW.kind
      AND b.first_serial <= NEW.last_serial AND NEW.first_serial <= b.last_serial)"""
_CLAIMED_ALREADY = """EXISTS (SELECT 1 FROM plot_contributions c
    WHERE (c.plot_key = NEW.plot_key OR c.boundary_sha256 = NEW.boundary_sha256)
      AND c.pool = NEW.pool AND c.start_on < NEW.end_on AND NEW.start_on < c.end_on)"""
_NOT_A_VERIFIER = """NOT EXISTS (SELECT 1 FROM accounts a
    WHERE a.id = NEW.account_id AND a.role = 'verifier')"""
_OWN_PROJECT = """EXISTS (SELECT 1 FROM estimates e
    JOIN monitoring_periods m ON m.id = e.period_key
    JOIN projects p ON p.id = m.project_id
    WHERE e.sha256 = NEW.estimate_sha256
      AND NEW.account_id IN (p.developer_id, e.submitted_by))"""
_NOT_APPROVED = """NOT EXISTS (SELECT 1 FROM verification_decisions d
    WHERE d.id = NEW.decision_id AND d.estimate_sha256 = NEW.estimate_sha256
      AND d.approved = {true} AND d.sequence = (SELECT max(l.sequence)
        FROM verification_decisions l WHERE l.estimate_sha256 = NEW.estimate_sha256))"""
_CHAIN_BROKEN = """NEW.sequence <> coalesce((SELECT max(l.sequence) FROM ledger_entries l), 0) + 1
    OR NEW.prev_hash <> coalesce((SELECT l.entry_hash FROM ledger_entries l
        ORDER BY l.sequence DESC LIMIT 1), '{first}')"""

_ON_INSERT = (
    ("serials_never_overlap", "serial_blocks", _SERIALS_OVERLAP, "serials overlap"),
    ("claimed_once", "plot_contributions", _CLAIMED_ALREADY, "the land is claimed already"),
    ("decided_by_verifier", "verification_decisions", _NOT_A_VERIFIER, "not a verifier"),
    ("decided_by_another", "verification_decisions", _OWN_PROJECT, "own project"),
    ("issued_on_approval", "credit_batches", _NOT_APPROVED, "no approval"),
    ("ledger_continues", "ledger_entries", _CHAIN_BROKEN, "the ledger does not continue here"),
)


def upgrade() -> None:
    """Put the guards up."""
    if op.get_context().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    """Take the guards down."""
    sqlite = op.get_context().dialect.name == "sqlite"
    for name, table, _wrong, _message in _ON_INSERT:
        op.execute(f"DROP TRIGGER {name}" + ("" if sqlite else f" ON {table}"))
    for table in _APPEND_ONLY:
        for verb in ("update", "delete") if sqlite else ("change", "truncate"):
            op.execute(f"DROP TRIGGER {table}_no_{verb}" + ("" if sqlite else f" ON {table}"))
    if not sqlite:
        op.execute("ALTER TABLE plot_contributions DROP CONSTRAINT ex_plot_contributions_boundary")
        op.execute("ALTER TABLE plot_contributions DROP CONSTRAINT ex_plot_contributions_plot")
        op.execute("ALTER TABLE serial_blocks DROP CONSTRAINT ex_serial_blocks_serials")
        for name in ("parkland_append_only", *(f"parkland_{row[0]}" for row in _ON_INSERT)):
            op.execute(f"DROP FUNCTION {name}()")


def _guard_sqlite() -> None:
    for table in _APPEND_ONLY:
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
            )
    for name, table, wrong, message in _ON_INSERT:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} "
            f"WHEN {wrong.format(true='1', first=_FIRST)} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION parkland_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' only grows', "
        "ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION parkland_append_only()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION parkland_append_only()"
        )
    for name, table, wrong, message in _ON_INSERT:
        op.execute(
            f"CREATE FUNCTION parkland_{name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {wrong.format(true='true', first=_FIRST)} "
            f"THEN RAISE EXCEPTION '{message}' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION parkland_{name}()"
        )
    # A trigger sees no rows of transactions still open, an exclusion constraint does.
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute(
        "ALTER TABLE serial_blocks ADD CONSTRAINT ex_serial_blocks_serials EXCLUDE USING gist "
        "(project_id WITH =, kind WITH =, int8range(first_serial, last_serial, '[]') WITH &&)"
    )
    for name, column in (("plot", "plot_key"), ("boundary", "boundary_sha256")):
        op.execute(
            f"ALTER TABLE plot_contributions ADD CONSTRAINT ex_plot_contributions_{name} "
            f"EXCLUDE USING gist ({column} WITH =, pool WITH =, "
            "daterange(start_on, end_on) WITH &&)"
        )
