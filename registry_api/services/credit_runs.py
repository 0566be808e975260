"""Credit runs: what is shown to buyers of consecutive credits that share one state, and by what.

A run says only what cannot change as long as it is: whoever has read it once knows it until the
ledger closes it. Names of projects and labels change, so they are asked for where they are kept.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import BindParameter, ColumnElement, Row, Select, and_, case, func, select
from sqlalchemy.orm import Session

from mrv.crediting import serials
from registry_api.db.models import (
    Account,
    BatchTraits,
    CreditBatch,
    CreditOrder,
    Holding,
    HoldingClosure,
    LedgerEntry,
    Listing,
    Project,
)
from registry_api.services.holdings import State
from registry_api.services.labelled_credits import (
    WomensShareBand,
    having,
    named,
    of_goals,
    of_shares,
)
from registry_api.services.latest import newest_projects
from registry_api.services.views import Page

Claim = Literal["carbon", "resilience", "biodiversity"]
CLAIM_LETTERS: dict[Claim, str] = {"carbon": "C", "resilience": "R", "biodiversity": "B"}
CLAIMS: dict[str, Claim] = {letter: claim for claim, letter in CLAIM_LETTERS.items()}
UncertaintyBand = Literal["up_to_10", "10_to_20", "20_to_30", "over_30"]
_BANDS: tuple[tuple[float, UncertaintyBand], ...] = (
    (0.10, "up_to_10"),
    (0.20, "10_to_20"),
    (0.30, "20_to_30"),
)
_WIDEST: UncertaintyBand = "over_30"
_PRICE_STEPS = ((1_000, "under_10"), (2_000, "10_to_20"), (4_000, "20_to_40"))  # [hundredths]
_DEAREST = "40_or_more"
PRICE_BAND = f"^[A-Z]{{3}}_({'|'.join(band for _, band in _PRICE_STEPS)}|{_DEAREST})$"
_COLUMNS = (
    Holding.id,
    Holding.project_id,
    Holding.batch_id,
    Holding.kind,
    Holding.first_serial,
    Holding.last_serial,
    Holding.quantity_t,
    Holding.state,
    Holding.state_sequence,
    CreditBatch.registry_code,
    CreditBatch.number,
    CreditBatch.country,
    CreditBatch.methodology_id,
    CreditBatch.methodology_version,
    CreditBatch.vintage_start,
    CreditBatch.vintage_end,
    CreditBatch.simulated,
    BatchTraits.vintage,
    BatchTraits.u90,
    LedgerEntry.recorded_at,
    Listing.order_id,
    Listing.price_cents,
    Listing.currency,
)
Asked = Select[*tuple[Any, ...]]
Conditions = dict[str, ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class CreditRun:
    """Consecutive credits of one issuance in one state; nothing of it changes until it is closed.

    Attributes:
        id: Of the run: what moves out of it, and what stays, are new runs.
        country: ISO 3166-1 alpha-2.
        vintage: Year of the last day of the monitoring period.
        vintage_end: The day after its last.
        since: When the credits came into this state.
        sequence: Ledger entry that did it.
        u90: Half the 90 % interval of the issuance's estimate over its gross removals [1].
        listing_id: Of the public listing they wait in; None where they are in none.
        price_cents: Price of one credit there [hundredths of the currency].
        currency: ISO 4217.
        closed_sequence: Ledger entry that moved these credits on; None as long as the run is.
    """

    id: int
    serial: str
    project_id: str
    batch_id: str
    country: str
    methodology_id: str
    methodology_version: int
    claim: Claim
    vintage: int
    vintage_start: date
    vintage_end: date
    status: State
    quantity_t: int
    since: datetime
    sequence: int
    u90: float
    simulated: bool
    listing_id: str | None = None
    price_cents: int | None = None
    currency: str | None = None
    closed_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class RunPage(Page[CreditRun]):
    """Some runs, all of them as they were after one entry of the ledger.

    Attributes:
        as_of: That entry. What changed after it is to be had with `modified_since`.
    """

    items: tuple[CreditRun, ...] = field(default_factory=tuple)
    as_of: int = 0


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What to search for; of several values of one kind any will do, an empty one asks for all.

    Attributes:
        price: Currency and band of a public listing, as in `USD_10_to_20`.
        label: Kind and name of a label that all of a run has, as in `ccp:CCP-approved`.
        sdg: Number of a goal of the United Nations that a document attests of all of a run.
        womens_share: Band of women among those paid, as such a document states it.
        text: Words that must all occur in a project's name, id, developer or statements.
    """

    country: tuple[str, ...] = ()
    project: tuple[str, ...] = ()
    methodology: tuple[str, ...] = ()
    claim: tuple[Claim, ...] = ()
    vintage: tuple[int, ...] = ()
    status: tuple[State, ...] = ()
    uncertainty: tuple[UncertaintyBand, ...] = ()
    price: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    sdg: tuple[int, ...] = ()
    womens_share: tuple[WomensShareBand, ...] = ()
    text: str = ""


def newest_entry(session: Session) -> int:
    """Give the number of the ledger's newest entry; 0 for an empty one."""
    return int(session.scalar(_newest_entry()) or 0)


