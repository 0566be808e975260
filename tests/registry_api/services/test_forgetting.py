"""Who is forgotten is in no file that was sent; what files led to stays and can be explained."""

import io
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from registry_api.errors import NotFound
from registry_api.services import erased_files, people, plot_uploads, private_reads
from registry_api.services.deliveries import (
    PLOTS,
    REGISTRY_PLOTS,
    newest_delivery,
    record_delivery,
)
from registry_api.services.kept_files import KeptFiles
from registry_api.services.plot_screening import process
from registry_api.services.plots import register_plots
from registry_api.services.private_store import PrivateStore
from registry_api.services.unit_of_work import reading, unit_of_work
from registry_api.settings import Settings
from tests.registry_api.a_registry import Stage
from tests.registry_api.sent_plots import Sender, bow_tie, geojson, plot, square

PROJECT = "lakeside-grevillea"


@pytest.fixture
def sender(founded: Stage) -> Sender:
    return Sender(founded.settings)


def forget(sender: Sender, plot_id: str) -> None:
    with unit_of_work(sender.settings) as session:
        people.forget(session, sender.settings, PROJECT, plot_id, "their wish", by=sender.account)


def kept(settings: Settings) -> bytes:
    """Everything the private store holds, opened."""
    store = PrivateStore(settings)
    files = (settings.home / "private").rglob("*.age")
    plain = []
    for file in files:
        data = store.read(file.stem)
        if data[:4] == b"PAR1":
            data = pq.read_table(io.BytesIO(data)).to_pandas().to_csv().encode()
        plain.append(data)
    return b"".join(plain)


def test_forgetting_reaches_the_files_that_name_the_farmer(sender: Sender) -> None:
    """The raw file, and what its report copied out of it, where the plot was refused at first."""
    told = {"farmer_name": "Nafula Testname-Unique", "farmer_phone": "+254711000999"}
    refused = sender.send(geojson([plot("A", bow_tie(0), **told), plot("B", square(1))]), "1.json")
    sender.send(geojson([plot("A", square(0), **told)]), "2.json")
    other = sender.send(geojson([plot("C", square(3))]), "other.json")
    unread = sender.receive(b"Nafula Testname-Unique", "3.kml")
    process(sender.settings, unread.id, 1)
    assert b"Nafula" in kept(sender.settings)
    forget(sender, "A")
    assert not any(word in kept(sender.settings) for word in (b"Nafula", b"254711000999"))

    erased = sender.upload(refused.id)
    assert (erased.sha256, erased.run.tally) == (refused.sha256, refused.run.tally)
    assert erased.erased_at is not None
    assert sender.upload(other.id).erased_at is None
    assert sender.verdicts(refused) == {1: "refused", 2: "accepted"}
    assert sender.rejected(refused)["features"] == []
    with reading(sender.settings) as session:
        asked = (session, sender.settings, PROJECT, refused.id)
        with pytest.raises(NotFound, match=r"1.json was erased on .* because a farmer in it"):
            plot_uploads.raw_file(*asked, by=sender.account, purpose="a copy")
        told_of = [
            look.subject
            for look in private_reads.reads(session, PROJECT, by=sender.account).items
            if look.what == "erased"
        ]
    assert sorted(told_of) == ["1.json", "2.json", "3.kml"]
    with pytest.raises(NotFound, match="was erased"):
        sender.again(refused.id, refused.run.choices)


def test_an_erased_file_that_is_sent_again_is_refused_and_goes(sender: Sender) -> None:
    data = geojson([plot("A", square(0))])
    upload = sender.send(data)
    forget(sender, "A")
    with pytest.raises(NotFound, match="was erased"):
        sender.send(data)
    assert PrivateStore(sender.settings).has(upload.sha256)
    assert erased_files.finish(sender.settings) == 1
    assert not PrivateStore(sender.settings).has(upload.sha256)


def test_bytes_go_only_with_the_rows_that_say_so(sender: Sender) -> None:
    upload = sender.send(geojson([plot("A", square(0))]))
    with pytest.raises(ZeroDivisionError), unit_of_work(sender.settings) as session:  # noqa: PT012
        people.forget(session, sender.settings, PROJECT, "A", "their wish", by=sender.account)
        raise ZeroDivisionError
    assert sender.upload(upload.id).erased_at is None
    assert PrivateStore(sender.settings).has(upload.sha256)


def test_a_folder_s_file_is_followed_by_what_the_registry_holds(founded: Stage) -> None:
    """Its plots came through a run, so no upload names the farmer; evidence may still name it."""
    sender = Sender(founded.settings)
    data = geojson([plot("P-001", square(0))])
    sha256 = KeptFiles(founded.settings).put_bytes(data, private=True)
    with unit_of_work(founded.settings) as session:
        held = newest_delivery(session, PROJECT)
        record_delivery(session, PROJECT, replace(held, files={**held.files, PLOTS: sha256}))
        register_plots(session, PROJECT, [replace(founded.farm.plots[0], stratum="sorghum")])
    forget(sender, "P-001")
    assert not PrivateStore(founded.settings).has(sha256)
    with reading(founded.settings) as session:
        delivered = newest_delivery(session, PROJECT)
        assert erased_files.not_erased(session, {"plots": sha256}) == {}
    assert delivered.names[PLOTS] == REGISTRY_PLOTS
    table = KeptFiles(founded.settings).get_table(delivered.files[PLOTS])
    assert list(table["plot_id"]) == [one.plot_id for one in founded.farm.plots]
