"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import zdm
from zdm.operations import ALL
from zdm.planning import invariants
from zdm.render.outputs import Output
from zdm.rollout import registry

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "zdm"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_LINES = 400
MAX_FILES = 18
TESTS = ROOT / "tests"
FOLDERS = sorted({module.parent for module in (*MODULES, *TESTS.rglob("*.py"))})
# their folders hold one entry a file
REGISTRIES = {PACKAGE / "operations", PACKAGE / "rules", TESTS / "unit/operations"}
OPERATIONS = sorted(
    path.stem for path in (PACKAGE / "operations").glob("*/*.py") if path.stem != "__init__"
)
DRIVERS = sorted(path.parent.name for path in (PACKAGE / "rollout").glob("*/__init__.py"))
CASES = {  # that every operation has, and the golden file of each
    "plain": "plan.yaml",
    "new_table": "plan.yaml",
    "large_table": "plan.yaml",
    "refused": "refused.txt",
}
WITHOUT = {"new_table": {"as_written"}, "large_table": {"as_written"}}  # it knows no table
SKELETON = "SKELETON" + ":"
FORBIDDEN_MODULE_NAMES = {"utils", "util", "common", "base", "manager", "helpers", "misc"}


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [ROOT / name for name in listing.split("\0") if name]


def test_every_module_stays_short() -> None:
    lines = {module: module.read_text().count("\n") for module in MODULES}

    assert {str(module): n for module, n in lines.items() if n > MAX_LINES} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [m for m in MODULES if not ast.get_docstring(ast.parse(m.read_text()))]

    assert silent == []
    assert [m for m in MODULES if m.stem in FORBIDDEN_MODULE_NAMES] == []


def test_every_folder_is_a_subject() -> None:
    modules = {
        folder: sum(path.stem != "__init__" for path in folder.glob("*.py"))
        for folder in FOLDERS
        if folder.parent not in REGISTRIES
    }

    assert {str(folder): n for folder, n in modules.items() if n > MAX_FILES} == {}


def imported(module: Path) -> Iterator[str]:
    """The top names of all that a module imports, also inside functions."""
    for node in ast.walk(ast.parse(module.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(name)):
                yield name.partition(".")[0]
            case ast.Call(
                func=ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name.partition(".")[0]


def allowed_importers() -> dict[str, list[str]]:
    """The table of docs/architecture.md."""
    text = (ROOT / "docs/architecture.md").read_text()
    table = text.partition("<!-- libraries -->")[2].partition("<!-- /libraries -->")[0]
    rows = re.findall(r"^\| `(\w+)`[^|]*\| (.+) \|$", table, re.MULTILINE)
    return {library: re.findall(r"`([\w.]+)`", packages) for library, packages in rows}


def test_who_imports_which_library_is_what_the_page_on_architecture_allows() -> None:
    allowed = allowed_importers()
    used: dict[str, set[str]] = {}
    strangers = []
    for module in MODULES:
        name = ".".join(module.relative_to(ROOT).with_suffix("").parts)
        for library in set(imported(module)) - sys.stdlib_module_names - {"zdm"}:
            packages = [p for p in allowed.get(library, []) if f"{name}.".startswith(f"{p}.")]
            used.setdefault(library, set()).update(packages)
            if not packages:
                strangers.append(f"{name} imports {library}")

    assert strangers == []
    assert {library: sorted(packages) for library, packages in used.items()} == allowed


def test_time_is_asked_of_the_clock() -> None:
    own = PACKAGE / "execute/clock.py"
    asking = [
        str(module.relative_to(PACKAGE))
        for module in MODULES
        if module != own
        and not module.is_relative_to(PACKAGE / "demo")  # it measures
        and ("time" in imported(module) or "datetime.now(" in module.read_text())
    ]

    assert asking == []


def test_contracts_name_packages_and_leave_nothing_out() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]

    for contract in contracts:
        assert contract["type"] in {"layers", "independence", "acyclic_siblings"}
        assert contract["type"] != "layers" or contract["exhaustive"]
        assert all(name.endswith(".*") for name in contract.get("modules", []))


def test_every_operation_is_registered_once() -> None:
    registered = [recogniser.__module__.rpartition(".")[2] for recogniser in ALL]

    assert sorted(registered) == OPERATIONS


def test_every_invariant_is_registered_once() -> None:
    folder = PACKAGE / "planning/invariants"
    modules = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    registered = [check.__module__.rpartition(".")[2] for check in invariants.ALL]

    assert sorted(registered) == modules


@pytest.mark.parametrize("slug", OPERATIONS)
def test_an_operation_has_its_cases_and_its_page(slug: str) -> None:
    cases = ROOT / "tests/cases/operations" / slug
    page = ROOT / "docs/operations" / f"{slug}.md"
    headings = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    missing = [
        f"{case}/{file}"
        for case, expected in CASES.items()
        if slug not in WITHOUT.get(case, set())
        for file in ("before.sql", "migration.sql", expected)
        if not (cases / case / file).exists()
    ]

    assert missing == []
    assert f"\n- slug: {slug}\n" in (cases / "plain/plan.yaml").read_text()
    assert headings == [
        "What PostgreSQL does",
        "What zdm plans",
        "What your application must do",
        "Undo",
    ]


def test_nothing_else_in_the_code_names_an_operation() -> None:
    slugs = "|".join(OPERATIONS)
    names = re.compile(
        rf"zdm\.operations\.\w+\.({slugs})\b"
        rf"|from zdm\.operations\.\w+ import .*\b({slugs})\b"
    )
    naming = [
        str(module.relative_to(PACKAGE))
        for module in MODULES
        if not module.is_relative_to(PACKAGE / "operations")
        and names.search(module.read_text())
    ]

    assert naming == []


def test_every_output_is_registered_and_has_its_tests_and_its_page() -> None:
    folder = PACKAGE / "render/outputs"
    modules = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    tests = (ROOT / "tests/unit/render/outputs").glob("test_*.py")
    pages = (ROOT / "docs/outputs").glob("*.md")

    assert set(Output) == modules
    assert {path.stem.removeprefix("test_") for path in tests} == modules
    assert {path.stem for path in pages} == modules


def test_every_driver_is_registered_once() -> None:
    assert sorted(driver.name for driver in registry.ALL) == DRIVERS


@pytest.mark.parametrize("slug", DRIVERS)
def test_a_driver_has_its_tests_and_its_page(slug: str) -> None:
    page = (ROOT / "docs/drivers" / f"{slug}.md").read_text()
    rows = " ".join(re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE))
    [settings] = [driver.settings for driver in registry.ALL if driver.name == slug]

    assert (PACKAGE / "rollout" / slug / "driver.py").exists()
    assert list((ROOT / "tests/rollout" / slug).glob("test_*.py"))
    assert {*settings.__struct_fields__} - set(re.findall(r"`(\w+)`", rows)) == set()


