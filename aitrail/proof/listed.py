"""Finds log files that a digest lists but of which the ledger knows nothing, although it has the digest.

An entry may have expired or been deleted while the entry of its digest is still there.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from aitrail.aws import in_order
from aitrail.deliveries import Content, UnavailableError
from aitrail.digests import InvalidDigest, PublicKeys, UnavailableKey
from aitrail.ledger import FILE, LedgerReader
from aitrail.proof.findings import Finding, not_ingested
from aitrail.proof.signed import read_signed

_NAMES = {UnavailableError: "missing", InvalidDigest: "invalid", UnavailableKey: "unverifiable"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFiles:
    """Compares digests with the ledger, file by file.

    `fetch` returns an object. `is_asked` selects log files. `original` is the bucket of which the log bucket holds a
    replicated copy, if any.
    """

    fetch: Callable[[str], Content]
    public_keys: PublicKeys
    reader: LedgerReader
    is_asked: Callable[[str], bool]
    original: str | None = None

    def findings(self, digests: Iterable[str]) -> Iterator[Finding]:
        """The log files that these digests list and the ledger does not have, and digests that cannot be read."""
        for digest, found in in_order(partial(self._attempt, name) for name in digests):
            if isinstance(found, Exception):
                why = f"the ledger may lack log files that it lists, and it cannot be read to compare: {found}"
                yield Finding(finding=_NAMES[type(found)], of=digest, why=why)
                continue
            wanted = ({"logFile": name, "entry": FILE} for name in found if self.is_asked(name))
            for entry in self.reader.whole(wanted):
                if entry.keys() <= {"logFile", "entry"}:
                    yield not_ingested(entry["logFile"])

    def _attempt(self, name: str) -> tuple[str, list[str] | Exception]:
        try:
            return name, self._listed(name)
        except (UnavailableError, InvalidDigest, UnavailableKey) as error:
            return name, error

    def _listed(self, name: str) -> list[str]:
        digest = read_signed(self.fetch(name), self.public_keys, original=self.original)
        return list(dict.fromkeys(each.log_file for each in digest.log_files))
