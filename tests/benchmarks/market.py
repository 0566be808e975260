"""`make bench-market`: what buyers ask of a registry with a million credits, against bare SQL.

Ten thousand issuances and two hundred thousand entries of the ledger are invented once and kept in
a folder. Each question goes over HTTP to a real server process, and by hand-written SQL to the same
file. A request may take three times as long as its SQL and a route that says nothing; what it takes
at worst is told, and the server's memory must not grow.
"""

import argparse
import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.table import Table
from sqlalchemy import select

from pipelines.commands.show import console, notes
from registry_api.db import Database, migrate
from registry_api.db.models import CreditBatch
from registry_api.services import accounts, holding_views, ledger
from registry_api.services.batches import serial_text
from tests.benchmarks import market_books
from tests.benchmarks.records import ROOT

AT_MOST = 3.0
NOTHING = "/v1/plot-findings"  # a list out of memory: routing, checking and writing it
_WAIT_S = 60
_MB = 1024
_OPEN = "NOT EXISTS (SELECT 1 FROM holding_closures c WHERE c.holding_id = h.id)"
_ROWS = """SELECT h.id, h.project_id, h.batch_id, h.kind, h.first_serial, h.last_serial,
    h.quantity_t, h.state, h.state_sequence, b.country, b.number, b.methodology_id,
    b.methodology_version, b.vintage_start, b.vintage_end, b.simulated, t.vintage, t.u90,
    e.recorded_at, l.order_id, l.price_cents, l.currency
  FROM holdings h JOIN credit_batches b ON b.id = h.batch_id
  JOIN batch_traits t ON t.batch_id = h.batch_id
  JOIN ledger_entries e ON e.sequence = h.state_sequence
  LEFT JOIN credit_orders o ON o.sequence = h.state_sequence AND o.to_account_id IS NULL
    AND h.state = 'offered'
  LEFT JOIN listings l ON l.order_id = o.id"""
