"""Checks unverifiable digests again, with public keys that the function did not have, and corrects their entries."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aitrail.aws import in_order
from aitrail.deliveries import Content, UnavailableError, kind_of
from aitrail.digests import InvalidDigest, PublicKeys, UnavailableKey
from aitrail.ledger import DIGEST, UNLISTED, UNPROVEN, UNVERIFIABLE
from aitrail.proof.signed import read_signed
from aitrail.window import format_time

_Attributes = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Rechecking:
    """What unverifiable digests say if their signatures are checked with `public_keys`.

    `fetch` returns an object (s3://bucket/key). `original` is the bucket of which the log bucket holds a replicated
    copy, if any.
    """

    fetch: Callable[[str], Content]
    public_keys: PublicKeys
    original: str | None = None
    # Digest -> the attributes that its entry should have.
    _found: dict[str, _Attributes] = field(default_factory=dict, init=False)
    # Object that a verified digest lists -> its SHA-256, and the digest; and the ones that the ledger has.
    _listed: dict[str, tuple[str, str]] = field(default_factory=dict, init=False)
    _seen: set[str] = field(default_factory=set, init=False)

    def check(self, digests: Iterable[str]) -> Iterator[str]:
        """Reads these digests; yields the name of each once it is done. Raises botocore's errors."""
        for name, found, listed in in_order(partial(self._check, name) for name in digests):
            self._found[name] = found
            self._listed |= listed
            yield name

    def _check(self, name: str) -> tuple[str, _Attributes, dict[str, tuple[str, str]]]:
        try:
            digest = read_signed(self.fetch(name), self.public_keys, original=self.original)
        except UnavailableError:
            return name, {"status": "missing", "problem": "missing"}, {}
        except InvalidDigest:
            return name, {"status": "invalid", "problem": "invalid"}, {}
        except UnavailableKey:
            return name, {}, {}
        found = {
            "status": "verified",
            "problem": None,
            "digestStart": format_time(digest.start),
            "digestEnd": format_time(digest.end),
            # Only whether there is one matters here.
            "follows": digest.previous.key if digest.previous else None,
        }
        listed = [*digest.log_files, *([digest.previous] if digest.previous else [])]
        return name, found, {each.log_file: (each.sha256, name) for each in listed if each.bucket == digest.bucket}

    def corrected(self, entry: _Attributes) -> _Attributes:
        """The entry as it would be if the function had had the keys."""
        name = entry["logFile"]
        changes: _Attributes = {}
        if name in self._found and entry.get("problem") == UNVERIFIABLE:
            changes = self._found[name]
        if name in self._listed:
            self._seen.add(name)
            changes = changes | _compared(entry, *self._listed[name])
        return {name: value for name, value in {**entry, **changes}.items() if value is not None} if changes else entry

    def unknown(self) -> Iterator[str]:
        """The log files that the digests list and the ledger does not have, once all entries are corrected."""
        return (name for name in self._listed.keys() - self._seen if kind_of(name).ingested)


def _compared(entry: Mapping[str, Any], sha256: str, by: str) -> _Attributes:
    """The changes to the entry of an object that a digest lists with that SHA-256."""
    own = entry.get("sha256")
    if entry.get("verifiedBy") or own is None:
        return {}
    if own != sha256:
        return {"problem": "tampered"}
    if entry["entry"] == DIGEST:
        return {}
    return {"verifiedBy": by} | ({"problem": None} if entry.get("problem") in (UNPROVEN, UNLISTED) else {})
