"""`parkland bundle` and `parkland verify`, with their options."""

from pathlib import Path
from typing import Annotated

import typer

_Home = Annotated[
    Path,
    typer.Option(
        "--home", envvar="PARKLAND_HOME", help="Where the registry is kept.", file_okay=False
    ),
]


def bundle(
    project: Annotated[str, typer.Argument(help="Id of a project that was run here.")],
    period: Annotated[str, typer.Argument(help="A period of its project.toml.")],
    out: Annotated[
        Path | None,
        typer.Option(help="A zip, or a folder that is not there yet.", show_default=False),
    ] = None,
    home: _Home = Path(".parkland"),
    demo: Annotated[bool, typer.Option(help="The registry is a demonstration.")] = False,
) -> None:
    """Write everything a period's credits stand on as an RO-Crate, for `parkland verify`."""
    from pipelines.commands.bundle import write_bundle_of

    write_bundle_of(project, period, home, out, demo=demo)


def verify(
    bundle: Annotated[Path, typer.Argument(help="A bundle, folder or zip.", exists=True)],
    level: Annotated[
        int,
        typer.Option(
            min=0,
            max=3,
            help="0 digests and signatures, 1 also waterfall and allocation, 2 also the "
            "statistics, 3 also the observations from pixels.",
        ),
    ] = 2,
    scenes: Annotated[
        str,
        typer.Option(
            help="Where the scenes are, for level 3: a STAC API or a catalog.json. Those of an "
            "invented landscape are rendered again."
        ),
    ] = "",
    key: Annotated[
        list[str] | None, typer.Option(help="Public key of the registry, z6Mk...; repeat.")
    ] = None,
    estimate: Annotated[
        str, typer.Option(help="SHA-256 of the evidence, as a certificate or a page names it.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Perform an estimate again from its bundle, offline, and name the first thing that differs.

    Exit code 0 where it stands, 1 where it does not.
    """
    from pipelines.commands.verify import verify_bundle

    code = verify_bundle(
        bundle,
        level,
        scenes=scenes,
        keys=tuple(key or ()),
        estimate=estimate,
        as_json=json,
    )
    raise typer.Exit(code)
