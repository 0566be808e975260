"""The verifier's desk: assignments, one verification with its forms, a sampled plot, two runs."""

from collections.abc import Callable
from datetime import date
from typing import cast
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mrv.errors import MrvError
from registry_api.db import database
from registry_api.deps import Caller, OwnPage, ReadSession, SettingsDep
from registry_api.errors import NotAcceptable, status_of
from registry_api.services import (
    assignments,
    audit_samples,
    bundles,
    estimates,
    opinions,
    plot_chips,
    plot_sheets,
    recomputations,
    run_changes,
    verification_desk,
    verification_findings,
)
from registry_api.services.accounts import AccountView
from registry_api.services.assignments import Assurance
from registry_api.services.verification_desk import Desk
from registry_api.services.verification_findings import FindingKind
from registry_api.services.views import OpinionKind
from registry_api.settings import Settings
from registry_api.web import trade_forms
from registry_api.web.drawing import draw
from registry_api.web.growth import growth_line
from registry_api.web.looks import indices_of, looks
from registry_api.web.rendering import page
from registry_api.web.trade_forms import SEE_OTHER, Fields

router = APIRouter(include_in_schema=False)
CHANGED_PLOTS_SHOWN = 100


@router.get("/verifications", name="verifications")
def verifications_page(request: Request, session: ReadSession, by: Caller) -> Response:
    """List the verifications that concern the visitor; a registrar assigns here."""
    return _list(request, session, by)


@router.post("/verifications", dependencies=[OwnPage])
def assign(request: Request, settings: SettingsDep, by: Caller, fields: Fields) -> Response:
    """Assign a verifier to a period."""
    opened = database(settings.database)
    try:
        terms = assignments.Terms(
            cast("Assurance", fields.get("level", "")),
            _share(fields.get("materiality", "")),
            _share(fields.get("confidence", "")),
        )
        with opened.writing() as session:
            made = assignments.assign(
                session, fields.get("project", ""), fields.get("period", ""),
                fields.get("verifier", ""), terms, fields.get("key", ""), by=by.id,
            )  # fmt: skip
    except MrvError as fault:
        with opened.reading() as session:
            return _list(request, session, by, fault=fault)
    return RedirectResponse(f"/verifications/{made.id}", SEE_OTHER)


@router.get("/verifications/{verification_id}", name="verification")
def desk_page(request: Request, verification_id: str, session: ReadSession, by: Caller) -> Response:
    """Show one verification and what the visitor may do in it."""
    return _desk(request, session, verification_id, by)


@router.post("/verifications/{verification_id}/sample", dependencies=[OwnPage])
def draw_sample(
    request: Request, verification_id: str, settings: SettingsDep, by: Caller, fields: Fields
) -> Response:
    """Draw the sample."""

    def act(session: Session) -> object:
        return audit_samples.draw(session, verification_id, fields.get("key", ""), by=by)

    return _done(request, settings, verification_id, by, act, "sample")


@router.post("/verifications/{verification_id}/recomputations", dependencies=[OwnPage])
def recompute(
    request: Request, verification_id: str, settings: SettingsDep, by: Caller, fields: Fields
) -> Response:
    """Compute the newest run again, or one plot of it."""
    plot_id = fields.get("plot", "")

    def act(session: Session) -> object:
        return recomputations.perform(
            session, settings, verification_id, plot_id, fields.get("key", ""), by=by
        )

    place = f"/plots/{quote(plot_id, safe='')}" if plot_id else ""
    return _done(request, settings, verification_id, by, act, "recomputed", place)


@router.post("/verifications/{verification_id}/findings", dependencies=[OwnPage])
def request_finding(
    request: Request, verification_id: str, settings: SettingsDep, by: Caller, fields: Fields
) -> Response:
    """Put a finding on a node of the newest run."""

    def act(session: Session) -> object:
        stated = verification_findings.NewFinding(
            fields.get("node", ""),
            cast("FindingKind", fields.get("kind", "")),
            fields.get("request", ""),
            _day(fields.get("due_on", "")),
        )
        return verification_findings.request(
            session, verification_id, stated, fields.get("key", ""), by=by
        )

    return _done(request, settings, verification_id, by, act, "findings")


@router.post("/verifications/{verification_id}/findings/{finding_id}", dependencies=[OwnPage])
def step_finding(  # a form's parts
    request: Request,
    verification_id: str,
    finding_id: str,
    settings: SettingsDep,
    by: Caller,
    fields: Fields,
) -> Response:
    """Answer, return or close a finding, by the button that was pressed."""
    text, key, step = (fields.get(name, "") for name in ("text", "key", "step"))

    def act(session: Session) -> object:
        if step == "answer":
            again = fields.get("resubmitted") == "yes"
            return verification_findings.answer(
                session, finding_id, text, key, by=by, resubmitted=again
            )
        due_on = _day(fields.get("due_on", "")) if step == "return" else None
        return verification_findings.settle(session, finding_id, text, key, by=by, due_on=due_on)

    return _done(request, settings, verification_id, by, act, "findings")


@router.post("/verifications/{verification_id}/opinion", dependencies=[OwnPage])
def give_opinion(
    request: Request, verification_id: str, settings: SettingsDep, by: Caller, fields: Fields
) -> Response:
    """Sign the opinion on the newest run, named by the form so that no other is meant."""

    def act(session: Session) -> object:
        stated = opinions.Opinion(
            cast("OpinionKind", fields.get("opinion", "")),
            fields.get("statement", ""),
            fields.get("qualification", ""),
        )
        return opinions.give(session, settings, fields.get("estimate", ""), stated, by=by.id)

    return _done(request, settings, verification_id, by, act, "opinion")


