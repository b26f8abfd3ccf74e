"""Local paths -> the log files that they name."""

import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from aitrail.deliveries import Kind, kind_of

STDIN = "-"
ENDINGS = (".json.gz", ".json")

# These kinds can be recognized by a folder or the file's name, even in a copy without AWSLogs or any other folder.
_OTHER_OBJECT = re.compile(r"/CloudTrail-(Digest|Insight|Aggregated)/|/[0-9]{12}_CloudTrail-(Digest|Insight)_[^/]*\Z")


def document_name(number: int) -> str:
    """The name of the log file with this number among those that follow one another in standard input."""
    return STDIN if number == 1 else f"{STDIN}, log file {number}"


def is_stdin(log_file: str) -> bool:
    """Whether a row's logFile is standard input."""
    return log_file.partition(",")[0] == STDIN


def log_files(
    paths: Iterable[str], *, left_out: Counter[str], unreadable: Callable[[str, OSError], None]
) -> Iterator[str]:
    """The path of every log file, once, even if it is named or symbolically linked more often; STDIN is passed through.

    A folder yields its log files at any depth in the order of names; links are followed. Other files are counted in
    `left_out` by kind. A file that is named explicitly is left out only if it is another object of CloudTrail or
    Config. `unreadable` is called for everything that the file system refuses to list.
    """
    for path, is_named in _files(paths, left_out, unreadable):
        kind = None if path == STDIN and is_named else _kind_of(path)
        if kind is None or kind.ingested or (kind is Kind.OTHER and (is_named or path.endswith(ENDINGS))):
            yield path
        else:
            left_out[kind] += 1


def _files(
    paths: Iterable[str], left_out: Counter[str], unreadable: Callable[[str, OSError], None]
) -> Iterator[tuple[str, bool]]:
    """Every file once, and whether it was named explicitly; pipes and devices only if they were."""
    pending = [(path, True) for path in reversed(tuple(dict.fromkeys(paths)))]
    seen: set[Path] = set()
    while pending:
        path, is_named = pending.pop()
        if path == STDIN and is_named:
            yield path, is_named
            continue
        try:
            status = Path(path).stat()
            is_folder = stat.S_ISDIR(status.st_mode)
            inside = sorted(Path(path).iterdir(), reverse=True) if is_folder else []
        except OSError as error:
            unreadable(path, error)
            continue
        real = Path(path).resolve()
        if real in seen:
            left_out["repeated"] += 1
        elif is_folder:
            pending += [(str(child), False) for child in inside]
        elif is_named or stat.S_ISREG(status.st_mode):
            yield path, is_named
        else:
            left_out[Kind.OTHER] += 1
        seen.add(real)


def _kind_of(path: str) -> Kind:
    key = Path(path).absolute().as_posix()
    kind = kind_of(key)
    found = _OTHER_OBJECT.search(key) if kind is Kind.OTHER else None
    return Kind((found[1] or found[2]).lower()) if found else kind
