"""The forms of schemas/forms: what they ask, and that their exports load as they are."""

import io
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from pyxform.xls2xform import convert

from mrv.errors import BoundaryFileRefused
from mrv.field.fields import BY_NAME
from mrv.field.inventory import read_inventory
from mrv.methodologies import load_methodology
from mrv.plots.columns import COLUMNS, PRIVATE_COLUMNS, as_text, check_columns
from mrv.plots.mapping import apply_columns, guess_columns, samples_of
from mrv.plots.rules import PlotRules
from mrv.sources.boundaries import parse_boundaries
from mrv.sources.boundaries.table import GPS_ACCURACY
from mrv.sources.inventories import read_trees
from tests.forms.exports import central_zip, flat_csv, kobo_csv, kobo_labels, kobo_xlsx, structure
from tests.forms.freeze import ALL, FORMS, LANGUAGES, to_xlsx
from tests.forms.plot_registration import PLOTS_KOBO
from tests.forms.questions import Form

PLOTS, KOBO, TREES = "plot-registration", "plot-registration-kobo", "tree-inventory"


def walked(west: float, south: float, size: float = 0.001) -> str:
    """Give the geoshape of a square as a device writes it."""
    corners = shapely.get_coordinates(shapely.box(west, south, west + size, south + size))
    fixes = zip(corners, (3.2, 4.1, 7.5, 3.9, 3.2), strict=True)
    return "; ".join(f"{lat:.7f} {lon:.7f} 1140.0 {accuracy}" for (lon, lat), accuracy in fixes)


FIRST: Mapping[str, Any] = {
    "start": "2026-03-01T07:00:00.000+03:00",
    "today": "2026-03-01",
    "consent_given": "yes",
    "consent_on": "2026-03-01",
    "farmer_id": "K012",
    "farmer_name": "A. Invented",
    "farmer_phone": "+254 700 000 001",
    "village": "Nyalenda",
    "enrolled_on": "2026-03-01",
}
PLOT_1: Mapping[str, Any] = {
    "plot_id": "K012-1",
    "boundary": walked(34.75, -0.1),
    "area_ha": "1.231",
    "role": "enrolled",
    "practice": "woodlot",
    "species": "Grevillea robusta; Persea americana",
    "planted_on": "2025-11-02",
}
PLOT_2 = {**PLOT_1, "plot_id": "K012-2", "boundary": walked(34.76, -0.1), "role": "control"}
PLOT_3 = {**PLOT_1, "plot_id": "K013-1", "boundary": walked(34.77, -0.1)}
SECOND = {**FIRST, "farmer_id": "K013", "farmer_name": "B. Invented", "consent_on": "2026-03-02"}
REFUSED_TO_JOIN = {"today": "2026-03-03", "consent_given": "no"}
SUBMISSIONS = (
    {**FIRST, "plot": [PLOT_1, PLOT_2]},
    {**SECOND, "plot": [PLOT_3]},
    REFUSED_TO_JOIN,
)
ONE_BY_ONE = tuple(
    {**who, **what} for who, what in ((FIRST, PLOT_1), (FIRST, PLOT_2), (SECOND, PLOT_3))
)


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.name)
def test_the_file_is_what_the_list_of_questions_gives(form: Form) -> None:
    """After a change on purpose: `python -m tests.forms.freeze`."""
    assert (FORMS / f"{form.name}.xlsx").read_bytes() == to_xlsx(form)


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.name)
def test_pyxform_takes_it_without_a_warning(form: Form) -> None:
    """With Java, as pyxform brings it, ODK Validate runs the form as a phone would."""
    written = convert(io.BytesIO(to_xlsx(form)), validate=shutil.which("java") is not None)
    assert written.warnings == []
    assert all(f'lang="{language}"' in written.xform for language in LANGUAGES)


