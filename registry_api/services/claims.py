"""Whether the land of an issuance is free: one piece of land, pool and period backs one claim.

The database refuses the same plot or the same boundary twice; land that merely overlaps other
claimed land is found here, inside the issuing transaction.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import Plot, PlotContribution, PlotVersion
from registry_api.errors import AlreadyIssued, EvidenceWrong

if TYPE_CHECKING:
    from mrv.plots.surroundings import Shapes

POOL = "woody_biomass"


def refuse_claimed_land(
    session: Session,
    plots: Sequence[PlotVersion],
    *,
    start: date,
    end: date,
    overlap_max_fraction: float,
) -> None:
    """Insist that no part of these plots is credited twice for any part of the period.

    Screening lets two plots share ground where one of them left, or where a contest was upheld;
    for one period only one of them may count.

    Args:
        session: The issuing transaction.
        plots: Boundaries of the plots to be credited.
        start: First day of the period.
        end: Day after its last.
        overlap_max_fraction: Share of a plot's area that may lie in another [1].

    Raises:
        EvidenceWrong: Naming plots of this issuance that share ground with each other.
        AlreadyIssued: Naming the plots and what they lie in.
    """
    import shapely  # a tenth of a second that the API's start-up can do without

    wanted = shapely.from_wkb([plot.boundary_wkb for plot in plots])
    twice = [(a, b) for a, b in _shared(wanted, wanted, overlap_max_fraction) if a < b]
    if twice:
        names = _names(session, {plots[k].plot_key for pair in twice for k in pair})
        said = sorted(
            " and ".join(sorted(names[plots[k].plot_key] for k in pair)) for pair in twice
        )
        raise EvidenceWrong(
            f"Land would be credited twice for {start} to {end}, by plots on the same ground: "
            f"{', '.join(said[:10])}.",
            plots=said,
        )
    rivals = session.execute(
        select(PlotVersion, Plot.project_id)
        .join(PlotContribution, PlotContribution.plot_version_id == PlotVersion.id)
        .join(Plot, Plot.id == PlotVersion.plot_key)
        .where(
            PlotContribution.pool == POOL,
            PlotContribution.start_on < end,
            PlotContribution.end_on > start,
            PlotVersion.west < max(plot.east for plot in plots),
            PlotVersion.east > min(plot.west for plot in plots),
            PlotVersion.south < max(plot.north for plot in plots),
            PlotVersion.north > min(plot.south for plot in plots),
        )
    ).all()
    if not rivals:
        return
    taken = shapely.from_wkb([rival.boundary_wkb for rival, _project in rivals])
    overlaps = {
        (plots[mine].plot_key, rivals[theirs][1])
        for mine, theirs in _shared(wanted, taken, overlap_max_fraction)
    }
    if overlaps:
        names = _names(session, {key for key, _project in overlaps})
        said = sorted(f"{names[key]} (in {project})" for key, project in overlaps)
        raise AlreadyIssued(
            f"Land is credited for part of {start} to {end} already: {', '.join(said[:10])}.",
            plots=said,
        )


def _shared(mine: "Shapes", theirs: "Shapes", most_fraction: float) -> list[tuple[int, int]]:
    """Find the pairs that share more of the smaller one than the rules take, by exact geometry."""
    import numpy as np
    import shapely

    one, other = shapely.STRtree(theirs).query(mine, predicate="intersects")
    shared = shapely.area(shapely.intersection(mine[one], theirs[other]))
    smaller = np.minimum(shapely.area(mine[one]), shapely.area(theirs[other]))
    grave = shared > most_fraction * smaller
    return list(zip(one[grave].tolist(), other[grave].tolist(), strict=True))


def _names(session: Session, keys: set[int]) -> dict[int, str]:
    rows = session.execute(select(Plot.id, Plot.plot_id).where(Plot.id.in_(keys)))
    return dict(rows.all())
