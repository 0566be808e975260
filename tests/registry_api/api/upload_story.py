"""One upload of plots from beginning to end, as every address of it answers; for the examples."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import shapely
from httpx2 import Response

from registry_api.services import excluded_areas
from registry_api.services.unit_of_work import unit_of_work
from tests.registry_api.a_registry import DEVELOPER, VERIFIER
from tests.registry_api.api.a_desk import OWN, Desk, bow_tie, collection, doubled, square

PURPOSE = {"purpose": "Drawing the sample of the 2024 verification"}
FOREST = 5  # the plot that lies in an excluded area


def tell(desk: Desk) -> Mapping[str, Any]:
    """Send, look, contest, decide and let leave; gives each answer by the name of its example."""
    project = f"/v1/projects/{OWN}"
    _load_forest(desk)
    sent = desk.send(
        collection(square(1), square(2, consent_given="no"), doubled(3), bow_tie(4), square(FOREST))
    )
    assert sent.status_code == 202, sent.text
    upload = desk.screened_address(sent)
    contest = _ok(
        desk.client.post(
            f"{project}/contests",
            data={
                "upload_id": sent.json()["id"],
                "plot_id": f"K/{FOREST:03d}",
                "code": "excluded_area",
                "statement": "The county gave the parcel back in 2019; see its letter.",
            },
            files={"evidence": ("letter.pdf", b"%PDF-1.7 letter", "application/pdf")},
            headers=desk.by(DEVELOPER),
        )
    )
    decided = _ok(
        desk.client.post(
            f"/v1/contests/{contest['id']}/decision",
            json={"upheld": True, "statement": "The letter names the parcel."},
            headers=desk.by(VERIFIER),
        )
    )
    answers = {
        "plot_upload": _ok(desk.get(upload)),
        "plot_uploads": _ok(desk.get(f"{project}/uploads")),
        "plot_columns": _ok(desk.get(f"{upload}/columns")),
        "plot_findings": _ok(desk.get(f"{upload}/findings")),
        "plot_map": _ok(desk.get(f"{upload}/map")),
        "plot_repairs": _ok(desk.get(f"{upload}/repairs")),
        "plot_proposals": _ok(desk.get(f"{upload}/proposals")),
        "plot_versions": _ok(desk.get(f"{project}/plots/K/001/versions")),
        "farmer": _ok(desk.get(f"{project}/plots/K/001/farmer", by=VERIFIER, **PURPOSE)),
        "private_reads": _ok(desk.get(f"{project}/private-reads")),
        "contest": contest,
        "contest_decided": decided,
        "contests": _ok(desk.get(f"{project}/contests")),
        "plot_finding_codes": _ok(desk.get("/v1/plot-findings")),
    }
    answers["plot_exit"] = _ok(
        desk.client.post(
            f"{project}/plots/K/001/leave",
            json={"left_on": "2024-05-01", "reason": "The land was sold in April."},
            headers=desk.by(DEVELOPER),
        )
    )
    return answers


def _load_forest(desk: Desk) -> None:
    area = shapely.geometry.shape(square(FOREST)["geometry"]).buffer(0.0002)  # type: ignore[arg-type]
    forest = gpd.GeoDataFrame({"name": ["Kolwa Forest"]}, geometry=[area], crs="EPSG:4326")
    with unit_of_work(desk.settings) as session:
        excluded_areas.load(
            session, forest, name="forests", kind="protected", source="invented for examples"
        )


def _ok(answer: Response) -> Any:  # noqa: ANN401  # any JSON
    assert answer.is_success, answer.text
    return answer.json()