@pytest.mark.parametrize("name", [PLOTS, KOBO])
def test_what_the_rules_refuse_for_its_size_is_told_in_the_field(name: str) -> None:
    rules = PlotRules.of(load_methodology("agroforestry_removals", 1))
    survey = openpyxl.load_workbook(FORMS / f"{name}.xlsx")["survey"]
    header, *rows = survey.iter_rows(values_only=True)
    (walk,) = (
        row
        for row in (dict(zip(header, row, strict=True)) for row in rows)
        if row["name"] == "boundary"
    )
    least, most = re.findall(r"area\(\.\) [<>]= (\d+)", walk["constraint"])
    assert int(least) == pytest.approx(rules.area_min_ha * 10_000)
    assert int(most) == pytest.approx(rules.area_max_ha * 10_000)
    for language in LANGUAGES:
        for words in (walk[f"hint::{language}"], walk[f"constraint_message::{language}"]):
            assert f"{rules.area_min_ha:g}-{rules.area_max_ha:g} ha" in words.replace(",", ".") or (
                f"hekta {rules.area_min_ha:g}-{rules.area_max_ha:g}" in words
            )


def test_it_asks_for_every_column_that_we_have() -> None:
    asked = {
        path[-1]
        for table in (structure(PLOTS), *structure(PLOTS).repeats)
        for path in table.columns
    }
    ours = {column.name for column in (*COLUMNS, *PRIVATE_COLUMNS)}
    # A stratum is a matter of the plan, and a plot leaves long after it was registered.
    assert ours - asked == {"stratum", "left_on"}
    trees = structure(TREES)
    asked = {path[-1] for table in (trees, *trees.repeats) for path in table.columns}
    # A tree's place comes as the two parts of one question; a volume is computed, not measured.
    assert set(BY_NAME) - asked == {"lon", "lat", "stem_volume_m3"}


def mapped(data: bytes, name: str) -> gpd.GeoDataFrame:
    """Read an export and apply the guess, as if nobody touched a column."""
    frame = parse_boundaries(data, name).frame
    guesses = guess_columns([c for c in frame.columns if c != "geometry"], samples_of(frame))
    return apply_columns(frame, {guess.ours: guess.theirs for guess in guesses})


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param(lambda: central_zip(PLOTS, SUBMISSIONS), "Plots.zip", id="ODK Central"),
        pytest.param(
            lambda: central_zip(PLOTS, SUBMISSIONS, groups=False),
            "Plots.zip",
            id="ODK Central without groups",
        ),
        pytest.param(lambda: kobo_xlsx(PLOTS, SUBMISSIONS), "Plots.xlsx", id="Kobo XLSX"),
        pytest.param(lambda: flat_csv(PLOTS, SUBMISSIONS), "Plots.csv", id="Ona CSV"),
        pytest.param(lambda: kobo_csv(KOBO, ONE_BY_ONE), "Plots.csv", id="Kobo CSV"),
        pytest.param(lambda: kobo_xlsx(KOBO, ONE_BY_ONE), "Plots.xlsx", id="Kobo XLSX, flat"),
        *(
            pytest.param(
                lambda at=at: kobo_labels(PLOTS_KOBO, ONE_BY_ONE, at), "Plots.csv", id=f"in {words}"
            )
            for at, words in enumerate(LANGUAGES)
        ),
        pytest.param(lambda: central_zip(KOBO, ONE_BY_ONE), "Plots.zip", id="ODK Central, flat"),
    ],
)
def test_registered_plots_load_without_touching_a_column(
    data: Callable[[], bytes], name: str
) -> None:
    frame = mapped(data(), name)
    assert frame.crs == "EPSG:4326"
    texts = as_text(frame)
    assert check_columns(texts) == []
    assert texts["plot_id"].tolist() == ["K012-1", "K012-2", "K013-1"]
    assert texts["farmer_id"].tolist() == ["K012", "K012", "K013"]
    assert texts["village"].tolist() == ["Nyalenda"] * 3
    assert texts["role"].tolist() == ["enrolled", "control", "enrolled"]
    assert {text.lower() for text in texts["practice"]} <= {
        *("woodlot", "boisement", "msitu mdogo wa shamba"),
    }
    assert texts["species"].tolist() == [PLOT_1["species"]] * 3
    assert texts["planted_on"].tolist() == ["2025-11-02"] * 3
    assert texts["enrolled_on"].tolist() == ["2026-03-01"] * 3
    assert texts["consent_given"].tolist() == ["yes"] * 3
    assert texts["consent_on"].tolist() == ["2026-03-01", "2026-03-01", "2026-03-02"]
    people = as_text(frame, PRIVATE_COLUMNS)
    assert people["farmer_name"].tolist() == ["A. Invented", "A. Invented", "B. Invented"]
    assert people["farmer_phone"].tolist() == ["+254 700 000 001"] * 3
    assert frame[GPS_ACCURACY].tolist() == [7.5] * 3
    assert shapely.equals_exact(frame.geometry[0], shapely.box(34.75, -0.1, 34.751, -0.099), 1e-9)


