"""`parkland credits`: search a registry, follow a credit, retire, take the certificate home."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from rich.table import Table

from mrv.errors import InputRejected, SourceFailed
from parkland_client import Credit, Problem, Refused, Registry
from pipelines.commands.show import console


@contextmanager
def _calling(address: str, key: str = "") -> Iterator[Registry]:
    try:
        yield Registry(address, key)
    except Refused as problem:
        refused = InputRejected(str(problem))
        refused.code = problem.code
        raise refused from problem
    except Problem as problem:
        raise SourceFailed(str(problem)) from problem


def search_credits(
    address: str, filters: Mapping[str, str | int], *, most: int, as_json: bool
) -> None:
    """List the credits that fit, as a table or as JSON."""
    with _calling(address) as registry:
        found = list(islice(registry.credits(**filters), most))
    if as_json:
        _print_json([asdict(credit) for credit in found])
        return
    table = Table(box=None, header_style="bold")
    for column in ("serial", "country", "vintage", "state"):
        table.add_column(column, overflow="fold")
    for column in ("tonnes", "± (90 %)", "price"):
        table.add_column(column, justify="right")
    for credit in found:
        table.add_row(
            credit.serial,
            credit.country,
            f"{credit.vintage_start:%Y-%m} to {credit.vintage_end:%Y-%m}",
            credit.status,
            f"{credit.quantity_t:,}",
            "" if credit.u90 is None else f"{credit.u90:.0%}",
            _price(credit),
        )
    console.print(table)
    total_t = sum(credit.quantity_t for credit in found)
    console.print(f"{total_t:,} credits in {len(found)} lots.")
    if any(credit.simulated for credit in found):
        console.print("Credits of simulated landscapes are among them; they stand for no tonne.")


def show_credit(address: str, serial: str, *, as_json: bool) -> None:
    """Say where a serial's credits are and how they came there."""
    with _calling(address) as registry:
        where = registry.where(serial)
    if as_json:
        _print_json(asdict(where))
        return
    console.print(where.serial, style="bold")
    for held in where.now:
        console.print(f"  {held.quantity_t:,} t {held.state} since {held.since:%Y-%m-%d}")
    for event in where.history:
        console.print(f"    {event.at:%Y-%m-%d %H:%M}  {event.kind}, {event.quantity_t:,} t")


def retire_credits(
    address: str, key: str, lot: str | tuple[str, int], terms: dict[str, str], *, as_json: bool
) -> None:
    """Retire a serial, or so many of an issuance, and say where the certificate is."""
    if not key:
        raise InputRejected("Set PARKLAND_KEY to a key of the account that holds the credits.")
    with _calling(address, key) as registry:
        done = registry.retire([lot], **terms)
        page = registry.certificate_address(done.id)
    if as_json:
        _print_json({**asdict(done), "certificate": page})
        return
    console.print(f"{done.quantity_t:,} t retired for {terms['beneficiary']}, for good.")
    console.print(f"Certificate: {page}")


def save_certificate(address: str, retirement_id: str, out: Path) -> None:
    """Write a retirement's certificate to a file; its ending says which kind."""
    with _calling(address) as registry:
        out.write_bytes(registry.certificate(retirement_id, out.suffix.removeprefix(".")))
    console.print(f"{out} holds the certificate of {retirement_id}.")


def _price(credit: Credit) -> str:
    if credit.price_cents is None:
        return ""
    return f"{credit.price_cents / 100:,.2f} {credit.currency or ''}".strip()


def _print_json(data: object) -> None:
    print(json.dumps(data, default=str, indent=1))  # noqa: T201  nothing may be wrapped: for a pipe