_NEWEST = "ORDER BY h.state_sequence DESC, h.id DESC LIMIT 51"
_CELLS = f"""WITH sums AS (SELECT h.batch_id, h.kind, h.state, sum(h.quantity_t) q, count(*) n
    FROM holdings h WHERE {_OPEN} GROUP BY 1, 2, 3),
  cells AS (SELECT b.country, b.project_id, b.methodology_id, s.kind, t.vintage, s.state, '' whole,
    CASE WHEN t.u90 <= .1 THEN 1 WHEN t.u90 <= .2 THEN 2 WHEN t.u90 <= .3 THEN 3 ELSE 4 END band,
    s.q, s.n
    FROM sums s JOIN credit_batches b ON b.id = s.batch_id JOIN batch_traits t USING (batch_id))
"""  # noqa: S608  our own words only
_FACETS = (
    "country", "project_id", "methodology_id", "kind", "vintage", "state", "band", "whole"
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """One thing that buyers ask.

    Attributes:
        what: In words.
        path: Over HTTP.
        sql: Statements that find the same rows.
        asked: How often.
    """

    what: str
    path: str
    sql: tuple[str, ...]
    asked: int = 60


@dataclass(frozen=True)
class Taken:
    """What a question took [s].

    Attributes:
        p50_s, p99_s: Median and 99th percentile of the request.
        sql_s: Median of its SQL.
        floor_s: Median of a request for as many rows that asks nothing.
        ratio: Median over turns of the request over SQL and floor together [1].
    """

    question: Question
    p50_s: float
    p99_s: float
    sql_s: float
    floor_s: float
    ratio: float


def questions(file: Path) -> list[Question]:
    """Choose projects, serials and cursors of the invented registry, and write the SQL for them."""
    with sqlite3.connect(file) as bare:
        head = int(bare.execute("SELECT max(sequence) FROM ledger_entries").fetchone()[0])
        project, number, first = bare.execute(
            "SELECT b.project_id, b.number, s.first_serial FROM credit_batches b "
            "JOIN serial_blocks s ON s.batch_id = b.id ORDER BY b.id LIMIT 1"
        ).fetchone()
    since = head - 1_000
    facets = " UNION ALL ".join(
        f"SELECT '{name}', CAST({name} AS TEXT), sum(q), sum(n) FROM cells GROUP BY {name}"  # noqa: S608
        for name in _FACETS
    )
    some = "b.country IN ('KE') AND t.vintage IN (2010) AND h.state IN ('active')"
    mine = f"h.account_id = '{market_books.BUYERS[3]}'"
    opened, closed = "h.sequence", "x.sequence"
    changed = _ROWS.replace(
        "FROM holdings h", "FROM holding_closures x JOIN holdings h ON h.id = x.holding_id"
    )
    return [
        Question("search, all", "/v1/credits", (f"{_ROWS} WHERE {_OPEN} {_NEWEST}",)),
        Question(
            "search, country, vintage and status",
            "/v1/credits?country=KE&vintage=2010&status=active",
            (f"{_ROWS} WHERE {_OPEN} AND {some} {_NEWEST}",),
        ),
        Question(
            "search, one project, largest first",
            f"/v1/credits?project={project}&sort=-quantity",
            (
                f"""{_ROWS} WHERE {_OPEN} AND b.project_id = '{project}'
                ORDER BY h.quantity_t DESC, h.id DESC LIMIT 51""",
            ),
        ),
        Question("facets of everything", "/v1/credits/facets", (f"{_CELLS} {facets}",), 15),
        Question(
            "one serial",
            "/v1/serials/" + _serial(file, project, number, first),
            (
                f"""SELECT * FROM serial_blocks s JOIN credit_batches b ON b.id = s.batch_id
                JOIN monitoring_periods m ON m.id = b.period_key
                JOIN projects p ON p.id = b.project_id JOIN accounts a ON a.id = p.developer_id
                JOIN project_versions v ON v.project_id = p.id
                WHERE s.project_id = '{project}' AND s.kind = 'C'
                  AND s.first_serial <= {first} AND s.last_serial >= {first}""",  # noqa: S608
                f"""SELECT * FROM serial_blocks WHERE batch_id = (SELECT batch_id FROM serial_blocks
                WHERE project_id = '{project}' AND kind = 'C' AND first_serial = {first})""",  # noqa: S608
            ),
        ),
        Question(
            "holdings of an account",
            "/v1/holdings",
            (
                f"""SELECT h.*, b.*, e.recorded_at FROM holdings h
                JOIN credit_batches b ON b.id = h.batch_id
                JOIN ledger_entries e ON e.sequence = h.state_sequence
                WHERE {mine} AND {_OPEN} ORDER BY h.id DESC LIMIT 51""",  # noqa: S608
            ),
        ),
        Question(
            "changes of the last 1,000 entries",
            f"/v1/credits?modified_since={since}",
            (
                f"{_ROWS} WHERE {opened} > {since} AND {_OPEN} ORDER BY {opened}, h.id LIMIT 51",
                f"""{changed} WHERE {closed} > {since} AND h.sequence <= {since}
                ORDER BY {closed}, h.id LIMIT 51""",
            ),
        ),
        Question(
            "changes, from the beginning",
            "/v1/credits?modified_since=0",
            (f"{_ROWS} WHERE {_OPEN} ORDER BY {opened}, h.id LIMIT 51",),
        ),
    ]


def _serial(file: Path, project: str, number: int, unit: int) -> str:
    opened = Database(f"sqlite:///{file}")
    with opened.reading() as session:
        batch = session.scalars(
            select(CreditBatch).where(
                CreditBatch.project_id == project, CreditBatch.number == number
            )
        ).one()
        text = serial_text(batch, "C", unit, unit)
    opened.close()
    return text


def ask(port: int, path: str, headers: dict[str, str]) -> float:
    """Ask for one address on a connection of its own, and give what the answer took [s]."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    begin = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    taken_s = time.perf_counter() - begin
    connection.close()
    if answer.status != http.client.OK:
        raise SystemExit(f"GET {path} answered {answer.status}: {body[:500]!r}")
    return taken_s


def ask_sql(bare: sqlite3.Connection, statements: tuple[str, ...]) -> float:
    """Run the same in bare SQL and give what it took [s]."""
    begin = time.perf_counter()
    for statement in statements:
        bare.execute(statement).fetchall()
    return time.perf_counter() - begin


def take_turns(
    question: Question, port: int, bare: sqlite3.Connection, headers: dict[str, str]
) -> Taken:
    """Ask, run the SQL and ask for nothing, turn by turn: what slows the machine slows all."""
    turns = [
        (
            ask(port, question.path, headers),
            ask_sql(bare, question.sql),
            ask(port, NOTHING, headers),
        )
        for _ in range(question.asked + 2)
    ][2:]  # statements are prepared once
    asked, sql, nothing = (sorted(each) for each in zip(*turns, strict=True))
    p99 = asked[min(len(asked) - 1, int(len(asked) * 0.99))]
    ratio = median(http_s / (sql_s + floor_s) for http_s, sql_s, floor_s in turns)
    return Taken(question, median(asked), p99, median(sql), median(nothing), ratio)


@contextmanager
def a_server(home: Path) -> Iterator[tuple[int, int]]:
    """Run the service as it is run; gives its port and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    told = {
        "PARKLAND_HOME": str(home),
        "PARKLAND_WORKER": "0",
        "PARKLAND_DEMO": "1",
        "PARKLAND_CALLS_PER_MINUTE": "1000000",
        "PARKLAND_CALLS_PER_MINUTE_WITH_KEY": "1000000",
    }
    program = ["-m", "uvicorn", "--factory", "registry_api.app:create_app", "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, *program, "--log-level", "error"], cwd=ROOT, env=os.environ | told
    ) as server:
        try:
            until = time.monotonic() + _WAIT_S
            while True:
                try:
                    ask(port, "/v1/health", {})
                    break
                except OSError:
                    if server.poll() is not None or time.monotonic() > until:
                        raise
                    time.sleep(0.1)
            yield port, server.pid
        finally:
            server.terminate()


def resident_mb(pid: int) -> float:
    """Give the memory that a process holds [MB]."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / _MB


def walk(port: int, pages: int) -> int:
    """Page through a search by its own links, and give how many credits were shown."""
    path, shown = "/v1/credits?limit=200&sort=changed", 0
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(pages):
        connection.request("GET", path)
        answer = connection.getresponse()
        page = json.loads(answer.read())
        shown += sum(run["quantity_t"] for run in page["items"])
        if page["next_cursor"] is None:
            break
        path = f"/v1/credits?limit=200&sort=changed&cursor={page['next_cursor']}"
    connection.close()
    return shown


def main() -> None:
    """Invent the registry where there is none, ask it everything, and compare."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--home", type=Path, required=True)
    asked.add_argument("--batches", type=int, default=10_000)
    asked.add_argument("--events", type=int, default=200_000)
    options = asked.parse_args()
    home = options.home / f"market-{options.batches}-{options.events}"
    file = home / "registry.sqlite"
    opened = Database(f"sqlite:///{file}")
    key = _prepared(opened, options.batches, options.events)
    headers = {"Authorization": f"Bearer {key}"}
    with a_server(home) as (port, pid), sqlite3.connect(file) as bare:
        bare.execute("PRAGMA cache_size = -65536")
        taken = [take_turns(question, port, bare, headers) for question in questions(file)]
        before = resident_mb(pid)
        credits_t = walk(port, 400)
        grown = resident_mb(pid) - before
    _tell(taken)
    console.print(
        f"Paging through {credits_t:,} credits: {before:.0f} MB before, {grown:+.0f} MB after."
    )
    slow = [t.question.what for t in taken if t.ratio > AT_MOST]
    if slow:
        raise SystemExit(f"more than {AT_MOST:.0f} times bare SQL and the floor: {slow}")


def _prepared(opened: Database, batches: int, events: int) -> str:
    """Invent the registry once; gives a key of a buyer."""
    migrate(opened.engine)
    with opened.reading() as session:
        empty = holding_views.supply(session).issued == 0
    if empty:
        begin = time.monotonic()
        market_books.write(opened, batches, events)
        with opened.reading() as session:
            chain = ledger.verify_chain(session)
            supply = holding_views.supply(session)
        notes.print(f"{time.monotonic() - begin:.0f} s; {chain.sentence} {supply}")
        if chain.first_bad is not None or not supply.reconciles:
            raise SystemExit("the invented registry does not hold together")
    with opened.writing() as session:
        return accounts.create_key(session, market_books.BUYERS[3])


def _tell(taken: list[Taken]) -> None:
    shown = Table("question", "median", "p99", "bare SQL", "floor", "ratio")
    for t in taken:
        times = (f"{1e3 * s:.1f} ms" for s in (t.p50_s, t.p99_s, t.sql_s, t.floor_s))
        shown.add_row(t.question.what, *times, f"{t.ratio:.2f}")
    console.print(shown)


if __name__ == "__main__":
    main()
