"""Examples in the API's description: real answers of a registry with one invented project.

`examples.json` is written from such a registry by tests/registry_api/api/freeze.py, and the tests
hold it against what the API promises.
"""

import json
from functools import lru_cache
from importlib import resources
from typing import Any


def example(
    name: str, media_type: str = "application/json", status: int = 200
) -> dict[int | str, dict[str, Any]]:
    """Describe one successful answer by the name of its example."""
    return {status: {"content": {media_type: {"example": name}}}}


def fill_in(description: dict[str, Any]) -> None:
    """Put the examples where their names stand; FastAPI itself would drop every null in them."""
    for path in description["paths"].values():
        for operation in path.values():
            for status in ("200", "201", "202"):
                for content in operation["responses"].get(status, {}).get("content", {}).values():
                    if "example" in content:  # files to take home have none
                        content["example"] = known_examples()[content["example"]]


@lru_cache
def known_examples() -> dict[str, Any]:
    """Read the examples by name."""
    text = resources.files("registry_api.api").joinpath("examples.json").read_text("utf-8")
    examples: dict[str, Any] = json.loads(text)
    return examples
