"""What people fill in when they move credits: which lots, for whom, and one key for each form.

A form carries its own key, drawn when the page was made, so that sending it twice does it once.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, cast
from uuid import uuid4

from fastapi import Depends, Request

from registry_api.errors import NotAcceptable
from registry_api.services.holdings import BIGGEST_SERIAL, Lot
from registry_api.services.retirement_terms import Purpose, RetirementTerms

SEE_OTHER = 303
OF_BATCH = "of-"  # and the id of an issuance: how many of it
_MOST_LOTS = 100
_DIGITS = len(str(BIGGEST_SERIAL))


async def _fields(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: text.strip() for name, text in form.items() if isinstance(text, str)}


Fields = Annotated[Mapping[str, str], Depends(_fields)]


def new_key() -> str:
    """Draw the key of a form."""
    return uuid4().hex


def lots(fields: Mapping[str, str]) -> list[Lot]:
    """Read which credits were chosen: so many of some issuances, and serials.

    Raises:
        NotAcceptable: If nothing was chosen, too much at once, or a quantity is no number.
    """
    chosen = [Lot(serial=text) for text in fields.get("serials", "").split()]
    for name, text in fields.items():
        if name.startswith(OF_BATCH) and text not in ("", "0"):
            chosen.append(Lot(batch_id=name.removeprefix(OF_BATCH), quantity_t=whole(text)))
    if not chosen:
        raise NotAcceptable("Nothing is chosen yet; say how many credits of which issuance.")
    if len(chosen) > _MOST_LOTS:
        raise NotAcceptable(f"At most {_MOST_LOTS} lots go into one order; make several of it.")
    return chosen


def whole(text: str) -> int:
    """Read a number of credits.

    Raises:
        NotAcceptable: If it is none.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise NotAcceptable(f"'{text[:30]}' is no number of credits; write whole tonnes, like 12.")
    return int(text)


def terms(fields: Mapping[str, str]) -> RetirementTerms:
    """Read on whose behalf credits are retired, and why.

    Raises:
        NotAcceptable: If the terms say nothing or contradict themselves.
    """
    return RetirementTerms(
        beneficiary=fields.get("beneficiary", ""),
        purpose=cast("Purpose", fields.get("purpose", "")),
        reason=fields.get("reason", ""),
        beneficiary_lei=fields.get("beneficiary_lei", "").upper(),
        consumed_from=day(fields.get("consumed_from", "")),
        consumed_until=day(fields.get("consumed_until", "")),
        country=fields.get("country", ""),
    )


def day(text: str) -> date | None:
    """Read a day; None where none was stated.

    Raises:
        NotAcceptable: If it is no day.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotAcceptable(f"'{text[:30]}' is no day; write it like 2025-12-31.") from None
