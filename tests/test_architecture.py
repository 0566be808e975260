"""Rules of the house that no other tool checks: walls, the rim, and that what is written is true.

Each of them was agreed once; a test keeps it agreed.
"""

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import mrv.errors
import registry_api.errors
from mrv.errors import MrvError
from registry_api.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("mrv", "pipelines", "registry_api")
README = (ROOT / "README.md").read_text("utf-8")
MEBIBYTE = 2**20


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def modules(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    """Give every module of our packages by its path from the root."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "node_modules" not in name:
                yield name, tree_of(path)


@cache
def tracked() -> tuple[Path, ...]:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout, so nothing is tracked")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


# -- walls ---------------------------------------------------------------------------------------


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


OUTSIDE = {
    "aiohttp", "fsspec", "ftplib", "glob", "http", "httpx", "obstore", "odc", "os", "pathlib",
    "pyogrio", "pystac_client", "rasterio", "requests", "shutil", "socket", "sqlite3", "subprocess",
    "tempfile", "urllib",
}  # fmt: skip
READS_OR_WRITES = {  # `to_csv` is missing because without a path it gives a text
    "open", "read_text", "read_bytes", "write_text", "write_bytes", "read_csv", "read_table",
    "read_excel", "read_json", "read_parquet", "read_feather", "read_pickle", "read_file",
    "to_parquet", "to_feather", "to_pickle", "to_file", "fromfile", "tofile", "loadtxt", "savetxt",
    "genfromtxt", "memmap", "save", "savez", "savez_compressed", "urlopen", "urlretrieve",
}  # fmt: skip
PACKAGE_DATA = {  # tables and rules that are part of the code, by importlib.resources
    "mrv/biomass/allometry.py",
    "mrv/biomass/selection.py",
    "mrv/biomass/wood_density.py",
    "mrv/evidence/code.py",
    "mrv/evidence/exchange.py",
    "mrv/methodologies/__init__.py",
    "mrv/plots/countries.py",
    "mrv/plots/mapping.py",
    "mrv/methodologies/releases.py",
}


def imported(tree: ast.Module) -> set[str]:
    """Name the top-level packages a module imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def called(tree: ast.Module) -> set[str]:
    """Name the functions and methods a module calls, without what they belong to."""
    functions = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {
        function.id if isinstance(function, ast.Name) else function.attr
        for function in functions
        if isinstance(function, ast.Name | ast.Attribute)
    }


def test_only_the_rim_of_mrv_touches_files_and_connections() -> None:
    touching: dict[str, set[str]] = {}
    package_data: set[str] = set()
    for name, tree in modules("mrv"):
        if name.startswith("mrv/sources/"):
            continue
        found = (imported(tree) & OUTSIDE) | (called(tree) & READS_OR_WRITES)
        if name in PACKAGE_DATA and found <= {"read_text", "read_bytes"}:
            package_data |= {name} if found and "importlib" in imported(tree) else set()
        elif found:
            touching[name] = found
    assert touching == {}
    assert package_data == PACKAGE_DATA, "no longer reads package data: take it off the list"


ENVIRONMENT = {
    "pipelines/resources.py",  # the settings of the pipelines, as Dagster binds them
    "pipelines/execution.py",  # sets PARKLAND_HOME meanwhile, which dagster.yaml asks for
    "pipelines/commands/dev.py",  # hands the environment on to Dagster's own process
}


def test_settings_are_read_in_one_place_each() -> None:
    looking = {
        name
        for name, tree in modules(*PACKAGES)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"})
        or (isinstance(node, ast.alias) and node.name in {"environ", "environb", "getenv"})
    }
    assert looking == ENVIRONMENT
    classes = {
        name
        for name, tree in modules(*PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and "BaseSettings" in map(ast.unparse, node.bases)
    }
    assert classes == {"registry_api/settings.py"}


def test_stages_do_not_postpone_their_annotations() -> None:
    """Dagster reads the type of `context`; `from __future__ import annotations` hides it."""
    assert not [name for name, tree in modules("pipelines") if "__future__" in imported(tree)]


# -- rules and errors ----------------------------------------------------------------------------


def rules() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "mrv/methodologies").glob("*_v*.toml")):
        for section, values in tomllib.loads(path.read_text("utf-8")).items():
            if section != "methodology":
                yield from ((path.name, f"{section}.{name}") for name in values)


