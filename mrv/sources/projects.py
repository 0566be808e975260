"""A project folder: reads project.toml and the tables it names, and takes their digests.

Understanding the settings is `mrv.project`, judging plots `mrv.plots`, judging trees `mrv.field`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import geopandas as gpd
import pandas as pd

from mrv.errors import ProjectInvalid
from mrv.project import ProjectSettings, parse_project
from mrv.sources.boundaries import read_boundaries
from mrv.sources.inventories import read_trees
from mrv.sources.tables import read_bytes, rename_columns


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    """What a project brought.

    Attributes:
        settings: Of project.toml.
        plots_raw: Boundaries as they came, columns under our names; None where the project brings
            none because they are uploaded to the registry.
        trees_raw: Inventory as texts under our column names, index = line of the file; None where
            the project brought none.
        digests: `project.toml`, `plots` and `trees` -> sha-256 of each file there is.
        catalog: Address or absolute path of the scenes; empty where they are simulated.
        folder: Where the project lies.
    """

    settings: ProjectSettings
    plots_raw: gpd.GeoDataFrame | None
    trees_raw: pd.DataFrame | None
    digests: Mapping[str, str]
    catalog: str
    folder: Path


def read_project(folder: Path, *, allow_outside: bool = False) -> ProjectFolder:
    """Read a project.

    Args:
        folder: With a project.toml.
        allow_outside: Whether its paths may lead out of the folder; only for one's own machine.

    Raises:
        ProjectInvalid: If settings are wrong, a path leads out of the folder, or a document of
            additionality that lies in it is another than its record names.
        TableInvalid: If a table cannot be read.
    """
    home = folder.resolve()
    place = home / "project.toml"
    if not place.is_file():
        raise ProjectInvalid(
            f"There is no project.toml in {folder}; a project is a folder with one.",
            folder=str(folder),
        )
    raw = read_bytes(place)
    settings = parse_project(_utf8(raw))
    inputs = settings.inputs
    _check_documents(home, settings)
    digests = {"project.toml": _sha256(raw)}
    plots_raw = trees_raw = None
    if inputs.plots is not None:
        plots_path = _inside(home, inputs.plots, "inputs.plots", allow_outside=allow_outside)
        plots = read_bytes(plots_path)
        digests["plots"] = _sha256(plots)
        boundaries = read_boundaries(plots, plots_path.name).frame
        plots_raw = rename_columns(boundaries, inputs.plot_columns, plots_path.name)
    if inputs.trees is not None:
        trees_path = _inside(home, inputs.trees, "inputs.trees", allow_outside=allow_outside)
        trees = read_bytes(trees_path)
        digests["trees"] = _sha256(trees)
        trees_raw = read_trees(trees, trees_path.name, inputs.tree_columns)
    return ProjectFolder(
        settings=settings,
        plots_raw=plots_raw,
        trees_raw=trees_raw,
        digests=MappingProxyType(digests),
        catalog=_catalog(home, settings, allow_outside=allow_outside),
        folder=home,
    )


def _check_documents(home: Path, settings: ProjectSettings) -> None:
    """Compare documents with the digests that records name; a verifier holds those not here."""
    for record in settings.additionality:
        place = (home / record.document).resolve()
        if not (place.is_relative_to(home) and place.is_file()):
            continue
        if _sha256(read_bytes(place)) != record.sha256:
            raise ProjectInvalid(
                f"{record.document} is not the file that the record of {record.test} names by its "
                "sha256; put the right file there or its digest into project.toml.",
                document=record.document,
            )


def _catalog(home: Path, settings: ProjectSettings, *, allow_outside: bool) -> str:
    location = settings.imagery.location
    if settings.imagery.source == "simulation":
        return ""
    if urlsplit(location).scheme in ("http", "https"):
        return location
    if settings.imagery.source == "api":
        raise ProjectInvalid(
            f"imagery.location must be the web address of a STAC API, not '{location}'.",
            setting="imagery.location",
        )
    return str(_inside(home, location, "imagery.location", allow_outside=allow_outside))


def _inside(home: Path, path: str, setting: str, *, allow_outside: bool) -> Path:
    place = (home / path).resolve()
    if not allow_outside and not place.is_relative_to(home):
        raise ProjectInvalid(
            f"{setting} leads out of the project folder ('{path}'); copy the file into it.",
            setting=setting,
        )
    if not place.exists():
        raise ProjectInvalid(f"{setting} names '{path}', which is not there.", setting=setting)
    return place


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProjectInvalid(
            f"project.toml is not UTF-8 text (byte {error.start}); save it as UTF-8."
        ) from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
