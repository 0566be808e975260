"""What Digital Bazaar says of a credential: libraries by others, after the same standards."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from registry_api import web

_WEB = Path(web.__file__).parent


def agrees(credential: Mapping[str, Any], controller: Mapping[str, Any], scratch: Path) -> bool:
    """Say whether a credential's proof holds; skips the test where node or the libraries lack.

    Args:
        credential: With its proof.
        controller: The DID document that names the keys.
        scratch: Where what is asked may be written.
    """
    node = shutil.which("node")
    if node is None or not (_WEB / "node_modules/@digitalbazaar/data-integrity").is_dir():
        pytest.skip("needs node and the packages of registry_api/web: run 'make web'")
    asked = scratch / "asked.json"
    asked.write_text(json.dumps({"credential": credential, "controller": controller}))
    program = Path(__file__).with_suffix(".mjs")
    run = subprocess.run(
        [node, program, _WEB, asked], capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(run.stdout) is True
