"""Credits as they were issued: issuances, and the block a serial lies in."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from mrv.crediting import serials
from registry_api.db.models import CreditBatch, SerialBlock
from registry_api.errors import NotFound
from registry_api.services import batches as issuances
from registry_api.services import paging
from registry_api.services.estimates import estimate
from registry_api.services.holdings import BIGGEST_SERIAL
from registry_api.services.sandbox import whose
from registry_api.services.verification import decisions_of
from registry_api.services.views import (
    BatchCard,
    BatchDetail,
    CreditFilter,
    Page,
    SerialAnswer,
)

Asked = TypeVar("Asked", bound=Select[*tuple[Any, ...]])


def batches(
    session: Session, wanted: CreditFilter, *, limit: int = 50, cursor: str | None = None
) -> Page[BatchCard]:
    """List issuances, newest first; with a status, those that have a block of it."""
    (before,) = paging.decode(cursor, int) or (None,)
    query = _filtered(issuances.batch_rows(), wanted)
    if wanted.status is not None:
        query = query.where(
            select(SerialBlock.id)
            .where(SerialBlock.batch_id == CreditBatch.id, SerialBlock.issued_as == wanted.status)
            .exists()
        )
    if before is not None:
        query = query.where(CreditBatch.sequence < before)
    rows = session.execute(query.order_by(CreditBatch.sequence.desc()).limit(limit + 1)).all()
    cards = issuances.cards(session, [(*row,) for row in rows[:limit]])
    return Page(cards, paging.encode(rows[limit - 1][0].sequence) if len(rows) > limit else None)


def batch(session: Session, batch_id: str, *, with_plots: bool = True) -> BatchDetail:
    """Show one issuance and everything it stands on; its plots one by one where asked for.

    Raises:
        NotFound: If there is no such issuance.
    """
    try:
        key = UUID(batch_id)
    except ValueError:
        raise NotFound(f"There is no issuance '{batch_id[:80]}'.") from None
    row = session.execute(issuances.batch_rows().where(CreditBatch.id == key)).first()
    if row is None:
        raise NotFound(f"There is no issuance '{batch_id}'.")
    card = issuances.cards(session, [(*row,)])[0]
    decision = next(
        d for d in decisions_of(session, card.estimate_sha256) if d.id == str(row[0].decision_id)
    )
    shown = estimate(session, card.estimate_sha256, with_plots=with_plots)
    return BatchDetail(card, decision, shown)


def find_serial(session: Session, text: str, *, unit: int | None = None) -> SerialAnswer:
    """Find the issued block that a serial lies in.

    Args:
        session: Where to look.
        text: A block as issued, any block inside it, or one unit of it.
        unit: One credit inside the block that text names.

    Raises:
        InputRejected: If the text is not a serial, or a character was mistyped.
        NotFound: If no such credits were issued.
    """
    asked = serials.parse_serial(text)
    if unit is not None:
        if not asked.first <= unit <= asked.last:
            raise NotFound(f"Credit {unit} is not in {serials.format_serial(asked)}.", unit=unit)
        asked = asked.single(unit)
    serial = serials.format_serial(asked)
    if asked.last > BIGGEST_SERIAL:
        raise NotFound(f"No credits {serial} were issued here.{whose(asked)}", serial=serial)
    found = session.execute(
        _blocks_with_batches(),
        {"project": asked.project, "kind": asked.kind, "first": asked.first, "last": asked.last},
    ).first()
    if found is None or not issuances.in_words(found[0], found[-1]).contains(asked):
        raise NotFound(f"No credits {serial} were issued here.{whose(asked)}", serial=serial)
    batch, period_id, project, developer, block = found
    return SerialAnswer(
        serial=serial,
        unit=asked.first if asked.first == asked.last else None,
        block=issuances.block_view(batch, block),
        batch=issuances.cards(session, [(batch, period_id, project, developer)])[0],
    )


@cache
def _blocks_with_batches() -> "Select[CreditBatch, str, str, str, SerialBlock]":
    """Select the block that holds some serials, and its issuance; put together once."""
    return (
        issuances.batch_rows()
        .join(SerialBlock, SerialBlock.batch_id == CreditBatch.id)
        .add_columns(SerialBlock)
        .where(
            SerialBlock.project_id == bindparam("project"),
            SerialBlock.kind == bindparam("kind"),
            SerialBlock.first_serial <= bindparam("first"),
            SerialBlock.last_serial >= bindparam("last"),
        )
    )


def batches_of(session: Session, texts: Sequence[str]) -> tuple[BatchCard, ...]:
    """Give the issuance of each of some serials that were issued here."""
    runs = [serials.parse_serial(text) for text in texts]
    rows = session.execute(
        issuances.batch_rows().where(CreditBatch.project_id.in_({run.project for run in runs}))
    ).all()
    wanted = {(run.project, run.batch) for run in runs}
    cards = issuances.cards(
        session, [(*row,) for row in rows if (row[0].project_id, row[0].number) in wanted]
    )
    by_number = {(card.project_id, card.number): card for card in cards}
    return tuple(by_number[run.project, run.batch] for run in runs)


def _filtered(query: Asked, wanted: CreditFilter) -> Asked:
    if wanted.country is not None:
        query = query.where(CreditBatch.country == wanted.country)
    if wanted.project is not None:
        query = query.where(CreditBatch.project_id == wanted.project)
    if wanted.methodology is not None:
        query = query.where(CreditBatch.methodology_id == wanted.methodology)
    if wanted.vintage is not None:
        first, after = date(wanted.vintage, 1, 1), date(wanted.vintage + 1, 1, 1)
        query = query.where(CreditBatch.vintage_start < after, CreditBatch.vintage_end > first)
    return query
