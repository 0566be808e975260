"""What an estimate knows of single plots, as tables its evidence names; pictures of one plot."""

import io
from datetime import UTC, datetime

import matplotlib.image
import numpy as np
import pandas as pd

from mrv.evidence.documents import Artifact, EvidenceDocument
from registry_api.services import plot_chips
from registry_api.services.kept_files import KeptFiles
from registry_api.services.plot_chips import ChipSheet, ChipView
from registry_api.settings import Settings

PLOTS = ("P-001", "P-002", "P-003", "P-004")
SCENE = "S2A_36MXE_20230115_0_L2A"  # the one that `a_registry` has looked through


def with_plot_tables(settings: Settings, document: EvidenceDocument) -> EvidenceDocument:
    """Keep the tables, and name them in a document on four plots."""
    kept = KeptFiles(settings)
    tables = {name: kept.put_table(t, private=False)[0] for name, t in _tables().items()}
    tables["estimate"] = kept.put_bytes(
        b'{"start": "2021-02-01", "end": "2023-02-01"}', private=False
    )
    named = [
        Artifact(name=name, sha256=sha256, media_type="application/x", rows=4)
        for name, sha256 in tables.items()
    ]
    return document.model_copy(update={"artifacts": (*document.artifacts, *named)})


def keep_chips(settings: Settings, estimate_sha256: str, plot_id: str) -> bytes:
    """Keep two pictures of a plot, the second under cloud on its right; gives the PNG."""
    colour = np.full((4, 10, 3), 120, np.uint8)
    colour[:, 7:] = 255
    written = io.BytesIO()
    matplotlib.image.imsave(written, colour, format="png")
    days = (datetime(2021, 2, 4, 8, tzinfo=UTC), datetime(2023, 1, 15, 8, tzinfo=UTC))
    chips = tuple(
        ChipView(
            scene_id=scene,
            acquired_at=day,
            x=5 * number,
            y=0,
            width=5,
            height=4,
            masked="M2,0h3v4h-3z" if number else "",
            outline="M1,1L4,1L4,3L1,3z",
        )
        for number, (scene, day) in enumerate(zip(("S2A_36MXE_20210204", SCENE), days, strict=True))
    )
    sheet = ChipSheet(plot_id, 10.0, 10, 4, chips)
    plot_chips.keep(settings, estimate_sha256, sheet, written.getvalue())
    plot_chips.note_cut(settings, estimate_sha256, [plot_id])
    return written.getvalue()


def _tables() -> dict[str, pd.DataFrame]:
    nothing = [float("nan")] * 3
    day = pd.Timestamp("2019-01-20")
    before = pd.DataFrame(
        {
            "plot_id": PLOTS,
            "enrolled_on": pd.Timestamp("2021-02-01"),
            "looks": [7, 5, 6, 0],
            "first_seen": [day, day, day, pd.NaT],
            "last_seen": [day + pd.Timedelta(days=40)] * 3 + [pd.NaT],
            "ndvi": [0.21, 0.58, 0.24, float("nan")],
            "pre_existing_t_ha": [0.0, *nothing],
            "lost_ha": [0.0, 0.0, 0.31, float("nan")],
            "verdict": ["open", "canopy", "lost_trees", "unseen"],
        }
    )
    watch = pd.DataFrame(
        {
            "plot_id": PLOTS,
            "monitoring": ["current", "current", "current", "held"],
            "may_grow": [True, False, True, False],
            "state": ["", "suspect", "", ""],
            "broke_on": [pd.NaT, pd.Timestamp("2022-06-05"), pd.NaT, pd.NaT],
            "signal": ["", "nbr", "", ""],
            "depth": [float("nan"), 6.4, float("nan"), float("nan")],
            "cause": "",
            "likely": ["", "fire", "", ""],
        }
    )
    changes = pd.DataFrame(
        {
            "plot_id": PLOTS,
            "stratum": "maize",
            "agb_change_t_ha": [6.0, 40.0, 5.0, -1.0],
            "gross_tco2e": [7.0, 5.0, 3.0, -0.5],
            "net_tco2e": [6.0, 4.0, 2.5, -0.7],
            "area_ha": 1.2,
        }
    )
    return {"before_enrolment": before, "disturbances": watch, "plot_changes": changes}
