"""What requests are made of: paths, queries and headers, each with its limits.

Unknown query parameters and body fields are refused, so that a misspelt filter never returns
everything.
"""

from typing import Annotated, Literal, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Header, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from registry_api.errors import KeyMissing
from registry_api.services.as_of import AsOf
from registry_api.services.credit_runs import PRICE_BAND, Claim, RunFilter, UncertaintyBand
from registry_api.services.credit_search import Sort
from registry_api.services.holdings import State
from registry_api.services.labelled_credits import LABEL, WomensShareBand
from registry_api.services.views import CreditFilter, Page

_LARGEST_PAGE = 200
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
_LONGEST_FILE_NAME = 4_096  # what is kept of it is shorter
_MOST_VALUES = 50
Item = TypeVar("Item")
_Any = Annotated[list[Item], Field(max_length=_MOST_VALUES)]

ProjectId = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$", examples=["kisumu-womens-group"])
]
Crs = Annotated[
    str,
    Field(
        pattern=r"^(EPSG:[0-9]{4,6})?$",
        description="coordinate system of a file that does not state its own",
        examples=["EPSG:32636"],
    ),
]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="digest of the document")]
PlotId = Annotated[str, Path(min_length=1, max_length=120, examples=["KWG-001"])]
# Names of plots may hold slashes; a route that has one in its middle takes it with `:path`.
PlotPath = Annotated[str, Path(min_length=1, max_length=120, examples=["KWG-001"])]
NodeId = Annotated[
    str,
    Path(min_length=1, max_length=400, description="id of the node", examples=["plot:KWG-001"]),
]
UploadId = Annotated[UUID, Path(description="id of the upload")]
ContestId = Annotated[UUID, Path(description="id of the contest")]
BatchId = Annotated[str, Path(min_length=1, max_length=40)]
SerialText = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        description="a block as issued, a block inside it, or one credit of it",
        examples=["PKL-KE-KISUMU-WOMENS-GROUP-C-20210201-20240201-0001-000001-000120-J"],
    ),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(_Strict):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=_LARGEST_PAGE)] = 50
    cursor: Annotated[str | None, Field(max_length=512)] = None


class ProjectQuery(PageQuery):
    """Which projects."""

    country: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$", examples=["KE"])] = None


class CreditQuery(ProjectQuery):
    """Which credits."""

    project: Annotated[str | None, Field(pattern=r"^[a-z0-9-]{3,40}$")] = None
    vintage: Annotated[
        int | None,
        Field(ge=_FIRST_YEAR, le=_LAST_YEAR, description="a year the monitoring period touches"),
    ] = None
    status: Literal["active", "buffer"] | None = None
    methodology: Annotated[str | None, Field(pattern=r"^[a-z0-9_]{1,80}$")] = None

    def filter(self) -> CreditFilter:
        """Give what the services search by."""
        return CreditFilter(
            country=self.country,
            project=self.project,
            vintage=self.vintage,
            status=self.status,
            methodology=self.methodology,
        )


class RunFilterQuery(_Strict):
    """Which credits, where they are now; of several values of one name any will do."""

    country: _Any[Annotated[str, Field(pattern=r"^[A-Z]{2}$")]] = []
    project: _Any[Annotated[str, Field(pattern=r"^[a-z0-9-]{3,40}$")]] = []
    methodology: _Any[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,80}$")]] = []
    claim: _Any[Claim] = []
    vintage: _Any[Annotated[int, Field(ge=_FIRST_YEAR, le=_LAST_YEAR)]] = []
    status: _Any[State] = []
    uncertainty: _Any[UncertaintyBand] = []
    price: _Any[Annotated[str, Field(pattern=PRICE_BAND, examples=["USD_10_to_20"])]] = []
    label: _Any[Annotated[str, Field(pattern=LABEL, examples=["ccp:CCP-approved"])]] = []
    sdg: _Any[Annotated[int, Field(ge=1, le=17)]] = []
    womens_share: _Any[WomensShareBand] = []
    q: Annotated[
        str, Field(max_length=200, description="words that a project's statements all hold")
    ] = ""

    def filter(self) -> RunFilter:
        """Give what the services search by."""
        return RunFilter(
            country=tuple(self.country),
            project=tuple(self.project),
            methodology=tuple(self.methodology),
            claim=tuple(self.claim),
            vintage=tuple(self.vintage),
            status=tuple(self.status),
            uncertainty=tuple(self.uncertainty),
            price=tuple(self.price),
            label=tuple(self.label),
            sdg=tuple(self.sdg),
            womens_share=tuple(self.womens_share),
            text=self.q,
        )