@router.get("/verifications/{verification_id}/bundle", name="verification_bundle")
def bundle(  # of which verification, for whom
    verification_id: str, session: ReadSession, settings: SettingsDep, by: Caller
) -> Response:
    """Give the bundle of the newest run, to perform it again elsewhere; a verifier's is logged."""
    work = verification_desk.desk(session, verification_id, by=by).assignment
    data = bundles.handed_out(
        session,
        settings,
        work.estimate_sha256 or "",
        by=by,
        purpose=f"Verification of {work.project_id}, {work.period_id}",
    )
    name = f"{work.project_id}-{work.period_id}.zip"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return Response(data, media_type="application/zip", headers=headers)


@router.get("/verifications/{verification_id}/chips", name="chips")
def chips_picture(  # whose plot, for whom
    verification_id: str, plot: str, session: ReadSession, settings: SettingsDep, by: Caller
) -> Response:
    """Give the picture that all chips of a plot are parts of."""
    png = plot_chips.picture_of(session, settings, verification_id, plot, by=by)
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, no-store"})


@router.get("/verifications/{verification_id}/plots/{plot_id:path}", name="verification_plot")
def plot_page(  # whose plot, for whom
    request: Request,
    verification_id: str,
    plot_id: str,
    session: ReadSession,
    settings: SettingsDep,
    by: Caller,
) -> Response:
    """Show all there is of one plot: boundary, chips, trees, looks, share, what came out again."""
    shown, sheet = plot_sheets.plot_sheet(session, settings, verification_id, plot_id, by=by)
    looks_by_scene = {look.scene_id: look for look in sheet.trace.observations}
    indices = indices_of(sheet.trace.observations)
    boundary = sheet.boundaries[0] if sheet.boundaries else None
    return page(
        request,
        "verification/plot.html",
        desk=shown,
        sheet=sheet,
        trace=sheet.trace,
        level=2,
        with_equation=any(tree.equation_id for tree in sheet.trace.trees),
        indices=indices,
        series=looks(sheet.trace.observations, next(iter(indices), None), sheet.clear_fraction_min),
        drawing=draw([("kept", boundary.geometry)]) if boundary else None,
        area_ha=boundary.area_ha if boundary else None,
        growth=growth_line(sheet.growth),
        looks_by_scene=looks_by_scene,
        works=_works(shown, by),
        key=trade_forms.new_key(),
    )


@router.get("/estimates/{sha256}/changes", name="run_changes")
def changes_page(request: Request, sha256: str, since: str, session: ReadSession) -> Response:
    """Show two runs beside each other."""
    found = run_changes.changes(session, since, sha256)
    return page(
        request,
        "verification/changes.html",
        diff=found,
        plots=found.plots[:CHANGED_PLOTS_SHOWN],
        before=estimates.estimate(session, since),
        after=estimates.estimate(session, sha256),
    )


def _list(
    request: Request, session: Session, by: AccountView, *, fault: MrvError | None = None
) -> Response:
    return page(
        request,
        "verification/list.html",
        status_code=status_of(fault) if fault else 200,
        account=by,
        rows=[
            (shown, verification_desk.state_now(session, shown))
            for shown in assignments.of_account(session, by)
        ],
        verifiers=assignments.verifiers(session) if by.role == "registrar" else (),
        key=trade_forms.new_key(),
        fault=fault.message if fault else "",
    )


def _done(  # what was asked, by whom, and where it leads
    request: Request,
    settings: Settings,
    verification_id: str,
    by: AccountView,
    act: Callable[[Session], object],
    part: str,
    place: str = "",
) -> Response:
    """Do what a form asks, and show the verification again, with the fault where there is one."""
    opened = database(settings.database)
    try:
        with opened.writing() as session:
            act(session)
    except MrvError as fault:
        with opened.reading() as session:
            return _desk(request, session, verification_id, by, fault=fault)
    return RedirectResponse(f"/verifications/{quote(verification_id)}{place}#{part}", SEE_OTHER)


def _desk(
    request: Request,
    session: Session,
    verification_id: str,
    by: AccountView,
    *,
    fault: MrvError | None = None,
) -> Response:
    shown = verification_desk.desk(session, verification_id, by=by)
    return page(
        request,
        "verification/desk.html",
        status_code=status_of(fault) if fault else 200,
        account=by,
        desk=shown,
        works=_works(shown, by),
        answers=by.id == shown.assignment.developer_id,
        key=trade_forms.new_key(),
        fault=fault.message if fault else "",
    )


def _works(shown: Desk, by: AccountView) -> bool:
    """Say whether the visitor does this verification, and it is not over."""
    return (
        by.id == shown.assignment.verifier_id
        and shown.assignment.current
        and shown.state is not None
        and shown.state != "issued"
    )


def _day(text: str) -> date:
    found = trade_forms.day(text)
    if found is None:
        raise NotAcceptable("Name the day by which an answer is due.")
    return found


def _share(percent: str) -> float:
    try:
        return float(percent) / 100
    except ValueError:
        raise NotAcceptable(f"'{percent[:30]}' is no percentage; write it like 5.") from None
