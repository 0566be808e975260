"""The field reader: good rows go in beside bad ones, and every bad one says why."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrv.errors import TableInvalid
from mrv.field.csv_text import parse_csv
from mrv.field.fields import FIELDS, tree_inventory_schema
from mrv.field.inventory import Inventory, read_inventory

_TODAY = date(2024, 6, 1)
_HEADER = "plot_id,tree_id,species,dbh_cm,height_m,measured_on,status,inclusion_probability"
_GOOD = "P1,t1,Grevillea robusta,14.2,9.5,2024-01-10,alive,0.5"
_SCHEMA = Path(__file__).parents[3] / "schemas" / "tree-inventory" / "1-0-2.json"


def _read(*rows: str, header: str = _HEADER, plots: tuple[str, ...] = ("P1", "P2")) -> Inventory:
    raw = parse_csv("\n".join([header, *rows]).encode())
    return read_inventory(raw, plot_ids=plots, today=_TODAY)


def _codes(inventory: Inventory, severity: str = "error") -> list[tuple[int, str]]:
    told = inventory.findings[inventory.findings["severity"] == severity]
    return list(zip(told["row"], told["code"], strict=True))


def test_a_good_row_comes_through_typed() -> None:
    inventory = _read(_GOOD)
    assert inventory.findings.empty
    row = inventory.trees.iloc[0]
    assert (row["row"], row["stem"], row["dbh_cm"], row["tree_fraction"]) == (2, 1, 14.2, 1.0)
    assert row["measured_on"] == pd.Timestamp("2024-01-10")
    assert (row["origin"], row["flags"]) == ("pre_existing", "origin_assumed")


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (",t2,Mangifera indica,20,,2024-01-10,alive,0.5", "plot_id", "missing"),
        ("P9,t2,Mangifera indica,20,,2024-01-10,alive,0.5", "plot_id", "unknown_plot"),
        ("P1,t2,Mangifera indica,thick,,2024-01-10,alive,0.5", "dbh_cm", "not_a_number"),
        ("P1,t2,Mangifera indica,inf,,2024-01-10,alive,0.5", "dbh_cm", "not_a_number"),
        ("P1,t2,Mangifera indica,0,,2024-01-10,alive,0.5", "dbh_cm", "too_small"),
        ("P1,t2,Mangifera indica,-3,,2024-01-10,alive,0.5", "dbh_cm", "too_small"),
        ("P1,t2,Mangifera indica,1400,,2024-01-10,alive,0.5", "dbh_cm", "too_large"),
        ("P1,t2,Mangifera indica,,,2024-01-10,alive,0.5", "dbh_cm", "alive_without_diameter"),
        ("P1,t2,Mangifera indica,20,140,2024-01-10,alive,0.5", "height_m", "too_large"),
        ("P1,t2,Mangifera indica,20,,,alive,0.5", "measured_on", "missing"),
        ("P1,t2,Mangifera indica,20,,10/01/2024,alive,0.5", "measured_on", "not_a_date"),
        ("P1,t2,Mangifera indica,20,,2024-02-30,alive,0.5", "measured_on", "not_a_date"),
        ("P1,t2,Mangifera indica,20,,2024-06-02,alive,0.5", "measured_on", "future_date"),
        ("P1,t2,Mangifera indica,20,,2024-01-10,alve,0.5", "status", "unknown_choice"),
        ("P1,t2,Mangifera indica,20,,2024-01-10,alive,0", "inclusion_probability", "too_small"),
        ("P1,t2,Mangifera indica,20,,2024-01-10,alive,50", "inclusion_probability", "too_large"),
        ("P1,,Mangifera indica,20,,2024-01-10,alive,0.5", "tree_id", "alive_without_tree"),
        ("P2,t2,,20,,2024-01-10,no_trees,0.5", "status", "no_trees_with_tree"),
        ("P1,,,,,2024-01-10,no_trees,0.5", "status", "no_trees_contradicted"),
        ("P1,t2,Mangifera indica,20,9,2024-01-10,alive,0.5,8", "surplus_cells", "surplus_cells"),
    ],
)
def test_a_bad_row_is_left_out_with_its_reason(row: str, column: str, code: str) -> None:
    inventory = _read(_GOOD, row)
    assert inventory.trees["row"].tolist() == [2]
    errors = inventory.findings[inventory.findings["severity"] == "error"]
    assert errors[["row", "column", "code"]].to_numpy().tolist() == [[3, column, code]]
    message = errors["message"].iloc[0]
    assert message.startswith("Row 3: ")
    assert message.endswith(".")
    assert message.count("\n") == 0


_SIZES = (
    "plot_id,tree_id,species,dbh_cm,girth_cm,height_m,measured_at_m,tree_fraction,"
    "subplot_radius_m,slope_percent,shrub_cover,measured_on"
)


def test_a_girth_stands_for_a_diameter() -> None:
    inventory = _read("P1,t1,Mangifera indica,,62.8,9,,,,,,2024-01-10", header=_SIZES)
    tree = inventory.trees.iloc[0]
    assert tree["dbh_cm"] == pytest.approx(62.8 / np.pi)
    assert (tree["status"], tree["measured_at_m"]) == ("alive", 1.3)


def test_a_file_of_girths_needs_no_column_of_diameters() -> None:
    header = "plot_id,tree_id,girth_cm,measured_on"
    assert _read("P1,t1,62.8,2024-01-10", header=header).trees["dbh_cm"].notna().all()
    with pytest.raises(TableInvalid, match="no column 'dbh_cm'"):
        _read("P1,t1,2024-01-10", header="plot_id,tree_id,measured_on")


def test_a_palm_is_alive_by_its_height() -> None:
    palm = "P1,t1,Cocos nucifera,,,9.5,,,,,,2024-01-10,alive"
    tree = palm.replace("Cocos nucifera", "Mangifera indica").replace("t1", "t2")
    inventory = _read(palm, tree, header=_SIZES + ",status")
    assert inventory.trees["species"].tolist() == ["Cocos nucifera"]
    assert _codes(inventory) == [(3, "alive_without_diameter")]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("P1,t1,Mangifera indica,20,20,9,,,,,,2024-01-10", "girth_contradicted"),
        ("P1,t1,Mangifera indica,20,,9,,0.5,4,,,2024-01-10", "two_shares"),
        ("P1,t1,Mangifera indica,20,,9,0.01,,,,,2024-01-10", "too_small"),
        ("P1,t1,Mangifera indica,20,,9,,,,400,,2024-01-10", "too_large"),
        ("P1,t1,Mangifera indica,20,,9,,,,,40,2024-01-10", "too_large"),
    ],
)
def test_sizes_that_contradict_each_other_are_refused(row: str, code: str) -> None:
    inventory = _read(row, header=_SIZES)
    assert inventory.trees.empty
    assert _codes(inventory) == [(2, code)]


def test_ground_along_a_slope_is_less_than_it_seems() -> None:
    """Above 10 %, a circle or a share laid out along the ground is brought to the level."""
    rows = [
        "P1,t1,Mangifera indica,20,,9,,,10,40,,2024-01-10",
        "P1,t2,Mangifera indica,20,,9,,,10,10,,2024-01-10",
        "P1,t3,Mangifera indica,20,,9,,0.5,,40,,2024-01-10",
        "P1,t4,Mangifera indica,20,,9,,,,40,0.3,2024-01-10",
    ]
    trees = _read(*rows, header=_SIZES).trees
    level = 1 / np.sqrt(1 + 0.4**2)
    circle_ha = np.pi * 10**2 / 10_000
    assert trees["subplot_ha"][:2].tolist() == pytest.approx([circle_ha * level, circle_ha])
    assert trees["tree_fraction"][2:].tolist() == pytest.approx([0.5 * level, 1.0])
    assert trees["shrub_cover"].tolist()[3] == 0.3


def test_every_reason_of_a_row_is_told_at_once() -> None:
    inventory = _read("P9,t1,x,thick,-1,yesterday,alve,2")
    assert {code for _row, code in _codes(inventory)} == {
        "unknown_plot",
        "not_a_number",
        "too_small",
        "not_a_date",
        "unknown_choice",
        "too_large",
    }
    assert inventory.trees.empty


def test_of_identical_rows_one_stays_and_of_contradictory_ones_none() -> None:
    twice = _read(_GOOD, _GOOD)
    assert twice.trees["row"].tolist() == [2]
    assert _codes(twice) == [(3, "duplicate_row")]
    different = _read(_GOOD, _GOOD.replace("14.2", "24.2"))
    assert different.trees.empty
    assert _codes(different) == [(2, "contradictory_rows"), (3, "contradictory_rows")]


def test_stems_of_one_tree_are_no_duplicates() -> None:
    header = _HEADER + ",stem"
    inventory = _read(_GOOD + ",1", _GOOD + ",2", header=header)
    assert inventory.trees["stem"].tolist() == [1, 2]
    assert _codes(inventory) == []


def test_a_tree_that_lost_a_row_is_marked_at_its_other_visits() -> None:
    """Otherwise a spoilt first visit would make an old tree look newly grown."""
    inventory = _read(
        _GOOD.replace("14.2", "?!").replace("2024-01-10", "2021-01-10"),
        _GOOD.replace("t1", "t2").replace("2024-01-10", "2021-01-10"),
        _GOOD,
        _GOOD.replace("t1", "t2"),
    )
    flags = inventory.trees.set_index(["tree_id", "row"])["flags"]
    assert "other_visit_rejected" in flags["t1", 4]
    assert "other_visit_rejected" not in flags["t2", 5]


def test_a_tree_keeps_the_origin_it_was_first_given() -> None:
    """The earliest visit, not the first line: an old tree cannot be planted later."""
    early = "P1,t1,Grevillea robusta,30,9.5,2021-01-10,alive,0.5,pre_existing"
    late = "P1,t1,Grevillea robusta,32,9.9,2024-01-10,alive,0.5,planted"
    for rows in ((early, late), (late, early)):
        trees = _read(*rows, header=_HEADER + ",origin").trees
        assert set(trees["origin"]) == {"pre_existing"}


def test_origin_is_guessed_on_the_careful_side() -> None:
    """Seen at the first visit: it was there before. Stated once: stated for all visits."""
    header = _HEADER + ",origin"
    early = "P1,{0},Mangifera indica,{1},,2021-01-10,alive,0.5,{2}"
    late = "P1,{0},Mangifera indica,{1},,2024-01-10,alive,0.5,{2}"
    inventory = _read(
        early.format("old", 20, ""),
        early.format("told", 5, "planted"),
        late.format("old", 22, ""),
        late.format("told", 9, ""),
        late.format("new", 4, ""),
        late.format("wild", 4, "regenerated"),
        header=header,
    )
    origin = inventory.trees.drop_duplicates("tree_id").set_index("tree_id")["origin"].to_dict()
    assert origin == {
        "old": "pre_existing",
        "told": "planted",
        "new": "planted",
        "wild": "regenerated",
    }
    guessed = inventory.trees[inventory.trees["flags"].str.contains("origin_assumed")]
    assert set(guessed["tree_id"]) == {"old", "new"}


def test_a_visit_without_trees_is_a_visit() -> None:
    inventory = _read("P2,,,,,2024-01-10,no_trees,0.5")
    assert _codes(inventory) == []
    assert inventory.trees["status"].tolist() == ["no_trees"]


def test_blank_status_means_alive_where_there_is_a_diameter() -> None:
    inventory = _read(
        "P1,t1,Mangifera indica,20,,2024-01-10,,0.5", "P1,t2,Mangifera indica,,,2024-01-10,,0.5"
    )
    assert inventory.trees["status"].tolist() == ["alive"]
    assert _codes(inventory) == [(3, "missing")]


@pytest.mark.parametrize("name", ["plot_id", "dbh_cm", "measured_on"])
def test_a_missing_column_is_named_with_what_is_there(name: str) -> None:
    header = _HEADER.replace(name, "something_else")
    with pytest.raises(TableInvalid, match=name) as told:
        _read(_GOOD, header=header)
    assert "something_else" in told.value.message


def test_an_unknown_mapping_is_refused() -> None:
    with pytest.raises(TableInvalid, match="girth"):
        read_inventory(
            parse_csv(_HEADER.encode() + b"\n"),
            plot_ids=None,
            today=_TODAY,
            columns={"girth": "gbh"},
        )


def test_their_columns_become_ours() -> None:
    raw = parse_csv(b"Parcelle;Arbre;Genre;Espece;DHP\nP1;7;Parkia;biglobosa;31,4\n")
    inventory = read_inventory(
        raw,
        plot_ids=["P1"],
        today=_TODAY,
        columns={
            "plot_id": "Parcelle",
            "tree_id": "Arbre",
            "species": "Genre+Espece",
            "dbh_cm": "DHP",
        },
        constants={"measured_on": "2024-01-10"},
    )
    assert inventory.trees[["species", "dbh_cm"]].to_numpy().tolist() == [
        ["Parkia biglobosa", 31.4]
    ]


def test_without_tree_ids_or_probabilities_the_file_is_told_once() -> None:
    raw = parse_csv(b"plot_id,dbh_cm,measured_on\nP1,20,2024-01-10\nP1,30,2024-01-10\n")
    inventory = read_inventory(raw, plot_ids=None, today=_TODAY)
    assert inventory.trees["tree_id"].tolist() == ["row-2", "row-3"]
    assert inventory.trees["inclusion_probability"].isna().all()
    missing = inventory.findings[inventory.findings["code"] == "column_missing"]
    assert set(missing["column"]) == {"tree_id", "inclusion_probability", "species"}


def test_an_empty_inventory_is_no_error() -> None:
    inventory = _read()
    assert inventory.trees.empty
    assert inventory.findings.empty


def test_a_frame_read_otherwise_counts_lines_from_the_header() -> None:
    raw = pd.DataFrame([_GOOD.split(",")], columns=_HEADER.split(","), dtype=str)
    assert read_inventory(raw, plot_ids=None, today=_TODAY).trees["row"].tolist() == [2]


def test_the_published_schema_is_the_table_of_fields() -> None:
    published = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    assert published == tree_inventory_schema()
    assert list(published["properties"]) == [field.name for field in FIELDS]
