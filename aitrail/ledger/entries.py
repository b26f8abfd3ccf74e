"""The entries of the ledger, and the conclusions from their attributes: whether they are proved, and their problem.

A digest from CloudTrail lists the log files of its hour and the previous digest. It may arrive before or after them:
each side sets its own attributes, and `settled` derives the conclusions from both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import cache
from typing import Any

from aitrail.deliveries import Kind, is_account_name, is_digest_folder, kind_of, log_key_of

FILE = "file"
DIGEST = "digest"
REJECT = "reject#"
IMPORT = "import"
ACCOUNT = "account"

# Values of a log file's `doubt`: no digest lists it yet; no digest of its hour lists it, and none will.
UNPROVEN = "unproven"
UNLISTED = "unlisted"
# Sort key, value of `doubt`, and problem of the entry of an account and Region, whose `logFile` is its digest folder:
# there are log files whose time no verified digest covers. One entry stands for all of them.
NO_DIGESTS = "no-digests"
# The problem of an account from which no digest has come for too long (`aitrail.ledger.accounts`).
SILENT = "silent"
# The problem of an object that a digest lists but that has not arrived.
AWAITED = "awaited"
# CloudTrail delivers within minutes, and awaited objects are re-announced after six hours: later, none will arrive.
AWAITED_FOR = timedelta(hours=12)
# The problem of a digest whose public key was not available.
UNVERIFIABLE = "unverifiable"
# The problem of an entry whose problems have all been accepted, and the problem of a reject.
ACCEPTED = "accepted"
REJECTED = "reject"

# The problems that `settled` may report, most severe first.
PROBLEMS = (
    *("tampered", "unlisted", "no-digests", "silent", "replaced", "removed", "unreadable", "missing", "archived"),
    *("invalid", "unverifiable"),
    *("broken", "awaited", "unproven", "rejects", "accepted"),
)
# Statuses that an operator should look at; the problems have the same names.
_PROBLEMS = frozenset({"unreadable", "missing", "archived", "invalid", UNVERIFIABLE})
# The attributes set if an object could not be read.
_OF_FAILURE = frozenset({"status", "reason", "position"})
# Problem -> the attribute that says when it was found, if the same content can have the problem again.
_WHEN = {
    "replaced": ("replacedAt",),
    "removed": ("removedAt",),
    "missing": ("ingestedAt",),
    "archived": ("ingestedAt",),
    SILENT: ("silentSince",),
}
# The attributes that `settled` determines, and may therefore remove.
SETTLED = ("problem", "verifiedBy", "listedBy", "listedAt", "doubt", "doubtedAt")
# The attributes that `settled` depends on.
PREMISES = (
    *(*SETTLED, "status", "sha256", "expectedSha256", "broken", "rejected", "replacedAt", "accepted"),
    *("removedAt", "etag", "versionId", "ingestedAt", "unfinished", "repairedAt", "sampleLogFiles", "silentSince"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One delivery. Times are UTC. Attributes in the table have the names of these fields in camel case.

    `delivered_at` and `delivery_day` are taken from the object's name, `stored_at` is its time in S3. `removed_at` is
    when it was found that the object had been deleted.
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
    removed_at: str | None = None
    expires_at: int | None = None

    @property
    def was_read(self) -> bool:
        """Whether the object could be fetched; if so, the facts from an earlier reading no longer apply."""
        return self.status not in ("missing", "archived")

    def attributes(self) -> dict[str, Any]:
        """The attributes to set, with None for attributes to remove."""
        values = {attribute: getattr(self, name) for name, attribute in attributes_of(type(self)).items()}
        if values.get("doubt", ...) is None:  # an entry without a doubt does not remove the stored one
            del values["doubt"], values["doubtedAt"]
        if self.was_read:
            return values
        # Nothing was read, so the counts of an earlier reading still apply.
        return {name: value for name, value in values.items() if value is not None or name in _OF_FAILURE}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry(Entry):
    """A log file: ingested, unreadable, missing, archived. Counts are records.

    `bytes` and `sha256` are of the uncompressed content, `rows_sha256` is of its rows (see `aitrail.rows.RowHashes`).
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
    rows_sha256: str | None = None
    doubt: str | None = None
    doubted_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestEntry(Entry):
    """A digest: verified, invalid, unverifiable, missing, archived. `log_files` is the number it lists, of all kinds.

    `digest_start` and `digest_end` bound the deliveries that it covers. `listed` counts the log files that have an
    entry because it lists them. `follows` is the time in the name of the previous digest, None if it starts a chain.
    """

    digest_start: str | None = None
    digest_end: str | None = None
    log_files: int | None = None
    listed: int | None = None
    follows: str | None = None


def attributes_of(kind: type[Entry]) -> dict[str, str]:
    """Field of an entry -> attribute in the table."""
    return {field.name: _camel_case(field.name) for field in fields(kind) if field.name != "log_file"}


@cache
def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def fields_of_key(key: str) -> dict[str, Any]:
    """The fields of an entry that follow from the object's name; empty if the name is not CloudTrail's.

    The day is taken from the time in the name, because an object may have been written to any folder. If the name has
    no valid time, the day is taken from the folder.
    """
    parsed = log_key_of(key)
    if parsed is None:
        return {}
    day = parsed.delivered_at[: len("YYYY-MM-DD")] if parsed.delivered_at else parsed.delivery_day
    known = {"account": parsed.account, "region": parsed.region, "delivery_day": day}
    return known | ({"delivered_at": parsed.delivered_at} if parsed.delivered_at else {})


