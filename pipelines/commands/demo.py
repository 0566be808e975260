"""`parkland demo`: every sample project, from plots and trees to issued credits, then the site."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mrv.sources.simulated import ensure_scenes
from pipelines.chips import cut_wanted
from pipelines.commands.results import result_of, results_table
from pipelines.commands.serve import serve_registry
from pipelines.commands.show import console, notes, print_json, progress_bar, run_bar
from pipelines.execution import dagster_instance, run_whole_path
from pipelines.intake import take_in
from pipelines.progress import RunProgress
from pipelines.stage import Stage
from pipelines.steps import Listener, listening
from pipelines.truths import true_net_tco2e
from pipelines.workspace import Workspace
from registry_api.services.periods import project_periods

SAMPLES = Path(__file__).parents[2] / "sample_plots"


def run_demo(home: Path, *, serve: bool, port: int, as_json: bool) -> None:
    """Run all sample projects against a demonstration registry, print a table, serve the site."""
    started = time.monotonic()
    folders = sorted(path.parent for path in SAMPLES.glob("*/project.toml"))
    catalogs = [_scenes(folder, home / "scenes") for folder in folders]
    # stac-fastapi complains at import that a public server would need a title; this one is not.
    logging.getLogger("stac_fastapi").setLevel(logging.ERROR)
    from pipelines.stac_api import serve_items

    with serve_items(catalogs) as stac_url:
        workspace = Workspace(home, demo=True, stac_url=stac_url)
        rows = _run_all(folders, workspace)
    truths = true_net_tco2e(folders)
    if as_json:
        print_json([{**row, "truth_net_tco2e": truths.get(_key(row))} for row in rows])
    else:
        _tell(rows, truths, time.monotonic() - started)
    if serve:
        serve_registry(home, port, demo=True)


def _scenes(folder: Path, out: Path) -> Path:
    with progress_bar(f"{folder.name}: rendering scenes") as progress:
        return ensure_scenes(folder, out, progress)


def _run_all(folders: Sequence[Path], workspace: Workspace) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with dagster_instance(workspace.home) as instance:
        for folder in folders:
            project = take_in(folder, workspace)
            with workspace.registry() as session:
                periods = [period.id for period in project_periods(session, project)]
            for period in periods:
                with run_bar(f"{project} {period}") as progress:
                    outcome = run_whole_path(workspace, instance, project, period, progress)
                    if not outcome.refused:
                        _cut_chips(outcome.stage, progress)
                rows.append(result_of(outcome))
    return rows


def _cut_chips(stage: Stage, progress: RunProgress) -> None:
    """Cut what the demonstration's verifier has drawn, as the sensor would."""
    with listening(Listener(lambda _step: None, progress.scenes)):
        cut_wanted(stage, lambda _said: None)


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["project"]), str(row["period"])


def _tell(
    rows: Sequence[Mapping[str, Any]], truths: Mapping[tuple[str, str], float], seconds: float
) -> None:
    console.print(results_table(rows, truths))
    for row in rows:
        for reason in row["reasons"] if row["refused"] else ():
            console.print(f"{row['project']} {row['period']}: {reason}")
    issued = sum(row["credits_t"] for row in rows if not row["refused"])
    console.print(
        f"{issued:,} credits of one tonne CO2e, in {seconds:.0f} s. Landscapes, trees and scenes "
        "are invented; the pipeline never saw the truth."
    )
    notes.print("Amounts are cumulative since a project's start; credits are those of the period.")
