"""Confinement: a source is asked where it is, and its links and files are followed nowhere else.

A catalog is somebody else's text. Its links may point at other hosts, at this machine's files or at
addresses inside our network; everything in `mrv.sources` that follows one goes through here.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pystac
from pystac.stac_io import DefaultStacIO
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from requests import Response, Session

from mrv.errors import SearchDishonest

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class FileRule:
    """Where the files that items name may lie: below a folder, or on the web."""

    host: str | None
    folder: Path | None

    def check(self, item: Mapping[str, Any]) -> None:
        """Refuse an item whose files lie elsewhere; file addresses become plain paths.

        Raises:
            SearchDishonest: Naming the asset and where it points.
        """
        for key, asset in (item.get("assets") or {}).items():
            href = str(asset.get("href", ""))
            parts = urlsplit(href)
            if parts.scheme in ("http", "https"):
                host = (parts.hostname or "").lower()
                # Whoever answers over http can send us on, into our own network too; over https
                # the reader lets nobody do that (`remote_files.py`).
                safe = parts.scheme == "https" or host == self.host
                fine = self.host is not None and safe and self._public(host)
            elif parts.scheme in ("", "file") and self.folder is not None:
                place = Path(unquote(parts.path))
                fine = not href.startswith("/vsi") and place.resolve().is_relative_to(
                    self.folder.resolve()
                )
                asset["href"] = str(place)
            else:
                # Buckets (s3, gs, az) lie with their clouds; other schemes are never opened.
                fine = parts.scheme not in ("", "file")
            if not fine:
                raise SearchDishonest(
                    f"Asset {key} of item {item.get('id')} lies at '{href[:120]}', where items of "
                    "this source may not have files; correct the catalog's addresses.",
                    item=item.get("id"),
                    asset=key,
                )

    def _public(self, host: str) -> bool:
        """Refuse addresses inside our own network, unless the source itself is there."""
        if host == self.host:
            return True
        try:
            return ipaddress.ip_address(host).is_global
        except ValueError:
            return host != "localhost" and "." in host


class _OneHostSession(Session):
    """Follows redirects only within one host."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self._one_host = host

    def get_redirect_target(self, resp: Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target and (urlsplit(target).hostname or self._one_host) != self._one_host:
            raise _elsewhere(self._one_host, target)
        return target


class OneHostIO(StacApiIO):
    """Asks one host and nobody else, however the links read."""

    def __init__(self, source: str) -> None:
        super().__init__(timeout=TIMEOUT_S)
        self._host = host_of(source)
        adapters = self.session.adapters
        self.session = _OneHostSession(self._host)
        self.session.adapters = adapters

    def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401  # as pystac has it
        """Read a web address of this host; never a file."""
        href = source.get_absolute_href() if isinstance(source, pystac.Link) else str(source)
        if urlsplit(str(href)).scheme not in ("http", "https"):
            raise _elsewhere(self._host, str(href))
        return super().read_text(source, *args, **kwargs)

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """Send a request to this host; refuse any other."""
        if host_of(href) != self._host:
            raise _elsewhere(self._host, href)
        try:
            return super().request(href, method, headers, parameters)
        except APIError as error:
            # pystac-client wraps whatever went wrong; ours keeps its own name.
            if isinstance(error.__context__, SearchDishonest):
                raise error.__context__ from None
            raise


class OneFolderIO(DefaultStacIO):
    """Reads files below one folder and nothing else."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder.resolve()

    def read_text_from_href(self, href: str) -> str:
        """Read a file below the folder; refuse any other."""
        if not Path(href).resolve().is_relative_to(self._folder):
            raise _elsewhere(str(self._folder), href)
        return super().read_text_from_href(href)


def host_of(address: str) -> str:
    """Give the host of a web address, empty for a path."""
    return (urlsplit(address).hostname or "").lower()


def _elsewhere(home: str, target: str) -> SearchDishonest:
    return SearchDishonest(
        f"The source at {home} links to '{target[:120]}', which lies elsewhere; it was not "
        "followed. Give the address of the source that holds the scenes itself.",
        target=target[:500],
    )
