"""Losses and how they are made good, what takes two registrars, and members of organisations.

Credits leave the buffer for a settled loss, or for their developer where two registrars released
them; an accepted transfer goes back where a correction names it. An event takes effect when it is
written down or before.
"""

import sqlalchemy as sa
from alembic import op

from registry_api.db.guards import no_longer_refuse, only_grows, refuse_rows
from registry_api.db.models import UtcDateTime

revision = "0008"
down_revision = "0007"

_TABLES = (
    "members",
    "memberships",
    "membership_ends",
    "proposals",
    "proposal_outcomes",
    "batch_confirmations",
    "corrections",
    "restatements",
    "reversal_settlements",
    "replacements",
    "reversal_cases",
    "reversal_steps",
    "notices",
    "notice_deliveries",
)
_MOVES = (
    "active>offered",
    "offered>active",
    "active>held",
    "held>active",
    "held>cancelled",
    "active>retired",
)
_OLD_MOVES = (*_MOVES, "buffer>cancelled")


def _no_such_move(moves: tuple[str, ...], more: str) -> str:
    """Say which moves of credits are refused.

    A remainder stays as it was; whatever moves, moves along the table; only who was offered credits
    may get them.
    """
    named = ", ".join(f"'{move}'" for move in moves)
    return f"""NEW.parent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM holdings p
    WHERE p.id = NEW.parent_id AND p.state NOT IN ('retired', 'cancelled')
      AND ((p.state = NEW.state AND coalesce(p.account_id, '') = coalesce(NEW.account_id, ''))
        OR ((p.state || '>' || NEW.state) IN ({named})
          AND (coalesce(p.account_id, '') = coalesce(NEW.account_id, '')
            OR (p.state = 'offered' AND NEW.account_id = (SELECT o.to_account_id
              FROM credit_orders o WHERE o.sequence = p.state_sequence)))){more}))"""  # noqa: S608  our own words only


_FOR_A_LOSS = """
        OR (p.state = 'buffer' AND NEW.state = 'cancelled' AND NEW.account_id IS NULL
          AND EXISTS (SELECT 1 FROM reversal_settlements s WHERE s.sequence = NEW.sequence
            AND s.project_id = NEW.project_id))"""
_RELEASED = """
        OR (p.state = 'buffer' AND NEW.state = 'active'
          AND NEW.account_id = (SELECT j.developer_id FROM projects j WHERE j.id = NEW.project_id)
          AND EXISTS (SELECT 1 FROM proposal_outcomes o JOIN proposals q ON q.id = o.proposal_id
            WHERE o.sequence = NEW.sequence AND o.outcome = 'confirmed' AND q.act = 'release'))"""
_GIVEN_BACK = """
        OR (p.state = 'active' AND NEW.state = 'active' AND EXISTS (SELECT 1 FROM corrections c
          JOIN order_outcomes o ON o.sequence = c.corrects
          JOIN credit_orders r ON r.id = o.order_id
          WHERE c.sequence = NEW.sequence AND p.state_sequence = c.corrects
            AND o.outcome = 'accepted' AND r.account_id = NEW.account_id))"""

_SAME_REGISTRAR = """NEW.outcome = 'confirmed' AND EXISTS (SELECT 1 FROM proposals p
    WHERE p.id = NEW.proposal_id AND p.proposed_by = NEW.decided_by)"""
_NO_REGISTRAR = """NOT EXISTS (SELECT 1 FROM accounts a
    WHERE a.id = NEW.{column} AND a.role = 'registrar')"""
_NOT_CONFIRMED_BY_ISSUER = """NOT EXISTS (SELECT 1 FROM credit_batches b
    JOIN proposal_outcomes o ON o.proposal_id = NEW.proposal_id
    JOIN proposals p ON p.id = o.proposal_id
    WHERE b.id = NEW.batch_id AND p.act = 'issue' AND p.subject = b.estimate_sha256
      AND o.outcome = 'confirmed' AND o.decided_by = b.issued_by)"""
