"""The bulk export: all credits where they are now, in one Parquet file, and a manifest of digests.

Everything in it is as of one entry of the ledger, which the manifest names: whoever has it goes on
from there with the change feed. A folder that is complete has its manifest, written last.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from registry_api.db import database
from registry_api.services import clock, credit_search, holding_views
from registry_api.services.credit_runs import CreditRun, RunFilter, RunPage, newest_entry
from registry_api.services.credit_tables import parquet
from registry_api.settings import Settings

CREDITS, MANIFEST = "credits.parquet", "manifest.json"


@dataclass(frozen=True, slots=True)
class BulkExport:
    """What was written.

    Attributes:
        folder: Where it lies; named by the ledger entry.
        as_of: That entry.
        runs: Rows of the file.
        quantity_t: Credits in them [t CO2e].
        sha256: Digest of the file.
    """

    folder: Path
    as_of: int
    runs: int
    quantity_t: int
    sha256: str


def export(settings: Settings, into: Path) -> BulkExport:
    """Write the credits of the registry into a folder of their own.

    Args:
        settings: Of the registry.
        into: Gets a folder `credits-N`, N being the ledger's newest entry; one that is complete
            already is written again with the same content.
    """
    opened = database(settings.database)
    with opened.reading() as session:
        at = newest_entry(session)
        supply = holding_views.supply(session, at=at)
    folder = into / f"credits-{at:09d}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)

    def look(session: Session, limit: int, cursor: str | None) -> RunPage:
        start = cursor or credit_search.beginning(at)
        return credit_search.search(session, RunFilter(), sort="changed", limit=limit, cursor=start)

    counted = _Counted()
    digest, size = hashlib.sha256(), 0
    with (folder / CREDITS).open("wb") as file:
        for piece in parquet(counted.through(credit_search.every_page(opened, look))):
            digest.update(piece)
            size += file.write(piece)
    told = {
        "as_of": at,
        "made_at": clock.now().isoformat(),
        "supply": asdict(supply),
        "files": [
            {"name": CREDITS, "sha256": digest.hexdigest(), "bytes": size, "rows": counted.runs}
        ],
    }
    (folder / MANIFEST).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return BulkExport(folder, at, counted.runs, counted.quantity_t, digest.hexdigest())


class _Counted:
    """Counts what passes."""

    def __init__(self) -> None:
        self.runs = self.quantity_t = 0

    def through(self, pages: Iterable[tuple[CreditRun, ...]]) -> Iterator[tuple[CreditRun, ...]]:
        for page in pages:
            self.runs += len(page)
            self.quantity_t += sum(run.quantity_t for run in page)
            yield page