def open_at(sequence: int | BindParameter[int]) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions under which a holding was held after an entry of the ledger."""
    closed = select(HoldingClosure.holding_id).where(
        HoldingClosure.holding_id == Holding.id, HoldingClosure.sequence <= sequence
    )
    return Holding.sequence <= sequence, ~closed.exists()


def conditions(
    wanted: RunFilter, *, kind: ColumnElement[Any], state: ColumnElement[Any]
) -> Conditions:
    """Give what a filter asks for, by the name of each of its parts that asks for anything.

    Args:
        wanted: The filter.
        kind: Column of the claim's letter.
        state: Column of the state.
    """
    columns: dict[str, tuple[ColumnElement[Any], tuple[object, ...]]] = {
        "country": (CreditBatch.country.expression, wanted.country),
        "project": (CreditBatch.project_id.expression, wanted.project),
        "methodology": (CreditBatch.methodology_id.expression, wanted.methodology),
        "claim": (kind, tuple(CLAIM_LETTERS[claim] for claim in wanted.claim)),
        "vintage": (BatchTraits.vintage.expression, wanted.vintage),
        "status": (state, wanted.status),
    }
    found: Conditions = {
        name: column.in_(values) for name, (column, values) in columns.items() if values
    }
    if wanted.uncertainty:
        found["uncertainty"] = uncertainty_band().in_(wanted.uncertainty)
    if words := wanted.text.split():
        found["text"] = CreditBatch.project_id.in_(_projects_saying(words))
    return found


def uncertainty_band() -> ColumnElement[str]:
    """Give the band that an issuance's uncertainty lies in."""
    return case(*((BatchTraits.u90 <= most, band) for most, band in _BANDS), else_=_WIDEST)


def price_band() -> ColumnElement[str]:
    """Give the currency of a listing and the band that its price lies in."""
    steps = ((Listing.price_cents < below, band) for below, band in _PRICE_STEPS)
    return Listing.currency + "_" + case(*steps, else_=_DEAREST)


def listed() -> "Select[int]":
    """Select the ledger entries of public listings; what still waits in one came by it."""
    return (
        select(CreditOrder.sequence)
        .join(Listing, Listing.order_id == CreditOrder.id)
        .where(CreditOrder.to_account_id.is_(None))
    )


def at_price(wanted: RunFilter) -> tuple[ColumnElement[bool], ...]:
    """Give the condition of waiting in a public listing at one of the prices asked for."""
    if not wanted.price:
        return ()
    asked = listed().where(price_band().in_(wanted.price))
    return Holding.state == "offered", Holding.state_sequence.in_(asked)


def of_labels(session: Session, wanted: RunFilter, at: int) -> Conditions:
    """Give what a filter asks of labels, by the name of each part that asks for anything.

    Args:
        session: Where attested shares are read.
        wanted: The filter.
        at: Ledger entry after which the labels were given.
    """
    found: Conditions = {}
    if wanted.label:
        found["label"] = having(named(wanted.label), at)
    if wanted.sdg:
        found["sdg"] = having(of_goals(wanted.sdg), at)
    if wanted.womens_share:
        found["womens_share"] = having(of_shares(session, wanted.womens_share), at)
    return found


@cache
def _newest_entry() -> "Select[int]":
    return select(func.coalesce(func.max(LedgerEntry.sequence), 0))


@cache
def run_rows() -> Asked:
    """Select what `view` needs of holdings, open and closed; put together once.

    Columns instead of objects: a page of runs is read often, and objects took most of its time.
    """
    public = and_(
        CreditOrder.sequence == Holding.state_sequence,
        CreditOrder.to_account_id.is_(None),
        Holding.state == "offered",
    )
    return (
        select(*_COLUMNS)
        .select_from(Holding)
        .join(CreditBatch, CreditBatch.id == Holding.batch_id)
        .join(BatchTraits, BatchTraits.batch_id == Holding.batch_id)
        .join(LedgerEntry, LedgerEntry.sequence == Holding.state_sequence)
        .outerjoin(CreditOrder, public)
        .outerjoin(Listing, Listing.order_id == CreditOrder.id)
    )


def view(row: Row[Any], closed_sequence: int | None = None) -> CreditRun:
    """Show one row of `run_rows`; taken apart by place, which a page is read often enough for."""
    (
        run_id, project_id, batch_id, kind, first_serial, last_serial, quantity_t, state,
        state_sequence, registry_code, number, country, methodology_id, methodology_version,
        vintage_start, vintage_end, simulated, vintage, u90, recorded_at, order_id, price_cents,
        currency,
    ) = row[: len(_COLUMNS)]  # fmt: skip
    serial = serials.SerialBlock(
        country, project_id, kind, vintage_start, vintage_end, number, first_serial, last_serial,
        registry_code,
    )  # fmt: skip
    return CreditRun(
        id=run_id,
        serial=serials.format_serial(serial),
        project_id=project_id,
        batch_id=str(batch_id),
        country=country,
        methodology_id=methodology_id,
        methodology_version=methodology_version,
        claim=CLAIMS[kind],
        vintage=vintage,
        vintage_start=vintage_start,
        vintage_end=vintage_end,
        status=state,
        quantity_t=quantity_t,
        since=recorded_at,
        sequence=state_sequence,
        u90=u90,
        simulated=simulated,
        listing_id=str(order_id) if order_id else None,
        price_cents=price_cents,
        currency=currency,
        closed_sequence=closed_sequence,
    )


def _projects_saying(words: list[str]) -> "Select[str]":
    newest = newest_projects()
    query = (
        select(newest.project_id)
        .join(Project, Project.id == newest.project_id)
        .join(Account, Account.id == Project.developer_id)
    )
    said = func.lower(
        newest.name + " " + newest.project_id + " " + Account.name + " " + newest.settings
    )
    for word in words:
        query = query.where(said.contains(word.lower(), autoescape=True))
    return query
