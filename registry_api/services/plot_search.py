"""Finding a project's plots by name, for its own people; those that left are among them."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry_api.db.models import Plot, PlotExit
from registry_api.services import paging
from registry_api.services.accounts import AccountView
from registry_api.services.latest import has_left, newest_plots
from registry_api.services.project_access import open_to
from registry_api.services.views import Page


@dataclass(frozen=True, slots=True)
class PlotLine:
    """One plot in a list.

    Attributes:
        left_on: Its last day in the programme; None while it takes part.
    """

    plot_id: str
    stratum: str
    role: str
    area_band: str
    left_on: date | None


def plots_named(
    session: Session,
    project_id: str,
    *,
    by: AccountView,
    query: str = "",
    limit: int = 100,
    cursor: str | None = None,
) -> Page[PlotLine]:
    """List plots whose name holds a text, by name.

    Raises:
        NotFound: If there is no such project for this account.
        CursorInvalid: If the cursor is not of this list.
    """
    open_to(session, project_id, by)
    (after,) = paging.decode(cursor, str) or ("",)
    plot = newest_plots()
    rows = session.execute(
        select(
            Plot.plot_id, plot.stratum, plot.role, plot.area_band, PlotExit.left_on.label("left_on")
        )
        .join(plot, plot.plot_key == Plot.id)
        .outerjoin(PlotExit, PlotExit.plot_key == Plot.id)
        .where(Plot.project_id == project_id, Plot.plot_id > after)
        .where(Plot.plot_id.icontains(query, autoescape=True))
        .order_by(Plot.plot_id)
        .limit(limit + 1)
    ).all()
    items = tuple(PlotLine(*row) for row in rows[:limit])
    return Page(items, paging.encode(items[-1].plot_id) if len(rows) > limit else None)


def plots_taking_part(session: Session, project_id: str, *, by: AccountView) -> int:
    """Count the plots that take part.

    Raises:
        NotFound: If there is no such project for this account.
    """
    open_to(session, project_id, by)
    counted = select(func.count(Plot.id)).where(Plot.project_id == project_id, ~has_left())
    return session.scalars(counted).one()
