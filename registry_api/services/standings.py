"""How a project stands: what it issued against what is there, and whether it is whole."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mrv.crediting.rounding import KG_PER_T
from registry_api.db.models import (
    CreditBatch,
    Project,
    Restatement,
    ReversalCase,
    ReversalSettlement,
    ReversalStep,
    SerialBlock,
)
from registry_api.errors import Contradiction, NotFound
from registry_api.services import buffer
from registry_api.services.reversal_cases import (
    cases_in,
    refuse_unsettled,
)

if TYPE_CHECKING:
    from mrv.change.reversal import Accounts


@dataclass(frozen=True, slots=True)
class Standing:
    """How a project stands between what it issued and what is there [kg CO2e].

    Attributes:
        issued_kg: Credits issued, the buffer's not counted.
        replaced_kg: Of them, what buffer or developer has made good.
        net_kg: Cumulative net as last estimated, less what was lost since.
        buffer_t: What the buffer holds [t CO2e].
        shortfall_kg: What stands issued, is not made good, and has no carbon behind it.
        whole: Whether nothing is short and no confirmed loss waits.
    """

    project_id: str
    issued_kg: int
    replaced_kg: int
    net_kg: int
    buffer_t: int
    shortfall_kg: int
    whole: bool


def demand_project(session: Session, project_id: str) -> None:
    """Insist that there is a project.

    Raises:
        NotFound: If there is none.
    """
    if session.get(Project, project_id) is None:
        raise NotFound(f"There is no project '{project_id}'.", project=project_id)


def standing(session: Session, project_id: str) -> Standing:
    """Say how a project stands.

    Raises:
        NotFound: If there is no such project.
    """
    demand_project(session, project_id)
    books = accounts_of(session, project_id)
    waiting = cases_in(session, project_id, ("confirmed", "classified", "quantified"))
    return Standing(
        project_id=project_id,
        issued_kg=books.issued_kg,
        replaced_kg=books.replaced_kg,
        net_kg=books.net_kg,
        buffer_t=books.buffer_kg // KG_PER_T,
        shortfall_kg=books.shortfall_kg,
        whole=not waiting and not books.shortfall_kg,
    )


def accounts_of(session: Session, project_id: str) -> "Accounts":
    """Read a project's cumulative books, quantified losses since its last estimate taken off."""
    from mrv.change.reversal import Accounts  # brings pandas

    issued_t = session.scalar(
        select(func.coalesce(func.sum(SerialBlock.quantity_t), 0)).where(
            SerialBlock.project_id == project_id, SerialBlock.issued_as == "active"
        )
    )
    net_kg, since = _last_statement(session, project_id)
    lost_kg = session.scalar(
        select(func.coalesce(func.sum(ReversalStep.reversal_kg), 0))
        .join(ReversalCase, ReversalCase.id == ReversalStep.case_id)
        .where(
            ReversalCase.project_id == project_id,
            ReversalStep.state == "quantified",
            ReversalStep.sequence > since,
        )
    )
    return Accounts(
        issued_kg=int(issued_t or 0) * KG_PER_T,
        replaced_kg=replaced_kg(session, project_id),
        net_kg=net_kg - int(lost_kg or 0),
        buffer_kg=buffer.balance(session, project_id) * KG_PER_T,
    )


def demand_whole(session: Session, project_id: str) -> None:
    """Insist that nothing of a project is owed before it issues again.

    A total that fell by itself needs no such stop: no credit comes of it before it has grown back.

    Raises:
        Contradiction: If a confirmed loss waits, or less was found later than was issued, or the
            buffer was too small, and the developer has not made it good.
    """
    refuse_unsettled(session, project_id)
    defaulted = session.scalars(
        select(ReversalSettlement.in_default)
        .where(ReversalSettlement.project_id == project_id)
        .order_by(ReversalSettlement.sequence.desc())
        .limit(1)
    ).first()
    if not defaulted and not _restated_last(session, project_id):
        return
    short_kg = accounts_of(session, project_id).shortfall_kg
    if short_kg:
        raise Contradiction(
            f"{project_id} is {short_kg:,} kg short of what it issued; it issues nothing before "
            "that is made good.",
            project=project_id,
        )


def replaced_kg(session: Session, project_id: str) -> int:
    """Add up what was made good of a project's credits [kg CO2e]."""
    made_good = session.scalar(
        select(func.coalesce(func.sum(ReversalSettlement.replaced_kg), 0)).where(
            ReversalSettlement.project_id == project_id
        )
    )
    return int(made_good or 0)


def _last_statement(session: Session, project_id: str) -> tuple[int, int]:
    """Give the newest cumulative net and the ledger entry that stated it; zeros before any."""
    batch = session.execute(
        select(CreditBatch.cumulative_net_kg, CreditBatch.sequence)
        .where(CreditBatch.project_id == project_id)
        .order_by(CreditBatch.number.desc())
        .limit(1)
    ).first()
    restated = session.execute(
        select(Restatement.cumulative_net_kg, Restatement.sequence)
        .join(CreditBatch, CreditBatch.id == Restatement.batch_id)
        .where(CreditBatch.project_id == project_id)
        .order_by(Restatement.sequence.desc())
        .limit(1)
    ).first()
    newest = max((row for row in (batch, restated) if row), key=lambda row: row[1], default=(0, 0))
    return int(newest[0]), int(newest[1])


def _restated_last(session: Session, project_id: str) -> bool:
    """Say whether the newest statement of a project is a restatement."""
    newest = session.execute(
        select(func.max(CreditBatch.sequence), func.max(Restatement.sequence))
        .select_from(CreditBatch)
        .outerjoin(Restatement, Restatement.batch_id == CreditBatch.id)
        .where(CreditBatch.project_id == project_id)
    ).one()
    return newest[1] is not None and newest[1] > newest[0]
