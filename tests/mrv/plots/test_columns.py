"""The published schema of plots is the list of columns that the check uses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

from mrv.plots.columns import COLUMNS, PRIVATE_COLUMNS, as_text, check_columns, json_schema

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas/plots"


def properties_of(schema: dict[str, Any]) -> dict[str, Any]:
    feature = schema["properties"]["features"]["items"]
    return dict(feature["properties"]["properties"]["properties"])


def test_the_published_schema_is_this_list() -> None:
    assert json.loads((SCHEMAS / "1-1-0.json").read_text("utf-8")) == json_schema()


def test_what_was_published_before_still_means_the_same() -> None:
    before = properties_of(json.loads((SCHEMAS / "1-0-0.json").read_text("utf-8")))
    now = properties_of(json_schema())
    assert before.items() <= now.items()
    assert set(now) - set(before) == {
        *("species", "consent_given", "consent_on", "left_on"),
        *("farmer_name", "farmer_phone"),
    }


def test_real_fields_satisfy_the_schema(real_data: Callable[[str], Path]) -> None:
    document = json.loads(real_data("field_boundaries/kenya_busia.geojson").read_text())
    jsonschema.Draft202012Validator(json_schema()).validate(document)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("role", "owner"),
        ("planted_on", "01/02/2021"),
        ("plot_id", None),
        ("plot_id", "x" * 65),
        ("consent_given", "perhaps"),
        ("consent_on", "2021-02-30x"),
    ],
)
def test_the_schema_and_the_check_agree(column: str, cell: str | None) -> None:
    ring = [[0, 0], [0, 1], [1, 1], [0, 0]]
    properties = {"plot_id": "a", column: cell}
    document = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": properties,
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        ],
    }
    assert list(jsonschema.Draft202012Validator(json_schema()).iter_errors(document))
    frame = pd.DataFrame([{"plot_id": "a"} | properties])
    assert check_columns(as_text(frame)) == [(0, column, cell or "")]


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        ("consent_given", "Oui", "yes"),
        ("consent_given", "ndiyo", "yes"),
        ("consent_given", "CÓ", "yes"),
        ("consent_given", True, "yes"),
        ("consent_given", 1.0, "yes"),
        ("consent_given", "FALSE", "no"),
        ("consent_given", "hapana", "no"),
        ("consent_given", "ask her son", "ask her son"),
        ("consent_given", "  ", None),
        ("consent_on", "2024-03-05T10:11:12.000+03:00", "2024-03-05"),
        ("planted_on", pd.Timestamp("2024-03-05 08:00"), "2024-03-05"),
        ("planted_on", "5 March 2024", "5 March 2024"),
        ("village", "2024-03-05T10:11:12", "2024-03-05T10:11:12"),
        ("stratum", None, "all"),
    ],
)
def test_cells_as_people_and_forms_write_them(column: str, cell: object, text: str | None) -> None:
    assert as_text(pd.DataFrame({column: [cell]}))[column].tolist() == [text]


def test_what_names_a_person_is_never_among_the_columns_of_plots() -> None:
    frame = pd.DataFrame({"farmer_name": ["A. Otieno"], "farmer_phone": [254700000001]})
    assert not {"farmer_name", "farmer_phone"} & set(as_text(frame).columns)
    people = as_text(frame, PRIVATE_COLUMNS)
    assert people.to_dict("records") == [
        {"farmer_name": "A. Otieno", "farmer_phone": "254700000001"}
    ]
    assert all(column.private for column in PRIVATE_COLUMNS)
    assert not any(column.private for column in COLUMNS)


def test_every_column_says_what_it_means() -> None:
    assert all(column.meaning for column in (*COLUMNS, *PRIVATE_COLUMNS))
    assert [column.name for column in COLUMNS if column.required] == ["plot_id"]


@pytest.mark.parametrize("column", ["plot_id", "farmer_id", "stratum"])
def test_text_that_a_registry_cannot_hold_is_refused(column: str) -> None:
    """SQLite would take any length; PostgreSQL would fail on the whole file."""
    (longest,) = (one.longest for one in COLUMNS if one.name == column)
    for cell, found in (("x" * longest, []), ("x" * (longest + 1), [column])):
        frame = pd.DataFrame([{"plot_id": "a", column: cell}])
        assert [name for _row, name, _cell in check_columns(as_text(frame))] == found
