"""A forked process in which one file reads differently, and the tests that judge it there.

The file on disk stays as it is, so a run may be ended at any moment.
"""

import importlib
import importlib.machinery
import io
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final, Literal

ROOT: Final = Path(__file__).resolve().parents[2]
Verdict = Literal["noticed", "out of time", "unnoticed"]

# Without the plugins of the whole suite, whose loading would take most of the time.
_PYTEST = (
    "-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib",
    "-m", "not slow and not browser",
)  # fmt: skip
_CRASHES: Final = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGABRT}
_HEAVY = (
    "numpy", "pandas", "pytest", "pydantic", "tomllib", "scipy.stats", "scipy.optimize", "numba",
    "geopandas", "sklearn.ensemble", "hypothesis",
)  # fmt: skip


def load_what_is_heavy() -> None:
    """Load what every child needs, but nothing of the project: that must see the change."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path.insert(0, str(ROOT))
    for name in _HEAVY:
        importlib.import_module(name)
    from hypothesis import settings

    settings.register_profile("mutation", deadline=None, derandomize=True)
    settings.load_profile("mutation")


def judge(path: str, text: bytes, judges: Sequence[str], patience_s: float) -> Verdict:
    """Run tests where a file reads differently.

    Args:
        path: File, from the project's folder.
        text: What it is to read.
        judges: Files of tests, from the project's folder, the quickest first.
        patience_s: After which the tests count as endless [s].

    Returns:
        Whether one of them failed, or none came to an end in time.

    Raises:
        RuntimeError: If the process ended in a way that says nothing.
    """
    code = _in_child(lambda: _run(path, text, judges), patience_s)
    if code == -signal.SIGALRM:
        return "out of time"
    if code in _CRASHES:  # compiled code that reads beyond its arrays takes its process along
        return "noticed"
    if code not in {0, 1, 2, 3, 4}:
        raise RuntimeError(f"The tests of {path} ended with {code}, which says nothing.")
    return "noticed" if code else "unnoticed"


def _in_child(work: Callable[[], int], patience_s: float) -> int:
    child = os.fork()
    if child == 0:
        code = 70
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(max(1, int(patience_s)))
            code = work()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _run(path: str, text: bytes, judges: Sequence[str]) -> int:
    _put_in_place(ROOT / path, text)
    import pytest  # loaded already, by the parent; here so that nothing of it is patched

    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return int(pytest.main([*_PYTEST, *(str(ROOT / place) for place in judges)]))


def _put_in_place(path: Path, text: bytes) -> None:
    """Let this process read and import another text for a file."""
    if path.suffix == ".py" and b"numba" in text:
        # What was compiled of the real file must neither be used nor spoilt.
        import numba

        numba.config.CACHE_DIR = tempfile.mkdtemp(prefix="mutant-")
    read_text, read_bytes = Path.read_text, Path.read_bytes

    def text_of(self: Path, *args: Any, **named: Any) -> str:  # noqa: ANN401  (as pathlib's)
        return text.decode() if self == path else read_text(self, *args, **named)

    def bytes_of(self: Path) -> bytes:
        return text if self == path else read_bytes(self)

    Path.read_text, Path.read_bytes = text_of, bytes_of  # type: ignore[method-assign]
    get_code = importlib.machinery.SourceFileLoader.get_code

    def code_of(self: importlib.machinery.SourceFileLoader, name: str) -> Any:  # noqa: ANN401
        if Path(self.path) == path:
            return compile(text, str(path), "exec", dont_inherit=True)
        return get_code(self, name)

    importlib.machinery.SourceFileLoader.get_code = code_of  # type: ignore[method-assign]
