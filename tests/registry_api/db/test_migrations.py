"""The migrations make exactly the tables of the models, on both databases, forward and back."""

import io
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import registry_api.db
from registry_api.db import Database, is_current, migrate
from registry_api.db.models import Base
from registry_api.services.log_tree import in_order_of_growth
from tests.registry_api.a_registry import Stage


@pytest.mark.filterwarnings("ignore:Did not recognize type 'box'")  # of that index, on PostgreSQL
def test_migrations_make_what_the_models_say(registry: Database) -> None:
    def ours(_thing: object, name: str, _kind: str, _found: bool, _other: object) -> bool:  # noqa: FBT001  # Alembic's
        return not name.startswith("plot_boxes")  # an index, made by hand on each database

    with registry.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        assert compare_metadata(context, Base.metadata) == []


def test_second_migration_changes_nothing(registry: Database) -> None:
    assert is_current(registry.engine)
    migrate(registry.engine)
    assert is_current(registry.engine)


def test_everything_can_be_taken_back(tmp_path: Path) -> None:
    opened = Database(f"sqlite:///{tmp_path}/new.sqlite")
    migrate(opened.engine)
    config = _config()
    with opened.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(opened.engine).get_table_names() == ["alembic_version"]
    opened.close()


def test_entries_of_before_become_leaves_of_the_log(issued: Stage) -> None:
    config = _config()
    with issued.registry.writing() as session:
        grown = list(in_order_of_growth(session))
    for step in (command.downgrade, command.upgrade):
        with issued.registry.engine.begin() as connection:
            config.attributes["connection"] = connection
            step(config, "0011" if step is command.downgrade else "head")
    with issued.registry.reading() as session:
        assert list(in_order_of_growth(session)) == grown
        assert len(grown) > 1


def test_postgresql_gets_tables_triggers_and_exclusions() -> None:
    """Offline: the SQL an operator of PostgreSQL would run."""
    written = io.StringIO()
    config = _config(output_buffer=written)
    config.attributes["dialect"] = "postgresql"
    command.upgrade(config, "head", sql=True)
    sql = written.getvalue()
    for table in Base.metadata.tables:
        assert f"CREATE TABLE {table}" in sql
    assert "BEFORE UPDATE OR DELETE ON ledger_entries" in sql
    assert "EXCLUDE USING gist (project_id WITH =, kind WITH =" in sql


def _config(**options: io.StringIO) -> Config:
    config = Config(**options)
    folder = Path(registry_api.db.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    return config
