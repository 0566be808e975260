"""`parkland export`: data out of the registry on this machine, into files."""

from pathlib import Path

from pipelines.commands.show import console
from pipelines.workspace import Workspace
from registry_api.services import bulk_export


def credits_in_bulk(out: Path, home: Path) -> None:
    """Write all credits and their manifest, and say where."""
    done = bulk_export.export(Workspace(home).settings, out)
    console.print(
        f"{done.quantity_t:,} credits in {done.runs:,} runs, as of entry {done.as_of} of the "
        f"ledger: {done.folder}",
        soft_wrap=True,
    )
