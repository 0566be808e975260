"""Project folders: read whole, or refused in one sentence."""

import hashlib
import json
from pathlib import Path

import pytest
import shapely

from mrv.errors import ProjectInvalid, TableInvalid
from mrv.project import ProjectSettings
from mrv.sources.projects import read_project

ROOT = Path(__file__).resolve().parents[3]
TOML = """
schema = "parkland/project/1-0-0"
id = "demo-one"
name = "Demo"
summary = "A test"
country = "KE"
region = "Kisumu"
developer = "demo-group"

[methodology]
id = "agroforestry_removals"
version = 1

[inputs]
plots = "plots.geojson"
trees = "trees.csv"
plot_columns = { plot_id = "Field ID" }
tree_columns = { dbh_cm = "DBH" }

[ecology]
ecoregion = "x"
allometry_region = "western_kenya"
height_model = "feldpausch_e_africa"
root_shoot_zone = "tropical_dry.africa"
growth_cap = "east_africa_farm"

[seasons.dry]
first = "01-01"
last = "02-28"

[imagery]
source = "catalog"
location = "scenes/catalog.json"
collection = "sentinel-2-l2a"

[[periods]]
id = "2021-2024"
start = 2021-01-01
end = 2024-01-01
"""

RECORD = f"""[[additionality]]
test = "common_practice"
shown = true
finding = "Seven of a hundred farms."
document = "farms.md"
sha256 = "{"a" * 64}"
dated = 2020-06-01
"""


CENSUS = """[baseline]
kind = "census"
direct_planting = true
cover_before = 0.03
cropping_years_before = 4
spacing_m = 12.0
gps_accuracy_m = 3.0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "project"
    (home / "scenes").mkdir(parents=True)
    (home / "scenes/catalog.json").write_text("{}")
    (home / "project.toml").write_text(TOML)
    feature = {
        "type": "Feature",
        "properties": {"Field ID": "a", "village": "V"},
        "geometry": shapely.geometry.mapping(shapely.box(34.5, -0.2, 34.501, -0.199)),
    }
    (home / "plots.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [feature]})
    )
    (home / "trees.csv").write_text("plot_id;tree_id;DBH\na;1;12,5\n\na;2;9\n")
    return home


def test_a_project_is_read_with_its_digests(folder: Path) -> None:
    project = read_project(folder)
    assert project.settings.id == "demo-one"
    assert project.plots_raw["plot_id"].tolist() == ["a"]
    assert project.trees_raw is not None
    assert project.trees_raw["dbh_cm"].tolist() == ["12,5", "9"]
    assert project.trees_raw.index.tolist() == [2, 4]  # lines of the file
    assert project.catalog == str(folder / "scenes/catalog.json")
    assert set(project.digests) == {"project.toml", "plots", "trees"}
    plots = (folder / "plots.geojson").read_bytes()
    assert project.digests["plots"] == hashlib.sha256(plots).hexdigest()


def test_without_an_inventory_there_are_no_trees(folder: Path) -> None:
    toml = TOML.replace('trees = "trees.csv"\n', "").replace(
        'tree_columns = { dbh_cm = "DBH" }', ""
    )
    (folder / "project.toml").write_text(toml)
    project = read_project(folder)
    assert project.trees_raw is None
    assert "trees" not in project.digests


def edit(folder: Path, old: str, new: str) -> None:
    assert old in TOML
    (folder / "project.toml").write_text(TOML.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"plots.geojson"', '"../secret.geojson"', "inputs.plots leads out of the project folder"),
        ('"trees.csv"', '"/etc/passwd"', "inputs.trees leads out of the project folder"),
        ('"scenes/catalog.json"', '"../catalog.json"', "imagery.location leads out"),
        ('"trees.csv"', '"absent.csv"', "inputs.trees names 'absent.csv', which is not there"),
        ('source = "catalog"', 'source = "api"', "must be the web address of a STAC API"),
        ('country = "KE"', 'country = "Kenya"', "country"),
        (
            "end = 2024-01-01",
            'end = 2024-01-01\n[emissions.fuel_tco2e]\n"2021-24" = 5.0',
            "emissions are stated for 2021-24, and the periods are 2021-2024",
        ),
        (
            "end = 2024-01-01",
            'end = 2024-01-01\n[emissions.burning_tco2e]\n"2021-2024" = -5.0',
            "greater than or equal to 0",
        ),
        (
            "end = 2024-01-01",
            'end = 2024-01-01\n[emissions.burning_tco2e]\n"2021-2024" = nan',
            "finite|greater than",
        ),
        (
            "end = 2024-01-01",
            'end = 2024-01-01\n[activities."2020"]\ndiesel_l = 5.0',
            "emissions are stated for 2020",
        ),
        (
            "end = 2024-01-01",
            'end = 2024-01-01\n[activities."2021-2024"]\ndiesel_l = -5.0',
            "greater than or equal to 0",
        ),
        (
            "end = 2024-01-01",
            "end = 2024-01-01\n[leakage.fuelwood]\nbefore_t_year = 9.0\nnow_t_year = {}",
            "leakage states production for other periods",
        ),
        (
            "end = 2024-01-01",
            (
                'end = 2024-01-01\n[[leakage.crops]]\nproduct = "maize"\nbefore_t_year = 9.0\n'
                'now_t_year = {"2021-2024" = 8.0}\nyield_t_ha = 0.0\ncleared_tco2e_ha = 50.0'
            ),
            "greater than 0",
        ),
        (
            "end = 2024-01-01",
            f"end = 2024-01-01\n{RECORD}adoption = 1.2",
            "less than or equal to 1",
        ),
        ("end = 2024-01-01", f"end = 2024-01-01\n{RECORD}", "common_practice, which cannot do"),
        (
            "end = 2024-01-01",
            f"end = 2024-01-01\n{RECORD}adoption = 0.1".replace("a" * 64, "abc"),
            "sha256",
        ),
        (
            "end = 2024-01-01",
            f"end = 2024-01-01\n{RECORD}adoption = 0.1".replace("farms.md", "trees.csv"),
            "not the file that the record of common_practice names",
        ),
        ("end = 2024-01-01", 'end = 2024-01-01\n[baseline]\nkind = "none"', "baseline"),
        (
            "end = 2024-01-01",
            f"end = 2024-01-01\n{CENSUS}".replace("spacing_m = 12.0\n", ""),
            "baseline.census.spacing_m: Field required",
        ),
        (
            "end = 2024-01-01",
            f"end = 2024-01-01\n{CENSUS}".replace("0.03", "3.0"),
            "baseline.census.cover_before: .* less than or equal to 1",
        ),
        (
            "end = 2024-01-01",
            'end = 2024-01-01\n[baseline]\nkind = "controls"\nspacing_m = 12.0',
            "baseline.controls.spacing_m: Extra inputs",
        ),
    ],
)
def test_wrong_settings_are_one_sentence(folder: Path, old: str, new: str, told: str) -> None:
    (folder.parent / "secret.geojson").write_text("{}")
    (folder.parent / "catalog.json").write_text("{}")
    edit(folder, old, new)
    with pytest.raises(ProjectInvalid, match=told):
        read_project(folder)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"Field ID"', '"FieldID"', "plots.geojson has no column FieldID"),
        ('"DBH"', '"diameter"', "trees.csv has no column diameter"),
        ('"trees.csv"', '"scenes"', "scenes cannot be read"),
    ],
)
def test_a_table_that_does_not_fit_is_one_sentence(
    folder: Path, old: str, new: str, told: str
) -> None:
    edit(folder, old, new)
    with pytest.raises(TableInvalid, match=told):
        read_project(folder)


def test_a_link_out_of_the_folder_is_a_way_out(folder: Path) -> None:
    (folder / "trees.csv").unlink()
    (folder / "trees.csv").symlink_to("/etc/passwd")
    with pytest.raises(ProjectInvalid, match="leads out"):
        read_project(folder)


def test_one_may_read_from_anywhere_on_ones_own_machine(folder: Path) -> None:
    outside = folder.parent / "elsewhere.csv"
    (folder / "trees.csv").rename(outside)
    edit(folder, '"trees.csv"', f'"{outside}"')
    assert read_project(folder, allow_outside=True).trees_raw is not None


def test_no_project_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ProjectInvalid, match=r"no project\.toml"):
        read_project(tmp_path)


def test_what_is_stated_of_the_world_without_the_project(folder: Path) -> None:
    stated = f"""end = 2024-01-01
