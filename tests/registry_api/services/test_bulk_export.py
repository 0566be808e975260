"""The bulk export is the search of its moment, and the change feed goes on from it."""

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq

from registry_api.services import bulk_export, holding_views, orders
from registry_api.services.credit_runs import RunFilter
from registry_api.services.credit_search import changes, search
from registry_api.services.holdings import Lot
from registry_api.services.retirement_terms import RetirementTerms
from tests.registry_api.a_registry import DEVELOPER, Stage


def retire(issued: Stage, quantity_t: int, key: str) -> None:
    with issued.registry.writing() as session:
        batch = search(session, RunFilter()).items[0].batch_id
        lots = [Lot(batch_id=batch, quantity_t=quantity_t)]
        orders.retire(session, lots, RetirementTerms("A hotel", "voluntary"), key, by=DEVELOPER)


def test_the_export_is_the_search_of_its_moment(issued: Stage, tmp_path: Path) -> None:
    retire(issued, 3, "first-order")
    done = bulk_export.export(issued.settings, tmp_path / "out")
    told = json.loads((done.folder / "manifest.json").read_text("utf-8"))
    (file,) = told["files"]
    content = (done.folder / file["name"]).read_bytes()
    assert file["sha256"] == hashlib.sha256(content).hexdigest() == done.sha256
    assert file["bytes"] == len(content)
    rows = pq.read_table(done.folder / file["name"]).to_pylist()
    with issued.registry.reading() as session:
        found = search(session, RunFilter(), sort="changed")
        supply = holding_views.supply(session)
    assert [row["id"] for row in rows] == [run.id for run in found.items]
    assert [row["serial"] for row in rows] == [run.serial for run in found.items]
    assert (told["as_of"], file["rows"]) == (found.as_of, 3)
    assert told["supply"]["issued"] == supply.issued == sum(row["quantity_t"] for row in rows) == 11
    assert told["supply"]["reconciles"]


def test_whoever_has_the_export_goes_on_with_the_feed(issued: Stage, tmp_path: Path) -> None:
    done = bulk_export.export(issued.settings, tmp_path)
    table = {
        row["id"]: row["status"]
        for row in pq.read_table(done.folder / "credits.parquet").to_pylist()
    }
    retire(issued, 4, "second-order")
    with issued.registry.reading() as session:
        for run in changes(session, RunFilter(), done.as_of).items:
            if run.closed_sequence is None:
                table[run.id] = run.status
            else:
                del table[run.id]
        now = search(session, RunFilter())
    assert table == {run.id: run.status for run in now.items}
    assert sorted(table.values()) == ["active", "buffer", "retired"]
