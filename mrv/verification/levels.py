"""Performing an estimate again, level by level, and putting the answers into one report."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from mrv.errors import InputRejected, MrvError
from mrv.evidence.code import code_digest
from mrv.evidence.crate import EVIDENCE, NEEDED
from mrv.evidence.digest import document_digest
from mrv.imagery.progress import Extent
from mrv.verification.integrity import Trust, check_integrity
from mrv.verification.kilograms import check_kilograms, kilogram_nodes, recomputed_kg
from mrv.verification.opened import Bundle
from mrv.verification.pixels import Pixels, check_pixels
from mrv.verification.report import LEVELS, Level, Node, Report
from mrv.verification.statistics import Performed, check_statistics

Tell = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is done, and how much there is; 0 where not known."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be verified, and with what.

    Attributes:
        level: The highest level to do.
        trust: What is known of the registry from elsewhere.
        pixels: Finds the scenes; called at level 3 only.
    """

    level: Level
    trust: Trust = field(default_factory=Trust)
    pixels: Callable[[Bundle], Pixels] | None = None


def verify(bundle: Bundle, asked: Asked, tell: Tell = lambda _what, _done, _of: None) -> Report:
    """Perform an estimate again, and say per node whether it is the same.

    A level that cannot be done, because what it needs is missing or makes no sense, says so as a
    node of its own; those above it are done all the same.

    Args:
        bundle: That was opened.
        asked: Up to which level, and with what.
        tell: Hears how far it has come.

    Raises:
        InputRejected: If there is no evidence document in it that can be read.
    """
    document = bundle.document
    run = _Verification(bundle, asked, tell)
    for level in LEVELS[: asked.level + 1]:
        run.do(level)
    return Report(
        project=document.project.id,
        period=document.period.id,
        estimate_sha256=document_digest(document),
        levels=LEVELS[: asked.level + 1],
        nodes=tuple(sorted(run.nodes, key=lambda node: node.level)),
        recomputed_kg=run.kilograms,
        stated_kg=document.quantities.cumulative_net_kg,
        code=_code(document.run.code_version),
    )


class _Verification:
    """One call of `verify`."""

    def __init__(self, bundle: Bundle, asked: Asked, tell: Tell) -> None:
        self.bundle = bundle
        self.asked = asked
        self.tell = tell
        self.nodes: list[Node] = []
        self.kilograms: dict[Level, int] = {}
        self.observations, self.scenes_read = pd.DataFrame(), pd.DataFrame()

    def do(self, level: Level) -> None:
        """Do one level; level 3 is done within level 2, which goes on from what it gives."""
        work = {0: self._integrity, 1: self._kilograms, 2: self._statistics}.get(level)
        if work is not None:
            self._attempt(level, work)

    def _attempt(self, level: Level, work: Callable[[], None]) -> bool:
        """Do some work; what stops it is an answer too."""
        before = len(self.nodes)
        try:
            work()
        except MrvError as error:
            self.nodes.append(Node(level, f"level {level}", "missing", error.message))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # A file that is whole by its digest and makes no sense: somebody wrote it by hand.
            said = f"This level cannot be done: {type(error).__name__}: {str(error)[:200]}."
            self.nodes.append(Node(level, f"level {level}", "differs", said))
        return not any(node.fails for node in self.nodes[before:])

    def _integrity(self) -> None:
        self.tell("level 0: digests and signatures", 0, 0)
        self.nodes += check_integrity(self.bundle, self.asked.trust)

    def _kilograms(self) -> None:
        self.tell("level 1: waterfall and allocation", 0, 0)
        self._demand_files()
        self.nodes += check_kilograms(self.bundle)
        self.kilograms[1] = recomputed_kg(self.bundle, self.bundle.estimate)

    def _statistics(self) -> None:
        """Do level 2, on the observations as stated or, where asked, as level 3 makes them anew."""
        self._demand_files()
        self.observations = self.bundle.table("observations")
        self.scenes_read = self.bundle.table("scenes_read")
        upto: Level = 2
        if self.asked.level == LEVELS[-1]:
            upto = 3 if self._attempt(3, self._read_again) else 2
        performed: Performed | None = None
        for given in check_statistics(
            self.bundle, self.observations, self.scenes_read, self._drawn
        ):
            if isinstance(given, Node):
                self.nodes.append(given)
            else:
                performed = given
        assert performed is not None  # noqa: S101  (the last thing given)
        self.nodes += kilogram_nodes(
            self.bundle,
            performed.estimate,
            verdicts=performed.verdicts,
            biomass=performed.biomass,
            features=performed.features,
            level=2,
        )
        kilograms = recomputed_kg(self.bundle, performed.estimate)
        self.kilograms |= dict.fromkeys(LEVELS[2 : upto + 1], kilograms)

    def _read_again(self) -> None:
        if self.asked.pixels is None:
            raise InputRejected("Level 3 needs the scenes; say with --scenes where they are.")
        self.tell("level 3: looking for the scenes", 0, 0)
        pixels = self.asked.pixels(self.bundle)
        for given in check_pixels(self.bundle, pixels, self._scenes_read):
            if isinstance(given, Node):
                self.nodes.append(given)
            else:
                self.observations, self.scenes_read = given.table, given.scenes

    def _scenes_read(self, extent: Extent) -> None:
        self.tell("level 3: reading scenes", extent.scenes_done, extent.scenes)

    def _drawn(self, done: int, total: int) -> None:
        self.tell("level 2: drawing biomass", done, total)

    def _demand_files(self) -> None:
        lost = [name for name in NEEDED if not self.bundle.has(name)]
        if lost:
            raise InputRejected(
                f"{EVIDENCE} was written before bundles were, or files were taken out: there is no "
                f"{', '.join(lost)}; run the period again for a bundle that can be verified."
            )


def _code(version: str) -> str:
    here = code_digest()[:16]
    if version.endswith(here):
        return f"The code is that of the run ({here})."
    return (
        f"The run was made by {version}, this is mrv {here}: a difference may come from the code."
    )
