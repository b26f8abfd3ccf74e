"""Local paths -> the log files that they name."""

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from aitrail.deliveries import Kind, kind_of

STDIN = "-"
# The notes of an export are in its folder. Athena ignores names that begin with an underscore.
EXPORT_NOTES = "_aitrail_export.notes"
ENDINGS = (".json.gz", ".json")

# These kinds can be recognized by a folder or the file's name, even in a copy without AWSLogs or any other folder.
_OTHER_OBJECT = re.compile(r"/CloudTrail-(Digest|Insight|Aggregated)/|/[0-9]{12}_CloudTrail-(Digest|Insight)_[^/]*\Z")


def document_name(number: int) -> str:
    """The name of the log file with this number among those that follow one another in standard input."""
    return STDIN if number == 1 else f"{STDIN}, log file {number}"


def is_export(path: str) -> bool:
    """Whether a path is a folder to which `export` has written."""
    try:
        return (Path(path) / EXPORT_NOTES).is_file()
    except (OSError, ValueError):  # whoever reads it says what is wrong
        return False


def is_stdin(log_file: str) -> bool:
    """Whether a row's logFile is standard input."""
    return log_file.partition(",")[0] == STDIN


class _Entry(NamedTuple):
    """A file or folder; `real` is its path without symbolic links, and `mode` 0 if it has not been looked at."""

    path: str
    absolute: str = ""
    real: str = ""
    mode: int = 0
    is_named: bool = False


def key_of(path: str) -> str:
    """The key that a log file had in its bucket, as far as its path tells: a decompressed one has lost an ending."""
    absolute = os.path.abspath(path)  # noqa: PTH100 (a Path for each file takes as long as reading a small one)
    return f"{absolute}.gz" if absolute.endswith(".json") else absolute


def log_files(
    paths: Iterable[str], *, left_out: Counter[str], unreadable: Callable[[str, OSError], None]
) -> Iterator[str]:
    """The path of every log file, once, even if it is named or symbolically linked more often; STDIN is passed through.

    A folder yields its log files at any depth in the order of names; links are followed. Other files are counted in
    `left_out` by kind. A file that is named explicitly is left out only if it is another object of CloudTrail or
    Config. `unreadable` is called for everything that the file system refuses to list.
    """
    for path, absolute, _, _, is_named in _files(paths, left_out, unreadable):
        kind = None if path == STDIN and is_named else _kind_of(absolute)
        if kind is None or kind.ingested or (kind is Kind.OTHER and (is_named or path.endswith(ENDINGS))):
            yield path
        else:
            left_out[kind] += 1


def _files(
    paths: Iterable[str], left_out: Counter[str], unreadable: Callable[[str, OSError], None]
) -> Iterator[_Entry]:
    """Every file once; pipes and devices only if they were named explicitly."""
    pending = [_Entry(path, is_named=True) for path in reversed(tuple(dict.fromkeys(paths)))]
    seen: set[str] = set()
    while pending:
        entry = pending.pop()
        if entry.path == STDIN and entry.is_named:
            yield entry
            continue
        try:
            found = entry if entry.mode else _looked_at(entry)
            is_folder = stat.S_ISDIR(found.mode)
            inside = _inside(found) if is_folder and found.real not in seen else ()
        except OSError as error:
            unreadable(entry.path, error)
            continue
        if found.real in seen:
            left_out["repeated"] += 1
        elif is_folder:
            pending += inside
        elif found.is_named or stat.S_ISREG(found.mode):
            yield found
        else:
            left_out[Kind.OTHER] += 1
        seen.add(found.real)


def _looked_at(entry: _Entry) -> _Entry:
    mode = os.stat(entry.path).st_mode  # noqa: PTH116 (a Path for each file takes as long as reading a small one)
    absolute = entry.absolute or str(Path(entry.path).absolute())
    return entry._replace(absolute=absolute, real=os.path.realpath(entry.path), mode=mode)


def _inside(folder: _Entry) -> list[_Entry]:
    """What is in the folder, the last name first. Only what is no regular file or folder has yet to be looked at."""
    name = str(Path(folder.path) / "_")[:-1]
    absolute, real = (os.path.join(path, "") for path in (folder.absolute, folder.real))  # noqa: PTH118
    with os.scandir(folder.path) as entries:
        return [
            _Entry(name + each.name, absolute + each.name, real + each.name, mode)
            if (mode := _mode(each))
            else _Entry(name + each.name, absolute + each.name)
            for each in sorted(entries, key=attrgetter("name"), reverse=True)
        ]


def _mode(entry: os.DirEntry[str]) -> int:
    """The kind of entry, as the listing tells; 0 if that is not enough to find the file."""
    if entry.is_file(follow_symlinks=False):
        return stat.S_IFREG
    return stat.S_IFDIR if entry.is_dir(follow_symlinks=False) else 0


def _kind_of(path: str) -> Kind:
    kind = kind_of(path)
    found = _OTHER_OBJECT.search(path) if kind is Kind.OTHER else None
    return Kind((found[1] or found[2]).lower()) if found else kind
