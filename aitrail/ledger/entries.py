"""The entries of the ledger, and what follows from what they say: whether they are proved, and what is wrong.

A digest of CloudTrail speaks of the log files of its hour and of the digest before it. Whether it or what it lists
comes first does not matter: each side sets its own attributes, and `settled` says what both together mean.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from aitrail.deliveries import Kind, kind_of, log_key_of

FILE = "file"
DIGEST = "digest"
REJECT = "reject#"
IMPORT = "import"

# `doubt` of a log file that came too late to be seen with its hour, and of one that no digest of its hour lists.
UNPROVEN = "unproven"
UNLISTED = "unlisted"
# The problem of an object that a digest lists, and that has not come.
AWAITED = "awaited"
# That of a digest whose public key could not be had.
UNVERIFIABLE = "unverifiable"
# That of one all of whose problems somebody has accepted, and that of a reject.
ACCEPTED = "accepted"
REJECTED = "reject"

# What `settled` may say is wrong, the gravest first.
PROBLEMS = (
    *("tampered", "unlisted", "replaced", "unreadable", "missing", "archived", "invalid", "unverifiable", "broken"),
    *("awaited", "unproven", "rejects", "accepted"),
)
# Statuses that a person should look at; they are problems by the same names.
_PROBLEMS = frozenset({"unreadable", "missing", "archived", "invalid", UNVERIFIABLE})
# What entries have in common whose object could not be read.
_VERDICT = frozenset({"status", "reason", "position"})
# What `settled` decides on, and so what it may take away.
SETTLED = ("problem", "verifiedBy", "listedBy", "listedAt", "doubt")
# What `settled` looks at.
PREMISES = (
    *(*SETTLED, "status", "sha256", "expectedSha256", "broken", "rejected", "replacedAt", "accepted"),
    *("etag", "versionId", "ingestedAt", "unfinished"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One delivery. Times are UTC. Attributes are named in the table as they are here, in camel case.

    `delivered_at` and `delivery_day` are those of the name, `stored_at` is the object's own time.
    """

    log_file: str
    status: str
    reason: str | None = None
    etag: str | None = None
    version_id: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    account: str | None = None
    region: str | None = None
    delivered_at: str | None = None
    delivery_day: str | None = None
    stored_at: str | None = None
    ingested_at: str | None = None
    expires_at: int | None = None

    @property
    def was_read(self) -> bool:
        """Whether the object was there to be read; what is known of an earlier reading then no longer holds."""
        return self.status not in ("missing", "archived")

    def attributes(self) -> dict[str, Any]:
        """Attributes to set, and None for those to remove."""
        values = {attribute: getattr(self, name) for name, attribute in attributes_of(type(self)).items()}
        if values.get("doubt", ...) is None:
            del values["doubt"]  # who has none does not take away another's
        if self.was_read:
            return values
        # Nothing was read: what an earlier reading counted is still true.
        return {name: value for name, value in values.items() if value is not None or name in _VERDICT}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry(Entry):
    """A log file: ingested, unreadable, missing, archived. Counts are records.

    `bytes` and `sha256` are of the uncompressed content.
    """

    position: int | None = None
    recorded_with: str | None = None
    records: int | None = None
    wanted: int | None = None
    written: int | None = None
    rejected: int | None = None
    expired: int | None = None
    duplicates_in_file: int | None = None
    first_event_time: str | None = None
    last_event_time: str | None = None
    doubt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestEntry(Entry):
    """A digest: verified, invalid, unverifiable, missing, archived. `log_files` is how many it lists, of all kinds.

    `digest_start` and `digest_end` bound the deliveries that it covers. `follows` is the time in the name of the
    digest before, None where it begins a chain. `broken` says why it does not follow what it should.
    """

    digest_start: str | None = None
    digest_end: str | None = None
    log_files: int | None = None
    follows: str | None = None
    broken: str | None = None


def attributes_of(kind: type[Entry]) -> dict[str, str]:
    """Field of an entry -> attribute in the table."""
    return {field.name: _camel_case(field.name) for field in fields(kind) if field.name != "log_file"}


