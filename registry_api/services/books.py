"""Where a project's books stand: what was issued, set aside and carried, and what each plot gave.

The next estimate starts from here, and the issuance insists that it did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mrv.crediting.rounding import KG_PER_T
from registry_api.db.models import (
    CreditBatch,
    Plot,
    PlotContribution,
    ReversalSettlement,
    SerialBlock,
)


@dataclass(frozen=True, slots=True)
class Books:
    """The books of one project.

    Attributes:
        batches: Number of the newest issuance; 0 before the first.
        last_serial: Newest serial given out; 0 before the first.
        issued_before_t: Credits for sale that still stand: what a reversal cost and buffer or
            developer made good counts no more, in whole credits [t CO2e].
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


def books(session: Session, project_id: str, *, before: date | None = None) -> Books:
    """Read where a project's books stand; all zero for a project that was never issued.

    Args:
        session: The transaction.
        project_id: Whose books.
        before: Only count periods that ended on or before this day. Making a period's estimate
            again then starts from the same books, whether or not it was issued since.
    """
    counted = [CreditBatch.project_id == project_id]
    if before is not None:
        counted.append(CreditBatch.vintage_end <= before)
    last = session.scalars(
        select(CreditBatch).where(*counted).order_by(CreditBatch.number.desc()).limit(1)
    ).first()
    quantity = func.sum(SerialBlock.quantity_t)
    last_serial, issued_t, buffer_t = session.execute(
        select(
            func.coalesce(func.max(SerialBlock.last_serial), 0),
            func.coalesce(quantity.filter(SerialBlock.issued_as == "active"), 0),
            func.coalesce(quantity.filter(SerialBlock.issued_as == "buffer"), 0),
        )
        .join(CreditBatch, CreditBatch.id == SerialBlock.batch_id)
        .where(*counted)
    ).one()
    standing_t = int(issued_t) - _made_good_kg(session, project_id, before) // KG_PER_T
    plots = session.execute(
        select(Plot.plot_id, func.sum(PlotContribution.net_kg))
        .join(PlotContribution, PlotContribution.plot_key == Plot.id)
        .join(CreditBatch, CreditBatch.id == PlotContribution.batch_id)
        .where(*counted)
        .group_by(Plot.plot_id)
    )
    return Books(
        batches=last.number if last else 0,
        last_serial=int(last_serial),
        issued_before_t=standing_t,
        buffer_before_t=int(buffer_t),
        carried_in_kg=last.cumulative_net_kg - standing_t * KG_PER_T if last else 0,
        plot_net_kg={plot_id: int(net_kg) for plot_id, net_kg in plots},
    )


def _made_good_kg(session: Session, project_id: str, before: date | None) -> int:
    """Add up what settlements replaced; of a past period's books, those there were by its start."""
    query = select(func.coalesce(func.sum(ReversalSettlement.replaced_kg), 0)).where(
        ReversalSettlement.project_id == project_id
    )
    if before is not None:
        later = select(CreditBatch.sequence).where(
            CreditBatch.project_id == project_id, CreditBatch.vintage_end > before
        )
        first = session.scalar(select(func.min(later.subquery().c.sequence)))
        if first is not None:
            query = query.where(ReversalSettlement.sequence < first)
    return int(session.scalar(query) or 0)
