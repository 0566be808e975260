"""The registry in a few numbers, and its projects on a map."""

from collections import defaultdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry_api.db.models import CreditBatch, SerialBlock
from registry_api.services.projects import list_projects
from registry_api.services.views import CountryTotals, Portfolio, ProjectCard, VintageTotals

_MOST_PROJECTS = 10_000


def portfolio(session: Session) -> Portfolio:
    """Add up everything the registry holds."""
    cards = list_projects(session, limit=_MOST_PROJECTS).items
    by_country: dict[str, list[ProjectCard]] = defaultdict(list)
    for card in cards:
        by_country[card.country].append(card)
    return Portfolio(
        projects=len(cards),
        simulated_projects=sum(card.simulated for card in cards),
        plots=sum(card.plots for card in cards),
        area_ha=round(sum(card.area_ha for card in cards), 2),
        batches=session.scalars(select(func.count()).select_from(CreditBatch)).one(),
        credits_t=sum(card.credits_t for card in cards),
        buffer_t=sum(card.buffer_t for card in cards),
        countries=tuple(
            CountryTotals(
                country=country,
                projects=len(theirs),
                plots=sum(card.plots for card in theirs),
                area_ha=round(sum(card.area_ha for card in theirs), 2),
                credits_t=sum(card.credits_t for card in theirs),
                buffer_t=sum(card.buffer_t for card in theirs),
            )
            for country, theirs in sorted(by_country.items())
        ),
        vintages=_vintages(session),
    )


def project_cells(session: Session) -> dict[str, Any]:
    """Give the projects as GeoJSON points (RFC 7946), each in the middle of its plots' cells."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": card.id,
                "geometry": {"type": "Point", "coordinates": [card.longitude, card.latitude]},
                "properties": {
                    "id": card.id,
                    "name": card.name,
                    "country": card.country,
                    "simulated": card.simulated,
                    "plots": card.plots,
                    "area_ha": card.area_ha,
                    "credits_t": card.credits_t,
                    "buffer_t": card.buffer_t,
                },
            }
            for card in list_projects(session, limit=_MOST_PROJECTS).items
            if card.longitude is not None and card.latitude is not None
        ],
    }


def project_places(session: Session) -> dict[str, tuple[float, float]]:
    """Give the middle of each project's coarse cells, longitude before latitude [degree]."""
    return {
        card.id: (card.longitude, card.latitude)
        for card in list_projects(session, limit=_MOST_PROJECTS).items
        if card.longitude is not None and card.latitude is not None
    }


def _vintages(session: Session) -> tuple[VintageTotals, ...]:
    totals: dict[int, dict[str, int]] = defaultdict(lambda: {"active": 0, "buffer": 0})
    rows = session.execute(
        select(CreditBatch.vintage_end, SerialBlock.issued_as, func.sum(SerialBlock.quantity_t))
        .join(CreditBatch, CreditBatch.id == SerialBlock.batch_id)
        .group_by(CreditBatch.vintage_end, SerialBlock.issued_as)
    )
    for end, issued_as, quantity_t in rows:
        totals[end.year][issued_as] += int(quantity_t)
    return tuple(
        VintageTotals(year, t["active"], t["buffer"]) for year, t in sorted(totals.items())
    )
