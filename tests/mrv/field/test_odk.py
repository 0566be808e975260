"""Walked shapes as text, and exports in several tables."""

from math import isnan

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.errors import TableInvalid
from mrv.field.odk import Corner, gather, last_part, parse_geoshape, unfold, worst_accuracy_m


def table(columns: str, *rows: str) -> pd.DataFrame:
    cells = [row.split() for row in rows]
    blank = [["" if cell == "_" else cell for cell in row] for row in cells]
    return pd.DataFrame(blank, columns=columns.split(), index=range(2, len(rows) + 2), dtype=str)


def test_latitude_comes_first_in_the_text_and_second_in_the_corner() -> None:
    assert parse_geoshape("-0.1 34.75 1140 3.5; -0,2 34,76 1141 4,5") == [
        Corner(34.75, -0.1, 1140, 3.5),
        Corner(34.76, -0.2, 1141, 4.5),
    ]


def test_altitude_and_accuracy_may_be_missing() -> None:
    (corner,) = parse_geoshape(" -0.1,34.75 ;")
    assert corner[:2] == (34.75, -0.1)
    assert isnan(corner.altitude_m)
    assert isnan(worst_accuracy_m([corner]))


@pytest.mark.parametrize(
    "text", ["", " ; ;", "0.1", "0.1 x", "1 2 3 4 5", "nan 1", "1_0 2", "1e 2"]
)
def test_what_is_no_corner_is_told(text: str) -> None:
    with pytest.raises(TableInvalid, match="corner"):
        parse_geoshape(text)


@given(
    st.lists(
        st.tuples(
            st.floats(-90, 90), st.floats(-180, 180), st.floats(-400, 9000), st.floats(0, 1e4)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_a_device_writes_comes_back(fixes: list[tuple[float, float, float, float]]) -> None:
    text = "; ".join(" ".join(map(repr, fix)) for fix in fixes)
    assert parse_geoshape(text) == [Corner(lon, lat, alt, acc) for lat, lon, alt, acc in fixes]


CENTRAL = {
    "form": table("KEY village", "uuid:a Manyatta", "uuid:b Nyalenda"),
    "form-plot": table(
        "plot_id PARENT_KEY KEY", "1 uuid:a uuid:a/plot[1]", "2 uuid:b uuid:b/plot[1]"
    ),
    "form-plot-tree": table(
        "tree PARENT_KEY KEY",
        "x uuid:b/plot[1] uuid:b/plot[1]/tree[1]",
        "y uuid:b/plot[1] uuid:b/plot[1]/tree[2]",
        "z uuid:a/plot[1] uuid:a/plot[1]/tree[1]",
    ),
}


def test_repeats_within_repeats_carry_every_answer_above() -> None:
    gathered = gather(CENTRAL, "form-plot-tree")
    assert gathered.table[["tree", "plot_id", "village"]].to_numpy().tolist() == [
        ["x", "2", "Nyalenda"],
        ["y", "2", "Nyalenda"],
        ["z", "1", "Manyatta"],
    ]
    assert gathered.table.index.tolist() == [2, 3, 4]
    assert gathered.childless.empty


def test_kobo_joins_by_index_and_by_the_name_of_the_table_above() -> None:
    sheets = {
        "form": table("_index _uuid village", "1 a Manyatta", "2 b Nyalenda"),
        "plot": table(
            "plot_id _index _parent_index _parent_table_name", "1 1 2 form", "2 2 1 form"
        ),
        "tree": table("tree _index _parent_index _parent_table_name", "x 1 2 plot", "y 2 1 plot"),
    }
    gathered = gather(sheets, "tree")
    assert gathered.table[["tree", "plot_id", "village"]].to_numpy().tolist() == [
        ["x", "2", "Manyatta"],
        ["y", "1", "Nyalenda"],
    ]


def test_the_same_submission_twice_counts_once_and_the_latest() -> None:
    tables = {
        "form": table(
            "KEY Edits SubmissionDate village",
            "uuid:a 2 2026-01-01 new",
            "uuid:a 1 2026-02-01 older",
            "uuid:b 0 2026-01-01 other",
        ),
        "form-plot": table(
            "plot_id PARENT_KEY KEY", "1 uuid:a uuid:a/plot[1]", "1 uuid:a uuid:a/plot[1]"
        ),
    }
    gathered = gather(tables, "form-plot")
    assert gathered.table[["plot_id", "village"]].to_numpy().tolist() == [["1", "new"]]
    assert gathered.childless["village"].tolist() == ["other"]
    assert gathered.notes == ("1 submission was sent again or edited; the latest version counts.",)


def test_a_submission_that_replaces_another_takes_its_repeats_away() -> None:
    sheets = {
        "form": table(
            "_index _uuid meta/instanceID meta/deprecatedID village",
            "1 a uuid:a _ old",
            "2 b uuid:b uuid:a new",
        ),
        "plot": table("plot_id _parent_index _parent_table_name", "1 1 form", "2 2 form"),
    }
    assert gather(sheets, "plot").table["plot_id"].tolist() == ["2"]


def test_tables_that_lack_the_one_above_or_run_in_a_circle() -> None:
    with pytest.raises(TableInvalid, match="export all tables"):
        gather({"plot": CENTRAL["form-plot"]}, "plot")
    circle = {
        "a": table("KEY PARENT_KEY", "1 2"),
        "b": table("KEY PARENT_KEY", "2 1"),
    }
    with pytest.raises(TableInvalid, match="circle"):
        gather(circle, "a")


def test_repeats_beside_each_other_get_a_row_each() -> None:
    flat = table("farmer plot[1]/id plot[2]/id plot[2]/size", "x 1 2 9", "y 3 _ _", "z _ _ _")
    assert unfold(flat).to_dict("records") == [
        {"farmer": "x", "plot/id": "1", "plot/size": ""},
        {"farmer": "x", "plot/id": "2", "plot/size": "9"},
        {"farmer": "y", "plot/id": "3", "plot/size": ""},
    ]
    plain = table("a b", "1 2")
    assert unfold(plain) is plain


def test_groups_before_a_name() -> None:
    ours = ("plot_id", "id", "status")
    assert last_part("visit-plot_id", ours) == "plot_id"
    assert last_part("a/b/plot_id", ours) == "plot_id"
    assert last_part("my_plot_id", ours) == ""
    assert last_part("status", ours) == "status"
