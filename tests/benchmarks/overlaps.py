"""Plots that share ground with a million others: in memory, and in PostgreSQL's own index.

In memory a tree of boxes is built over registered plots and exact areas are computed by GEOS. The
peer asks the same of PostgreSQL: boxes in a GiST index, with PostGIS where the server has it; the
wheel's server has not, and then the boxes it finds are judged by the same GEOS.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray

from tests.benchmarks.ratios import QUICK, Comparison, Target, wall_seconds
from tests.benchmarks.uploads import make_land
from tests.registry_api.db.a_postgres import a_postgres, programs

REGISTERED, NEW = (50_000, 2_500) if QUICK else (1_000_000, 50_000)
_LEAST_DEGREE2 = 1.0 / 111_320.0**2  # one square metre

Shapes = NDArray[np.object_]
Opened = psycopg.Connection[tuple[Any, ...]]


def comparisons(home: Path) -> Iterator[Comparison]:
    """Make the land once, load it into the database, and ask both ways."""
    land = _land(home / "overlaps")
    registered, new = land["registered"], land["new"]
    with_postgis = programs("postgis")
    with (
        a_postgres(with_postgis) as url,
        _loaded(url, registered, postgis=bool(with_postgis)) as db,
    ):
        theirs = _postgis if with_postgis else _boxes

        def ours() -> int:
            tree = shapely.STRtree(registered)
            later, earlier = tree.query(new, predicate="intersects")
            return _count(new[later], registered[earlier])

        def peer() -> int:
            return theirs(db, registered, new)

        found = ours(), peer()
        yield Comparison(
            what=f"overlaps of {len(new):,} plots with {len(registered):,}, our index built anew",
            peer="PostGIS, its index ready" if with_postgis else "PostgreSQL's boxes, then GEOS",
            ours=lambda: wall_seconds(ours),
            theirs=lambda: wall_seconds(peer),
            agreement=f"{found[0]:,} and {found[1]:,} pairs share more than a square metre",
            target=Target(19, 1.0) if with_postgis else None,
            clock="wall",
        )


def _land(folder: Path) -> dict[str, Shapes]:
    """Invent the plots, or read those of an earlier run."""
    kept = folder / f"land-{REGISTERED}-{NEW}.npz"
    if not kept.exists():
        made = make_land(REGISTERED, NEW)
        folder.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(".draft.npz")
        np.savez(
            draft,
            **{name: np.array(shapely.to_wkb(getattr(made, name)).tolist(), dtype=np.bytes_)
               for name in ("registered", "new")},
        )  # fmt: skip
        draft.replace(kept)
    with np.load(kept) as held:
        return {name: shapely.from_wkb(held[name].astype(object)) for name in held}


@contextmanager
def _loaded(url: str, registered: Shapes, *, postgis: bool) -> Iterator[Opened]:
    """Load the registered plots with their index."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as db:
        db.execute("SET max_parallel_workers_per_gather = 0")
        if postgis:
            db.execute("CREATE EXTENSION postgis")
            db.execute("CREATE TABLE registered (id int, shape geometry(Polygon, 4326))")
            db.execute("CREATE TABLE new (id int, shape geometry(Polygon, 4326))")
            _copy_shapes(db, "registered", registered)
        else:
            db.execute("CREATE TABLE registered (id int, extent box)")
            with db.cursor().copy("COPY registered FROM STDIN") as copy:
                for row, (west, south, east, north) in enumerate(shapely.bounds(registered)):
                    copy.write_row((row, f"({west},{south}),({east},{north})"))
        column = "shape" if postgis else "extent"
        db.execute(f"CREATE INDEX ON registered USING gist ({column})".encode())
        db.execute("ANALYZE registered")
        yield db


def _postgis(db: Opened, _registered: Shapes, new: Shapes) -> int:
    """Load the new plots and let the database compute everything."""
    db.execute("TRUNCATE new")
    _copy_shapes(db, "new", new)
    db.execute("ANALYZE new")
    asked = db.execute(
        "SELECT count(*) FROM new n JOIN registered r ON ST_Intersects(n.shape, r.shape) "
        "WHERE ST_Area(ST_Intersection(n.shape, r.shape)) > %s",
        (_LEAST_DEGREE2,),
    ).fetchone()
    return int(asked[0]) if asked else 0


def _copy_shapes(db: Opened, table: str, shapes: Shapes) -> None:
    hexed = shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True)
    with db.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for row in enumerate(hexed):
            copy.write_row(row)


def _boxes(db: Opened, registered: Shapes, new: Shapes) -> int:
    """Find boxes that touch in the database, and judge them here."""
    boxes = [f"({w},{s}),({e},{n})" for w, s, e, n in shapely.bounds(new)]
    rows = db.execute(
        "SELECT a.asked - 1, r.id FROM unnest(%s::text[]) WITH ORDINALITY a(extent, asked) "
        "JOIN registered r ON r.extent && a.extent::box",
        (boxes,),
    ).fetchall()
    later, earlier = np.array(rows, np.int64).reshape(-1, 2).T
    touching = shapely.intersects(new[later], registered[earlier])
    return _count(new[later[touching]], registered[earlier[touching]])


def _count(one: Shapes, other: Shapes) -> int:
    return int((shapely.area(shapely.intersection(one, other)) > _LEAST_DEGREE2).sum())
