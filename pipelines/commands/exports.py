"""`parkland export`: the registry in other registries' tables, as one file, with a report on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mrv.evidence.exchange import Report

_Out = Annotated[Path, typer.Option(help="The file, a zip of JSON.", dir_okay=False)]
_Home = Annotated[
    Path,
    typer.Option("--home", envvar="PARKLAND_HOME", help="Where the registry is.", file_okay=False),
]
_DEFAULT_HOME = Path(".parkland")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # of every member, so that the same content is the same file


def cad_trust_file(out: _Out = Path("cad-trust.zip"), home: _Home = _DEFAULT_HOME) -> None:
    """Write CAD Trust 2.0.2: a file for each table, in the order of insertion, and the report."""
    _write_tables(out, home, "")


def aef_file(out: _Out = Path("aef.zip"), home: _Home = _DEFAULT_HOME) -> None:
    """Write the tables of Article 6.2 for each project's host country, and the report."""
    from registry_api.services.cad_trust import AEF

    _write_tables(out, home, AEF)


def cdop_file(
    project: Annotated[str, typer.Option("--project", "-p", help="Id of the project.")],
    out: _Out = Path("cdop.zip"),
    home: _Home = _DEFAULT_HOME,
) -> None:
    """Write a project's issuances and units as documents of CDOP 2.0, and the report."""
    from pipelines.workspace import Workspace
    from registry_api.services import cdop

    workspace = Workspace(home)
    with workspace.registry() as session:
        told = cdop.export(session, workspace.settings, project)
    units = {f"unit-{number:06d}.json": unit for number, unit in enumerate(told.units, start=1)}
    _write(out, {"issuances.json": told.issuances, **units}, told.report)


def _write_tables(out: Path, home: Path, beginning: str) -> None:
    from pipelines.workspace import Workspace
    from registry_api.services import cad_trust

    workspace = Workspace(home)
    with workspace.registry() as session:
        told = cad_trust.export(session, workspace.settings, beginning)
    tables = {
        f"{number:02d}-{table}.json": rows
        for number, (table, rows) in enumerate(told.tables.items(), start=1)
    }
    _write(out, tables, told.report)


def _write(out: Path, files: dict[str, Any], report: "Report") -> None:
    import hashlib
    import json
    import zipfile
    from dataclasses import asdict

    from pipelines.commands.show import notes

    packed = {
        name: (json.dumps(held, ensure_ascii=False, indent=1) + "\n").encode()
        for name, held in {**files, "report.json": asdict(report)}.items()
    }
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in packed.items()}
    packed["manifest.json"] = (json.dumps({"sha256": digests}, indent=1) + "\n").encode()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in packed.items():
            file.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    rows = sum(report.rows.values())
    notes.print(f"{out}: {rows} rows for {report.schema} {report.version}.")
    for fault in (*report.required_missing, *report.broken_references):
        notes.print(f"missing: {fault}")
    for value in report.outside_picklists:
        notes.print(f"not in its list: {value}")
    if not report.passes:
        raise typer.Exit(1)
