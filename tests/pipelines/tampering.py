"""What somebody might do to a bundle, and how he would cover it up."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import rfc8785

from mrv.evidence.content import content_digest
from mrv.evidence.crate import EVIDENCE, METADATA, RULES, carried, media_type_of, place_of
from mrv.evidence.digest import bytes_digest
from mrv.evidence.documents import EvidenceDocument

Files = dict[str, bytes]


def table_of(files: Mapping[str, bytes], name: str) -> pd.DataFrame:
    return pq.read_table(io.BytesIO(files[f"{name}.parquet"])).to_pandas()


def with_table(files: Files, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Files:
    """Change a table, keeping its columns as they were stored."""
    before = pq.read_table(io.BytesIO(files[f"{name}.parquet"]))
    after = pa.Table.from_pandas(
        change(before.to_pandas()), schema=before.schema, preserve_index=False
    )
    buffer = io.BytesIO()
    pq.write_table(after, buffer)
    return {**files, f"{name}.parquet": buffer.getvalue()}


def with_json(files: Files, place: str, change: Callable[[Any], None]) -> Files:
    document = json.loads(files[place])
    change(document)
    return {**files, place: rfc8785.dumps(document)}


def mended(files: Files) -> Files:
    """Mend every digest that anybody can mend: of the artifacts, the rules and the crate."""
    document = EvidenceDocument.model_validate_json(files[EVIDENCE])
    held = {artifact.name for artifact in carried(document)}

    def mend(told: dict[str, Any]) -> None:
        for artifact, stated in zip(document.artifacts, told["artifacts"], strict=True):
            data = files.get(place_of(artifact)) if artifact.name in held else None
            if data is not None:
                stated["sha256"] = bytes_digest(data)
                stated["content_sha256"] = content_digest(data, artifact.media_type)
        told["methodology"]["digest"] = bytes_digest(files[RULES])

    return described(with_json(files, EVIDENCE, mend))


def described(files: Files) -> Files:
    """Mend the digests in the crate's own description alone."""

    def mend(told: dict[str, Any]) -> None:
        there = [e for e in told["@graph"] if e.get("@type") != "File" or e["@id"] in files]
        for entity in there:
            if entity.get("@type") == "File":
                data = files[entity["@id"]]
                entity["contentSha256"] = content_digest(data, media_type_of(entity["@id"]))
        told["@graph"] = there

    return with_json(files, METADATA, mend)
