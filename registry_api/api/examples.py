"""Examples in the API's description: real answers of a registry with one invented project.

`examples.json` is written from such a registry by the tests, which also hold it against what the
API answers; see tests/registry_api/test_openapi.py.
"""

import json
from functools import lru_cache
from importlib import resources
from typing import Any


def example(
    name: str, media_type: str = "application/json", status: int = 200
) -> dict[int | str, dict[str, Any]]:
    """Describe one successful answer by its example."""
    return {status: {"content": {media_type: {"example": _examples().get(name)}}}}


@lru_cache
def _examples() -> dict[str, Any]:
    text = resources.files("registry_api.api").joinpath("examples.json").read_text("utf-8")
    examples: dict[str, Any] = json.loads(text)
    return examples
