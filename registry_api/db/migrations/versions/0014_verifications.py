"""Verification as work, and which run of a period is its newest.

Estimates that were there get their numbers in the order in which they came. An issuance from now on
stands on a signed opinion and on the newest run.
"""

import sqlalchemy as sa
from alembic import op

from registry_api.db.guards import no_longer_refuse, only_grows, refuse_rows
from registry_api.db.models import UtcDateTime

revision = "0014"
down_revision = "0013"

_TABLES = (
    "period_runs",
    "verification_assignments",
    "verification_samples",
    "verification_sample_plots",
    "verification_recomputations",
    "verification_findings",
    "verification_finding_steps",
    "verification_opinions",
)
_ENTRY = "ledger_entries.sequence"

_NOT_A_VERIFIER = """NOT EXISTS (SELECT 1 FROM accounts a
    WHERE a.id = NEW.verifier_id AND a.role = 'verifier')"""
_NOT_A_REGISTRAR = """NOT EXISTS (SELECT 1 FROM accounts a
    WHERE a.id = NEW.assigned_by AND a.role = 'registrar')"""
_OWN_PROJECT = """EXISTS (SELECT 1 FROM monitoring_periods m
    JOIN projects p ON p.id = m.project_id
    WHERE m.id = NEW.period_key AND p.developer_id = NEW.verifier_id)"""
_OTHER_PERIOD = """NOT EXISTS (SELECT 1 FROM verification_assignments a
    JOIN estimates e ON e.period_key = a.period_key
    WHERE a.id = NEW.assignment_id AND e.sha256 = NEW.estimate_sha256)"""
_OUT_OF_TURN = """NEW.number <> coalesce((SELECT max(s.number) FROM verification_finding_steps s
        WHERE s.finding_id = NEW.finding_id), 0) + 1
    OR EXISTS (SELECT 1 FROM verification_finding_steps s
        WHERE s.finding_id = NEW.finding_id AND s.state = 'closed')"""
_NOT_ASSIGNED = """NOT EXISTS (SELECT 1 FROM verification_decisions d
    JOIN estimates e ON e.sha256 = d.estimate_sha256
    JOIN verification_assignments a ON a.period_key = e.period_key
    WHERE d.id = NEW.decision_id AND a.id = NEW.assignment_id AND a.verifier_id = d.account_id)"""
_DECIDED_OTHERWISE = """EXISTS (SELECT 1 FROM verification_decisions d
    WHERE d.id = NEW.decision_id
      AND d.approved <> (NEW.opinion IN ('positive', 'qualified')))"""
_LEFT_OPEN = """NEW.opinion IN ('positive', 'qualified') AND EXISTS (
    SELECT 1 FROM verification_findings f
    JOIN estimates fe ON fe.sha256 = f.estimate_sha256
    JOIN estimates e ON e.period_key = fe.period_key
    JOIN verification_decisions d ON d.estimate_sha256 = e.sha256
    WHERE d.id = NEW.decision_id AND f.kind <> 'forward_action'
      AND NOT EXISTS (SELECT 1 FROM verification_finding_steps s
        WHERE s.finding_id = f.id AND s.state = 'closed'))"""
_NO_OPINION = """NOT EXISTS (SELECT 1 FROM verification_opinions o
    WHERE o.decision_id = NEW.decision_id AND o.opinion IN ('positive', 'qualified'))"""
_SUPERSEDED = """EXISTS (SELECT 1 FROM period_runs r
    WHERE r.period_key = NEW.period_key AND r.estimate_sha256 <> NEW.estimate_sha256
      AND r.number = (SELECT max(l.number) FROM period_runs l
        WHERE l.period_key = NEW.period_key))"""
_RUN_SKIPPED = """NEW.number <> coalesce((SELECT max(r.number) FROM period_runs r
        WHERE r.period_key = NEW.period_key), 0) + 1
    OR NOT EXISTS (SELECT 1 FROM estimates e
        WHERE e.sha256 = NEW.estimate_sha256 AND e.period_key = NEW.period_key)"""