@pytest.mark.parametrize("slug", DRIVERS)
def test_only_the_registry_names_a_driver(slug: str) -> None:
    naming = [
        str(module.relative_to(PACKAGE))
        for module in MODULES
        if not module.is_relative_to(PACKAGE / "rollout" / slug)
        and re.search(
            rf"zdm\.rollout\.{slug}\b|from zdm\.rollout import .*\b{slug}\b",
            module.read_text(),
        )
    ]

    assert set(naming) - {"demo/run.py"} == {"rollout/registry.py"}  # its shop is local


def test_nothing_is_left_of_a_skeleton() -> None:
    files = [
        file
        for folder in ("zdm", "tests", "docs", "examples")
        for file in sorted((ROOT / folder).rglob("*.*"))
        if file.suffix in {".py", ".sql", ".md"} and file.is_file()
    ]
    left = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in (*files, ROOT / "CHANGELOG.md")
        for number, line in enumerate(file.read_text(errors="ignore").splitlines(), start=1)
        if SKELETON in line
    ]

    assert not left, f"{len(left)} places are to be filled in:\n" + "\n".join(left)


def test_the_public_names_are_pinned() -> None:
    public = sorted(name for name in vars(zdm) if not name.startswith("_"))
    packages = {path.stem for path in PACKAGE.iterdir()}

    assert [name for name in public if name not in packages] == []
    assert zdm.__version__ == "0.1.0"


def test_no_tracked_file_names_a_machine() -> None:
    pattern = re.compile(r"(^|[^a-zA-Z0-9_.])/(work|root)/")
    naming = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".yml", ".sql", ".sh", ".txt", ""}
        and path.is_file()
        and pattern.search(path.read_text(errors="ignore"))
        and path != Path(__file__)
    ]

    assert naming == []


# the process that runs revisions uses the project's Python, which has no library of zdm's own
OF_THE_CHILD = {"shadow_address", "python_comments"}


def test_what_runs_revisions_loads_only_libraries_of_the_project() -> None:
    begin = "import sys; sys.modules['msgspec'] = None; import zdm.revisions.child.main"
    command = f"{begin}; print(*(name for name in sys.modules if name.startswith('zdm.')))"
    done = subprocess.run(
        [sys.executable, "-c", command], check=True, capture_output=True, text=True
    )

    assert {f"zdm.revisions.{name}" for name in OF_THE_CHILD} <= set(done.stdout.split())


def test_a_frozen_value_is_a_struct() -> None:
    dataclasses = [
        f"{module.relative_to(ROOT)}: {node.name}"
        for module in MODULES
        if module.stem not in OF_THE_CHILD
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list
        if re.search(r"dataclass\(.*frozen=True", ast.unparse(decorator))
    ]

    assert dataclasses == []


def test_values_are_changed_by_the_replace_of_structs() -> None:
    found = [
        str(module.relative_to(ROOT))
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"
        if "replace" in {alias.name for alias in node.names}  # mypy takes it for a Struct, too
    ]

    assert found == []
