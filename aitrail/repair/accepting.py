"""Accepts problems that an operator has investigated: they stay in the ledger but no longer count as problems."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from aitrail.deliveries import is_digest_folder
from aitrail.errors import AitrailError
from aitrail.ledger import (
    ACCEPTED,
    AWAITED,
    AWAITED_FOR,
    NO_DIGESTS,
    PROBLEMS,
    REJECTED,
    UNPROVEN,
    UNVERIFIABLE,
    Ledger,
    LedgerReader,
    acceptance,
    entry_kind,
    taken_back,
    valid_acceptances,
)
from aitrail.window import parse_time

# Problems that the function resolves automatically, unless an object has been awaited for too long.
_OPEN = (AWAITED, UNPROVEN)
_REJECTS = "rejects"


class NothingToAcceptError(AitrailError):
    """An object has no problem that can be accepted, or none that is accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepting:
    """Accepts problems on behalf of `by`, at the time `at`.

    The name of an account and Region's digest folder stands for all its log files without digests, and all its
    unverifiable digests, present and future.
    """

    ledger: Ledger
    reader: LedgerReader
    by: str
    at: str

    def problem(self, log_file: str) -> str:
        """The most severe problem of a log file or digest that can be accepted. Raises NothingToAcceptError."""
        entry = self._entry(log_file) or {}
        if found := self._problems_of_origin(log_file, entry):
            return found[0]
        problem: str | None = entry.get("problem")
        if is_digest_folder(log_file) and valid_acceptances(entry):
            problem = ACCEPTED  # although the function may not have decided yet that it is without digests
        if problem == AWAITED and parse_time(entry["listedAt"]) < parse_time(self.at) - AWAITED_FOR:
            return problem
        if problem in (None, ACCEPTED, *_OPEN) and self._has_rejects(log_file):
            problem = _REJECTS  # in addition to an open problem, after it was ingested again, or without a file
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

    def _problems_of_origin(self, folder: str, entry: dict[str, Any]) -> list[str]:
        """The problems of an account and Region that can be accepted; none if `folder` is not a digest folder."""
        if not is_digest_folder(folder):
            return []
        first = self.reader.first_with_problem(UNVERIFIABLE, after=folder) or {}
        found = {
            NO_DIGESTS: entry.get("doubt") == NO_DIGESTS,
            UNVERIFIABLE: first.get("logFile", "").startswith(folder),
        }
        accepted = {each["problem"] for each in valid_acceptances(entry)}
        return [problem for problem, is_there in found.items() if is_there and problem not in accepted]

    def _accept_origin(self, folder: str, reason: str) -> None:
        """Accepts all problems of an account and Region, which may have no entry yet."""
        is_unverifiable = UNVERIFIABLE in self._problems_of_origin(folder, self._entry(folder) or {})
        # Log files of unverifiable digests are without digests, too, or will be: the function decides after hours.
        problems = (NO_DIGESTS, UNVERIFIABLE) if is_unverifiable else (NO_DIGESTS,)
        new = [acceptance(problem, {}, at=self.at, by=self.by, reason=reason) for problem in problems]
        # Only with this status can the entry have the problem, and its acceptance apply.
        status = {"status": UNVERIFIABLE} if is_unverifiable else {}
        self.ledger.change_acceptances(folder, NO_DIGESTS, lambda accepted: [*accepted, *new], status, creates=True)

    def _has_rejects(self, log_file: str) -> bool:
        return any(each["problem"] == REJECTED for each in self.ledger.rejects.of(log_file))

    def accept(self, log_file: str, problem: str, reason: str) -> str | None:
        """Accepts that problem and, if it is `rejects`, the rejects; returns the object's resulting problem.

        Raises NothingToAcceptError if the object no longer has that problem.
        """
        if is_digest_folder(log_file):
            self._accept_origin(log_file, reason)
            return None
        who = {"at": self.at, "by": self.by, "reason": reason}
        after: dict[str, Any] = {}
        if entry := self._entry(log_file):
            new = acceptance(problem, entry, **who)
            after = self.ledger.change_acceptances(log_file, entry["entry"], partial(_with, new))
        is_done = any(each["problem"] == problem for each in valid_acceptances(after))
        if problem == _REJECTS:
            of_each = acceptance(REJECTED, {}, **who)
            is_done = (
                bool(self.ledger.rejects.change_acceptances(log_file, ACCEPTED, partial(_with, of_each))) or is_done
            )
        left = after.get("problem")
        if not is_done:
            raise NothingToAcceptError(
                f"{log_file} is no longer {problem}, but {left or 'as it should be'}: check again."
            )
        return None if left == ACCEPTED else left

    def take_back(self, log_file: str) -> None:
        """Revokes all acceptances of an object. Raises NothingToAcceptError if there are none."""
        entry = self._entry(log_file)
        is_accepted = entry is not None and bool(valid_acceptances(entry))
        if entry and is_accepted:
            status = {"status": None} if entry["entry"] == NO_DIGESTS else {}
            self.ledger.change_acceptances(log_file, entry["entry"], self._taken_back, status)
        if not self.ledger.rejects.change_acceptances(log_file, REJECTED, self._taken_back) and not is_accepted:
            raise NothingToAcceptError(f"{log_file} has no accepted problem.")

    def _taken_back(self, accepted: list[Any]) -> list[dict[str, Any]]:
        return taken_back(accepted, at=self.at, by=self.by)

    def _entry(self, log_file: str) -> dict[str, Any] | None:
        return self.ledger.entry(log_file, entry_kind(log_file), consistent=True)


def _with(new: dict[str, str], accepted: list[Any]) -> list[Any]:
    return [*accepted, new]


def accepted(reader: LedgerReader) -> Iterator[dict[str, Any]]:
    """The acceptances of all objects with a problem: logFile, problem, at, by, reason.

    An acceptance with takenBackAt and takenBackBy has been taken back; one with recordIndex is for a single record.
    """
    for problem in (*PROBLEMS, REJECTED):
        for entry in reader.with_problem(problem):
            for each in entry.get("accepted", ()):
                yield {"logFile": entry["logFile"], **each, **_index_of(entry)}


def _index_of(entry: dict[str, Any]) -> dict[str, Any]:
    return {"recordIndex": entry["recordIndex"]} if "recordIndex" in entry else {}
