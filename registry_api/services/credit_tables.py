"""Credit runs as a table in Parquet, written piece by piece."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from registry_api.services.credit_runs import CreditRun

SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("serial", pa.string(), nullable=False),
        pa.field("project_id", pa.string(), nullable=False),
        pa.field("batch_id", pa.string(), nullable=False),
        pa.field("country", pa.string(), nullable=False),
        pa.field("methodology_id", pa.string(), nullable=False),
        pa.field("methodology_version", pa.int32(), nullable=False),
        pa.field("claim", pa.string(), nullable=False),
        pa.field("vintage", pa.int32(), nullable=False),
        pa.field("vintage_start", pa.date32(), nullable=False),
        pa.field("vintage_end", pa.date32(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("quantity_t", pa.int64(), nullable=False),
        pa.field("since", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("sequence", pa.int64(), nullable=False),
        pa.field("u90", pa.float64(), nullable=False),
        pa.field("simulated", pa.bool_(), nullable=False),
        pa.field("listing_id", pa.string()),
        pa.field("price_cents", pa.int64()),
        pa.field("currency", pa.string()),
        pa.field("closed_sequence", pa.int64()),
    ]
)


class _Sink(io.RawIOBase):
    """A file that is written once and handed on in pieces; its place counts all that passed."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.place = 0

    def writable(self) -> bool:
        """Say that it takes bytes."""
        return True

    def tell(self) -> int:
        """Count the bytes so far; Parquet's footer says where each row group begins."""
        return self.place

    def write(self, piece: Any) -> int:  # noqa: ANN401  (any buffer)
        """Take some bytes."""
        taken = bytes(piece)
        self.pieces.append(taken)
        self.place += len(taken)
        return len(taken)

    def drained(self) -> bytes:
        """Hand on what has come since the last time."""
        pieces, self.pieces = self.pieces, []
        return b"".join(pieces)


def parquet(pages: Iterable[tuple[CreditRun, ...]]) -> Iterator[bytes]:
    """Write runs as Parquet, a row group for each page, and give its bytes as they come."""
    sink = _Sink()
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd") as writer:
        for page in pages:
            writer.write_table(pa.Table.from_pylist([asdict(run) for run in page], SCHEMA))
            yield sink.drained()
    yield sink.drained()
