"""Bundles that somebody tampered with, each named after what was done, caught and said how.

Digests are mended wherever anybody can mend them, so that each is caught by what it makes untrue
and not by clumsiness.
"""

import base64
import json
import re
from typing import Any

import pandas as pd
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mrv.evidence import merkle
from mrv.evidence.checkpoints import Checkpoint, read_note, write_note
from mrv.evidence.crate import CHECKPOINT, EVIDENCE, LEDGER, RULES
from mrv.evidence.ledger_entries import Entry, entry_digest
from mrv.evidence.multikey import to_multikey
from mrv.imagery.scenes import Scene
from mrv.sources.rasters import open_scene
from mrv.verification.integrity import Trust
from mrv.verification.levels import Asked, verify
from mrv.verification.opened import Bundle
from mrv.verification.pixels import Pixels
from mrv.verification.report import Level, Node, Report
from pipelines.bundles import bundle_files_of
from pipelines.execution import Outcome
from pipelines.scenes import take_scenes
from tests.pipelines.tampering import Files, described, mended, table_of, with_json, with_table

pytestmark = [pytest.mark.xdist_group("whole_path"), pytest.mark.slow]


@pytest.fixture(scope="module")
def files(outcome: Outcome) -> Files:
    """The bundle of the landscape's period, as it was issued."""
    return bundle_files_of(outcome.stage)


@pytest.fixture(scope="module")
def scenes(outcome: Outcome) -> list[Scene]:
    return take_scenes(outcome.stage.shelf)


def without_ledger(files: Files) -> Files:
    """Take out the ledger's entries, as whoever rewrites the evidence would have to."""
    return described({k: v for k, v in files.items() if k not in (LEDGER, CHECKPOINT)})


def verified(files: Files, level: Level, trust: Trust = Trust()) -> Report:  # noqa: B008
    return verify(Bundle(files), Asked(level, trust))


def cause_of(report: Report) -> Node:
    assert not report.stands
    assert report.first_cause is not None
    return report.first_cause


# -- the trees ------------------------------------------------------------------------------------


def test_one_tree_thicker(files: Files) -> None:
    """The delivered inventory is rewritten: what was weighed no longer follows from it."""
    row = _measured_row(files)

    def thicker(rows: pd.DataFrame) -> pd.DataFrame:
        there = rows["row"] == row
        rows.loc[there, "dbh_cm"] = str(float(rows.loc[there, "dbh_cm"].iloc[0]) + 5)
        return rows

    tampered = with_table(files, "inventory", thicker)
    assert cause_of(verified(tampered, 0)).sentence.startswith("inventory.parquet was changed")
    covered = without_ledger(mended(tampered))
    assert verified(covered, 1).stands
    cause = cause_of(verified(covered, 2))
    assert (cause.level, cause.name) == (2, "trees")
    assert re.match(rf"Dbh_cm of row {row} is [\d.]+ in the bundle and came out as", cause.sentence)


def test_one_tree_thicker_in_every_table_of_trees(files: Files) -> None:
    """Its weight is mended too: then the plot's biomass no longer follows from its trees."""
    row = _measured_row(files)
    plot = table_of(files, "trees").set_index("row").loc[row, "plot_id"]

    def thicker(rows: pd.DataFrame) -> pd.DataFrame:
        there = rows["row"] == row
        old = rows.loc[there, "dbh_cm"].iloc[0]
        new = float(old) + 5
        rows.loc[there, "dbh_cm"] = str(new) if isinstance(old, str) else new
        return rows

    tampered = with_table(with_table(files, "inventory", thicker), "trees", thicker)
    weighed = _weighed_again(without_ledger(mended(tampered)))
    tampered = with_table(
        tampered,
        "trees",
        lambda rows: rows.assign(
            agb_kg=weighed["agb_kg"].to_numpy(), equation_id=weighed["equation_id"].to_numpy()
        ),
    )
    cause = cause_of(verified(without_ledger(mended(tampered)), 2))
    assert (cause.level, cause.name) == (2, "biomass")
    assert f"plot_id {plot}" in cause.sentence


# -- the scenes -----------------------------------------------------------------------------------


def test_one_scene_swapped_for_another_in_the_evidence(files: Files) -> None:
    """The evidence names two scenes the wrong way round: what was read is not what is named."""

    def swap(told: dict[str, Any]) -> None:
        first, last = told["scenes"][0], told["scenes"][-1]
        first["id"], last["id"] = last["id"], first["id"]

    tampered = without_ledger(mended(with_json(files, EVIDENCE, swap)))
    assert verified(tampered, 1).stands
    cause = cause_of(verified(tampered, 2))
    assert (cause.level, cause.name) == (2, "scenes")
    assert "as the evidence names it and at" in cause.sentence


