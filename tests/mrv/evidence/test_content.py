"""A file's name follows from what it says, not from who wrote it or how."""

import io
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from mrv.errors import InputRejected
from mrv.evidence.content import JSON, NPZ, PARQUET, content_digest, decimals, table_digest

TABLE = pa.table(
    {
        "plot_id": ["P2", "P1", None],
        "dbh_cm": [12.5, float("nan"), 7.25],
        "trees": pa.array([3, 4, None], pa.int64()),
        "sampled": [True, False, None],
        "seen_at": pa.array([datetime(2024, 2, 1, 8, tzinfo=UTC)] * 3, pa.timestamp("us", "UTC")),
        "on": [date(2024, 2, 1), None, date(1969, 12, 31)],
        "geometry": [shapely.Point(34.1, -0.2).wkb, None, shapely.Point(34.2, -0.2).wkb],
        "left_on": pa.nulls(3),
        "species": [["a", "b"], None, []],
    }
)


def written(table: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def digest(table: pa.Table) -> str:
    return content_digest(written(table), PARQUET)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zstd"},
        {"compression": "none", "version": "1.0", "use_dictionary": False},
        {"row_group_size": 1, "data_page_version": "2.0"},
        {"coerce_timestamps": "ms"},
    ],
)
def test_how_parquet_is_written_decides_nothing(options: dict[str, object]) -> None:
    assert content_digest(written(TABLE, **options), PARQUET) == digest(TABLE)


def test_the_order_of_rows_and_columns_decides_nothing() -> None:
    turned = TABLE.take([2, 0, 1]).select(TABLE.column_names[::-1])
    assert digest(turned) == digest(TABLE)


def test_a_table_that_went_through_pandas_and_another_library_says_the_same() -> None:
    table = TABLE.drop_columns(["trees", "sampled", "on", "species"])
    assert digest(pa.Table.from_pandas(table.to_pandas())) == digest(table)
    coded = table.set_column(0, "plot_id", table["plot_id"].dictionary_encode())
    assert digest(coded) == digest(table)
    large = table.set_column(0, "plot_id", table["plot_id"].cast(pa.large_string()))
    assert digest(large) == digest(table)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("plot_id", ["P2", "P1", "P3"]),
        ("dbh_cm", [12.501, float("nan"), 7.25]),
        ("trees", [3, 4, 0]),
        ("sampled", [True, False, False]),
        ("on", [date(2024, 2, 2), None, date(1969, 12, 31)]),
        ("geometry", [shapely.Point(34.1, -0.2).wkb, None, shapely.Point(34.2, -0.200001).wkb]),
        ("species", [["b", "a"], None, []]),
    ],
)
def test_a_cell_that_changes_changes_the_name(column: str, value: list[object]) -> None:
    place = TABLE.column_names.index(column)
    changed = TABLE.set_column(place, column, pa.array(value))
    assert digest(changed) != digest(TABLE)


def test_a_column_by_another_name_is_another_table() -> None:
    renamed = TABLE.rename_columns([*TABLE.column_names[:-1], "kinds"])
    assert digest(renamed) != digest(TABLE)
    assert digest(TABLE.drop_columns(["trees"])) != digest(TABLE)


def test_numbers_count_to_the_decimals_that_their_unit_declares() -> None:
    assert [decimals(name) for name in ("dbh_cm", "agb_t_ha", "area_ha", "ndvi")] == [3, 9, 8, 9]
    for name, below, above in (("dbh_cm", 1e-5, 1e-3), ("area_ha", 1e-10, 1e-7)):
        base, near, far = (table_digest(pa.table({name: [4.8 + d]})) for d in (0, below, above))
        assert base == near != far


def test_a_number_too_large_for_its_decimals_keeps_its_value() -> None:
    one, other = (table_digest(pa.table({"x": [value]})) for value in (1e15, 1e15 + 1))
    assert one != other
    assert table_digest(pa.table({"x": [float("inf")]})) != one
    assert table_digest(pa.table({"x": [-0.0]})) == table_digest(pa.table({"x": [0.0]}))


@given(st.permutations(range(6)), st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=6))
def test_any_order_of_any_rows_gives_one_name(order: list[int], values: list[float]) -> None:
    table = pa.table({"row": list("abcdef"), "share": values})
    assert table_digest(table.take(order)) == table_digest(table)


def test_json_and_arrays_are_named_by_their_values() -> None:
    assert content_digest(b'{"b": 1.0, "a": [1,2]}', JSON) == content_digest(
        b'{"a":[1, 2],\n"b":1}', JSON
    )
    assert content_digest(b'{"a": NaN}', JSON) != content_digest(b'{"a": null}', JSON)

    def packed(save: object, **arrays: np.ndarray) -> bytes:
        buffer = io.BytesIO()
        save(buffer, **arrays)  # type: ignore[operator]
        return buffer.getvalue()

    one, two = np.arange(3.0), np.arange(4)
    plain = packed(np.savez, one=one, two=two)
    small = packed(np.savez_compressed, two=two.astype(">i8"), one=one)
    assert plain != small
    assert content_digest(plain, NPZ) == content_digest(small, NPZ)
    assert content_digest(packed(np.savez, one=one + 1, two=two), NPZ) != content_digest(plain, NPZ)


@pytest.mark.parametrize("media_type", [PARQUET, JSON, NPZ])
def test_what_is_not_of_its_kind_is_refused(media_type: str) -> None:
    with pytest.raises(InputRejected, match="take the file from where it came"):
        content_digest(b"{not this", media_type)


def test_an_empty_table_has_a_name_of_its_columns() -> None:
    empty = pd.DataFrame({"plot_id": pd.Series(dtype=str)})
    other = pd.DataFrame({"tree_id": pd.Series(dtype=str)})
    assert digest(pa.Table.from_pandas(empty)) != digest(pa.Table.from_pandas(other))
