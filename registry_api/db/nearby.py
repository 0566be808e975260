"""Which plots in force lie near: boxes asked of the index `plot_boxes`, all in one go.

SQLite answers from an R*Tree, PostgreSQL from a GiST index; triggers keep both (migration 0004).
Both may find a box that only nearly touches, so the exact box of the version has the last word.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

Box = Sequence[float]  # west, south, east, north [degree]

_BOXES_PER_QUESTION = 20_000
_NOWHERE = [1e3, 1e3, 1e3, 1e3]  # JSON has no NaN

# The boxes go in as one parameter; CROSS JOIN keeps SQLite from asking the plots for the boxes.
_SQLITE = text(
    """
    SELECT a.key AS asked, v.plot_key, v.id AS version_id
    FROM json_each(:boxes) a
    CROSS JOIN plot_boxes b
      ON b.west <= json_extract(a.value, '$[2]') AND b.east >= json_extract(a.value, '$[0]')
     AND b.south <= json_extract(a.value, '$[3]') AND b.north >= json_extract(a.value, '$[1]')
    CROSS JOIN plot_versions v ON v.id = b.version_id
    WHERE v.id > :after
      AND v.west <= json_extract(a.value, '$[2]') AND v.east >= json_extract(a.value, '$[0]')
      AND v.south <= json_extract(a.value, '$[3]') AND v.north >= json_extract(a.value, '$[1]')
    ORDER BY asked, v.plot_key
    """
)
_POSTGRESQL = text(
    """
    SELECT a.asked, v.plot_key, v.id AS version_id
    FROM (SELECT ordinality - 1 AS asked, (value->>0)::float8 AS west, (value->>1)::float8 AS south,
                 (value->>2)::float8 AS east, (value->>3)::float8 AS north
          FROM json_array_elements(CAST(:boxes AS json)) WITH ORDINALITY) a
    JOIN plot_boxes b ON b.extent && box(point(a.west, a.south), point(a.east, a.north))
    JOIN plot_versions v ON v.id = b.version_id
    WHERE v.id > :after
      AND v.west <= a.east AND v.east >= a.west AND v.south <= a.north AND v.north >= a.south
    ORDER BY a.asked, v.plot_key
    """
)


@dataclass(frozen=True, slots=True)
class Near:
    """That the box of a plot in force touches a box that was asked about.

    Attributes:
        asked: Position of the box in the question.
        version_id: The plot's version in force.
    """

    asked: int
    plot_key: int
    version_id: int


def plots_near(session: Session, boxes: Sequence[Box], *, after: int = 0) -> Iterator[Near]:
    """Find the plots in force whose box touches each of some boxes, edges included.

    Args:
        session: A transaction.
        boxes: One that is not finite touches nothing.
        after: Only versions registered after the one of this id.
    """
    statement = _SQLITE if session.get_bind().dialect.name == "sqlite" else _POSTGRESQL
    for first in range(0, len(boxes), _BOXES_PER_QUESTION):
        part = [_askable(box) for box in boxes[first : first + _BOXES_PER_QUESTION]]
        rows = session.execute(statement, {"boxes": json.dumps(part), "after": after})
        for asked, plot_key, version_id in rows:
            yield Near(first + asked, plot_key, version_id)


def _askable(box: Box) -> list[float]:
    edges = [float(edge) for edge in box]
    return edges if all(map(math.isfinite, edges)) else _NOWHERE
