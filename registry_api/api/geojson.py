"""The shapes of GeoJSON answers (RFC 7946): cells of plots, never boundaries."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Longitude = Annotated[float, Field(ge=-180, le=180, description="[degree, WGS 84]")]
Latitude = Annotated[float, Field(ge=-90, le=90, description="[degree, WGS 84]")]
Corner = tuple[Longitude, Latitude]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Cell(_Part):
    """The coarse cell that a plot lies in."""

    type: Literal["Polygon"]
    coordinates: tuple[tuple[Corner, Corner, Corner, Corner, Corner]]


class PlotProperties(_Part):
    """What the public may know of a plot."""

    plot_id: str
    project_id: str
    stratum: str
    role: str
    area_band: str
    commitment: str = Field(description="salted digest of the boundary behind the cell")


class PlotCell(_Part):
    """One plot."""

    type: Literal["Feature"]
    id: str
    geometry: Cell
    properties: PlotProperties


class PlotCells(_Part):
    """A project's plots."""

    type: Literal["FeatureCollection"]
    features: list[PlotCell]
