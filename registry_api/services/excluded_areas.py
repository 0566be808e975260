"""Excluded areas: layers of land where no plot may lie, loaded by the registry's operator."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from registry_api.db import lock_for_writing
from registry_api.db.bulk import insert_rows
from registry_api.db.models import ExcludedArea, ExcludedLayer
from registry_api.errors import NotAcceptable
from registry_api.services import clock

_KINDS = ("protected", "excluded")
_LONGEST_NAME = 120
_LONGEST_AREA_NAME = 200


@dataclass(frozen=True, slots=True)
class ExcludedLayerView:
    """A layer in force.

    Attributes:
        version: Of the layers of this name, from 1.
        areas: How many it has.
    """

    name: str
    version: int
    kind: str
    source: str
    areas: int
    loaded_at: datetime


def load(
    session: Session,
    frame: Any,  # noqa: ANN401  (a GeoDataFrame; the registry does not import geopandas)
    *,
    name: str,
    kind: str,
    source: str,
    name_column: str = "name",
) -> ExcludedLayerView:
    """Take a layer in; it replaces the one of the same name, and the same again changes nothing.

    Args:
        session: The transaction.
        frame: Polygons with a coordinate system; invalid ones are mended.
        name: Of the layer.
        kind: `protected` or `excluded`.
        source: Where it is from, for people.
        name_column: Column with the areas' own names, where there is one.

    Raises:
        NotAcceptable: If there is no area in it, or it does not say where it lies.
    """
    name = name.strip()
    if not 0 < len(name) <= _LONGEST_NAME or kind not in _KINDS:
        raise NotAcceptable(
            f"A layer needs a name of 1 to {_LONGEST_NAME} characters and a kind: "
            f"{' or '.join(_KINDS)}."
        )
    named = _areas(frame, name, name_column)
    digest = hashlib.sha256(f"{kind}\n{source}\n".encode())
    for area, wkb in named:
        digest.update(area.encode() + b"\n" + wkb)
    lock_for_writing(session)
    newest = session.scalars(
        select(ExcludedLayer)
        .where(ExcludedLayer.name == name)
        .order_by(ExcludedLayer.version.desc())
        .limit(1)
    ).first()
    if newest is None or newest.sha256 != digest.hexdigest():
        newest = ExcludedLayer(
            name=name,
            version=newest.version + 1 if newest else 1,
            kind=kind,
            source=source,
            sha256=digest.hexdigest(),
            loaded_at=clock.now(),
        )
        session.add(newest)
        session.flush()
        rows = ({"layer_id": newest.id, "name": area, "area_wkb": wkb} for area, wkb in named)
        insert_rows(session, ExcludedArea, rows)
    return _view(newest, len(named))


def layers(session: Session) -> tuple[ExcludedLayerView, ...]:
    """List the layers in force by name."""
    counted = select(ExcludedArea.layer_id, func.count()).group_by(ExcludedArea.layer_id)
    counts = dict(session.execute(counted).all())
    return tuple(_view(layer, counts.get(layer.id, 0)) for layer in _in_force(session))


def in_force(session: Session) -> Any:  # noqa: ANN401  (a GeoDataFrame)
    """Give every area of the layers in force: name, kind, geometry; None where there is none."""
    rows = {layer.id: layer for layer in _in_force(session)}
    if not rows:
        return None
    import pandas as pd

    from mrv.plots.report import shaped

    areas = session.execute(
        select(ExcludedArea.layer_id, ExcludedArea.name, ExcludedArea.area_wkb)
        .where(ExcludedArea.layer_id.in_(rows))
        .order_by(ExcludedArea.id)
    ).all()
    return shaped(
        pd.DataFrame(
            {
                "name": [area.name for area in areas],
                "kind": [rows[area.layer_id].kind for area in areas],
                "geometry": [area.area_wkb for area in areas],
            }
        )
    )


def _in_force(session: Session) -> list[ExcludedLayer]:
    later = aliased(ExcludedLayer)
    newest = (
        select(func.max(later.version)).where(later.name == ExcludedLayer.name).scalar_subquery()
    )
    return list(
        session.scalars(
            select(ExcludedLayer)
            .where(ExcludedLayer.version == newest)
            .order_by(ExcludedLayer.name)
        )
    )


def _areas(frame: Any, layer: str, name_column: str) -> list[tuple[str, bytes]]:  # noqa: ANN401
    import shapely

    if frame.crs is None:
        raise NotAcceptable(
            f"The layer {layer} does not say in which coordinate system it is; save it in WGS 84."
        )
    placed = frame.to_crs(epsg=4326)
    shapes = shapely.make_valid(shapely.force_2d(placed.geometry.to_numpy()))
    names = placed[name_column] if name_column in placed.columns else [None] * len(placed)
    areas = [
        ("" if name is None or name != name else str(name)[:_LONGEST_AREA_NAME], shape)  # noqa: PLR0124  # NaN
        for name, shape in zip(names, shapes, strict=True)
        if shape is not None and shapely.area(shape) > 0
    ]
    if not areas:
        raise NotAcceptable(f"There is no area in the layer {layer}; it needs polygons.")
    return [(name or layer, shapely.to_wkb(shape)) for name, shape in areas]


def _view(layer: ExcludedLayer, areas: int) -> ExcludedLayerView:
    return ExcludedLayerView(
        name=layer.name,
        version=layer.version,
        kind=layer.kind,
        source=layer.source,
        areas=areas,
        loaded_at=layer.loaded_at,
    )
