"""What tells a local file from another one, and from itself after a change."""

import os
from contextlib import suppress
from stat import S_ISREG
from typing import NamedTuple


class State(NamedTuple):
    """A regular file as the file system describes it; times are in nanoseconds."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, path: str) -> "State | None":
        """The state of a regular file; None if there is none."""
        with suppress(OSError):
            found = os.stat(path)  # noqa: PTH116 (a Path for each file takes as long as reading a small one)
            if S_ISREG(found.st_mode):
                return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        return None