def test_one_scene_swapped_for_another_in_the_archive(files: Files, scenes: list[Scene]) -> None:
    """Another file lies under a scene's name: the digest of its item tells."""
    from dataclasses import replace

    stated = Bundle(files).document.scenes[0].id
    others = [replace(s, item_sha256="0" * 64) if s.id == stated else s for s in scenes]
    report = verify(Bundle(files), Asked(3, pixels=lambda _: Pixels(others, open_scene)))
    cause = cause_of(report)
    assert (cause.level, cause.name) == (3, f"scene {stated}")
    assert "is another scene than the one that was read" in cause.sentence
    assert not any(node.fails for node in report.nodes if node.level != 3)


def test_one_look_made_greener(files: Files, scenes: list[Scene]) -> None:
    """An observation is raised, and everything that anybody can mend is mended."""

    def greener(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[rows.index[0], "ndvi"] += 0.2
        return rows

    tampered = without_ledger(mended(with_table(files, "observations", greener)))
    first = table_of(files, "observations").iloc[0]
    report = verify(Bundle(tampered), Asked(3, pixels=lambda _: Pixels(scenes, open_scene)))
    cause = cause_of(report)
    assert (cause.level, cause.name) == (3, "observations")
    assert cause.sentence.startswith(
        f"Ndvi of plot_id {first['plot_id']}, scene_id {first['scene_id']} is"
    )


# -- the rules ------------------------------------------------------------------------------------


def test_one_parameter_changed_with_its_digest_mended(files: Files) -> None:
    published = b"[buffer]\nfraction = { value = 0.20"
    assert published in files[RULES]
    changed = files[RULES].replace(published, b"[buffer]\nfraction = { value = 0.05")
    cause = cause_of(verified({**files, RULES: changed}, 0))
    assert cause.sentence.startswith(f"{RULES} was changed")
    cause = cause_of(verified(without_ledger(mended({**files, RULES: changed})), 1))
    assert (cause.level, cause.name) == (1, "rules")
    assert "buffer.fraction is 0.05 in the bundle and 0.2 as published" in cause.sentence


# -- the plots ------------------------------------------------------------------------------------


def test_one_plot_dropped(files: Files) -> None:
    """A plot that shrank is taken out of the plots; the others keep their kilograms."""
    dropped = Bundle(files).document.plots[-1].plot_id
    tampered = with_table(files, "plots", lambda rows: rows[rows["plot_id"] != dropped])
    cause = cause_of(verified(without_ledger(mended(tampered)), 1))
    assert (cause.level, cause.name) == (1, "plots")
    assert cause.sentence == f"1 plots get kilograms and have no boundary here: {dropped}."


def test_one_plot_dropped_from_its_shares_too(files: Files) -> None:
    dropped = Bundle(files).document.plots[-1].plot_id
    tampered = files
    for name in ("plots", "allocation", "plot_changes"):
        tampered = with_table(tampered, name, lambda rows: rows[rows["plot_id"] != dropped])
    tampered = with_json(
        tampered,
        EVIDENCE,
        lambda told: told.update(plots=[p for p in told["plots"] if p["plot_id"] != dropped]),
    )
    cause = cause_of(verified(without_ledger(mended(tampered)), 2))
    assert cause.level == 2
    assert cause.name in {"trees", "features"}


def test_a_kilogram_moved_from_one_plot_to_another(files: Files) -> None:
    def move(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[rows.index[0], "net_kg"] -= 1
        rows.loc[rows.index[1], "net_kg"] += 1
        return rows

    def tell(told: dict[str, Any]) -> None:
        told["plots"][0]["net_kg"] -= 1
        told["plots"][1]["net_kg"] += 1

    tampered = with_json(with_table(files, "allocation", move), EVIDENCE, tell)
    cause = cause_of(verified(without_ledger(mended(tampered)), 1))
    assert (cause.level, cause.name) == (1, "allocation")
    assert cause.sentence.startswith("Net_kg of plot_id")
    assert "1 more rows differ" in cause.sentence


# -- ledger and log -------------------------------------------------------------------------------


def test_everything_rewritten_consistently_is_not_what_the_registry_took_in(files: Files) -> None:
    """Whoever mends even the document's own digest cannot mend the ledger."""
    tampered = mended(with_json(files, EVIDENCE, lambda told: told["project"].update(name="Mine")))
    cause = cause_of(verified(tampered, 0))
    assert cause.name == "ledger"
    assert "something in it was changed since" in cause.sentence


def test_a_reordered_ledger(files: Files) -> None:
    """The decision is told to have come before the submission, all digests mended."""
    told = json.loads(files[LEDGER])
    first, second = (dict(part["entry"]) for part in told["entries"][:2])
    first["sequence"], second["sequence"] = second["sequence"], first["sequence"]
    for entry in (first, second):
        entry["entry_hash"] = entry_digest(Entry(**entry))
    told["entries"][0]["entry"], told["entries"][1]["entry"] = second, first
    cause = cause_of(verified(described({**files, LEDGER: rfc8785.dumps(told)}), 0))
    assert cause.name.startswith("ledger entry")
    assert "entries were put into another order" in cause.sentence


def test_a_forged_signature(files: Files) -> None:
    note = files[CHECKPOINT].decode()
    body, line = note.rsplit(" ", 1)
    value = bytearray(base64.b64decode(line))
    value[-1] ^= 1
    forged = f"{body} {base64.b64encode(bytes(value)).decode()}\n".encode()
    cause = cause_of(verified(described({**files, CHECKPOINT: forged}), 0))
    assert cause.name == "signature of the checkpoint"
    assert "is not signed by a key that the bundle names" in cause.sentence


def test_a_forged_signature_under_a_key_of_the_forger(files: Files) -> None:
    """A bundle that names the forger's own key agrees with itself; the registry's key tells."""
    secret = Ed25519PrivateKey.generate()
    state = read_note(files[CHECKPOINT].decode()).checkpoint
    note = write_note(state, secret.public_key(), secret.sign)
    name = to_multikey(secret.public_key())
    tampered = with_json(files, LEDGER, lambda told: told.update(keys=[name]))
    tampered = described({**tampered, CHECKPOINT: note.encode()})
    assert verified(tampered, 0).stands
    own = tuple(json.loads(files[LEDGER])["keys"])
    assert verified(files, 0, Trust(keys=own)).stands
    cause = cause_of(verified(tampered, 0, Trust(keys=own)))
    assert "is not signed by the registry's key that you gave" in cause.sentence


def test_an_older_checkpoint(files: Files, outcome: Outcome) -> None:
    """A true checkpoint from before the issuance vouches for nothing after it."""
    from registry_api.services import transparency

    entries = json.loads(files[LEDGER])["entries"]
    workspace = outcome.stage.workspace
    with workspace.reading() as session:
        older = transparency.note(session, workspace.settings, entries[0]["entry"]["sequence"] - 1)
    cause = cause_of(verified(described({**files, CHECKPOINT: older.encode()}), 0))
    assert cause.sentence.endswith("it is older than the entry; ask the registry for a newer one.")


def test_the_evidence_of_another_estimate(files: Files) -> None:
    cause = cause_of(verified(files, 0, Trust(estimate_sha256="ab" * 32)))
    assert "not abababababab… as you asked" in cause.sentence


def test_a_file_taken_out(files: Files) -> None:
    tampered = {name: data for name, data in files.items() if name != "books.json"}
    cause = cause_of(verified(tampered, 0))
    assert (cause.name, cause.status) == ("books.json", "missing")
    report = verified(described(tampered), 1)
    assert cause_of(report).sentence == "The evidence names books, which is not here."
    assert any("there is no books" in node.sentence for node in report.nodes)


def test_a_log_made_up_for_the_occasion(files: Files) -> None:
    """One's own log of the same entries under one's own key, the registry's name on it."""
    told = json.loads(files[LEDGER])
    leaf = merkle.leaf_hash(bytes.fromhex(told["entries"][-1]["entry"]["entry_hash"]))
    secret = Ed25519PrivateKey.generate()
    origin = read_note(files[CHECKPOINT].decode()).checkpoint.origin
    note = write_note(Checkpoint(origin, 1, leaf), secret.public_key(), secret.sign)
    tampered = described({**files, CHECKPOINT: note.encode()})
    assert cause_of(verified(tampered, 0)).name == "signature of the checkpoint"


def _measured_row(files: Files) -> int:
    trees = table_of(files, "trees")
    sampled = {plot.plot_id for plot in Bundle(files).document.plots if plot.sampled}
    rows = trees[trees["plot_id"].isin(sampled) & (trees["agb_kg"] > 0) & trees["height_m"].isna()]
    return int(rows["row"].iloc[-1])


def _weighed_again(files: Files) -> pd.DataFrame:
    from mrv.biomass.assignment import tree_biomass
    from mrv.biomass.context import BiomassContext

    bundle = Bundle(files)
    ecology = BiomassContext.of(bundle.settings.ecology, bundle.methodology)
    trees = table_of(files, "trees").drop(columns=["agb_kg", "equation_id"])
    weighed = tree_biomass(trees, ecology)[["row", "equation_id", "agb_kg"]]
    return trees[["row"]].merge(weighed, on="row", how="left")
