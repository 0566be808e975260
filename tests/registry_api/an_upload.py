"""A project folder as its developer would zip and send it, for tests to spoil."""

import io
import zipfile
from collections.abc import Mapping
from types import MappingProxyType

from tests.registry_api.a_registry import DEVELOPER, RULES

ZIP = {"Content-Type": "application/zip"}
PROJECT_ID = "hilltop-markhamia"
TOML = f"""
schema = "parkland/project/1-0-0"
id = "{PROJECT_ID}"
name = "Hilltop markhamia"
summary = "Markhamia and avocado on maize plots."
country = "KE"
region = "Kisumu County"
developer = "{DEVELOPER}"

[methodology]
id = "{RULES.id}"
version = {RULES.version}

[inputs]
plots = "plots.geojson"
trees = "field/trees.csv"

[ecology]
ecoregion = "Victoria Basin"
allometry_region = "western_kenya"
height_model = "feldpausch_e_africa"
root_shoot_zone = "tropical_dry.africa"
growth_cap = "east_africa_farm"

[seasons.dry]
first = "01-01"
last = "02-28"

[imagery]
source = "catalog"
location = "https://scenes.example/catalog.json"
collection = "sentinel-2-l2a"

[[periods]]
id = "2021-2024"
start = 2021-02-01
end = 2024-02-01

[[periods]]
id = "2024-2090"
start = 2024-02-01
end = 2090-02-01
"""


def a_project(changes: Mapping[str, str] = MappingProxyType({})) -> dict[str, bytes]:
    """The files of the folder; in project.toml each old text is replaced by its new one."""
    toml = TOML
    for old, new in changes.items():
        assert old in toml, old
        toml = toml.replace(old, new)
    return {
        "project.toml": toml.encode(),
        "plots.geojson": b'{"type": "FeatureCollection", "features": []}',
        "field/trees.csv": b"plot_id,tree_id,species,dbh_cm,measured_on,status\n",
    }


def zipped(files: Mapping[str, bytes], *, within: str = "") -> bytes:
    """Zip files, all at one fixed time, in a folder of the archive where one is named."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(within + path), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
