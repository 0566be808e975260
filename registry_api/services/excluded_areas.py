"""Excluded areas: layers of land where no plot may lie, loaded by the registry's operator."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session


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
        frame: Polygons with a coordinate system.
        name: Of the layer.
        kind: `protected` or `excluded`.
        source: Where it is from, for people.
        name_column: Column with the areas' own names, where there is one.

    Raises:
        NotAcceptable: If there is no area in it, or it does not say where it lies.
    """
    raise NotImplementedError


def layers(session: Session) -> tuple[ExcludedLayerView, ...]:
    """List the layers in force by name."""
    raise NotImplementedError
