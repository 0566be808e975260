"""What the pages show of a report: rows for the list, reasons for one plot, proposals to accept.

Everything is asked of `services.reports`, which knows who may look; titles come from the catalogue
of findings. Geometry is only passed through to pictures.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from gettext import NullTranslations
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from registry_api.services import reports
from registry_api.services.upload_views import FindingView
from registry_api.settings import Settings
from registry_api.web.drawing import Drawing, draw
from registry_api.web.visitors import Visit

ROWS_SHOWN = 25
PROPOSALS_SHOWN = 20
_FINDINGS_AT_ONCE = 100_000
_FIRST = ("refused", "warned", "repaired", "accepted", "pending")  # what wants a person comes first
_SEVERITIES = ("error", "warning", "repair")  # what wants a person comes first
_LOWEST_FIRST = ("kept", "proposed", "sent")  # what was sent is a thin line over the others
_ORDER = {verdict: place for place, verdict in enumerate(_FIRST)}

Properties = Mapping[str, Any]


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
        counts: By verdict.
        show, code: What the list is narrowed to.
        next_at: Place in the narrowed list where the next page starts; None at the end.
    """

    features: int
    counts: Counter[str]
    codes: tuple[CodeCount, ...]
    show: str
    code: str
    rows: tuple[Row, ...]
    next_at: int | None


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
    """

    feature: int
    plot_id: str
    verdict: str
    area_ha: float | None
    reasons: tuple[Reason, ...]
    shapes: Mapping[str, Mapping[str, Any]]
    places: tuple[tuple[int, float, float], ...]
    proposal: bool
    proposal_text: str

    @property
    def drawing(self) -> Drawing | None:
        """Give the picture of it."""
        drawn = sorted(self.shapes.items(), key=lambda each: _LOWEST_FIRST.index(each[0]))
        return draw(drawn, self.places)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A boundary that is proposed in place of the one that was sent."""

    feature: int
    plot_id: str
    text: str
    messages: tuple[str, ...]
    drawing: Drawing | None


def sheet(
    features: Iterable[Properties],
    texts: NullTranslations,
    *,
    show: str = "",
    code: str = "",
    start: int = 0,
    at_feature: int = 0,
) -> Sheet:
    """Lay out one page of the list.

    Args:
        features: Properties of the report's map features.
        texts: The reader's language.
        show: A verdict, or `all`; by default what wants a person most.
        code: Only features on which this was found.
        start: Place in the narrowed list at which the page starts.
        at_feature: Show the page of all features that has this one; 0 for none.
    """
    everything = sorted(features, key=lambda each: (_ORDER[each["verdict"]], each["feature"]))
    counts = Counter(str(each["verdict"]) for each in everything)
    codes = _counted(everything, texts)
    if code not in {each.code for each in codes}:
        code = ""
    if show not in (*_FIRST, "all"):
        show = "all" if code or at_feature else next((v for v in _FIRST if counts[v]), "all")
    shown = [
        each
        for each in everything
        if (show in ("all", each["verdict"])) and (not code or code in codes_of(each))
    ]
    if at_feature:
        places = [place for place, each in enumerate(shown) if each["feature"] == at_feature]
        start = places[0] // ROWS_SHOWN * ROWS_SHOWN if places else 0
    page = shown[start : start + ROWS_SHOWN]
    return Sheet(
        features=len(everything),
        counts=counts,
        codes=codes,
        show=show,
        code=code,
        rows=tuple(_row(each, texts) for each in page),
        next_at=start + ROWS_SHOWN if start + ROWS_SHOWN < len(shown) else None,
    )


def codes_of(properties: Properties) -> tuple[str, ...]:
    """List the codes of a map feature."""
    codes = properties.get("codes") or ()
    return tuple(codes.split(";")) if isinstance(codes, str) else tuple(codes)


def _row(properties: Properties, texts: NullTranslations) -> Row:
    severities = {code: _severity(code) for code in codes_of(properties)}
    gravest = min(severities.values(), key=_SEVERITIES.index, default="")
    named = sorted(title(code, texts) for code, grave in severities.items() if grave == gravest)
    return Row(
        properties["feature"],
        properties.get("plot_id") or "",
        properties["verdict"],
        properties.get("area_ha"),
        tuple(dict.fromkeys(named)),
    )


def _counted(features: Iterable[Properties], texts: NullTranslations) -> tuple[CodeCount, ...]:
    counts = Counter(code for each in features for code in set(codes_of(each)))
    found = [CodeCount(code, _severity(code), title(code, texts), n) for code, n in counts.items()]
    return tuple(sorted(found, key=lambda e: (_SEVERITIES.index(e.severity), -e.features, e.title)))


def title(code: str, texts: NullTranslations) -> str:
    """Name a code in a few words of the reader's language."""
    from mrv.plots.catalogue import CATALOGUE  # brings pandas, which start-up does without

    words = CATALOGUE[code].title if code in CATALOGUE else code.replace("_", " ")
    said = texts.gettext(words)
    return said[:1].upper() + said[1:]


def _severity(code: str) -> str:
    from mrv.plots.catalogue import CATALOGUE

    return CATALOGUE[code].severity if code in CATALOGUE else "error"


def contestable(code: str) -> bool:
    """Say whether evidence may overrule a finding."""
    from mrv.plots.catalogue import CATALOGUE

    return code in CATALOGUE and CATALOGUE[code].contestable


