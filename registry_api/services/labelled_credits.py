"""Labelled credits: which runs a search finds by what others attested of all of their credits.

A label is asked for, never guessed: it counts if it was given before the ledger entry that the
search shows, was not withdrawn before it, and names today. A run is found by a label only if each
of its credits has it; a label of some of them says nothing of the run.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Literal

from sqlalchemy import ColumnElement, and_, case, literal, or_, select
from sqlalchemy.orm import Session

from registry_api.db.models import Holding, Label, LabelWithdrawal
from registry_api.services import clock
from registry_api.services.label_terms import (
    GENDER_EQUALITY,
    SDGS,
    WOMENS_SHARE,
    womens_share,
)

WomensShareBand = Literal["under_25", "25_to_50", "50_to_75", "75_or_more"]
_STEPS: tuple[tuple[float, WomensShareBand], ...] = (
    (0.25, "under_25"),
    (0.50, "25_to_50"),
    (0.75, "50_to_75"),
)
_MOST: WomensShareBand = "75_or_more"
LABEL = r"^(ccp|corsia|article6|certification):[^\x00-\x1f\x7f]{1,120}$"


def counting(at: int) -> ColumnElement[bool]:
    """Give the condition of a label that counts today and was given by an entry of the ledger."""
    today = clock.today()
    withdrawn = select(LabelWithdrawal.label_id).where(
        LabelWithdrawal.label_id == Label.id, LabelWithdrawal.sequence <= at
    )
    return and_(
        Label.sequence <= at,
        Label.valid_from <= today,
        or_(Label.valid_until.is_(None), Label.valid_until >= today),
        ~withdrawn.exists(),
    )


def covers() -> ColumnElement[bool]:
    """Give the condition under which a label is of every credit of a holding."""
    return and_(
        Label.project_id == Holding.project_id,
        or_(Label.batch_id.is_(None), Label.batch_id == Holding.batch_id),
        or_(
            Label.credit_kind.is_(None),
            and_(
                Label.credit_kind == Holding.kind,
                Label.first_serial <= Holding.first_serial,
                Label.last_serial >= Holding.last_serial,
            ),
        ),
    )


def having(is_one: ColumnElement[bool], at: int) -> ColumnElement[bool]:
    """Give the condition of a holding that has some label, as of an entry of the ledger."""
    found = select(Label.id).where(covers(), counting(at), is_one)
    return found.correlate(Holding).exists()  # whoever asks may count by other labels beside


def named(values: Iterable[str]) -> ColumnElement[bool]:
    """Give the condition of labels by kind and name, as in `ccp:CCP-approved`."""
    pairs = (value.partition(":") for value in values)
    return or_(*(and_(Label.kind == kind, Label.name == name) for kind, _, name in pairs))


def of_goals(goals: Iterable[int]) -> ColumnElement[bool]:
    """Give the condition of labels by goals of the United Nations, 1 to 17."""
    names = [SDGS[goal - 1] for goal in goals if 1 <= goal <= len(SDGS)]
    return and_(Label.kind == "sdg", Label.name.in_(names))


def of_shares(session: Session, bands: Iterable[WomensShareBand]) -> ColumnElement[bool]:
    """Give the condition of labels that attest a share of women in one of some bands."""
    held = _attested(session)
    return Label.id.in_([label_id for band in bands for label_id in held[band]])


def label_value() -> tuple[ColumnElement[bool], ColumnElement[str]]:
    """Give which labels the facet of labels counts, and the value it shows of each."""
    return Label.kind != "sdg", Label.kind + ":" + Label.name


def goal_value() -> tuple[ColumnElement[bool], ColumnElement[str]]:
    """Give which labels the facet of goals counts, and the number of each one's goal."""
    numbers = ((Label.name == name, str(number)) for number, name in enumerate(SDGS, 1))
    return Label.kind == "sdg", case(*numbers, else_="")


def share_value(session: Session) -> tuple[ColumnElement[bool], ColumnElement[str]]:
    """Give which labels the facet of women's shares counts, and the band of each."""
    held = _attested(session)
    told = [(Label.id.in_(ids), literal(band)) for band, ids in held.items() if ids]
    every = Label.id.in_([label_id for ids in held.values() for label_id in ids])
    return every, case(*told, else_="") if told else literal("")


def _attested(session: Session) -> Mapping[WomensShareBand, list[object]]:
    held: dict[WomensShareBand, list[object]] = {band: [] for _, band in _STEPS}
    held[_MOST] = []
    rows = session.execute(
        select(Label.id, Label.terms).where(
            Label.kind == "sdg",
            Label.name == GENDER_EQUALITY,
            Label.terms.contains(f'"{WOMENS_SHARE}"', autoescape=True),
        )
    )
    for label_id, terms in rows:
        share = womens_share(json.loads(terms))
        if share is not None:
            held[next((band for below, band in _STEPS if share < below), _MOST)].append(label_id)
    return held
