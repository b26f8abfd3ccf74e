"""The table `questions` of the configuration file: commands to run again, by name. Pure.

A command is words, as a shell would split them; no shell runs it, and its words are neither expanded nor answered.
"""

import shlex
from collections.abc import Collection

from msgspec import Struct

from aitrail.config.entry import Entry
from aitrail.questions import or_valid

_KEYS = ("description", "command")
_PROGRAM = "aitrail"


class SavedQuestion(Struct, frozen=True, kw_only=True):
    """A saved question: its command line without the program, the name of the command first."""

    name: str
    description: str
    words: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command as one would enter it."""
        return shlex.join((_PROGRAM, *self.words))


def questions_of(entry: Entry, commands: Collection[str] | None) -> tuple[SavedQuestion, ...]:
    """The saved questions, in the order of the file; with `commands`, only of these. Raises ConfigError."""
    return tuple(_question(name, each, commands) for name, each in entry.named().items())


def _question(name: str, entry: Entry, commands: Collection[str] | None) -> SavedQuestion:
    found = entry.table(_KEYS)
    if "command" not in found:
        raise entry.refused("its command is missing.")
    command = found["command"]
    words = _words(command)
    words = words[1:] if words[0] == _PROGRAM and len(words) > 1 else words
    if commands is not None and words[0] not in commands:
        raise command.refused(f"{words[0]} cannot be saved{or_valid(words[0], commands)}")
    description = found["description"].text() if "description" in found else ""
    return SavedQuestion(name=name, description=description, words=words)


def _words(entry: Entry) -> tuple[str, ...]:
    """The words of a command line, or of an array. Raises ConfigError."""
    if not isinstance(entry.value, str):
        return tuple(each.text() for each in entry.texts())
    try:
        words = tuple(shlex.split(entry.text()))
    except ValueError as error:
        raise entry.refused(f"{error}.") from error
    if not words or not words[0]:
        raise entry.refused("it has to begin with the name of a command.")
    return words
