"""What is unlikely stays in the table, flagged, with one sentence for the verifier."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mrv.field.csv_text import parse_csv
from mrv.field.inventory import Inventory, read_inventory

_HEADER = "plot_id,tree_id,species,dbh_cm,height_m,measured_on,status,lon,lat"


def _read(rows: list[str]) -> Inventory:
    raw = parse_csv("\n".join([_HEADER, *rows]).encode())
    return read_inventory(raw, plot_ids=None, today=date(2024, 6, 1))


def _row(
    plot: str = "P1",
    tree: str = "t1",
    species: str = "Mangifera indica",
    dbh: object = 20,
    height: object = "",
    day: str = "2024-01-10",
    status: str = "alive",
    place: str = ",",
) -> str:
    return f"{plot},{tree},{species},{dbh},{height},{day},{status},{place}"


@pytest.mark.parametrize(
    ("rows", "code", "flagged"),
    [
        ([_row(dbh=333.6)], "diameter_large", [0]),
        ([_row(dbh=60, height=95)], "height_large", [0]),
        ([_row(dbh=10, height=35)], "slenderness", [0]),
        ([_row(dbh=100, height=2)], "slenderness", [0]),
        ([_row(species="Quercus imaginaria")], None, []),
        ([_row(species="Inventa arbor")], "species_unknown", [0]),
        ([_row(species="")], "species_unknown", [0]),
        ([_row(day="2021-01-10", dbh=10), _row(dbh=60)], "growth", [1]),
        ([_row(day="2021-01-10", dbh=30), _row(dbh=20)], "shrinkage", [1]),
        ([_row(day="2021-01-10", dbh=30), _row(dbh=29)], None, []),
        ([_row(day="2021-01-10", dbh=15.2), _row(dbh=160)], "unit_mix", [1]),
        ([_row(day="2021-01-10"), _row(species="Persea americana")], "species_changed", [1]),
        ([_row(day="2021-01-10", status="dead"), _row()], "alive_again", [1]),
        (
            [_row(day="2021-01-10"), _row(tree="t2", day="2021-01-10"), _row()],
            "tree_not_revisited",
            [1],
        ),
        ([_row(tree=f"t{i}", place="34.7,-0.1") for i in range(5)], "same_position", [*range(5)]),
        ([_row(tree=f"t{i}", place="34.7,-0.1") for i in range(4)], None, []),
    ],
)
def test_unlikely_rows_stay_flagged(rows: list[str], code: str | None, flagged: list[int]) -> None:
    inventory = _read(rows)
    assert len(inventory.trees) == len(rows)
    warnings = inventory.findings[inventory.findings["code"] != "column_missing"]
    assert warnings["code"].tolist() == ([code] if code else [])
    assert (warnings["severity"] == "warning").all()
    carried = inventory.trees["flags"].str.split(";")
    assert [i for i, flags in enumerate(carried) if code in flags] == flagged
    if code != "tree_not_revisited":
        assert [i for i, flags in enumerate(carried) if "suspect" in flags] == flagged


def test_a_misspelt_species_gets_a_suggestion() -> None:
    told = _read([_row(species="Grevilea robusta")]).findings.set_index("code")
    assert "did you mean 'Grevillea robusta'?" in told.loc["species_unknown", "message"]


def test_rows_copied_between_plots_are_found() -> None:
    sizes = [12.1, 14.7, 9.3, 22.8, 17.5, 31.0, 8.8, 19.9, 25.4, 11.6, 16.2, 27.3]
    original = [_row("P1", f"a{i}", dbh=d) for i, d in enumerate(sizes)]
    copied = [_row("P2", f"b{i}", dbh=d) for i, d in enumerate(sizes[:10])]
    others = [_row("P3", f"c{i}", dbh=d + 0.1) for i, d in enumerate(sizes)]
    inventory = _read([*original, *copied, *others])
    told = inventory.findings.set_index("code").loc["copied_rows", "message"]
    assert "10 rows in a row are the same in plots P1 and P2" in told
    flags = inventory.trees.groupby("plot_id")["flags"].agg(
        lambda f: f.str.contains("copied_rows").sum()
    )
    assert flags.to_dict() == {"P1": 10, "P2": 10, "P3": 0}


def test_a_visit_in_millimetres_is_found() -> None:
    rows = [_row(p, f"t{i}", dbh=8 + i) for p in ("P1", "P2", "P3") for i in range(4)]
    rows += [_row("P4", f"t{i}", dbh=10 * (8 + i)) for i in range(4)]
    inventory = _read(rows)
    suspects = inventory.trees[inventory.trees["flags"].str.contains("unit_mix")]
    assert set(suspects["plot_id"]) == {"P4"}


def test_all_suspect_volumes_of_nigeria_are_caught(real_data: Callable[[str], Path]) -> None:
    """200 of 200 stated volumes are above a cylinder as thick and tall."""
    path = real_data("tree_inventories/nigeria_teak_suspect/data/teak_opepe_biomass_data.csv")
    inventory = read_inventory(
        parse_csv(path.read_bytes()),
        plot_ids=None,
        today=date(2024, 6, 1),
        columns={
            "plot_id": "species",
            "height_m": "total_height_m",
            "stem_volume_m3": "total_volume_m3",
        },
        constants={"measured_on": "2020-01-01"},
    )
    assert (inventory.findings["code"] == "volume").sum() == 200
    assert inventory.trees["flags"].str.contains("volume").all()


def test_real_dirt_of_mali_is_told(real_data: Callable[[str], Path]) -> None:
    """Carriage returns only, and a tree that is 'alve'."""
    path = real_data(
        "tree_inventories/mali_savanna_harvest/data/control_trees_growth_2011-2013.csv"
    )
    inventory = read_inventory(
        parse_csv(path.read_bytes()),
        plot_ids=None,
        today=date(2024, 6, 1),
        columns={
            "plot_id": "Site",
            "tree_id": "Tree_ID",
            "stem": "Stem_ID",
            "dbh_cm": "Initial_Circumference_cm",
            "status": "Final_state",
        },
        constants={"measured_on": "2011-01-01"},
    )
    errors = inventory.findings[inventory.findings["severity"] == "error"]
    assert errors["code"].tolist() == ["unknown_choice"]
    assert "'alve'" in errors["message"].iloc[0]
    assert len(inventory.trees) == 60
    assert set(inventory.trees["species"]) == {"Detarium microcarpum", "Combretum glutinosum"}
