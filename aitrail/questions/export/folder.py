"""The folder of an export: a file for each service and day, and a note on the content of each."""

import fcntl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Self

from aitrail.errors import AitrailError
from aitrail.questions import EXPORT_NOTES
from aitrail.questions.export.formats import FORMATS
from aitrail.questions.export.notes import Note, Request, Settings, read_notes, read_requests

# Athena ignores names that begin with an underscore, and no pattern for data files matches these endings.
_LOCK = "_aitrail_export.lock"
_PARTIAL = "_{}.partial"


class ExportError(AitrailError):
    """Files cannot be written. Finished files stay."""


class OtherExportError(ExportError):
    """The folder contains something other than an export with these settings."""


class Folder:
    """The folder of an export; a context manager that locks it, so that only one export at a time writes to it.

    Raises ExportError, OtherExportError unless `force`, and OSError.
    """

    def __init__(self, path: Path, settings: Settings, *, force: bool = False) -> None:
        if path.exists() and not path.is_dir():
            raise ExportError(f"{path} is a file: name a folder.")
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._settings = settings
        self._force = force
        self._check_files()
        self._lock = _locked(path)
        try:
            self._begin()
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def _check_files(self) -> None:
        others = (each.name for each in self._path.iterdir() if each.name[0] != "." and each.name != _LOCK)
        if not self._force and any(others) and not (self._path / EXPORT_NOTES).exists():
            raise OtherExportError(
                f"{self._path} contains files that are not part of an export: choose an empty or new folder, or give "
                "--force."
            )

    def _begin(self) -> None:
        notes = self._path / EXPORT_NOTES
        content = notes.read_bytes() if notes.exists() else b""
        self._notes = read_notes(content)
        self._check_notes()
        for name in FORMATS:
            for leftover in self._path.glob(f"service=*/eventDay=*/{_PARTIAL.format(_name(name))}"):
                leftover.unlink()
        with _replaced(notes) as stream:  # without obsolete notes
            stream.writelines(note.line for note in self._notes.values())
            stream.writelines(request.line for request in read_requests(content))

    def _check_notes(self) -> None:
        others = (note.settings for note in self._notes.values() if note.rows and note.settings != self._settings)
        other = next(others, None)
        if other and not self._force:
            raise OtherExportError(
                f"{self._path} holds {other}. This export would write {self._settings}. Choose another folder, or give "
                "--force to replace the files of the window."
            )

    def note_of(self, service: str, day: str) -> Note | None:
        """The note on a service-day; None if its file is gone, or if it had no rows under different settings."""
        note = self._notes.get((service, day))
        if note is None or not note.rows:
            return note if note and note.settings == self._settings else None
        return note if self._file(service, day, note.settings.format).exists() else None

    def fewest_rows(self, service: str, day: str) -> int:
        """The minimum number of rows that a new file of a service-day needs to replace the existing one."""
        note = None if self._force else self.note_of(service, day)
        return note.rows if note else 0

    def _file(self, service: str, day: str, format_: str) -> Path:
        return file_of(self._path, service, day, format_)

    @contextmanager
    def file(self, service: str, day: str, *, accepted: Callable[[], bool] = lambda: True) -> Iterator[BinaryIO]:
        """A stream for the file of a service-day, which gets its name once everything is written and `accepted`.

        Until then, an existing file stays.
        """
        path = self._file(service, day, self._settings.format)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _replaced(path, accepted) as stream:
            yield stream
        if accepted():
            self._remove(service, day, [name for name in FORMATS if name != self._settings.format])

    def remove(self, service: str, day: str) -> bool:
        """Removes the file of a service-day; returns whether there was one."""
        removed = self._remove(service, day, FORMATS)
        with suppress(OSError):  # missing or not empty
            self._file(service, day, self._settings.format).parent.rmdir()
        return removed

    def _remove(self, service: str, day: str, formats: Iterable[str]) -> bool:
        files = [file for name in formats if (file := self._file(service, day, name)).exists()]
        for file in files:
            file.unlink()
        return bool(files)

    def note(self, **values: Any) -> None:  # noqa: ANN401 (fields of Note)
        """Notes that a service-day has been exported."""
        note = Note(settings=self._settings, **values)
        self._notes[note.service, note.day] = note
        self._write(note.line)

    def note_request(self, **values: Any) -> None:  # noqa: ANN401 (fields of Request)
        """Notes what an export that ends was asked for."""
        self._write(Request(settings=self._settings, **values).line)

    def _write(self, line: bytes) -> None:
        with (self._path / EXPORT_NOTES).open("ab") as stream:
            stream.write(line)


def file_of(folder: Path, service: str, day: str, format_: str) -> Path:
    """The file of a service-day."""
    return folder / f"service={service}" / f"eventDay={day}" / _name(format_)


def _name(format_: str) -> str:
    return f"events.{format_}"


def _locked(path: Path) -> BinaryIO:
    """A stream that holds the folder's lock until it is closed, at the latest when the program ends."""
    lock = (path / _LOCK).open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        if not isinstance(error, BlockingIOError):
            raise
        raise ExportError(
            f"Another export into {path} is running: wait until it ends, or choose another folder."
        ) from None
    return lock


def _new(path: Path) -> BinaryIO:
    """A stream for a file that did not exist: what is there may be a link to a file of somebody else."""
    path.unlink(missing_ok=True)
    return path.open("xb")


@contextmanager
def _replaced(path: Path, accepted: Callable[[], bool] = lambda: True) -> Iterator[BinaryIO]:
    """A stream for a file that gets its name only when it is complete and accepted."""
    partial = path.with_name(_PARTIAL.format(path.name))
    try:
        with _new(partial) as stream:
            yield stream
        if accepted():
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
