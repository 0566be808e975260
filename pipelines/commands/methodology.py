"""`parkland methodology`: releases, the difference between two versions, and adopting one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from mrv.errors import InputRejected
from mrv.evidence.code import calculation_digest
from mrv.methodologies import Methodology, load_methodology, parse_methodology
from mrv.methodologies.releases import Release, faults_of, golden_file, releases
from mrv.sources.bundles import read_bundle
from mrv.verification.golden import faults
from mrv.verification.opened import Bundle
from mrv.verification.other_rules import compare_rules
from pipelines.bundles import bundle_files_of
from pipelines.commands.show import console, notes, print_json, steps_bar, table
from pipelines.intake import delivery_of
from pipelines.stage import Stage
from pipelines.workspace import Workspace
from registry_api.services import accounts, methodologies, projects

_DOES_NOT_STAND = 1
_PLOTS_SHOWN = 10  # those that change most; all of them are in the report


@dataclass(frozen=True, slots=True)
class Run:
    """Which run is performed again.

    Attributes:
        project: Id; empty where a bundle is given.
        period: Of the project; empty for the last one.
        bundle: A file or folder instead.
        home: Where the registry is.
        demo: Whether it is a demonstration.
    """

    project: str
    period: str
    bundle: Path | None
    home: Path
    demo: bool


def show_releases(*, as_json: bool) -> int:
    """List releases; gives 1 where one no longer stands."""
    code = calculation_digest()
    rows: list[dict[str, Any]] = []
    told: list[list[str | Text]] = []
    for release in releases():
        wrong = _faults(release)
        same = code == release.code_sha256
        rows.append(
            {
                "id": release.id,
                "version": release.version,
                "released_on": str(release.released_on),
                "digest": release.digest,
                "changes": release.changes,
                "code_is_released_one": same,
                "faults": list(wrong),
            }
        )
        stands = Text("stands", "green") if not wrong else Text(wrong[0], "bold red")
        told.append(
            [
                f"{release.id} {release.version}",
                str(release.released_on),
                release.digest[:16],
                stands,
                "that of the release" if same else "later, with the same answers",
                release.changes,
            ]
        )
    if as_json:
        print_json(rows)
    else:
        head = ["version", "released", "digest", "files and golden cases", "code", "changes"]
        console.print(table("Methodology releases", head, told, text=6))
    return _DOES_NOT_STAND if any(row["faults"] for row in rows) else 0


def show_difference(before: str, after: str, run: Run, *, out: Path | None, as_json: bool) -> None:
    """Compare two versions on a run.

    Raises:
        InputRejected: If a version or the run is not named as it should be, or both are the same.
        SourceFailed: If the period was not run yet.
    """
    bundle = _bundle(run)
    name = bundle.document.methodology.id
    with steps_bar(f"{bundle.document.project.id} {bundle.document.period.id}") as tell:
        report = compare_rules(bundle, _rules(name, before), _rules(name, after), tell)
    if out is not None:
        out.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
    if as_json:
        print_json(report)
        return
    _tell(report)
    if out is not None:
        notes.print(f"{out}: the whole report, {report['sha256'][:16]}.")


def adopt_version(file: Path, reason: str, home: Path) -> None:
    """Put a report on file in the registry of a home, as the project's developer.

    Raises:
        InputRejected: If the file is not JSON.
    """
    try:
        report = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise InputRejected(f"{file} is not JSON; give what diff --out wrote.") from error
    if not isinstance(report, dict):
        raise InputRejected(f"{file} is no report; give what diff --out wrote.")
    with Workspace(home).registry() as session:
        card = projects.project(session, str(report.get("project", ""))).card
        adopted = methodologies.adopt(
            session, report, reason=reason, by=accounts.account(session, card.developer_id)
        )
    console.print(
        f"Later periods of {adopted.project_id} may follow {adopted.methodology_id} version "
        f"{adopted.version}; the report {adopted.report_sha256[:16]} is on file."
    )


def _faults(release: Release) -> tuple[str, ...]:
    rules = load_methodology(release.id, release.version)
    return faults_of(release) or faults(json.loads(golden_file(release.id, release.version)), rules)


def _bundle(run: Run) -> Bundle:
    if run.bundle is not None:
        return Bundle(read_bundle(run.bundle))
    if not run.project:
        raise InputRejected("Say which run: --project with an id, or --bundle with a file.")
    workspace = Workspace(run.home, demo=run.demo)
    delivery_of(workspace, run.project)
    with workspace.reading() as session:
        known = [period.id for period in projects.project(session, run.project).periods]
    stage = Stage(workspace, run.project, run.period or known[-1])
    stage.period  # noqa: B018 - an unknown one is said before anything is read
    return Bundle(bundle_files_of(stage))


def _rules(methodology_id: str, named: str) -> Methodology:
    """Find a released version by its number, or read a draft."""
    if named.isdecimal():
        return load_methodology(methodology_id, int(named))
    draft = Path(named)
    if not draft.is_file():
        raise InputRejected(
            f"There is no file {named}; name a version by its number, or the file of a draft."
        )
    rules = parse_methodology(draft.read_bytes())
    if rules.id != methodology_id:
        raise InputRejected(
            f"{named} is a draft of {rules.id}, and the run followed {methodology_id}."
        )
    return rules


def _tell(report: dict[str, Any]) -> None:
    before, after = (f"version {report[side]['version']}" for side in ("before", "after"))
    rows = [
        [rule["rule"], _value(rule["before"]), _value(rule["after"])] for rule in report["rules"]
    ]
    console.print(table("Rules that differ", ["rule", before, after], rows, text=3))
    console.print(
        table(
            f"{report['project']} {report['period']}, kilograms of CO2e since the start",
            ["step", before, after, "change"],
            [
                [s["step"], *_change(s["before_kg"], s["after_kg"])]
                for s in report["steps"]
                if s["before_kg"] != s["after_kg"]
            ],
            text=1,
        )
    )
    plots = sorted(report["plots"], key=lambda p: -abs(p["after_kg"] - p["before_kg"]))
    if plots:
        console.print(
            table(
                f"{len(plots):,} of {report['plots_in_all']:,} plots change; those that do most",
                ["plot", before, after, "change"],
                [
                    [p["plot_id"], *_change(p["before_kg"], p["after_kg"])]
                    for p in plots[:_PLOTS_SHOWN]
                ],
                text=1,
            )
        )
    else:
        console.print("No plot's kilograms change.")
    for gate in report["gates"]:
        console.print(f"Gate {gate['gate']}: {gate['after'] or 'passes now'}")
    credits_t = report["credits_t"]
    console.print(
        f"Credits of the period: {credits_t['before']:,} t under {before}, "
        f"{credits_t['after']:,} t under {after}.",
        style="bold",
    )
    if report["not_performed"]:
        notes.print(
            "Not performed again, because a run decides it before its statistics: "
            f"{', '.join(report['not_performed'])}. Run the period again to see what they change."
        )


def _change(before_kg: int, after_kg: int) -> list[str]:
    return [f"{before_kg:,}", f"{after_kg:,}", f"{after_kg - before_kg:+,}"]


def _value(rule: dict[str, Any] | None) -> str:
    return "-" if rule is None else f"{rule['value']} {rule['unit']}"
