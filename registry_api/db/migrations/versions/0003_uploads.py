"""Uploads of plots, and with them: runs, people, looks, contests, excluded areas, web sessions."""

import sqlalchemy as sa
from alembic import op

from registry_api.db.models import UtcDateTime

revision = "0003"
down_revision = "0002"

# SQLite adds a reference with its column or not at all; Alembic would add it afterwards.
_FROM_UPLOAD = """ALTER TABLE plot_versions ADD COLUMN upload_id {kind}
    CONSTRAINT fk_plot_versions_upload_id REFERENCES plot_uploads (id)"""


def upgrade() -> None:
    """Create the tables, and let a plot's version hold its attributes and name its upload."""
    op.create_table(
        "excluded_layers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("loaded_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_excluded_layers")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_excluded_layers_name_version")),
    )
    op.create_table(
        "excluded_areas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("layer_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("area_wkb", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["layer_id"], ["excluded_layers.id"], name=op.f("fk_excluded_areas_layer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_excluded_areas")),
    )
    op.create_index("ix_excluded_areas_layer", "excluded_areas", ["layer_id"], unique=False)
    op.create_table(
        "web_sessions",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_web_sessions_account_id")
        ),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_web_sessions")),
    )
    op.create_table(
        "column_mappings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("header_sha256", sa.String(length=64), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("saved_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_column_mappings_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_column_mappings")),
    )
    op.create_index(
        "ix_column_mappings_header",
        "column_mappings",
        ["project_id", "header_sha256"],
        unique=False,
    )
    op.create_table(
        "contests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("plot_id", sa.String(length=120), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("boundary_wkb", sa.LargeBinary(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("evidence_name", sa.String(length=200), nullable=False),
        sa.Column("evidence_sha256", sa.String(length=64), nullable=False),
        sa.Column("filed_by", sa.String(length=40), nullable=False),
        sa.Column("filed_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["filed_by"], ["accounts.id"], name=op.f("fk_contests_filed_by")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_contests_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contests")),
    )
    op.create_index("ix_contests_project", "contests", ["project_id", "filed_at"], unique=False)
    op.create_table(
        "plot_uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_by", sa.String(length=40), nullable=False),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_plot_uploads_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["accounts.id"], name=op.f("fk_plot_uploads_uploaded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plot_uploads")),
        sa.UniqueConstraint("project_id", "sha256", name=op.f("uq_plot_uploads_project_id_sha256")),
    )
    op.create_table(
        "private_looks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_private_looks_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_private_looks_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_private_looks")),
    )
    op.create_index("ix_private_looks_project", "private_looks", ["project_id", "id"], unique=False)
    op.create_table(
        "contest_decisions",
        sa.Column("contest_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("upheld", sa.Boolean(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_contest_decisions_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contests.id"], name=op.f("fk_contest_decisions_contest_id")
        ),
        sa.PrimaryKeyConstraint("contest_id", name=op.f("pk_contest_decisions")),
    )
    op.create_table(
        "forgotten_people",
        sa.Column("plot_key", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("forgotten_by", sa.String(length=40), nullable=False),
        sa.Column("forgotten_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["forgotten_by"], ["accounts.id"], name=op.f("fk_forgotten_people_forgotten_by")
        ),
        sa.ForeignKeyConstraint(
            ["plot_key"], ["plots.id"], name=op.f("fk_forgotten_people_plot_key")
        ),
        sa.PrimaryKeyConstraint("plot_key", name=op.f("pk_forgotten_people")),
    )
    op.create_table(
        "people",
        sa.Column("plot_key", sa.Integer(), nullable=False),
        sa.Column("farmer_id", sa.String(length=120), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plot_key"], ["plots.id"], name=op.f("fk_people_plot_key")),
        sa.PrimaryKeyConstraint("plot_key", name=op.f("pk_people")),
    )
    op.create_table(
        "plot_exits",
        sa.Column("plot_key", sa.Integer(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=40), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plot_key"], ["plots.id"], name=op.f("fk_plot_exits_plot_key")),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["accounts.id"], name=op.f("fk_plot_exits_recorded_by")
        ),
        sa.PrimaryKeyConstraint("plot_key", name=op.f("pk_plot_exits")),
    )
    op.create_table(
        "upload_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.String(length=40), nullable=False),
        sa.Column("requested_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_upload_runs_requested_by")
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["plot_uploads.id"], name=op.f("fk_upload_runs_upload_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_runs")),
        sa.UniqueConstraint("upload_id", "number", name=op.f("uq_upload_runs_upload_id_number")),
    )
    op.create_table(
        "upload_outcomes",
        sa.Column("run_key", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=80), nullable=False),
        sa.Column("fault_code", sa.String(length=80), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("tally", sa.Text(), nullable=True),
        sa.Column("tables", sa.Text(), nullable=False),
        sa.Column("delivery_version", sa.Integer(), nullable=True),
        sa.Column("finished_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_key"], ["upload_runs.id"], name=op.f("fk_upload_outcomes_run_key")
        ),
        sa.PrimaryKeyConstraint("run_key", name=op.f("pk_upload_outcomes")),
    )
    op.create_table(
        "upload_run_states",
        sa.Column("run_key", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("stepped_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("leased_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("tables", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'working', 'done', 'failed')",
            name=op.f("ck_upload_run_states_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["run_key"], ["upload_runs.id"], name=op.f("fk_upload_run_states_run_key")
        ),
        sa.PrimaryKeyConstraint("run_key", name=op.f("pk_upload_run_states")),
    )
    op.create_index("ix_upload_run_states_state", "upload_run_states", ["state"], unique=False)
    op.add_column(
        "plot_versions", sa.Column("attributes", sa.Text(), server_default="{}", nullable=False)
    )
    sqlite = op.get_context().dialect.name == "sqlite"
    op.execute(_FROM_UPLOAD.format(kind="CHAR(32)" if sqlite else "UUID"))


def downgrade() -> None:
    """Drop them all, dependants first."""
    if op.get_context().dialect.name == "sqlite":
        with op.batch_alter_table("plot_versions") as table:  # SQLite drops no reference in place
            table.drop_column("upload_id")
            table.drop_column("attributes")
    else:
        op.drop_column("plot_versions", "upload_id")
        op.drop_column("plot_versions", "attributes")
    op.drop_table("upload_run_states")
    op.drop_table("upload_outcomes")
    op.drop_table("upload_runs")
    op.drop_table("plot_exits")
    op.drop_table("people")
    op.drop_table("forgotten_people")
    op.drop_table("contest_decisions")
    op.drop_table("private_looks")
    op.drop_table("plot_uploads")
    op.drop_table("contests")
    op.drop_table("column_mappings")
    op.drop_table("web_sessions")
    op.drop_table("excluded_areas")
    op.drop_table("excluded_layers")
