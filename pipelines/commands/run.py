"""`parkland run`: the whole path for one project and period, and an honest answer."""

from pathlib import Path

from mrv.errors import ProjectInvalid
from pipelines.commands.results import result_of, results_table, verdict_table
from pipelines.commands.show import console, notes, print_json, run_bar
from pipelines.execution import Outcome, dagster_instance, run_whole_path
from pipelines.intake import delivery_of, take_in
from pipelines.stage import Stage
from pipelines.workspace import Workspace
from registry_api.services.deliveries import PLOTS
from registry_api.services.periods import project_periods

REFUSED = 3
_TABLES = (
    "plots",
    "plot_findings",
    "trees",
    "tree_findings",
    "observations",
    "features",
    "scenes_read",
    "plots_seen",
)
_ALLOCATION = "allocation"  # a refused run may find that of an earlier delivery on the shelf


def run_project(
    project: str, period: str, home: Path, *, out: Path | None, demo: bool, as_json: bool
) -> int:
    """Run a project; gives the exit code: 0 credited or waiting, 3 the rules allow no credits."""
    workspace = Workspace(home, demo=demo)
    project_id = _find(project, workspace)
    period = period or _next_period(workspace, project_id)
    stage = Stage(workspace, project_id, period)
    stage.period  # noqa: B018 - an unknown one is said before a run
    stage.delivered(PLOTS)  # and so are plots that are still to come
    with dagster_instance(home) as instance, run_bar(f"{project_id} {period}") as progress:
        outcome = run_whole_path(workspace, instance, project_id, period, progress)
    if out is not None:
        _copy_tables(outcome, out)
    if as_json:
        print_json(result_of(outcome))
    else:
        _tell(outcome, out)
    return REFUSED if outcome.refused else 0


def _find(project: str, workspace: Workspace) -> str:
    folder = Path(project)
    if (folder / "project.toml").is_file():
        # The file is this person's own, on this machine: its paths may lead anywhere.
        return take_in(folder, workspace, allow_outside=True)
    if folder.is_dir():
        raise ProjectInvalid(
            f"There is no project.toml in {folder}; a project is a folder with one."
        )
    delivery_of(workspace, project)
    return project


def _next_period(workspace: Workspace, project_id: str) -> str:
    with workspace.registry() as session:
        periods = project_periods(session, project_id)
    waiting = [period.id for period in periods if period.state != "issued"]
    return waiting[0] if waiting else periods[-1].id


def _tell(outcome: Outcome, out: Path | None) -> None:
    console.print(results_table([result_of(outcome)]))
    console.print(verdict_table(outcome.verdicts, demo=outcome.stage.workspace.demo))
    shelf = outcome.stage.shelf
    missing = shelf.json("missing_indices")
    for index, bands in missing.items():
        console.print(f"{index} cannot be had: the scenes have no {' and no '.join(bands)}.")
    if outcome.refused:
        console.print("No credits. Every gate that failed says above what to mend.", style="bold")
    else:
        console.print(f"{shelf.json('credits')['state'].capitalize()}.", style="bold")
    if out is not None:
        notes.print(f"Tables are in {out}.")


def _copy_tables(outcome: Outcome, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    shelf = outcome.stage.shelf
    for name in _TABLES if outcome.refused else (*_TABLES, _ALLOCATION):
        draft = out / f".{name}.draft"
        draft.write_bytes(shelf.data(name))
        draft.replace(out / f"{name}.parquet")
