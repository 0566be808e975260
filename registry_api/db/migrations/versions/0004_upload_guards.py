# ruff: noqa: S608  (the SQL is put together from constants of this file)
"""What the database refuses of uploads, and the index of where plots lie.

Boundaries, uploads, looks and contests only grow; a contest is decided by a verifier who is not the
project's developer. `plot_boxes` holds the box of the newest version of each plot that has not
left; triggers keep it, `registry_api.db.nearby` asks it.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_APPEND_ONLY = (
    "column_mappings",
    "contest_decisions",
    "contests",
    "excluded_areas",
    "excluded_layers",
    "forgotten_people",
    "plot_exits",
    "plot_uploads",
    "plot_versions",
    "plots",
    "private_looks",
    "upload_outcomes",
    "upload_runs",
)

_NOT_A_VERIFIER = """NOT EXISTS (SELECT 1 FROM accounts a
    WHERE a.id = NEW.account_id AND a.role = 'verifier')"""
_OWN_CONTEST = """EXISTS (SELECT 1 FROM contests c
    JOIN projects p ON p.id = c.project_id
    WHERE c.id = NEW.contest_id AND NEW.account_id IN (p.developer_id, c.filed_by))"""
_ON_INSERT = (
    ("contest_by_verifier", "contest_decisions", _NOT_A_VERIFIER, "not a verifier"),
    ("contest_by_another", "contest_decisions", _OWN_CONTEST, "own project"),
)

_IN_FORCE = """FROM plot_versions v
    WHERE v.version = (SELECT max(l.version) FROM plot_versions l WHERE l.plot_key = v.plot_key)
      AND NOT EXISTS (SELECT 1 FROM plot_exits x WHERE x.plot_key = v.plot_key)"""
_HAS_LEFT = "EXISTS (SELECT 1 FROM plot_exits x WHERE x.plot_key = NEW.plot_key)"


def upgrade() -> None:
    """Put the guards up and make the index from the plots there are."""
    if op.get_context().dialect.name == "sqlite":
        _guard_sqlite()
        _index_sqlite()
    else:
        _guard_postgresql()
        _index_postgresql()


def downgrade() -> None:
    """Take the index and the guards down."""
    sqlite = op.get_context().dialect.name == "sqlite"
    for name, table in (("plot_box_kept", "plot_versions"), ("plot_box_left", "plot_exits")):
        op.execute(f"DROP TRIGGER {name}" + ("" if sqlite else f" ON {table}"))
    op.execute("DROP TABLE plot_boxes")
    for name, table, _wrong, _message in _ON_INSERT:
        op.execute(f"DROP TRIGGER {name}" + ("" if sqlite else f" ON {table}"))
    for table in _APPEND_ONLY:
        for verb in ("update", "delete") if sqlite else ("change", "truncate"):
            op.execute(f"DROP TRIGGER {table}_no_{verb}" + ("" if sqlite else f" ON {table}"))
    if not sqlite:
        functions = ("plot_box_kept", "plot_box_left", *(row[0] for row in _ON_INSERT))
        for name in functions:
            op.execute(f"DROP FUNCTION parkland_{name}()")


def _guard_sqlite() -> None:
    for table in _APPEND_ONLY:
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
            )
    for name, table, wrong, message in _ON_INSERT:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {wrong} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def _guard_postgresql() -> None:
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
            f"$$ BEGIN IF {wrong} THEN RAISE EXCEPTION '{message}' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION parkland_{name}()"
        )


def _index_sqlite() -> None:
    # An R*Tree rounds boxes outwards to 32 bits: it answers too many and never too few.
    op.execute(
        "CREATE VIRTUAL TABLE plot_boxes USING rtree("
        "plot_key, west, east, south, north, +version_id INTEGER)"
    )
    op.execute(
        "INSERT INTO plot_boxes (plot_key, west, east, south, north, version_id) "
        f"SELECT v.plot_key, v.west, v.east, v.south, v.north, v.id {_IN_FORCE}"
    )
    op.execute(
        f"CREATE TRIGGER plot_box_kept AFTER INSERT ON plot_versions WHEN NOT {_HAS_LEFT} BEGIN "
        "DELETE FROM plot_boxes WHERE plot_key = NEW.plot_key; "
        "INSERT INTO plot_boxes (plot_key, west, east, south, north, version_id) VALUES "
        "(NEW.plot_key, NEW.west, NEW.east, NEW.south, NEW.north, NEW.id); END"
    )
    op.execute(
        "CREATE TRIGGER plot_box_left AFTER INSERT ON plot_exits BEGIN "
        "DELETE FROM plot_boxes WHERE plot_key = NEW.plot_key; END"
    )


def _index_postgresql() -> None:
    box = "box(point({0}.west, {0}.south), point({0}.east, {0}.north))"
    op.execute(
        "CREATE TABLE plot_boxes (plot_key integer PRIMARY KEY, version_id integer NOT NULL, "
        "extent box NOT NULL)"
    )
    op.execute(f"INSERT INTO plot_boxes SELECT v.plot_key, v.id, {box.format('v')} {_IN_FORCE}")
    op.execute("CREATE INDEX ix_plot_boxes_extent ON plot_boxes USING gist (extent)")
    kept = (
        f"IF NOT {_HAS_LEFT} THEN INSERT INTO plot_boxes "
        f"VALUES (NEW.plot_key, NEW.id, {box.format('NEW')}) ON CONFLICT (plot_key) DO UPDATE "
        "SET version_id = EXCLUDED.version_id, extent = EXCLUDED.extent; END IF;"
    )
    left = "DELETE FROM plot_boxes WHERE plot_key = NEW.plot_key;"
    for name, table, then in (
        ("plot_box_kept", "plot_versions", kept),
        ("plot_box_left", "plot_exits", left),
    ):
        op.execute(
            f"CREATE FUNCTION parkland_{name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {then} RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} AFTER INSERT ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION parkland_{name}()"
        )
