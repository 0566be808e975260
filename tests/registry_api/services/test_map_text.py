"""The map of an upload as text: the same as object by object, and about as fast as its shapes."""

import json
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import shapely

from registry_api.services.reports import features_text

MOST_TIMES_THE_SHAPES = 9  # four on a quiet machine; object by object it takes fifteen


def table(count: int) -> pd.DataFrame:
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ring = np.column_stack([34.0 + 8e-4 * np.cos(angles), 0.1 + 8e-4 * np.sin(angles)])
    shapes = [shapely.Polygon(ring + 1e-7 * place) for place in range(count)]
    return pd.DataFrame(
        {
            "feature": np.arange(1, count + 1),
            "plot_id": [f'Shamba "{place}"' for place in range(count)],
            "verdict": "warned",
            "area_ha": 0.7,
            "codes": "winding;coarse_coordinates",
            "geometry": shapely.to_wkb(shapes),
        }
    )


def took_s(work: Callable[[], object]) -> float:
    times_s = []
    for _ in range(3):
        begin = time.process_time()
        work()
        times_s.append(time.process_time() - begin)
    return min(times_s)


def test_the_text_says_what_the_table_says() -> None:
    shown = table(3)
    shown.loc[1, ["area_ha", "codes"]] = [np.nan, ""]
    shown.loc[2, "geometry"] = None
    features = json.loads(features_text(shown))["features"]
    assert [each["properties"] for each in features] == [
        {
            "feature": place + 1,
            "plot_id": f'Shamba "{place}"',
            "verdict": "warned",
            "area_ha": None if place == 1 else 0.7,
            "codes": [] if place == 1 else ["winding", "coarse_coordinates"],
        }
        for place in range(3)
    ]
    assert features[2]["geometry"] is None
    drawn = shapely.from_geojson(json.dumps(features[1]["geometry"]))
    assert shapely.equals_exact(drawn, shapely.from_wkb(shown["geometry"][1]), 1e-7)


def test_many_plots_take_little_more_than_writing_their_shapes() -> None:
    shown = table(5_000)
    shapes = shapely.from_wkb(shown["geometry"].to_numpy(dtype=object))
    whole_s, shapes_s = (
        took_s(lambda: features_text(shown)),
        took_s(lambda: shapely.to_geojson(shapes)),
    )
    assert whole_s < MOST_TIMES_THE_SHAPES * shapes_s
