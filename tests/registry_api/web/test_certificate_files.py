"""A retirement's certificate as a credential that strangers can check, and as a PDF."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from mrv.errors import InputRejected
from mrv.evidence import checkpoints, credentials, merkle, status_lists
from mrv.evidence.multikey import from_multikey
from registry_api.services import signing
from registry_api.services.unit_of_work import unit_of_work
from registry_api.settings import Settings
from tests.registry_api import digital_bazaar
from tests.registry_api.a_market import BUYERS, SECOND_REGISTRAR
from tests.registry_api.api.trade_story import TERMS, Market, a_market, tell

Told = Mapping[str, Any]


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Market, Told]]:
    with a_market(tmp_path_factory.mktemp("certified")) as market:
        with unit_of_work(settings_of(market)) as session:
            signing.adopt(session, settings_of(market))
        yield market, tell(market)


def retire(market: Market, **changed: object) -> str:
    """Retire one credit more; gives the retirement's id."""
    answer = market.post(
        "/v1/retirements", {"lots": market.lots(1), **TERMS, **changed}, by=BUYERS[0]
    )
    assert answer.is_success, answer.text
    return answer.json()["id"]


def settings_of(market: Market) -> Settings:
    return market.client.app.state.settings


def did_document(market: Market) -> Mapping[str, Any]:
    with unit_of_work(settings_of(market)) as session:
        return signing.did_document(session, settings_of(market))


def key_of(document: Mapping[str, Any], method: str) -> str:
    """Find a key as any verifier does: among those that may assert."""
    assert method in document["assertionMethod"]
    return next(
        m["publicKeyMultibase"] for m in document["verificationMethod"] if m["id"] == method
    )


def test_a_certificate_says_what_the_page_says_and_its_proof_holds(
    traded: tuple[Market, Told],
) -> None:
    market, told = traded
    order = told["retired_order"]
    answer = market.get(f"/v1/retirements/{order['id']}/certificate")
    assert answer.headers["content-type"] == "application/vc"
    made = answer.json()
    keys = did_document(market)
    document = credentials.check(made, lambda method: key_of(keys, method))
    subject = document["credentialSubject"]
    assert subject["quantity"] == {"value": 2, "unit": "t CO2e"}
    assert [one["serial"] for one in subject["credits"]] == order["serials"]
    assert (subject["beneficiary"], subject["purpose"]) == ("Lakeside Hotel", "voluntary")
    assert subject["consumedUntil"] == "2025-12-31"
    assert "beneficiaryLei" not in subject
    assert BUYERS[0] not in answer.text
    assert document["issuer"]["id"] == keys["id"]
    entry = subject["ledgerEntry"]
    assert entry["sequence"] == order["sequence"]
    same = market.get(f"/retirements/{order['id']}/certificate.json")
    assert same.content == answer.content
    made["credentialSubject"]["quantity"]["value"] = 3
    with pytest.raises(InputRejected, match="not what was signed"):
        credentials.check(made, lambda method: key_of(keys, method))


def test_a_certificate_carries_its_own_proof_that_it_is_in_the_log(
    traded: tuple[Market, Told],
) -> None:
    """Nothing but the certificate and the registry's key is asked."""
    market, told = traded
    made = market.get(f"/v1/retirements/{told['retired_order']['id']}/certificate").json()
    entry = made["credentialSubject"]["ledgerEntry"]
    note = checkpoints.read_note(entry["logProof"]["checkpoint"])
    key = from_multikey(signing.current_key_id(settings_of(market)))
    assert checkpoints.signed_by(note, {note.checkpoint.origin: (key,)})
    leaf = merkle.leaf_hash(bytes.fromhex(entry["sha256"]))
    proof = [bytes.fromhex(step) for step in entry["logProof"]["hashes"]]
    place = entry["sequence"] - 1
    assert merkle.includes(leaf, place, note.checkpoint.size, proof, note.checkpoint.root)
    later = market.get("/v1/log/checkpoint").text
    grown = market.get(f"/v1/log/consistency?before={note.checkpoint.size}").json()
    newest = checkpoints.read_note(later).checkpoint
    rest = [bytes.fromhex(step) for step in grown["proof"]]
    state = note.checkpoint
    assert merkle.goes_on_from((state.size, state.root), (newest.size, newest.root), rest)


def test_an_independent_library_agrees(traded: tuple[Market, Told], tmp_path: Path) -> None:
    market, told = traded
    order = told["retired_order"]
    made = market.get(f"/v1/retirements/{order['id']}/certificate").json()
    listed = market.get("/v1/status-lists/0").json()
    keys = did_document(market)
    forged = json.loads(json.dumps(made))
    forged["credentialSubject"]["beneficiary"] = "Somebody else"
    for credential, holds in ((made, True), (listed, True), (forged, False)):
        assert digital_bazaar.agrees(credential, keys, tmp_path) is holds


