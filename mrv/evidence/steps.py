"""The steps of a run: what each takes and makes, by the names of the artifacts.

One table for whoever asks how a file came about: the provenance of a bundle, and the order in which
`mrv.verification` looks for the first cause of a difference.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RunStep:
    """One step.

    Attributes:
        id: Short name.
        label: What is done, for a person.
        takes: Artifacts it reads; `scenes` stands for all scenes, `methodology` for the rules.
        makes: Artifacts it leaves.
    """

    id: str
    label: str
    takes: tuple[str, ...]
    makes: tuple[str, ...]


RULES, SCENES = "methodology", "scenes"
STEPS: Final = (
    RunStep(
        "screening",
        "Plots are screened",
        ("delivered plots", "project.toml", RULES),
        ("plots", "plot_findings"),
    ),
    RunStep(
        "reading", "The inventory is read", ("delivered trees", "project.toml"), ("inventory",)
    ),
    RunStep(
        "checking",
        "Trees are checked and weighed",
        ("inventory", "plots", "project.toml", RULES),
        ("trees", "tree_findings"),
    ),
    RunStep(
        "drawing",
        "Biomass of measured plots is drawn with its errors",
        ("trees", "plots", "project.toml", RULES),
        ("biomass_draws", "biomass", "equations", "excluded_trees"),
    ),
    RunStep(
        "observing",
        "Scenes are averaged over plots",
        (SCENES, "plots", RULES),
        ("observations", "scenes_read", "missing_indices", "backscatter"),
    ),
    RunStep(
        "composing",
        "Observations become seasonal features",
        ("observations", "missing_indices", "backscatter", "project.toml", RULES),
        ("features",),
    ),
    RunStep(
        "remembering",
        "The stocking index of earlier years is put together",
        (SCENES, "plots", "project.toml", RULES),
        ("stocking_history",),
    ),
    RunStep(
        "watching",
        "Plots are watched for disturbances",
        ("observations", "plots", "trees", RULES),
        ("disturbances",),
    ),
    RunStep(
        "looking_back",
        "What stood before enrolment is put together",
        ("observations", "plots", "biomass_draws", "project.toml", RULES),
        ("before_enrolment",),
    ),
    RunStep(
        "estimating",
        "The stock change is estimated",
        (
            "biomass_draws",
            "plots",
            "features",
            "disturbances",
            "stocking_history",
            "project.toml",
            RULES,
        ),
        ("estimate", "draws", "plot_changes"),
    ),
    RunStep(
        "deducting",
        "Deductions are taken off and the books continued",
        ("estimate", "draws", "books", "project.toml", RULES),
        ("waterfall",),
    ),
    RunStep(
        "sharing",
        "Kilograms are shared among the plots",
        ("waterfall", "plot_changes", "books", "biomass_draws", "features"),
        ("allocation",),
    ),
)
"""In the order in which they can be done."""
