"""Broken geometry that others collected: what its source expects beside what screening says.

`python -m tests.golden.geometry_cases` prints the table; the test of the same name holds it.
geojsonhint judges GeoJSON files, GEOS and JTS judge or repair shapes given as text.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import frexp, ldexp
from pathlib import Path
from xml.etree.ElementTree import Element  # only the type; defusedxml parses

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from defusedxml import ElementTree
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from mrv.errors import MrvError
from mrv.plots.catalogue import CATALOGUE
from mrv.plots.rules import PlotRules
from mrv.plots.screen import ScreenedPlots, screen_plots
from mrv.sources.boundaries import parse_boundaries

HOME = Path(os.environ.get("PARKLAND_REAL_DATA", "../shared/real_data")) / "bad_geometry"
ANY_SIZE = PlotRules(0.0, 1e12, 5.0, 0.01)
NO_COUNTRY = "XX"
_AT_ONCE = 40
REACH_DEGREES = 64.0  # cases are scaled by a power of two to reach so far, which changes no bit
NOT_OF_THE_SHAPE = {
    *("consent_unknown", "country_unknown", "coarse_coordinates", "named_by_shape"),
    *("overlap", "contained", "duplicate_in_file", "edge_cut", "sliver_cut"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One case and its two verdicts.

    Attributes:
        name: File, or description and number.
        kind: Of the geometry, such as Polygon.
        source_says: Its expected verdict in its own words.
        source_accepts: The same as yes or no.
        ours: "accepted", "repaired", "warned", "refused" or, of the whole file, "not read".
        codes: Of the findings on the shape.
        source_area: Of the source's good or repaired shape in its own units, else NaN.
        our_area: Of the shape we repair or propose in the same units, else NaN.
    """

    name: str
    kind: str
    source_says: str
    source_accepts: bool
    ours: str
    codes: tuple[str, ...]
    source_area: float = np.nan
    our_area: float = np.nan

    @property
    def passes_unseen(self) -> bool:
        """Whether the source finds fault and we say nothing."""
        return not self.source_accepts and self.ours == "accepted"


def geojsonhint(home: Path) -> Iterator[Case]:
    """Give the files of geojsonhint with its complaints; those of level message are mild."""
    for path in sorted((home / "geojsonhint").glob("*/*.geojson")):
        result = path.with_suffix(".result")
        told = json.loads(result.read_text()) if result.exists() else []
        grave = [one["message"] for one in told if one.get("level") != "message"]
        mild = [f"({one['message']})" for one in told if one.get("level") == "message"]
        says = "; ".join(dict.fromkeys(" ".join(text.split()) for text in grave + mild)) or "good"
        if path.parent.name == "bad" and not told:
            says = "good, in this version of it"
        name = f"{path.parent.name}/{path.stem}"
        try:
            frame = parse_boundaries(path.read_bytes(), path.name).frame
        except MrvError as error:
            code = str(getattr(error, "fault", "") or error.code)
            yield Case(name, "file", says, not told, "not read", (code,))
            continue
        screened = _screened(frame)
        kinds = sorted({shape.geom_type if shape else "none" for shape in frame.geometry})
        codes = tuple(sorted(_codes(screened, None)))
        yield Case(name, ", ".join(kinds), says, not told, _verdict(codes), codes)


def validity(home: Path) -> Iterator[Case]:
    """Give the shapes whose validity the tests of GEOS and JTS state."""
    found = []
    for file in ("TestValid.xml", "TestValid2.xml", "TestIsValid.xml"):
        for number, case in enumerate(_xml(home / "geos_jts" / file), 1):
            for test in case.iter("op"):
                if test.get("name", "").lower() == "isvalid":
                    name = f"{file.removesuffix('.xml')} {number}: {_words(case.findtext('desc'))}"
                    shape = shapely.from_wkt(_words(case.findtext("a")))
                    found.append((name, shape, _words(test.text) == "true"))
    judged = _judged([shape for _, shape, _ in found])
    for (name, shape, valid), (codes, area) in zip(found, judged, strict=True):
        says = "valid" if valid else "not valid"
        drawn = shape.area if valid else np.nan
        yield Case(name, shape.geom_type, says, valid, _verdict(codes), codes, drawn, area)


def repairs(home: Path) -> Iterator[Case]:
    """Give the shapes that the tests of GEOS repair."""
    found = []
    for case in _xml(home / "geos_jts" / "makevalid.xml"):
        shape = shapely.from_wkt(_words(case.findtext("a")))
        expected = shapely.from_wkt(_words(case.findtext("test/op")))
        found.append((_words(case.findtext("desc")), shape, expected))
    judged = _judged([shape for _, shape, _ in found])
    for (name, shape, expected), (codes, area) in zip(found, judged, strict=True):
        same = shape.is_valid
        says = "valid as it is" if same else f"becomes {shapely.to_wkt(expected, 1)}"
        yield Case(
            *(name, shape.geom_type, says, same, _verdict(codes), codes, expected.area, area)
        )


