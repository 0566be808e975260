"""The text of a simulated project's files: settings, plots, trees, additionality, readme.

The same landscape gives the same text. Putting it on disk belongs to `mrv.sources.simulated`.
"""

import hashlib
import json
from collections.abc import Iterable

from mrv.simulation.landscape import Landscape
from mrv.simulation.plots import COLUMNS as PLOT_COLUMNS
from mrv.simulation.spec import LandscapeSpec

PROJECT, PLOTS, TREES, README = "project.toml", "plots.geojson", "trees.csv", "README.md"
ADDITIONALITY = "additionality.md"
TRUTH, RECORD = "truth.json", "simulation.json"
_ADOPTION = 0.07
_NO_LAW = "Invented: no law asks the families to plant trees on their fields."
_FEW_DO = f"Invented: {_ADOPTION:.0%} of comparable fields nearby were planted without a project."


def project_texts(landscape: Landscape, *, project_id: str, catalog: str | None) -> dict[str, str]:
    """Write out a project's files.

    Args:
        landscape: What they describe.
        project_id: Slug of the project.
        catalog: Where its scenes' catalog lies, relative to the project folder; None where the
            scenes are rendered on demand.

    Returns:
        Text by file name; every line ends in a newline.
    """
    return {
        PROJECT: _project_toml(landscape, project_id, catalog),
        PLOTS: _plots_geojson(landscape),
        TREES: landscape.inventory.to_csv(index=False, lineterminator="\n"),
        ADDITIONALITY: _additionality_text(landscape.spec),
        README: _readme(landscape),
    }


def _project_toml(landscape: Landscape, project_id: str, catalog: str | None) -> str:
    spec = landscape.spec
    ecology = spec.ecology.model_dump(exclude_none=True)
    imagery = {"source": "simulation", "collection": spec.collection}
    if catalog is not None:
        imagery = {"source": "catalog", "location": catalog, "collection": spec.collection}
    blocks: list[tuple[str, dict[str, object]]] = [
        ("methodology", {"id": "agroforestry_removals", "version": 1}),
        ("inputs", {"plots": PLOTS, "trees": TREES}),
        ("ecology", ecology),
        *(("[species]", species) for species in _species(spec)),
        *_seasons(spec),
        ("imagery", dict(imagery)),
        *(
            ("[periods]", {"id": name, "start": start, "end": end})
            for name, start, end in zip(spec.period_ids, spec.epochs, spec.epochs[1:], strict=False)
        ),
        ("emissions.fuel_tco2e", dict(spec.fuel_tco2e)),
        *(("[additionality]", record) for record in _additionality(spec)),
        ("simulation", _made_from(landscape)),
    ]
    head: dict[str, object] = {
        "schema": "parkland/project/1-0-2",
        "id": project_id,
        "name": f"{spec.title} (simulated)",
        "summary": f"Simulated, for demonstration and tests. {spec.summary}",
        "country": spec.country,
        "region": spec.region,
        "developer": spec.developer,
        "developer_name": f"{spec.developer.replace('-', ' ').capitalize()} (invented)",
    }
    note = (
        "# An invented project: its farmers, plots and trees were drawn by Parkland's simulation."
    )
    parts = [note, *_lines(head)]
    for name, block in blocks:
        if block:
            parts += ["", f"[{name}]", *_lines(block)]
    return "\n".join(parts) + "\n"


def _additionality(spec: LandscapeSpec) -> list[dict[str, object]]:
    """Two invented records, both resting on the same invented document."""
    text = _additionality_text(spec)
    rests_on: dict[str, object] = {
        "document": ADDITIONALITY,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "dated": spec.epochs[0],
    }
    return [
        {"test": "regulatory_surplus", "shown": True, "finding": _NO_LAW, **rests_on},
        {
            "test": "common_practice",
            "shown": True,
            "finding": _FEW_DO,
            **rests_on,
            "adoption": _ADOPTION,
        },
    ]


def _additionality_text(spec: LandscapeSpec) -> str:
    return f"""# Additionality of {spec.title} (simulated)

**Nothing here is real.** No law was looked up and nobody was asked; this page stands where a real
project puts its own, so that a verifier finds a document under the digest that project.toml names.

- Regulatory surplus: {_NO_LAW}
- Common practice: {_FEW_DO}

{spec.region}, {spec.country}, {spec.epochs[0]}.
"""


def _made_from(landscape: Landscape) -> dict[str, object]:
    spec = landscape.spec
    return {"archetype": spec.archetype, "seed": landscape.seed, "plots": spec.plots}


def _lines(block: dict[str, object]) -> Iterable[str]:
    for key, value in block.items():
        name = key if key.replace("_", "").isalnum() else json.dumps(key)
        text = (
            json.dumps(value, ensure_ascii=False) if isinstance(value, str | int | float) else value
        )
        yield f"{name} = {text}"


def _species(spec: LandscapeSpec) -> list[dict[str, object]]:
    known: dict[str, dict[str, object]] = {}
    for kind in spec.kinds:
        row = known.setdefault(kind.species, {"name": kind.species})
        for key, value in (("common_name", kind.common_name), ("use", kind.use)):
            if value:
                row.setdefault(key, value)
    return list(known.values())


def _seasons(spec: LandscapeSpec) -> list[tuple[str, dict[str, object]]]:
    windows = [("dry", spec.seasons.dry), ("wet", spec.seasons.wet)]
    return [
        (f"seasons.{name}", {"first": season.first, "last": season.last})
        for name, season in windows
        if season is not None
    ]


def _plots_geojson(landscape: Landscape) -> str:
    features = []
    for plot in landscape.plots.itertuples():
        properties = {name: getattr(plot, name) for name in PLOT_COLUMNS}
        ring = [[float(x), float(y)] for x, y in plot.geometry.exterior.coords]
        feature = {
            "type": "Feature",
            "properties": properties,
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        features.append(json.dumps(feature, default=str, ensure_ascii=False))
    body = ",\n".join(features)
    return f'{{"type": "FeatureCollection", "features": [\n{body}\n]}}\n'


def _readme(landscape: Landscape) -> str:
    spec, plots = landscape.spec, landscape.plots
    enrolled = int((plots["role"] == "enrolled").sum())
    measured = landscape.inventory["plot_id"].nunique()
    visits = ", ".join(str(epoch) for epoch in spec.epochs)
    return f"""# {spec.title} (simulated)

{spec.summary}

**Nothing here is real** but the place. Farmers, villages, plots and trees were drawn by Parkland's
simulation from the recipe `{spec.archetype}` with seed {landscape.seed}; satellite scenes are
rendered from the same seed when they are needed.

| | |
|---|---|
| plots | {enrolled} enrolled, {len(plots) - enrolled} controls, in {spec.villages} villages |
| area enrolled | {plots.loc[plots["role"] == "enrolled", "area_ha"].sum():.1f} ha |
| field sample | {measured} plots, measured around {visits} |
| rows in trees.csv | {len(landscape.inventory)} |

Recipe `{spec.archetype}`, {spec.plots} plots, seed {landscape.seed}.
"""
