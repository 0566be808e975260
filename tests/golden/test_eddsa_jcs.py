"""Proofs of verifiable credentials against the published vectors, and against tampering."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mrv.errors import InputRejected
from mrv.evidence import credentials, multikey

_VECTORS = "golden/vc_eddsa"
_SIGNED = "eddsa-jcs-2022/signedJCS.json"

RealData = Callable[[str], Path]


@pytest.fixture
def signed(real_data: RealData) -> dict[str, Any]:
    return json.loads((real_data(_VECTORS) / _SIGNED).read_text())


def key_of(method: str) -> str:
    """Read a did:key, which names its own key."""
    return method.rpartition("#")[2]


def test_published_vector_is_reproduced_step_by_step(
    real_data: RealData, signed: dict[str, Any]
) -> None:
    folder = real_data(_VECTORS)
    steps = folder / "eddsa-jcs-2022"
    document = json.loads((folder / "unsigned.json").read_text())
    options = json.loads((steps / "proofConfigJCS.json").read_text())
    assert credentials.canonical(document).decode() == (steps / "canonDocJCS.txt").read_text()
    assert credentials.canonical(options).decode() == (steps / "proofCanonJCS.txt").read_text()
    said = credentials.message(document, options).hex()
    assert said == (steps / "combinedHashJCS.txt").read_text()
    pair = json.loads((folder / "keyPair.json").read_text())
    # A secret Multikey of Ed25519 begins with 0x8026.
    secret = Ed25519PrivateKey.from_private_bytes(
        multikey.from_base58(pair["privateKeyMultibase"])[2:]
    )
    assert secret.sign(bytes.fromhex(said)).hex() == (steps / "sigHexJCS.txt").read_text()
    made = credentials.with_proof(
        document,
        verification_method=options["verificationMethod"],
        created=datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC),
        sign=secret.sign,
    )
    assert made == signed
    assert credentials.check(made, key_of) == document


def test_other_suites_are_refused(real_data: RealData) -> None:
    other = json.loads((real_data(_VECTORS) / "eddsa-rdfc-2022/signedDataInt.json").read_text())
    with pytest.raises(InputRejected, match="no proof of the suite"):
        credentials.check(other, key_of)


def _paths(part: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(part, dict):
        return [path for key, held in part.items() for path in _paths(held, (*at, key))]
    if isinstance(part, list):
        return [path for i, held in enumerate(part) for path in _paths(held, (*at, i))]
    return [at]


def test_no_value_can_be_changed_unnoticed(signed: dict[str, Any]) -> None:
    trusted = signed["proof"]["verificationMethod"]
    places = _paths(signed)
    assert len(places) > 15
    for place in places:
        forged = copy.deepcopy(signed)
        within = forged
        for key in place[:-1]:
            within = within[key]
        within[place[-1]] += "x"
        with pytest.raises(InputRejected):
            credentials.check(forged, lambda _: key_of(trusted))


def test_nothing_can_be_added_or_signed_by_another(signed: dict[str, Any]) -> None:
    with pytest.raises(InputRejected, match="not what was signed"):
        credentials.check({**signed, "more": 1}, key_of)
    other = multikey.to_multikey(Ed25519PrivateKey.generate().public_key())
    with pytest.raises(InputRejected, match="not what was signed"):
        credentials.check(signed, lambda _: other)


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_canonical_form_is_that_of_the_reference(real_data: RealData, name: str) -> None:
    folder = real_data("golden/jcs_rfc8785")
    document = json.loads((folder / f"input/{name}.json").read_text("utf-8"))
    assert credentials.canonical(document) == (folder / f"output/{name}.json").read_bytes()


def test_what_has_no_canonical_form_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(2_000):
        deep = {"in": deep}
    for document in ({"a": float("nan")}, {"a": 2**60}, {"a": "\ud800"}, deep):
        with pytest.raises(InputRejected):
            credentials.canonical(document)