def fixtures(home: Path) -> Iterator[Case]:
    """Give the files of geojson-fixtures, one for each kind of geometry, all good."""
    for path in sorted((home / "geojson_fixtures").rglob("*.geojson")):
        frame = parse_boundaries(path.read_bytes(), path.name).frame
        codes = tuple(sorted(_codes(_screened(frame), None)))
        name = f"{path.parent.name}/{path.stem}"
        kind = frame.geometry.iloc[0].geom_type
        yield Case(name, kind, "good", source_accepts=True, ours=_verdict(codes), codes=codes)


def fields(home: Path) -> Iterator[Case]:
    """Give the really invalid fields of Mali, with the reason that their collector wrote down."""
    path = home / "real_invalid_fields_mali.geojson"
    frame = parse_boundaries(path.read_bytes(), path.name).frame
    screened = _screened(frame)
    rows = zip(frame["plot_id"], frame["reason"], frame.geometry, strict=True)
    for feature, (name, reason, shape) in enumerate(rows, 1):
        codes = tuple(sorted(_codes(screened, feature)))
        ours = _verdict(codes)
        yield Case(name, shape.geom_type, reason, source_accepts=False, ours=ours, codes=codes)


def cases(home: Path) -> dict[str, list[Case]]:
    """Give all of them by where they come from."""
    sources = (geojsonhint, fixtures, validity, repairs, fields)
    return {source.__name__: list(source(home)) for source in sources}


def scaled(shape: shapely.Geometry) -> tuple[shapely.Geometry, int]:
    """Bring a shape among the degrees by a power of two, so that no crossing comes or goes.

    Returns:
        The shape, and the power that brings it back.
    """
    reach = np.abs(shapely.get_coordinates(shape)).max(initial=0.0)
    power = frexp(reach / REACH_DEGREES)[1] if np.isfinite(reach) and reach else 0
    return shapely.transform(shape, lambda xy: xy * ldexp(1.0, -power)), power


def _judged(shapes: list[shapely.Geometry]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Screen shapes, some at a time for speed: codes of each, and its repaired or proposed area.

    They lie on each other; what is said of that is left out.
    """
    for start in range(0, len(shapes), _AT_ONCE):
        placed = [scaled(shape) for shape in shapes[start : start + _AT_ONCE]]
        names = [str(k) for k in range(len(placed))]
        frame = gpd.GeoDataFrame({"plot_id": names}, geometry=[one for one, _ in placed], crs=4326)
        screened = _screened(frame)
        shown = pd.concat([screened.repairs, screened.proposals])
        shown = shown[~shown["code"].isin(NOT_OF_THE_SHAPE)].drop_duplicates("feature", keep="last")
        areas = dict(zip(shown["feature"], shapely.area(shown.geometry.to_numpy()), strict=True))
        for feature, (_, power) in enumerate(placed, 1):
            area = areas.get(feature, np.nan) * ldexp(1.0, 2 * power)
            yield tuple(sorted(_codes(screened, feature))), area


def _screened(frame: gpd.GeoDataFrame) -> ScreenedPlots:
    return screen_plots(frame, country=NO_COUNTRY, rules=ANY_SIZE)


def _codes(screened: ScreenedPlots, feature: int | None) -> set[str]:
    """Give what was found on the shape of a feature, or of all and the file where None."""
    found = screened.findings
    mine = found if feature is None else found[found["feature"] == feature]
    return set(mine["code"]) - NOT_OF_THE_SHAPE


def _verdict(codes: tuple[str, ...]) -> str:
    severities = {CATALOGUE[code].severity for code in codes}
    if "error" in severities:
        return "refused"
    return {"repair": "repaired"}.get(
        min(severities, default=""), "warned" if codes else "accepted"
    )


def _xml(path: Path) -> Iterator[Element]:
    yield from ElementTree.parse(path).getroot().iter("case")


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def main() -> None:
    """Print every case."""
    np.seterr(invalid="ignore")  # some cases hold NaN on purpose
    console = Console(width=190)
    found = [case for some in cases(HOME).values() for case in some]
    table = Table(title=f"{len(found)} cases of broken geometry", box=SIMPLE)
    for heading, width in (("case", 60), ("kind", 18), ("its source expects", 50), ("ours", 8)):
        table.add_column(heading, width=width, no_wrap=True, overflow="ellipsis")
    table.add_column("codes", overflow="fold")
    for case in found:
        style = "bold red" if case.passes_unseen else ""
        codes = ", ".join(case.codes)
        table.add_row(case.name, case.kind, case.source_says, case.ours, codes, style=style)
    console.print(table)
    counted = Counter((case.source_accepts, case.ours) for case in found)
    for (accepts, ours), count in sorted(counted.items()):
        said = "finds no fault with" if accepts else "finds fault with"
        console.print(f"the source {said}, ours {ours}: {count}")
    console.print(f"passed unseen: {sum(case.passes_unseen for case in found)}")


if __name__ == "__main__":
    main()
