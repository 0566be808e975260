"""Radiometric offsets of Sentinel-2 L2A: which one an item needs, and whether pixels agree.

Since processing baseline 04.00 the stored numbers carry an offset of -0.1 in reflectance. Some
archives have taken it out again, some have not, and archives reprocess old scenes: the sensing date
therefore decides nothing. What decides is what each item says of itself, and pixels check it.

Source: methodology reference 5.1 [V]; torchgeo issue 3224; Earth Search issue 66; Planetary
Computer issue 134.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.errors import OffsetsMixed
from mrv.quality import Verdict

if TYPE_CHECKING:
    from mrv.imagery.scenes import Scene

SCALE = 1e-4  # reflectance per digital number [V]
BASELINE_WITH_OFFSET = 4.0  # first processing baseline that adds the offset [V]
OFFSET = -0.1  # BOA_ADD_OFFSET of -1000 digital numbers [V]
JUDGED_PIXELS_MIN = 30  # fewer clear vegetated pixels say nothing about a first percentile [P]

_Key = TypeVar("_Key")
_APPLIED_FLAGS = ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")
_BASELINES = ("s2:processing_baseline", "sentinel:processing_baseline", "processing:version")
_PRODUCT_BASELINE = re.compile(r"_N(\d{2})(\d{2})_")
_SENTINEL_COGS = re.compile(r"^(https://sentinel-cogs\.s3|s3://sentinel-cogs/)")


@dataclass(frozen=True, slots=True)
class OffsetRule:
    """How digital numbers of one item become reflectance: DN x scale + offset.

    Attributes:
        scale: Reflectance per digital number.
        offset: Added after scaling [reflectance].
        source: The property that decided.
        reason: One sentence for people.
        baseline: Processing baseline, None where the item does not say.
        contradiction: Not empty where the item contradicts itself and must not be used.
    """

    scale: float
    offset: float
    source: str
    reason: str
    baseline: float | None = None
    contradiction: str = ""


def resolve_offset(item: Mapping[str, Any], reflectance_assets: Iterable[str]) -> OffsetRule:
    """Decide the offset of one item from what the item says.

    Args:
        item: A STAC item as a dict, version 1.0 or 1.1.
        reflectance_assets: Keys of its assets that hold reflectance.

    Returns:
        The rule; one with a `contradiction` where the item cannot be believed, so that
        `check_stack` can name every such item at once.
    """
    properties: Mapping[str, Any] = item.get("properties") or {}
    assets = [item["assets"][key] for key in reflectance_assets]
    baseline = _baseline(properties)
    stated = {statement for asset in assets if (statement := _stated(asset)) is not None}
    taken_out = _taken_out(properties, assets)
    if contradiction := _contradiction(stated, baseline, taken_out):
        return OffsetRule(SCALE, float("nan"), "", "unsettled", baseline, contradiction)
    scale, offset = next(iter(stated), (SCALE, None))
    if taken_out:
        return OffsetRule(scale, 0.0, taken_out, "the archive has taken the offset out", baseline)
    if offset is not None:
        return OffsetRule(scale, offset, "raster offset", "the item's bands state it", baseline)
    carries = baseline is not None and baseline >= BASELINE_WITH_OFFSET
    return OffsetRule(
        scale,
        OFFSET if carries else 0.0,
        "processing baseline",
        f"raw numbers of baseline {baseline:05.2f} {'carry the' if carries else 'have no'} offset",
        baseline,
    )


def check_stack(scenes: Sequence["Scene"]) -> None:
    """Refuse a stack whose offsets would put a false step into a series.

    Every item must be consistent in itself; all must come from one collection; and items of one
    processing era (before baseline 04.00, from 04.00) must resolve to one offset and scale.

    Raises:
        OffsetsMixed: Naming the items and what is wrong with each.
    """
    wrong = {s.id: s.offset.contradiction for s in scenes if s.offset.contradiction}
    if wrong:
        told = "; ".join(f"{name}: {why}" for name, why in sorted(wrong.items())[:5])
        raise OffsetsMixed(
            f"The radiometric offset of {len(wrong)} of {len(scenes)} scenes cannot be settled "
            f"({told}); mend these items or leave them out.",
            items=sorted(wrong),
        )
    collections = _grouped(scenes, lambda scene: scene.collection)
    if len(collections) > 1:
        told = "; ".join(f"{name}: {_names(ids)}" for name, ids in sorted(collections.items()))
        raise OffsetsMixed(
            f"The scenes come from {len(collections)} collections, which correct the offset "
            f"differently ({told}); use one collection for the whole project.",
            items=min(collections.values(), key=len),
        )
    for era, members in _grouped_scenes(scenes).items():
        rules = _grouped(members, lambda scene: (scene.offset.scale, scene.offset.offset))
        if len(rules) > 1:
            fewest = min(rules.values(), key=len)
            told = "; ".join(
                f"offset {offset:g}, scale {scale:g}: {_names(ids)}"
                for (scale, offset), ids in sorted(rules.items())
            )
            raise OffsetsMixed(
                f"Scenes processed {era} resolve to different offsets ({told}); one of these "
                "groups is corrected twice or not at all, so leave it out or mend its items.",
                items=sorted(fewest),
            )


def first_percentile(counts: NDArray[np.int64], lowest: int, rule: OffsetRule) -> tuple[float, int]:
    """Give the 1st percentile over clear vegetation [reflectance] and how many pixels it rests on.

    NaN where fewer than `JUDGED_PIXELS_MIN` pixels are there. Between two numbers it is
    interpolated, as NumPy's `percentile` does.

    Args:
        counts: How many pixels have each digital number.
        lowest: The digital number that is counted first.
        rule: How digital numbers become reflectance.
    """
    up_to = np.cumsum(counts)
    pixels = int(up_to[-1])
    if pixels < JUDGED_PIXELS_MIN:
        return float("nan"), pixels
    rank = 0.01 * (pixels - 1)
    low, high = (
        (int(np.searchsorted(up_to, place, side="right")) + lowest) * rule.scale + rule.offset
        for place in (int(rank), min(int(rank) + 1, pixels - 1))
    )
    return low + (high - low) * (rank - int(rank)), pixels


def offsets_sane(levels: pd.DataFrame, low: float, high: float) -> Verdict:
    """Judge by pixels whether the offset was applied once, neither twice nor never.

    An error of the offset moves blue and red by the same 0.1, out of the plausible range and into
    the one beside it. A scene whose blue and red both lie there fails; one that lies between the
    ranges is hazy or deeply shaded and is only told. The median of each kind of scene (offset and
    collection baseline) must lie in the plausible range, and each kind must have been seen: what
    could not be looked at has not passed.

    Args:
        levels: One row per scene: scene_id, offset, blue_p01, red_p01 [reflectance], NaN where not
            measured.
        low: Least plausible first percentile [reflectance].
        high: Largest plausible first percentile [reflectance].

    Source: methodology reference 5.1 [P].
    """
    bands = levels[["blue_p01", "red_p01"]]
    darker, brighter = bands.min(axis=1), bands.max(axis=1)
    judged = bands.notna().any(axis=1)
    bright = levels.loc[judged & (darker >= low - OFFSET), "scene_id"].tolist()
    dark = levels.loc[judged & (brighter <= high + OFFSET), "scene_id"].tolist()
    unclear = levels.loc[judged & ((darker > high) | (brighter < low)), "scene_id"].tolist()
    medians = darker[judged].groupby(levels.loc[judged, "offset"]).median()
    unseen = sorted(set(levels["offset"]) - set(medians.index))
    off = medians[(medians < low) | (medians > high)]
    faults = [
        *([f"{len(bright)} look as if it were missing ({_names(bright)})"] if bright else []),
        *([f"{len(dark)} look as if it had been taken off twice ({_names(dark)})"] if dark else []),
        *(
            f"scenes with offset {kind:g} have a median of {level:.3f}"
            for kind, level in off.items()
        ),
        *(f"no scene with offset {kind:g} shows enough clear vegetation" for kind in unseen),
    ]
    measured = float(darker[judged].median()) if judged.any() else None
    if measured is None:
        sentence = (
            "Whether the radiometric offset was applied once cannot be checked: no scene has "
            f"{JUDGED_PIXELS_MIN} clear vegetated pixels with a blue or a red band; bring those."
        )
    elif faults:
        sentence = (
            f"The radiometric offset is in doubt: {'; '.join(faults)}; over clear vegetation the "
            f"first percentile of blue and red should lie in {low:g}-{high:g}. Mend these items, "
            "leave them out, or widen the area."
        )
    else:
        sentence = (
            f"Over clear vegetation the first percentile of blue and red is {measured:.3f} (median "
            f"of {int(judged.sum())} scenes), within {low:g}-{high:g}: the offset was applied once."
        )
    return Verdict(
        gate="offsets_sane",
        passed=measured is not None and not faults,
        measured=measured,
        limit=high,
        sentence=sentence,
        facts={
            "scenes": len(levels),
            "judged": int(judged.sum()),
            "too_bright": ", ".join(bright),
            "too_dark": ", ".join(dark),
            "hazy_or_shaded": ", ".join(sorted(set(unclear) - {*bright, *dark})),
        },
    )


def _baseline(properties: Mapping[str, Any]) -> float | None:
    for key in _BASELINES:
        try:
            return float(properties[key])
        except (KeyError, TypeError, ValueError):
            continue
    match = _PRODUCT_BASELINE.search(str(properties.get("s2:product_uri", "")))
    return float(f"{match[1]}.{match[2]}") if match else None


def _stated(asset: Mapping[str, Any]) -> tuple[float, float] | None:
    """Scale and offset that an asset states, in STAC 1.0 (raster:bands) or 1.1 (bands) form."""
    for key, prefix in (("raster:bands", ""), ("bands", "raster:"), ("bands", "")):
        band: Mapping[str, Any] = next(iter(asset.get(key) or ()), {})
        if f"{prefix}scale" in band or f"{prefix}offset" in band:
            return float(band.get(f"{prefix}scale", SCALE)), float(band.get(f"{prefix}offset", 0.0))
    if "raster:scale" in asset or "raster:offset" in asset:
        return float(asset.get("raster:scale", SCALE)), float(asset.get("raster:offset", 0.0))
    return None


def _taken_out(properties: Mapping[str, Any], assets: Iterable[Mapping[str, Any]]) -> str:
    """Name what says that the archive has already removed the offset; empty if nothing does."""
    for flag in _APPLIED_FLAGS:
        if flag in properties:
            return flag if properties[flag] is True else ""
    if any(_SENTINEL_COGS.match(str(asset.get("href", ""))) for asset in assets):
        return "sentinel-cogs archive"
    return ""


def _contradiction(stated: set[tuple[float, float]], baseline: float | None, taken_out: str) -> str:
    """Say why an item cannot be believed; empty if it can."""
    if len(stated) > 1:
        told = " and ".join(f"{offset:g} (scale {scale:g})" for scale, offset in sorted(stated))
        return f"its bands state different offsets, {told}"
    if taken_out:
        return ""
    if not stated and baseline is None:
        return "it states neither an offset nor a processing baseline"
    if not stated or baseline is None:
        return ""
    _, offset = next(iter(stated))
    if (baseline >= BASELINE_WITH_OFFSET) == (offset != 0.0):
        return ""
    return (
        f"its bands state an offset of {offset:g}, which does not belong to processing baseline "
        f"{baseline:05.2f}, and nothing says that the archive changed it"
    )


def _grouped_scenes(scenes: Sequence["Scene"]) -> Mapping[str, list["Scene"]]:
    eras: dict[str, list[Scene]] = defaultdict(list)
    for scene in scenes:
        baseline = scene.offset.baseline
        if baseline is None:
            eras["with an unstated baseline"].append(scene)
        elif baseline >= BASELINE_WITH_OFFSET:
            eras["from baseline 04.00 on"].append(scene)
        else:
            eras["before baseline 04.00"].append(scene)
    return eras


def _grouped(scenes: Sequence["Scene"], key: Callable[["Scene"], _Key]) -> dict[_Key, list[str]]:
    groups: dict[_Key, list[str]] = defaultdict(list)
    for scene in scenes:
        groups[key(scene)].append(scene.id)
    return groups


def _names(ids: Sequence[str], shown: int = 3) -> str:
    more = f" and {len(ids) - shown} more" if len(ids) > shown else ""
    return ", ".join(sorted(ids)[:shown]) + more