_BOTH_SIDES = """EXISTS (SELECT 1 FROM memberships m
    JOIN accounts a ON a.id = m.account_id JOIN accounts n ON n.id = NEW.account_id
    WHERE m.member_id = NEW.member_id
      AND NOT EXISTS (SELECT 1 FROM membership_ends e WHERE e.membership_id = m.id)
      AND CASE a.role WHEN 'buyer' THEN 'developer' ELSE a.role END
        <> CASE n.role WHEN 'buyer' THEN 'developer' ELSE n.role END)"""
_OUT_OF_TURN = """NEW.number <> 1 + (SELECT count(*) FROM reversal_steps s
    WHERE s.case_id = NEW.case_id)"""
_NO_STEP = """NEW.number > 1 AND NOT EXISTS (SELECT 1 FROM reversal_steps s
    WHERE s.case_id = NEW.case_id AND s.number = NEW.number - 1
      AND (s.state || '>' || NEW.state) IN ('suspect>cleared', 'suspect>confirmed',
        'confirmed>planned', 'confirmed>classified', 'classified>quantified',
        'quantified>settled'))"""
_CLAIMED_ALREADY = """EXISTS (SELECT 1 FROM plot_contributions c
    WHERE (c.plot_key = NEW.plot_key OR c.boundary_sha256 = NEW.boundary_sha256)
      AND c.pool = NEW.pool{kind} AND c.start_on < NEW.end_on AND NEW.start_on < c.end_on)"""

_ON_INSERT = (
    ("effect_not_ahead", "ledger_entries", "NEW.effective_at > NEW.recorded_at",
     "nothing takes effect before its time"),
    ("proposed_by_registrar", "proposals", _NO_REGISTRAR.format(column="proposed_by"),
     "not a registrar"),
    ("confirmed_by_registrar", "proposal_outcomes", _NO_REGISTRAR.format(column="decided_by"),
     "not a registrar"),
    ("confirmed_by_another", "proposal_outcomes", _SAME_REGISTRAR, "the same registrar"),
    ("issued_by_who_confirmed", "batch_confirmations", _NOT_CONFIRMED_BY_ISSUER,
     "not confirmed by who issued"),
    ("on_one_side", "memberships", _BOTH_SIDES, "a member of both sides"),
    ("steps_in_turn", "reversal_steps", _OUT_OF_TURN, "a step is out of turn"),
    ("steps_that_follow", "reversal_steps", _NO_STEP, "that step does not follow"),
)  # fmt: skip


def upgrade() -> None:
    """Create the tables and put the guards up."""
    _create()
    op.add_column(
        "plot_contributions",
        sa.Column("kind", sa.String(length=1), server_default="C", nullable=False),
    )
    _guard_claims(" AND c.kind = NEW.kind", "kind WITH =, ")
    no_longer_refuse("held_by_a_move", "holdings")
    _guard_moves(_no_such_move(_MOVES, _FOR_A_LOSS + _RELEASED + _GIVEN_BACK))
    for table in _TABLES:
        only_grows(table)
    for guard in _ON_INSERT:
        refuse_rows(*guard)


def downgrade() -> None:
    """Take everything down again."""
    for name, table, _wrong, _message in _ON_INSERT:
        no_longer_refuse(name, table)
    no_longer_refuse("held_by_a_move", "holdings")
    _guard_moves(_no_such_move(_OLD_MOVES, ""))
    _guard_claims("", "")
    op.drop_column("plot_contributions", "kind")
    for table in reversed(_TABLES):
        op.drop_table(table)


def _guard_moves(wrong: str) -> None:
    refuse_rows("held_by_a_move", "holdings", wrong, "credits do not move like that")


