"""When the satellite looks: dates in the dry and wet window of each epoch, and their clouds."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from mrv.imagery.composites import nearest_season
from mrv.simulation.randomness import stream
from mrv.simulation.spec import LandscapeSpec

_REVISIT_DAYS = 5
_BASELINE_04 = date(2022, 1, 25)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """One look at the landscape.

    Attributes:
        at: Sensing time (UTC).
        platform: sentinel-2a or sentinel-2b.
        epoch: Index of the epoch it serves.
        season: `dry` or `wet`.
        cloud_fraction: Share of the sky under cloud [1].
    """

    at: datetime
    platform: str
    epoch: int
    season: str
    cloud_fraction: float


def acquisitions(spec: LandscapeSpec, seed: int) -> tuple[Acquisition, ...]:
    """Choose the dates of all scenes, in order of time; every fifth day is a pass."""
    rng = stream(seed, "calendar")
    looks: dict[date, Acquisition] = {}
    phase = int(rng.integers(_REVISIT_DAYS))
    sky = spec.weather
    wanted = [("dry", spec.seasons.dry, sky.dry_scenes, sky.dry_cloud, 0.8)]
    if spec.seasons.wet is not None:
        wanted.append(("wet", spec.seasons.wet, sky.wet_scenes, sky.wet_cloud, 2.0))
    for epoch, day in enumerate(spec.epochs):
        for season, window, count, cloud, shape in wanted:
            for when in _passes(*nearest_season(day, window), phase, count):
                fraction = float(rng.beta(shape, shape * (1 - cloud) / cloud))
                looks.setdefault(when, _look(spec, when, epoch, season, min(fraction, 0.95)))
    return tuple(looks[day] for day in sorted(looks))


def _passes(first: date, last: date, phase: int, count: int) -> list[date]:
    """Choose some of the passes of a window, evenly."""
    days = [
        first + timedelta(days=k)
        for k in range((last - first).days + 1)
        if (first.toordinal() + k) % _REVISIT_DAYS == phase
    ]
    chosen = np.unique(np.linspace(0, len(days) - 1, min(count, len(days))).round().astype(int))
    return [days[k] for k in chosen]


def _look(spec: LandscapeSpec, day: date, epoch: int, season: str, cloud: float) -> Acquisition:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    sensed = midnight + timedelta(hours=10.5 - spec.centre[0] / 15, seconds=day.toordinal() % 60)
    platform = "sentinel-2a" if day.toordinal() // _REVISIT_DAYS % 2 == 0 else "sentinel-2b"
    return Acquisition(sensed.replace(microsecond=0), platform, epoch, season, cloud)


def processing_baseline(spec: LandscapeSpec, day: date) -> str:
    """Name the processing baseline that a scene of that day would have in the collection."""
    if spec.collection == "sentinel-2-c1-l2a":
        return "05.00" if day < date(2023, 12, 13) else "05.10"
    if day < _BASELINE_04:
        return "02.14" if day < date(2021, 3, 30) else "03.01"
    return "04.00" if day < date(2022, 12, 6) else "05.09" if day < date(2023, 12, 13) else "05.10"
