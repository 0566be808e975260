"""The nodes of the log's Merkle tree: read when a proof needs them, added with each entry."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.evidence.merkle import completed_nodes, leaf_hash
from registry_api.db.models import LogNode
from registry_api.errors import NotReady


def grow(session: Session, sequence: int, entry_hash: str) -> None:
    """Append a ledger entry to the log, with all full subtrees that it completes."""
    leaf = leaf_hash(bytes.fromhex(entry_hash))
    session.add_all(
        LogNode(level=level, position=position, hash=node)
        for level, position, node in completed_nodes(sequence - 1, leaf, Nodes(session))
    )
    session.flush()


def in_order_of_growth(session: Session) -> Iterator[tuple[int, int, bytes]]:
    """Give all nodes as they were added: level, position and hash."""
    last_leaf = (LogNode.position + 1).bitwise_lshift(LogNode.level)
    with session.execute(
        select(LogNode.level, LogNode.position, LogNode.hash)
        .order_by(last_leaf, LogNode.level)
        .execution_options(yield_per=1000)
    ) as rows:  # closed also where nobody asks to the end
        for row in rows:
            yield row.level, row.position, row.hash


class Nodes:
    """Reads full subtrees, each once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, position: int) -> bytes:
        """Give a node.

        Raises:
            NotReady: If it is gone, which nothing here does.
        """
        found = self._known.get((level, position))
        if found is None:
            row = self._session.get(LogNode, (level, position))
            if row is None:
                raise NotReady(
                    f"The log lacks node {position} of level {level}; restore the database from a "
                    "copy."
                )
            found = self._known[level, position] = row.hash
        return found