class RunQuery(RunFilterQuery, PageQuery):
    """Which credits, in which order, or only what changed since somebody last looked."""

    format: Annotated[
        Literal["json", "csv", "geojson", "parquet"] | None,
        Field(description="in place of `Accept`, for a link that a browser follows"),
    ] = None
    sort: Annotated[Sort, Field(description="a minus for the largest, or the newest, first")] = (
        "-changed"
    )
    modified_since: Annotated[
        int | None,
        Field(
            ge=0,
            le=2**53,
            description="`as_of` of an earlier answer: only runs opened or closed after that entry "
            "of the ledger, in its order, whatever `sort` says; 0 for all that is",
        ),
    ] = None


class NodeQuery(PageQuery):
    """Which nodes of a lineage."""

    q: Annotated[
        str, Field(max_length=120, description="words that id, label or facts of a node all hold")
    ] = ""
    kind: Annotated[str, Field(pattern=r"^[a-z]{0,20}$", examples=["scene"])] = ""
    stratum: Annotated[
        str, Field(max_length=120, description="only plots, and only of this stratum")
    ] = ""


class PurposeQuery(_Strict):
    """What somebody needs exact places or people for."""

    purpose: Annotated[
        str,
        Field(
            max_length=500,
            description="what a verifier needs this for, kept in the project's log of such looks; "
            "the project's developer need not say",
            examples=["Drawing the sample of the 2024 verification"],
        ),
    ] = ""


class ForgetQuery(_Strict):
    """Why somebody is forgotten."""

    reason: Annotated[
        str,
        Field(min_length=1, max_length=500, examples=["Asked for by the farmer on 3 March."]),
    ]


class FindingQuery(PurposeQuery, PageQuery):
    """Which findings."""

    severity: Literal["error", "repair", "warning"] | None = None


class UploadQuery(_Strict):
    """How a file that is sent calls itself."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=_LONGEST_FILE_NAME,
            description="file name; its ending says the format",
            examples=["plots.kml"],
        ),
    ]
    crs: Crs = ""
    column: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z_]{1,40}=.{0,200}$")]],
        Field(
            max_length=40,
            description="ours=theirs, once for each column that is named; without any, the saved "
            "mapping or the guess",
            examples=[["plot_id=Plot No"]],
        ),
    ] = []  # pydantic copies it

    @property
    def columns(self) -> dict[str, str]:
        """Give our columns and theirs."""
        return dict(pair.split("=", 1) for pair in self.column)


class UnitQuery(_Strict):
    """Which one of a block's credits."""

    unit: Annotated[int | None, Field(ge=1, le=2**53, description="one credit in the block")] = None


class PastQuery(_Strict):
    """As of when."""

    sequence: Annotated[
        int | None, Field(ge=1, le=2**31 - 1, description="after this ledger entry")
    ] = None
    recorded: Annotated[AwareDatetime | None, Field(description="as it was known then")] = None
    effective: Annotated[AwareDatetime | None, Field(description="as it was in force then")] = None

    def as_of(self) -> AsOf | None:
        """Give the time as the services know it; None for now."""
        asked = AsOf(self.sequence, self.recorded, self.effective)
        return None if asked == AsOf() else asked


class SinceQuery(_Strict):
    """Against which earlier run."""

    since: Annotated[
        str, Field(pattern=r"^[0-9a-f]{64}$", description="digest of the earlier estimate")
    ]


class ChipsQuery(_Strict):
    """Of which plot."""

    plot_id: Annotated[str, Field(min_length=1, max_length=120, examples=["KWG-001"])]


class NoQuery(_Strict):
    """Nothing: any query parameter is a mistake."""


Paged = Annotated[PageQuery, Query()]
Projects = Annotated[ProjectQuery, Query()]
Credits = Annotated[CreditQuery, Query()]
Runs = Annotated[RunQuery, Query()]
RunsToCount = Annotated[RunFilterQuery, Query()]
Unit = Annotated[UnitQuery, Query()]
Nodes = Annotated[NodeQuery, Query()]
Purpose = Annotated[PurposeQuery, Query()]
ForgetReason = Annotated[ForgetQuery, Query()]
Findings = Annotated[FindingQuery, Query()]
Sent = Annotated[UploadQuery, Query()]
Past = Annotated[PastQuery, Query()]
ChipsOf = Annotated[ChipsQuery, Query()]
Plain = Annotated[NoQuery, Query()]


def idempotency_key(
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="your name for this request, 8 to 128 characters; required",
        ),
    ] = None,
) -> str:
    """Insist on the caller's name for the request."""
    if key is None:
        raise KeyMissing(
            "Send an Idempotency-Key header: your own unique name for this request, so that "
            "sending it twice does it once."
        )
    return key


def optional_idempotency_key(
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="your name for this request, 8 to 128 characters; without one the digest "
            "of the file tells that it was sent before",
        ),
    ] = None,
) -> str | None:
    """Take the caller's name for the request, where there is one."""
    return key


def link_next(request: Request, response: Response, page: Page[Item]) -> Page[Item]:
    """Say in a Link header (RFC 8288) where the list goes on."""
    if page.next_cursor is not None:
        asked = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
        query = urlencode([*asked, ("cursor", page.next_cursor)])
        response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return page