def test_who_does_not_agree_is_told_of_and_is_no_plot() -> None:
    read = parse_boundaries(central_zip(PLOTS, SUBMISSIONS), "Plots.zip")
    assert read.notes == ("1 submission holds no plot.",)


def test_of_an_edited_submission_the_latest_counts() -> None:
    key = "uuid:11111111-0000-4000-8000-000000000000"
    first = {**FIRST, "plot": [PLOT_1], "KEY": key}
    edited = {**first, "village": "Manyatta", "Edits": "1"}
    frame = mapped(central_zip(PLOTS, [edited, first]), "Plots.zip")
    assert as_text(frame)["village"].tolist() == ["Manyatta"]
    twice = {**ONE_BY_ONE[0], "_uuid": "aa"}
    late = {**twice, "village": "Manyatta", "_submission_time": "2026-04-01T08:00:00"}
    frame = mapped(kobo_csv(KOBO, [late, twice]), "Plots.csv")
    assert as_text(frame)["village"].tolist() == ["Manyatta"]


def test_what_was_rejected_in_review_is_left_out_and_told() -> None:
    rejected = {**FIRST, "plot": [PLOT_1], "ReviewState": "rejected"}
    read = parse_boundaries(central_zip(PLOTS, [rejected, SUBMISSIONS[1]]), "Plots.zip")
    assert len(read.frame) == 1
    assert "1 submission was rejected in review and left out." in read.notes


def test_a_kobo_csv_without_the_repeats_says_where_they_are() -> None:
    with pytest.raises(BoundaryFileRefused, match="export XLSX from KoboToolbox") as refused:
        parse_boundaries(kobo_csv(PLOTS, SUBMISSIONS), "Plots.csv")
    assert refused.value.fault == "no_geometry"


def test_repeats_without_their_submissions_are_refused() -> None:
    alone = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(central_zip(PLOTS, SUBMISSIONS))) as whole:
        repeats = next(member for member in whole.namelist() if member.endswith("-plot.csv"))
        with zipfile.ZipFile(alone, "w") as archive:
            archive.writestr(repeats, whole.read(repeats))
    with pytest.raises(BoundaryFileRefused, match="export all tables of the form together"):
        parse_boundaries(alone.getvalue(), "Plots.zip")


