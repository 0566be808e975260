"""Which column of an upload is which of ours: stated, saved with earlier files, or guessed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import ColumnMapping
from registry_api.services import clock
from registry_api.services.canonical import canonical_json, sha256_of_text
from registry_api.services.upload_views import ColumnGuess, ColumnsView

_SAMPLES_SHOWN = 5
_LONGEST_SAMPLE = 60
_SAVED = "saved with an earlier file"
_PROJECT = "project.toml says so"
_STATED = "as you mapped it"
_ID = "plot_id"


@dataclass(frozen=True, slots=True)
class Understood:
    """How the columns of one file are understood.

    Attributes:
        columns: Our column -> theirs, of those that were found; "" for one that somebody left out.
        header_sha256: Of the names of the file's columns.
        asks_for_id: Whether there are columns, none seems to name the plots, and nobody has said
            that none does.
        view: The same for a person.
    """

    columns: Mapping[str, str]
    header_sha256: str
    asks_for_id: bool
    view: ColumnsView


def understand(
    session: Session,
    project_id: str,
    frame: Any,  # noqa: ANN401  (a GeoDataFrame; the registry does not import geopandas)
    *,
    stated: Mapping[str, str],
    by_project: Mapping[str, str],
) -> Understood:
    """Find out which column is which.

    Args:
        session: A transaction.
        project_id: Whose file it is.
        frame: The file as it was read.
        stated: What was asked for with this run; "" leaves a column of ours out.
        by_project: What project.toml states; columns that the file does not have are passed over.
    """
    from mrv.plots.mapping import ALL_COLUMNS, guess_columns, samples_of
    from mrv.plots.mending import PREFIX
    from mrv.sources.boundaries import GEOMETRY_CRS, GEOMETRY_NOTE, GEOMETRY_PROBLEM

    ours = [GEOMETRY_CRS, GEOMETRY_NOTE, GEOMETRY_PROBLEM]
    ours += [name for name in map(str, frame.columns) if name.startswith(PREFIX)]  # sent to mend
    attributes = frame.drop(columns=[frame.geometry.name, *ours], errors="ignore")
    theirs = [str(name) for name in attributes.columns]
    header = sha256_of_text(canonical_json(sorted(theirs)))
    samples = samples_of(attributes)
    said = {
        **{k: (v, _PROJECT) for k, v in by_project.items() if v in theirs},
        **{k: (v, _SAVED) for k, v in _saved(session, project_id, header).items()},
        **{k: (v, _STATED) for k, v in stated.items()},
    }
    taken = {column for column, _why in said.values()}
    guesses = guess_columns([name for name in theirs if name not in taken], samples)
    found = {guess.ours: (guess.theirs, guess.why) for guess in guesses} | said
    private = {found[column.name][0] for column in ALL_COLUMNS if column.private}
    return Understood(
        columns={ours: column for ours, (column, _why) in found.items() if column or ours in said},
        header_sha256=header,
        asks_for_id=bool(theirs) and not found[_ID][0] and _ID not in said,
        view=ColumnsView(
            guesses=tuple(
                ColumnGuess(
                    ours=column.name,
                    meaning=column.meaning,
                    theirs=found[column.name][0],
                    why=found[column.name][1],
                    required=column.required,
                    private=column.private,
                )
                for column in ALL_COLUMNS
            ),
            theirs={name: _shown([] if name in private else samples[name]) for name in theirs},
        ),
    )


def as_json(view: ColumnsView) -> bytes:
    """Write the columns of a file down, as `from_json` reads them."""
    return canonical_json(asdict(view)).encode()


def from_json(data: bytes) -> ColumnsView:
    """Read what `as_json` wrote."""
    held = json.loads(data)
    return ColumnsView(
        tuple(ColumnGuess(**guess) for guess in held["guesses"]),
        {theirs: tuple(samples) for theirs, samples in held["theirs"].items()},
    )


def save(session: Session, project_id: str, mapping: Understood) -> None:
    """Keep a mapping for files of this project with the same columns."""
    if _saved(session, project_id, mapping.header_sha256) == mapping.columns:
        return
    session.add(
        ColumnMapping(
            project_id=project_id,
            header_sha256=mapping.header_sha256,
            columns=canonical_json(dict(mapping.columns)),
            saved_at=clock.now(),
        )
    )
    session.flush()


def _saved(session: Session, project_id: str, header_sha256: str) -> dict[str, str]:
    text = session.scalars(
        select(ColumnMapping.columns)
        .where(ColumnMapping.project_id == project_id, ColumnMapping.header_sha256 == header_sha256)
        .order_by(ColumnMapping.id.desc())
        .limit(1)
    ).first()
    saved: dict[str, str] = json.loads(text) if text else {}
    return saved


def _shown(samples: Sequence[str]) -> tuple[str, ...]:
    distinct = dict.fromkeys(sample[:_LONGEST_SAMPLE] for sample in samples)
    return tuple(distinct)[:_SAMPLES_SHOWN]
