"""A serial names an inclusive block of credits; it is a pure function of the block.

The block is what is stored; the text is for people, who may mistype it, hence the check character.
Business logic never parses a serial: `parse_serial` serves look-ups and imports only.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from mrv.errors import InputRejected

REGISTRY: Final = "PKL"
TEST_REGISTRY: Final = "TST"  # of units that a sandbox gives out to be tried with
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_GRAMMAR: Final = re.compile(
    r"(?P<registry>[A-Z]{3})-(?P<country>[A-Z]{2})-(?P<project>[A-Z0-9]+(?:-[A-Z0-9]+)*)"
    r"-(?P<kind>[CR])-(?P<start>[0-9]{8})-(?P<end>[0-9]{8})"
    r"-(?P<batch>[0-9]{4,})-(?P<first>[0-9]{6,})-(?P<last>[0-9]{6,})-(?P<check>[0-9A-Z])"
)
_PROJECT: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
# A page of credits writes a serial a row, so the steps of the check character are looked up.
_MODULUS: Final = len(_ALPHABET)
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_DOUBLED: Final = [
    (total % _MODULUS or _MODULUS) * 2 % (_MODULUS + 1) for total in range(2 * _MODULUS)
]


@dataclass(frozen=True, slots=True)
class SerialBlock:
    """A run of consecutive credits of one batch, first and last inclusive.

    Attributes:
        country: ISO 3166 alpha-2.
        project: Project id, a lower-case slug.
        kind: C carbon, R resilience.
        start: First day of the monitoring period.
        end: Day after its last.
        batch: Number of the batch within the project and kind, from 1.
        first: First credit of the block, from 1.
        last: Last credit of the block.
        registry: Three letters.
    """

    country: str
    project: str
    kind: Literal["C", "R"]
    start: date
    end: date
    batch: int
    first: int
    last: int
    registry: str = REGISTRY

    def __post_init__(self) -> None:
        """Refuse a block that could not be written or counted."""
        if not 1 <= self.first <= self.last or self.batch < 1:
            raise ValueError(f"block {self.first}-{self.last} of batch {self.batch} is no block")
        if self.end <= self.start:
            raise ValueError(f"the period {self.start} to {self.end} holds no day")
        if not _PROJECT.fullmatch(self.project):
            raise ValueError(f"project id '{self.project}' cannot be part of a serial")
        if not _COUNTRY.fullmatch(self.country):
            raise ValueError(f"country '{self.country}' is not two capital letters")

    @property
    def quantity(self) -> int:
        """Credits in the block [t CO2e]."""
        return self.last - self.first + 1

    @property
    def test(self) -> bool:
        """Whether these are test units of a sandbox, which stand for no tonne."""
        return self.registry == TEST_REGISTRY

    def contains(self, other: "SerialBlock") -> bool:
        """Whether every credit of the other block lies in this one."""
        return (
            (self.registry, self.country, self.project, self.kind, self.start, self.end)
            == (other.registry, other.country, other.project, other.kind, other.start, other.end)
            and self.batch == other.batch
            and self.first <= other.first
            and other.last <= self.last
        )

    def single(self, number: int) -> "SerialBlock":
        """The block of one credit.

        Raises:
            ValueError: If the number lies outside this block.
        """
        if not self.first <= number <= self.last:
            raise ValueError(f"credit {number} is not in {self.first}-{self.last}")
        return SerialBlock(
            self.country, self.project, self.kind, self.start, self.end, self.batch,
            number, number, self.registry,
        )  # fmt: skip


def format_serial(block: SerialBlock) -> str:
    """Write a block as its serial, check character last."""
    body = "-".join(
        (
            block.registry,
            block.country,
            block.project.upper(),
            block.kind,
            block.start.isoformat().replace("-", ""),
            block.end.isoformat().replace("-", ""),
            f"{block.batch:04d}",
            f"{block.first:06d}",
            f"{block.last:06d}",
        )
    )
    return f"{body}-{check_character(body)}"


def parse_serial(text: str) -> SerialBlock:
    """Read a serial back, in either case and with spaces around it.

    Raises:
        InputRejected: If it is not a serial, or a character was mistyped.
    """
    serial = text.strip().upper()
    match = _GRAMMAR.fullmatch(serial)
    if match is None:
        raise InputRejected(
            f"'{text}' is not a serial of this registry; one reads {REGISTRY}-KE-PROJECT-C-"
            "20210201-20240201-0001-000001-000120-X.",
            serial=text,
        )
    if check_character(serial[:-2]) != match["check"]:
        raise InputRejected(
            f"'{text}' has a mistyped character: its check character does not fit the rest.",
            serial=text,
        )
    try:
        block = SerialBlock(
            country=match["country"],
            project=match["project"].lower(),
            kind="C" if match["kind"] == "C" else "R",
            start=_day(match["start"]),
            end=_day(match["end"]),
            batch=int(match["batch"]),
            first=int(match["first"]),
            last=int(match["last"]),
            registry=match["registry"],
        )
    except ValueError as error:
        raise InputRejected(f"'{text}' is no serial: {error}.", serial=text) from None
    if format_serial(block) != serial:
        raise InputRejected(f"'{text}' is not written the way serials are.", serial=text)
    return block


def check_character(body: str) -> str:
    """Give the check character of a text; hyphens do not count.

    Any single wrong letter or digit changes it.

    Source:
        ISO/IEC 7064, hybrid system MOD 37-36.
    """
    product = _MODULUS
    for character in body.replace("-", ""):
        product = _DOUBLED[product + _VALUES[character]]
    return _ALPHABET[(_MODULUS + 1 - product) % _MODULUS]


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007  a day has no time zone
