"""Triggers that refuse what no service should ask for, on both databases: for migrations.

The functions `parkland_append_only` of PostgreSQL come with migration 0002.
"""

from alembic import op


def only_grows(table: str) -> None:
    """Refuse every UPDATE and DELETE of a table."""
    if op.get_context().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION parkland_append_only()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION parkland_append_only()"
    )


def refuse_rows(name: str, table: str, wrong: str, message: str) -> None:
    """Refuse new rows of a table.

    Args:
        name: Of the trigger.
        table: Whose rows.
        wrong: SQL that both databases understand, true of a row `NEW` that is refused.
        message: Why, for whoever reads the error.
    """
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {wrong} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION parkland_{name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {wrong} THEN RAISE EXCEPTION '{message}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION parkland_{name}()"
    )


def no_longer_refuse(name: str, table: str) -> None:
    """Take a trigger of `refuse_rows` away again, if its table has not gone already."""
    if op.get_context().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {name}")
        return
    op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute(f"DROP FUNCTION parkland_{name}()")
