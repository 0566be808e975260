"""Ground that a contest is about: with which plots it was contested, and which may share it since.

A verifier decides about two plots as they are on the day the contest is filed. Who registers later
on the same ground, or moves a boundary onto more of it, was never looked at.
"""

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mrv.methodologies import load_methodology
from registry_api.db.models import Contest, ContestDecision, ContestRival
from registry_api.services import projects
from registry_api.services.neighbours import neighbours

if TYPE_CHECKING:
    from mrv.plots.surroundings import Stake

_MINOR = ("shared_edge", "sliver")  # these are cut and never refused


def is_about_ground(code: str) -> bool:
    """Say whether a finding is about two plots, so that a contest of it is about both."""
    from mrv.plots.shared_ground import CONTESTED_WITH_A_RIVAL

    return code in CONTESTED_WITH_A_RIVAL


def rivals(
    session: Session,
    project_id: str,
    plot_id: str,
    boundary: bytes,
    features: Any,  # noqa: ANN401  (a table; the registry does not import pandas)
) -> list[ContestRival]:
    """Find the plots with which a refused one shares ground: registered ones, and in its file.

    Args:
        session: A transaction.
        project_id: Whose plot was refused.
        plot_id: Its name.
        boundary: As it was refused [WKB].
        features: Of the report: plot_id, verdict and geometry [WKB].
    """
    import numpy as np
    import shapely

    from mrv.plots.overlap import overlaps, overlaps_of
    from mrv.plots.rules import PlotRules

    methodology = projects.stated(session, project_id).methodology
    rules = PlotRules.of(load_methodology(methodology.id, methodology.version))
    mine = np.array([shapely.make_valid(shapely.from_wkb(boundary))], dtype=object)
    near = neighbours(session, shapely.bounds(mine))
    found = {
        (near.project_id[one.neighbour], near.plot_id[one.neighbour]): near.shape[one.neighbour]
        for one in overlaps(mine, near, rules=rules)
        if one.kind not in _MINOR
    }
    went_in = features[features["verdict"] != "refused"]
    beside = shapely.from_wkb(went_in["geometry"].to_numpy(dtype=object))
    names, every = went_in["plot_id"].tolist(), np.arange(len(beside))
    for one in overlaps_of(mine, beside, np.zeros(len(beside), dtype=np.int64), every, rules=rules):
        if one.kind not in _MINOR:
            found.setdefault((project_id, names[one.neighbour]), beside[one.neighbour])
    found.pop((project_id, plot_id), None)  # its own boundary in force is no rival
    return [
        ContestRival(project_id=project, plot_id=plot, boundary_wkb=shapely.to_wkb(shape))
        for (project, plot), shape in sorted(found.items(), key=lambda one: one[0])
    ]


def is_about(session: Session, contest: Contest) -> list[tuple[str, str, bytes]]:
    """Give the plots a contest was filed about: project, plot and boundary [WKB]."""
    rows = session.scalars(
        select(ContestRival)
        .where(ContestRival.contest_id == contest.id)
        .order_by(ContestRival.project_id, ContestRival.plot_id)
    )
    return [(row.project_id, row.plot_id, row.boundary_wkb) for row in rows]


def settled(session: Session, project_id: str) -> tuple[tuple["Stake", "Stake"], ...]:
    """Give the pairs of plots that may share ground, of which one is this project's."""
    import shapely

    from mrv.plots.surroundings import Stake

    rows = session.execute(
        select(Contest, ContestRival)
        .join(ContestDecision, ContestDecision.contest_id == Contest.id)
        .join(ContestRival, ContestRival.contest_id == Contest.id)
        .where(
            ContestDecision.upheld,
            or_(Contest.project_id == project_id, ContestRival.project_id == project_id),
        )
        .order_by(Contest.filed_at, Contest.id, ContestRival.project_id, ContestRival.plot_id)
    )
    return tuple(
        (
            Stake(contest.project_id, contest.plot_id, shapely.from_wkb(contest.boundary_wkb)),
            Stake(rival.project_id, rival.plot_id, shapely.from_wkb(rival.boundary_wkb)),
        )
        for contest, rival in rows
    )
