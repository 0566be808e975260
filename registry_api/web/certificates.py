"""Certificates of retirement: the page, and the same as a PDF and as a verifiable credential."""

from collections.abc import Sequence

import segno
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mrv.evidence.credentials import MEDIA_TYPE
from registry_api.deps import ReadSession, SettingsDep
from registry_api.services import certificates, order_views
from registry_api.services import credits as issued
from registry_api.services.certificates import Revocation
from registry_api.services.order_views import Retirement
from registry_api.services.views import BatchCard
from registry_api.settings import Settings
from registry_api.web import language
from registry_api.web.certificate_pdf import Fact, certificate_pdf
from registry_api.web.rendering import page, texts_for, tongue_of, words_for

_PDF = "application/pdf"
router = APIRouter(include_in_schema=False)


@router.get("/retirements/{order_id}", name="retirement")
def retirement_page(
    request: Request, order_id: str, session: ReadSession, settings: SettingsDep
) -> Response:
    """Show a retirement as a certificate; as a file to who asks for one by `Accept`."""
    shown = order_views.retirement(session, order_id)
    accepts = request.headers.get("accept", "").partition(";")[0].strip()
    if accepts == MEDIA_TYPE:
        return _credential(session, settings, shown.id)
    if accepts == _PDF:
        return _pdf(request, session, settings, shown)
    address = certificates.address(settings, shown.id)
    answer = page(
        request,
        "retirement.html",
        retirement=shown,
        revocation=certificates.revocation(session, shown.id),
        batches=issued.batches_of(session, shown.serials),
        address=address,
        code=segno.make(address, micro=False).svg_inline(scale=3, border=2),
    )
    answer.headers["Vary"] += ", Accept"
    return answer


@router.get("/retirements/{order_id}/certificate.pdf", name="certificate_pdf")
def pdf(request: Request, order_id: str, session: ReadSession, settings: SettingsDep) -> Response:
    """Give the certificate as a PDF."""
    return _pdf(request, session, settings, order_views.retirement(session, order_id))


@router.get("/retirements/{order_id}/certificate.json", name="certificate_json")
def credential(order_id: str, session: ReadSession, settings: SettingsDep) -> Response:
    """Give the certificate as a verifiable credential."""
    return _credential(session, settings, order_id)


def _credential(session: Session, settings: Settings, order_id: str) -> Response:
    made = certificates.certificate(session, settings, order_id)
    return JSONResponse(made, media_type=MEDIA_TYPE, headers={"Vary": "Accept"})


def _pdf(request: Request, session: Session, settings: Settings, shown: Retirement) -> Response:
    texts, tongue = texts_for(request), tongue_of(request)
    batches = issued.batches_of(session, shown.serials)
    revoked = certificates.revocation(session, shown.id)
    written = certificate_pdf(
        title=texts.gettext("Certificate of retirement"),
        sentences=_sentences(request, shown, batches, revoked),
        facts=_facts(request, shown, batches),
        address=certificates.address(settings, shown.id),
        language=tongue,
        texts=texts,
    )
    headers = {
        "Content-Disposition": f'inline; filename="retirement-{shown.id}.pdf"',
        "Vary": "Accept, Accept-Language",
    }
    return Response(written, media_type=_PDF, headers=headers)


def _sentences(
    request: Request,
    shown: Retirement,
    batches: Sequence[BatchCard],
    revoked: Revocation | None,
) -> tuple[str, ...]:
    texts = texts_for(request)
    _ = texts.gettext
    told = texts.ngettext(
        "%(num)s tonne of CO₂e that trees on smallholders' land removed was retired on behalf of "
        "%(name)s on %(when)s, %(purpose)s.",
        "%(num)s tonnes of CO₂e that trees on smallholders' land removed were retired on behalf of "
        "%(name)s on %(when)s, %(purpose)s.",
        shown.quantity_t,
    ) % {
        "num": language.number(tongue_of(request), shown.quantity_t),
        "name": shown.terms["beneficiary"],
        "when": shown.retired_at.date().isoformat(),
        "purpose": words_for(request).retirement_purpose[str(shown.terms["purpose"])],
    }
    warnings = []
    if request.app.state.settings.sandbox:
        warnings.append(
            _("Test certificate of a sandbox: these are test units, and stand for no tonne.")
        )
    if revoked is not None:
        warnings.append(
            _("This certificate was revoked on %(when)s: %(why)s")
            % {"when": revoked.revoked_at.date().isoformat(), "why": revoked.reason}
        )
    if any(batch.simulated for batch in batches):
        warnings.append(
            _(
                "Invented landscape: plots, trees, farmers and satellite scenes of this project "
                "were simulated to show and test the method. Nothing was removed from the air."
            )
        )
    return (*warnings, told, _("Nobody can sell, use or retire them again."))


def _facts(request: Request, shown: Retirement, batches: Sequence[BatchCard]) -> tuple[Fact, ...]:
    _ = texts_for(request).gettext
    tongue, terms = tongue_of(request), shown.terms
    country = str(terms.get("country") or "")
    who = (
        str(terms["beneficiary"]),
        _("LEI %(lei)s") % {"lei": terms["beneficiary_lei"]} if terms["beneficiary_lei"] else "",
        language.country(tongue, country) if country else "",
    )
    period = {"first": terms.get("consumed_from"), "last": terms.get("consumed_until")}
    where = {
        f"{batch.project_name}, {language.country(tongue, batch.country)}" for batch in batches
    }
    retired = f"{shown.retired_at:%Y-%m-%d %H:%M} UTC, " + _("entry %(n)s of the ledger") % {
        "n": language.number(tongue, shown.sequence)
    }
    facts = (
        Fact(_("Beneficiary"), tuple(part for part in who if part)),
        Fact(_("Reason"), (str(terms["reason"]),) if terms.get("reason") else ()),
        Fact(
            _("Emissions of"),
            (_("%(first)s to %(last)s") % period,) if period["first"] else (),
        ),
        Fact(_("Retired"), (retired,)),
        Fact(_("Removed by"), tuple(sorted(where))),
        Fact(_("Credits"), shown.serials, mono=True),
    )
    return tuple(fact for fact in facts if fact.values)
