"""`parkland trees`: a tree inventory on its own, without project, plots or registry."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path

import pandas as pd

from mrv.biomass.context import BiomassContext
from mrv.biomass.uncredited import uncredited_stock
from mrv.estimation.monte_carlo import plot_biomass
from mrv.field.inventory import read_inventory
from mrv.methodologies import load_methodology
from mrv.project import Ecology
from mrv.sources.inventories import read_trees
from mrv.sources.tables import read_bytes
from pipelines.commands.show import console, pairs, print_json, progress_bar, table
from registry_api.services import clock

_SHOWN = 20


def report_trees(
    inventory: Path,
    plot_area_ha: float,
    columns: Sequence[str],
    constants: Sequence[str],
    *,
    region: str,
    height_model: str,
    draws: int,
    as_json: bool,
) -> None:
    """Check an inventory, estimate each plot's biomass, and print both."""
    checked = read_inventory(
        read_trees(read_bytes(inventory), inventory.name, {}),
        plot_ids=None,
        today=clock.today(),
        columns=pairs(columns, "--column"),
        constants=pairs(constants, "--constant"),
    )
    ecology = Ecology(
        ecoregion="unknown",
        allometry_region=region,
        height_model=height_model,
        root_shoot_zone="",
        growth_cap="",
    )
    plots = sorted(checked.trees["plot_id"].unique())
    methodology = load_methodology("agroforestry_removals", 1)
    areas = dict.fromkeys(plots, plot_area_ha)
    beside = uncredited_stock(checked.trees, areas, methodology)
    with progress_bar(f"{len(plots)} plots") as progress:
        biomass = plot_biomass(
            checked.trees,
            areas,
            BiomassContext.of(ecology, methodology),
            draws=draws,
            progress=progress,
        )
    if as_json:
        print_json(
            {
                "plots": biomass.to_dict("records"),
                "not_credited": beside.astype(object)
                .where(beside.notna(), None)
                .to_dict("records"),
                "findings": checked.findings.to_dict("records"),
            }
        )
        return
    _print_findings(checked.findings)
    console.print(
        table(
            f"Biomass of {len(biomass)} plots  [t d.m./ha, 90 % interval]",
            ("plot", "measured", "trees", "biomass", "from", "to", "look at"),
            [
                (
                    str(row.plot_id),
                    str(row.measured_on),
                    f"{row.n_trees:,}",
                    f"{row.agb_t_ha:,.1f}",
                    f"{row.q05_t_ha:,.1f}",
                    f"{row.q95_t_ha:,.1f}",
                    str(row.flags).replace(";", ", "),
                )
                for row in biomass.itertuples()
            ],
            text=2,
        )
    )
    _print_beside(beside)


def _print_beside(beside: pd.DataFrame) -> None:
    shown = beside.head(_SHOWN).astype({"n_plants": int, "agb_t_ha": float})
    plants = [f"{n:,}" if n else "" for n in shown["n_plants"].tolist()]
    biomass = ["" if isnan(t) else f"{t:,.2f}" for t in shown["agb_t_ha"].tolist()]
    named = (shown[name].astype(str).tolist() for name in ("plot_id", "species", "reason"))
    plots, species, reasons = named
    rows = list(zip(plots, species, reasons, plants, biomass, strict=True))
    if rows:
        title = "Beside it, never credited  [t d.m./ha]"
        console.print(table(title, ("plot", "what", "why", "plants", "biomass"), rows, text=3))


def _print_findings(findings: pd.DataFrame) -> None:
    rows = [
        (str(row.row), str(row.severity), str(row.code), str(row.message))
        for row in findings.head(_SHOWN).itertuples()
    ]
    if rows:
        title = f"{len(findings)} findings" + (
            f", the first {_SHOWN} here, all with --json" if len(findings) > _SHOWN else ""
        )
        console.print(table(title, ("row", "", "code", "what and how to mend it"), rows, text=4))