TREE_1: Mapping[str, Any] = {
    "tree_id": "1",
    "stem": "1",
    "species": "Grevillea robusta",
    "state": "alive",
    "status": "alive",
    "dbh_cm": "14.2",
    "height_m": "9.5",
    "origin": "planted",
    "place": "-0.0995 34.7505 1140.0 4.2",
}
TREE_2 = {"tree_id": "2", "stem": "1", "state": "dead", "status": "dead", "origin": "pre_existing"}
VISIT: Mapping[str, Any] = {
    "plot_id": "K012-1",
    "measured_on": "2026-03-05",
    "inclusion_probability": "0.25",
    "tree_fraction": "1",
    "any_trees": "yes",
}
VISITS = (
    {**VISIT, "tree": [TREE_1, TREE_2]},
    {**VISIT, "plot_id": "K012-2", "any_trees": "no", "status": "no_trees"},
    {**VISIT, "plot_id": "K013-1", "tree": [TREE_1]},
)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param(lambda: central_zip(TREES, VISITS), "Trees.zip", id="ODK Central"),
        pytest.param(
            lambda: central_zip(TREES, VISITS, groups=False), "Trees.zip", id="without groups"
        ),
        pytest.param(lambda: kobo_xlsx(TREES, VISITS), "Trees.xlsx", id="Kobo XLSX"),
        pytest.param(lambda: flat_csv(TREES, VISITS), "Trees.csv", id="Ona CSV"),
    ],
)
def test_measured_trees_load_without_touching_a_column(
    data: Callable[[], bytes], name: str
) -> None:
    raw = read_trees(data(), name, {})
    inventory = read_inventory(raw, plot_ids=None, today=date(2026, 4, 1))
    errors = inventory.findings.query("severity == 'error'")
    assert errors.empty, errors["message"].tolist()
    trees = inventory.trees.sort_values(["plot_id", "tree_id"]).reset_index(drop=True)
    assert trees["plot_id"].tolist() == ["K012-1", "K012-1", "K012-2", "K013-1"]
    assert trees["tree_id"].tolist() == ["1", "2", "", "1"]
    assert trees["status"].tolist() == ["alive", "dead", "no_trees", "alive"]
    assert trees["dbh_cm"].tolist()[0] == 14.2
    assert trees["height_m"].tolist()[0] == 9.5
    assert trees["species"].tolist()[0] == "Grevillea robusta"
    assert trees["measured_on"].tolist() == [pd.Timestamp("2026-03-05")] * 4
    assert trees["inclusion_probability"].tolist() == [0.25] * 4
    assert trees[["lon", "lat"]].iloc[0].tolist() == [34.7505, -0.0995]


def test_girths_circles_slopes_shrubs_and_seedlings_load_as_the_crew_wrote_them() -> None:
    girth = {**TREE_1, "dbh_cm": "", "sized_by": "girth", "girth_cm": "44.6", "measured_at_m": ".4"}
    palm = {
        **TREE_1, "tree_id": "3", "species": "Cocos nucifera", "sized_by": "height", "dbh_cm": "",
    }  # fmt: skip
    seedling = {
        "tree_id": "4", "stem": "1", "state": "planted", "status": "planted", "origin": "planted",
    }  # fmt: skip
    visit = {
        **VISIT,
        "tree_fraction": "",
        "subplot_radius_m": "12",
        "slope_percent": "30",
        "shrub_cover": "0.2",
        "tree": [girth, palm, seedling],
    }
    raw = read_trees(central_zip(TREES, [visit]), "Trees.zip", {})
    inventory = read_inventory(raw, plot_ids=None, today=date(2026, 4, 1))
    assert not (inventory.findings["severity"] == "error").any(), inventory.findings
    trees = inventory.trees.set_index("tree_id")
    assert trees.loc["1", "dbh_cm"] == pytest.approx(44.6 / 3.14159, rel=1e-4)
    assert trees.loc["1", "measured_at_m"] == 0.4
    assert trees.loc["3", "height_m"] == 9.5
    assert trees.loc["4", "status"] == "planted"
    assert trees["shrub_cover"].tolist() == [0.2] * 3
    level_ha = 3.14159 * 12**2 / 10_000 / (1 + 0.3**2) ** 0.5
    assert trees["subplot_ha"].tolist() == pytest.approx([level_ha] * 3, rel=1e-4)
