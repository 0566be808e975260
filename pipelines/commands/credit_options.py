"""The options of `parkland credits`; what it does is in `pipelines.commands.credits`."""

from pathlib import Path
from typing import Annotated

import typer

credit_commands = typer.Typer(
    no_args_is_help=True, help="Credits of a registry: search, show, retire, certificate."
)

Address = Annotated[
    str,
    typer.Option("--registry", envvar="PARKLAND_REGISTRY", help="Address of the registry."),
]
HERE = "http://127.0.0.1:8000"
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@credit_commands.command("search")
def search(
    registry: Address = HERE,
    country: Annotated[str, typer.Option(help="ISO 3166 code, e.g. KE.")] = "",
    project: Annotated[str, typer.Option(help="Id of a project.")] = "",
    vintage: Annotated[int, typer.Option(help="A year; 0 for any.")] = 0,
    status: Annotated[str, typer.Option(help="active, retired, buffer ...")] = "active",
    most: Annotated[int, typer.Option(help="How many lots to list.", min=1)] = 50,
    json: Json = False,
) -> None:
    """List credits of a registry."""
    from pipelines.commands.credits import search_credits

    asked = {"country": country, "project": project, "vintage": vintage, "status": status}
    filters = {name: str(value) for name, value in asked.items() if value}
    search_credits(registry, filters, most=most, as_json=json)


@credit_commands.command("show")
def show(
    serial: Annotated[str, typer.Argument(help="Of a block, a part of one, or one credit.")],
    registry: Address = HERE,
    json: Json = False,
) -> None:
    """Say where credits are and how they came there."""
    from pipelines.commands.credits import show_credit

    show_credit(registry, serial, as_json=json)


@credit_commands.command("retire")
def retire(  # noqa: PLR0913, PLR0917  # its options
    beneficiary: Annotated[str, typer.Option(help="Who may say that they used them.")],
    once: Annotated[
        str,
        typer.Option(
            help="Your own name for this order, 8 letters or more; the same again does nothing "
            "twice."
        ),
    ],
    serial: Annotated[str, typer.Option(help="Which credits; or --batch and --tonnes.")] = "",
    batch: Annotated[str, typer.Option(help="Id of an issuance.")] = "",
    tonnes: Annotated[int, typer.Option(help="So many of it.", min=0)] = 0,
    purpose: Annotated[str, typer.Option(help="voluntary, compliance ...")] = "voluntary",
    reason: Annotated[str, typer.Option(help="What was consumed.")] = "",
    registry: Address = HERE,
    key: Annotated[
        str, typer.Option(envvar="PARKLAND_KEY", help="Key of the account that holds them.")
    ] = "",
    json: Json = False,
) -> None:
    """Use credits up, for good, and say where the certificate is."""
    from pipelines.commands.credits import retire_credits

    terms = {
        "beneficiary": beneficiary,
        "purpose": purpose,
        "reason": reason,
        "idempotency_key": once,
    }
    lot = serial or (batch, tonnes)
    retire_credits(registry, key, lot, terms, as_json=json)


@credit_commands.command("certificate")
def certificate(
    retirement: Annotated[str, typer.Argument(help="Id of the retirement.")],
    out: Annotated[
        Path,
        typer.Option(help="File to write: .html, .pdf, or .json for the signed credential."),
    ],
    registry: Address = HERE,
) -> None:
    """Write the certificate of a retirement to a file."""
    from pipelines.commands.credits import save_certificate

    save_certificate(registry, retirement, out)
