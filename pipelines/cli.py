"""The one console command: `parkland`.

Each command lives in `pipelines.commands` and is imported when it is called, so that help is
instant. Exit codes: 0 done; 1 bad input or a source that failed, said in one sentence; 2 wrong
usage; 3 the run went well and the rules allow no credits.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.bundle_options import bundle, verify
from pipelines.commands.credit_options import credit_commands
from pipelines.commands.exports import aef_file, cad_trust_file, cdop_file
from pipelines.commands.log_options import log, signing
from pipelines.commands.methodology_options import methodology_commands
from pipelines.commands.sample_options import plan_sample

app = typer.Typer(
    name="parkland",
    help="Smallholder carbon credits that anyone can check: from plots and trees to a ledger.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Home = Annotated[
    Path,
    typer.Option(
        "--home",
        envvar="PARKLAND_HOME",
        help="Where the registry, artifacts and scenes are kept.",
        file_okay=False,
    ),
]
DEFAULT_HOME = Path(".parkland")
File = Annotated[Path, typer.Argument(help="A boundary file.", exists=True, dir_okay=False)]
Crs = Annotated[
    str, typer.Option(help="Coordinate system of a file that does not say, e.g. EPSG:32636.")
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column", help="Name a column as ours=theirs, or leave one out as ours=; repeat."
    ),
]

plots = typer.Typer(no_args_is_help=True, help="Boundaries: check a file, or send it.")
areas = typer.Typer(no_args_is_help=True, help="Areas where no plot may lie.")
app.command("plan-sample")(plan_sample)
app.command()(bundle)
app.command()(verify)
app.add_typer(plots, name="plots")
app.add_typer(areas, name="areas")
app.add_typer(credit_commands, name="credits")
app.add_typer(methodology_commands, name="methodology")
export = typer.Typer(no_args_is_help=True, help="Take data out of the registry on this machine.")
app.add_typer(export, name="export")
export.command("cad-trust")(cad_trust_file)
export.command("aef")(aef_file)
export.command("cdop")(cdop_file)
app.add_typer(log, name="log")
app.add_typer(signing, name="signing")


@export.callback()
def _export() -> None:
    """Take data out of the registry on this machine."""


@export.command("credits")
def export_credits(
    out: Annotated[Path, typer.Option(help="Folder that gets it.", file_okay=False)],
    home: Home = DEFAULT_HOME,
) -> None:
    """Write all credits where they are now, as Parquet with a manifest of digests."""
    from pipelines.commands.export import credits_in_bulk

    credits_in_bulk(out, home)


@app.command()
def demo(
    home: Home = DEFAULT_HOME,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Go on to serve the site.")
    ] = True,
    port: Annotated[int, typer.Option(help="Port of the site on this machine.")] = 8000,
    json: Json = False,
) -> None:
    """Take every sample project from plots and trees to issued credits, then serve the site."""
    from pipelines.commands.demo import run_demo

    run_demo(home, serve=serve, port=port, as_json=json)


@app.command()
def run(
    project: Annotated[
        str,
        typer.Option("--project", "-p", help="A project folder, or the id of one taken in before."),
    ],
    period: Annotated[
        str, typer.Option("--period", "-y", help="A period of its project.toml.")
    ] = "",
    home: Home = DEFAULT_HOME,
    out: Annotated[
        Path | None,
        typer.Option(help="Also write the run's tables into this folder.", file_okay=False),
    ] = None,
    demo: Annotated[
        bool, typer.Option(help="Run against a demonstration registry, which signs for itself.")
    ] = False,
    json: Json = False,
) -> None:
    """Run the whole path for one project and period, and say what came of it.

    Without --period the first period that has not been issued yet is taken.
    """
    from pipelines.commands.run import run_project

    raise typer.Exit(run_project(project, period, home, out=out, demo=demo, as_json=json))


@app.command()
def watch(
    project: Annotated[
        str, typer.Option("--project", "-p", help="Id of a project that was run before.")
    ],
    period: Annotated[str, typer.Option(help="Monitoring period; the last one otherwise.")] = "",
    decisions: Annotated[
        Path | None,
        typer.Option(
            help="CSV of what people decided: plot_id, on, step, cause, reason.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    hotspots: Annotated[
        Path | None,
        typer.Option(
            help="CSV of fires seen from space: longitude, latitude, acq_date.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="A folder for a picture per suspect plot.", file_okay=False)
    ] = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Look for plots that burnt, were felled or flooded, and for plots that nobody sees."""
    from pipelines.commands.watch import watch_project

    watch_project(
        project,
        period,
        home,
        decisions=decisions,
        hotspots=hotspots,
        pictures=pictures,
        as_json=json,
    )


