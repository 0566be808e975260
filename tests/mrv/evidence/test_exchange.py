import pytest

from mrv.evidence.exchange import Absent, Row, Schema, as_json, report, schema

A_SCHEMA = Schema(
    name="Shop",
    version="1",
    tables={"shelf": ("name", "colour"), "jar": ("name", "cad_trust_shelf_id")},
    required={"shelf": frozenset({"name"}), "jar": frozenset({"name", "cad_trust_shelf_id"})},
    picklists={"colour": frozenset({"red", "grene"})},
    countries={},
    goals={},
)
SHELF: Row = {"local_id": "s1", "name": "Upper", "colour": "red"}
JAR: Row = {"local_id": "j1", "name": "Plums", "cad_trust_shelf_id": "s1"}


def test_whole_tables_pass() -> None:
    found = report(A_SCHEMA, {"shelf": [SHELF], "jar": [JAR]})
    assert found.passes
    assert not found.gaps
    assert not found.outside_picklists
    assert found.rows == {"shelf": 1, "jar": 1}


@pytest.mark.parametrize("nothing", ["", Absent("withheld", "its cook's secret")])
def test_a_required_field_without_a_value_fails(nothing: str | Absent) -> None:
    found = report(A_SCHEMA, {"shelf": [SHELF], "jar": [{**JAR, "name": nothing}]})
    assert found.required_missing == ("jar.name",)
    assert not found.passes


def test_a_key_that_no_row_has_fails() -> None:
    found = report(A_SCHEMA, {"shelf": [SHELF], "jar": [{**JAR, "cad_trust_shelf_id": "s2"}]})
    assert found.broken_references == ("jar.cad_trust_shelf_id: s2",)
    assert not found.passes


def test_picklists_are_held_to_the_letter_misspellings_too() -> None:
    shelves: list[Row] = [
        {"local_id": str(number), "name": "Lower", "colour": colour}
        for number, colour in enumerate(("green", "grene", "Red"))
    ]
    found = report(A_SCHEMA, {"shelf": shelves, "jar": Absent("not_applicable", "no jars")})
    assert found.outside_picklists == ("shelf.colour: Red", "shelf.colour: green")


def test_every_blank_is_explained_and_counted() -> None:
    unseen = Absent("unknown", "nobody looked")
    shelves: list[Row] = [{**SHELF, "local_id": str(n), "colour": unseen} for n in range(3)]
    tables: dict[str, list[Row] | Absent] = {
        "shelf": shelves,
        "jar": Absent("not_applicable", "no jars"),
    }
    said = {(gap.table, gap.field, gap.why, gap.rows) for gap in report(A_SCHEMA, tables).gaps}
    assert said == {("shelf", "colour", "unknown", 3), ("jar", "", "not_applicable", 0)}
    assert as_json(tables)["shelf"][0]["colour"] is None
    assert as_json(tables)["jar"] == []


def test_nothing_is_left_out_in_silence() -> None:
    with pytest.raises(ValueError, match="tables differ"):
        report(A_SCHEMA, {"shelf": [SHELF]})
    with pytest.raises(ValueError, match="left out or unknown"):
        report(A_SCHEMA, {"shelf": [{"local_id": "s1", "name": "Upper"}], "jar": [JAR]})


def test_the_pinned_schema_has_the_traps_of_the_original() -> None:
    """Counts and oddities of the snapshot of 2026-06-30, by hand from its file."""
    wanted = schema("cad_trust")
    lists = wanted.picklists
    assert wanted.version == "2.0.2"
    assert (len(lists["validation_body"]), lists["verification_body"]) == (
        58,
        lists["validation_body"],
    )
    assert (len(lists["project_sector"]), len(lists["project_type"])) == (20, 28)
    assert len(lists["unit_status"]) == 8
    assert "Active" not in lists["unit_status"]
    assert {"Antigua and Barduba", "Equatorial New Guinea"} <= lists["location_country"]
    assert "GHC" in lists["aef_t2_authorizations_metric"]
    assert set(wanted.countries.values()) <= lists["location_country"]
    assert set(wanted.goals.values()) <= lists["cobenefit"]
    assert len(lists["cobenefit"]) == 16
