"""Uploads: a zipped project folder, checked and delivered as one.

Only project.toml and the files it names are kept. Opening the zip safely is `archives`; judging
plots and trees is the pipeline's work, because it needs geometry and the API starts without.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from mrv.errors import ProjectInvalid
from mrv.project import ProjectSettings, parse_project
from mrv.sources.archives import shown
from registry_api.db import lock_for_writing
from registry_api.errors import NotAllowed, UploadRefused
from registry_api.services import clock
from registry_api.services.accounts import AccountView
from registry_api.services.archives import ProjectArchive
from registry_api.services.deliveries import (
    PLOTS,
    PRIVATE,
    PROJECT,
    TREES,
    Delivery,
    record_delivery,
)
from registry_api.services.projects import register_project
from registry_api.settings import Settings

_MOST_FOLDERS = 1  # around project.toml: none, or the folder that was zipped
_MAC_EXTRAS = "__MACOSX"
# TOML is read in time that grows with the square of a dotted key's length.
_LARGEST_SETTINGS_BYTES = 64_000
_LONGEST_LINE = 2_000
_LONGEST_SENTENCE = 1_000
_PUBLIC_NAME = re.compile(r"([a-z0-9_-]+\.)+[a-z][a-z0-9-]*", re.IGNORECASE)
_OWN_NETWORK = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


@dataclass(frozen=True, slots=True)
class Upload:
    """A project as it came in an archive.

    Attributes:
        files: `project.toml`, `plots` and `trees` -> bytes; trees only where there are any.
        names: The same keys -> file name, which tells the format.
        catalog: Where its scenes are; empty where they are simulated.
        left_out: Paths of the other files of the archive.
    """

    settings: ProjectSettings
    files: Mapping[str, bytes]
    names: Mapping[str, str]
    catalog: str
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeriodDates:
    """One monitoring period as it is stated: start inclusive, end exclusive."""

    id: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """One file of a delivery.

    Attributes:
        role: `project.toml`, `plots` or `trees`.
        sha256: Of its content; evidence will name it by this.
    """

    role: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """What was taken in of an upload.

    Attributes:
        version: Of the project's deliveries, from 1.
        taken_in_on: First day on which exactly these files were here.
        left_out: Files of the archive that project.toml does not name; they were not kept.
    """

    project_id: str
    project_name: str
    version: int
    taken_in_on: date
    files: tuple[DeliveredFile, ...]
    left_out: tuple[str, ...]
    periods: tuple[PeriodDates, ...]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What came of an upload.

    Attributes:
        new: Whether it changed anything here.
    """

    receipt: DeliveryReceipt
    new: bool


def take_in_upload(
    session: Session, body: bytes, *, by: AccountView, settings: Settings
) -> TakenIn:
    """Register the project of an archive and record its files; the same again changes nothing.

    Args:
        session: The transaction.
        body: A zip of the project folder.
        by: Who sends it.
        settings: Of the registry; they say where files are kept.

    Raises:
        NotAllowed: If the account is not the developer that project.toml names, or the project
            belongs to another.
        UploadRefused: If the archive or the project in it cannot be taken in.
        NotAcceptable: If what it states cannot be registered.
        Contradiction: If it contradicts what is registered.
    """
    if by.role != "developer":
        raise NotAllowed(
            f"Projects are uploaded by their developers; {by.id} is a {by.role}.", account=by.id
        )
    upload = read_upload(body)
    stated = upload.settings
    if stated.developer != by.id:
        raise NotAllowed(
            f"project.toml names the developer '{stated.developer}', and this key belongs to "
            f"'{by.id}'; send it with the developer's own key.",
            account=by.id,
        )
    delivery = _stored(upload, settings)
    lock_for_writing(session)  # or the same sent twice at once would be refused once
    register_project(session, stated, delivery.files[PROJECT])
    recorded = record_delivery(session, stated.id, delivery)
    return TakenIn(
        DeliveryReceipt(
            project_id=stated.id,
            project_name=stated.name,
            version=recorded.version,
            taken_in_on=recorded.delivery.taken_in_on,
            files=tuple(
                DeliveredFile(role, delivery.names[role], sha256)
                for role, sha256 in delivery.files.items()
            ),
            left_out=upload.left_out,
            periods=tuple(PeriodDates(p.id, p.start, p.end) for p in stated.periods),
        ),
        recorded.new,
    )