@app.command()
def chips(
    project: Annotated[
        str, typer.Option("--project", "-p", help="Id of a project that was run before.")
    ],
    period: Annotated[str, typer.Option(help="Monitoring period; the last one otherwise.")] = "",
    home: Home = DEFAULT_HOME,
) -> None:
    """Cut pictures of the plots that a verifier drew out of all scenes, for the desk."""
    from pipelines.commands.chips import cut_chips_of

    cut_chips_of(project, period, home)


@app.command()
def simulate(
    plots: Annotated[
        int, typer.Option(help="How many plots, enrolled and control together.", min=20)
    ] = 60,
    seed: Annotated[int, typer.Option(help="The same seed gives the same landscape.")] = 1,
    out: Annotated[
        Path, typer.Option(help="A new folder for the project.", file_okay=False)
    ] = Path("landscape"),
    archetype: Annotated[
        str, typer.Option(help="Which kind of landscape; 'list' names them.")
    ] = "growing",
    growth: Annotated[
        str, typer.Option(help="'normal', or 'none' for trees that stand still.")
    ] = "normal",
    json: Json = False,
) -> None:
    """Invent a landscape with a known truth: plots, trees, scenes and a sealed answer."""
    from pipelines.commands.simulate import write_simulation

    write_simulation(plots, seed, out, archetype=archetype, growth=growth, as_json=json)


@app.command()
def trees(
    inventory: Annotated[
        Path,
        typer.Argument(
            help="Measured trees: CSV, spreadsheet, or the export of a form.",
            exists=True,
            dir_okay=False,
        ),
    ],
    plot_area_ha: Annotated[float, typer.Option(help="Area of each plot [ha].", min=0.0001)] = 1.0,
    column: Annotated[
        list[str] | None, typer.Option(help="Name a column as ours=theirs, e.g. dbh_cm=D; repeat.")
    ] = None,
    constant: Annotated[
        list[str] | None,
        typer.Option(help="A column the file leaves out, e.g. measured_on=2012-01-01; repeat."),
    ] = None,
    region: Annotated[str, typer.Option(help="Key of the regional equations.")] = "pantropical",
    height_model: Annotated[
        str, typer.Option(help="Where heights are lacking.")
    ] = "feldpausch_pantropical",
    draws: Annotated[int, typer.Option(help="Monte Carlo draws.", min=100)] = 2000,
    json: Json = False,
) -> None:
    """Read a tree inventory, say what is wrong with it, and estimate biomass per plot."""
    from pipelines.commands.trees import report_trees

    report_trees(
        inventory,
        plot_area_ha,
        column or [],
        constant or [],
        region=region,
        height_model=height_model,
        draws=draws,
        as_json=json,
    )


@plots.command("check")
def plots_check(  # noqa: PLR0913, PLR0917  # its options
    file: File,
    country: Annotated[
        str, typer.Option(help="ISO 3166 code of the country the plots lie in, e.g. KE.")
    ] = "",
    project: Annotated[
        Path | None,
        typer.Option(
            "--project", "-p", help="A project folder: its country, rules and columns are taken."
        ),
    ] = None,
    crs: Crs = "",
    column: Columns = None,
    loss_raster: Annotated[
        Path | None,
        typer.Option(
            help="GeoTIFF with the year in which trees were lost.", exists=True, dir_okay=False
        ),
    ] = None,
    excluded: Annotated[
        Path | None,
        typer.Option(
            help="Boundaries of areas where no plot may lie.", exists=True, dir_okay=False
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Plots of the project that were accepted before.", exists=True, dir_okay=False
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a GeoPackage of what to mend and what fits.", dir_okay=False),
    ] = None,
    json: Json = False,
) -> None:
    """Say what is wrong with a boundary file and how to mend it; needs no registry, sends nothing.

    Exit code 1 when any plot is refused.
    """
    from pipelines.commands.plots_check import Asked, check_plots

    asked = Asked(
        file=file,
        country=country,
        project=project,
        crs=crs,
        columns=column or [],
        loss_raster=loss_raster,
        excluded=excluded,
        against=against,
    )
    raise typer.Exit(check_plots(asked, report=report, as_json=json))


@plots.command("upload")
def plots_upload(  # noqa: PLR0913, PLR0917  # its options
    file: File,
    project: Annotated[str, typer.Option("--project", "-p", help="Id of the project.")],
    registry: Annotated[
        str,
        typer.Option(
            help="Address of a registry, e.g. https://registry.example; by default the one in "
            "--home."
        ),
    ] = "",
    key: Annotated[
        str,
        typer.Option(envvar="PARKLAND_KEY", help="Key of the project's developer at that address."),
    ] = "",
    home: Home = DEFAULT_HOME,
    crs: Crs = "",
    column: Columns = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a GeoPackage of the plots to mend.", dir_okay=False),
    ] = None,
    json: Json = False,
) -> None:
    """Send boundaries to a registry and wait for its verdict; the same file again changes nothing.

    Exit code 1 when any plot is refused.
    """
    from pipelines.commands.plots_upload import upload_plots

    code = upload_plots(
        file,
        project,
        registry=registry,
        key=key,
        home=home,
        crs=crs,
        columns=column or [],
        report=report,
        as_json=json,
    )
    raise typer.Exit(code)


