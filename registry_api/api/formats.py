"""Credits in the format that a reader's program takes: JSON by page, or all at once as a stream.

A stream reads page after page, each in a transaction of its own, all as of the same entry of the
ledger: it keeps neither the database waiting nor many rows in memory.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from typing import Any, Literal

from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter
from pydantic_core import to_json
from starlette.requests import Request

from registry_api.api.geojson import MEDIA_TYPE as GEOJSON
from registry_api.services.credit_runs import CreditRun

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
Pages = Iterator[tuple[CreditRun, ...]]
Places = Callable[[], dict[str, tuple[float, float]]]
Format = Literal["json", "csv", "geojson", "parquet"]
_NAMES = tuple(field.name for field in fields(CreditRun))
_ENDINGS = {CSV: "csv", GEOJSON: "geojson", PARQUET: "parquet"}
_BY_NAME: dict[Format, str] = {
    "json": JSON,
    "csv": CSV,
    "geojson": GEOJSON,
    "parquet": PARQUET,
}
_RUN: TypeAdapter[CreditRun] = TypeAdapter(CreditRun)


def told(value: Any, headers: dict[str, str] | None = None) -> Response:  # noqa: ANN401  (any view)
    """Write an answer of the services as JSON.

    Its shape is held by the tests; to take it apart and check it again, as FastAPI does, would
    take most of the time of a page of runs.
    """
    return Response(_writer(value.__class__).dump_json(value), media_type=JSON, headers=headers)


@cache
def _writer(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def described(responses: dict[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    """Add the streams to the description of an answer that is JSON by default."""
    as_file: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    as_text: dict[str, Any] = {"schema": {"type": "string"}}
    streams = {CSV: as_text, GEOJSON: {"schema": {"type": "object"}}, PARQUET: as_file}
    return {
        status: answer | {"content": answer["content"] | streams}
        for status, answer in responses.items()
    }


def asked_for(request: Request, named: Format | None = None) -> str:
    """Choose the format: the one named in the address, else the first that `Accept` names.

    A browser that follows a link cannot say what it accepts, so the address may. Without either, or
    where `Accept` names none that there is, it is JSON.
    """
    if named is not None:
        return _BY_NAME[named]
    for part in request.headers.get("accept", "").split(","):
        media_type = part.partition(";")[0].strip().lower()
        if media_type == JSON or media_type in _ENDINGS:
            return media_type
    return JSON


def streamed(media_type: str, pages: Pages, places: Places) -> Response:
    """Write all runs of a search as CSV, GeoJSON or Parquet.

    Args:
        media_type: One of them.
        pages: The runs.
        places: Gives the middle of each project's coarse cells, longitude before latitude [degree].
    """
    if media_type == GEOJSON:
        body = _geojson(pages, places())
    else:
        body = _csv(pages) if media_type == CSV else _parquet(pages)
    return StreamingResponse(
        body,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="credits.{_ENDINGS[media_type]}"',
            "Vary": "Accept",
        },
    )


def _csv(pages: Pages) -> Iterator[bytes]:
    """Write a header and a line for each run (RFC 4180)."""
    told = io.StringIO(newline="")
    writer = csv.DictWriter(told, _NAMES)
    writer.writeheader()
    for page in pages:
        for run in page:
            writer.writerow(_RUN.dump_python(run, mode="json"))
        yield told.getvalue().encode()
        told.seek(0)
        told.truncate()
    yield told.getvalue().encode()


def _geojson(pages: Pages, places: dict[str, tuple[float, float]]) -> Iterator[bytes]:
    """Write a feature for each run, in the middle of its project's coarse cells (RFC 7946)."""
    before = b'{"type":"FeatureCollection","features":[\n'
    for page in pages:
        for run in page:
            place = places.get(run.project_id)
            yield before + to_json(
                {
                    "type": "Feature",
                    "id": run.id,
                    "geometry": place and {"type": "Point", "coordinates": place},
                    "properties": run,
                }
            )
            before = b",\n"
    yield (before if before.startswith(b"{") else b"") + b"\n]}\n"


def _parquet(pages: Pages) -> Iterator[bytes]:
    """Write a row group for each page."""
    from registry_api.services.credit_tables import parquet  # brings pyarrow

    return parquet(pages)
