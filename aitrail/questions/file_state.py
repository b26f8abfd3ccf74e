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
        """The state of a regular file; None if there is none, or only a link to one."""
        with suppress(OSError):
            found = os.lstat(path)
            if S_ISREG(found.st_mode):
                return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        return None
