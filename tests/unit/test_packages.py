"""Packages declare their purpose and public names, and only these are imported; import-linter checks their order."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The names that a package's __init__.py imports for type checkers have to be those that it exports at run time.
PACKAGES = sorted(
    path.parent for path in (ROOT / "aitrail").rglob("__init__.py") if "exports(" in path.read_text(encoding="utf-8")
)


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path):
    """(module, name) of every `from module import name`, anywhere in the file."""
    nodes = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom))
    return [(node.module or "", alias.name) for node in nodes for alias in node.names]


def package_of(name):
    """The package of a module: the innermost one that exports names."""
    packages = [name_of(path) for path in PACKAGES if f"{name}.".startswith(f"{name_of(path)}.")]
    return max(packages, key=len, default=None)


def sources():
    """The project's own modules."""
    return [
        path
        for folder in ("aitrail", "lambdas", "infra", "demo", "bench", "soak", "audit")
        for path in (ROOT / folder).rglob("*.py")
    ]


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_a_package_exports_what_it_declares_from_the_modules_that_define_it(package):
    module = import_module(name_of(package))
    declared = [pair for pair in imported(package / "__init__.py") if pair != ("aitrail.lazy", "exports")]
    declared = [(origin, name) for origin, name in declared if origin.startswith("aitrail.")]

    assert sorted(name for _, name in declared) == module.__all__
    for origin, name in declared:
        assert getattr(module, name) is getattr(import_module(origin), name)


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_no_exported_name_is_shadowed_by_a_module(package):
    modules = {path.stem for path in package.glob("*.py")} | {
        path.parent.name for path in package.glob("*/__init__.py")
    }
    public = {name for module, name in imported(package / "__init__.py") if module == name_of(package)}

    assert not set(import_module(name_of(package)).__all__) & modules - public


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_a_name_that_a_package_does_not_have_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match=re.escape(f"module '{name_of(package)}' has no attribute 'nothing'")):
        _ = import_module(name_of(package)).nothing


@pytest.mark.parametrize("package", [path for path in PACKAGES if path != ROOT / "aitrail"], ids=name_of)
def test_the_docstring_of_a_package_is_short_and_names_input_and_output(package):
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text()))

    assert 2 <= len([line for line in text.splitlines() if line]) <= 4
    assert {"In:", "out:"} <= set(text.split())


def reached(path):
    """The modules of aitrail that a source imports, or imports names from; public modules count as their package."""
    tree = ast.parse(path.read_text())
    whole = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for module, name in imported(path):
        is_module = (ROOT / f"{module}.{name}".replace(".", "/")).with_suffix(".py").exists()
        is_public = module in map(name_of, PACKAGES) and name in import_module(module).__all__
        whole.add(f"{module}.{name}" if is_module and not is_public else module)
    return {module for module in whole if module.startswith("aitrail.")}


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_names_are_imported_from_packages_and_not_from_their_modules(path):
    own = package_of(name_of(path))

    assert [module for module in reached(path) if package_of(module) not in (own, module, "aitrail", None)] == []


def test_a_public_module_is_available_without_importing_it():
    asked = "import aitrail.dynamodb as d; d.tables.EVENTS; assert {'items', 'tables'} <= {*dir(d)}"

    subprocess.run([sys.executable, "-c", asked], check=True, cwd=ROOT, timeout=60)  # noqa: S603 - our own interpreter


@pytest.mark.slow
def test_a_name_that_a_package_does_not_have_is_an_error_for_mypy(tmp_path):
    source = tmp_path / "misspelt.py"
    source.write_text("from aitrail.rows import rwo_of\n")

    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--follow-imports=silent"]
    checked = subprocess.run(  # noqa: S603 - our own interpreter
        [*command, "--cache-dir", str(tmp_path), str(source)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert 'Module "aitrail.rows" has no attribute "rwo_of"' in checked.stdout


def test_architecture_shows_the_order_that_is_checked():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["containers"] == ["aitrail"])
    page = (ROOT / "docs/architecture.md").read_text()
    picture = page.partition("## Packages\n\n")[2].partition("\n\n")[0]

    assert [line.strip() for line in picture.splitlines()] == [re.sub(r" \| ", "  ", layer) for layer in layers]
    described = set(re.findall(r"^\| `([a-z/]+?)/?(?:\.py)?` \|", page, re.MULTILINE))
    assert {f"aitrail/{name}" for layer in layers for name in layer.split(" | ")} <= described


def test_infra_knows_only_what_a_deployment_needs():
    found = {
        pair for path in (ROOT / "infra").rglob("*.py") for pair in imported(path) if pair[0].startswith("aitrail")
    }

    assert {module for module, _ in found} <= {
        *("aitrail", "aitrail.aws", "aitrail.cells", "aitrail.digests", "aitrail.dynamodb", "aitrail.errors"),
        *("aitrail.permissions", "aitrail.preflight", "aitrail.services"),
    }
    assert {name for module, name in found if module == "aitrail"} == {"__version__"}
    assert {name for module, name in found if module == "aitrail.aws"} == {
        *("Condition", "Place", "Statement", "announcements", "names", "other_trails", "own_trail", "policy")
    }
    assert {name for module, name in found if module == "aitrail.preflight"} == {
        *("Finding", "Plan", "Severity", "USUAL_QUALIFIER", "look")
    }
    assert {name for module, name in found if module == "aitrail.dynamodb"} == {"tables"}
    assert {name for module, name in found if module == "aitrail.digests"} == {"InvalidKeysError", "read_keys"}


def test_the_handler_and_the_entry_of_the_stack_are_short():
    lines = {path: len((ROOT / path).read_text().splitlines()) for path in ("lambdas/ingest/handler.py", "app.py")}

    assert lines["lambdas/ingest/handler.py"] <= 60
    assert lines["app.py"] <= 25
