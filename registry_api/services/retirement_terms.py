"""What is stated when credits are retired: for whom, why, and for which of their emissions."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from registry_api.errors import NotAcceptable

Purpose = Literal["voluntary", "compliance", "contribution", "other"]
_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class RetirementTerms:
    """The terms of one retirement.

    Attributes:
        beneficiary: On whose behalf, as it shall stand on the certificate.
        purpose: What they are retired for.
        reason: The same in words.
        beneficiary_lei: Legal entity identifier (ISO 17442); empty where there is none.
        consumed_from: First day of the emissions they answer for; None where not stated.
        consumed_until: Last day of them.
        country: Of the beneficiary, ISO 3166-1 alpha-2; empty where not stated.
    """

    beneficiary: str
    purpose: Purpose
    reason: str = ""
    beneficiary_lei: str = ""
    consumed_from: date | None = None
    consumed_until: date | None = None
    country: str = ""

    def __post_init__(self) -> None:
        """Refuse terms that say nothing or contradict themselves.

        Raises:
            NotAcceptable: Saying which.
        """
        texts = (self.beneficiary, self.reason)
        faults = {
            "a retirement names its beneficiary": not self.beneficiary.strip(),
            f"beneficiary and reason have at most {_LONGEST} letters": any(
                len(text) > _LONGEST for text in texts
            ),
            "names and reasons are text without control characters": any(
                not character.isprintable() for text in texts for character in text
            ),
            f"the purpose is one of {', '.join(get_args(Purpose))}": (
                self.purpose not in get_args(Purpose)
            ),
            f"'{self.beneficiary_lei[:30]}' is not a legal entity identifier: its check digits do "
            "not fit": bool(self.beneficiary_lei) and not is_lei(self.beneficiary_lei),
            "a consumption period has a first and a last day, in that order": (
                (self.consumed_from is None) != (self.consumed_until is None)
                or (
                    self.consumed_from is not None
                    and self.consumed_until is not None
                    and self.consumed_until < self.consumed_from
                )
            ),
            "a country is two capital letters": bool(self.country)
            and not _COUNTRY.fullmatch(self.country),
        }
        for fault, found in faults.items():
            if found:
                raise NotAcceptable(f"The terms cannot be taken: {fault}.")

    def stated(self) -> dict[str, object]:
        """Give what was stated, as it is kept and shown."""
        return {
            "beneficiary": self.beneficiary.strip(),
            "beneficiary_lei": self.beneficiary_lei,
            "purpose": self.purpose,
            "reason": self.reason.strip(),
            "consumed_from": self.consumed_from.isoformat() if self.consumed_from else None,
            "consumed_until": self.consumed_until.isoformat() if self.consumed_until else None,
            "country": self.country,
        }


def is_lei(text: str) -> bool:
    """Whether a text is a legal entity identifier.

    Source:
        ISO 17442-1: check digits by ISO/IEC 7064, MOD 97-10.
    """
    return bool(_LEI.fullmatch(text)) and int("".join(str(int(c, 36)) for c in text)) % 97 == 1
