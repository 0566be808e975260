"""Laws of the field reader: whatever is written, no row is lost in silence."""

import csv
import io
from datetime import date

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.field.csv_text import parse_csv
from mrv.field.fields import FIELDS
from mrv.field.inventory import read_inventory
from mrv.field.species import tidy_species

_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), max_size=6
)
_PLAUSIBLE = {
    "plot_id": ["P1", "P2", ""],
    "tree_id": ["t1", "t2", ""],
    "stem": ["1", "2", ""],
    "species": ["Mangifera indica", "Musa", ""],
    "dbh_cm": ["12", "12,5", "400", "-1", ""],
    "height_m": ["9", "95", ""],
    "measured_on": ["2021-01-10", "2024-01-10", "2030-01-01", "x"],
    "status": ["alive", "dead", "no_trees", "Alive", ""],
    "origin": ["planted", ""],
    "lon": ["34.7", ""],
    "lat": ["-0.1", ""],
    "inclusion_probability": ["0.5", "1", "0", ""],
    "tree_fraction": ["0.5", ""],
    "girth_cm": ["44.6", ""],
    "measured_at_m": ["1.3", "0.3", ""],
    "subplot_radius_m": ["4", ""],
    "slope_percent": ["25", ""],
    "shrub_cover": ["0.2", ""],
    "stem_volume_m3": ["1", ""],
}
_ROW = st.tuples(
    *(st.one_of(st.sampled_from(_PLAUSIBLE[f.name]), _TEXT) for f in FIELDS),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(_ROW, max_size=8))
def test_every_row_is_kept_or_explained(rows: list[tuple[str, ...]]) -> None:
    raw = pd.DataFrame(rows, columns=[f.name for f in FIELDS], dtype=str)
    inventory = read_inventory(raw, plot_ids=["P1", "P2"], today=date(2025, 1, 1))
    findings = inventory.findings
    rejected = set(findings.loc[findings["severity"] == "error", "row"])
    kept = set(inventory.trees["row"])
    assert kept.isdisjoint(rejected)
    assert kept | rejected == set(range(2, len(rows) + 2))
    assert findings["message"].str.match(r"^(Row \d+: |There is no column ).+").all()
    usable = inventory.trees
    assert usable["plot_id"].isin(["P1", "P2"]).all()
    assert usable["dbh_cm"].dropna().between(0, 1000, inclusive="right").all()
    assert usable.loc[usable["status"] == "alive", "dbh_cm"].notna().all()
    assert (usable["measured_on"] <= pd.Timestamp("2025-01-01")).all()


@given(st.lists(st.tuples(_TEXT, _TEXT), max_size=6), st.sampled_from(",;\t|"))
def test_what_is_written_is_read(rows: list[tuple[str, str]], delimiter: str) -> None:
    """Quotes, delimiters and odd letters inside cells survive."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerows([("plot_id", "note"), *rows])
    table = parse_csv(file.getvalue().encode())
    written = [[cell.strip() for cell in row] for row in rows if any(c.strip() for c in row)]
    assert table.to_numpy().tolist() == written


@given(st.text(max_size=30))
def test_a_tidy_name_stays_as_it_is(written: str) -> None:
    tidy = tidy_species(written)
    assert tidy_species(tidy) == tidy
