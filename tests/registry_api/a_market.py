"""A registry with credits to trade, on either database, and what is in it in the plainest words."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import select

from registry_api.db import Database, migrate
from registry_api.db.models import Holding, LedgerEntry
from registry_api.services import accounts
from registry_api.services.holdings import still_open
from tests.registry_api.a_registry import (
    DEVELOPER,
    evidence,
    found,
    issue,
    make_settings,
)
from tests.registry_api.db.a_postgres import a_database

BUYERS = ("first-buyer", "second-buyer")
SECOND_REGISTRAR = "second-registrar"
HOLDERS = (DEVELOPER, *BUYERS)
NET_KG = (14_600, 9_000, -200)  # two dozen credits, and a buffer beside
_numbers = count()

Unit = tuple[str, str, int]
Whereabouts = dict[Unit, tuple[str, str | None]]


def stock(opened: Database, home: Path) -> None:
    """Found a registry with one issuance and accounts to trade between."""
    settings = make_settings(home, of=opened)
    with opened.writing() as session:
        farm = found(session, settings, plots=len(NET_KG))
        issue(session, farm, evidence(farm, NET_KG), "first-issuance")
        for buyer in BUYERS:
            accounts.register_account(session, buyer, buyer, "buyer")
        accounts.register_account(session, SECOND_REGISTRAR, "Second registrar", "registrar")


@contextmanager
def a_stocked_folder() -> Iterator[Path]:
    """Keep a stocked SQLite registry as long as it is needed, to be copied."""
    home = Path(tempfile.mkdtemp())
    opened = Database(f"sqlite:///{home}/registry.sqlite")
    migrate(opened.engine)
    stock(opened, home)
    opened.close()
    yield home / "registry.sqlite"
    shutil.rmtree(home)


@contextmanager
def a_copy(of: Path | str) -> Iterator[Database]:
    """Copy a stocked registry: a SQLite file, or a PostgreSQL server with a database `stocked`."""
    if isinstance(of, str):
        with a_database(of, f"copy{next(_numbers)}", template="stocked") as url:
            opened = Database(url)
            yield opened
            opened.close()
        return
    home = Path(tempfile.mkdtemp())
    shutil.copy(of, home / "registry.sqlite")
    opened = Database(f"sqlite:///{home}/registry.sqlite")
    yield opened
    opened.close()
    shutil.rmtree(home)


def whereabouts(opened: Database) -> Whereabouts:
    """Say of every single credit in which state it is, and whose."""
    with opened.reading() as session:
        rows = session.scalars(select(Holding).where(still_open())).all()
        return {
            (row.project_id, row.kind, unit): (row.state, row.account_id)
            for row in rows
            for unit in range(row.first_serial, row.last_serial + 1)
        }


def replayed(opened: Database) -> Whereabouts:
    """Say the same from nothing but the ledger's entries."""
    at: Whereabouts = {}
    with opened.reading() as session:
        for entry in session.scalars(select(LedgerEntry).order_by(LedgerEntry.sequence)):
            said = json.loads(entry.payload)
            for block in said.get("blocks", ()):
                state = said["state"] if "state" in said else block["as"]
                account = said["account"] if "state" in said else DEVELOPER
                project = block["project"] if "state" in said else said["project"]
                for unit in range(block["first"], block["last"] + 1):
                    holder = None if state == "buffer" else account
                    at[project, block["kind"], unit] = (state, holder)
    return at
