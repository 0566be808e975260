"""The public log: a Merkle tree over the ledger, and proofs by which nobody has to believe us.

A leaf is the digest of a ledger entry, which holds the digests of its payload and of the entry
before it; so evidence, decisions and orders are in the tree through the entries that name them.
Full subtrees are kept as entries come, and never change: a root or a proof takes a few of them.
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mrv.evidence import checkpoints, merkle
from mrv.evidence.checkpoints import Checkpoint, Note
from mrv.evidence.multikey import from_multikey
from registry_api.db.models import LedgerEntry
from registry_api.errors import NotFound
from registry_api.services import ledger, signing
from registry_api.services.log_tree import Nodes, in_order_of_growth
from registry_api.settings import Settings


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That an entry of the ledger is in the log.

    Attributes:
        sequence: Of the entry; it is leaf number `sequence - 1`.
        entry_hash: The digest that the leaf is of, in hex.
        size: Number of entries of the log that it is proved for.
        root: Of that log, in hex.
        proof: Hashes from the leaf up, in hex.
    """

    sequence: int
    entry_hash: str
    size: int
    root: str
    proof: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That a longer log begins with a shorter one.

    Attributes:
        before: Number of entries of the shorter log.
        before_root: Its root, in hex.
        after: Number of entries of the longer one.
        after_root: Its root, in hex.
        proof: Hashes, in hex; none where both are of one size.
    """

    before: int
    before_root: str
    after: int
    after_root: str
    proof: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """Whether ledger and log agree with themselves, each other, and what somebody kept.

    Attributes:
        entries: How many were looked at.
        first_bad: Sequence of the first entry that does not fit; None if all do, or none can be
            named.
        sound: Whether all is well.
        sentence: The same for a person.
    """

    entries: int
    first_bad: int | None
    sound: bool
    sentence: str


def origin(settings: Settings) -> str:
    """Give the log's name, which its notes begin with."""
    url = settings.public_url
    usual = (url.scheme, url.port) in {("https", 443), ("http", 80)}
    return f"{url.host}{'' if usual else f':{url.port}'}/log"


def size_of(session: Session) -> int:
    """Count the entries of the log."""
    return session.scalar(select(func.max(LedgerEntry.sequence))) or 0


def note(session: Session, settings: Settings, size: int | None = None) -> str:
    """Give a checkpoint of the log, signed.

    Args:
        session: Where to look.
        settings: Name the log, and where its key is.
        size: Number of entries that it is of; by default all.

    Raises:
        NotFound: If the log has not come that far.
        NotReady: If there is no key to sign with.
    """
    size = _known(session, size)
    state = Checkpoint(origin(settings), size, merkle.root(size, Nodes(session)))
    key = from_multikey(signing.current_key_id(settings))
    return checkpoints.write_note(state, key, lambda message: signing.sign(settings, message).value)


def prove_inclusion(session: Session, sequence: int, size: int | None = None) -> InclusionProof:
    """Prove that an entry is in the log.

    Args:
        session: Where to look.
        sequence: Of the entry.
        size: Of the log, as an earlier checkpoint says; by default the newest.

    Raises:
        NotFound: If there is no such entry in a log of that size, or no such log yet.
    """
    size = _known(session, size)
    entry = session.get(LedgerEntry, sequence)
    if entry is None or not 1 <= sequence <= size:
        raise NotFound(f"There is no entry {sequence} among the first {size} of the log.")
    nodes = Nodes(session)
    return InclusionProof(
        sequence,
        entry.entry_hash,
        size,
        merkle.root(size, nodes).hex(),
        _hex(merkle.inclusion_proof(sequence - 1, size, nodes)),
    )


def prove_consistency(session: Session, before: int, after: int | None = None) -> ConsistencyProof:
    """Prove that the log goes on from what it was.

    Args:
        session: Where to look.
        before: Number of entries that it had.
        after: Number that it has now; by default all.

    Raises:
        NotFound: If the log never had so many.
    """
    after = _known(session, after)
    if not 1 <= before <= after:
        raise NotFound(f"The log never went from {before} entries to {after}.")
    nodes = Nodes(session)
    return ConsistencyProof(
        before,
        merkle.root(before, nodes).hex(),
        after,
        merkle.root(after, nodes).hex(),
        _hex(merkle.consistency_proof(before, after, nodes)),
    )


def audit(session: Session, settings: Settings, kept: Note | None = None) -> Audit:
    """Recompute ledger and log from the first entry on, against the tree and a kept checkpoint.

    Whoever edits rows and mends every digest after them is found by a checkpoint from before.

    Args:
        session: Where to look.
        settings: Name the log.
        kept: A checkpoint that somebody kept, of which its keeper has checked the signature.
    """
    chain = ledger.verify_chain(session)
    if chain.first_bad is not None:
        return Audit(chain.entries, chain.first_bad, sound=False, sentence=chain.sentence)
    if kept is not None and kept.checkpoint.origin != origin(settings):
        said = f"The checkpoint is of {kept.checkpoint.origin}, not of {origin(settings)}."
        return Audit(chain.entries, None, sound=False, sentence=said)
    wrong = _unlike_the_log(session, chain.entries, kept.checkpoint if kept else None)
    if wrong is not None:
        return Audit(chain.entries, wrong[0], sound=False, sentence=wrong[1])
    said = f"All {chain.entries} ledger entries fit together and are those of the log."
    return Audit(chain.entries, None, sound=True, sentence=said)


def _unlike_the_log(
    session: Session, entries: int, kept: Checkpoint | None
) -> tuple[int | None, str] | None:
    """Grow the log again beside the stored one, and say where they part first."""
    if kept is not None and kept.size > entries:
        return entries + 1, (
            f"The checkpoint knows {kept.size} entries, the ledger has {entries}: it was cut short "
            "or set back; restore it from a newer copy."
        )
    waiting: dict[int, bytes] = {}  # the newest full subtree of each level
    stored = in_order_of_growth(session)
    digests = session.scalars(select(LedgerEntry.entry_hash).order_by(LedgerEntry.sequence))
    for index, digest in enumerate(digests):
        leaf = merkle.leaf_hash(bytes.fromhex(digest))
        for node in tuple(merkle.completed_nodes(index, leaf, lambda level, _: waiting[level])):
            waiting[node[0]] = node[2]
            if next(stored, None) != node:
                return index + 1, (
                    f"Ledger entry {index + 1} is not the one that the log was grown with."
                )
        if kept is None or kept.size != index + 1:
            continue
        if merkle.root(kept.size, lambda level, _: waiting[level]) != kept.root:
            return None, (
                f"The first {kept.size} entries are not those of the checkpoint: at least one was "
                "rewritten since, and all digests after it mended."
            )
    if next(stored, None) is not None:
        return entries + 1, (
            f"The log has leaves beyond ledger entry {entries}: entries were taken away."
        )
    return None


def _known(session: Session, size: int | None) -> int:
    newest = size_of(session)
    if size is not None and not 0 <= size <= newest:
        raise NotFound(f"The log has {newest} entries, not {size}.")
    return newest if size is None else size


def _hex(hashes: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(digest.hex() for digest in hashes)