_ON_INSERT = (
    ("period_run_follows", "period_runs", _RUN_SKIPPED, "a run out of turn"),
    ("assigned_to_verifier", "verification_assignments", _NOT_A_VERIFIER, "not a verifier"),
    ("assigned_by_registrar", "verification_assignments", _NOT_A_REGISTRAR, "not a registrar"),
    ("assigned_to_another", "verification_assignments", _OWN_PROJECT, "own project"),
    ("sampled_in_period", "verification_samples", _OTHER_PERIOD, "another period"),
    ("recomputed_in_period", "verification_recomputations", _OTHER_PERIOD, "another period"),
    ("found_in_period", "verification_findings", _OTHER_PERIOD, "another period"),
    ("finding_step_follows", "verification_finding_steps", _OUT_OF_TURN, "a step out of turn"),
    ("opinion_by_assigned", "verification_opinions", _NOT_ASSIGNED, "not the assigned verifier"),
    ("opinion_as_decided", "verification_opinions", _DECIDED_OTHERWISE, "decided otherwise"),
    ("opinion_leaves_nothing", "verification_opinions", _LEFT_OPEN, "a finding is open"),
    ("issued_on_opinion", "credit_batches", _NO_OPINION, "no signed opinion"),
    ("issued_on_newest", "credit_batches", _SUPERSEDED, "the estimate is superseded"),
)


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _event(table: str) -> tuple[sa.Column[object] | sa.Constraint, ...]:
    return (
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        _reference(table, "sequence", _ENTRY),
        sa.UniqueConstraint("sequence", name=op.f(f"uq_{table}_sequence")),
    )


def upgrade() -> None:
    """Create the tables, number the runs there are, and put the guards up."""
    _work()
    _findings()
    op.execute(
        "INSERT INTO period_runs (period_key, number, estimate_sha256, recorded_at) "
        "SELECT period_key, row_number() OVER (PARTITION BY period_key "
        "ORDER BY submitted_at, sha256), sha256, submitted_at FROM estimates"
    )
    for table in _TABLES:
        only_grows(table)
    for name, table, wrong, message in _ON_INSERT:
        refuse_rows(name, table, wrong, message)


def downgrade() -> None:
    """Take the guards down and drop the tables."""
    for name, table, _wrong, _message in reversed(_ON_INSERT):
        no_longer_refuse(name, table)
    for table in reversed(_TABLES):
        op.drop_table(table)


