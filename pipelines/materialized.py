"""How a stage reports what it made: the file's digest is the asset's data version."""

import dagster as dg

from pipelines.shelf import Note

Metadata = str | int | float | bool | dg.MetadataValue


def materialized(note: Note, **metadata: Metadata) -> dg.MaterializeResult[None]:
    """Report a file; what depends on it is stale exactly when its content changed."""
    facts: dict[str, Metadata] = {"sha256": note.sha256, "media_type": note.media_type}
    if note.rows is not None:
        facts["dagster/row_count"] = note.rows
    return dg.MaterializeResult(data_version=dg.DataVersion(note.sha256), metadata=facts | metadata)
