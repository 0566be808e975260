"""`parkland bundle`: the evidence bundle of a period, written where one wants it."""

from pathlib import Path

from pipelines.bundles import bundle_files_of
from pipelines.commands.show import console, notes
from pipelines.intake import delivery_of
from pipelines.stage import Stage
from pipelines.workspace import Workspace


def write_bundle_of(project: str, period: str, home: Path, out: Path | None, *, demo: bool) -> None:
    """Write the bundle of a project and period, its ledger entries as they are now.

    Args:
        project: Id of a project that was run here.
        period: Of its project.toml.
        home: Where the registry is.
        out: A folder that is not there yet, or a zip; by default a zip named after both.
        demo: Whether the registry is a demonstration.

    Raises:
        SourceFailed: If the period was not run yet, or the rules allowed no credits.
        InputRejected: If the folder holds something already.
    """
    from mrv.sources.bundles import write_bundle

    workspace = Workspace(home, demo=demo)
    delivery_of(workspace, project)
    stage = Stage(workspace, project, period)
    stage.period  # noqa: B018 - an unknown one is said before anything is read
    files = bundle_files_of(stage)
    out = out or Path(f"{project}-{period}.zip")
    write_bundle(files, out)
    console.print(f"{out}: {len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB.")
    notes.print("It holds boundaries and trees: for a verifier and the developer, nobody else.")
    notes.print(f"Whoever gets it checks it with: parkland verify {out}")
