"""The folder for what aitrail may forget."""

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """The folder of this user, as the platform has it; it may not exist yet. Raises OSError if none is known.

    Never in the current folder: there may be evidence that somebody else has made.
    """
    usual = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    # The XDG Base Directory Specification says to ignore relative paths.
    folder = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not folder.is_absolute():
        try:
            folder = Path(usual).expanduser()
        except RuntimeError as error:
            raise FileNotFoundError(str(error)) from error
    if not folder.is_absolute():
        raise FileNotFoundError(f"{folder} begins in the current folder")
    return folder / "aitrail"
