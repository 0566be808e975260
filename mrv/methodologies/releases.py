"""Releases: what a published version of a methodology is, pinned by digests.

A version is its rules, its golden cases and the code that performed both on the day of release. A
value that changes, in the rules or in what a golden case comes to, makes another version: the pins
stand in `releases.toml`, and tests hold the files to them.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from mrv.errors import RuleMissing
from mrv.methodologies import methodology_file


@dataclass(frozen=True, slots=True)
class Release:
    """One published version.

    Attributes:
        id: Of the methodology.
        version: Counts from 1.
        released_on: Day.
        changes: What is other than in the version before, in a sentence or two.
        rules_sha256: Of the file of rules.
        golden_sha256: Of the file of golden cases.
        code_sha256: Of the code that performed them when it was released
            (`mrv.evidence.code.calculation_digest`); later code has to come to the same answers.
    """

    id: str
    version: int
    released_on: date
    changes: str
    rules_sha256: str
    golden_sha256: str
    code_sha256: str

    @property
    def digest(self) -> str:
        """Name the release by all that it is (sha-256 over the three digests)."""
        parts = f"{self.rules_sha256}\n{self.golden_sha256}\n{self.code_sha256}\n"
        return hashlib.sha256(parts.encode()).hexdigest()


@cache
def releases() -> tuple[Release, ...]:
    """List all releases, oldest first."""
    raw = resources.files("mrv.methodologies").joinpath("releases.toml").read_text("utf-8")
    return tuple(Release(**row) for row in tomllib.loads(raw)["release"])


def find_release(methodology_id: str, version: int) -> Release:
    """Find a release.

    Raises:
        RuleMissing: If there is none.
    """
    for release in releases():
        if (release.id, release.version) == (methodology_id, version):
            return release
    known = ", ".join(f"{release.id} version {release.version}" for release in releases())
    raise RuleMissing(
        f"There is no release {methodology_id} version {version}; there is {known}.",
        methodology=methodology_id,
    )


def golden_file(methodology_id: str, version: int) -> bytes:
    """Give the golden cases of a version, to the byte.

    Raises:
        RuleMissing: If there are none.
    """
    name = f"{methodology_id}_v{version}.golden.json"
    file = resources.files("mrv.methodologies").joinpath(name)
    if not file.is_file():
        raise RuleMissing(f"There are no golden cases {name}.", file=name)
    return file.read_bytes()


def faults_of(release: Release) -> tuple[str, ...]:
    """Say which files of a release are no longer what was released; nothing where all is well."""
    held = {
        "rules": (release.rules_sha256, methodology_file(release.id, release.version)),
        "golden cases": (release.golden_sha256, golden_file(release.id, release.version)),
    }
    return tuple(
        f"The {what} of {release.id} version {release.version} were changed after its release; "
        "publish them as a new version."
        for what, (pinned, content) in held.items()
        if hashlib.sha256(content).hexdigest() != pinned
    )