def _guard_claims(kind: str, excluded: str) -> None:
    """Replace what refuses a second claim on the same land, pool and period."""
    no_longer_refuse("claimed_once", "plot_contributions")
    refuse_rows(
        "claimed_once",
        "plot_contributions",
        _CLAIMED_ALREADY.format(kind=kind),
        "the land is claimed already",
    )
    if op.get_context().dialect.name == "sqlite":
        return
    for name, column in (("plot", "plot_key"), ("boundary", "boundary_sha256")):
        constraint = f"ex_plot_contributions_{name}"
        op.drop_constraint(constraint, "plot_contributions")
        op.execute(
            f"ALTER TABLE plot_contributions ADD CONSTRAINT {constraint} "
            f"EXCLUDE USING gist ({column} WITH =, pool WITH =, {excluded}"
            "daterange(start_on, end_on) WITH &&)"
        )


def _create() -> None:
    """Make the tables."""
    op.create_table(
        "members",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
    )
    op.create_table(
        "memberships",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_memberships_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_memberships_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_memberships_sequence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("sequence", name=op.f("uq_memberships_sequence")),
    )
    op.create_index(op.f("ix_memberships_account_id"), "memberships", ["account_id"], unique=False)
    op.create_index(op.f("ix_memberships_member_id"), "memberships", ["member_id"], unique=False)
    op.create_table(
        "proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("terms_sha256", sa.String(length=64), nullable=False),
        sa.Column("proposed_by", sa.String(length=40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "act IN ('issue', 'release', 'correct')", name=op.f("ck_proposals_act_known")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["accounts.id"], name=op.f("fk_proposals_proposed_by")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_proposals_sequence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("sequence", name=op.f("uq_proposals_sequence")),
    )
    op.create_index(op.f("ix_proposals_subject"), "proposals", ["subject"], unique=False)
    op.create_table(
        "corrections",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("corrects", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("reads", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["corrects"], ["ledger_entries.sequence"], name=op.f("fk_corrections_corrects")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_corrections_proposal_id")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_corrections_sequence")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_corrections")),
        sa.UniqueConstraint("proposal_id", name=op.f("uq_corrections_proposal_id")),
    )
    op.create_index(op.f("ix_corrections_corrects"), "corrections", ["corrects"], unique=False)
    op.create_table(
        "membership_ends",
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["memberships.id"], name=op.f("fk_membership_ends_membership_id")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_membership_ends_sequence")
        ),
        sa.PrimaryKeyConstraint("membership_id", name=op.f("pk_membership_ends")),
        sa.UniqueConstraint("sequence", name=op.f("uq_membership_ends_sequence")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("facts_sha256", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_notices_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_notices_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_notices_sequence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("account_id", "sequence", name=op.f("uq_notices_account_id_sequence")),
    )
    op.create_table(
        "proposal_outcomes",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('confirmed', 'declined', 'withdrawn')",
            name=op.f("ck_proposal_outcomes_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["accounts.id"], name=op.f("fk_proposal_outcomes_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_proposal_outcomes_proposal_id")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_proposal_outcomes_sequence")
        ),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_proposal_outcomes")),
        sa.UniqueConstraint("sequence", name=op.f("uq_proposal_outcomes_sequence")),
    )
    op.create_table(
        "reversal_settlements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("short_kg", sa.BigInteger(), nullable=False),
        sa.Column("repaid_kg", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_t", sa.BigInteger(), nullable=False),
        sa.Column("replaced_kg", sa.BigInteger(), nullable=False),
        sa.Column("in_default", sa.Boolean(), nullable=False),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.String(length=40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "replaced_kg <= short_kg", name=op.f("ck_reversal_settlements_no_more_than_short")
        ),
        sa.CheckConstraint(
            "short_kg >= 0 AND repaid_kg >= 0 AND cancelled_t >= 0 AND replaced_kg >= 0",
            name=op.f("ck_reversal_settlements_amounts_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_reversal_settlements_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_reversal_settlements_sequence")
        ),
        sa.ForeignKeyConstraint(
            ["settled_by"], ["accounts.id"], name=op.f("fk_reversal_settlements_settled_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reversal_settlements")),
        sa.UniqueConstraint("sequence", name=op.f("uq_reversal_settlements_sequence")),
    )
    op.create_index(
        op.f("ix_reversal_settlements_project_id"),
        "reversal_settlements",
        ["project_id"],
        unique=False,
    )
    op.create_table(
        "notice_deliveries",
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('sent', 'failed', 'read')", name=op.f("ck_notice_deliveries_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.id"], name=op.f("fk_notice_deliveries_notice_id")
        ),
        sa.PrimaryKeyConstraint("notice_id", "attempt", name=op.f("pk_notice_deliveries")),
    )
    op.create_table(
        "replacements",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["credit_orders.id"], name=op.f("fk_replacements_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["reversal_settlements.id"],
            name=op.f("fk_replacements_settlement_id"),
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_replacements")),
    )
    op.create_index(
        op.f("ix_replacements_settlement_id"), "replacements", ["settlement_id"], unique=False
    )
    op.create_table(
        "reversal_cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("plot_key", sa.Integer(), nullable=False),
        sa.Column("broke_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("opened_by", sa.String(length=40), nullable=False),
        sa.Column("opened_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "source IN ('alert', 'report')", name=op.f("ck_reversal_cases_source_known")
        ),
        sa.ForeignKeyConstraint(
            ["opened_by"], ["accounts.id"], name=op.f("fk_reversal_cases_opened_by")
        ),
        sa.ForeignKeyConstraint(
            ["plot_key"], ["plots.id"], name=op.f("fk_reversal_cases_plot_key")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_reversal_cases_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reversal_cases")),
    )
    op.create_index(
        op.f("ix_reversal_cases_plot_key"), "reversal_cases", ["plot_key"], unique=False
    )
    op.create_index(
        op.f("ix_reversal_cases_project_id"), "reversal_cases", ["project_id"], unique=False
    )
    op.create_table(
        "reversal_steps",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("reversal_kg", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.String(length=64), nullable=False),
        sa.Column("taken_by", sa.String(length=40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('suspect', 'cleared', 'confirmed', 'planned', 'classified', 'quantified', "
            "'settled')",
            name=op.f("ck_reversal_steps_state_known"),
        ),
        sa.CheckConstraint("reversal_kg >= 0", name=op.f("ck_reversal_steps_loss_not_negative")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["reversal_cases.id"], name=op.f("fk_reversal_steps_case_id")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_reversal_steps_sequence")
        ),
        sa.ForeignKeyConstraint(
            ["taken_by"], ["accounts.id"], name=op.f("fk_reversal_steps_taken_by")
        ),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_reversal_steps")),
    )
    op.create_index(
        op.f("ix_reversal_steps_sequence"), "reversal_steps", ["sequence"], unique=False
    )
    op.create_table(
        "batch_confirmations",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["credit_batches.id"], name=op.f("fk_batch_confirmations_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_batch_confirmations_proposal_id")
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batch_confirmations")),
        sa.UniqueConstraint("proposal_id", name=op.f("uq_batch_confirmations_proposal_id")),
    )
    op.create_table(
        "restatements",
        sa.Column("estimate_sha256", sa.String(length=64), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("cumulative_net_kg", sa.BigInteger(), nullable=False),
        sa.Column("difference_kg", sa.BigInteger(), nullable=False),
        sa.Column("goes_to", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("restated_by", sa.String(length=40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "goes_to IN ('issuance', 'buffer')", name=op.f("ck_restatements_goes_to_known")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["credit_batches.id"], name=op.f("fk_restatements_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["verification_decisions.id"], name=op.f("fk_restatements_decision_id")
        ),
        sa.ForeignKeyConstraint(
            ["estimate_sha256"], ["estimates.sha256"], name=op.f("fk_restatements_estimate_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["restated_by"], ["accounts.id"], name=op.f("fk_restatements_restated_by")
        ),
        sa.ForeignKeyConstraint(
            ["sequence"], ["ledger_entries.sequence"], name=op.f("fk_restatements_sequence")
        ),
        sa.PrimaryKeyConstraint("estimate_sha256", name=op.f("pk_restatements")),
        sa.UniqueConstraint("sequence", name=op.f("uq_restatements_sequence")),
    )
    op.create_index(op.f("ix_restatements_batch_id"), "restatements", ["batch_id"], unique=False)
