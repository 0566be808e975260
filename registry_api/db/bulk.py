"""Many rows at once: COPY where the database has it, one prepared statement elsewhere.

Rows that go in by the ten thousand pass neither the session nor its identity map; triggers and
constraints see them like any others. Keys are given out beforehand, so that nothing is read back.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, cast

from sqlalchemy import Column, Connection, Table, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from registry_api.db.models.base import Base

Row = Mapping[str, object]

_ROWS_AT_ONCE = 10_000  # bounds the memory of one statement's parameters


def insert_rows(session: Session, model: type[Base], rows: Iterable[Row]) -> int:
    """Insert rows in the order given, inside the session's transaction.

    Args:
        session: What it holds is flushed first, so that rows may refer to it.
        model: Whose table they go into.
        rows: All with the same names; a column that none names gets what the database gives it.

    Returns:
        How many.

    Raises:
        KeyError: If a row lacks a name that the first one has.
        IntegrityError: If the database refuses one; the transaction is lost then.
    """
    there = iter(rows)
    first = next(there, None)
    if first is None:
        return 0
    session.flush()
    connection = session.connection()
    table = cast("Table", model.__table__)
    columns = [table.c[name] for name in first]
    parts = _parts(chain([first], there))
    if connection.dialect.driver == "psycopg":
        return _copy(connection, columns, parts)
    if connection.dialect.name == "sqlite":
        return _execute_many(connection, columns, parts)
    count = 0
    for part in parts:
        session.execute(insert(table), part)
        count += len(part)
    return count


def new_keys(session: Session, model: type[Base], count: int) -> Sequence[int]:
    """Give out keys for rows that are about to be inserted.

    Args:
        session: A writing transaction; on SQLite it alone may write, elsewhere a sequence tells
            writers apart.
        model: Whose primary key is one whole number.
        count: How many.
    """
    table = cast("Table", model.__table__)
    (key,) = table.primary_key.columns
    if session.get_bind().dialect.name == "postgresql":
        numbers = text(
            f"SELECT nextval(pg_get_serial_sequence('{table.name}', '{key.name}')) "  # noqa: S608
            "FROM generate_series(1, :count)"  # the names are ours, not a caller's
        )
        return sorted(session.scalars(numbers, {"count": count}))
    session.flush()
    last = session.execute(text(f"SELECT coalesce(max({key.name}), 0) FROM {table.name}"))  # noqa: S608
    begin = int(last.scalar_one()) + 1
    return range(begin, begin + count)


def _execute_many(
    connection: Connection, columns: Sequence[Column[Any]], parts: Iterator[list[Row]]
) -> int:
    names = ", ".join(column.name for column in columns)
    places = ", ".join("?" for _ in columns)
    statement = f"INSERT INTO {columns[0].table} ({names}) VALUES ({places})"  # noqa: S608
    laid_out = _layout(connection, columns)
    count = 0
    for part in parts:
        connection.exec_driver_sql(statement, [laid_out(row) for row in part])
        count += len(part)
    return count


def _copy(
    connection: Connection, columns: Sequence[Column[Any]], parts: Iterator[list[Row]]
) -> int:
    names = ", ".join(column.name for column in columns)
    statement = f"COPY {columns[0].table} ({names}) FROM STDIN (FORMAT BINARY)"
    laid_out = _layout(connection, columns)
    driver = cast("Any", connection.connection)  # psycopg's, which is no import of ours
    base_error = connection.dialect.loaded_dbapi.Error
    count = 0
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([_copied_as(column, connection) for column in columns])
            for part in parts:
                for row in part:
                    copy.write_row(laid_out(row))
                count += len(part)
    except base_error as error:
        raise DBAPIError.instance(
            statement, None, error, base_error, hide_parameters=True, dialect=connection.dialect
        ) from error
    return count


def _copied_as(column: Column[Any], connection: Connection) -> str:
    """Name a column's type as PostgreSQL does, without its length."""
    named = column.type.compile(connection.dialect).lower().split("(")[0]
    return {"float": "float8"}.get(named, named)


def _layout(
    connection: Connection, columns: Sequence[Column[Any]]
) -> Callable[[Row], tuple[object, ...]]:
    """Lay a row out as the driver takes it: times in UTC, UUIDs as the database keeps them."""
    dialect = connection.dialect
    ways = [(c.name, c.type.dialect_impl(dialect).bind_processor(dialect)) for c in columns]

    def laid_out(row: Row) -> tuple[object, ...]:
        return tuple([row[name] if way is None else way(row[name]) for name, way in ways])

    return laid_out


def _parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    there = iter(rows)
    while part := list(islice(there, _ROWS_AT_ONCE)):
        yield part
