"""Which looks tell what stood before: those of dry seasons, whatever the year."""

import pandas as pd

from mrv.project import Season
from pipelines.before_enrolment import dry_looks


def test_only_dry_seasons_tell_trees_from_crops() -> None:
    days = ["2018-12-01", "2019-11-20", "2020-02-20", "2020-02-21", "2020-07-01", "2020-11-19"]
    seen = pd.DataFrame({"acquired_at": pd.to_datetime(days, utc=True)})
    kept = dry_looks(seen, Season(first="11-20", last="02-20"))
    assert kept["acquired_at"].dt.strftime("%Y-%m-%d").tolist() == days[:3]


def test_nothing_seen_is_nothing_kept() -> None:
    nothing = pd.DataFrame({"acquired_at": pd.to_datetime([], utc=True)})
    assert dry_looks(nothing, Season(first="11-20", last="02-20")).empty