def _work() -> None:
    op.create_table(
        "period_runs",
        sa.Column("period_key", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("estimate_sha256", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        _reference("period_runs", "period_key", "monitoring_periods.id"),
        _reference("period_runs", "estimate_sha256", "estimates.sha256"),
        sa.PrimaryKeyConstraint("period_key", "number", name=op.f("pk_period_runs")),
    )
    op.create_index("ix_period_runs_estimate_sha256", "period_runs", ["estimate_sha256"])
    table = "verification_assignments"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period_key", sa.Integer(), nullable=False),
        sa.Column("verifier_id", sa.String(length=40), nullable=False),
        sa.Column("level_of_assurance", sa.String(length=10), nullable=False),
        sa.Column("materiality_fraction", sa.Double(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("assigned_by", sa.String(length=40), nullable=False),
        *_event(table),
        sa.CheckConstraint(
            "level_of_assurance IN ('reasonable', 'limited', 'none')",
            name=op.f(f"ck_{table}_level_known"),
        ),
        sa.CheckConstraint(
            "materiality_fraction > 0 AND materiality_fraction < 1 "
            "AND confidence > 0 AND confidence < 1",
            name=op.f(f"ck_{table}_fractions"),
        ),
        _reference(table, "period_key", "monitoring_periods.id"),
        _reference(table, "verifier_id", "accounts.id"),
        _reference(table, "assigned_by", "accounts.id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    for column in ("period_key", "verifier_id"):
        op.create_index(f"ix_{table}_{column}", table, [column])
    table = "verification_samples"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("estimate_sha256", sa.String(length=64), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("frame_plots", sa.Integer(), nullable=False),
        sa.Column("strata", sa.Text(), nullable=False),
        *_event(table),
        _reference(table, "assignment_id", "verification_assignments.id"),
        _reference(table, "estimate_sha256", "estimates.sha256"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(
            "assignment_id",
            "estimate_sha256",
            name=op.f(f"uq_{table}_assignment_id_estimate_sha256"),
        ),
    )
    table = "verification_sample_plots"
    op.create_table(
        table,
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("plot_id", sa.String(length=120), nullable=False),
        sa.Column("stratum", sa.String(length=120), nullable=False),
        sa.Column("inclusion_probability", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "inclusion_probability > 0 AND inclusion_probability <= 1",
            name=op.f(f"ck_{table}_chance_is_one"),
        ),
        _reference(table, "sample_id", "verification_samples.id"),
        sa.PrimaryKeyConstraint("sample_id", "plot_id", name=op.f(f"pk_{table}")),
    )
    table = "verification_recomputations"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("estimate_sha256", sa.String(length=64), nullable=False),
        sa.Column("plot_id", sa.String(length=120), nullable=False),
        sa.Column("code_version", sa.String(length=200), nullable=False),
        sa.Column("equal", sa.Integer(), nullable=False),
        sa.Column("different", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("nodes", sa.Text(), nullable=False),
        *_event(table),
        sa.CheckConstraint(
            "equal >= 0 AND different >= 0 AND missing >= 0", name=op.f(f"ck_{table}_counts")
        ),
        _reference(table, "assignment_id", "verification_assignments.id"),
        _reference(table, "estimate_sha256", "estimates.sha256"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_assignment_id", table, ["assignment_id"])


def _findings() -> None:
    table = "verification_findings"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("estimate_sha256", sa.String(length=64), nullable=False),
        sa.Column("node", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "kind IN ('misstatement', 'nonconformity', 'clarification', 'forward_action')",
            name=op.f(f"ck_{table}_kind_known"),
        ),
        _reference(table, "assignment_id", "verification_assignments.id"),
        _reference(table, "estimate_sha256", "estimates.sha256"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(
            "assignment_id", "number", name=op.f(f"uq_{table}_assignment_id_number")
        ),
    )
    op.create_index(f"ix_{table}_estimate_sha256", table, ["estimate_sha256"])
    table = "verification_finding_steps"
    op.create_table(
        table,
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("resubmitted_sha256", sa.String(length=64), nullable=True),
        sa.Column("taken_by", sa.String(length=40), nullable=False),
        *_event(table),
        sa.CheckConstraint(
            "state IN ('requested', 'answered', 'returned', 'closed')",
            name=op.f(f"ck_{table}_state_known"),
        ),
        sa.CheckConstraint(
            "(due_on IS NOT NULL) = (state IN ('requested', 'returned'))",
            name=op.f(f"ck_{table}_due_if_asked"),
        ),
        _reference(table, "finding_id", "verification_findings.id"),
        _reference(table, "resubmitted_sha256", "estimates.sha256"),
        _reference(table, "taken_by", "accounts.id"),
        sa.PrimaryKeyConstraint("finding_id", "number", name=op.f(f"pk_{table}")),
    )
    table = "verification_opinions"
    op.create_table(
        table,
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("opinion", sa.String(length=10), nullable=False),
        sa.Column("qualification", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("credential_sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "opinion IN ('positive', 'qualified', 'adverse', 'withheld')",
            name=op.f(f"ck_{table}_opinion_known"),
        ),
        _reference(table, "decision_id", "verification_decisions.id"),
        _reference(table, "assignment_id", "verification_assignments.id"),
        sa.PrimaryKeyConstraint("decision_id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_assignment_id", table, ["assignment_id"])
