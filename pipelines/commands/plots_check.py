"""`parkland plots check`: what a boundary file is worth, without a registry or a network."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
from rich.text import Text

from mrv.errors import InputRejected, ProjectInvalid
from mrv.methodologies import load_methodology
from mrv.plots.mapping import apply_columns, guess_columns, samples_of
from mrv.plots.mending import to_mend
from mrv.plots.rules import PlotRules
from mrv.plots.screen import ScreenedPlots, screen_plots
from mrv.project import ProjectSettings, parse_project
from mrv.sources.boundaries import BoundaryFile, read_boundaries
from mrv.sources.tables import read_bytes
from pipelines.commands.plot_verdicts import Counts, tell
from pipelines.commands.plots_around import surroundings
from pipelines.commands.show import console, notes, pairs, print_json, progress_bar
from registry_api.services import clock

REFUSED = 1
_METHODOLOGY = ("agroforestry_removals", 1)
_COUNTRY = re.compile("[A-Z]{2}")
_LAYERS = ("refused", "repaired", "accepted", "proposals")


@dataclass(frozen=True)
class Asked:
    """What one check was asked to look at.

    Attributes:
        country: ISO 3166 code; "" takes the project's, and without one borders are not checked.
        project: Folder whose project.toml says country, rules and columns.
        crs: For a file that does not state its own.
        columns: As `ours=theirs`, for the file and for `against` where it has them; empty takes
            the project's, and without one the guess.
        loss_raster, excluded, against: What lies around the plots, where there is such a file.
    """

    file: Path
    country: str = ""
    project: Path | None = None
    crs: str = ""
    columns: Sequence[str] = ()
    loss_raster: Path | None = None
    excluded: Path | None = None
    against: Path | None = None


@dataclass(frozen=True)
class Checked:
    """What came of it.

    Attributes:
        columns: Our column -> theirs, of those that were found.
        mapped_by: Who says so, for people.
    """

    read: BoundaryFile
    columns: Mapping[str, str]
    mapped_by: str
    country: str
    screened: ScreenedPlots

    @property
    def counts(self) -> Counts:
        """Count the features by what came of them."""
        return Counts.of(self.screened.findings, self.screened.features)


def check_plots(asked: Asked, *, report: Path | None, as_json: bool) -> int:
    """Screen a file and say what was found; gives the exit code: 1 when any plot is refused."""
    checked = _check(asked)
    if report is not None:
        write_report(report, checked)
    if as_json:
        print_json(_document(asked, checked))
    else:
        _tell(asked, checked, report)
    return REFUSED if checked.counts.refused else 0


def _check(asked: Asked) -> Checked:
    if asked.country and not _COUNTRY.fullmatch(asked.country):
        raise InputRejected(
            f"--country takes two letters of ISO 3166, such as KE; '{asked.country[:40]}' is none."
        )
    settings = _project(asked.project)
    with progress_bar(f"{asked.file.name}: reading") as progress:
        read = read_boundaries(asked.file, asked.file.name, crs=asked.crs)
        progress(1, 1)
    columns, mapped_by = _columns(asked, settings, read.frame)
    named = apply_columns(read.frame, columns, name=asked.file.name, mapped_by=mapped_by)
    rules = (settings.methodology.id, settings.methodology.version) if settings else _METHODOLOGY
    country = asked.country or (settings.country if settings else "")
    with progress_bar(f"{asked.file.name}: screening {len(named):,} plots") as progress:
        screened = screen_plots(
            named,
            country=country,
            rules=PlotRules.of(load_methodology(*rules)),
            today=clock.today(),
            surroundings=surroundings(
                project_id=settings.id if settings else "",
                against=asked.against,
                columns=_stated(asked, settings),
                excluded=asked.excluded,
                loss_raster=asked.loss_raster,
            ),
            progress=progress,
        )
    return Checked(read, columns, mapped_by, country, screened)


def _project(folder: Path | None) -> ProjectSettings | None:
    if folder is None:
        return None
    place = folder / "project.toml"
    if not place.is_file():
        raise ProjectInvalid(
            f"There is no project.toml in {folder}; a project is a folder with one."
        )
    return parse_project(read_bytes(place).decode("utf-8-sig"))


def _columns(
    asked: Asked, settings: ProjectSettings | None, frame: gpd.GeoDataFrame
) -> tuple[dict[str, str], str]:
    """Find which column is which: stated ones first, the guess for the others."""
    attributes = frame.drop(columns=frame.geometry.name)
    stated = _stated(asked, settings)
    guesses = guess_columns(
        [str(name) for name in attributes.columns if name not in stated.values()],
        samples_of(attributes),
    )
    guessed = {g.ours: g.theirs for g in guesses if g.theirs and g.ours not in stated}
    return guessed | stated, "--column" if asked.columns else "project.toml"


def _stated(asked: Asked, settings: ProjectSettings | None) -> dict[str, str]:
    stated = dict(settings.inputs.plot_columns) if settings else {}
    return stated | pairs(asked.columns, "--column", blank=True)


def write_report(place: Path, checked: Checked) -> None:
    """Write a GeoPackage with what is to be mended and what went in, whole or not at all."""
    screened = checked.screened
    repairs = screened.repairs.drop(columns="before")
    layers = {
        "refused": to_mend(checked.read.frame, screened.refused),
        "repaired": repairs,
        "accepted": screened.plots,
        "proposals": screened.proposals,
    }
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.draft.gpkg")
    draft.unlink(missing_ok=True)
    try:
        for name in _LAYERS:
            layers[name].to_file(draft, layer=name, driver="GPKG", engine="pyogrio")
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


def _document(asked: Asked, checked: Checked) -> dict[str, Any]:
    screened = checked.screened
    findings = screened.findings.astype(object).where(screened.findings.notna(), None)
    return {
        "file": asked.file.name,
        "format": checked.read.format,
        "notes": list(checked.read.notes),
        "country": checked.country,
        "columns": dict(checked.columns),
        "counts": checked.counts.as_data(),
        "findings": findings.to_dict("records"),
        "accepted": [
            {"feature": int(row.feature), "plot_id": row.plot_id, "area_ha": round(row.area_ha, 4)}
            for row in screened.plots.itertuples()
        ],
        "proposals": [
            {
                "feature": int(row.feature),
                "plot_id": row.plot_id,
                "code": row.code,
                "text": row.text,
            }
            for row in screened.proposals.itertuples()
        ],
    }


def _tell(asked: Asked, checked: Checked, report: Path | None) -> None:
    read, counts = checked.read, checked.counts
    where = f"borders of {checked.country}" if checked.country else "borders not checked"
    console.print(
        Text.assemble(
            (asked.file.name, "bold"), f"  {read.format}, {counts.features:,} features, {where}"
        )
    )
    for note in read.notes:
        console.print(Text(f"  {note}", "dim"))
    named = ", ".join(
        f"{ours} = {theirs}" for ours, theirs in checked.columns.items() if ours != theirs
    )
    if named:
        console.print(Text(f"  columns: {named}", "dim"))
    then = []
    if not checked.country:
        then.append("add --country and two letters, such as KE, to check that the plots lie there")
    if counts.refused and report is None:
        then.append("add --report to-mend.gpkg to get the refused plots as a layer for QGIS")
    if not counts.refused:
        then.append(f"parkland plots upload {asked.file.name} --project PROJECT")
    tell(checked.screened.findings, counts, then)
    if report is not None:
        notes.print(
            f"{report} opens in QGIS: layers {', '.join(_LAYERS)}. Mend the refused, then check or "
            "send that layer alone."
        )
