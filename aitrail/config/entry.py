"""A value in the configuration file, and its place there, which every error names. Pure."""

import json
import re
from collections.abc import Collection, Iterator

from msgspec import Struct

from aitrail.cells import printable
from aitrail.errors import AitrailError
from aitrail.questions import or_valid

# The maximum number of characters of a value that a message shows.
_SHOWN = 60
_KINDS = {dict: "a table", list: "an array", bool: "a boolean", int: "an integer", float: "a float"}
_BARE = re.compile(r"[A-Za-z0-9_-]+")
# Names are printed in tables, given to options, and may be patterns there.
_NAME = re.compile(r"\w[\w .@&+-]{0,62}(?<! )")


class ConfigError(AitrailError):
    """The configuration file cannot be read or is wrong; the message names the file and the place in it."""


class Entry(Struct, frozen=True, kw_only=True):
    """A value with the name of its file, and its keys as in TOML: `teams.search.principals[1]`, "" for the file."""

    value: object
    file: str
    keys: str = ""

    def refused(self, reason: str) -> ConfigError:
        """The error for a wrong value."""
        given = repr(_cut(self.value)) if isinstance(self.value, str) else _KINDS.get(type(self.value), "a time")
        return ConfigError(printable(f"{self.file}: {self.keys} is {given}: {reason}"))

    def table(self, known: Collection[str] | None = None) -> dict[str, "Entry"]:
        """The entries of a table by key; with `known`, only these keys. Raises ConfigError."""
        if not isinstance(self.value, dict):
            raise self.refused("it has to be a table.")
        for key in self.value:
            if known is not None and key not in known:
                raise ConfigError(
                    printable(f"{self.file}: {self._below(key)} is not a known key{or_valid(key, known)}")
                )
        return {key: Entry(value=value, file=self.file, keys=self._below(key)) for key, value in self.value.items()}

    def named(self) -> dict[str, "Entry"]:
        """The entries of a table whose keys are names that the user chooses. Raises ConfigError."""
        found = self.table()
        by_lower: dict[str, str] = {}
        for key, entry in found.items():
            if not _NAME.fullmatch(key) or printable(key) != key:
                raise ConfigError(
                    printable(f"{self.file}: {entry.keys} is not a valid name: ")
                    + "give up to 63 letters, digits, spaces, and - _ . @ & +, with a letter or digit first."
                )
            if (other := by_lower.setdefault(key.lower(), key)) != key:
                raise ConfigError(f"{self.file}: {entry.keys} and {self._below(other)} differ only in case.")
        return found

    def texts(self) -> tuple["Entry", ...]:
        """A text, or the texts of an array, at least one. Raises ConfigError."""
        values = self.value if isinstance(self.value, list) else [self.value]
        if not values:
            raise self.refused("give a text, or several.")
        entries = [self] if values is not self.value else list(self._elements(values))
        for entry in entries:
            entry.text()
        return tuple(entries)

    def text(self) -> str:
        """A text that people can see. Raises ConfigError."""
        if not isinstance(self.value, str):
            raise self.refused("give a text, in quotes.")
        if not self.value.isprintable() or not self.value.strip():
            raise self.refused("give a text that can be seen.")
        return self.value

    def _elements(self, values: list[object]) -> Iterator["Entry"]:
        for number, value in enumerate(values):
            yield Entry(value=value, file=self.file, keys=f"{self.keys}[{number}]")

    def _below(self, key: str) -> str:
        shown = _cut(key)
        name = shown if _BARE.fullmatch(shown) else json.dumps(shown, ensure_ascii=False)
        return f"{self.keys}.{name}" if self.keys else name


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
