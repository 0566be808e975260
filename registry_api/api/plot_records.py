"""One plot as its people see it: the boundaries it has had, who farms it, and that it left."""

import re
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from registry_api.api.examples import example
from registry_api.api.parameters import (
    ForgetReason,
    Paged,
    PlotPath,
    ProjectId,
    Purpose,
    link_next,
)
from registry_api.deps import Caller, ReadSession, SettingsDep, WriteSession
from registry_api.services import people, plot_history, private_reads
from registry_api.services.upload_views import BoundaryVersion, FarmerView, PlotExit, PrivateRead
from registry_api.services.views import Page

router = APIRouter(tags=["plots and people"])
_PLOT = "/projects/{project_id}/plots/{plot_id:path}"
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(stated: object) -> date:
    if not isinstance(stated, str) or not _ISO_DAY.fullmatch(stated):
        raise ValueError("a date reads YYYY-MM-DD")
    return date.fromisoformat(stated)


class LeaveRequest(BaseModel):
    """That a plot leaves."""

    model_config = ConfigDict(extra="forbid", strict=True)

    left_on: Annotated[
        date, BeforeValidator(_day), Field(description="its first day outside the programme")
    ]
    reason: Annotated[
        str, Field(min_length=1, max_length=2_000, examples=["The land was sold in March."])
    ]


@router.get(_PLOT + "/versions", summary="Boundaries of a plot", responses=example("plot_versions"))
def list_versions(
    session: ReadSession,
    settings: SettingsDep,
    project_id: ProjectId,
    plot_id: PlotPath,
    caller: Caller,
    query: Purpose,
) -> tuple[BoundaryVersion, ...]:
    """Show every boundary a plot has had, newest first, and which issuances stand on each."""
    return plot_history.versions(
        session, settings, project_id, plot_id, by=caller, purpose=query.purpose
    )


@router.post(
    _PLOT + "/leave",
    status_code=status.HTTP_201_CREATED,
    summary="Let a plot leave the programme",
    responses=example("plot_exit", status=201),
)
def leave_programme(
    session: WriteSession,
    project_id: ProjectId,
    plot_id: PlotPath,
    body: LeaveRequest,
    caller: Caller,
) -> PlotExit:
    """Record that a plot left, and why. Needs the key of the project's developer.

    What was credited stands; no later estimate counts the plot.
    """
    return plot_history.leave(session, project_id, plot_id, body.left_on, body.reason, by=caller)


@router.get(_PLOT + "/farmer", summary="Who farms a plot", responses=example("farmer"))
def get_farmer(
    session: WriteSession,
    settings: SettingsDep,
    project_id: ProjectId,
    plot_id: PlotPath,
    caller: Caller,
    query: Purpose,
) -> FarmerView:
    """Show name and phone. Everyone states a purpose, and every look is logged with it."""
    return people.farmer(session, settings, project_id, plot_id, by=caller, purpose=query.purpose)


@router.delete(
    _PLOT + "/farmer",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Forget who farms a plot",
)
def forget_farmer(
    session: WriteSession,
    settings: SettingsDep,
    project_id: ProjectId,
    plot_id: PlotPath,
    caller: Caller,
    query: ForgetReason,
) -> None:
    """Remove name and phone for good, as a farmer may ask. Needs the key of the developer.

    The files that may name the farmer are erased; their digests and all that was decided stay.
    """
    people.forget(session, settings, project_id, plot_id, query.reason, by=caller)


@router.get(
    "/projects/{project_id}/private-reads",
    summary="Who looked at what is private",
    responses=example("private_reads"),
)
def list_private_reads(
    request: Request,
    response: Response,
    session: ReadSession,
    project_id: ProjectId,
    caller: Caller,
    query: Paged,
) -> Page[PrivateRead]:
    """List the looks at a project's exact boundaries and people, newest first."""
    page = private_reads.reads(
        session, project_id, by=caller, limit=query.limit, cursor=query.cursor
    )
    return link_next(request, response, page)
