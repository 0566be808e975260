"""Farmers are not exposed: names and phones are nowhere in clear, and every look is logged."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from mrv.errors import SourceFailed
from registry_api.db.models import PrivateLook
from registry_api.errors import NotAcceptable, NotAllowed, NotFound, NotReady
from registry_api.services import (
    accounts,
    people,
    plot_history,
    plot_uploads,
    private_reads,
    reports,
)
from registry_api.services.private_key import Records, identity
from registry_api.services.private_store import PrivateStore
from registry_api.services.unit_of_work import reading, unit_of_work
from registry_api.settings import Settings
from tests.registry_api.a_registry import DEVELOPER, VERIFIER, Stage
from tests.registry_api.sent_plots import NAMES, PHONES, Sender, bow_tie, geojson, plot, square

PROJECT = "lakeside-grevillea"


@pytest.fixture
def sender(founded: Stage) -> Sender:
    return Sender(founded.settings)


def private_words() -> list[bytes]:
    """What must not be found, as it might be written."""
    words = [*NAMES, *(name.split()[-1] for name in NAMES), *PHONES]
    return [word.encode(code) for word in words for code in ("utf-8", "utf-16-le")]


def holding(home: Path, words: list[bytes]) -> list[str]:
    """Name the files under a folder that hold one of some words."""
    return [
        str(path.relative_to(home))
        for path in sorted(home.rglob("*"))
        if path.is_file() and any(word in path.read_bytes() for word in words)
    ]


def test_names_and_phones_are_nowhere_in_clear(sender: Sender) -> None:
    """Accepted and refused rows, a failed file, reports, samples of columns: grep the bytes."""
    good = [plot(name, square(n)) for n, name in enumerate("ABC")]
    upload = sender.send(geojson([*good, plot("X", bow_tie(5))]))
    sender.send(geojson(good)[:-10], "cut.geojson")
    assert sender.rejected(upload)["features"][0]["properties"]["farmer_name"] in NAMES
    with unit_of_work(sender.settings) as session:
        names = {
            people.farmer(
                session, sender.settings, PROJECT, name, by=sender.account, purpose="payment list"
            ).name
            for name in "ABC"
        }
    assert names == set(NAMES)
    assert holding(sender.settings.home, private_words()) == []


def test_what_is_searched_for_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "in-clear.txt").write_text(f"name: {NAMES[0]}", "utf-8")
    assert holding(tmp_path, private_words()) == ["in-clear.txt"]


def test_each_look_is_logged_with_its_purpose(sender: Sender) -> None:
    sender.send(geojson([plot("A", square(0))]))
    with unit_of_work(sender.settings) as session:
        verifier = accounts.account(session, VERIFIER)
        seen = people.farmer(
            session, sender.settings, PROJECT, "A", by=verifier, purpose="call  the farmer"
        )
        looks = private_reads.reads(session, PROJECT, by=sender.account).items
    assert (seen.farmer_id, seen.name in NAMES, seen.phone in PHONES) == ("F-A", True, True)
    [look] = looks
    assert (look.account_id, look.role, look.what, look.subject, look.purpose) == (
        VERIFIER,
        "verifier",
        "farmer",
        "A",
        "call the farmer",
    )


def test_without_a_purpose_nothing_is_shown(sender: Sender) -> None:
    with unit_of_work(sender.settings) as session:
        for purpose in ("", "  ", "x" * 501):
            with pytest.raises(NotAcceptable, match="purpose"):
                people.farmer(
                    session, sender.settings, PROJECT, "P-001", by=sender.account, purpose=purpose
                )


def test_a_verifier_s_look_at_a_report_is_logged_even_while_reading(sender: Sender) -> None:
    """A transaction that only reads cannot write the log; it is written all the same."""
    upload = sender.send(geojson([plot("A", square(0))]))
    asked = (sender.settings, PROJECT, upload.id)
    with reading(sender.settings) as session:
        verifier = accounts.account(session, VERIFIER)
        with pytest.raises(NotAcceptable, match="purpose"):
            reports.map_features(session, *asked, by=verifier)
        reports.map_features(session, *asked, by=verifier, purpose="desk review")
        reports.map_features(session, *asked, by=sender.account)
        plot_history.versions(
            session, sender.settings, PROJECT, "A", by=verifier, purpose="desk review"
        )
    with reading(sender.settings) as session:
        looks = private_reads.reads(session, PROJECT, by=verifier).items
    assert [(look.what, look.account_id) for look in looks] == [
        ("boundary", VERIFIER),
        ("report", VERIFIER),
    ]


def test_a_verifier_s_look_at_sample_values_is_logged(sender: Sender) -> None:
    """A column that nobody took for names yet may hold them."""
    feature = plot("A", square(0))
    feature["properties"]["remarks"] = "call Achieng, +254700111222"
    upload = sender.send(geojson([feature]))
    asked = (sender.settings, PROJECT, upload.id)
    with reading(sender.settings) as session:
        verifier = accounts.account(session, VERIFIER)
        with pytest.raises(NotAcceptable, match="purpose"):
            plot_uploads.columns(session, *asked, by=verifier)
        seen = plot_uploads.columns(session, *asked, by=verifier, purpose="desk review")
        assert plot_uploads.columns(session, *asked, by=sender.account) == seen
    assert seen.theirs["remarks"] == ("call Achieng, +254700111222",)
    with reading(sender.settings) as session:
        [look] = private_reads.reads(session, PROJECT, by=verifier).items
    assert (look.what, look.account_id, look.purpose) == ("report", VERIFIER, "desk review")


def test_one_look_at_a_page_is_one_line(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page asks for list, map and repairs; another purpose, or a later look, is another line."""
    upload = sender.send(geojson([plot("A", square(0))]))
    asked = (sender.settings, PROJECT, upload.id)
    verifier = Sender(sender.settings, account_id=VERIFIER).account

    def look(purpose: str) -> int:
        with reading(sender.settings) as session:
            reports.map_features(session, *asked, by=verifier, purpose=purpose)
            reports.repairs(session, *asked, by=verifier, purpose=purpose)
        with unit_of_work(sender.settings) as session:
            reports.findings(session, *asked, by=verifier, purpose=purpose)
            return len(private_reads.reads(session, PROJECT, by=verifier).items)

    assert [look("desk review"), look("desk review"), look("drawing a sample")] == [1, 1, 2]
    monkeypatch.setattr(private_reads, "ONE_LOOK", timedelta(0))
    assert look("desk review") == 5


