"""What a run over the code found: kept verdicts, explained changes, and the page about it.

Verdicts are kept under a digest of the module and of the tests that judged it; a run that was ended
goes on from them, and a verdict on a module or test that has changed since counts no more.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from tests.mutation.forked import ROOT, Verdict

_EQUIVALENT: Final = ROOT / "tests/mutation/equivalent.toml"


@dataclass(frozen=True, slots=True)
class Judged:
    """A change and what became of it.

    Attributes:
        path: File, from the project's folder.
        line: Its line, from 1.
        source: That line as it is written.
        was, becomes: The changed part before and after.
        verdict: What the tests said; None where the run has not come to it.
    """

    path: str
    line: int
    source: str
    was: str
    becomes: str
    verdict: Verdict | None

    @property
    def explained(self) -> str:
        """Why no test can notice; empty where one should."""
        return explained(self.path, self.source, self.was, self.becomes)


@cache
def _explanations() -> dict[tuple[str, str, str, str], str]:
    changes = tomllib.loads(_EQUIVALENT.read_text("utf-8"))["change"]
    return {(c["path"], c["source"], c["was"], c["becomes"]): c["reason"] for c in changes}


def explained(path: str, source: str, was: str, becomes: str) -> str:
    """Say why no test can notice a change; empty where one should."""
    return _explanations().get((path, source, was, becomes), "")


def explained_changes() -> tuple[tuple[str, str, str, str], ...]:
    """Give path, line, before and after of all changes that are explained."""
    return tuple(_explanations())


def key_of(path: str, judges: Sequence[str], begin: int, becomes: str) -> str:
    """Name a change of a module as it stands, before tests as they stand."""
    digest = hashlib.sha256()
    for place in (path, *judges):
        digest.update(hashlib.sha256((ROOT / place).read_bytes()).digest())
    return f"{path}:{begin}:{becomes}:{digest.hexdigest()[:16]}"


def kept_verdicts(journal: Path) -> dict[str, Verdict]:
    """Read what an earlier run found; a last line that was cut off is left out."""
    kept: dict[str, Verdict] = {}
    lines = journal.read_text("utf-8").splitlines(keepends=True) if journal.exists() else []
    for line in lines:
        if line.endswith("\n"):
            said = json.loads(line)
            kept[said["key"]] = said["verdict"]
    return kept


def keep_verdict(journal: Path, key: str, verdict: Verdict) -> None:
    """Add a verdict."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    with journal.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"key": key, "verdict": verdict}) + "\n")


def page(found: Sequence[Judged], places: Mapping[str, int], seed: int, on: date) -> str:
    """Write the page on a run.

    Args:
        found: The drawn changes; those not come to yet have no verdict.
        places: Number of all possible changes by package.
        seed: Of the draw.
        on: Day of the run.

    Returns:
        Markdown.
    """
    judged = [one for one in found if one.verdict]
    rows = [_row(name, _within(found, name), many) for name, many in places.items()]
    total = _row("all", found, sum(places.values()))
    head = (
        "# Does a test notice when the arithmetic is wrong?\n\n"
        f"{len(judged)} of {len(found)} changes drawn with seed {seed} were judged, "
        f"{on.isoformat()}. Written by `make mutate`, which goes on where it was ended.\n"
    )
    if len(judged) < len(found):
        head += (
            f"\n**The run is not whole: {len(found) - len(judged)} of the drawn changes were not "
            "judged.**\nIt went module by module, so a score is of the modules that were judged, "
            "not of the package.\n"
        )
    counted = (
        "\nThe score is noticed of judged. A change that made the tests endless is counted apart, "
        "not as noticed;\nexplained ones (`tests/mutation/equivalent.toml`) lower the score too.\n"
    )
    parts = [
        head,
        "| package | possible | drawn | judged | noticed | endless | explained | open | score |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        *rows,
        total,
        counted,
        "## By module\n",
        "| module | drawn | judged | noticed |",
        "|---|--:|--:|--:|",
        *(_module(path, found) for path in sorted({one.path for one in found})),
        "\n## Not noticed\n",
        *_told(one for one in judged if one.verdict != "noticed"),
    ]
    return "\n".join(parts) + "\n"


def _within(found: Sequence[Judged], package: str) -> list[Judged]:
    return [one for one in found if one.path.startswith(f"{package}/")]


def _row(name: str, found: Sequence[Judged], possible: int) -> str:
    judged = [one for one in found if one.verdict]
    noticed = sum(one.verdict == "noticed" for one in judged)
    endless = sum(one.verdict == "out of time" for one in judged)
    passed = [one for one in judged if one.verdict == "unnoticed"]
    why = sum(bool(one.explained) for one in passed)
    score = f"{100 * noticed / len(judged):.1f} %" if judged else "not judged"
    return (
        f"| {name} | {possible} | {len(found)} | {len(judged)} | {noticed} | {endless} "
        f"| {why} | {len(passed) - why} | {score} |"
    )


def _module(path: str, found: Sequence[Judged]) -> str:
    own = [one for one in found if one.path == path]
    judged = sum(one.verdict is not None for one in own)
    noticed = sum(one.verdict == "noticed" for one in own)
    return f"| `{path}` | {len(own)} | {judged} | {noticed} |"


def _told(changes: Iterable[Judged]) -> list[str]:
    lines = []
    for one in changes:
        change = f"`{one.was.strip() or 'nothing'}` to `{one.becomes or 'nothing'}`"
        end = (
            "the tests came to no end" if one.verdict == "out of time" else one.explained or "open"
        )
        lines.append(f"- `{one.path}` line {one.line}, {change} in `{one.source}`: {end}")
    return lines or ["Nothing."]
