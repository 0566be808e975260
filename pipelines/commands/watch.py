"""`parkland watch`: read every month's scenes, and say which plots somebody has to go and see."""

import csv
from pathlib import Path

import pandas as pd
from rich.text import Text

from mrv.errors import InputRejected
from pipelines.commands.show import console, print_json, run_bar, table
from pipelines.execution import dagster_instance, run_watch
from pipelines.pictures import watched_plot_figure
from pipelines.stage import Stage
from pipelines.steps import Listener, listening
from pipelines.watching import DECISIONS, HOTSPOTS, Watched, read_for_watch, watch_plots
from pipelines.workspace import Workspace

_DECISIONS = ("plot_id", "on", "step", "cause", "reason")
_HOTSPOTS = ("longitude", "latitude", "acq_date")
_COLOUR = {"suspect": "yellow", "classified": "red", "confirmed": "red", "cleared": "green"}


def watch_project(
    project: str,
    period: str,
    home: Path,
    *,
    decisions: Path | None,
    hotspots: Path | None,
    pictures: Path | None,
    as_json: bool,
) -> None:
    """Read what is new, look for breaks, and tell what was found.

    Raises:
        InputRejected: If a file lacks a column, or a decision does not fit its plot.
    """
    workspace = Workspace(home)
    stage = Stage(workspace, project, period)
    period = period or stage.settings.periods[-1].id
    stage = Stage(workspace, project, period)
    stage.period  # noqa: B018 - an unknown one is said before anything is read
    for path, name, columns in (
        (decisions, DECISIONS, _DECISIONS),
        (hotspots, HOTSPOTS, _HOTSPOTS),
    ):
        if path is not None:
            stage.shelf.put_table(name, _rows(path, columns))
    with run_bar(f"{project} {period}") as progress:
        with listening(Listener(lambda _step: None, progress.scenes)):
            read_for_watch(stage, lambda _said: None)
        watched = watch_plots(stage)  # a decision that does not fit is said here, in one sentence
        with dagster_instance(home) as instance:
            run_watch(workspace, instance, project, period)
    drawn = [] if pictures is None else _draw(watched, pictures)
    if as_json:
        print_json(_facts(watched))
    else:
        _tell(watched, pictures, len(drawn))


def _rows(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        frame = pd.DataFrame(list(csv.DictReader(lines)), dtype=str)
    if missing := set(columns) - set(frame.columns):
        raise InputRejected(
            f"{path.name} lacks the columns {', '.join(sorted(missing))}; add them."
        )
    return frame[list(columns)].fillna("")


def _draw(watched: Watched, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for suspect in watched.found.suspects:
        name = "".join(c if c.isalnum() or c in "-_" else "_" for c in suspect.plot_id)
        draft, final = folder / f".{name}.draft", folder / f"{name}.png"
        figure = watched_plot_figure(watched.series, watched.found, suspect)
        figure.savefig(draft, format="png", dpi=110)
        drawn.append(draft.replace(final))
    return drawn


def _facts(watched: Watched) -> dict[str, object]:
    cases = {case.plot_id: case for case in watched.cases}
    return {
        "plots": len(watched.table),
        "unwatched": int(watched.table["unwatched"].sum()),
        "monitoring": watched.table["monitoring"].value_counts().to_dict(),
        "growth_held": int((~watched.table["may_grow"]).sum()),
        "shared_drops": [str(day) for day in sorted({d for d, _ in watched.found.shared_drops})],
        "suspects": [
            {
                "plot_id": s.plot_id,
                "broke_on": s.broke_on,
                "noticed_on": s.noticed_on,
                "signal": s.signal,
                "depth": round(s.depth, 2),
                "likely": s.likely,
                "state": cases[s.plot_id].state,
                "cause": cases[s.plot_id].cause,
                "history": [
                    {"on": entry.on, "state": entry.state, "reason": entry.reason}
                    for entry in cases[s.plot_id].entries
                ],
            }
            for s in watched.found.suspects
        ],
    }


def _tell(watched: Watched, pictures: Path | None, drawn: int) -> None:
    cases = {case.plot_id: case for case in watched.cases}
    rows = [
        (
            s.plot_id,
            Text(cases[s.plot_id].state, style=_COLOUR.get(cases[s.plot_id].state, "")),
            s.likely,
            s.signal,
            str(s.broke_on),
            str(s.noticed_on),
            f"{s.depth:.1f}",
        )
        for s in watched.found.suspects
    ]
    columns = ("plot", "case", "resembles", "seen in", "broke on", "noticed on", "depth")
    if rows:
        console.print(table("Plots below their own season", columns, rows, text=4))
    counts = watched.table["monitoring"].value_counts()
    console.print(
        f"{len(watched.table)} plots: "
        + ", ".join(
            f"{counts.get(s, 0)} {s}" for s in ("current", "carried", "held", "lost", "left")
        )
        + f"; growth is held on {int((~watched.table['may_grow']).sum())}."
    )
    if blind := int(watched.table["unwatched"].sum()):
        console.print(f"{blind} plots have too short a history of looks to be watched yet.")
    if dry := sorted({day for day, _group in watched.found.shared_drops}):
        console.print(
            f"On {len(dry)} dates from {dry[0]} to {dry[-1]} a whole stratum lay below its season; "
            "that was blamed on no plot, so look at it for drought or a blow to all."
        )
    if drawn:
        console.print(f"{drawn} pictures are in {pictures}.")
