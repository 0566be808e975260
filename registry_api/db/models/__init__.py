"""The registry's tables.

Nearly all of them only grow: what has happened is a row, and a state (approved, issued) is read off
the rows instead of being kept. The triggers that refuse UPDATE and DELETE, overlapping serials and
double claims are in the migrations. What a row means and when it may be written is in
`registry_api.services`, the only code that uses this module.
"""

from registry_api.db.models.base import Base, UtcDateTime
from registry_api.db.models.holdings import (
    CreditOrder,
    Holding,
    HoldingClosure,
    OrderOutcome,
)
from registry_api.db.models.registry import (
    Account,
    ApiKey,
    CreditBatch,
    Estimate,
    EvidenceArtifact,
    IdempotencyKey,
    LedgerEntry,
    MonitoringPeriod,
    Plot,
    PlotContribution,
    PlotVersion,
    Project,
    ProjectDelivery,
    ProjectVersion,
    SerialBlock,
    VerificationDecision,
)
from registry_api.db.models.uploads import (
    ColumnMapping,
    Contest,
    ContestDecision,
    ContestRival,
    ErasedFile,
    ExcludedArea,
    ExcludedLayer,
    ForgottenPerson,
    Person,
    PlotExit,
    PlotUpload,
    PrivateLook,
    UploadOutcome,
    UploadRun,
    UploadRunState,
    WebSession,
)

__all__ = [
    "Account",
    "ApiKey",
    "Base",
    "ColumnMapping",
    "Contest",
    "ContestDecision",
    "ContestRival",
    "CreditBatch",
    "CreditOrder",
    "ErasedFile",
    "Estimate",
    "EvidenceArtifact",
    "ExcludedArea",
    "ExcludedLayer",
    "ForgottenPerson",
    "Holding",
    "HoldingClosure",
    "IdempotencyKey",
    "LedgerEntry",
    "MonitoringPeriod",
    "OrderOutcome",
    "Person",
    "Plot",
    "PlotContribution",
    "PlotExit",
    "PlotUpload",
    "PlotVersion",
    "PrivateLook",
    "Project",
    "ProjectDelivery",
    "ProjectVersion",
    "SerialBlock",
    "UploadOutcome",
    "UploadRun",
    "UploadRunState",
    "UtcDateTime",
    "VerificationDecision",
    "WebSession",
]
