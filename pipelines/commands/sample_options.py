"""The options of `parkland plan-sample`; what it does is `plan_sample.py`."""

from pathlib import Path
from typing import Annotated

import typer


def plan_sample(  # noqa: PLR0913, PLR0917  # its options
    project: Annotated[
        Path | None, typer.Option("--project", "-p", help="A project folder: plots, and a pilot.")
    ] = None,
    period: Annotated[str, typer.Option("--period", "-y", help="Of its project.toml.")] = "",
    archetype: Annotated[str, typer.Option(help="A simulated landscape instead.")] = "",
    plots: Annotated[int | None, typer.Option(help="How many plots it has.", min=20)] = None,
    landscape_seed: Annotated[int, typer.Option(help="Of that landscape.")] = 1,
    u90: Annotated[
        float | None,
        typer.Option(help="Wanted half-width of net change, e.g. 0.2; else what is worth most."),
    ] = None,
    growth: Annotated[
        float | None, typer.Option(help="Net growth, t d.m. per ha and year, where no pilot tells.")
    ] = None,
    cv: Annotated[float | None, typer.Option(help="Its SD among plots, as a share.")] = None,
    icc: Annotated[
        float | None, typer.Option(help="Likeness of a village's plots, 0 to 0.9.")
    ] = None,
    shared_cv: Annotated[float | None, typer.Option(help="Errors all plots share, as CV.")] = None,
    map_r2: Annotated[float, typer.Option(help="R2 of a map to count on.")] = 0.0,
    design: Annotated[str, typer.Option(help="either, plots or villages.")] = "either",
    cost_village: Annotated[float, typer.Option(help="Travel to a village, a visit.")] = 60.0,
    cost_plot: Annotated[float, typer.Option(help="Measuring a plot, a visit.")] = 25.0,
    price: Annotated[float, typer.Option(help="Of a credit.")] = 20.0,
    currency: Annotated[str, typer.Option(help="Of costs and price.")] = "EUR",
    non_response: Annotated[float, typer.Option(help="Share not to be measured.")] = 0.1,
    seed: Annotated[int | None, typer.Option(help="Of the draw; else it follows.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Draw it into this folder: GeoPackage, GPX, CSV.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")] = False,
) -> None:
    """Say how many plots to measure for a wanted half-width, what that costs, and draw them.

    Exit code 1 when no sample is as sharp as wanted.
    """
    from mrv.sampling.plan import Costs
    from pipelines.commands import plan_sample as command
    from pipelines.commands.sample_basis import Asked

    costs = Costs(cost_village, cost_plot, price=price, non_response=non_response)
    stated = (growth, cv, icc, shared_cv, map_r2)
    asked = Asked(
        project, archetype, plots, landscape_seed, period, u90, *stated, design, costs, currency,
        seed, out,
    )  # fmt: skip
    command.plan(asked, as_json=json)
