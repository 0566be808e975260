"""`parkland chips`: pictures of the plots that a verifier drew, date by date, for the desk."""

from pathlib import Path

from pipelines.chips import chips_wanted, cut_wanted
from pipelines.commands.show import console, run_bar
from pipelines.stage import Stage
from pipelines.steps import Listener, listening
from pipelines.workspace import Workspace


def cut_chips_of(project: str, period: str, home: Path) -> None:
    """Cut what is wanted, and tell how many.

    Raises:
        NotFound: If no estimate of the period was handed in.
        SourceFailed: If a scene cannot be read.
    """
    stage = Stage(Workspace(home), project, period)
    period = period or stage.settings.periods[-1].id
    stage = Stage(Workspace(home), project, period)
    wanted = chips_wanted(stage)
    if not wanted.plot_ids:
        console.print(
            f"Nothing to cut for {project}, {period}: no plots are drawn yet, or all were cut."
        )
        return
    with (
        run_bar(f"{project} {period}") as progress,
        listening(Listener(lambda _step: None, progress.scenes)),
    ):
        kept = cut_wanted(stage, lambda _said: None)
    console.print(f"{kept} of {len(wanted.plot_ids)} drawn plots have pictures at the desk now.")