@areas.command("load")
def areas_load(
    file: File,
    name: Annotated[str, typer.Option(help="Of the layer; it replaces one of the same name.")],
    source: Annotated[str, typer.Option(help="Who publishes it, and when it was taken.")],
    kind: Annotated[str, typer.Option(help="protected or excluded.")] = "protected",
    home: Home = DEFAULT_HOME,
) -> None:
    """Load areas where no plot may lie, such as protected ones, into the registry."""
    from pipelines.commands.areas import load_areas

    load_areas(file, home, name=name, kind=kind, source=source)


@app.command()
def serve(
    home: Home = DEFAULT_HOME,
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8000,
    demo: Annotated[bool, typer.Option(help="Serve as a demonstration registry.")] = False,
) -> None:
    """Serve the registry: the API under /v1, the pages at /."""
    from pipelines.commands.serve import serve_registry

    serve_registry(home, port, demo=demo)


@app.command()
def key(
    account: Annotated[
        str, typer.Argument(help="Id of the account, for a developer as in its project.toml.")
    ],
    name: Annotated[str, typer.Option(help="What people call it; for a new account.")] = "",
    role: Annotated[
        str, typer.Option(help="developer, verifier, registrar or buyer.")
    ] = "developer",
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Limit the key to a scope, e.g. registry:read; repeat."),
    ] = None,
    days: Annotated[int, typer.Option(help="How long it works.", min=1, max=730)] = 365,
    home: Home = DEFAULT_HOME,
) -> None:
    """Open an account of the registry and print a key for it: to upload, to verify, to issue."""
    from pipelines.commands.key import give_key

    give_key(account, home, name=name, role=role, scopes=scope or [], days=days)


@app.command()
def link(
    account: Annotated[str, typer.Argument(help="Id of an account there is.")],
    subject: Annotated[str, typer.Argument(help="Its `sub` in the issuer's tokens.")],
    end: Annotated[bool, typer.Option("--end", help="Let it act for nobody any more.")] = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Let a subject of the OpenID issuer (PARKLAND_OIDC_ISSUER) act for an account."""
    from pipelines.commands.key import link_subject

    link_subject(account, subject, home, end=end)


@app.command()
def dev(home: Home = DEFAULT_HOME, port: Annotated[int, typer.Option(help="Port.")] = 3000) -> None:
    """Open Dagster on the lineage of all stages (loopback only; it has no login)."""
    from pipelines.commands.dev import open_dagster

    raise typer.Exit(open_dagster(home, port))


def main() -> None:
    """Run a command; a deliberate error is one sentence on stderr and exit code 1."""
    try:
        app()
    except Exception as error:
        from mrv.errors import NotCreditable

        said = _sentence(error)
        if said is None:
            raise  # a mistake of ours: whoever mends it wants the traceback
        _say(*said)
        sys.exit(3 if isinstance(error, NotCreditable) else 1)


def _sentence(error: Exception) -> tuple[str, str] | None:
    """Give code and sentence of an error that is not a mistake of ours."""
    from mrv.errors import MrvError, SourceFailed

    if isinstance(error, MrvError):
        return error.code, error.message
    if isinstance(error, OSError) and error.filename is not None:
        return SourceFailed.code, f"{error.filename} cannot be used: {error.strerror}."
    return None


def _say(code: str, sentence: str) -> None:
    """Print a sentence as it is: its brackets are no markup, its line is broken by nobody."""
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, soft_wrap=True).print(Text.assemble((code, "bold red"), "  ", sentence))


if __name__ == "__main__":
    main()