def attributes_of_key(key: str) -> dict[str, Any]:
    """The result of `fields_of_key` as attributes in the table."""
    return {_camel_case(name): value for name, value in fields_of_key(key).items()}


def entry_kind(key: str) -> str:
    """The sort key of the entry of an object, of a digest folder, or of an account."""
    if is_account_name(key):
        return ACCOUNT
    if is_digest_folder(key):
        return NO_DIGESTS
    return DIGEST if kind_of(key) is Kind.DIGEST else FILE


def acceptance(problem: str, entry: Mapping[str, Any], *, at: str, by: str, reason: str) -> dict[str, str]:
    """An item for `accepted`: `by` accepts this problem of an entry, for the content that it has now."""
    return {"problem": problem, "at": at, "by": by, "reason": reason} | _content_of(entry, problem)


def _content_of(entry: Mapping[str, Any], problem: str) -> dict[str, str]:
    """The attributes that identify the content with the problem; for a missing object, the time when that was seen."""
    when = _WHEN.get(problem, ())
    return {name: entry[name] for name in ("sha256", "etag", "versionId", *when) if entry.get(name)}


def taken_back(accepted: Iterable[Mapping[str, Any]], *, at: str, by: str) -> list[dict[str, Any]]:
    """The acceptances, all taken back; each keeps who did so, and when."""
    return [{"takenBackAt": at, "takenBackBy": by, **each} for each in accepted]


def valid_acceptances(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The acceptances that apply to the entry's current problems and content; `entry` needs all attributes.

    Those of an account and Region apply to all its log files, present and future, whatever its problem is.
    """
    problems = _problems(entry)
    return [
        each
        for each in entry.get("accepted", ())
        if ((problem := each["problem"]) in problems or entry.get("entry") == NO_DIGESTS)
        and _content_of(entry, problem) == _content_of(each, problem)
        and "takenBackAt" not in each
    ]


def settled(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The conclusions from an entry's attributes: the values of SETTLED, None for attributes that should be absent.

    Problems, most severe first: tampered (its content differs from what a digest lists), unlisted (no digest of its
    hour lists it), no-digests (of an account and Region), silent (of an account), replaced (its content was different
    before), removed (it was deleted after it was read), unreadable, missing, archived, invalid, unverifiable (from its
    status), broken (a digest that does not follow the digest it should), awaited (a digest lists it, but it has not
    arrived), unproven (no digest lists it yet), rejects; accepted if all its problems have been accepted.
    """
    expected, sha256 = entry.get("expectedSha256"), entry.get("sha256")
    accepted = {each["problem"] for each in valid_acceptances(entry)}
    found = _problems(entry)
    problem = next((each for each in found if each not in accepted), ACCEPTED if found else None)
    is_proved = expected is not None and sha256 == expected
    lister = entry.get("listedBy") or entry.get("verifiedBy")
    # A proved entry repeats nothing, so that with a name of usual length it stays below 1 KB, one write unit.
    return {
        "problem": problem,
        "doubt": _doubt(entry),
        "doubtedAt": entry.get("doubtedAt") if _doubt(entry) else None,
        "verifiedBy": lister if is_proved else None,
        "listedBy": None if is_proved else lister,
        "listedAt": entry.get("listedAt") if problem == AWAITED else None,
    }


def _doubt(entry: Mapping[str, Any]) -> str | None:
    """The entry's doubt; None if a digest lists the object."""
    return None if entry.get("expectedSha256") else entry.get("doubt")


def _is_replaced(entry: Mapping[str, Any]) -> bool:
    """Whether rows of content that is not the entry's may be in the table.

    Content that was replaced is known by `replacedAt`, until a comparison with the whole table shows that none of its
    rows is left (`repairedAt`). Content that is being read, or whose reading was cut off, is `unfinished`.
    """
    is_left: bool = (entry.get("replacedAt") or "") > (entry.get("repairedAt") or "")
    unfinished = entry.get("unfinished")
    return is_left or (unfinished is not None and unfinished != entry.get("etag") and became_rows(entry))


def became_rows(entry: Mapping[str, Any]) -> bool:
    """Whether rows were made from the content that the entry describes."""
    return entry.get("sha256") is not None or bool(entry.get("written"))


def _problems(entry: Mapping[str, Any]) -> list[str]:
    doubt = _doubt(entry)
    expected, sha256, status = entry.get("expectedSha256"), entry.get("sha256"), entry.get("status")
    found = {
        "tampered": expected and sha256 and sha256 != expected,
        UNLISTED: doubt == UNLISTED,
        NO_DIGESTS: doubt == NO_DIGESTS,
        SILENT: entry.get("silentSince"),
        "replaced": _is_replaced(entry),
        "removed": entry.get("removedAt"),
        status: status in _PROBLEMS,
        "broken": entry.get("broken"),
        AWAITED: expected and status is None,
        UNPROVEN: doubt == UNPROVEN,
        "rejects": entry.get("rejected"),
    }
    return [problem for problem, is_there in found.items() if problem and is_there]
