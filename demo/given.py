"""The input of a demo: invented log files, or the log files in a user's folder."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from demo import log_folder
from demo.sample_logs import sample_logs


class File(NamedTuple):
    """A file to deliver: its name for people, its key, its bytes, and whether the demo always reports its outcome."""

    name: str
    key: str
    body: bytes
    odd: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The files, which may be read lazily, and the expected rows by service, if known."""

    what: str
    files: Iterable[File]
    rows: Counter[str] | None = None


def samples(now: datetime) -> Given:
    """The sample log files of the five weeks before `now` (aware)."""
    logs = sample_logs(now)
    files = [
        File(name=file.what or Path(file.key).name, key=file.key, body=file.body, odd=bool(file.what))
        for file in logs.files
    ]
    return Given(what=f"{len(files)} sample files", files=files, rows=logs.rows)


def own(folder: Path) -> Given:
    """The log files of a folder. Raises NoLogFilesError."""
    paths = log_folder.log_files(folder)
    found = log_folder.deliveries(folder, paths)
    files = (File(name=str(path.relative_to(folder)), key=key, body=body) for path, key, body in found)
    return Given(what=f"{len(paths)} files from {folder}", files=files)
