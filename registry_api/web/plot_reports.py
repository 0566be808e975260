"""What the pages show of a report: rows for the list, reasons for one plot, proposals to accept.

What is true comes from `services.report_rows`; here it gets its titles and pictures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from gettext import NullTranslations
from typing import Any
from urllib.parse import urlencode

from registry_api.services.report_rows import VERDICTS, FeatureReport, FeatureRow, ReportReader
from registry_api.services.upload_views import FindingView
from registry_api.web.drawing import Drawing, draw
from registry_api.web.finding_texts import hint, title
from registry_api.web.visitors import Visit

ROWS_SHOWN = 25
PROPOSALS_SHOWN = 20
ALL = "all"
_SEVERITIES = ("error", "warning", "repair")  # what wants a person comes first
_LOWEST_FIRST = ("kept", "proposed", "sent")  # what was sent is a thin line over the others

Places = tuple[tuple[int, float, float], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One feature in the list.

    Attributes:
        titles: Of the gravest that was found on it.
    """

    feature: int
    plot_id: str
    verdict: str
    area_ha: float | None
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeCount:
    """How many features one code was found on."""

    code: str
    severity: str
    title: str
    features: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of the list of a file's features.

    Attributes:
        features: All of the file, whatever is shown.
        counts: Verdict -> features of the file; every verdict is there.
        show, code: What the list is narrowed to.
        next_start: Place in the narrowed list where the next page starts; None at the end.
        file_findings: What was found on the file as a whole.
    """

    features: int
    counts: Mapping[str, int]
    codes: tuple[CodeCount, ...]
    show: str
    code: str
    rows: tuple[Row, ...]
    next_start: int | None
    file_findings: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding in words.

    Attributes:
        number: Of its mark in the picture; None where it has no place.
        contest: Where to contest it; "" where that cannot be done.
    """

    severity: str
    title: str
    message: str
    hint: str
    number: int | None
    contest: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One feature and everything that was found on it.

    Attributes:
        shapes: `sent`, `kept` and `proposed` -> GeoJSON geometry.
        places: Number, longitude, latitude.
        proposal: What the proposed boundary is; "" without one.
    """

    feature: int
    plot_id: str
    verdict: str
    area_ha: float | None
    reasons: tuple[Reason, ...]
    shapes: Mapping[str, Mapping[str, Any]]
    places: Places
    proposal: str
    drawing: Drawing | None


def sheet(
    report: ReportReader,
    texts: NullTranslations,
    *,
    show: str = "",
    code: str = "",
    start: int = 0,
    with_feature: int = 0,
) -> Sheet:
    """Lay out one page of the list.

    Args:
        report: Whose features.
        texts: The reader's language.
        show: A verdict, or `all`; by default what wants a person most.
        code: Only features on which this was found.
        start: Place in the narrowed list at which the page starts.
        with_feature: Show the page of all features that has this one; 0 for none.
    """
    known = _known(code)
    if show not in (*VERDICTS, ALL):
        show = ALL if known or with_feature else _wants_most(report)
    found = report.rows(
        verdict="" if show == ALL else show,
        code=known,
        start=start,
        limit=ROWS_SHOWN,
        with_feature=with_feature,
    )
    following = found.start + ROWS_SHOWN
    return Sheet(
        features=found.features,
        counts={verdict: found.verdicts.get(verdict, 0) for verdict in VERDICTS},
        codes=_counted(found.codes, texts),
        show=show,
        code=known,
        rows=tuple(_row(each, texts) for each in found.rows),
        next_start=following if following < found.matching else None,
        file_findings=tuple(
            replace(each, hint=hint(each.hint, texts)) for each in report.findings((0,))[0]
        ),
    )


def _wants_most(report: ReportReader) -> str:
    first = report.rows(limit=1).rows
    return first[0].verdict if first else ALL


def _row(row: FeatureRow, texts: NullTranslations) -> Row:
    severities = {code: _severity(code) for code in row.codes}
    gravest = min(severities.values(), key=_SEVERITIES.index, default="")
    named = sorted(title(code, texts) for code, grave in severities.items() if grave == gravest)
    return Row(row.feature, row.plot_id, row.verdict, row.area_ha, tuple(named))


def _counted(counts: Mapping[str, int], texts: NullTranslations) -> tuple[CodeCount, ...]:
    found = [CodeCount(code, _severity(code), title(code, texts), n) for code, n in counts.items()]
    return tuple(sorted(found, key=lambda e: (_SEVERITIES.index(e.severity), -e.features, e.title)))


def detail(report: FeatureReport, texts: NullTranslations, visit: Visit, upload_id: str) -> Detail:
    """Put one feature's findings in words, and its shapes in a picture."""
    row = report.row
    findings = sorted(report.findings, key=lambda f: _SEVERITIES.index(f.severity))
    places = _places(findings)
    numbers: dict[tuple[float | None, float | None], int] = {
        (lon, lat): number for number, lon, lat in places
    }
    shapes = {
        role: shape
        for role, shape in (
            ("kept", report.kept),
            ("proposed", report.proposed),
            ("sent", report.sent),
        )
        if shape is not None
    }
    return Detail(
        feature=row.feature,
        plot_id=row.plot_id,
        verdict=row.verdict,
        area_ha=row.area_ha,
        reasons=tuple(
            Reason(
                severity=each.severity,
                title=title(each.code, texts),
                message=each.message,
                hint=hint(each.hint, texts),
                number=numbers.get((each.lon, each.lat)),
                contest=_contest(each, visit, upload_id),
            )
            for each in findings
        ),
        shapes=shapes,
        places=places,
        proposal=report.proposal,
        drawing=draw(sorted(shapes.items(), key=lambda e: _LOWEST_FIRST.index(e[0])), places),
    )


def _places(findings: Iterable[FindingView]) -> Places:
    """Number the places of findings; two at one place share a number."""
    where = dict.fromkeys(
        (f.lon, f.lat) for f in findings if f.lon is not None and f.lat is not None
    )
    return tuple((number, lon, lat) for number, (lon, lat) in enumerate(where, 1))


def _contest(finding: FindingView, visit: Visit, upload_id: str) -> str:
    if not (visit.may_send and finding.severity == "error" and contestable(finding.code)):
        return ""
    query = {"upload": upload_id, "plot": finding.plot_id, "code": finding.code}
    return f"/projects/{visit.project.id}/contests?{urlencode(query)}"


def _severity(code: str) -> str:
    from mrv.plots.catalogue import CATALOGUE

    return CATALOGUE[code].severity if code in CATALOGUE else "error"


def contestable(code: str) -> bool:
    """Say whether evidence may overrule a finding."""
    from mrv.plots.catalogue import CATALOGUE

    return code in CATALOGUE and CATALOGUE[code].contestable


def _known(code: str) -> str:
    from mrv.plots.catalogue import CATALOGUE

    return code if code in CATALOGUE else ""
