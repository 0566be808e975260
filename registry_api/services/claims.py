"""Whether the land of an issuance is free: one piece of land, pool and period backs one claim.

The database refuses the same plot or the same boundary twice; land that merely overlaps other
claimed land is found here, inside the issuing transaction.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import Plot, PlotContribution, PlotVersion
from registry_api.errors import AlreadyIssued

POOL = "woody_biomass"


def refuse_claimed_land(
    session: Session,
    plots: Sequence[PlotVersion],
    *,
    start: date,
    end: date,
    overlap_max_fraction: float,
) -> None:
    """Insist that no part of these plots has been credited for any part of the period.

    Args:
        session: The issuing transaction.
        plots: Boundaries of the plots to be credited.
        start: First day of the period.
        end: Day after its last.
        overlap_max_fraction: Share of a plot's area that may lie in another [1].

    Raises:
        AlreadyIssued: Naming the plots and what they lie in.
    """
    import shapely  # a tenth of a second that the API's start-up can do without

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
    wanted = shapely.from_wkb([plot.boundary_wkb for plot in plots])
    tree = shapely.STRtree(taken)
    overlaps = []
    for mine, theirs in tree.query(wanted, predicate="intersects").T:
        shared = shapely.area(shapely.intersection(wanted[mine], taken[theirs]))
        smaller = min(shapely.area(wanted[mine]), shapely.area(taken[theirs]))
        if shared > overlap_max_fraction * smaller:
            overlaps.append((plots[mine].plot_key, rivals[theirs][1]))
    if overlaps:
        names = dict(
            session.execute(
                select(Plot.id, Plot.plot_id).where(Plot.id.in_({key for key, _ in overlaps}))
            ).all()
        )
        said = sorted({f"{names[key]} (in {project})" for key, project in overlaps})
        raise AlreadyIssued(
            f"Land is credited for part of {start} to {end} already: {', '.join(said[:10])}.",
            plots=said,
        )
