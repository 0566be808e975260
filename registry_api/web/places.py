"""What the maps show and the tables beside them count: coarse cells, never a boundary.

GeoJSON here is only for drawing; the same as data is served under `/v1`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from gettext import NullTranslations
from typing import Any

from registry_api.services.views import PlotCell, ProjectCard

GeoJSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StratumRow:
    """How many plots of one stratum and role there are, in all and by band of area."""

    stratum: str
    role: str
    plots: int
    by_band: Counter[str]


def projects(cards: Iterable[ProjectCard], texts: NullTranslations) -> GeoJSON:
    """Place each project in the middle of its cells; the more credits, the larger."""
    placed = [card for card in cards if card.longitude is not None and card.latitude is not None]
    most = max((card.credits_t for card in placed), default=0) or 1
    return _collection(
        _feature(
            "Point",
            [card.longitude, card.latitude],
            name=card.name,
            href=f"/projects/{card.id}",
            weight=card.credits_t / most,
            text=texts.ngettext(
                "%(n)s credit, %(plots)s plots", "%(n)s credits, %(plots)s plots", card.credits_t
            )
            % {"n": card.credits_t, "plots": card.plots},
        )
        for card in placed
    )


def cells(plots: Iterable[PlotCell], texts: NullTranslations) -> GeoJSON:
    """Draw each coarse cell once, with how many plots lie in it."""
    count = Counter((plot.west, plot.south, plot.east, plot.north) for plot in plots)
    most = max(count.values(), default=1)
    return _collection(
        _feature(
            "Polygon",
            [[[w, s], [e, s], [e, n], [w, n], [w, s]]],
            name=str(plots_here),
            title=texts.gettext("Coarse cell"),
            weight=plots_here / most,
            text=texts.ngettext("%(n)s plot lies here", "%(n)s plots lie here", plots_here)
            % {"n": plots_here},
        )
        for (w, s, e, n), plots_here in sorted(count.items())
    )


def by_stratum(plots: Sequence[PlotCell]) -> tuple[list[str], list[StratumRow]]:
    """Count plots by stratum, role and band of area; the bands come in order of size."""
    bands = sorted({plot.area_band for plot in plots}, key=_lower_edge)
    groups: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for plot in plots:
        groups[plot.stratum, plot.role][plot.area_band] += 1
    return bands, [
        StratumRow(stratum, role, count.total(), count)
        for (stratum, role), count in sorted(groups.items())
    ]


def _lower_edge(band: str) -> tuple[float, str]:
    digits = "".join(c if c.isdigit() or c == "." else " " for c in band).split()
    if band.startswith("below"):
        return -1.0, band
    return (float(digits[0]) if digits else float("inf")), band


def _feature(kind: str, coordinates: list[Any], **properties: object) -> GeoJSON:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _collection(features: Iterable[GeoJSON]) -> GeoJSON:
    return {"type": "FeatureCollection", "features": list(features)}
