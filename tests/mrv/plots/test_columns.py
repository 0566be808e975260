"""The published schema of plots is the list of columns that the check uses."""

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from mrv.plots.columns import COLUMNS, as_text, check_columns, json_schema
from mrv.sources.vectors import parse_boundaries

SCHEMA = Path(__file__).resolve().parents[3] / "schemas/plots/1-0-0.json"


def test_the_published_schema_is_this_list() -> None:
    assert json.loads(SCHEMA.read_text()) == json_schema()


def test_real_fields_satisfy_the_schema(real_data: Callable[[str], Path]) -> None:
    document = json.loads(real_data("field_boundaries/kenya_busia.geojson").read_text())
    jsonschema.Draft202012Validator(json_schema()).validate(document)


@pytest.mark.parametrize(
    ("column", "cell"),
    [("role", "owner"), ("planted_on", "01/02/2021"), ("plot_id", None), ("plot_id", "x" * 65)],
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
    frame = parse_boundaries(json.dumps(document).encode(), "plots.geojson")
    assert check_columns(as_text(frame)) == [(0, column, cell or "")]


def test_every_column_says_what_it_means() -> None:
    assert all(column.meaning for column in COLUMNS)
    assert [column.name for column in COLUMNS if column.required] == ["plot_id"]
