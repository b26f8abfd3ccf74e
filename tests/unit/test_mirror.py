"""Tests are in the folder that corresponds to the module that they test."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Folders of tests, and the packages that they mirror.
MIRRORS = {ROOT / "tests/unit": ROOT / "aitrail", ROOT / "tests/cli": ROOT / "aitrail/cli"}
# Folders of unit tests for other things than the packages of aitrail.
OTHERS = {"audit", "bench", "demo", "docs", "soak"}
# Tests of all packages, and of the command as a whole.
ABOUT_ALL = {"test_mirror", "test_packages", "test_help", "test_endings", "test_documentation"}
TESTS = {
    str(path.relative_to(ROOT)): (path.stem, package / path.parent.relative_to(folder))
    for folder, package in MIRRORS.items()
    for path in sorted(folder.rglob("test_*.py"))
    if path.relative_to(folder).parts[0] not in OTHERS and path.stem not in ABOUT_ALL
}


def modules_of(name):
    """The modules that test_<name>.py may test: <name>, and <module> if the name is <module>_<suffix>.

    A suffix names the aspect of a module that a separate file tests: test_selection_fuzz.py.
    """
    words = name.removeprefix("test_").split("_")
    return {"_".join(words[:count]) for count in range(1, len(words) + 1)}


@pytest.mark.parametrize(("name", "package"), TESTS.values(), ids=TESTS)
def test_a_file_of_tests_is_named_after_a_module_of_the_package_that_its_folder_is_named_after(name, package):
    assert modules_of(name) & {path.stem for path in package.glob("*.py")}
