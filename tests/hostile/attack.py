"""An attack: a file that somebody made to harm, its name, and the fault that must answer it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

READ = "read"  # the attack is harmless, and the plots of the file are read


class Bait(NamedTuple):
    """What an attack tries to reach: an address that counts its visitors, a file with a secret."""

    address: str
    secret: str


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack.

    Attributes:
        number: Of the list of attacks on uploads, such as U06; "size" for what is only too much.
        name: Of the file, as its sender calls it.
        answer: The fault that it must be refused with, or `READ`.
        make: Makes the file.
    """

    number: str
    name: str
    answer: str
    make: Callable[[Bait], bytes]

    @property
    def title(self) -> str:
        return f"{self.number}-{self.make.__name__}"


ATTACKS: list[Attack] = []


def attack(
    number: str, name: str, answer: str
) -> Callable[[Callable[[Bait], bytes]], Callable[[Bait], bytes]]:
    """Put a file on the list."""

    def put(make: Callable[[Bait], bytes]) -> Callable[[Bait], bytes]:
        ATTACKS.append(Attack(number, name, answer, make))
        return make

    return put