def test_the_raw_file_comes_back_as_it_was_sent(sender: Sender) -> None:
    data = geojson([plot("A", square(0))])
    upload = sender.send(data)
    with reading(sender.settings) as session:
        shown, chunks = plot_uploads.raw_file(
            session, sender.settings, PROJECT, upload.id, by=sender.account, purpose="a copy"
        )
    assert (shown.name, b"".join(chunks)) == ("plots.geojson", data)
    with reading(sender.settings) as session:
        [look] = private_reads.reads(session, PROJECT, by=sender.account).items
    assert (look.what, look.role) == ("file", "developer")


def test_the_log_comes_in_pages_and_only_grows(sender: Sender) -> None:
    with unit_of_work(sender.settings) as session:
        for number in range(5):
            session.add(
                PrivateLook(
                    at=datetime.now(UTC) - timedelta(days=9 - number),
                    account_id=DEVELOPER,
                    role="developer",
                    purpose=str(number),
                    what="file",
                    project_id=PROJECT,
                    subject="x",
                )
            )
    with reading(sender.settings) as session:
        first = private_reads.reads(session, PROJECT, by=sender.account, limit=3)
        rest = private_reads.reads(
            session, PROJECT, by=sender.account, limit=3, cursor=first.next_cursor
        )
    assert [look.purpose for look in (*first.items, *rest.items)] == ["4", "3", "2", "1", "0"]
    with (
        pytest.raises(Exception, match="private_looks only grows"),
        unit_of_work(sender.settings) as session,
    ):
        session.execute(text("DELETE FROM private_looks"))


def test_strangers_find_neither_farmer_nor_log(sender: Sender) -> None:
    sender.send(geojson([plot("A", square(0))]))
    with unit_of_work(sender.settings) as session:
        stranger = accounts.register_account(session, "far-away", "Far away", "developer")
        asks: list[Callable[[], object]] = [
            lambda: people.farmer(
                session, sender.settings, PROJECT, "A", by=stranger, purpose="curious"
            ),
            lambda: people.forget(session, sender.settings, PROJECT, "A", "why not", by=stranger),
            lambda: private_reads.reads(session, PROJECT, by=stranger),
            lambda: plot_history.versions(session, sender.settings, PROJECT, "A", by=stranger),
            lambda: plot_history.exit_of(session, PROJECT, "A", by=stranger),
        ]
        for ask in asks:
            with pytest.raises(NotFound, match=f"no project '{PROJECT}'"):
                ask()
        assert private_reads.reads(session, PROJECT, by=sender.account).items == ()


def test_a_farmer_is_forgotten_for_good(sender: Sender) -> None:
    """Name and phone are gone from the database, and the same file does not bring them back."""
    data = geojson([plot("A", square(0)), plot("B", square(1))])
    sender.send(data)
    with unit_of_work(sender.settings) as session:
        with pytest.raises(NotAcceptable, match="reason"):
            people.forget(session, sender.settings, PROJECT, "A", " ", by=sender.account)
        verifier = accounts.account(session, VERIFIER)
        with pytest.raises(NotAllowed):
            people.forget(session, sender.settings, PROJECT, "A", "their wish", by=verifier)
        people.forget(session, sender.settings, PROJECT, "A", "their wish", by=sender.account)
    sender.send(data + b"\n")
    with unit_of_work(sender.settings) as session:
        held = session.execute(text("SELECT count(*) FROM people")).scalar_one()
        told = [
            people.farmer(
                session, sender.settings, PROJECT, name, by=sender.account, purpose="payment"
            )
            for name in "AB"
        ]
        looks = private_reads.reads(session, PROJECT, by=sender.account).items
    assert [(one.what, one.subject) for one in looks if one.what == "forgotten"] == [
        ("forgotten", "A")
    ]
    assert held == 1
    assert (told[0].farmer_id, told[0].name, told[0].phone) == ("F-A", "", "")
    assert told[1].name in NAMES


