"""A Merkle tree over a list that only grows: its root, and proofs that need no trust in its keeper.

An inclusion proof shows that an entry is in the list; a consistency proof, that a longer list
begins with a shorter one, so that nothing in it was changed, moved or taken out.

Source:
    RFC 6962 2.1 and RFC 9162 2.1.1-2.1.4 (hashing, proofs, and how they are checked).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

EMPTY_ROOT = hashlib.sha256().digest()

Nodes = Callable[[int, int], bytes]
"""Gives the hash of the full subtree of 2**level leaves at a position among those of its level."""


def leaf_hash(data: bytes) -> bytes:
    """Hash an entry of the list (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbouring subtrees into the one that holds both (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def completed_nodes(index: int, leaf: bytes, nodes: Nodes) -> Iterator[tuple[int, int, bytes]]:
    """Give the full subtrees that an appended leaf completes, itself first.

    Args:
        index: Place of the leaf, from 0.
        leaf: Its hash.
        nodes: Gives the full subtrees that were there before.

    Yields:
        Level, position and hash of each.
    """
    level, position, digest = 0, index, leaf
    yield level, position, digest
    while position & 1:
        digest = node_hash(nodes(level, position - 1), digest)
        level, position = level + 1, position >> 1
        yield level, position, digest


def root(size: int, nodes: Nodes) -> bytes:
    """Give the root of the first `size` entries (RFC 9162 2.1.1)."""
    return _subtree(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Prove that an entry is among the first `size` (RFC 9162 2.1.3.1).

    Raises:
        IndexError: If it is not.
    """
    if not 0 <= index < size:
        raise IndexError(f"entry {index} is not among the first {size}")
    return tuple(_path(index, 0, size, nodes))


def consistency_proof(before: int, after: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Prove that the first `after` entries begin with the first `before` (RFC 9162 2.1.4.1).

    Raises:
        IndexError: If the first list is empty or the longer one.
    """
    if not 0 < before <= after:
        raise IndexError(f"no list of {after} entries goes on from one of {before}")
    return tuple(_rest(before, 0, after, nodes, known=True))


def includes(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], claimed_root: bytes
) -> bool:
    """Check an inclusion proof (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    first, last, digest = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            digest = node_hash(sibling, digest)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and digest == claimed_root


def goes_on_from(
    before: tuple[int, bytes], after: tuple[int, bytes], proof: Sequence[bytes]
) -> bool:
    """Check a consistency proof (RFC 9162 2.1.4.2).

    Args:
        before: Size and root of the shorter list.
        after: Of the longer one.
        proof: From `consistency_proof`; nothing where both are of one size.
    """
    (old_size, old_root), (new_size, new_root) = before, after
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT and new_size > 0
    if not 0 < old_size < new_size or not proof:
        return False
    whole = old_size & (old_size - 1) == 0  # then the old root is itself the first node
    steps = (old_root, *proof) if whole else tuple(proof)
    first, last = old_size - 1, new_size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _cut(count: int) -> int:
    """Give the largest power of two below a number of leaves."""
    return 1 << ((count - 1).bit_length() - 1)


def _subtree(begin: int, end: int, nodes: Nodes) -> bytes:
    count = end - begin
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return nodes(level, begin >> level)
    middle = begin + _cut(count)
    return node_hash(_subtree(begin, middle, nodes), _subtree(middle, end, nodes))


def _path(index: int, begin: int, end: int, nodes: Nodes) -> Iterator[bytes]:
    if end - begin == 1:
        return
    middle = begin + _cut(end - begin)
    if index < middle:
        yield from _path(index, begin, middle, nodes)
        yield _subtree(middle, end, nodes)
    else:
        yield from _path(index, middle, end, nodes)
        yield _subtree(begin, middle, nodes)


def _rest(upto: int, begin: int, end: int, nodes: Nodes, *, known: bool) -> Iterator[bytes]:
    if upto == end:
        if not known:
            yield _subtree(begin, end, nodes)
        return
    middle = begin + _cut(end - begin)
    if upto <= middle:
        yield from _rest(upto, begin, middle, nodes, known=known)
        yield _subtree(middle, end, nodes)
    else:
        yield from _rest(upto, middle, end, nodes, known=False)
        yield _subtree(begin, middle, nodes)