class Report:
    """The report of one upload, as one visitor may see it.

    Args:
        session: For the services.
        settings: For the services.
        visit: Who looks, at which project, what for.
        upload_id: Whose report.
    """

    def __init__(self, session: Session, settings: Settings, visit: Visit, upload_id: str) -> None:
        self._where = (session, settings, visit.project.id, upload_id)
        self._who: dict[str, Any] = {"by": visit.by, "purpose": visit.purpose}
        self._visit = visit
        self._upload_id = upload_id

    def features(self) -> list[Properties]:
        """List the properties of every feature of the file."""
        collection = reports.map_features(*self._where, **self._who)
        return [each["properties"] for each in collection["features"]]

    def findings_of(self, wanted: frozenset[int]) -> dict[int, list[FindingView]]:
        """Find what was found on some features; findings come in the order of the file."""
        found: dict[int, list[FindingView]] = {number: [] for number in wanted}
        last = max(wanted, default=0)
        for finding in self._findings():
            if finding.feature > last:
                break
            if finding.feature in found:
                found[finding.feature].append(finding)
        return found

    def _findings(self) -> Iterator[FindingView]:
        cursor: str | None = None
        while True:
            page = reports.findings(
                *self._where, **self._who, limit=_FINDINGS_AT_ONCE, cursor=cursor
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def detail(self, feature: int, texts: NullTranslations) -> Detail | None:
        """Put together all that is known of one feature; None where the file has none such."""
        collection = reports.map_features(*self._where, **self._who)
        found = [e for e in collection["features"] if e["properties"]["feature"] == feature]
        if not found:
            return None
        properties = found[0]["properties"]
        verdict = properties["verdict"]
        shapes: dict[str, Mapping[str, Any]] = {}
        before = self._repaired("before").get(feature)
        after = self._repaired("after").get(feature) if before else None
        proposal = self._proposals().get(feature)
        role = "sent" if verdict == "refused" else "kept"
        _place(shapes, "sent", before)
        _place(shapes, role, after or found[0].get("geometry"))
        _place(shapes, "proposed", proposal.get("geometry") if proposal else None)
        findings = self.findings_of(frozenset({feature}))[feature]
        places = _places(findings)
        numbers: dict[tuple[float | None, float | None], int] = {
            (lon, lat): number for number, lon, lat in places
        }
        return Detail(
            feature=feature,
            plot_id=properties.get("plot_id") or "",
            verdict=verdict,
            area_ha=properties.get("area_ha"),
            reasons=tuple(
                Reason(
                    finding.severity,
                    title(finding.code, texts),
                    finding.message,
                    finding.hint,
                    numbers.get((finding.lon, finding.lat)),
                    self._contest(finding),
                )
                for finding in findings
            ),
            shapes=shapes,
            places=places,
            proposal=proposal is not None,
            proposal_text=proposal["properties"].get("text", "") if proposal else "",
        )

    def proposals(self, start: int) -> tuple[tuple[Proposal, ...], int, int | None]:
        """List proposals from a place on: them, how many there are, where the next page starts."""
        offered = sorted(self._proposals().items())
        shown = offered[start : start + PROPOSALS_SHOWN]
        wanted = frozenset(number for number, _ in shown)
        findings = self.findings_of(wanted)
        sent = {
            each["properties"]["feature"]: each.get("geometry")
            for each in reports.map_features(*self._where, **self._who)["features"]
            if each["properties"]["feature"] in wanted
        }
        more = start + PROPOSALS_SHOWN
        return (
            tuple(
                Proposal(
                    number,
                    each["properties"].get("plot_id") or "",
                    each["properties"].get("text", ""),
                    tuple(f.message for f in findings[number] if f.severity == "error"),
                    draw(
                        [("proposed", each.get("geometry")), ("sent", sent.get(number))],
                        _places(findings[number]),
                    ),
                )
                for number, each in shown
            ),
            len(offered),
            more if more < len(offered) else None,
        )

    def proposed(self) -> int:
        """Count the features for which a boundary is proposed."""
        return len(self._proposals())

    def _proposals(self) -> dict[int, dict[str, Any]]:
        collection = reports.proposals(*self._where, **self._who)
        return {each["properties"]["feature"]: each for each in collection["features"]}

    def _repaired(self, side: str) -> dict[int, Mapping[str, Any] | None]:
        collection = reports.repairs(*self._where, **self._who)
        sides = [e for e in collection["features"] if e["properties"].get("side") == side]
        if side == "before":  # the first repair of a feature has what was sent
            sides.reverse()
        return {each["properties"]["feature"]: each.get("geometry") for each in sides}

    def _contest(self, finding: FindingView) -> str:
        may = self._visit.may_send and finding.severity == "error" and contestable(finding.code)
        if not may:
            return ""
        query = {"upload": self._upload_id, "plot": finding.plot_id, "code": finding.code}
        return f"/projects/{self._visit.project.id}/contests?{urlencode(query)}"


def _places(findings: Iterable[FindingView]) -> tuple[tuple[int, float, float], ...]:
    """Number the places of findings; two at one place share a number."""
    where = dict.fromkeys(
        (f.lon, f.lat) for f in findings if f.lon is not None and f.lat is not None
    )
    return tuple((number, lon, lat) for number, (lon, lat) in enumerate(where, 1))


def _place(
    shapes: dict[str, Mapping[str, Any]], role: str, geometry: Mapping[str, Any] | None
) -> None:
    if geometry is not None:
        shapes[role] = geometry
