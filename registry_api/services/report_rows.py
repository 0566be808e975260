"""Rows of a report for people: a page of the list, one feature with all that was found, proposals.

`reports` gives whole tables, as programs want them; here shapes are read only of the features that
are shown, so that a list of 50,000 plots answers as fast as one of fifty. Who may look, and what
is logged, is the same.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.orm import Session

from registry_api.errors import NotFound
from registry_api.services import plot_uploads, report_tables
from registry_api.services.accounts import AccountView
from registry_api.services.private_store import PrivateStore
from registry_api.services.upload_views import FeatureVerdict, FindingView
from registry_api.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

# What wants a person comes first.
VERDICTS: tuple[FeatureVerdict, ...] = ("refused", "warned", "repaired", "accepted", "pending")
Geometry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One feature in the list.

    Attributes:
        area_ha: None where it was refused [ha].
    """

    feature: int
    plot_id: str
    verdict: FeatureVerdict
    area_ha: float | None
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Some rows of the list, and what is in all of it.

    Attributes:
        features: How many the file has.
        verdicts: Verdict -> features, of the whole file.
        codes: Code -> features on which it was found, of the whole file.
        matching: How many there are of what was asked for.
        start: Place among these of the first row.
    """

    features: int
    verdicts: Mapping[str, int]
    codes: Mapping[str, int]
    matching: int
    start: int
    rows: tuple[FeatureRow, ...]


@dataclass(frozen=True, slots=True)
class FeatureReport:
    """One feature and everything that is known of it.

    Attributes:
        sent: As it came, where it is not the same as `kept`; GeoJSON, WGS 84.
        kept: As it went in; None where it did not.
        proposed: A boundary to accept, and `proposal` says what it is; None, "" without.
    """

    row: FeatureRow
    findings: tuple[FindingView, ...]
    sent: Geometry | None
    kept: Geometry | None
    proposed: Geometry | None
    proposal: str


class ReportReader:
    """The newest report of an upload, opened for somebody who may look at it.

    Args:
        session: For who may look.
        settings: Say where the tables are kept.
        project_id: Whose upload it is.
        upload_id: Whose report it is.
        by: Who looks; a verifier is logged, once for each reader.
        purpose: What for; a verifier's only.

    Raises:
        NotFound: If there is no such project or upload for this account.
        NotAcceptable: If a verifier states no purpose.
    """

    def __init__(
        self,
        session: Session,
        settings: Settings,
        project_id: str,
        upload_id: str,
        *,
        by: AccountView,
        purpose: str = "",
    ) -> None:
        self._tables = plot_uploads.open_report(
            session, settings, project_id, upload_id, by=by, purpose=purpose
        )
        self._store = PrivateStore(settings)
        self._held: dict[str, pd.DataFrame | None] = {}

    def rows(
        self,
        *,
        verdict: str = "",
        code: str = "",
        start: int = 0,
        limit: int = 25,
        with_feature: int = 0,
    ) -> FeatureRows:
        """List features, those that want a person first, then in the order of the file.

        Args:
            verdict: Only these; "" for all.
            code: Only features on which this was found; "" for all.
            start: Place among these to start from.
            limit: At most so many rows.
            with_feature: Start so that this feature is among them; 0 for none.
        """
        table = self._read("features")
        if table is None:
            return FeatureRows(0, {}, {}, 0, 0, ())
        codes = Counter(c for cell in table["codes"] for c in set(cell.split(";")) if c)
        rank = table["verdict"].map({name: place for place, name in enumerate(VERDICTS)})
        shown = table.assign(rank=rank).sort_values(["rank", "feature"], kind="stable")
        if verdict:
            shown = shown[shown["verdict"] == verdict]
        if code:
            shown = shown[(";" + shown["codes"] + ";").str.contains(f";{code};", regex=False)]
        if with_feature:
            places = (shown["feature"] == with_feature).to_numpy().nonzero()[0]
            start = int(places[0]) // limit * limit if len(places) else 0
        return FeatureRows(
            features=len(table),
            verdicts=Counter(table["verdict"]),
            codes=dict(codes),
            matching=len(shown),
            start=start,
            rows=tuple(map(_row, _records(shown.iloc[start : start + limit]))),
        )

    def findings(self, features: tuple[int, ...]) -> dict[int, tuple[FindingView, ...]]:
        """Find what was found on some features; 0 is the file as a whole."""
        table = self._read("findings")
        if table is None:
            return dict.fromkeys(features, ())
        chosen = _records(table[table["feature"].isin(features)])
        return {
            number: tuple(_finding(row) for row in chosen if row["feature"] == number)
            for number in features
        }

    def feature(self, number: int) -> FeatureReport:
        """Put together all that is known of one feature.

        Raises:
            NotFound: If the file has none of that number.
        """
        rows = self._of("features", number)
        if not rows:
            raise NotFound(f"The report has no feature {number}.", feature=number)
        repairs, proposals = self._of("repairs", number), self._of("proposals", number)
        shape = _geometry(rows[0]["geometry"])
        row = _row(rows[0])
        before = _geometry(repairs[0]["before"]) if repairs else None
        return FeatureReport(
            row=row,
            findings=self.findings((number,))[number],
            sent=shape if row.verdict == "refused" and before is None else before,
            kept=None if row.verdict == "refused" else shape,
            proposed=_geometry(proposals[0]["geometry"]) if proposals else None,
            proposal=proposals[0]["text"] if proposals else "",
        )

    def proposals(self, start: int, limit: int) -> tuple[tuple[int, ...], int]:
        """Name the features with a proposed boundary from a place on; and how many there are."""
        table = self._read("proposals")
        if table is None:
            return (), 0
        features = sorted({int(number) for number in table["feature"]})
        return tuple(features[start : start + limit]), len(features)

    def _of(self, name: str, feature: int) -> list[dict[str, Any]]:
        table = self._read(name)
        if table is None:
            return []
        return _records(table[table["feature"] == feature])

    def _read(self, name: str) -> "pd.DataFrame | None":
        if name not in self._held:
            self._held[name] = report_tables.read(self._store, self._tables, name)
        return self._held[name]


def _records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", table.to_dict("records"))


def _row(row: Mapping[str, Any]) -> FeatureRow:
    return FeatureRow(
        feature=int(row["feature"]),
        plot_id=row["plot_id"],
        verdict=row["verdict"],
        area_ha=_number(row["area_ha"]),
        codes=tuple(code for code in row["codes"].split(";") if code),
    )


def _finding(row: Mapping[str, Any]) -> FindingView:
    texts = {name: row[name] for name in ("plot_id", "code", "severity", "message", "hint")}
    return FindingView(
        feature=int(row["feature"]), **texts, lon=_number(row["lon"]), lat=_number(row["lat"])
    )


def _geometry(wkb: bytes | None) -> Geometry | None:
    import shapely

    shape = None if wkb is None else shapely.from_wkb(wkb)
    if shape is None or shape.is_empty:
        return None
    return cast("Geometry", json.loads(shapely.to_geojson(shapely.force_2d(shape))))


def _number(cell: float) -> float | None:
    return float(cell) if math.isfinite(cell) else None