def test_a_revoked_certificate_is_in_the_list_and_says_so(traded: tuple[Market, Told]) -> None:
    market, told = traded
    wrong = retire(market, beneficiary="Lakesid Hotel")
    kept = market.get(f"/v1/retirements/{told['retired_order']['id']}/certificate").json()
    made = market.get(f"/v1/retirements/{wrong}/certificate").json()
    assert not _is_revoked(market, made)
    address, body = f"/v1/retirements/{wrong}/revocation", {"reason": "The name is misspelt"}
    assert market.post(address, body, by=BUYERS[0]).status_code == 403
    first = market.post(address, body, by=SECOND_REGISTRAR, key="revoke-it-once")
    assert first.status_code == 201, first.text
    again = market.post(address, body, by=SECOND_REGISTRAR, key="revoke-it-once")
    assert again.json() == first.json()
    assert market.post(address, body, by=SECOND_REGISTRAR).status_code == 409
    assert _is_revoked(market, made)
    assert not _is_revoked(market, kept)
    assert "The name is misspelt" in market.get(f"/retirements/{wrong}").text
    assert "The name is misspelt" in _text(market, wrong)
    state = market.get(f"/v1/retirements/{wrong}").json()
    assert state["quantity_t"] == 1


def test_there_is_no_list_ahead_of_the_ledger(traded: tuple[Market, Told]) -> None:
    market, told = traded
    assert market.get("/v1/status-lists/1").status_code == 404
    offered = told["order"]["id"]
    assert market.get(f"/v1/retirements/{offered}/certificate").status_code == 404
    assert market.get(f"/retirements/{offered}/certificate.pdf").status_code == 404


def test_the_pdf_says_what_the_page_says(traded: tuple[Market, Told]) -> None:
    market, told = traded
    order = told["retired_order"]
    answer = market.get(f"/retirements/{order['id']}/certificate.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    read = PdfReader(io.BytesIO(answer.content))
    assert read.metadata is not None
    assert read.metadata.title == "Certificate of retirement"
    assert read.trailer["/Root"]["/Lang"] == "en"
    text = _text(market, order["id"])
    for words in ("2 tonnes of CO₂e", "Lakeside Hotel", "Heating of 2025", "2025-12-31", "Kenya"):
        assert words in text
    packed = "".join(text.split())
    assert all(serial in packed for serial in order["serials"])
    assert f"http://127.0.0.1:8000/retirements/{order['id']}" in packed
    assert BUYERS[0] not in text
    links = [a.get_object()["/A"]["/URI"] for a in read.pages[-1].get("/Annots", ())]
    assert f"http://127.0.0.1:8000/retirements/{order['id']}" in links
    fonts = read.pages[0]["/Resources"]["/Font"].values()
    used = [font.get_object() for font in fonts]
    assert all(
        "/FontFile2" in font["/FontDescriptor"] for font in used if font["/Subtype"] == "/TrueType"
    )
    assert answer.content == market.get(f"/retirements/{order['id']}/certificate.pdf").content


def test_markup_and_far_letters_in_a_name_do_not_spoil_it(traded: tuple[Market, Told]) -> None:
    market, _told = traded
    name = 'Lakeside "Hotel" <b>& Sons</b> Żółć Ελλάς Иссык-Куль ' + "x" * 200
    text = _text(market, retire(market, beneficiary=name))
    assert 'Lakeside "Hotel" <b>& Sons</b> Żółć Ελλάς Иссык-Куль' in " ".join(text.split())
    assert "cannot show" not in text
    assert "cannot show" in _text(market, retire(market, beneficiary="ភ្នំពេញ"))


@pytest.mark.parametrize("kind", ["application/vc", "application/pdf", "text/html"])
def test_the_page_is_given_as_what_is_asked_for(traded: tuple[Market, Told], kind: str) -> None:
    market, told = traded
    answer = market.client.get(
        f"/retirements/{told['retired_order']['id']}", headers={"Accept": kind}
    )
    assert answer.headers["content-type"].partition(";")[0] == kind
    assert "Accept" in answer.headers["vary"]


def _is_revoked(market: Market, certificate: Mapping[str, Any]) -> bool:
    """Ask as any verifier does: by the list that the certificate names."""
    said = certificate["credentialStatus"]
    place = said["statusListCredential"].removeprefix("http://127.0.0.1:8000")
    keys = did_document(market)
    listed = credentials.check(market.get(place).json(), lambda method: key_of(keys, method))
    assert listed["id"] == said["statusListCredential"]
    assert listed["credentialSubject"]["statusPurpose"] == said["statusPurpose"]
    return status_lists.is_set(
        listed["credentialSubject"]["encodedList"], int(said["statusListIndex"])
    )


def _text(market: Market, order: str) -> str:
    content = market.get(f"/retirements/{order}/certificate.pdf").content
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
