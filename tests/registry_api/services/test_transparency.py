# ruff: noqa: S608  (raw SQL past every service is the point)
"""The public log: every entry provable, every rewriting found, every key of all times known."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import text
from sqlalchemy.orm import Session

import pipelines.commands.log
from mrv.errors import MrvError
from mrv.evidence import merkle
from mrv.evidence.checkpoints import read_note, signed_by, verifier_key
from mrv.evidence.multikey import from_multikey
from pipelines.commands.log import audit_log, verify_log, witness_log
from registry_api.db import Database, database
from registry_api.errors import NotReady
from registry_api.services import ledger, signing, transparency
from registry_api.services.accounts import register_account
from registry_api.services.log_tree import Nodes
from registry_api.settings import Settings
from tests.registry_api.a_registry import make_settings

ENTRIES = 11
_FIRST_LEAF = "(SELECT hash FROM log_nodes WHERE level = 0 AND position = 0)"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def opened(settings: Settings) -> Database:
    opened = database(settings.database)
    with opened.writing() as session:
        signing.adopt(session, settings)
        write(session, ENTRIES)
    return opened


def write(session: Session, count: int) -> None:
    """Write entries, as orders do."""
    for number in range(count):
        ledger.append(session, "project_changed", actor="somebody", payload={"number": number})


def past_the_guards(session: Session, *statements: str) -> None:
    """Edit what only grows, as somebody may who owns the database."""
    if session.get_bind().dialect.name == "sqlite":
        for table in ("ledger_entries", "log_nodes"):
            for verb in ("update", "delete"):
                session.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
    else:
        session.execute(text("SET session_replication_role = replica"))
    for statement in statements:
        session.execute(text(statement))
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SET session_replication_role = origin"))


def test_every_entry_is_proved_in_every_log_that_held_it(opened: Database) -> None:
    with opened.reading() as session:
        roots = [merkle.root(size, Nodes(session)) for size in range(ENTRIES + 1)]
        for size in range(1, ENTRIES + 1):
            for sequence in range(1, size + 1):
                told = transparency.prove_inclusion(session, sequence, size)
                leaf = merkle.leaf_hash(bytes.fromhex(told.entry_hash))
                proof = [bytes.fromhex(step) for step in told.proof]
                assert told.root == roots[size].hex()
                assert merkle.includes(leaf, sequence - 1, size, proof, roots[size])
            grown = transparency.prove_consistency(session, size)
            rest = [bytes.fromhex(step) for step in grown.proof]
            assert merkle.goes_on_from((size, roots[size]), (ENTRIES, roots[ENTRIES]), rest)
        for asked in (0, ENTRIES + 1):
            with pytest.raises(MrvError, match=f"The log has {ENTRIES}|There is no entry"):
                transparency.prove_inclusion(session, asked)


@pytest.fixture(scope="module")
def go_check(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go project's packages for signed notes and logs, which others wrote."""
    go, packages = shutil.which("go"), Path("/usr/share/gocode")
    if go is None or not (packages / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("needs Go and its x/mod packages: golang-go, golang-golang-x-mod-dev")
    made = tmp_path_factory.mktemp("go")
    around = os.environ | {
        "GO111MODULE": "off", "GOPATH": str(packages), "GOCACHE": str(made / "cache"),
        "GOFLAGS": "", "CGO_ENABLED": "0",
    }  # fmt: skip
    source = Path(__file__).parent / "check_log.go"
    subprocess.run([go, "build", "-o", made / "check", source], env=around, check=True)
    return made / "check"


def test_an_independent_implementation_agrees(
    opened: Database, settings: Settings, go_check: Path
) -> None:
    """Signature, inclusion and consistency of every pair of states; every forgery is refused."""
    with opened.reading() as session:
        keys = transparency.origin(settings), from_multikey(signing.current_key_id(settings))
        named = verifier_key(*keys)
        notes = [transparency.note(session, settings, size) for size in range(1, ENTRIES + 1)]
        told = {}
        for before in range(1, ENTRIES + 1):
            proved = transparency.prove_inclusion(session, before)
            told[before] = {
                "Verifier": named, "Old": notes[before - 1], "New": notes[-1],
                "Entry": proved.entry_hash, "Sequence": before, "Inclusion": proved.proof,
                "Consistency": transparency.prove_consistency(session, before).proof,
            }  # fmt: skip
    for asked in told.values():
        assert _go_says(go_check, asked) == "sound"
    asked, another = told[4], told[5]
    forged: dict[str, dict[str, object]] = {
        "earlier checkpoint": {"Old": str(asked["Old"]).replace("\n4\n", "\n3\n")},
        "later checkpoint": {"New": notes[-2].replace(f"\n{ENTRIES - 1}\n", f"\n{ENTRIES}\n")},
        "inclusion": {"Entry": another["Entry"]},
        "consistency": {"Old": another["Old"]},
    }
    for part, changed in forged.items():
        assert _go_says(go_check, asked | changed).startswith(part)


def _go_says(go_check: Path, asked: Mapping[str, object]) -> str:
    run = subprocess.run(
        [go_check], input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=60
    )
    return run.stdout.strip()


def test_an_untouched_ledger_is_sound(opened: Database, settings: Settings) -> None:
    with opened.reading() as session:
        note = read_note(transparency.note(session, settings))
        assert transparency.audit(session, settings, note).sound
    with opened.writing() as session:
        write(session, 5)
    with opened.reading() as session:
        found = transparency.audit(session, settings, note)
        assert (found.sound, found.entries, found.first_bad) == (True, ENTRIES + 5, None)


@pytest.mark.parametrize(
    ("edit", "first_bad"),
    [
        ("UPDATE ledger_entries SET payload = '{}' WHERE sequence = 4", 4),
        ("UPDATE ledger_entries SET actor = 'nobody' WHERE sequence = 7", 7),
        ("DELETE FROM ledger_entries WHERE sequence = 5", 6),
        ("DELETE FROM ledger_entries WHERE sequence = 11", 11),
        (f"UPDATE log_nodes SET hash = {_FIRST_LEAF} WHERE level = 0 AND position = 8", 9),
        ("DELETE FROM log_nodes WHERE level = 1 AND position = 2", 6),
    ],
)  # fmt: skip
def test_a_row_edited_behind_the_registry_is_named(
    opened: Database, settings: Settings, edit: str, first_bad: int
) -> None:
    with opened.writing() as session:
        past_the_guards(session, edit)
    with opened.reading() as session:
        found = transparency.audit(session, settings)
    assert (found.sound, found.first_bad) == (False, first_bad)
    assert str(first_bad - 1) in found.sentence or str(first_bad) in found.sentence


def test_a_history_rewritten_whole_is_found_by_a_kept_checkpoint(
    opened: Database, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.note"
    with opened.reading() as session:
        kept.write_text(transparency.note(session, settings))
    with opened.writing() as session:
        past_the_guards(session, "DELETE FROM log_nodes", "DELETE FROM ledger_entries")
        for number in range(ENTRIES + 3):  # the same but for one entry, every digest mended
            told = {"number": -1 if number == 2 else number}
            ledger.append(session, "project_changed", actor="somebody", payload=told)
    with opened.reading() as session:
        assert transparency.audit(session, settings).sound  # it agrees with itself
        found = transparency.audit(session, settings, read_note(kept.read_text()))
    assert not found.sound
    assert f"first {ENTRIES} entries are not those of the checkpoint" in found.sentence
    if settings.database.startswith("sqlite"):
        assert not audit_log(tmp_path, kept, [signing.current_key_id(settings)])
        assert "rewritten" in capsys.readouterr().out


def test_a_checkpoint_goes_on_or_it_is_said_why_not(
    opened: Database, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, proof = (tmp_path / name for name in ("old.note", "new.note", "proof.json"))
    with opened.reading() as session:
        old.write_text(transparency.note(session, settings))
    with opened.writing() as session:
        write(session, 6)
    with opened.reading() as session:
        new.write_text(transparency.note(session, settings))
        told = transparency.prove_consistency(session, ENTRIES)
    proof.write_text(json.dumps({"before": told.before, "after": told.after, "proof": told.proof}))
    keys = [signing.current_key_id(settings)]

    verify_log(old, new, proof, "", keys)
    assert f"from {ENTRIES} to {ENTRIES + 6} entries" in capsys.readouterr().out
    with pytest.raises(MrvError, match="was set back"):
        verify_log(new, old, proof, "", keys)
    forged = tmp_path / "forged.note"
    forged.write_text(old.read_text().replace(f"\n{ENTRIES}\n", "\n9\n"))
    with pytest.raises(MrvError, match="not signed by a key that is trusted"):
        verify_log(forged, new, proof, "", keys)
    proof.write_text(json.dumps({"before": ENTRIES, "after": ENTRIES + 6, "proof": told.proof[1:]}))
    with pytest.raises(MrvError, match="The log was rewritten"):
        verify_log(old, new, proof, "", keys)
    proof.write_text("{}")
    with pytest.raises(MrvError, match="gives no proof"):
        verify_log(old, new, proof, "", keys)


def test_what_a_lost_key_signed_is_still_checked_by_it(
    opened: Database, settings: Settings
) -> None:
    with opened.reading() as session:
        before = read_note(transparency.note(session, settings))
    first = signing.current_key_id(settings)
    (settings.home / "signing.key").unlink()
    with opened.writing() as session:
        signing.adopt(session, settings)
        keys = [key.key_id for key in signing.public_keys(session)]
    assert keys == [first, signing.current_key_id(settings)]
    name = transparency.origin(settings)
    assert signed_by(before, {name: tuple(map(from_multikey, keys))}) == {name}


def test_a_copied_key_counts_for_nothing_from_then_on(opened: Database, settings: Settings) -> None:
    made = signing.sign(settings, b"a statement")
    now = datetime.now(UTC)
    with opened.writing() as session:
        register_account(session, "the-registrar", "The registrar", "registrar")
        register_account(session, "a-buyer", "A buyer", "buyer")
        with pytest.raises(MrvError, match="needs an account with the role registrar"):
            signing.revoke(session, made.key_id, now, "laptop stolen", by="a-buyer")
        with pytest.raises(MrvError, match="No such key ever signed"):
            signing.revoke(session, "z6MkNone", now, "laptop stolen", by="the-registrar")
        signing.revoke(session, made.key_id, now, "laptop stolen", by="the-registrar")
        with pytest.raises(MrvError, match="revoked already"):
            signing.revoke(session, made.key_id, now, "laptop stolen", by="the-registrar")
    with opened.writing() as session:
        hour = timedelta(hours=1)
        assert signing.is_ours(session, made, b"a statement", now - hour)
        assert not signing.is_ours(session, made, b"a statement", now + hour)
        assert not signing.is_ours(session, made, b"another statement", now - hour)
        assert signing.did_document(session, settings)["verificationMethod"] == []
        with pytest.raises(NotReady, match="was revoked"):
            signing.adopt(session, settings)
    (settings.home / "signing.key").unlink()
    with opened.writing() as session:
        signing.adopt(session, settings)
        (method,) = signing.did_document(session, settings)["verificationMethod"]
    assert method["publicKeyMultibase"] == signing.current_key_id(settings) != made.key_id


def test_a_key_that_others_can_read_signs_nothing(settings: Settings) -> None:
    signing.sign(settings, b"")
    place = settings.home / "signing.key"
    place.chmod(0o644)
    with pytest.raises(NotReady, match="can be read by others"):
        signing.sign(settings, b"anything")


# --- what operators and witnesses do -----------------------------------------------------------


def test_a_key_is_replaced_and_what_it_signed_stays_checkable(
    opened: Database, settings: Settings
) -> None:
    with opened.reading() as session:
        before = read_note(transparency.note(session, settings))
    first = signing.current_key_id(settings)
    with opened.writing() as session:
        earlier = signing.rotate(session, settings)
    second = signing.current_key_id(settings)
    assert second != first
    assert earlier.stat().st_mode & 0o077 == 0
    with opened.reading() as session:
        after = read_note(transparency.note(session, settings))
        keys = tuple(from_multikey(key.key_id) for key in signing.public_keys(session))
    name = transparency.origin(settings)
    assert signed_by(before, {name: keys}) == signed_by(after, {name: keys}) == {name}
    assert not signed_by(after, {name: (from_multikey(first),)})
    named = settings.model_copy(update={"signing_key": earlier})
    with opened.writing() as session, pytest.raises(NotReady, match="put another file there"):
        signing.rotate(session, named)


def test_a_witness_signs_what_goes_on_and_nothing_else(
    opened: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its copy is a note with both signatures; of a log that was set back it keeps the old one."""
    asked: dict[str, str] = {}

    def answer(_registry: str, path: str) -> SimpleNamespace:
        return SimpleNamespace(text=asked[path.partition("?")[0]])

    monkeypatch.setattr(pipelines.commands.log, "_asked", answer)
    kept, secret = tmp_path / "kept.note", tmp_path / "witness.key"
    keys = (signing.current_key_id(settings),)
    with opened.reading() as session:
        asked["/v1/log/checkpoint"] = transparency.note(session, settings)
    witness_log(kept, "witness.example", "https://registry", secret, keys)
    first = kept.read_text("utf-8")
    with opened.writing() as session:
        write(session, 1)
    with opened.reading() as session:
        asked["/v1/log/checkpoint"] = transparency.note(session, settings)
        size = read_note(first).checkpoint.size
        told = transparency.prove_consistency(session, size, None)
    asked["/v1/log/consistency"] = json.dumps(
        {"before": told.before, "after": told.after, "proof": told.proof}
    )
    witness_log(kept, "witness.example", "https://registry", secret, keys)
    seen = read_note(kept.read_text("utf-8"))
    assert seen.checkpoint.size == size + 1
    key = load_pem_private_key(secret.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    trusted = {
        transparency.origin(settings): tuple(map(from_multikey, keys)),
        "witness.example": (key.public_key(),),
    }
    assert signed_by(seen, trusted) == set(trusted)

    second = kept.read_text("utf-8")
    asked["/v1/log/checkpoint"] = first.rpartition("— witness.example")[0]
    with pytest.raises(MrvError, match="set back"):
        witness_log(kept, "witness.example", "https://registry", secret, keys)
    assert kept.read_text("utf-8") == second
    with pytest.raises(MrvError, match="no spaces"):
        witness_log(kept, "my witness", "https://registry", secret, keys)
