"""Which column is which: guesses on the names that real files have, and the mapping applied."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.errors import TableInvalid
from mrv.plots.mapping import ALL_COLUMNS, apply_columns, guess_columns, names, samples_of
from mrv.sources.boundaries import parse_boundaries

FOLDER = "field_boundaries"
KENYA = "kenya_busia_original/ref_african_crops_kenya_01_labels_0{}/labels.geojson"
UGANDA = "uganda_dalberg_sample/ref_african_crops_uganda_01_labels_0{}/labels.geojson"
PLOT_AND_PLANTING = {"plot_id": "plot_id", "planted_on": "planting_date"}

# What is guessed for every real file, as a person would say. Crops of a season are no planted
# species, a season's first day is no planting, and a surveyor is no farmer.
REAL = {
    "central_asia_fergana.geojson": {"plot_id": "plot_id"},
    "ethiopia_crop.geojson": {"plot_id": "plot_id"},
    "kenya_busia.geojson": PLOT_AND_PLANTING,
    "kenya_busia_utm36n.gpkg": PLOT_AND_PLANTING,
    KENYA.format(0): {"plot_id": "Field ID", "planted_on": "Planting Date"},
    KENYA.format(1): {"plot_id": "Field ID", "planted_on": "Planting Date"},
    KENYA.format(2): {"plot_id": "Field ID", "planted_on": "Planting Date"},
    "kenya_busia_formats/plots.geojson": PLOT_AND_PLANTING,
    "kenya_busia_formats/plots.kml": PLOT_AND_PLANTING,
    "kenya_busia_formats/plots_utm36n.gpkg": PLOT_AND_PLANTING,
    "kenya_busia_formats/plots_wkt.csv": PLOT_AND_PLANTING,
    "kenya_busia_formats/plots_vertices.csv": {"plot_id": "plot_id"},
    "malawi_kasungu.gpkg": {},
    "mali_segou.geojson": {"plot_id": "plot_id"},
    "togo_crop.geojson": {"plot_id": "plot_id"},
    UGANDA.format(0): {"village": "Village"},
    UGANDA.format(4): {"village": "Village"},
    "whisp_example_world.geojson": {},
}


def guessed(theirs: list[str], **samples: list[str]) -> dict[str, str]:
    return {guess.ours: guess.theirs for guess in guess_columns(theirs, samples) if guess.theirs}


@pytest.mark.parametrize(("path", "expected"), REAL.items(), ids=REAL)
def test_columns_of_real_files(
    path: str, expected: dict[str, str], real_data: Callable[[str], Path]
) -> None:
    place = real_data(f"{FOLDER}/{path}")
    frame = parse_boundaries(place.read_bytes(), place.name).frame
    attributes = pd.DataFrame(frame.drop(columns=["geometry", "geometry_note"], errors="ignore"))
    found = guess_columns(list(attributes.columns), samples_of(attributes))
    assert {guess.ours: guess.theirs for guess in found if guess.theirs} == expected
    assert all(guess.why for guess in found)


def test_names_that_a_shapefile_cut(real_data: Callable[[str], Path]) -> None:
    """The ten letters that are left, as the real file has them."""
    dbf = real_data(f"{FOLDER}/kenya_busia_formats/plots_utm36n.dbf").read_bytes()
    header = dbf[32 : int.from_bytes(dbf[8:10], "little") - 1]
    theirs = [
        header[at : at + 11].rstrip(b"\0").split(b"\0")[0].decode()
        for at in range(0, len(header), 32)
    ]
    assert "planting_d" in theirs
    assert guessed(theirs) == {"plot_id": "plot_id", "planted_on": "planting_d"}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("plot_id", "plot_id"),
        ("Plot ID", "plot_id"),
        ("PLOTID", "plot_id"),
        ("plotId", "plot_id"),
        ("plot/plot_id", "plot_id"),
        ("plot-plot_id", "plot_id"),
        ("data.plot_id", "plot_id"),
        ("plots[1]/plot_id", "plot_id"),
        ("Numéro de la parcelle", "plot_id"),
        ("Código de parcela", "plot_id"),
        ("Namba ya shamba", "plot_id"),
        ("Mã lô", "plot_id"),
        ("Номер участка", "plot_id"),
        ("farmer-farmer_name", "farmer_name"),
        ("Nom et prénom", "farmer_name"),
        ("Họ và tên", "farmer_name"),
        ("ФИО", "farmer_name"),
        ("farmer_nam", "farmer_name"),
        ("Jina la mkulima", "farmer_name"),
        ("Số điện thoại", "farmer_phone"),
        ("Téléphone", "farmer_phone"),
        ("Phone No.", "farmer_phone"),
        ("Date de plantation", "planted_on"),
        ("plantation_date", "planted_on"),
        ("Ngày trồng", "planted_on"),
        ("Tarehe ya kupanda", "planted_on"),
        ("consent_gi", "consent_given"),
        ("Consentement éclairé", "consent_given"),
        ("Date du consentement", "consent_on"),
        ("Espèces plantées", "species"),
        ("Loài cây", "species"),
        ("Kijiji", "village"),
        ("Село", "village"),
        ("phum", "village"),
        ("HHID", "farmer_id"),
        ("Código productor", "farmer_id"),
        ("Agroforestry practice", "practice"),
        ("Fecha de inscripción", "enrolled_on"),
        ("crop1", None),
        ("PlantingDate Method", None),
        ("Estimated Harvest Date", None),
        ("surveyorid", None),
        ("area_ha", None),
        ("plot_area", None),
        ("", None),
        ("///", None),
    ],
)
def test_one_name_at_a_time(theirs: str, ours: str | None) -> None:
    assert guessed([theirs]) == ({ours: theirs} if ours else {})


def test_the_surest_guess_has_the_column_and_each_is_given_once() -> None:
    assert guessed(["Field ID", "plot_id"]) == {"plot_id": "plot_id"}
    assert guessed(["id", "Parcelle", "Nom du producteur"]) == {
        "plot_id": "Parcelle",
        "farmer_name": "Nom du producteur",
    }
    assert guessed(["date_consent", "consent"]) == {
        "consent_given": "consent",
        "consent_on": "date_consent",
    }


def test_values_are_asked_where_a_name_alone_misleads() -> None:
    assert guessed(["planted"], planted=["yes", "no", "yes"]) == {}
    assert guessed(["planted"], planted=["2021-03-04", "12/05/2022"]) == {"planted_on": "planted"}
    assert guessed(["phone"], phone=["Nokia", "none"]) == {}
    assert guessed(["kontakt"], kontakt=["+254 700 000 001", "+254 700 000 002", ""]) == {
        "farmer_phone": "kontakt"
    }
    assert guessed(["id"], id=["1", "2", "3"]) == {"plot_id": "id"}
    assert guessed(["name"], name=["coffee", "coffee", "maize"]) == {}


def test_every_column_has_other_names_and_no_sure_one_means_two() -> None:
    assert set(names()) == {column.name for column in ALL_COLUMNS}
    sure = [name for known in names().values() for name in known.sure]
    assert len(sure) == len(set(sure))


@given(
    st.lists(st.text(max_size=30), max_size=12),
    st.lists(st.text(max_size=20), max_size=5),
)
def test_any_header_gets_an_answer(theirs: list[str], values: list[str]) -> None:
    found = guess_columns(theirs, dict.fromkeys(theirs, values))
    assert [guess.ours for guess in found] == [column.name for column in ALL_COLUMNS]
    given_away = [guess.theirs for guess in found if guess.theirs]
    assert len(given_away) == len(set(given_away))
    assert set(given_away) <= set(theirs)


def test_a_mapping_renames_and_leaves_the_rest() -> None:
    frame = pd.DataFrame({"Parcel": ["a"], "plot_id": ["old"], "joined": ["2024-01-01"], "x": [1]})
    mapping = {"plot_id": "Parcel", "enrolled_on": "joined", "consent_on": "joined", "village": ""}
    mapped = apply_columns(frame, mapping)
    assert mapped.to_dict("records") == [
        {"plot_id": "a", "enrolled_on": "2024-01-01", "consent_on": "2024-01-01", "x": 1}
    ]
    assert list(mapped.columns) == ["plot_id", "enrolled_on", "consent_on", "x"]
    assert list(frame.columns) == ["Parcel", "plot_id", "joined", "x"]


def test_columns_may_change_places() -> None:
    frame = pd.DataFrame({"plot_id": ["farmer"], "farmer_id": ["plot"]})
    mapped = apply_columns(frame, {"plot_id": "farmer_id", "farmer_id": "plot_id"})
    assert mapped.to_dict("records") == [{"plot_id": "plot", "farmer_id": "farmer"}]


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(TableInvalid, match=r"has no column Parzelle.*it has plot_id"):
        apply_columns(pd.DataFrame({"plot_id": ["a"]}), {"plot_id": "Parzelle"})


def test_the_guess_of_what_a_file_stores_as_json_is_plain_text() -> None:
    frame = pd.DataFrame({"a": [1.0, None, 2.5], "b": [json.dumps([1]), "", None]})
    assert samples_of(frame) == {"a": ["1.0", "2.5"], "b": ["[1]"]}
