"""Writes what the golden cases of a new methodology version come to, and the pins of its release.

    python -m tests.methodology.freeze agroforestry_removals 2

Give the file of golden cases with `name`, `source`, `kind` and `given` of each, and a row of
`releases.toml` with id, version, day and changes. It refuses where that version is pinned already:
a released version is not changed, it is followed by another.
"""

import hashlib
import json
import sys
from pathlib import Path

from mrv.evidence.code import calculation_digest
from mrv.methodologies import load_methodology, methodology_file
from mrv.verification.golden import golden_answer

_PACKAGE = Path(__file__).parents[2] / "mrv" / "methodologies"


def main(methodology_id: str, version: int) -> int:
    """Write expected answers and print the pins."""
    pins = (_PACKAGE / "releases.toml").read_text("utf-8")
    if hashlib.sha256(methodology_file(methodology_id, version)).hexdigest() in pins:
        sys.stdout.write(
            f"{methodology_id} version {version} is released: give what is new another version.\n"
        )
        return 1
    rules = load_methodology(methodology_id, version)
    file = _PACKAGE / f"{methodology_id}_v{version}.golden.json"
    cases = json.loads(file.read_text("utf-8"))
    for case in cases:
        case["expected"] = golden_answer(case, rules)
    file.write_text(json.dumps(cases, indent=2, ensure_ascii=False) + "\n", "utf-8")
    sys.stdout.write(f'rules_sha256 = "{rules.digest}"\n')
    sys.stdout.write(f'golden_sha256 = "{hashlib.sha256(file.read_bytes()).hexdigest()}"\n')
    sys.stdout.write(f'code_sha256 = "{calculation_digest()}"\n')
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
