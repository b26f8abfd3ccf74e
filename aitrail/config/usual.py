"""Where the configuration file and the price file are if nobody says it: in the user's folder for settings.

Never in the current folder: there may be evidence that somebody else has made.
"""

import os
import sys
from pathlib import Path


def usual_path() -> Path | None:
    """The path of the configuration file, which need not exist; None if the user has no folder for settings."""
    return _in_settings("config.toml")


def price_path() -> Path | None:
    """The path of the user's price file, which need not exist; None if the user has no folder for settings."""
    return _in_settings("prices.toml")


def _in_settings(name: str) -> Path | None:
    usual = "~/Library/Application Support" if sys.platform == "darwin" else "~/.config"
    # The XDG Base Directory Specification says to ignore relative paths.
    folder = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    if not folder.is_absolute():
        try:
            folder = Path(usual).expanduser()
        except RuntimeError:  # no home folder is known
            return None
    return folder / "aitrail" / name if folder.is_absolute() else None
