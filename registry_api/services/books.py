"""A project's books: what was issued, set aside and carried before a given day."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mrv.crediting.rounding import KG_PER_T
from registry_api.db.models import CreditBatch, SerialBlock


@dataclass(frozen=True, slots=True)
class Books:
    """Where an estimate has to start from.

    Attributes:
        issued_t: Credits issued so far [t CO2e].
        buffer_t: Credits set aside so far [t CO2e].
        carried_kg: Below a whole credit; negative where a reversal is owed [kg CO2e].
    """

    issued_t: int = 0
    buffer_t: int = 0
    carried_kg: int = 0


def books_before(session: Session, project_id: str, day: date) -> Books:
    """Add up the issuances of the periods that ended on or before a day.

    Periods, not issuance dates, decide: making a period's estimate again starts from the same
    books, whether or not that period has been issued since.
    """
    earlier = (CreditBatch.project_id == project_id, CreditBatch.vintage_end <= day)
    quantity = func.sum(SerialBlock.quantity_t)
    issued_t, buffer_t = session.execute(
        select(
            func.coalesce(quantity.filter(SerialBlock.issued_as == "active"), 0),
            func.coalesce(quantity.filter(SerialBlock.issued_as == "buffer"), 0),
        )
        .join(CreditBatch, CreditBatch.id == SerialBlock.batch_id)
        .where(*earlier)
    ).one()
    net_kg = session.scalars(
        select(CreditBatch.cumulative_net_kg)
        .where(*earlier)
        .order_by(CreditBatch.vintage_end.desc())
        .limit(1)
    ).first()
    carried_kg = 0 if net_kg is None else net_kg - int(issued_t) * KG_PER_T
    return Books(int(issued_t), int(buffer_t), carried_kg)