def read_upload(body: bytes) -> Upload:
    """Find the project in an archive and the files it names.

    Raises:
        UploadRefused: If the archive or the project in it cannot be taken in.
    """
    archive = ProjectArchive(body)
    home = _project_folder(archive.paths)
    place = str(home / PROJECT)
    settings_file = archive.read(place)
    settings = _understand(settings_file)
    catalog = _catalog(settings)
    files, names, kept = {PROJECT: settings_file}, {PROJECT: PROJECT}, {place}
    for role, path in ((PLOTS, settings.inputs.plots), (TREES, settings.inputs.trees)):
        if path is None:
            continue
        place = str(home / path)
        if place not in archive.paths:
            raise UploadRefused(
                "file_missing",
                f"project.toml names '{shown(path)}' under inputs.{role}, and the archive has no "
                "such file beside it; add it or correct the path.",
            )
        files[role] = archive.read(place)
        names[role] = PurePosixPath(path).name
        kept.add(place)
    others = (p for p in archive.paths if p not in kept and not p.startswith(f"{_MAC_EXTRAS}/"))
    return Upload(settings, files, names, catalog, tuple(others))


def _project_folder(paths: tuple[str, ...]) -> PurePosixPath:
    found = [
        path.parent
        for path in map(PurePosixPath, paths)
        if path.name == PROJECT
        and len(path.parent.parts) <= _MOST_FOLDERS
        and path.parts[0] != _MAC_EXTRAS
    ]
    if not found:
        raise UploadRefused(
            "project_missing",
            "There is no project.toml in the archive, neither at its root nor in its one folder; "
            "zip the folder that holds it.",
        )
    if len(found) > 1:
        raise UploadRefused(
            "two_projects",
            f"There are {len(found)} files project.toml in the archive; send one project at a "
            "time.",
        )
    return found[0]


def _understand(raw: bytes) -> ProjectSettings:
    if len(raw) > _LARGEST_SETTINGS_BYTES or max(map(len, raw.splitlines()), default=0) > (
        _LONGEST_LINE
    ):
        raise UploadRefused(
            "settings_size",
            f"project.toml has more than {_LARGEST_SETTINGS_BYTES / 1000:.0f} kB or a line of more "
            f"than {_LONGEST_LINE:,} bytes; shorten its texts and keep data in the tables.",
        )
    try:
        return parse_project(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UploadRefused(
            "settings",
            f"project.toml is not UTF-8 text (byte {error.start}); save it as UTF-8.",
        ) from error
    except ProjectInvalid as error:
        raise UploadRefused("settings", error.message[:_LONGEST_SENTENCE]) from error


def _catalog(settings: ProjectSettings) -> str:
    imagery = settings.imagery
    if imagery.source == "simulation":
        return ""
    if not _on_the_web(imagery.location):
        raise UploadRefused(
            "catalog",
            f"imagery.location must be a public http or https address for a project that is "
            f"uploaded, not '{shown(imagery.location)}'; put the catalog on the web, or run the "
            "project from its folder on your own machine.",
        )
    return imagery.location


def _on_the_web(location: str) -> bool:
    """Refuse what the pipeline would have to fetch from this machine or its own network."""
    try:
        parts = urlsplit(location)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or parts.username is not None:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        # The last label must not be a number: other spellings of an address end in one.
        return _PUBLIC_NAME.fullmatch(host) is not None and not host.lower().endswith(_OWN_NETWORK)


def _stored(upload: Upload, settings: Settings) -> Delivery:
    # brings pandas, which start-up does without
    from registry_api.services.kept_files import KeptFiles

    kept = KeptFiles(settings)
    return Delivery(
        files={
            role: kept.put_bytes(data, private=role in PRIVATE)
            for role, data in upload.files.items()
        },
        names=upload.names,
        catalog=upload.catalog,
        taken_in_on=clock.today(),
    )
