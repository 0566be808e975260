"""Facets: how many credits a search would find under each value of each of its parts.

Counts of a part leave its own choice aside, so that a reader sees what choosing another value,
or one more, would bring.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from registry_api.db.models import BatchTraits, CreditBatch, Holding
from registry_api.services.credit_runs import (
    CLAIMS,
    RunFilter,
    at_price,
    conditions,
    listed,
    newest_entry,
    open_at,
    price_band,
    uncertainty_band,
)


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value, and what a search for it finds.

    Attributes:
        value: As the filter takes it.
        quantity_t: Credits [t CO2e].
        runs: How many runs they are in.
    """

    value: str
    quantity_t: int
    runs: int


@dataclass(frozen=True, slots=True)
class Facets:
    """What there is to choose from.

    Attributes:
        as_of: Ledger entry after which this was so.
        quantity_t: Credits that the whole search finds [t CO2e].
        runs: How many runs they are in.
        values: By part of the search; those with most credits first.
    """

    as_of: int
    quantity_t: int
    runs: int
    values: Mapping[str, tuple[FacetValue, ...]]


def facets(session: Session, wanted: RunFilter) -> Facets:
    """Count what is to be had now under every value of every part of a search."""
    at = newest_entry(session)
    sums = (
        select(
            Holding.batch_id,
            Holding.kind,
            Holding.state,
            func.sum(Holding.quantity_t).label("quantity_t"),
            func.count().label("runs"),
        )
        .where(*open_at(at), *at_price(wanted))
        .group_by(Holding.batch_id, Holding.kind, Holding.state)
        .cte("sums")
    )
    asked = conditions(wanted, kind=sums.c.kind, state=sums.c.state)
    parts: dict[str, ColumnElement[Any]] = {
        "country": CreditBatch.country.expression,
        "project": CreditBatch.project_id.expression,
        "methodology": CreditBatch.methodology_id.expression,
        "claim": sums.c.kind,
        "vintage": BatchTraits.vintage.expression,
        "status": sums.c.state,
        "uncertainty": uncertainty_band(),
        "": literal(""),  # the search as it is
    }
    counted = (
        select(
            literal(name).label("part"),
            cast(column, String).label("value"),
            func.sum(sums.c.quantity_t).label("quantity_t"),
            func.sum(sums.c.runs).label("runs"),
        )
        .select_from(sums)
        .join(CreditBatch, CreditBatch.id == sums.c.batch_id)
        .join(BatchTraits, BatchTraits.batch_id == sums.c.batch_id)
        .where(*(condition for part, condition in asked.items() if part != name))
        .group_by(column)
        for name, column in parts.items()
    )
    values: dict[str, list[FacetValue]] = {name: [] for name in (*parts, "price")}
    for part, value, quantity_t, runs in session.execute(union_all(*counted, _prices(wanted, at))):
        shown = CLAIMS[value] if part == "claim" else value
        values[part].append(FacetValue(shown, int(quantity_t), int(runs)))
    whole = values.pop("") or [FacetValue("", 0, 0)]
    return Facets(
        at,
        whole[0].quantity_t,
        whole[0].runs,
        {name: tuple(sorted(found, key=_most_first)) for name, found in values.items()},
    )


def _prices(wanted: RunFilter, at: int) -> "Select[str, str, int, int]":
    """Count by price; few credits are listed, so they are found from their listings."""
    kind, state = Holding.kind.expression, Holding.state.expression
    sales = listed().add_columns(price_band().label("band")).subquery()
    return (
        select(literal("price"), sales.c.band, func.sum(Holding.quantity_t), func.count())
        .select_from(sales)
        .join(Holding, Holding.state_sequence == sales.c.sequence)
        .join(CreditBatch, CreditBatch.id == Holding.batch_id)
        .join(BatchTraits, BatchTraits.batch_id == Holding.batch_id)
        .where(
            Holding.state == "offered",
            *open_at(at),
            *conditions(wanted, kind=kind, state=state).values(),
        )
        .group_by(sales.c.band)
    )


def _most_first(found: FacetValue) -> tuple[int, str]:
    return -found.quantity_t, found.value
