"""Where a project's books stand: what was issued, set aside and carried, and what each plot gave.

The next estimate starts from here, and the issuance insists that it did.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mrv.crediting.rounding import KG_PER_T
from registry_api.db.models import CreditBatch, Plot, PlotContribution, SerialBlock
from registry_api.services.batches import totals_by_project


@dataclass(frozen=True, slots=True)
class Books:
    """The books of one project, over all its issuances.

    Attributes:
        batches: Number of the newest issuance; 0 before the first.
        last_serial: Newest serial given out; 0 before the first.
        issued_before_t: Credits for sale [t CO2e].
        buffer_before_t: Credits set aside in the buffer [t CO2e].
        carried_in_kg: Net kilograms not yet issued; below zero where a reversal is owed [kg CO2e].
        plot_net_kg: Plot id -> what it contributed [kg CO2e].
    """

    batches: int
    last_serial: int
    issued_before_t: int
    buffer_before_t: int
    carried_in_kg: int
    plot_net_kg: Mapping[str, int]


def books(session: Session, project_id: str) -> Books:
    """Read where a project's books stand; all zero for a project that was never issued."""
    last = session.scalars(
        select(CreditBatch)
        .where(CreditBatch.project_id == project_id)
        .order_by(CreditBatch.number.desc())
        .limit(1)
    ).first()
    last_serial = session.scalars(
        select(func.max(SerialBlock.last_serial)).where(SerialBlock.project_id == project_id)
    ).one()
    plots = session.execute(
        select(Plot.plot_id, func.sum(PlotContribution.net_kg))
        .join(PlotContribution, PlotContribution.plot_key == Plot.id)
        .where(Plot.project_id == project_id)
        .group_by(Plot.plot_id)
    )
    issued_t, buffer_t = totals_by_project(session, [project_id]).get(project_id, (0, 0))
    return Books(
        batches=last.number if last else 0,
        last_serial=last_serial or 0,
        issued_before_t=issued_t,
        buffer_before_t=buffer_t,
        carried_in_kg=last.cumulative_net_kg - issued_t * KG_PER_T if last else 0,
        plot_net_kg={plot_id: int(net_kg) for plot_id, net_kg in plots},
    )
