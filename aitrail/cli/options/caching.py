"""The folder for what aitrail may forget."""

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """The folder of this user, as the platform has it; it may not exist yet."""
    usual = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or usual).expanduser() / "aitrail"
