"""The usual place of the configuration file: in the user's folder for settings, never in the current folder."""

from pathlib import Path

import pytest

from aitrail.config import usual_path

PLACES = {
    "Linux": ("linux", {"HOME": "/home/a"}, "/home/a/.config/aitrail/config.toml"),
    "macOS": ("darwin", {"HOME": "/Users/a"}, "/Users/a/Library/Application Support/aitrail/config.toml"),
    "XDG": ("linux", {"HOME": "/home/a", "XDG_CONFIG_HOME": "/x"}, "/x/aitrail/config.toml"),
    "XDG on macOS": ("darwin", {"HOME": "/Users/a", "XDG_CONFIG_HOME": "/x"}, "/x/aitrail/config.toml"),
    "empty XDG": ("linux", {"HOME": "/home/a", "XDG_CONFIG_HOME": ""}, "/home/a/.config/aitrail/config.toml"),
    "relative XDG": ("linux", {"HOME": "/home/a", "XDG_CONFIG_HOME": "."}, "/home/a/.config/aitrail/config.toml"),
    "relative home": ("linux", {"HOME": "."}, None),
    "relative home and XDG": ("linux", {"HOME": "logs", "XDG_CONFIG_HOME": "logs"}, None),
}


@pytest.mark.parametrize(("platform", "environment", "expected"), PLACES.values(), ids=PLACES)
def test_place_is_absolute_and_as_the_platform_has_it(monkeypatch, tmp_path, platform, environment, expected):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert usual_path() == (expected and Path(expected))


def test_without_a_home_there_is_no_place(monkeypatch):
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)

    assert usual_path() is None
