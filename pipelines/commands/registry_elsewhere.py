"""A registry elsewhere, for sending plots over its API."""

import ipaddress
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import pandas as pd
import requests

from mrv.errors import InputRejected, SourceFailed
from mrv.plots.findings import FINDING_COLUMNS
from pipelines.commands.sending import Answer, Sending, Steps

_PAGE = 200
_PATIENCE_S = (10, 300)  # to connect, and for an answer
_LONGEST_WAIT_S = 30.0
_PROBLEM = "application/problem+json"


class RegistryElsewhere:
    """A registry at an address, called with a developer's key.

    Args:
        address: https, or http on this machine.
        key: Of the account that is the project's developer.

    Raises:
        InputRejected: If there is no key, or it would travel in the clear.
    """

    def __init__(self, address: str, key: str) -> None:
        self.address = address.rstrip("/")
        parts = urlsplit(self.address)
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname)):
            raise InputRejected(
                f"--registry needs an https address, not '{address}': a key must not travel in "
                "the clear."
            )
        if not key:
            raise InputRejected(
                "Set PARKLAND_KEY to the key of the project's developer; its registry gives one "
                "with 'parkland key ACCOUNT'."
            )
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    def send(self, sending: Sending, progress: Callable[[int, int], None]) -> Answer:
        """Stream the file, once the registry has said that it would listen."""
        uploads = f"/v1/projects/{quote(sending.project, safe='')}/uploads"
        self._call("GET", uploads, params={"limit": "1"})
        asked = {
            "name": sending.file.name,
            "crs": sending.crs,
            "column": [f"{ours}={theirs}" for ours, theirs in sending.columns.items()],
        }
        answer = self._call(
            "POST",
            uploads,
            params={name: value for name, value in asked.items() if value},
            data=_Body(sending, progress),
            headers={"Content-Type": "application/octet-stream"},
        )
        return self._answer(answer.json(), new=answer.status_code == requests.codes.accepted)

    def follow(self, sent: Answer, progress: Steps) -> Answer:
        """Ask again as often as the registry wants to be asked."""
        while True:
            answer = self._call("GET", self._upload(sent))
            upload = answer.json()
            now = self._answer(upload, new=sent.new)
            if now.ended:
                return now
            step = upload["run"]["progress"]
            progress(step["step"], step["done"], step["total"])
            time.sleep(min(float(answer.headers.get("Retry-After", "1")), _LONGEST_WAIT_S))

    def findings(self, sent: Answer) -> pd.DataFrame:
        """Read every page of what was found."""
        rows: list[Mapping[str, object]] = []
        asked = {"limit": str(_PAGE)}
        while True:
            page = self._call("GET", f"{self._upload(sent)}/findings", params=asked).json()
            rows += page["items"]
            if page["next_cursor"] is None:
                return pd.DataFrame(rows, columns=list(FINDING_COLUMNS))
            asked["cursor"] = page["next_cursor"]

    def to_mend(self, sent: Answer) -> bytes:
        """Give the refused features as a GeoPackage."""
        return self._call("GET", f"{self._upload(sent)}/rejected.gpkg").content

    def _upload(self, sent: Answer) -> str:
        return f"/v1/projects/{quote(sent.project, safe='')}/uploads/{quote(sent.id, safe='')}"

    def _call(self, method: str, path: str, **asked: Any) -> requests.Response:  # noqa: ANN401  # as requests has it
        try:
            answer = self.session.request(
                method,
                self.address + path,
                timeout=_PATIENCE_S,
                allow_redirects=False,  # the key is for this address and no other
                **asked,
            )
        except requests.RequestException as error:
            raise SourceFailed(
                f"{self.address} does not answer ({type(error).__name__}); call again: what "
                "arrived is not taken in twice."
            ) from error
        if answer.headers.get("Content-Type", "").startswith(_PROBLEM):
            problem = answer.json()
            refused = InputRejected(str(problem["detail"]))
            refused.code = str(problem["type"]).removeprefix("/problems/")
            raise refused
        if not answer.ok or answer.is_redirect:
            raise SourceFailed(
                f"{self.address} answered {answer.status_code}, which a registry does not; check "
                "the address."
            )
        return answer

    def _answer(self, upload: Mapping[str, Any], *, new: bool) -> Answer:
        run = upload["run"]
        return Answer(
            id=upload["id"],
            project=upload["project_id"],
            new=new,
            state=run["state"],
            run=run["number"],
            fault_code=run["fault_code"],
            fault=run["fault"],
            tally=run["tally"],
            page=f"{self.address}/projects/{upload['project_id']}/uploads/{upload['id']}",
        )


class _Body:
    """A file as requests sends it: with its length, in pieces."""

    def __init__(self, sending: Sending, progress: Callable[[int, int], None]) -> None:
        self.length = sending.file.stat().st_size
        self.pieces = sending.pieces(progress)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces


def _is_here(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
