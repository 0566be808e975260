"""Tables of reports in the private store: Parquet with shapes as WKB, each under its digest."""

import io
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from registry_api.services.private_store import PrivateStore

if TYPE_CHECKING:
    import pandas as pd

    from mrv.plots.report import Report


def keep(store: PrivateStore, report: "Report") -> dict[str, str]:
    """Keep every table of a report; gives their digests by name."""
    return {
        field.name: store.put_bytes(to_parquet(getattr(report, field.name)))
        for field in fields(report)
    }


def to_parquet(table: Any) -> bytes:  # noqa: ANN401  (a frame with shapes or without)
    """Write a table; its shapes become WKB in column `geometry`."""
    from mrv.sources.boundaries.write import to_geoparquet

    if hasattr(table, "geometry"):
        return bytes(to_geoparquet(table))
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


def read(store: PrivateStore, tables: Mapping[str, str], name: str) -> "pd.DataFrame | None":
    """Read a table of a report with its shapes as WKB; None where the run has none yet."""
    import pyarrow.parquet as pq

    if name not in tables:
        return None
    found: pd.DataFrame = pq.read_table(io.BytesIO(store.read(tables[name]))).to_pandas(
        ignore_metadata=True
    )
    return found
