"""Rules as data: every number of a methodology with its unit, clause and evidence tag.

One TOML file per methodology version, `<name>_v<n>.toml`; this module finds and reads them. What
the rules mean is written where they are applied.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal, cast

from mrv.errors import RuleMissing

EvidenceTag = Literal["V", "V2", "C", "M", "P"]
_TAGS = ("V", "V2", "C", "M", "P")


@dataclass(frozen=True, slots=True)
class Rule:
    """One value of a methodology, and what it rests on.

    Attributes:
        value: A number, a text or a flag.
        unit: Of the value; "1" for a fraction.
        source: Standard and clause, paper, or the reason for our own policy.
        tag: V read in the primary source; V2 read in a secondary one; C computed; P our policy;
            M remembered, found nowhere: such a value is unverified and may not issue.
    """

    value: float | str | bool
    unit: str
    source: str
    tag: EvidenceTag


@dataclass(frozen=True, slots=True)
class Methodology:
    """One version of a methodology."""

    id: str
    version: int
    title: str
    valid_from: str
    rules: Mapping[str, Rule]
    digest: str

    def rule(self, name: str) -> Rule:
        """Find a rule by its dotted name.

        Raises:
            RuleMissing: If this version has no such rule.
        """
        try:
            return self.rules[name]
        except KeyError:
            raise RuleMissing(
                f"Methodology {self.id} version {self.version} has no rule '{name}'.", rule=name
            ) from None

    def number(self, name: str) -> float:
        """Give a rule's value as a number, in the rule's own unit."""
        value = self.rule(name).value
        if isinstance(value, str):
            raise RuleMissing(f"Rule '{name}' of {self.id} is a text, not a number.", rule=name)
        return float(value)

    def flag(self, name: str) -> bool:
        """Say whether a version asks for something; earlier ones, which do not know it, do not."""
        return name in self.rules and self.rules[name].value is True

    def text(self, name: str) -> str:
        """Give a rule's value as text."""
        return str(self.rule(name).value)

    @property
    def unverified(self) -> tuple[str, ...]:
        """Names of the rules that rest on memory alone; with any left, nothing may be issued."""
        return tuple(name for name, rule in self.rules.items() if rule.tag == "M")


@cache
def load_methodology(methodology_id: str, version: int) -> Methodology:
    """Read one version of a methodology from this package.

    Raises:
        RuleMissing: If there is no such version, or one of its rules lacks unit, source or tag.
    """
    return parse_methodology(methodology_file(methodology_id, version))


def parse_methodology(raw: bytes) -> Methodology:
    """Read rules from the bytes of a file, as of a draft that is not published.

    Raises:
        RuleMissing: If it is no such file, or one of its rules lacks unit, source or tag.
    """
    try:
        document = tomllib.loads(raw.decode())
        head = document.pop("methodology")
        said = {"id": head["id"], "version": head["version"], "title": head["title"]}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise RuleMissing(
            f"This is no file of rules: {error}; begin from a published one, with its head "
            "[methodology] of id, version, title and valid_from."
        ) from error
    rules = {
        key: _rule(key, row)
        for section in document
        for key, row in _rows(section, document[section])
    }
    return Methodology(
        **said,
        valid_from=str(head.get("valid_from", "")),
        rules=MappingProxyType(rules),
        digest=hashlib.sha256(raw).hexdigest(),
    )


def methodology_file(methodology_id: str, version: int) -> bytes:
    """Give the file of one version of a methodology, to the byte.

    Raises:
        RuleMissing: If there is no such version.
    """
    name = f"{methodology_id}_v{version}.toml"
    file = resources.files(__name__).joinpath(name)
    if not file.is_file():
        known = ", ".join(
            sorted(f.name for f in resources.files(__name__).iterdir() if f.name.endswith(".toml"))
        )
        raise RuleMissing(f"There is no methodology file {name}; there is {known}.", file=name)
    return file.read_bytes()


def _rows(section: str, table: Mapping[str, object]) -> list[tuple[str, object]]:
    return [(f"{section}.{name}", row) for name, row in table.items()]


def _rule(name: str, row: object) -> Rule:
    if not isinstance(row, dict) or not {"value", "unit", "source", "tag"} <= row.keys():
        raise RuleMissing(f"Rule '{name}' lacks value, unit, source or tag.", rule=name)
    if row["tag"] not in _TAGS or not str(row["source"]).strip():
        raise RuleMissing(f"Rule '{name}' has no source or an unknown evidence tag.", rule=name)
    return Rule(row["value"], str(row["unit"]), str(row["source"]), cast("EvidenceTag", row["tag"]))
