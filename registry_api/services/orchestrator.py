"""Where in Dagster a part of an estimate was made, for readers who may be let in there.

The registry only names addresses: it asks Dagster for nothing, and whoever follows one is let in or
not by whatever guards Dagster's pages.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from mrv.evidence.lineage_parts import Node
from registry_api.services.lineage_views import Tier
from registry_api.settings import Settings

_LED_THERE: Final[frozenset[Tier]] = frozenset({"developer", "verifier"})
ASSET_OF_ARTIFACT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "project.toml": "raw_project__settings",
        "delivered plots": "raw_plots__boundaries",
        "plots": "core_plots__screened",
        "plot_findings": "core_plots__screened",
        "delivered trees": "raw_trees__inventory",
        "inventory": "raw_trees__inventory",
        "trees": "core_trees__checked",
        "tree_findings": "core_trees__checked",
        "biomass_draws": "core_trees__biomass",
        "biomass": "core_trees__biomass",
        "equations": "core_trees__biomass",
        "excluded_trees": "core_trees__biomass",
        "observations": "core_scenes__observations",
        "scenes_read": "core_scenes__observations",
        "missing_indices": "core_scenes__observations",
        "backscatter": "core_scenes__observations",
        "features": "core_scenes__features",
        "stocking_history": "core_change__stocking_history",
        "disturbances": "core_watch__disturbances",
        "before_enrolment": "core_change__before_enrolment",
        "estimate": "core_change__estimate",
        "draws": "core_change__estimate",
        "plot_changes": "core_change__estimate",
        "books": "core_credits__waterfall",
        "waterfall": "core_credits__waterfall",
        "allocation": "core_credits__allocation",
    }
)
"""Name of an artifact in the evidence -> asset that left it on the shelf."""
ASSET_OF_KIND: Final[Mapping[str, str]] = MappingProxyType(
    {
        "serial": "out_registry__credits",
        "batch": "out_registry__credits",
        "estimate": "out_evidence__document",
        "run": "out_evidence__document",
        "waterfall": "core_credits__waterfall",
        "plots": "core_credits__allocation",
        "plot": "core_credits__allocation",
        "stratum": "core_change__estimate",
        "model": "core_change__estimate",
        "verdict": "core_change__estimate",
        "scene": "raw_scenes__items",
        "look": "core_scenes__observations",
        "tree": "core_trees__checked",
    }
)
"""Kind of any other node -> asset that made it."""


def address(settings: Settings, tier: Tier, project: str, period: str, node: Node) -> str | None:
    """Give the page of the asset that made a node, at its project and period.

    Args:
        settings: Say where Dagster's pages are.
        tier: Of the reader.
        project: Id.
        period: Id.
        node: Of the lineage.

    Returns:
        None where no address is set, the reader is not led there, or no asset made it.
    """
    if not settings.dagster_url or tier not in _LED_THERE:
        return None
    asset = (
        ASSET_OF_ARTIFACT.get(node.label)
        if node.kind == "artifact"
        else ASSET_OF_KIND.get(node.kind)
    )
    if asset is None:
        return None
    # Dagster orders the dimensions of a partition by name: the period comes before the project.
    partition = quote(f"{period}|{project}", safe="")
    base = str(settings.dagster_url).rstrip("/")
    return f"{base}/assets/{asset}?view=partitions&partition={partition}"
