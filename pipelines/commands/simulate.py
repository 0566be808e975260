"""`parkland simulate`: a landscape with a known truth, for planning samples and for tests."""

from pathlib import Path

from mrv.errors import InputRejected
from mrv.simulation.archetypes import ARCHETYPES, find_archetype
from mrv.simulation.landscape import simulate_landscape
from mrv.simulation.spec import without_growth
from mrv.sources.simulated import write_landscape
from pipelines.commands.show import console, print_json, progress_bar, table


def write_simulation(
    plots: int, seed: int, out: Path, *, archetype: str, growth: str, as_json: bool
) -> None:
    """Invent a landscape and write it as a project folder."""
    if archetype == "list":
        _list_archetypes()
        return
    if growth not in ("normal", "none"):
        raise InputRejected(f"--growth is 'normal' or 'none', not '{growth}'.")
    try:
        spec = find_archetype(archetype, plots)
    except ValueError as error:
        raise InputRejected(str(error)) from error
    landscape = simulate_landscape(spec if growth == "normal" else without_growth(spec), seed)
    with progress_bar("scenes") as progress:
        written = write_landscape(landscape, out, progress=progress)
    facts = {
        "folder": str(written.folder),
        "plots": len(landscape.plots),
        "inventory_rows": len(landscape.inventory),
        "megabytes": round(written.megabytes, 1),
        "truth_sha256": written.truth_sha256,
    }
    if as_json:
        print_json(facts)
        return
    console.print(
        f"Invented {facts['plots']} plots and {facts['inventory_rows']:,} inventory rows in "
        f"{written.folder} ({written.megabytes:.0f} MB).\n"
        f"The truth is sealed in truth.json, sha-256 {written.truth_sha256[:16]}…\n"
        f"Next: parkland run --demo --project {written.folder}"
    )


def _list_archetypes() -> None:
    rows = [(name, spec.country, spec.region, f"{spec.plots}") for name, spec in ARCHETYPES.items()]
    console.print(table("Archetypes", ("name", "country", "where", "plots"), rows, text=3))
