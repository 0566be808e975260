"""Alembic's entry: runs the steps on the connection that `registry_api.db.migrate` hands over."""

from alembic import context
from sqlalchemy import Connection

from registry_api.db.models import Base

connection: Connection | None = context.config.attributes.get("connection")
if connection is None:  # `alembic upgrade --sql`: write the SQL down instead of running it
    context.configure(
        dialect_name=context.config.attributes.get("dialect", "postgresql"), literal_binds=True
    )
else:
    # SQLite rolls DDL back too, because BEGIN is ours (see registry_api.db.engine).
    context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
