"""`make bench`: what costs time, as ratios against a peer in the same run; nothing passes or fails.

Each part sets one thing against somebody else's way of doing the same, and says how near the two
results are. Parts that are done are kept in the home, so that a run that was ended goes on where it
was; a whole run is left there as `bench.json`, from which `report.py` draws table and figure. Parts
that are named are measured again and take the place of what a whole run holds of them.
"""

import argparse
import importlib
import os
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pipelines.commands.show import console, notes
from tests.benchmarks import records
from tests.benchmarks.ratios import QUICK, Comparison, Figure, Row, measured
from tests.benchmarks.report import table

# Module -> what it measures. Each has `comparisons(home)`: a context manager or an iterable; `home`
# is a folder that is kept between runs, for what takes long to make.
PARTS = {
    "limit": "extraction against the decode of the blocks it touches",
    "per_scene": "peers of extraction, scene by scene",
    "all_dates": "peers of extraction, all dates at once",
    "plan": "coverage of pixels by plots",
    "cube": "re-runs on kept pixels",
    "memory": "peak memory of extraction",
    "opening": "small files of real scenes",
    "remote": "scenes behind HTTP",
    "engines": "threads, processes, Dask",
    "trees": "biomass of trees with its errors",
    "estimation": "the whole estimate, and very many trees",
    "spatial": "errors that neighbours share",
    "rows": "rows into the registry, credits as ranges",
    "overlaps": "plots that share ground",
    "answers": "answers of the API",
    "pages": "answers of the registry's pages",
    "lineage": "the lineage of a credit of 50,000 plots",
}


def main() -> None:
    """Measure the parts that are not measured yet, then tell all."""
    asked = argparse.ArgumentParser(prog="make bench", description=__doc__)
    asked.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    asked.add_argument("--home", type=Path, default=Path(".bench"))
    options = asked.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        raise SystemExit(f"There is no part {', '.join(sorted(unknown))}; see --help.")
    begin, failed = time.monotonic(), list[str]()
    home = options.home.resolve()
    run = records.Run.resumed(home / ("run-quick" if QUICK else "run"))
    for part in options.parts or PARTS:
        if run.has(part) and not options.parts:
            notes.print(f"{part}: measured before, kept")
            continue
        try:
            run.keep(part, list(_measured(part, home)))
        except Exception:  # noqa: BLE001  # the other parts are measured all the same
            notes.print(traceback.format_exc())
            failed.append(part)
    rows = run.rows(PARTS)
    console.print(table(rows))
    for row in rows:
        if row.agreement:
            console.print(f"{row.what} / {row.peer or row.unit}: {row.agreement}.")
    if failed:
        raise SystemExit(f"Not measured: {', '.join(failed)}; the others are kept, run it again.")
    whole = home / ("bench-quick.json" if QUICK else "bench.json")
    if options.parts:
        if whole.exists():
            console.print(f"Put into {run.renew(whole, options.parts)}.")
    else:
        kept = run.finish(whole, PARTS)
        console.print(f"Kept as {kept}; {time.monotonic() - begin:.0f} s in this process.")


def _measured(part: str, home: Path) -> Iterator[Row]:
    begin = time.monotonic()
    notes.print(f"{part}: {PARTS[part]} …")
    module = importlib.import_module(f"tests.benchmarks.{part}")
    with _opened(module.comparisons(home)) as items:
        for item in items:
            row = measured(part, item)
            yield row
            notes.print(
                f"  {row.what} / {row.peer or row.unit}: {row.value:.3g} "
                f"({row.low:.3g}-{row.high:.3g}), load {os.getloadavg()[0]:.1f}, "
                f"{time.monotonic() - begin:.0f} s"
            )


@contextmanager
def _opened(
    items: AbstractContextManager[Iterable[Comparison | Figure]] | Iterable[Comparison | Figure],
) -> Iterator[Iterable[Comparison | Figure]]:
    if isinstance(items, AbstractContextManager):
        with items as opened:
            yield opened
    else:
        yield items


if __name__ == "__main__":
    main()
