"""By what two tables or documents differ, in one sentence; nothing where they say the same.

Whole numbers, texts and days must be the same. Measured numbers may part in the last digits, which
depend on how a processor adds up: `CLOSE` says by how much.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

CLOSE: Final = 1e-7
"""Relative, and absolute below one; a tonne in ten million."""
_SHOWN = 5


def table_difference(
    stated: pd.DataFrame, again: pd.DataFrame, keys: Sequence[str], *, close: float = CLOSE
) -> str:
    """Say by what a table differs from one that was made again.

    Args:
        stated: As the bundle has it.
        again: As it came out.
        keys: Columns that name a row.
        close: How near numbers must be.

    Returns:
        The first difference, rows in order of their names and columns of the stated table; empty
        where there is none.
    """
    a, b = _by_name(stated, keys), _by_name(again, keys)
    gone, new = a.index.difference(b.index), b.index.difference(a.index)
    if len(gone) or len(new):
        told = [
            f"{len(rows)} rows {what}: {', '.join(_named(keys, row) for row in rows[:_SHOWN])}"
            for rows, what in (
                (gone, "stand in the bundle and did not come out"),
                (new, "came out and do not stand in the bundle"),
            )
            if len(rows)
        ]
        return "; ".join(told)
    lacking = [name for name in a.columns if name not in b.columns]
    if lacking:
        return f"columns that did not come out: {', '.join(lacking[:_SHOWN])}"
    b = b.loc[a.index]
    parted = {name: _parted(a[name], b[name], close) for name in a.columns}
    wrong = {name: rows for name, rows in parted.items() if rows.any()}
    if not wrong:
        return ""
    rows = np.logical_or.reduce(list(wrong.values()))
    row = int(np.flatnonzero(rows)[0])
    name = next(name for name, there in wrong.items() if there[row])
    others = int(rows.sum()) - 1
    return (
        f"{name} of {_named(keys, a.index[row])} is {_said(a[name].iloc[row])} in the bundle and "
        f"came out as {_said(b[name].iloc[row])}"
        + (f"; {others} more rows differ" if others else "")
    )


def document_difference(stated: object, again: object, place: str, *, close: float = CLOSE) -> str:
    """Say where a JSON value first differs from one that was made again; empty where nowhere."""
    if isinstance(stated, Mapping) and isinstance(again, Mapping):
        return _mapping_difference(stated, again, place, close)
    if isinstance(stated, list | tuple) and isinstance(again, list | tuple):
        if len(stated) != len(again):
            return f"{place} has {len(stated)} entries in the bundle and came out with {len(again)}"
        pairs = enumerate(zip(stated, again, strict=True))
        told = (
            document_difference(a, b, f"{place}[{_label(a, number)}]", close=close)
            for number, (a, b) in pairs
        )
        return next((said for said in told if said), "")
    if same(stated, again, close):
        return ""
    return f"{place} is {_said(stated)} in the bundle and came out as {_said(again)}"


def _mapping_difference(
    stated: Mapping[str, object], again: Mapping[str, object], place: str, close: float
) -> str:
    for name in [*stated, *(name for name in again if name not in stated)]:
        inner = f"{place}.{name}" if place else str(name)
        if name not in stated or name not in again:
            return f"{inner} stands on one side only"
        if said := document_difference(stated[name], again[name], inner, close=close):
            return said
    return ""


def same(a: object, b: object, close: float = CLOSE) -> bool:
    """Say whether two values are the same, measured numbers as far as they can be."""
    if isinstance(a, float) and isinstance(b, float | int) and not isinstance(b, bool):
        both_nan = math.isnan(a) and math.isnan(b)
        return both_nan or math.isclose(a, b, rel_tol=close, abs_tol=close)
    return type(a) is type(b) and a == b


def _parted(a: "pd.Series[Any]", b: "pd.Series[Any]", close: float) -> NDArray[np.bool_]:
    if pd.api.types.is_float_dtype(a) and pd.api.types.is_numeric_dtype(b):
        one, other = a.to_numpy(np.float64), b.to_numpy(np.float64)
        far: NDArray[np.bool_] = ~np.isclose(one, other, rtol=close, atol=close, equal_nan=True)
        return far
    # One writer's empty cell is None, another's NaN or NaT: neither says anything.
    empty = (a.isna() | (a == "")).to_numpy(bool) & (b.isna() | (b == "")).to_numpy(bool)
    if _is_time(a) or _is_time(b):
        a, b = _times(a), _times(b)
    unlike: NDArray[np.bool_] = (a.astype(object) != b.astype(object)).to_numpy(bool) & ~empty
    return unlike


def _is_time(column: "pd.Series[Any]") -> bool:
    return bool(pd.api.types.is_datetime64_any_dtype(column))


def _times(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return pd.to_datetime(column, utc=True, errors="coerce").astype("datetime64[us, UTC]")


def _by_name(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    named = table.assign(**{key: table[key].map(_key) for key in keys})
    return named.set_index(list(keys), drop=True).sort_index(kind="stable")


def _key(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return str(value)


def _named(keys: Sequence[str], row: object) -> str:
    parts = row if isinstance(row, tuple) else (row,)
    return ", ".join(f"{key} {part}" for key, part in zip(keys, parts, strict=True))


def _label(value: object, number: int) -> str:
    """Name an entry of a list as a person would, by what it calls itself."""
    if isinstance(value, Mapping):
        for name in ("plot_id", "key", "stratum", "gate", "id"):
            if name in value:
                return str(value[name])
    return str(number)


def _said(value: object) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or value is None:
        return str(value).lower() if isinstance(value, bool) else "nothing"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.9g}"
    return f"'{str(value)[:120]}'"
