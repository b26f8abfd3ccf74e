"""Where the configuration file is if nobody says it: in the user's folder for settings, as the platform has it.

Never in the current folder: there may be evidence that somebody else has made.
"""

import os
import sys
from pathlib import Path


def usual_path() -> Path | None:
    """The path of the configuration file, which need not exist; None if the user has no folder for settings."""
    usual = "~/Library/Application Support" if sys.platform == "darwin" else "~/.config"
    # The XDG Base Directory Specification says to ignore relative paths.
    folder = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    if not folder.is_absolute():
        try:
            folder = Path(usual).expanduser()
        except RuntimeError:  # no home folder is known
            return None
    return folder / "aitrail" / "config.toml" if folder.is_absolute() else None
