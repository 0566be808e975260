"""`parkland methodology`, with its options."""

from pathlib import Path
from typing import Annotated

import typer

_Home = Annotated[
    Path,
    typer.Option(
        "--home", envvar="PARKLAND_HOME", help="Where the registry is kept.", file_okay=False
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]

methodology_commands = typer.Typer(
    no_args_is_help=True, help="Rules: their releases, and what other rules would change."
)


@methodology_commands.command("list")
def list_releases(json: _Json = False) -> None:
    """List the released versions, and whether their files and golden cases still stand.

    Exit code 0 where all stand, 1 where one does not.
    """
    from pipelines.commands.methodology import show_releases

    raise typer.Exit(show_releases(as_json=json))


@methodology_commands.command("diff")
def diff(  # noqa: PLR0913  # its options
    before: Annotated[str, typer.Argument(help="The version in force, such as 1.")],
    after: Annotated[str, typer.Argument(help="Another version, or the file of a draft.")],
    *,
    project: Annotated[
        str, typer.Option(help="Id of a project that was run here.", show_default=False)
    ] = "",
    period: Annotated[
        str, typer.Option(help="A period of its project.toml; the last one by default.")
    ] = "",
    bundle: Annotated[
        Path | None,
        typer.Option(
            help="Instead of a project: the bundle of a run.", exists=True, show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File for the whole report, as JSON.", dir_okay=False)
    ] = None,
    home: _Home = Path(".parkland"),
    demo: Annotated[bool, typer.Option(help="The registry is a demonstration.")] = False,
    json: _Json = False,
) -> None:
    """Perform a run under two versions of its rules, and say which plots and kilograms change."""
    from pipelines.commands.methodology import Run, show_difference

    run = Run(project=project, period=period, bundle=bundle, home=home, demo=demo)
    show_difference(before, after, run, out=out, as_json=json)


@methodology_commands.command("adopt")
def adopt(
    report: Annotated[Path, typer.Argument(help="Written by diff --out.", exists=True)],
    reason: Annotated[str, typer.Option(help="Why, for whoever reads it later.")],
    home: _Home = Path(".parkland"),
) -> None:
    """Put a report on file, so that later periods of its project may follow that version."""
    from pipelines.commands.methodology import adopt_version

    adopt_version(report, reason, home)
