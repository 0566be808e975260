"""The console command: help at once, exit codes that mean something, one sentence for an error."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import typer

from pipelines import cli

SAMPLE = Path(__file__).parents[2] / "sample_plots" / "kisumu-women"
COMMANDS = sorted(
    [str(c.name or c.callback.__name__) for c in cli.app.registered_commands]
    + [
        f"{group.name} {command.name}"
        for group in cli.app.registered_groups
        for command in group.typer_instance.registered_commands
    ]
)
# Each takes tenths of a second to import, and none is needed to say what a command does.
HEAVY = {
    "dagster", "fastapi", "geopandas", "matplotlib", "numpy", "pandas", "rasterio", "scipy",
    "sklearn", "sqlalchemy", "stac_fastapi", "uvicorn",
}  # fmt: skip
HEADER = "plot_id,tree_id,species,dbh_cm,measured_on,status"


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """What an error says: one line after its code, and nothing else but what was being done."""
        *doing, line = self.err.strip().splitlines()
        assert all(said.endswith("…") for said in doing)
        code, _gap, sentence = line.partition("  ")
        assert "." in code
        assert sentence.endswith(".")
        return sentence


@pytest.fixture
def parkland(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Said]:
    """Run the command in this process, away from the folder and the home of whoever tests.

    In a thread of its own, for the reason that `conftest.Home.run` gives.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PARKLAND_HOME", raising=False)

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["parkland", *map(str, arguments)])
        capfd.readouterr()
        with ThreadPoolExecutor(1) as thread, pytest.raises(SystemExit) as ended:
            thread.submit(cli.main).result()
        captured = capfd.readouterr()
        return Said(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "brought"))


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")


# -- help ----------------------------------------------------------------------------------------