def test_a_farmer_who_changes_the_number_is_held_once(sender: Sender) -> None:
    sender.send(geojson([plot("A", square(0))]))
    sender.send(geojson([plot("A", square(0), farmer_phone="+254799999999")]))
    with unit_of_work(sender.settings) as session:
        told = people.farmer(
            session, sender.settings, PROJECT, "A", by=sender.account, purpose="payment"
        )
        held = session.execute(text("SELECT count(*) FROM people")).scalar_one()
        versions = session.execute(
            text("SELECT count(*) FROM plot_versions WHERE upload_id IS NOT NULL")
        ).scalar_one()
    assert (told.phone, held, versions) == ("+254799999999", 1, 1)


# -- keys and files ------------------------------------------------------------------------------


def test_a_record_opens_in_its_own_place_only(settings: Settings) -> None:
    records = Records(settings)
    sealed = records.seal(b"secret", "plot 1")
    assert records.unseal(sealed, "plot 1") == b"secret"
    for spoilt, place in ((sealed, "plot 2"), (sealed[:-1] + b"x", "plot 1"), (b"", "plot 1")):
        with pytest.raises(SourceFailed, match="cannot be opened"):
            records.unseal(spoilt, place)
    assert records.seal(b"secret", "plot 1") != sealed


def test_the_key_is_for_its_owner_only(settings: Settings) -> None:
    identity(settings)
    place = settings.home / "private.key"
    assert place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(settings: Settings, mode: int) -> None:
    place = settings.home / "shared.key"
    place.parent.mkdir(exist_ok=True)
    place.write_text(str(identity(settings)))
    place.chmod(mode)
    with pytest.raises(NotReady, match="chmod 600"):
        identity(settings.model_copy(update={"private_key": place}))


def test_a_key_that_was_named_is_not_made_up(settings: Settings, tmp_path: Path) -> None:
    named = settings.model_copy(update={"private_key": tmp_path / "mounted.key"})
    with pytest.raises(NotReady, match="cannot be read"):
        identity(named)
    (tmp_path / "mounted.key").touch(0o600)
    with pytest.raises(NotReady, match="no age identity"):
        identity(named)


def test_a_file_is_kept_once_under_its_digest(settings: Settings) -> None:
    store = PrivateStore(settings)
    chunks = [os.urandom(70_000) for _ in range(5)]
    sha256, size = store.put_stream(iter(chunks))
    assert size == 350_000
    assert store.put_bytes(b"".join(chunks)) == sha256
    assert store.read(sha256) == b"".join(store.open(sha256)) == b"".join(chunks)
    files = [path for path in (settings.home / "private").rglob("*") if path.is_file()]
    assert [path.name for path in files] == [f"{sha256}.age"]
    assert files[0].read_bytes().startswith(b"age-encryption.org/v1\n")


@pytest.mark.parametrize("fault", [TimeoutError("too slow"), KeyboardInterrupt()])
def test_a_stream_that_breaks_off_leaves_nothing(settings: Settings, fault: BaseException) -> None:
    def broken() -> object:
        yield b"x" * 100_000
        raise fault

    with pytest.raises(type(fault)):
        PrivateStore(settings).put_stream(broken())  # type: ignore[arg-type]
    assert [p for p in (settings.home / "private").rglob("*") if p.is_file()] == []


def test_a_stream_that_is_too_large_is_refused_on_the_way(settings: Settings) -> None:
    taken: list[int] = []

    def endless() -> object:
        while True:
            taken.append(1)
            yield b"x" * 1000

    with pytest.raises(Exception, match="larger than") as refused:
        PrivateStore(settings).put_stream(endless(), limit_bytes=10_000)  # type: ignore[arg-type]
    assert refused.value.code == "request.too_large"  # type: ignore[attr-defined]
    assert len(taken) == 11


def test_a_spoilt_file_ends_in_an_error(settings: Settings) -> None:
    store = PrivateStore(settings)
    sha256 = store.put_bytes(b"x" * 200_000)
    place = next((settings.home / "private").rglob("*.age"))
    spoilt = bytearray(place.read_bytes())
    spoilt[-100] ^= 1
    place.write_bytes(spoilt)
    for read in (store.read, lambda digest: b"".join(store.open(digest))):
        with pytest.raises(SourceFailed, match="changed"):
            read(sha256)
    place.unlink()
    for read in (store.read, store.open):
        with pytest.raises(SourceFailed, match="not there"):
            read(sha256)


def test_a_reader_that_goes_away_leaves_no_thread(settings: Settings) -> None:
    import threading

    store = PrivateStore(settings)
    sha256 = store.put_bytes(os.urandom(5_000_000))
    before = threading.active_count()
    chunks = store.open(sha256)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name == "decrypting":
            thread.join(10)
    assert threading.active_count() == before
