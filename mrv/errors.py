"""Every error that mrv raises on purpose.

MrvError
├── InputRejected            what was brought cannot be used as it is
│   ├── ProjectInvalid       project.toml is missing something or contradicts itself
│   ├── TableInvalid         a table lacks a column or cannot be read
│   │   └── BoundaryFileRefused  a file of boundaries cannot be taken in as a whole
│   ├── ArchiveRefused       a zip cannot be opened safely
│   └── OutOfCalibration     a value lies outside the range its equation was fitted on
├── SourceFailed             something outside did not answer truthfully or at all
│   ├── CatalogUnreadable    no STAC catalog or API is to be had there
│   ├── SearchDishonest      a server ignored the question, repeats itself or loops
│   ├── SceneUnreadable      a scene's file is damaged or not what its item says
│   └── OffsetsMixed         radiometric offsets of a stack are contradictory or wrong
├── RuleMissing              a methodology version lacks a value that was asked for
└── NotCreditable            the data are fine, the rules allow no credits

A message is one sentence for a person: what, where and how to mend it. The facts behind it go in
as keywords, so that an API or a table can show them without reading the sentence.
"""


class MrvError(Exception):
    """A stable code, a sentence for people, and the facts behind it."""

    code = "mrv.error"

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class InputRejected(MrvError):
    """What was brought cannot be used as it is."""

    code = "input.rejected"


class ProjectInvalid(InputRejected):
    """project.toml is missing something or contradicts itself."""

    code = "input.project_invalid"


class TableInvalid(InputRejected):
    """A table lacks a column or cannot be read."""

    code = "input.table_invalid"


class BoundaryFileRefused(TableInvalid):
    """A file of boundaries cannot be taken in as a whole; the code says which of its faults."""

    code = "boundaries.refused"

    def __init__(self, fault: str, message: str, **facts: object) -> None:
        # It may repeat a stranger's name for something, and a name can turn a sentence round.
        super().__init__("".join(s if s.isprintable() else "\ufffd" for s in message), **facts)
        self.fault = fault
        self.code = f"boundaries.{fault}"


class ArchiveRefused(InputRejected):
    """A zip cannot be opened safely; the code says which of its faults."""

    code = "archive.refused"

    def __init__(self, fault: str, message: str, **facts: object) -> None:
        super().__init__(message, **facts)
        self.fault = fault
        self.code = f"archive.{fault}"


class OutOfCalibration(InputRejected):
    """A value lies outside the range its equation was fitted on."""

    code = "input.out_of_calibration"


class SourceFailed(MrvError):
    """Something outside did not answer truthfully or at all."""

    code = "source.failed"


class CatalogUnreadable(SourceFailed):
    """No STAC catalog or API is to be had there."""

    code = "source.catalog_unreadable"


class SearchDishonest(SourceFailed):
    """A server ignored the question, repeats itself or loops."""

    code = "source.search_dishonest"


class SceneUnreadable(SourceFailed):
    """A scene's file is damaged or not what its item says."""

    code = "source.scene_unreadable"


class OffsetsMixed(SourceFailed):
    """Radiometric offsets of a stack are contradictory or wrong."""

    code = "source.offsets_mixed"


class RuleMissing(MrvError):
    """A methodology version lacks a value that was asked for."""

    code = "rule.missing"


class NotCreditable(MrvError):
    """The data are fine, the rules allow no credits."""

    code = "credit.refused"