def test_help_of_every_command_imports_nothing_heavy() -> None:
    """In one fresh interpreter, one command after another; says what each has brought in."""
    script = f"""
import contextlib, io, json, sys
from pipelines import cli
brought = {{}}
for command in [[], *[name.split() for name in {COMMANDS}]]:
    sys.argv = ["parkland", *command, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as page:
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code
    brought[" ".join(command)] = [code, page.getvalue(), sorted({HEAVY} & set(sys.modules))]
print(json.dumps(brought))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    brought = json.loads(done.stdout)
    assert set(brought) == {"", *COMMANDS}
    for command, (code, page, heavy) in brought.items():
        assert code in {0, None}, command
        assert f"parkland {command}".strip() in page
        assert heavy == [], command


def test_every_command_and_option_says_what_it_is() -> None:
    group = typer.main.get_command(cli.app)
    assert isinstance(group, typer.core.TyperGroup)
    commands = [*group.commands.values()]
    for command in commands:
        if isinstance(command, typer.core.TyperGroup):
            commands += command.commands.values()
        assert command.help, command.name
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{command.name} {parameter.name}"


@pytest.mark.parametrize("command", [["fly"], ["run"], ["simulate", "--plots", "3"], []])
def test_wrong_usage_is_2(parkland: Callable[..., Said], command: list[str]) -> None:
    assert parkland(*command).code == 2


# -- one sentence --------------------------------------------------------------------------------


def test_the_installed_command_says_one_sentence_too(tmp_path: Path) -> None:
    """As people meet it: an interpreter of its own, no test around it."""
    done = subprocess.run(
        [Path(sys.executable).with_name("parkland"), "simulate", "--growth", "some"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "--growth is 'normal' or 'none'" in Said(1, "", done.stderr).sentence
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_project(parkland: Callable[..., Said]) -> None:
    said = parkland("run", "--project", "never-seen")
    assert said.code == 1
    assert "never-seen" in said.sentence


def test_a_folder_without_a_project(parkland: Callable[..., Said], tmp_path: Path) -> None:
    said = parkland("run", "--project", tmp_path)
    assert said.code == 1
    assert said.sentence == (
        f"There is no project.toml in {tmp_path}; a project is a folder with one."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_broken_project_toml(parkland: Callable[..., Said], folder: Path) -> None:
    (folder / "project.toml").write_text('id == "kisumu-women"', "utf-8")
    said = parkland("run", "--project", folder)
    assert said.code == 1
    assert "project.toml is not valid TOML" in said.sentence
    assert "line 1" in said.sentence


def test_a_wrong_setting(parkland: Callable[..., Said], folder: Path) -> None:
    edit(folder / "project.toml", 'country = "KE"', 'country = "Kenya"')
    said = parkland("run", "--project", folder)
    assert said.code == 1
    assert "country" in said.sentence


def test_an_unknown_period(parkland: Callable[..., Said], folder: Path) -> None:
    said = parkland("run", "--project", folder, "--period", "1999-2002")
    assert said.code == 1
    assert "no period '1999-2002'" in said.sentence
    assert "2019-2022, 2022-2025" in said.sentence


@pytest.mark.parametrize("table", ["plots.geojson", "trees.csv"])
def test_a_table_that_is_not_there(parkland: Callable[..., Said], folder: Path, table: str) -> None:
    (folder / table).unlink()
    said = parkland("run", "--project", folder)
    assert said.code == 1
    assert f"'{table}', which is not there" in said.sentence


def test_boundaries_that_are_none(parkland: Callable[..., Said], folder: Path) -> None:
    (folder / "plots.geojson").write_text("<kml/>", "utf-8")
    said = parkland("run", "--project", folder)
    assert said.code == 1
    assert "plots.geojson" in said.sentence


def test_an_unknown_archetype(parkland: Callable[..., Said]) -> None:
    said = parkland("simulate", "--archetype", "atlantis")
    assert said.code == 1
    assert "no landscape 'atlantis'" in said.sentence
    assert "kisumu-women" in said.sentence


def test_an_unknown_growth(parkland: Callable[..., Said]) -> None:
    assert "not 'some'" in parkland("simulate", "--growth", "some").sentence


@pytest.mark.parametrize("option", ["--region", "--height-model"])
def test_an_unknown_model(parkland: Callable[..., Said], tmp_path: Path, option: str) -> None:
    (tmp_path / "trees.csv").write_text(f"{HEADER}\nA,1,Mangifera indica,12,2024-01-01,alive\n")
    said = parkland("trees", "trees.csv", option, "nowhere")
    assert said.code == 1
    assert "'nowhere'" in said.sentence


def test_brackets_in_a_sentence_are_no_markup(
    parkland: Callable[..., Said], tmp_path: Path
) -> None:
    assert "'[/red]x'" in parkland("run", "--project", "[/red]x").sentence
    (tmp_path / "trees.csv").write_text("tree,diameter\n1,12\n")
    assert "[inputs.tree_columns]" in parkland("trees", "trees.csv").sentence


def test_a_home_that_cannot_be_one(
    parkland: Callable[..., Said], tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "file").write_text("")
    said = parkland("run", "--project", folder, "--home", tmp_path / "file" / "home")
    assert said.code == 1
    assert str(tmp_path / "file") in said.sentence
    assert parkland("run", "--project", folder, "--home", tmp_path / "file").code == 2


def test_a_mistake_of_ours_is_not_hushed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(ZeroDivisionError):
        cli.main()


# -- simulate and trees --------------------------------------------------------------------------


def test_simulate_leaves_a_full_folder_alone(parkland: Callable[..., Said], tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "letter.txt").write_text("dear")
    said = parkland("simulate", "--out", full)
    assert said.code == 1
    assert "is not empty" in said.sentence
    assert [path.name for path in full.iterdir()] == ["letter.txt"]
    assert parkland("simulate", "--out", full / "letter.txt").code == 2


def test_simulate_names_its_archetypes(parkland: Callable[..., Said]) -> None:
    said = parkland("simulate", "--archetype", "list")
    assert said.code == 0
    assert "burkina-shea" in said.out


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    file = tmp_path / "inventory.csv"
    rows = (
        "A,1,Grevillea robusta,12.5,2024-01-10,alive",
        "A,2,Grevillea robusta,-4,2024-01-10,alive",
        "A,3,[/red] unheard of,9,2024-01-10,alive",
        "B,1,Mangifera indica,21,2024-01-11,alive",
    )
    file.write_text("\n".join((HEADER, *rows, "")), "utf-8")
    return file


def test_trees_says_what_is_wrong_with_a_row_and_uses_the_others(
    parkland: Callable[..., Said], inventory: Path
) -> None:
    said = parkland("trees", inventory, "--draws", "100", "--plot-area-ha", "0.25")
    assert said.code == 0
    assert "Row 3: dbh_cm is -4" in said.out
    assert "Biomass of 2 plots  [t d.m./ha, 90 % interval]" in said.out


def test_trees_as_json(parkland: Callable[..., Said], inventory: Path) -> None:
    said = parkland("trees", inventory, "--draws", "100", "--json")
    document = json.loads(said.out)
    wrong = [row for row in document["findings"] if row["severity"] == "error"]
    assert [(row["row"], row["column"]) for row in wrong] == [(3, "dbh_cm")]
    assert [plot["plot_id"] for plot in document["plots"]] == ["A", "B"]
    assert all(p["q05_t_ha"] < p["agb_t_ha"] < p["q95_t_ha"] for p in document["plots"])


# -- the whole path ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.xdist_group("whole_path")
def test_simulate_then_run_issues(tmp_path: Path) -> None:
    """The README's two lines. That a refusal is 3 is shown on real imagery, in end_to_end."""

    def parkland(*arguments: str) -> dict[str, object]:
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.cli", *arguments, "--json"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SAMPLE.parents[1])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    made = parkland("simulate", "--plots", "60", "--seed", "7", "--out", "my-landscape")
    assert made["plots"] == 60
    run = parkland("run", "--demo", "--project", "my-landscape", "--out", "tables")
    assert (run["state"], run["refused"]) == ("issued", False)
    allocation = pd.read_parquet(tmp_path / "tables" / "allocation.parquet")
    assert allocation["net_kg"].sum() == 1000 * run["credits_t"] + run["carried_kg"]
    assert (tmp_path / ".parkland" / "registry.sqlite").exists()
