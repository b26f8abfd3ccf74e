"""Problems that a person has looked into, and accepts as they are: they stay in the ledger, and are none any more."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from aitrail.errors import AitrailError
from aitrail.ledger import (
    ACCEPTED,
    AWAITED,
    PROBLEMS,
    REJECTED,
    UNPROVEN,
    Ledger,
    LedgerReader,
    acceptance,
    entry_of,
    holding,
    taken_back,
)
from aitrail.window import parse_time

# What the function decides by itself; what is awaited for longer does not come.
_OPEN = (AWAITED, UNPROVEN)
_PATIENCE = timedelta(hours=12)
_REJECTS = "rejects"


class NothingToAcceptError(AitrailError):
    """An object has no problem that a person could accept, or none that is accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepting:
    """Accepts problems in the name of somebody, `by`, at a time."""

    ledger: Ledger
    by: str
    at: str

    def problem(self, log_file: str) -> str:
        """What there is to accept, the gravest: a problem of the log file or digest. Raises NothingToAcceptError."""
        entry = self._entry(log_file) or {}
        problem: str | None = entry.get("problem")
        if problem == AWAITED and parse_time(entry["listedAt"]) < parse_time(self.at) - _PATIENCE:
            return problem
        if problem in (None, ACCEPTED, *_OPEN) and self._has_rejects(log_file):
            problem = _REJECTS  # beside what is open, or back since the file was read again, or of no file
        if problem is None:
            raise NothingToAcceptError(f"{log_file} has no problem in the ledger: there is nothing to accept.")
        if problem in _OPEN:
            raise NothingToAcceptError(
                f"{log_file} is {problem}: the function decides on it automatically, in most cases within a day, at "
                "the latest within a week."
            )
        if problem == ACCEPTED:
            raise NothingToAcceptError(f"{log_file} has already been accepted.")
        return problem

    def _has_rejects(self, log_file: str) -> bool:
        return any(each["problem"] == REJECTED for each in self.ledger.rejects.of(log_file))

    def accept(self, log_file: str, problem: str, reason: str) -> str | None:
        """Accept that problem, and where it is that of rejects, these; the problem that the object has then.

        Raises NothingToAcceptError where the object no longer has that problem.
        """
        who = {"at": self.at, "by": self.by, "reason": reason}
        after: dict[str, Any] = {}
        if entry := self._entry(log_file):
            new = acceptance(problem, entry, **who)
            after = self.ledger.accept(log_file, entry["entry"], partial(_with, new))
        is_done = any(each["problem"] == problem for each in holding(after))
        if problem == _REJECTS:
            of_each = acceptance(REJECTED, {}, **who)
            is_done = bool(self.ledger.rejects.accept(log_file, ACCEPTED, partial(_with, of_each))) or is_done
        left = after.get("problem")
        if not is_done:
            raise NothingToAcceptError(
                f"{log_file} is no longer {problem}, but {left or 'as it should be'}: check again."
            )
        return None if left == ACCEPTED else left

    def take_back(self, log_file: str) -> None:
        """Let nothing of the object be accepted any more. Raises NothingToAcceptError where nothing was."""
        entry = self._entry(log_file)
        is_accepted = entry is not None and bool(holding(entry))
        if entry and is_accepted:
            self.ledger.accept(log_file, entry["entry"], self._taken_back)
        if not self.ledger.rejects.accept(log_file, REJECTED, self._taken_back) and not is_accepted:
            raise NothingToAcceptError(f"{log_file} has no accepted problem.")

    def _taken_back(self, accepted: list[Any]) -> list[dict[str, Any]]:
        return taken_back(accepted, at=self.at, by=self.by)

    def _entry(self, log_file: str) -> dict[str, Any] | None:
        return self.ledger.entry(log_file, entry_of(log_file), consistent=True)


def _with(new: dict[str, str], accepted: list[Any]) -> list[Any]:
    return [*accepted, new]


def accepted(reader: LedgerReader) -> Iterator[dict[str, Any]]:
    """What was accepted of all objects that have a problem: logFile, problem, at, by, reason.

    With takenBackAt and takenBackBy it holds no longer; with recordIndex it is of a single record.
    """
    for problem in (*PROBLEMS, REJECTED):
        for entry in reader.with_problem(problem):
            for each in entry.get("accepted", ()):
                yield {"logFile": entry["logFile"], **each, **_index_of(entry)}


def _index_of(entry: dict[str, Any]) -> dict[str, Any]:
    return {"recordIndex": entry["recordIndex"]} if "recordIndex" in entry else {}
