"""Facets: how many credits a search would find under each value of each of its parts.

Counts of a part leave its own choice aside, so that a reader sees what choosing another value,
or one more, would bring.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, String, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from registry_api.db.models import BatchTraits, CreditBatch, Holding, Label
from registry_api.services.credit_runs import (
    CLAIMS,
    Conditions,
    RunFilter,
    at_price,
    conditions,
    listed,
    newest_entry,
    of_labels,
    open_at,
    price_band,
    uncertainty_band,
)
from registry_api.services.labelled_credits import (
    counting,
    covers,
    goal_value,
    label_value,
    share_value,
)

_WHOLE = "whole"  # the search as it is
_PARTS = ("country", "project", "methodology", "claim", "vintage", "status", "uncertainty", _WHOLE)
_ATTESTED = ("label", "sdg", "womens_share")  # by documents, so not of an issuance but of runs


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
    labelled = of_labels(session, wanted, at)
    sums = (
        select(
            Holding.batch_id,
            Holding.kind,
            Holding.state,
            func.sum(Holding.quantity_t).label("quantity_t"),
            func.count().label("runs"),
        )
        .where(*open_at(at), *at_price(wanted), *labelled.values())
        .group_by(Holding.batch_id, Holding.kind, Holding.state)
        .cte("sums")
    )
    cells = (
        select(
            CreditBatch.country,
            CreditBatch.project_id.label("project"),
            CreditBatch.methodology_id.label("methodology"),
            sums.c.kind.label("claim"),
            BatchTraits.vintage,
            sums.c.state.label("status"),
            uncertainty_band().label("uncertainty"),
            literal("").label(_WHOLE),
            sums.c.quantity_t,
            sums.c.runs,
            *(
                said.label(f"is_{part}")
                for part, said in conditions(wanted, kind=sums.c.kind, state=sums.c.state).items()
            ),
        )
        .join(CreditBatch, CreditBatch.id == sums.c.batch_id)
        .join(BatchTraits, BatchTraits.batch_id == sums.c.batch_id)
        .cte("cells")
    )
    counted = (
        select(
            literal(part).label("part"),
            cast(cells.c[part], String).label("value"),
            func.sum(cells.c.quantity_t).label("quantity_t"),
            func.sum(cells.c.runs).label("runs"),
        )
        .where(
            *(said for said in cells.c if said.name.startswith("is_") and said.name != f"is_{part}")
        )
        .group_by(cells.c[part])
        for part in _PARTS
    )
    values: dict[str, list[FacetValue]] = {part: [] for part in (*_PARTS, "price", *_ATTESTED)}
    apart = (_prices(wanted, labelled, at), *_labels(session, wanted, labelled, at))
    for part, value, quantity_t, runs in session.execute(union_all(*counted, *apart)):
        shown = CLAIMS[value] if part == "claim" else value
        values[part].append(FacetValue(shown, int(quantity_t), int(runs)))
    whole = values.pop(_WHOLE) or [FacetValue("", 0, 0)]
    return Facets(
        at,
        whole[0].quantity_t,
        whole[0].runs,
        {name: tuple(sorted(found, key=_most_first)) for name, found in values.items()},
    )


def _labels(
    session: Session, wanted: RunFilter, labelled: Conditions, at: int
) -> Iterator["Select[str, str, int, int]"]:
    """Count by what was attested; a run that two documents say the same of counts once."""
    kind, state = Holding.kind.expression, Holding.state.expression
    values = (label_value(), goal_value(), share_value(session))
    for part, (is_one, value) in zip(_ATTESTED, values, strict=True):
        found = (
            select(Holding.id, Holding.quantity_t, value.label("value"))
            .select_from(Label)
            .join(Holding, covers())
            .join(CreditBatch, CreditBatch.id == Holding.batch_id)
            .join(BatchTraits, BatchTraits.batch_id == Holding.batch_id)
            .where(
                is_one,
                counting(at),
                *open_at(at),
                *at_price(wanted),
                *conditions(wanted, kind=kind, state=state).values(),
                *(said for name, said in labelled.items() if name != part),
            )
            .distinct()
            .subquery()
        )
        yield (
            select(
                literal(part),
                cast(found.c.value, String),
                func.sum(found.c.quantity_t),
                func.count(),
            ).group_by(found.c.value)
        )


def _prices(wanted: RunFilter, labelled: Conditions, at: int) -> "Select[str, str, int, int]":
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
            *labelled.values(),
        )
        .group_by(sales.c.band)
    )


def _most_first(found: FacetValue) -> tuple[int, str]:
    return -found.quantity_t, found.value
