"""What a registry answers, as typed values; fields that are new to this client are left out."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from typing import Any, TypeVar, get_args, get_type_hints

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Credit:
    """A run of credits that are in one state in one account, as the search lists them.

    Attributes:
        quantity_t: Credits in it, each one tonne of CO2e.
        vintage_end: The first day after.
        u90: Half the width of the 90 % interval of the estimate behind it, as a share.
        price_cents: Of one credit, where it is listed.
        simulated: Whether it stands on an invented landscape.
    """

    serial: str
    batch_id: str
    project_id: str
    country: str
    methodology_id: str
    vintage_start: date
    vintage_end: date
    status: str
    quantity_t: int
    simulated: bool
    u90: float | None = None
    price_cents: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """A run of credits of one's own."""

    serial: str
    batch_id: str
    project_id: str
    state: str
    quantity_t: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to credits of a serial."""

    kind: str
    state: str
    quantity_t: int
    at: datetime
    retirement_id: str = ""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where the credits of a serial are now, and how they came there."""

    serial: str
    now: tuple[Holding, ...]
    history: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """An order that moves credits, and how far it is."""

    id: str
    kind: str
    state: str
    quantity_t: int
    serials: tuple[str, ...]
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class Retirement:
    """Credits that are used up, and on whose behalf.

    Attributes:
        terms: Beneficiary, purpose, reason and whatever else was stated.
    """

    id: str
    quantity_t: int
    serials: tuple[str, ...]
    terms: Mapping[str, Any]
    retired_at: datetime


@dataclass(frozen=True, slots=True)
class Supply:
    """All credits by state, and whether they add up to what was issued."""

    issued: int
    active: int
    offered: int
    held: int
    buffer: int
    retired: int
    cancelled: int
    reconciles: bool


def read(kind: type[Answer], told: Mapping[str, Any]) -> Answer:
    """Make a value of a JSON object.

    Args:
        kind: A dataclass of this module.
        told: The object.

    Raises:
        KeyError: If a field without a default is lacking.
        ValueError: If a date or number is none.
    """
    hints = get_type_hints(kind)
    values = {}
    for field in fields(kind):  # type: ignore[arg-type]  # a dataclass, as said above
        if field.name in told:
            values[field.name] = _value(hints[field.name], told[field.name])
        elif field.default is MISSING:
            raise KeyError(field.name)
    return kind(**values)


def _value(kind: Any, told: Any) -> Any:  # noqa: ANN401  # any JSON, any of the types above
    inner = next((part for part in get_args(kind) if hasattr(part, "__dataclass_fields__")), None)
    if inner is not None:
        return tuple(read(inner, part) for part in told)
    if isinstance(told, list):
        return tuple(told)
    if kind is datetime:
        return datetime.fromisoformat(told)
    if kind is date:
        return date.fromisoformat(told)
    return told