[activities."2021-2024"]
climate = "wet"
synthetic_n_kg = 100.0
[[leakage.crops]]
product = "maize"
before_t_year = 9.0
now_t_year = {{"2021-2024" = 8.0}}
yield_t_ha = 1.5
cleared_tco2e_ha = 50.0
[leakage.fuelwood]
before_t_year = 4.0
now_t_year = {{"2021-2024" = 4.0}}
{RECORD}adoption = 0.1
"""
    edit(folder, "end = 2024-01-01", stated)
    settings = read_project(folder).settings
    assert settings.activities["2021-2024"].synthetic_n_kg == 100
    assert [product.before_t_year for product in settings.leakage.products] == [9, 4]
    assert settings.additionality[0].adoption == 0.1


def test_a_project_says_what_its_baseline_rests_on(folder: Path) -> None:
    """Controls where it says nothing, as in every project before there was a choice."""
    assert read_project(folder).settings.baseline.kind == "controls"
    edit(folder, "end = 2024-01-01", f"end = 2024-01-01\n{CENSUS}")
    baseline = read_project(folder).settings.baseline
    assert (baseline.kind, baseline.spacing_m) == ("census", 12.0)
    edit(folder, "end = 2024-01-01", 'end = 2024-01-01\n[baseline]\nkind = "benchmark"\n')
    baseline = read_project(folder).settings.baseline
    assert (baseline.kind, baseline.index, baseline.neighbours) == ("benchmark", "nirv", 1)


def test_the_published_schema_of_a_project_is_its_model() -> None:
    published = json.loads((ROOT / "schemas/project/1-0-4.json").read_text())
    assert published == ProjectSettings.model_json_schema()


@pytest.mark.parametrize("text", ["a = " + "9" * 5000, "a = " + "[" * 5000])
def test_a_settings_file_made_to_break_the_parser_is_one_sentence(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "project.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProjectInvalid, match=r"project\.toml"):
        read_project(tmp_path)
