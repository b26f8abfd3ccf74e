"""Problems that a person has looked into, and accepts as they are: they stay in the ledger, and are none any more."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aitrail.entries import ACCEPTED, AWAITED, DIGEST, FILE, REJECTED, UNPROVEN, acceptance
from aitrail.errors import AitrailError
from aitrail.ledger import Ledger
from aitrail.ledger_reader import LedgerReader

# What the function decides by itself.
_OPEN = (AWAITED, UNPROVEN)


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
        problem = next((entry["problem"] for entry in self._entries(log_file) if entry.get("problem")), None)
        if problem in (None, ACCEPTED) and REJECTED in self.ledger.rejects(log_file).values():
            problem = "rejects"  # they came back when the file was read again, or stand in no file
        if problem is None:
            raise NothingToAcceptError(f"{log_file} has no problem in the ledger: there is nothing to accept.")
        if problem in _OPEN:
            raise NothingToAcceptError(
                f"{log_file} is {problem}, which the function decides by itself within hours: wait for that."
            )
        if problem == ACCEPTED:
            raise NothingToAcceptError(f"{log_file} is accepted already.")
        return str(problem)

    def accept(self, log_file: str, problem: str, reason: str) -> str | None:
        """Accept that problem, and where it is that of rejects, these; the problem that the object has then."""
        after: dict[str, Any] = {}
        for entry in self._entries(log_file):
            accepted = acceptance(problem, entry, at=self.at, by=self.by, reason=reason)
            if entry.get("problem") == problem:
                after = self.ledger.accept(log_file, entry["entry"], accepted)
        if problem == "rejects":
            self.ledger.accept_rejects(log_file, acceptance(REJECTED, {}, at=self.at, by=self.by, reason=reason))
        left = after.get("problem")
        return None if left == ACCEPTED else left

    def take_back(self, log_file: str) -> None:
        """Let nothing of the object be accepted any more. Raises NothingToAcceptError where nothing was."""
        taken = [
            self.ledger.take_back(log_file, each["entry"]) for each in self._entries(log_file) if "accepted" in each
        ]
        if not self.ledger.accept_rejects(log_file, None) and not taken:
            raise NothingToAcceptError(f"Nothing of {log_file} is accepted.")

    def _entries(self, log_file: str) -> list[dict[str, Any]]:
        found = (self.ledger.entry(log_file, kind, consistent=True) for kind in (FILE, DIGEST))
        return [entry for entry in found if entry]


def accepted(reader: LedgerReader) -> Iterator[dict[str, Any]]:
    """What was accepted of all objects that have no other problem: logFile, problem, at, by, reason."""
    for entry in reader.with_problem(ACCEPTED):
        for each in entry.get("accepted", ()):
            yield {"logFile": entry["logFile"], **each, **_index_of(entry)}


def _index_of(entry: dict[str, Any]) -> dict[str, Any]:
    return {"recordIndex": entry["recordIndex"]} if "recordIndex" in entry else {}
