"""What the limited child does with an inventory of trees; `limited` starts it."""

import pyarrow as pa

from mrv.sources.child import Asked, answer


def main() -> None:
    """Read the trees that come in, and end."""
    answer(_make_ready, _table)


def _make_ready(_data: bytes, _asked: Asked) -> None:
    from mrv.sources.tree_tables import parse_trees

    # Libraries load parts of themselves late; a first small table of ours goes through them.
    trees = parse_trees(b"plot_id,dbh_cm\na,1\n", "first.csv", {})
    pa.array(trees["plot_id"].tolist(), pa.string())


def _table(data: bytes, asked: Asked) -> pa.Table:
    from mrv.sources.tree_tables import parse_trees

    trees = parse_trees(data, asked["name"], asked["columns"])
    # The first column is the place in the file; a column of theirs may have its name.
    cells = [pa.array(trees.iloc[:, at].tolist(), pa.string()) for at in range(trees.shape[1])]
    return pa.Table.from_arrays(
        [pa.array(trees.index.tolist(), pa.int64()), *cells],
        [str(trees.index.name), *trees.columns],
    )
