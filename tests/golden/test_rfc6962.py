"""Merkle trees and signed checkpoints against published vectors and real log entries."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mrv.errors import InputRejected
from mrv.evidence import checkpoints, merkle

Nodes = dict[tuple[int, int], bytes]
_REKOR = "golden/rekor_inclusion/inclusion_proofs.json"


def grown(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    """Append leaves one by one, as the registry does, and give the nodes that this leaves."""
    kept: Nodes = {}
    for index, leaf in enumerate(leaves):
        for level, position, digest in merkle.completed_nodes(
            index, leaf, lambda level, position: kept[level, position]
        ):
            assert (level, position) not in kept
            kept[level, position] = digest
    return lambda level, position: kept[level, position]


def test_roots_of_the_reference_tree(real_data: Callable[[str], Path]) -> None:
    told = json.loads(real_data("golden/rfc6962/vectors.json").read_text())
    leaves = [merkle.leaf_hash(bytes.fromhex(text)) for text in told["leaf_inputs_hex"]]
    assert [leaf.hex() for leaf in leaves] == told["node_hashes_by_level_hex"][0]
    nodes = grown(leaves)
    for level, row in enumerate(told["node_hashes_by_level_hex"]):
        assert [nodes(level, position).hex() for position in range(len(row))] == row
    roots = [merkle.root(size, nodes).hex() for size in range(len(leaves) + 1)]
    assert roots == told["root_hash_by_tree_size_hex"]


def test_real_entries_of_rekor_are_included(real_data: Callable[[str], Path]) -> None:
    told = json.loads(
        (real_data("golden") / "rekor_inclusion" / "inclusion_proofs.json").read_text()
    )
    assert len(told["entries"]) == 4
    for entry in told["entries"]:
        leaf, root = bytes.fromhex(entry["leaf_hash_hex"]), bytes.fromhex(entry["root_hash_hex"])
        proof = [bytes.fromhex(step) for step in entry["proof_hex"]]
        index, size = entry["log_index"], entry["tree_size"]
        assert merkle.includes(leaf, index, size, proof, root)
        assert not merkle.includes(leaf, index - 1, size, proof, root)
        assert not merkle.includes(leaf, index, size, proof[1:], root)


@given(st.integers(1, 70), st.data())
def test_every_proof_holds_and_no_other_does(size: int, data: st.DataObject) -> None:
    leaves = [merkle.leaf_hash(b"%d" % number) for number in range(size)]
    nodes = grown(leaves)
    root = merkle.root(size, nodes)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, nodes)
    assert merkle.includes(leaves[index], index, size, proof, root)
    assert not merkle.includes(merkle.leaf_hash(b"other"), index, size, proof, root)

    before = data.draw(st.integers(1, size))
    old = merkle.root(before, nodes)
    rest = merkle.consistency_proof(before, size, nodes)
    assert merkle.goes_on_from((before, old), (size, root), rest)
    other = grown([*leaves[: before - 1], merkle.leaf_hash(b"rewritten"), *leaves[before:]])
    rewritten = merkle.root(size, other)
    for claimed in (rest, merkle.consistency_proof(before, size, other)):
        assert not merkle.goes_on_from((before, old), (size, rewritten), claimed)


LOG, WITNESS = "registry.example/log", "witness.example"
_LOG_KEY, _WITNESS_KEY = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
KEYS = {LOG: (_LOG_KEY.public_key(),), WITNESS: (_WITNESS_KEY.public_key(),)}


def test_a_note_of_the_log_and_a_witness() -> None:
    state = checkpoints.Checkpoint(LOG, 42, merkle.leaf_hash(b"anything"))
    text = checkpoints.write_note(state, _LOG_KEY.public_key(), _LOG_KEY.sign)
    note = checkpoints.read_note(text)
    assert note.checkpoint == state
    assert checkpoints.signed_by(note, KEYS) == {LOG}
    line = checkpoints.cosign(
        note, WITNESS, _WITNESS_KEY.public_key(), _WITNESS_KEY.sign, 1_790_000_000
    )
    assert checkpoints.signed_by(checkpoints.read_note(text + line), KEYS) == {LOG, WITNESS}
    larger = checkpoints.read_note((text + line).replace("\n42\n", "\n43\n"))
    assert checkpoints.signed_by(larger, KEYS) == frozenset()
    assert checkpoints.signed_by(note, {LOG: KEYS[WITNESS]}) == frozenset()


def test_real_notes_say_what_the_proofs_say(real_data: Callable[[str], Path]) -> None:
    entries = json.loads(real_data(_REKOR).read_text())["entries"]
    noted = [entry for entry in entries if entry["checkpoint"]]
    assert noted
    for entry in noted:
        note = checkpoints.read_note(entry["checkpoint"])
        assert (note.checkpoint.size, note.checkpoint.root.hex()) == (
            entry["tree_size"],
            entry["root_hash_hex"],
        )
        assert entry["checkpoint"].startswith(note.text + "\n— ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        f"a\n1\n{base64.b64encode(bytes(32)).decode()}\n",
        f"a\n01\n{base64.b64encode(bytes(32)).decode()}\n\n— a AAAAAAAA\n",
        f"a\n-1\n{base64.b64encode(bytes(32)).decode()}\n\n— a AAAAAAAA\n",
        f"a\n1\n{base64.b64encode(bytes(31)).decode()}\n\n— a AAAAAAAA\n",
        f"a\n1\n{base64.b64encode(bytes(32)).decode()}\n\n- a AAAAAAAA\n",
        f"a\n1\n{base64.b64encode(bytes(32)).decode()}\n\n— a\n",
        f"a\n{'9' * 40}\n{base64.b64encode(bytes(32)).decode()}\n\n— a AAAAAAAA\n",
    ],
)
def test_what_is_no_note_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InputRejected, match="is not a signed checkpoint"):
        checkpoints.read_note(text)
