"""A bundle that was opened: its files by the names under which the evidence knows them."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import ValidationError

from mrv.crediting.period import Carried
from mrv.errors import InputRejected
from mrv.estimation.estimate import ChangeEstimate
from mrv.estimation.written import estimate_of
from mrv.evidence.crate import DELIVERY, EVIDENCE, place_of
from mrv.evidence.documents import Artifact, EvidenceDocument
from mrv.methodologies import Methodology, load_methodology
from mrv.project import ProjectSettings, parse_project
from mrv.project_period import ProjectPeriod

_WGS84 = 4326  # of screened plots


@dataclass(frozen=True)
class Bundle:
    """The files of one bundle.

    Attributes:
        files: Name in the bundle -> content.
        rules: To perform it under instead of those it names, as a trial of other rules.
    """

    files: Mapping[str, bytes]
    rules: Methodology | None = None

    @cached_property
    def document(self) -> EvidenceDocument:
        """Give the evidence document.

        Raises:
            InputRejected: If there is none, or it is not of the published form.
        """
        try:
            return EvidenceDocument.model_validate_json(self.data(EVIDENCE))
        except ValidationError as error:
            first = error.errors()[0]
            raise InputRejected(
                f"{EVIDENCE} is no evidence document: {'.'.join(map(str, first['loc']))}: "
                f"{first['msg']}; take the bundle from where it came once more."
            ) from error

    @cached_property
    def settings(self) -> ProjectSettings:
        """Give what the project states."""
        return parse_project(self.data("project.toml").decode("utf-8-sig"))

    @cached_property
    def methodology(self) -> Methodology:
        """Give the published rules that the evidence names, of this installation."""
        if self.rules is not None:
            return self.rules
        return load_methodology(self.document.methodology.id, self.document.methodology.version)

    @property
    def of(self) -> ProjectPeriod:
        """Give what every step asks for."""
        return ProjectPeriod(self.settings, self.document.period.id, self.methodology)

    @property
    def taken_in_on(self) -> date:
        """Give the first day on which the delivered files were here."""
        return date.fromisoformat(json.loads(self.data(DELIVERY))["taken_in_on"])

    @cached_property
    def estimate(self) -> ChangeEstimate:
        """Give the estimate as it is stated."""
        return estimate_of(self.json("estimate"), self.arrays("draws"), self.table("plot_changes"))

    @property
    def carried(self) -> Carried:
        """Give the project's books as they stood when the period began."""
        return Carried(**self.json("books"))

    def has(self, name: str) -> bool:
        """Say whether a file or an artifact is here."""
        return self._place(name) in self.files

    def data(self, name: str) -> bytes:
        """Give a file, or an artifact by its name in the evidence.

        Raises:
            InputRejected: If it is not here.
        """
        try:
            return self.files[self._place(name)]
        except KeyError:
            raise InputRejected(
                f"The bundle has no {self._place(name)}; ask for it again where it came from.",
                name=name,
            ) from None

    def table(self, name: str) -> pd.DataFrame:
        """Give an artifact that is a table."""
        frame: pd.DataFrame = pq.ParquetFile(io.BytesIO(self.data(name))).read().to_pandas()
        return frame

    def plots(self) -> gpd.GeoDataFrame:
        """Give the plots as they were used, with their boundaries."""
        table = self.table("plots")
        shapes = gpd.GeoSeries.from_wkb(table.pop("geometry"), crs=_WGS84)
        return gpd.GeoDataFrame(table, geometry=shapes)

    def json(self, name: str) -> Any:  # noqa: ANN401 - JSON is any shape
        """Give an artifact that is JSON."""
        return json.loads(self.data(name))

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Give an artifact that is arrays."""
        with np.load(io.BytesIO(self.data(name)), allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}

    def _place(self, name: str) -> str:
        if name in self.files or name in (EVIDENCE, DELIVERY):
            return name
        artifact = self._artifacts.get(name)
        return name if artifact is None else place_of(artifact)

    @cached_property
    def _artifacts(self) -> dict[str, Artifact]:
        return {artifact.name: artifact for artifact in self.document.artifacts}
