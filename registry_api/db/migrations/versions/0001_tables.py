"""The tables."""

import sqlalchemy as sa
from alembic import op

from registry_api.db.models import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table of the registry's first version."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('developer', 'verifier', 'registrar', 'buyer')",
            name=op.f("ck_accounts_role_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("effective_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("entry_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("entry_hash", name=op.f("uq_ledger_entries_entry_hash")),
    )
    op.create_index(op.f("ix_ledger_entries_kind"), "ledger_entries", ["kind"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_api_keys_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_sha256", name=op.f("uq_api_keys_key_sha256")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_idempotency_keys_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("developer_id", sa.String(length=40), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["developer_id"], ["accounts.id"], name=op.f("fk_projects_developer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
    )
    op.create_table(
        "monitoring_periods",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("period_id", sa.String(length=20), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("end_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "start_on < end_on", name=op.f("ck_monitoring_periods_start_before_end")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_monitoring_periods_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring_periods")),
        sa.UniqueConstraint(
            "project_id", "period_id", name=op.f("uq_monitoring_periods_project_id_period_id")
        ),
    )
    op.create_table(
        "plots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("plot_id", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_plots_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plots")),
        sa.UniqueConstraint("project_id", "plot_id", name=op.f("uq_plots_project_id_plot_id")),
    )
    op.create_table(
        "project_versions",
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("methodology_id", sa.String(length=80), nullable=False),
        sa.Column("methodology_version", sa.Integer(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("settings_sha256", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_versions_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "version", name=op.f("pk_project_versions")),
    )
    op.create_table(
        "project_deliveries",
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("catalog", sa.Text(), nullable=False),
        sa.Column("taken_in_on", sa.Date(), nullable=False),
        sa.Column("delivered_by", sa.String(length=40), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivered_by"], ["accounts.id"], name=op.f("fk_project_deliveries_delivered_by")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_deliveries_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "version", name=op.f("pk_project_deliveries")),
    )
    op.create_table(
        "estimates",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("period_key", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("creditable", sa.Boolean(), nullable=False),
        sa.Column("credits_t", sa.BigInteger(), nullable=False),
        sa.Column("buffer_t", sa.BigInteger(), nullable=False),
        sa.Column("submitted_by", sa.String(length=40), nullable=False),
        sa.Column("submitted_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "credits_t >= 0 AND buffer_t >= 0", name=op.f("ck_estimates_tonnes_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["period_key"], ["monitoring_periods.id"], name=op.f("fk_estimates_period_key")
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["accounts.id"], name=op.f("fk_estimates_submitted_by")
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_estimates")),
    )
    op.create_index(op.f("ix_estimates_period_key"), "estimates", ["period_key"], unique=False)
    op.create_table(
        "plot_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plot_key", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("boundary_wkb", sa.LargeBinary(), nullable=False),
        sa.Column("boundary_sha256", sa.String(length=64), nullable=False),
        sa.Column("west", sa.Double(), nullable=False),
        sa.Column("south", sa.Double(), nullable=False),
        sa.Column("east", sa.Double(), nullable=False),
        sa.Column("north", sa.Double(), nullable=False),
        sa.Column("area_ha", sa.Double(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("cell_west", sa.Double(), nullable=False),
        sa.Column("cell_south", sa.Double(), nullable=False),
        sa.Column("cell_east", sa.Double(), nullable=False),
        sa.Column("cell_north", sa.Double(), nullable=False),
        sa.Column("area_band", sa.String(length=40), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('enrolled', 'control')", name=op.f("ck_plot_versions_role_known")
        ),
        sa.CheckConstraint("area_ha > 0", name=op.f("ck_plot_versions_area_positive")),
        sa.ForeignKeyConstraint(["plot_key"], ["plots.id"], name=op.f("fk_plot_versions_plot_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plot_versions")),
        sa.UniqueConstraint("plot_key", "version", name=op.f("uq_plot_versions_plot_key_version")),
    )
    op.create_index(
        "ix_plot_versions_box", "plot_versions", ["west", "east", "south", "north"], unique=False
    )
    op.create_table(
        "evidence_artifacts",
        sa.Column("estimate_sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["estimate_sha256"],
            ["estimates.sha256"],
            name=op.f("fk_evidence_artifacts_estimate_sha256"),
        ),
        sa.PrimaryKeyConstraint("estimate_sha256", "name", name=op.f("pk_evidence_artifacts")),
    )
    op.create_index(
        op.f("ix_evidence_artifacts_sha256"), "evidence_artifacts", ["sha256"], unique=False
    )
    op.create_table(
        "verification_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("estimate_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("demonstration", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_verification_decisions_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["estimate_sha256"],
            ["estimates.sha256"],
            name=op.f("fk_verification_decisions_estimate_sha256"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_decisions")),
        sa.UniqueConstraint(
            "id", "estimate_sha256", name=op.f("uq_verification_decisions_id_estimate_sha256")
        ),
    )
    op.create_index(
        op.f("ix_verification_decisions_estimate_sha256"),
        "verification_decisions",
        ["estimate_sha256"],
        unique=False,
    )
    op.create_table(
        "credit_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("period_key", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("estimate_sha256", sa.String(length=64), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("registry_code", sa.String(length=3), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("methodology_id", sa.String(length=80), nullable=False),
        sa.Column("methodology_version", sa.Integer(), nullable=False),
        sa.Column("vintage_start", sa.Date(), nullable=False),
        sa.Column("vintage_end", sa.Date(), nullable=False),
        sa.Column("unverified", sa.Text(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("cumulative_net_kg", sa.BigInteger(), nullable=False),
        sa.Column("issued_kg", sa.BigInteger(), nullable=False),
        sa.Column("issued_by", sa.String(length=40), nullable=False),
        sa.Column("issued_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id", "estimate_sha256"],
            ["verification_decisions.id", "verification_decisions.estimate_sha256"],
            name=op.f("fk_credit_batches_decision_id_estimate_sha256"),
        ),
        sa.ForeignKeyConstraint(
            ["estimate_sha256"],
            ["estimates.sha256"],
            name=op.f("fk_credit_batches_estimate_sha256"),
        ),
        sa.ForeignKeyConstraint(
            ["issued_by"], ["accounts.id"], name=op.f("fk_credit_batches_issued_by")
        ),
        sa.ForeignKeyConstraint(
            ["period_key"], ["monitoring_periods.id"], name=op.f("fk_credit_batches_period_key")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_credit_batches_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_batches")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_credit_batches_decision_id")),
        sa.UniqueConstraint("estimate_sha256", name=op.f("uq_credit_batches_estimate_sha256")),
        sa.UniqueConstraint("period_key", name=op.f("uq_credit_batches_period_key")),
        sa.UniqueConstraint(
            "project_id", "number", name=op.f("uq_credit_batches_project_id_number")
        ),
    )
    op.create_index(
        "ix_credit_batches_vintage",
        "credit_batches",
        ["vintage_start", "vintage_end"],
        unique=False,
    )
    op.create_table(
        "plot_contributions",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("plot_key", sa.Integer(), nullable=False),
        sa.Column("plot_version_id", sa.Integer(), nullable=False),
        sa.Column("boundary_sha256", sa.String(length=64), nullable=False),
        sa.Column("pool", sa.String(length=40), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("end_on", sa.Date(), nullable=False),
        sa.Column("gross_kg", sa.BigInteger(), nullable=False),
        sa.Column("net_kg", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "start_on < end_on", name=op.f("ck_plot_contributions_start_before_end")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["credit_batches.id"], name=op.f("fk_plot_contributions_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["plot_key"], ["plots.id"], name=op.f("fk_plot_contributions_plot_key")
        ),
        sa.ForeignKeyConstraint(
            ["plot_version_id"],
            ["plot_versions.id"],
            name=op.f("fk_plot_contributions_plot_version_id"),
        ),
        sa.PrimaryKeyConstraint("batch_id", "plot_key", name=op.f("pk_plot_contributions")),
    )
    op.create_index(
        "ix_plot_contributions_boundary",
        "plot_contributions",
        ["boundary_sha256", "pool", "start_on"],
        unique=False,
    )
    op.create_index(
        "ix_plot_contributions_claim",
        "plot_contributions",
        ["plot_key", "pool", "start_on"],
        unique=False,
    )
    op.create_table(
        "serial_blocks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=1), nullable=False),
        sa.Column("issued_as", sa.String(length=10), nullable=False),
        sa.Column("first_serial", sa.BigInteger(), nullable=False),
        sa.Column("last_serial", sa.BigInteger(), nullable=False),
        sa.Column("quantity_t", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "issued_as IN ('active', 'buffer')", name=op.f("ck_serial_blocks_issued_as_known")
        ),
        sa.CheckConstraint("kind IN ('C', 'R')", name=op.f("ck_serial_blocks_kind_known")),
        sa.CheckConstraint(
            "first_serial >= 1 AND first_serial <= last_serial",
            name=op.f("ck_serial_blocks_ordered"),
        ),
        sa.CheckConstraint(
            "quantity_t = last_serial - first_serial + 1",
            name=op.f("ck_serial_blocks_quantity_inclusive"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["credit_batches.id"], name=op.f("fk_serial_blocks_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_serial_blocks_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_serial_blocks")),
        sa.UniqueConstraint(
            "batch_id", "issued_as", name=op.f("uq_serial_blocks_batch_id_issued_as")
        ),
        sa.UniqueConstraint(
            "project_id",
            "kind",
            "first_serial",
            name=op.f("uq_serial_blocks_project_id_kind_first_serial"),
        ),
    )


def downgrade() -> None:
    """Drop them all, dependants first."""
    op.drop_table("serial_blocks")
    op.drop_table("plot_contributions")
    op.drop_table("credit_batches")
    op.drop_table("verification_decisions")
    op.drop_table("evidence_artifacts")
    op.drop_table("plot_versions")
    op.drop_table("estimates")
    op.drop_table("project_deliveries")
    op.drop_table("project_versions")
    op.drop_table("plots")
    op.drop_table("monitoring_periods")
    op.drop_table("projects")
    op.drop_table("idempotency_keys")
    op.drop_table("api_keys")
    op.drop_table("ledger_entries")
    op.drop_table("accounts")
