"""The folder of an export: a file for each service and day, and notes on what every one of them holds."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from aitrail.errors import AitrailError

# Athena passes over names that begin with an underscore, and no pattern for data files finds these endings.
_NOTES = "_aitrail_export.notes"
_PARTIAL = "_{}.partial"


class ExportError(AitrailError):
    """Files cannot be written. Those that are finished stay."""


class OtherExportError(ExportError):
    """The folder holds something else than an export with these settings."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the files of one export have in common; `conditions` are those of a Filter, but the service."""

    format: str
    whole: bool
    place: str
    conditions: dict[str, Any]

    def __str__(self) -> str:
        """The settings as they read after `holds`."""
        words = [f"{name} {_words(values)}" for name, values in sorted(self.conditions.items())]
        of_place = f" of {self.place}" if self.place else ""
        with_conditions = f" with {', '.join(words)}" if words else ""
        return f"{self.format} files of {'whole' if self.whole else 'narrow'} rows{of_place}{with_conditions}"


def _words(values: Any) -> str:  # noqa: ANN401 (a list of texts, or a bool)
    return " or ".join(values) if isinstance(values, list) else str(values).lower()


class Note(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One exported service-day: the part of the day that is covered (`first` to `last` eventTime, both inclusive).

    `as_of` is the moment up to which its source was known to have rows.
    """

    service: str
    day: str
    first: str
    last: str
    as_of: str
    rows: int
    settings: Settings


class Folder:
    """Where files are exported to. Raises ExportError, OtherExportError unless `force`, and OSError."""

    def __init__(self, path: Path, settings: Settings, *, force: bool = False) -> None:
        if path.exists() and not path.is_dir():
            raise ExportError(f"{path} is a file: name a folder.")
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._settings = settings
        self._notes = self._read_notes()
        if not force:
            self._check()
        for leftover in path.glob(f"service=*/eventDay=*/{_PARTIAL.format('*')}"):
            leftover.unlink()
        with _replaced(path / _NOTES) as stream:  # without what later notes made obsolete
            stream.writelines(map(_line, self._notes.values()))

    def _read_notes(self) -> dict[tuple[str, str], Note]:
        notes = {}
        path = self._path / _NOTES
        for line in path.read_bytes().splitlines() if path.exists() else ():
            with suppress(msgspec.DecodeError, UnicodeDecodeError):  # an interrupted run may leave half a line
                note = msgspec.json.decode(line, type=Note)
                notes[note.service, note.day] = note
        return notes

    def _check(self) -> None:
        others = (note.settings for note in self._notes.values() if note.rows and note.settings != self._settings)
        other = next(others, None)
        if other:
            raise OtherExportError(
                f"{self._path} holds {other}. Asked for are {self._settings}. Choose another folder, or give --force "
                "to replace what is in the window."
            )
        if not (self._path / _NOTES).exists() and any(each.name[0] != "." for each in self._path.iterdir()):
            raise OtherExportError(
                f"{self._path} holds something else than an export: choose an empty or new folder, or give --force."
            )

    def note_of(self, service: str, day: str) -> Note | None:
        """What was exported of a service-day with these settings; None too if its file is gone."""
        note = self._notes.get((service, day))
        if note is None or note.settings != self._settings:
            return None
        return note if not note.rows or self._file(service, day).exists() else None

    def _file(self, service: str, day: str) -> Path:
        return self._path / f"service={service}" / f"eventDay={day}" / f"events.{self._settings.format}"

    @contextmanager
    def file(self, service: str, day: str) -> Iterator[BinaryIO]:
        """A stream for the file of a service-day: it takes the place of an earlier one when all is written."""
        path = self._file(service, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _replaced(path) as stream:
            yield stream
        for other in path.parent.glob("events.*"):
            if other != path:
                other.unlink()

    def remove(self, service: str, day: str) -> bool:
        """Remove the file of a service-day; whether there was one."""
        parent = self._file(service, day).parent
        files = list(parent.glob("events.*"))
        for file in files:
            file.unlink()
        with suppress(OSError):  # not there, or not empty
            parent.rmdir()
        return bool(files)

    def note(self, **values: Any) -> None:  # noqa: ANN401 (those of Note)
        """Note that a service-day is exported."""
        note = Note(settings=self._settings, **values)
        self._notes[note.service, note.day] = note
        with (self._path / _NOTES).open("ab") as stream:
            stream.write(_line(note))


def _line(note: Note) -> bytes:
    return msgspec.json.encode(note) + b"\n"


@contextmanager
def _replaced(path: Path) -> Iterator[BinaryIO]:
    """A stream for a file that has its name only when it is complete."""
    partial = path.with_name(_PARTIAL.format(path.name))
    try:
        with partial.open("wb") as stream:
            yield stream
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
