"""What the limited child does with a file of boundaries; `limited` starts it."""

from mrv.sources.child import answer


def main() -> None:
    """Read the boundaries that come in, and end."""
    from mrv.sources.boundaries.formats import table_of
    from mrv.sources.boundaries.readiness import make_ready

    answer(
        lambda data, asked: make_ready(data, asked["name"]),
        lambda data, asked: table_of(data, asked["name"], asked["crs"]),
    )
