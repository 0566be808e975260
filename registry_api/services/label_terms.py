"""What a label must state: its kinds, the names each may bear, and what stands beside the document.

Each kind is held to the words of whoever gives it, so that two registries mean the same by it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from registry_api.errors import NotAcceptable

LabelKind = Literal["ccp", "corsia", "article6", "certification", "sdg"]

# The goals of the United Nations by their numbers and titles.
SDGS = (
    "SDG 1 - No poverty",
    "SDG 2 - Zero hunger",
    "SDG 3 - Good health and well-being",
    "SDG 4 - Quality education",
    "SDG 5 - Gender equality",
    "SDG 6 - Clean water and sanitation",
    "SDG 7 - Affordable and clean energy",
    "SDG 8 - Decent work and economic growth",
    "SDG 9 - Industry, innovation, and infrastructure",
    "SDG 10 - Reduced inequalities",
    "SDG 11 - Sustainable cities and communities",
    "SDG 12 - Responsible consumption and production",
    "SDG 13 - Climate action",
    "SDG 14 - Life below water",
    "SDG 15 - Life on land",
    "SDG 16 - Peace, justice, and strong institutions",
    "SDG 17 - Partnerships for the goals",
)
GENDER_EQUALITY = SDGS[4]
WOMENS_SHARE = "womens_share"  # a term of that goal: women among those who were paid [1]
_NAMES: Mapping[LabelKind, tuple[str, ...]] = {
    "ccp": ("CCP-approved",),
    "corsia": ("CORSIA Pilot Phase", "CORSIA First Phase", "CORSIA Second Phase"),
    "article6": ("Authorisation", "Endorsement", "Letter of Approval", "Letter of Qualification"),
    "certification": (),  # any name
    "sdg": SDGS,
}
# What a kind must state beside its document: ICVCM approves a programme and a methodology apart;
# an airline may use credits only with the host country's letter; AEF table 2 of Article 6.2.
_TERMS: Mapping[LabelKind, tuple[str, ...]] = {
    "ccp": ("programme_decision", "methodology_decision"),
    "corsia": ("letter_of_authorisation",),
    "article6": ("reference", "cooperative_approach", "purposes", "first_transfer"),
    "certification": (),
    "sdg": (),
}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHARE = re.compile(r"0(\.[0-9]{1,4})?|1(\.0{1,4})?")
_LONGEST_NAME, _LONGEST, _LONGEST_LINK, _MOST_TERMS = 120, 2_000, 500, 20


@dataclass(frozen=True, slots=True)
class NewLabel:
    """A label as its registrar states it.

    Attributes:
        project_id: Whose credits.
        batch_id: An issuance of the project; empty for all it ever issues.
        serial: Some credits of an issuance, in place of the batch; empty for all of it.
        statement: What the document says, in a sentence; of a co-benefit, what was achieved.
        document_sha256: Digest of the document that the registrar read.
        link: Where it is published.
        valid_from: First day that it counts.
        valid_until: Last day; None while it has no end.
        terms: What its kind states beside.
    """

    kind: LabelKind
    name: str
    project_id: str
    statement: str
    document_sha256: str
    link: str
    valid_from: date
    valid_until: date | None = None
    batch_id: str = ""
    serial: str = ""
    terms: Mapping[str, str] | None = None


def womens_share(terms: Mapping[str, str]) -> float | None:
    """Read the share of women that a label's terms attest [1]; None if they attest none."""
    text = terms.get(WOMENS_SHARE, "")
    return float(text) if _SHARE.fullmatch(text) else None


def demand_whole(stated: NewLabel) -> None:
    """Refuse a label that does not state what its kind must.

    Raises:
        NotAcceptable: If something is missing, too long, or not of its kind.
    """
    terms = stated.terms or {}
    missing = [name for name in _TERMS.get(stated.kind, ()) if not terms.get(name, "").strip()]
    texts = (stated.name, stated.statement, *terms, *terms.values())
    names = _NAMES.get(stated.kind, ())
    faults = {
        f"the kind is one of {', '.join(get_args(LabelKind))}": stated.kind not in _NAMES,
        f"the name of such a label is one of: {'; '.join(names)}": bool(names)
        and stated.name not in names,
        f"a label has a name of up to {_LONGEST_NAME} letters": not (
            0 < len(stated.name.strip()) <= _LONGEST_NAME
        ),
        f"a label says what its document says, in up to {_LONGEST} letters": not (
            0 < len(stated.statement.strip()) <= _LONGEST
        ),
        f"texts have at most {_LONGEST} letters and no control characters": any(
            len(text) > _LONGEST or not text.isprintable() for text in texts
        )
        or len(terms) > _MOST_TERMS,
        "the document is named by the 64 hexadecimal digits of its sha-256": not _DIGEST.fullmatch(
            stated.document_sha256
        ),
        "the link is where the document is published, https://...": not (
            stated.link.startswith("https://")
            and len(stated.link) <= _LONGEST_LINK
            and stated.link.isascii()
            and stated.link.isprintable()
            and " " not in stated.link
        ),
        "it ends no earlier than it begins": stated.valid_until is not None
        and stated.valid_until < stated.valid_from,
        f"its terms state {', '.join(missing)}": bool(missing),
        f"{WOMENS_SHARE} is a term of '{GENDER_EQUALITY}', from 0 to 1 as in 0.62": (
            WOMENS_SHARE in terms
            and (stated.name != GENDER_EQUALITY or womens_share(terms) is None)
        ),
    }
    for fault, found in faults.items():
        if found:
            raise NotAcceptable(f"The label cannot be taken: {fault}.")
