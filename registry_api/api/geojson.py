"""The shapes of GeoJSON answers (RFC 7946): cells of plots for all, boundaries for a few."""

from typing import Annotated, Any, Literal

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

Longitude = Annotated[float, Field(ge=-180, le=180, description="[degree, WGS 84]")]
Latitude = Annotated[float, Field(ge=-90, le=90, description="[degree, WGS 84]")]
Corner = tuple[Longitude, Latitude]


MEDIA_TYPE = "application/geo+json"


class GeoJson(JSONResponse):
    """An answer in GeoJSON; text that is GeoJSON already goes out as it is.

    A service made it and tests hold its shape: to check tens of thousands of features again would
    take longer than to find and to write them.
    """

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:  # noqa: ANN401  # as Starlette has it
        """Give the body."""
        return content if isinstance(content, bytes) else to_json(content, inf_nan_mode="null")


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


class Shape(_Part):
    """A boundary, or whatever a file holds in place of one."""

    type: Literal["Polygon", "MultiPolygon", "LineString", "MultiLineString", "Point", "MultiPoint"]
    coordinates: list[Any] = Field(description="exact, WGS 84, longitude before latitude")


class Shapes(_Part):
    """Several at once, as some files have them."""

    type: Literal["GeometryCollection"]
    geometries: list[Shape]


class PlotShape(_Part):
    """One feature of a file that was sent."""

    type: Literal["Feature"]
    geometry: Shape | Shapes | None = Field(description="null where it could not be placed")
    properties: dict[str, Any] = Field(description="feature, plot_id, and what the address is for")


class PlotShapes(_Part):
    """Features of a file that was sent."""

    type: Literal["FeatureCollection"]
    features: list[PlotShape]