@cache
def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def fields_of(key: str) -> dict[str, Any]:
    """The fields of an entry that the name of the object gives; none for a name that CloudTrail does not give.

    The day is that of the time in the name: whoever writes a file chooses its folder. Without one it is the folder's.
    """
    parsed = log_key_of(key)
    if parsed is None:
        return {}
    day = parsed.delivered_at[: len("YYYY-MM-DD")] if parsed.delivered_at else parsed.delivery_day
    known = {"account": parsed.account, "region": parsed.region, "delivery_day": day}
    return known | ({"delivered_at": parsed.delivered_at} if parsed.delivered_at else {})


def known_of(key: str) -> dict[str, Any]:
    """The same as attributes in the table."""
    return {_camel_case(name): value for name, value in fields_of(key).items()}


def entry_of(key: str) -> str:
    """What the sort key of an object's entry is."""
    return DIGEST if kind_of(key) is Kind.DIGEST else FILE


def acceptance(problem: str, entry: Mapping[str, Any], *, at: str, by: str, reason: str) -> dict[str, str]:
    """What `accepted` lists: that somebody accepts this problem of an entry, for the content that it has."""
    return {"problem": problem, "at": at, "by": by, "reason": reason} | _content_of(entry, problem)


def _content_of(entry: Mapping[str, Any], problem: str) -> dict[str, str]:
    """What tells the content that has a problem: of one that is not there, when that was seen."""
    when = {"replaced": ("replacedAt",), "missing": ("ingestedAt",), "archived": ("ingestedAt",)}.get(problem, ())
    return {name: entry[name] for name in ("sha256", "etag", "versionId", *when) if entry.get(name)}


def taken_back(accepted: Iterable[Mapping[str, Any]], *, at: str, by: str) -> list[dict[str, Any]]:
    """The same acceptances, none of which holds any more; who took back which, and when, is kept."""
    return [{"takenBackAt": at, "takenBackBy": by, **each} for each in accepted]


def holding(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The acceptances of problems that a whole entry has now, with the content that it has now."""
    problems = _problems(entry)
    return [
        each
        for each in entry.get("accepted", ())
        if (problem := each["problem"]) in problems
        and _content_of(entry, problem) == _content_of(each, problem)
        and "takenBackAt" not in each
    ]


def settled(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the attributes of an entry together mean: the values of SETTLED, None for what should not be there.

    Problems, the gravest first: tampered (its content is not what a digest says), unlisted (no digest of its hour
    lists it), replaced (its content was another one before), unreadable, missing, archived, invalid, unverifiable (by
    its status), broken (a digest that does not follow what it should), awaited (a digest lists it, and it has not
    come), unproven (no digest lists it yet), rejects; accepted if somebody has accepted all that it has.
    """
    expected, sha256 = entry.get("expectedSha256"), entry.get("sha256")
    accepted = {each["problem"] for each in holding(entry)}
    found = _problems(entry)
    problem = next((each for each in found if each not in accepted), ACCEPTED if found else None)
    is_proved = expected is not None and sha256 == expected
    lister = entry.get("listedBy") or entry.get("verifiedBy")
    # A proved entry stays below 1 KB, a write unit, for names of usual length: it says nothing twice.
    return {
        "problem": problem,
        "doubt": _doubt(entry),
        "verifiedBy": lister if is_proved else None,
        "listedBy": None if is_proved else lister,
        "listedAt": entry.get("listedAt") if problem == AWAITED else None,
    }


def _doubt(entry: Mapping[str, Any]) -> str | None:
    """Nothing that a digest lists is in doubt."""
    return None if entry.get("expectedSha256") else entry.get("doubt")


def _problems(entry: Mapping[str, Any]) -> list[str]:
    doubt = _doubt(entry)
    expected, sha256, status = entry.get("expectedSha256"), entry.get("sha256"), entry.get("status")
    found = {
        "tampered": expected and sha256 and sha256 != expected,
        UNLISTED: doubt == UNLISTED,
        "replaced": entry.get("replacedAt"),
        status: status in _PROBLEMS,
        "broken": entry.get("broken"),
        AWAITED: expected and status is None,
        UNPROVEN: doubt == UNPROVEN,
        "rejects": entry.get("rejected"),
    }
    return [problem for problem, is_there in found.items() if problem and is_there]
