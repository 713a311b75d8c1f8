"""What is installed is what setup.cfg says, and the rooms keep their rules."""

import configparser
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import import_module
from importlib.metadata import EntryPoint, distribution, entry_points
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
GROUPS = ("pit.verbs", "pit.filters", "pit.words")


def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


def listed(section: str, option: str) -> list[str]:
    return setup_cfg()[section][option].split()


def rooms() -> dict[str, Path]:
    """Return package_dir: import name to folder."""
    lines = setup_cfg()["options"]["package_dir"].strip().splitlines()
    return {package: Path(room) for package, room in (line.split(" = ") for line in lines)}


def in_setup_cfg(group: str) -> dict[str, str]:
    lines = setup_cfg()["options.entry_points"][group].strip().splitlines()
    pairs = (line.split("=", 1) for line in lines)
    return {name.strip(): value.strip() for name, value in pairs}


def pins() -> dict[str, str]:
    """Return constraints.txt: canonical name to version; every line must be an exact pin."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    found = [re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!+]+)", line) for line in lines]
    loose = [line for line, pin in zip(lines, found, strict=True) if not pin and line[:1] != "#"]
    assert loose == []
    return {canonicalize_name(pin[1]): pin[2] for pin in found if pin}


def closure(name: str, extras: frozenset[str]) -> dict[str, str]:
    """Return what a distribution needs, directly or not: canonical name to installed version."""
    needed: dict[str, str] = {}
    waiting = [(name, extras)]
    while waiting:
        name, extras = waiting.pop()
        for text in distribution(name).requires or []:
            need = Requirement(text)
            wanted = any(
                need.marker is None or need.marker.evaluate({"extra": extra})
                for extra in extras or {""}
            )
            if wanted and canonicalize_name(need.name) not in needed:
                needed[canonicalize_name(need.name)] = distribution(need.name).version
                waiting.append((need.name, frozenset(need.extras)))
    return needed


# --- packages ---------------------------------------------------------------------------------


def test_setup_cfg_lists_every_package_of_every_room() -> None:
    there = {
        ".".join([package, *folder.relative_to(ROOT / room).parts])
        for package, room in rooms().items()
        for folder in [ROOT / room, *(ROOT / room).rglob("*")]
        if (folder / "__init__.py").is_file()
    }
    assert set(listed("options", "packages")) == there


def test_every_room_is_typed() -> None:
    assert [room for room in rooms().values() if not (ROOT / room / "py.typed").is_file()] == []


def test_a_wheel_holds_every_module_and_no_pit_of_its_own(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ["setup.cfg", "pyproject.toml", "LICENSE"]:
        shutil.copy(ROOT / name, source)
    for room in rooms().values():
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", tmp_path, source], check=True)
    [wheel] = tmp_path.glob("tradingpit-*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("pit/")}
    assert held == {
        f"{package.replace('.', '/')}/{file.relative_to(source / room)}"
        for package, room in rooms().items()
        for file in (source / room).rglob("*")
        if file.suffix == ".py" or file.name == "py.typed"
    }


# --- versions ---------------------------------------------------------------------------------


def test_every_requirement_direct_or_not_is_held_to_what_is_installed() -> None:
    needed = closure("tradingpit", frozenset({"", "mailman", "test"}))
    assert {"pysequoia", "pytest", "mailmanclient"} <= set(needed)
    held = pins()
    assert {name: held.get(name) for name in needed} == needed


def test_constraints_hold_nothing_that_nobody_needs() -> None:
    for_fuzzing = set(listed("options.extras_require", "fuzz"))  # installed by make fuzz alone
    needed = set(closure("tradingpit", frozenset({"", "mailman", "test"})))
    assert set(pins()) == needed | for_fuzzing


# --- entry points -----------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS)
def test_what_is_installed_is_the_table_of_setup_cfg(group: str) -> None:
    ours = distribution("tradingpit").entry_points.select(group=group)
    assert {entry.name: entry.value for entry in ours} == in_setup_cfg(group)


@pytest.mark.parametrize("group", GROUPS)
def test_every_entry_point_leads_to_something(group: str) -> None:
    leads_nowhere = []
    for name, value in in_setup_cfg(group).items():
        module, _, attribute = value.partition(":")
        try:
            getattr(import_module(module), attribute)
        except (ModuleNotFoundError, AttributeError) as error:
            leads_nowhere.append(f"{name} = {value}: {error}")
    assert leads_nowhere == []


def test_the_console_script_tells_the_version_of_setup_cfg() -> None:
    command = [Path(sys.executable).with_name("pit"), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"pit {setup_cfg()['metadata']['version']}\n"


def test_two_verbs_never_share_a_function() -> None:
    values = list(in_setup_cfg("pit.verbs").values())
    assert len(values) == len(set(values))


# --- who imports whom -------------------------------------------------------------------------


def forbidden_chains(graph: grimp.ImportGraph, modules: set[str]) -> list[tuple[str, ...]]:
    """Return the shortest import chain for each pair of these modules that has one."""
    return [
        chain
        for importer in sorted(modules)
        for imported in sorted(modules - {importer})
        if (chain := graph.find_shortest_chain(importer, imported)) is not None
    ]


def test_no_filter_imports_another_directly_or_not() -> None:
    filters: list[EntryPoint] = list(entry_points(group="pit.filters"))
    packages = {entry.module.rpartition(".")[0] for entry in filters}
    graph = grimp.build_graph("pit.archives", "pit.pits", *packages, cache_dir=None)
    modules = {entry.module for entry in filters}
    assert modules <= graph.modules
    assert forbidden_chains(graph, modules) == []


def test_an_import_of_one_filter_by_another_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "badfilters"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "settle.py").write_text("from badfilters import shared\n")
    (folder / "shared.py").write_text("def late():\n    import badfilters.match\n")
    (folder / "match.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    graph = grimp.build_graph("badfilters", cache_dir=None)
    assert forbidden_chains(graph, {"badfilters.settle", "badfilters.match"}) == [
        ("badfilters.settle", "badfilters.shared", "badfilters.match")
    ]


@pytest.mark.parametrize(
    ("room", "imported"),
    [
        ("archives", "pit.pits"),
        ("pits", "pit.filters"),
        ("filters", "pit.moderator"),
        ("moderator", "pit.wallet"),
        ("wallet", "pit.filters"),
    ],
)
def test_an_import_that_points_up_or_sideways_breaks_the_contract(
    tmp_path: Path, room: str, imported: str
) -> None:
    for package in listed("importlinter", "root_packages"):
        folder = tmp_path / package.replace(".", "/")
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    lint = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    where = {"cwd": tmp_path, "env": {"PYTHONPATH": str(tmp_path)}}
    whole = subprocess.run(lint, capture_output=True, text=True, **where)
    assert whole.returncode == 0, whole.stdout
    (tmp_path / "pit" / room / "wrong.py").write_text(f"import {imported}\n")
    broken = subprocess.run(lint, capture_output=True, text=True, **where)
    assert broken.returncode == 1
    assert f"pit.{room}.wrong -> {imported}" in broken.stdout
