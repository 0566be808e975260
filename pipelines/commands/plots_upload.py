"""`parkland plots upload`: a boundary file sent to a registry, followed, and its verdict told."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd

from mrv.errors import InputRejected
from pipelines.commands.plot_verdicts import Counts, tell
from pipelines.commands.registry_elsewhere import RegistryElsewhere
from pipelines.commands.registry_here import RegistryHere
from pipelines.commands.sending import Answer, Sending, Steps
from pipelines.commands.show import (
    console,
    notes,
    pairs,
    print_json,
    progress_bar,
    steps_bar,
)

REFUSED = 1


class Registry(Protocol):
    """A registry that plots can be sent to: the one in this home, or one elsewhere over HTTP."""

    def send(self, sending: Sending, progress: Callable[[int, int], None]) -> Answer:
        """Hand the file over; `progress` counts bytes."""

    def follow(self, sent: Answer, progress: Steps) -> Answer:
        """Stay until its screening has ended."""

    def findings(self, sent: Answer) -> pd.DataFrame:
        """Give what was found, with the columns of `mrv.plots.findings.FINDING_COLUMNS`."""

    def to_mend(self, sent: Answer) -> bytes:
        """Give the refused features as a GeoPackage."""


def send_plots(sending: Sending, registry: Registry, *, report: Path | None, as_json: bool) -> int:
    """Send a file and say what came of it; gives the exit code: 1 when any plot is refused."""
    name = sending.file.name
    with progress_bar(f"{name}: sending") as sent_bytes:
        sent = registry.send(sending, sent_bytes)
    with steps_bar(f"{name}: screening") as steps:
        done = registry.follow(sent, steps)
    if done.tally is None:
        fault = InputRejected(done.fault or f"{name} could not be screened; send it again.")
        fault.code = done.fault_code or fault.code
        raise fault
    if report is not None:
        report.write_bytes(registry.to_mend(done))
    findings = registry.findings(done)
    if as_json:
        records = findings.astype(object).where(findings.notna(), None).to_dict("records")
        print_json({"upload": done.as_data(), "findings": records})
    else:
        _tell(sending, done, done.tally, findings, report)
    return REFUSED if done.tally["refused"] else 0


def _tell(
    sending: Sending,
    done: Answer,
    tally: Mapping[str, int],
    findings: pd.DataFrame,
    report: Path | None,
) -> None:
    counts = Counts(
        features=tally["features"],
        accepted=tally["features"] - tally["refused"],
        repaired=tally["repaired"],
        warned=tally["warned"],
        refused=tally["refused"],
    )
    if not done.new:
        console.print(f"{sending.file.name} was sent before; this is what came of it then.")
    then = (
        ["add --report to-mend.gpkg to get the refused plots as a layer for QGIS"]
        if counts.refused and report is None
        else []
    )
    tell(findings, counts, then)
    console.print(
        f"In {sending.project}: {tally['new']:,} new, {tally['changed']:,} with another boundary, "
        f"{tally['unchanged']:,} known already."
    )
    console.print(f"The report: {done.page}")
    if report is not None:
        notes.print(f"{report} opens in QGIS. Mend it and send it: nothing goes in twice.")


def upload_plots(  # noqa: PLR0913  # one for each option of the command
    file: Path,
    project: str,
    *,
    registry: str,
    key: str,
    home: Path,
    crs: str,
    columns: Sequence[str],
    report: Path | None,
    as_json: bool,
) -> int:
    """Send a file to the registry at an address, or without one to that of this home."""
    sending = Sending(file, project, crs, pairs(columns, "--column", blank=True))
    door: Registry = RegistryElsewhere(registry, key) if registry else RegistryHere(home)
    return send_plots(sending, door, report=report, as_json=as_json)
