"""Issuances and their serial blocks as cards, for lists and for one project.

A block's serial is written from its row each time; it is stored nowhere.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from mrv.crediting import serials
from registry_api.db.models import (
    Account,
    BatchConfirmation,
    CreditBatch,
    MonitoringPeriod,
    Project,
    SerialBlock,
)
from registry_api.services import views
from registry_api.services.latest import newest_projects

BatchRow = tuple[CreditBatch, str, str, str]
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_BLOCKS = select(SerialBlock).where(SerialBlock.batch_id.in_(_IDS))
_CONFIRMED = select(BatchConfirmation.batch_id).where(BatchConfirmation.batch_id.in_(_IDS))


@cache
def batch_rows() -> "Select[CreditBatch, str, str, str]":
    """Select issuances with the names of their period, project and developer; put together once."""
    newest = newest_projects()
    return (
        select(CreditBatch, MonitoringPeriod.period_id, newest.name, Account.name)
        .join(MonitoringPeriod, MonitoringPeriod.id == CreditBatch.period_key)
        .join(Project, Project.id == CreditBatch.project_id)
        .join(Account, Account.id == Project.developer_id)
        .join(newest, newest.project_id == CreditBatch.project_id)
    )


def cards(session: Session, rows: Sequence[BatchRow]) -> tuple[views.BatchCard, ...]:
    """Turn rows of `batch_rows` into cards."""
    ids = {"ids": [row[0].id for row in rows]}
    blocks: dict[object, list[SerialBlock]] = {}
    for block in session.scalars(_BLOCKS, ids):
        blocks.setdefault(block.batch_id, []).append(block)
    confirmed = set(session.scalars(_CONFIRMED, ids))
    return tuple(_card(row, blocks.get(row[0].id, []), two=row[0].id in confirmed) for row in rows)


def of_project(session: Session, project_id: str) -> tuple[views.BatchCard, ...]:
    """List a project's issuances, newest first."""
    query = batch_rows().where(CreditBatch.project_id == project_id)
    rows = session.execute(query.order_by(CreditBatch.number.desc())).all()
    return cards(session, [(*row,) for row in rows])


def newest_by_project(session: Session, project_ids: Iterable[str]) -> dict[str, views.BatchCard]:
    """Give the newest issuance of each project that has one."""
    later = aliased(CreditBatch)
    newest = (
        select(func.max(later.number))
        .where(later.project_id == CreditBatch.project_id)
        .scalar_subquery()
    )
    query = batch_rows().where(
        CreditBatch.project_id.in_(list(project_ids)), CreditBatch.number == newest
    )
    rows = session.execute(query.order_by(CreditBatch.project_id)).all()
    return {card.project_id: card for card in cards(session, [(*row,) for row in rows])}


def totals_by_project(session: Session, project_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Add up the credits for sale and in the buffer of each project [t CO2e]."""
    quantity = func.sum(SerialBlock.quantity_t)
    rows = session.execute(
        select(
            SerialBlock.project_id,
            func.coalesce(quantity.filter(SerialBlock.issued_as == "active"), 0),
            func.coalesce(quantity.filter(SerialBlock.issued_as == "buffer"), 0),
        )
        .where(SerialBlock.project_id.in_(list(project_ids)))
        .group_by(SerialBlock.project_id)
    )
    return {project: (int(active), int(buffer)) for project, active, buffer in rows}


def in_words(batch: CreditBatch, block: SerialBlock) -> serials.SerialBlock:
    """Give a block with everything its serial says."""
    return _words(batch, block.kind, block.first_serial, block.last_serial)


def serial_text(batch: CreditBatch, kind: str, first: int, last: int) -> str:
    """Write the serial of some credits of an issuance."""
    return serials.format_serial(_words(batch, kind, first, last))


def _words(batch: CreditBatch, kind: str, first: int, last: int) -> serials.SerialBlock:
    return serials.SerialBlock(
        country=batch.country,
        project=batch.project_id,
        kind="R" if kind == "R" else "C",
        start=batch.vintage_start,
        end=batch.vintage_end,
        batch=batch.number,
        first=first,
        last=last,
        registry=batch.registry_code,
    )


def block_view(batch: CreditBatch, block: SerialBlock) -> views.SerialBlock:
    """Show a block."""
    return views.SerialBlock(
        text=serials.format_serial(in_words(batch, block)),
        status="buffer" if block.issued_as == "buffer" else "active",
        first_serial=block.first_serial,
        last_serial=block.last_serial,
        quantity_t=block.quantity_t,
    )


def _card(row: BatchRow, blocks: Sequence[SerialBlock], *, two: bool) -> views.BatchCard:
    batch, period_id, project_name, developer_name = row
    shown = {block.issued_as: block_view(batch, block) for block in blocks}
    active, buffer = shown.get("active"), shown.get("buffer")
    return views.BatchCard(
        id=str(batch.id),
        number=batch.number,
        project_id=batch.project_id,
        project_name=project_name,
        country=batch.country,
        developer_name=developer_name,
        period_id=period_id,
        vintage_start=batch.vintage_start,
        vintage_end=batch.vintage_end,
        methodology_id=batch.methodology_id,
        methodology_version=batch.methodology_version,
        credits_t=active.quantity_t if active else 0,
        buffer_t=buffer.quantity_t if buffer else 0,
        credits=active,
        buffer=buffer,
        issued_at=batch.issued_at,
        estimate_sha256=batch.estimate_sha256,
        simulated=batch.simulated,
        unverified=tuple(json.loads(batch.unverified)),
        registrars=2 if two else 1,
    )
