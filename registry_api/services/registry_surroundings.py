"""What the registry knows around plots, in the shape that screening asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from registry_api.db.models import Plot, PlotExit, PlotUpload, PlotVersion
from registry_api.services import contested_ground, contests, excluded_areas
from registry_api.services.latest import newest_plots
from registry_api.services.neighbours import neighbours
from registry_api.settings import Settings

if TYPE_CHECKING:
    from mrv.plots.rules import PlotRules
    from mrv.plots.screen import ScreenedPlots
    from mrv.plots.surroundings import LostTrees, Shapes, Surroundings


@dataclass(frozen=True, slots=True)
class Known:
    """What was known when screening began.

    Attributes:
        surroundings: For screening; asks the session it was made with.
        newest_version_id: Whatever was registered after it was not known yet.
        left: Plots of the project that left -> when.
        upheld: Contests of the project with success over a plot by itself: plot id, code and the
            boundary contested.
    """

    surroundings: "Surroundings"
    newest_version_id: int
    left: Mapping[str, date]
    upheld: tuple["contests.Upheld", ...]


def known(session: Session, settings: Settings, upload: PlotUpload) -> Known:
    """Look around from one state of the registry, which stays while the session is open."""
    from mrv.plots.surroundings import Surroundings

    project_id = upload.project_id
    newest = session.scalars(select(func.max(PlotVersion.id))).one() or 0
    left = left_plots(session, project_id)
    return Known(
        surroundings=Surroundings(
            project_id=project_id,
            neighbours=lambda boxes: neighbours(session, boxes),
            excluded=excluded_areas.in_force(session),
            lost_trees=_lost_trees(settings),
            settled=contested_ground.settled(session, project_id),
            left=left,
            superseded=_drawn_since(session, upload),
            named_by_shape=_named_by_shape(session, project_id),
        ),
        newest_version_id=newest,
        left=left,
        upheld=contests.upheld(session, project_id),
    )


def _drawn_since(session: Session, upload: PlotUpload) -> frozenset[str]:
    """Find the project's plots whose newest boundary came after a file that is screened again."""
    newest = newest_plots()
    came = func.coalesce(PlotUpload.received_at, newest.recorded_at)
    rows = session.scalars(
        select(Plot.plot_id)
        .join(newest, newest.plot_key == Plot.id)
        .outerjoin(PlotUpload, PlotUpload.id == newest.upload_id)
        .where(
            Plot.project_id == upload.project_id,
            or_(newest.upload_id.is_(None), newest.upload_id != upload.id),
            came > upload.received_at,
        )
    )
    return frozenset(rows)


def _named_by_shape(session: Session, project_id: str) -> frozenset[str]:
    """Find names of the shorter kind that shapes were given before."""
    from mrv.plots.places import OLD_NAME_LENGTH

    rows = session.scalars(
        select(Plot.plot_id).where(
            Plot.project_id == project_id,
            Plot.plot_id.startswith("geo-"),
            func.length(Plot.plot_id) == OLD_NAME_LENGTH,
        )
    )
    return frozenset(rows)


def left_plots(session: Session, project_id: str) -> dict[str, date]:
    """Give the plots of a project that left, and when."""
    rows = session.execute(
        select(Plot.plot_id, PlotExit.left_on)
        .join(PlotExit, PlotExit.plot_key == Plot.id)
        .where(Plot.project_id == project_id)
    )
    return {row.plot_id: row.left_on for row in rows}


def is_overtaken(
    session: Session, project_id: str, screened: "ScreenedPlots", rules: "PlotRules", since: Known
) -> bool:
    """Say whether land that screening found free has been registered by somebody meanwhile."""
    import numpy as np
    import shapely

    from mrv.plots.overlap import overlaps

    shapes = screened.plots.geometry.to_numpy()
    near = neighbours(session, shapely.bounds(shapes), after=since.newest_version_id)
    if not len(near.asked):
        return False
    # A plot of this project that the file brings is replaced by it, whatever it was meanwhile.
    brought = set(screened.plots["plot_id"])
    others = np.array(
        [
            project != project_id or plot not in brought
            for project, plot in zip(near.project_id, near.plot_id, strict=True)
        ]
    )
    return any(others[one.neighbour] for one in overlaps(shapes, near, rules=rules))


def _lost_trees(settings: Settings) -> "Callable[[Shapes], LostTrees] | None":
    if settings.loss_raster is None:
        return None
    from mrv.sources.loss_years import loss_reader

    return loss_reader(settings.loss_raster, product=settings.loss_product)