def test_every_rule_is_applied_somewhere() -> None:
    """By its dotted name; the caps of `plausibility` are chosen by the project's own key."""
    texts = {
        node.value
        for _name, tree in modules("mrv", "pipelines")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert "plausibility." in texts
    idle = [rule for rule in rules() if rule[1] not in texts]
    assert [rule for rule in idle if not rule[1].startswith("plausibility.")] == []


def drawn(module: ModuleType) -> dict[str, tuple[str | None, str]]:
    """Read the tree of errors in a module's docstring: name -> (name of its parent, words)."""
    found: dict[str, tuple[str | None, str]] = {}
    above: dict[int, str] = {}
    for line in (module.__doc__ or "").splitlines():
        if match := re.fullmatch(r"([│├└─ ]*)([A-Z]\w+)  +(\S.*)|([A-Z]\w+Error)", line):
            depth = len(match[1] or "") // 4
            name = match[2] or match[4]
            above[depth] = name
            found[name] = (above.get(depth - 1), match[3] or "")
    return found


@pytest.mark.parametrize("module", [mrv.errors, registry_api.errors], ids=lambda m: m.__name__)
def test_every_error_is_drawn_where_it_belongs(module: ModuleType) -> None:
    picture = drawn(module)
    own = {
        name: error
        for name, error in inspect.getmembers(module, inspect.isclass)
        if issubclass(error, MrvError) and error.__module__ == module.__name__
    }
    assert set(picture) == set(own) | {"MrvError"}
    for name, error in own.items():
        parent, words = picture[name]
        if error is not MrvError:
            assert error.__base__.__name__ == parent, name
            assert (error.__doc__ or "").lower().startswith(words.lower()), name


def test_every_error_has_a_code_of_its_own_and_lives_in_a_tree() -> None:
    def below(error: type[MrvError]) -> Iterator[type[MrvError]]:
        yield error
        for child in error.__subclasses__():
            yield from below(child)

    errors = [error for error in below(MrvError) if error.__module__.split(".")[0] in PACKAGES]
    assert {error.__module__ for error in errors} == {"mrv.errors", "registry_api.errors"}
    codes = [error.__dict__.get("code") for error in errors]
    assert None not in codes
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", str(code)) for code in codes)


# -- what is written -----------------------------------------------------------------------------


def test_the_readme_names_every_folder() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in tracked() if path.parent != ROOT}
    assert [name for name in sorted(folders) if not re.search(rf"{re.escape(name)}/", README)] == []


def test_the_readme_names_every_make_target_that_is_for_people() -> None:
    """Those with a `##` line; `make help` lists them."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE)) - {"help"}
    assert {"demo", "test", "lint", "bench", "serve"} <= targets
    assert [name for name in sorted(targets) if f"make {name}" not in README] == []


def test_the_readme_names_every_setting() -> None:
    settings = {f"PARKLAND_{name.upper()}" for name in Settings.model_fields}
    settings |= {
        node.value
        for _name, tree in modules(*PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"PARKLAND_[A-Z_]+[A-Z]", node.value)
    }
    assert [name for name in sorted(settings) if f"`{name}`" not in README] == []


def test_paths_named_in_the_readme_are_there() -> None:
    named = set(re.findall(r"`((?:\w+/)+[\w.]*)`", README))
    ours = {name for name in named if (ROOT / name.split("/")[0]).is_dir()}
    assert ours
    assert [name for name in sorted(ours) if not (ROOT / name).exists()] == []


# -- what is tracked -----------------------------------------------------------------------------

HOSTS = re.compile(
    r"(?:pypi|pythonhosted|npmjs|anaconda|conda-forge)\.(?:org|com|io)", re.IGNORECASE
)
MACHINES = re.compile(
    r"""(?:^|[\s"'`=(:])/(?:home|root|Users|work|opt|tmp|mnt|srv)/\w""", re.MULTILINE
)


def test_no_tracked_file_names_an_index_or_a_place_on_one_machine() -> None:
    named: dict[str, str] = {}
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if found := HOSTS.search(text) or MACHINES.search(text):
            named[path.relative_to(ROOT).as_posix()] = found[0].strip()
    assert named == {}


def test_no_tracked_file_is_large() -> None:
    large = {path.name: path.stat().st_size for path in tracked()}
    assert {name: size for name, size in large.items() if size > MEBIBYTE} == {}
