"""npm, as make runs it: quiet, whatever the user has configured, and without addresses in the lock file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.fixture
def npm(tmp_path):
    """Runs npm in the project with this text as the user's configuration; returns stdout and stderr."""

    def npm(*arguments, configured="", folder="."):
        (tmp_path / "npmrc").write_text(configured)
        others = {name: value for name, value in os.environ.items() if not name.lower().startswith("npm_")}
        environment = others | {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "npm_config_userconfig": str(tmp_path / "npmrc"),
            "npm_config_cache": str(tmp_path / "cache"),
        }
        command = [str(BIN / "npm"), *arguments]
        ended = subprocess.run(command, cwd=ROOT / folder, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
        return ended.stdout, ended.stderr

    return npm


def test_npm_knows_every_setting_of_the_project(npm):
    _, stderr = npm("config", "list", "--loglevel=warn")

    assert stderr == ""


def test_npm_warns_nobody_of_settings_that_are_not_the_projects(npm):
    unknown = "nodedir=/usr\n"

    assert "Unknown user config" in npm("config", "list", "--loglevel=warn", configured=unknown)[1]
    assert npm("config", "list", configured=unknown)[1] == ""


@pytest.mark.parametrize("folder", [".", "page"])
def test_lock_file_names_no_addresses_and_npm_writes_none(npm, folder):
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]

    assert not [name for name, package in packages.items() if "resolved" in package]
    assert npm("config", "get", "omit-lockfile-registry-resolved", folder=folder)[0] == "true\n"
