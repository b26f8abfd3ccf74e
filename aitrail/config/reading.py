"""TOML file -> the configuration.

Its keys, all optional:

    timezone, stack, region, profile, output
                   defaults of the options with these names: texts; stack and region may have several
    teams          name = what makes a call belong to the team: principals, accounts, sessions, resources
    networks       name = addresses and blocks of addresses in CIDR notation
    questions      name = a command to run again: command (a text, or words), description (optional)

Everything is checked when the file is read, so that a mistake shows before it matters.
"""

from collections.abc import Collection, Mapping
from itertools import chain
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Self

from msgspec import Struct, field

from aitrail import toml
from aitrail.cells import printable
from aitrail.config.entry import ConfigError, Entry
from aitrail.config.names import networks_of, spelling_of, teams_of
from aitrail.config.saved import SavedQuestion, questions_of
from aitrail.questions import NOTHING_NAMED, Naming, or_valid
from aitrail.timezones import TimeZoneError, time_zone

# Several thousand networks, or patterns of teams.
_MOST_BYTES = 256 * 1024
DEFAULTS = ("timezone", "stack", "region", "profile", "output", "service-files")
_TABLES = ("teams", "networks", "questions")


class Config(Struct, frozen=True, kw_only=True):
    """The content of a configuration file; `path` is None without one.

    `defaults` maps names of options, without dashes, to their values. `questions` are by name, in the file's order.
    """

    path: str | None = None
    defaults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    naming: Naming = NOTHING_NAMED
    questions: Mapping[str, SavedQuestion] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        path: str | PathLike[str],
        *,
        commands: Collection[str] | None = None,
        formats: Collection[str] | None = None,
    ) -> Self:
        """The content of a file. Raises ConfigError.

        With `commands`, questions may only have these; with `formats`, the output may only be one of these.
        """
        return cls.of(_document(Path(path)), fspath(path), commands=commands, formats=formats)

    @classmethod
    def of(
        cls,
        document: Mapping[str, Any],
        path: str = "configuration",
        *,
        commands: Collection[str] | None = None,
        formats: Collection[str] | None = None,
    ) -> Self:
        """The same for the content of a file as a mapping; `path` is its name in errors."""
        found = Entry(value=dict(document), file=path).table((*DEFAULTS, *_TABLES))

        def part(name: str) -> Entry:
            return found.get(name) or Entry(value={}, file=path, keys=name)

        questions = questions_of(part("questions"), commands)
        return cls(
            path=path,
            defaults={name: _default(name, entry, formats) for name, entry in found.items() if name in DEFAULTS},
            naming=Naming(teams=teams_of(part("teams")), networks=networks_of(part("networks"))),
            questions={question.name: question for question in questions},
        )


def _document(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # a name cannot have a null character
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(printable(f"The configuration file {path} cannot be read: {reason}.")) from error
    if len(content) > _MOST_BYTES:
        raise ConfigError(printable(f"The configuration file {path} has more than {_MOST_BYTES // 1024} KB."))
    try:
        return toml.document_of(content)
    except ValueError as error:
        raise ConfigError(printable(f"{path} cannot be read as TOML in UTF-8: {error}.")) from error


def _default(name: str, entry: Entry, formats: Collection[str] | None) -> tuple[str, ...]:
    if name == "stack":
        return tuple(dict.fromkeys(each.text() for each in entry.texts()))
    if name == "region":
        return tuple(dict.fromkeys(chain.from_iterable(spelling_of(name, each)[name] for each in entry.texts())))
    text = entry.text()
    if name == "service-files":
        text = _from_file(entry, text)
    if name == "timezone":
        try:
            time_zone(text)
        except TimeZoneError as error:
            raise entry.refused(str(error)) from error
    if name == "output":
        text = text.lower()
        if formats is not None and text not in formats:
            raise entry.refused(f"not a known format{or_valid(text, formats)}")
    return (text,)


def _from_file(entry: Entry, text: str) -> str:
    """A path, which starts where the configuration file is, as one string. Raises ConfigError."""
    try:
        return str(Path(entry.file).parent / Path(text).expanduser())
    except RuntimeError as error:
        raise entry.refused("its home folder is not known.") from error
