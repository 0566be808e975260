"""Kept pixels and sums: bytes under a key, in a folder or an object store, for many at once.

It is the `mrv.imagery.keeping.Keeper` of real runs. An entry is there whole or not at all, whoever
is killed meanwhile, and the same entry may be put by many threads, processes and machines. All of
it can be made again from the scenes, so any of it may be deleted at any time; whether an entry is
still what was put, its reader checks.
"""

import errno
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from mrv.errors import SourceFailed

if TYPE_CHECKING:
    from obstore.store import RetryConfig  # a type only

_PART = r"[0-9A-Za-z][0-9A-Za-z_.-]*"  # no part begins with a dot: none leads out of the folder
_KEY = re.compile(rf"{_PART}(/{_PART})*")
_DRAFTS = "unfinished"  # in the same file system as the entries, so that a rename is atomic
_DRAFT_LIFE_S = 24 * 3600.0  # no entry takes a day to write: its writer was killed [P]
_RETRIES: "RetryConfig" = {"max_retries": 4, "retry_timeout": timedelta(minutes=2)}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class FolderKeeper:
    """Entries as files below a folder, which several machines may share.

    Attributes:
        folder: Made when something is first put.
    """

    folder: Path

    def get(self, key: str) -> bytes | None:
        """Give an entry, None where there is none.

        Raises:
            SourceFailed: If the folder cannot be read.
        """
        try:
            return self._place(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed(error) from error

    def put(self, key: str, data: bytes) -> None:
        """Keep an entry; one that is there already is replaced in one step.

        Raises:
            SourceFailed: If there is no room or no permission; nothing half written stays.
        """
        place = self._place(key)
        draft = self.folder / _DRAFTS / uuid4().hex
        try:
            _written(draft, data)
            _moved(draft, place)
        except OSError as error:
            raise self._failed(error) from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete the drafts of writers that were killed long ago."""
        for draft in (self.folder / _DRAFTS).glob("*"):
            with suppress(OSError):  # somebody else sweeps too
                if draft.stat().st_mtime < time.time() - _DRAFT_LIFE_S:
                    draft.unlink()

    def _place(self, key: str) -> Path:
        return self.folder / _checked(key)

    def _failed(self, error: OSError) -> SourceFailed:
        if error.errno in _FULL:
            said = (
                f"There is no room in {self.folder} for what the scenes hold ({error.strerror}); "
                "make room, or name another place in PARKLAND_PIXELS, and run again: it goes on "
                "where it stopped."
            )
        else:
            said = (
                f"Pixels cannot be kept in {self.folder} ({error.strerror}); mend that, or name "
                "another place in PARKLAND_PIXELS, and run again."
            )
        return SourceFailed(said, folder=str(self.folder))


@dataclass(frozen=True, slots=True)
class StoreKeeper:
    """Entries as objects below an address, for workers that share no file system.

    Attributes:
        address: `s3://bucket/prefix`, `gs://...` or `az://...`; keys and region as the store's own
            tools take them from the environment (AWS_..., GOOGLE_..., AZURE_...).
    """

    address: str

    def get(self, key: str) -> bytes | None:
        """Give an entry, None where there is none.

        Raises:
            SourceFailed: If the store does not answer.
        """
        try:
            return _store(self.address).get(_checked(key)).bytes().to_bytes()
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise self._failed(error) from error

    def put(self, key: str, data: bytes) -> None:
        """Keep an entry; an object store shows it whole or not at all.

        Raises:
            SourceFailed: If the store does not take it.
        """
        try:
            _store(self.address).put(_checked(key), data)
        except BaseError as error:
            raise self._failed(error) from error

    def sweep(self) -> None:
        """Do nothing: an object store has no drafts."""

    def _failed(self, error: BaseError) -> SourceFailed:
        cause = " ".join(str(error).split())[:160]
        return SourceFailed(
            f"Pixels cannot be kept at {self.address} ({cause}); check the address in "
            "PARKLAND_PIXELS and the keys of that store, and run again.",
            address=self.address,
        )


def keeper_at(place: str) -> FolderKeeper | StoreKeeper:
    """Give the keeper of a folder, or of an object store's address.

    Raises:
        SourceFailed: If it is an address of no store we know.
    """
    if "://" not in place:
        return FolderKeeper(Path(place).absolute())
    _store(place)  # a wrong address is said before any scene is read
    return StoreKeeper(place)


@cache
def _store(address: str) -> ObjectStore:
    try:
        return from_url(address, retry_config=_RETRIES)
    except (BaseError, ValueError, TypeError) as error:
        raise SourceFailed(
            f"'{address[:120]}' is neither a folder nor an object store's address such as "
            "s3://bucket/prefix; correct PARKLAND_PIXELS.",
            address=address[:500],
        ) from error


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key) or key.split("/", 1)[0] == _DRAFTS:
        raise SourceFailed(f"'{key[:80]}' cannot be the key of a kept entry.", key=key[:500])
    return key


def _written(draft: Path, data: bytes) -> None:
    try:
        draft.write_bytes(data)
    except FileNotFoundError:
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(data)


def _moved(draft: Path, place: Path) -> None:
    try:
        draft.replace(place)
    except FileNotFoundError:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(place)
