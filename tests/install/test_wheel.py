"""The wheel: the same bytes every time, and all that `aitrail` needs to query log files, with what the wheel declares.

Nothing is downloaded: the packages that the wheel declares, and those that they declare, are linked from this
environment, and nothing else is.
"""

import os
import re
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from aitrail import __version__
from demo.documentation import CLOCK
from demo.samples import write_samples

ROOT = Path(__file__).parents[2]
QUESTIONS = [
    ("--version",),
    ("services",),
    ("scan", "samples"),
    ("usage", "--by", "principal", "--cost", "--from", "samples"),
    ("events", "--from", "samples", "-o", "table", "--columns", "eventTime,operation,principal"),
    ("usage", "--from", "samples", "--query", "[].service"),
    ("who", "bot/K3X9QW7T2P", "--from", "samples", "-o", "csv"),
    ("cost", "--files", "35040", "--events", "70080"),
]


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, **options)  # noqa: S603 (written here)


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Builds the wheel as make does, and returns its path."""

    def build():
        folder = tmp_path_factory.mktemp("dist")
        run("make", "-o", ".venv/.ready", "wheel", f"DIST={folder}", cwd=ROOT)
        (wheel,) = folder.iterdir()
        return wheel

    return build


@pytest.fixture(scope="module")
def wheel(build):
    return build()


def required(package, found):
    """Adds the names of the distributions that a distribution needs here, at any depth, to `found`."""
    for requirement in package.requires or ():
        name, _, marker = requirement.partition(";")
        name = re.match(r"[\w.-]+", name)[0].lower()
        if name not in found and "extra" not in marker:
            found.add(name)
            required(distribution(name), found)
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of programs of an empty virtual environment into which the wheel has been installed."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, symlinks=True)
    (python,) = folder.glob("bin/python")
    pip = (sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-compile", str(wheel))
    (packages,) = folder.glob("lib/python*/site-packages")
    (aitrail,) = packages.glob("aitrail-*.dist-info")
    for name in required(Distribution.at(aitrail), set()):
        package = distribution(name)
        for part in {path.parts[0] for path in package.files if path.parts[0] not in ("..", "__pycache__")}:
            (packages / part).symlink_to(package.locate_file(part))
    return folder / "bin"


@pytest.fixture
def samples(tmp_path):
    (tmp_path / "samples").mkdir()
    write_samples(tmp_path / "samples", CLOCK)
    return tmp_path


def answer(program, question, folder):
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # what is linked belongs to another environment
    ended = run(*program, *question, cwd=folder, env=environment)
    return ended.stdout, ended.stderr


def test_the_same_files_give_the_same_bytes(wheel, build):
    again = build()

    assert (again.name, again.read_bytes()) == (wheel.name, wheel.read_bytes())


def test_the_wheel_holds_the_package_of_this_version_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()

    assert wheel.name == f"aitrail-{__version__}-py3-none-any.whl"
    assert {name.partition("/")[0] for name in names} == {"aitrail", f"aitrail-{__version__}.dist-info"}
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "aitrail").rglob("*") if path.suffix in (".py", ".toml")}
    assert {*files, "aitrail/report/page.html"} <= set(names)
    assert [name for name in names if "__pycache__" in name] == []


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_an_empty_environment_with_the_wheel_answers_as_the_project_does(installed, samples, question):
    expected = answer((sys.executable, "-m", "aitrail.cli"), question, samples)

    found = answer((str(installed / "aitrail"),), question, samples)

    assert found == expected


def test_the_package_that_answers_is_the_one_of_the_wheel(installed, tmp_path):
    code = "import aitrail, sys; print(aitrail.__file__); import moto"
    ended = subprocess.run(  # noqa: S603 (as above)
        [installed / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert Path(ended.stdout.strip()).is_relative_to(installed.parent)
    assert "No module named 'moto'" in ended.stderr
