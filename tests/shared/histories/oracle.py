"""Judges what `aitrail verify` says of a window, from what truly happened: it reads no ledger, and none of its code.

A window may be called proved only if everything that CloudTrail delivered in it was read as delivered, all hours until
one hour after it are covered by digests that were read, and the table has exactly the rows that this makes
(`Oracle.reasons_against`). It must be called proved if, in addition, nothing happened that anybody could take for a
fault (`Oracle.is_spotless`). In between, either is right, but each finding must be true (`Oracle.is_justified`).
"""

import gzip
import re
import zlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from tests.shared.histories.product import expected_row
from tests.shared.histories.world import BUCKET, DAY, HOUR, uncovered

_NAME = f"s3://{BUCKET}/"
_NAMED_TIME = re.compile(r"_(\d{8}T\d{4})Z[^/]*\.json\.gz$")
# A digest arrives within an hour of its own end, and lists what was delivered within the hour before.
_CLOSED = HOUR
_ARRIVED = 2 * HOUR
NOT_CLOSED = "window not closed"
MISSING = "row missing"
# Findings that say that somebody else wrote or changed something.
_ACCUSING = frozenset(
    {"tampered", "replaced", "unlisted", "invalid", "broken", "row-too-many", "row-differs", "changed"}
)
# Findings about something that did not come, which an entry that expired can no longer refute.
_OF_ABSENCE = frozenset({"awaited", "missing", "not-ingested", "gap", "unproven", "nothing-delivered", "no-digests"})


@dataclass(frozen=True)
class Complaint:
    """A wrong answer: its kind, and why it is wrong."""

    kind: str
    why: str

    def __str__(self):
        return f"{self.kind}: {self.why}"


class Oracle:
    """Knows one run of a world."""

    def __init__(self, run):
        self.run, self.world = run, run.world
        self.files = {file.key: file for file in run.world.files}
        self.digests = {made.key: made for made in run.world.digests}
        self.listed_by = {file.key: made for made in run.world.digests for file in made.files}
        self.rows = {row["eventID"]["S"]: row for row in run.rows()}

    def complaints(self, said):
        """Everything that is wrong with what was said of a window."""
        against = self.reasons_against(said)
        if said.proved and against:
            # If the window was not over yet, the rest may still come: that is reason enough.
            still_open = [(kind, why) for kind, why in against if kind == NOT_CLOSED]
            yield from (Complaint(f"false proof, {kind}", why) for kind, why in still_open or against)
        if not said.proved and not said.findings:
            yield Complaint("false accusation, no finding", "it is not proved, without a reason")
        if not said.proved and not against and self.is_spotless(said):
            yield from (
                Complaint(f"false accusation, {name}", f"the window is spotless, but {of}: {why}")
                for name, of, why in said.findings
            )
            return
        for name, of, why in said.findings:
            if not self.is_justified(said, name, of, why):
                yield Complaint(f"false accusation, {name}", f"{of}: {why}")

    # What may be called proved

    def reasons_against(self, said):
        """Why the window must not be called proved: pairs of a kind and an explanation."""
        return [
            *self._unread(said),
            *self._uncovered(said),
            *((kind, _told(row)) for kind, row, files in self._bad_rows if self._is_asked(said, kind, row, files)),
            *self._strangers(said),
        ]

    def _unread(self, said):
        for file in self.world.files:
            if not said.since <= file.named < said.until:
                continue
            if not self.was_read(file.key, file.content):
                yield "file not ingested", f"{file.key} was never read as CloudTrail delivered it"
            if said.deep and not self._is_there(file.key, file.content):
                yield "file changed", f"{file.key} is not there, or not as CloudTrail delivered it"

    def _uncovered(self, said):
        for chain in self.world.chains:
            for begin, end in self.uncovered(chain, said):
                is_open = end > min(said.until, self.run.now - _ARRIVED)
                yield (
                    (NOT_CLOSED if is_open else "hours uncovered"),
                    (f"no digest was read that covers {begin:%m-%d %H:%M:%S} to {end:%m-%d %H:%M:%S} of {chain.name}"),
                )

    def uncovered(self, chain, said, *, only_by_clean=False):
        """The hours that a chain should cover and does not, as far as anybody can know."""
        begin, end = max(said.since, chain.runs[0][0]), said.until + _CLOSED
        last = chain.runs[-1][1]
        if last < self.world.end:  # it was stopped for good
            if said.since - last > DAY:
                return []  # docs/completeness.md: not proved
            end = max(said.until, min(end, last))
        suffices = self._is_sound if only_by_clean else lambda made: self.was_read(made.key, made.content)
        spans = [(made.start, made.end) for made in self.world.digests if made.chain is chain and suffices(made)]
        return list(uncovered(begin, end, spans)) if begin < end else []

    def _is_sound(self, made):
        return self.is_clean(made.key) and not made.resumes

    def _strangers(self, said):
        for key, bodies in self.run.read.items():
            named = named_time(key)
            if key in self.files or not bodies or named is None or not said.since <= named < said.until:
                continue
            if "/CloudTrail/" in key:
                yield "stranger", f"{key} was ingested, and CloudTrail never delivered it"

    # Rows

    @cached_property
    def expected(self):
        """eventID -> the rows that genuine records make, one for each file that has the event, with the file."""
        found = defaultdict(list)
        for file in self.world.files:
            for index, record in enumerate(file.records):
                row = expected_row(record, _NAME + file.key, index, self.world.row_retention)
                if row is not None:
                    found[row["eventID"]["S"]].append((row, file))
        return found

    @cached_property
    def _bad_rows(self):
        """Rows that are not as they have to be, as (kind, row or expected row, files concerned)."""
        found = []
        for event_id, row in self.rows.items():
            made = self.expected.get(event_id, [])
            if self._is_over(made[0][0] if made else row) or any(row == each for each, _ in made):
                continue
            kind = "row changed" if made else "row added"
            found.append((kind, row, [file for _, file in made]))
        for event_id, made in self.expected.items():
            if event_id not in self.rows and not self._is_over(made[0][0]):
                found.append((MISSING, made[0][0], [file for _, file in made]))
        return found

    def _is_over(self, row):
        """Whether the row has expired."""
        try:
            return float(row.get("expiresAt", {}).get("N", "inf")) <= self.run.now.timestamp()
        except ValueError:
            return False

    def _is_asked(self, said, kind, row, files):
        """Whether a bad row belongs to the window by its time, the file that it names, or the files of its record."""
        named = named_time(row.get("logFile", {}).get("S", ""))
        times = [file.named for file in files]
        if kind != MISSING:
            times += [moment_of(row["eventTime"]["S"]), named]
        return any(time is not None and said.since <= time < said.until for time in times)

    # What must be called proved

    def is_spotless(self, said):
        """Whether nothing happened that anybody could take for a fault, and everything had time to arrive."""
        world, first, last = self.world, said.since - HOUR, said.until + _CLOSED
        files = [file for file in world.files if said.since <= file.named < said.until]
        # A digest is named after the end of its hour: one that ends when the window begins counts as well.
        digests = [made for made in world.digests if made.start < last and said.since <= made.end]
        files += [file for made in digests for file in made.files if file in world.files]
        return (
            self._has_something(said)
            and self.run.now >= last + _ARRIVED
            and all(self.is_clean(each.key) for each in (*files, *digests))
            and not any(made.resumes for made in digests)
            and not any(first <= (named_time(key) or first) < last + HOUR for key in self._others)
            and not self._bad_rows
            and (world.ledger_retention is None or said.since - DAY >= self.run.now - world.ledger_retention)
            and not any(chain.runs[-1][1] < last for chain in world.chains)
        )

    def _has_something(self, said):
        """Whether CloudTrail delivered anything in the window."""
        return any(said.since <= file.named < said.until for file in self.world.files) or any(
            made.start < said.until and said.since < made.end for made in self.world.digests
        )

    @cached_property
    def _others(self):
        """The keys of objects that CloudTrail did not put, and of those that were only announced."""
        return (self.run.put.keys() | self.run.named) - self.files.keys() - self.digests.keys()

    def is_clean(self, key):
        """Whether a genuine object was read, never had other content, and is listed by a digest that is clean."""
        each = self.files.get(key) or self.digests.get(key)
        if each is None or not self.was_read(key, each.content) or not self._is_there(key, each.content):
            return False
        if not self._had_only(key, each.content):
            return False
        return key in self.digests or (key in self.listed_by and self.is_clean(self.listed_by[key].key))

    def was_read(self, key, content):
        """Whether the function has acknowledged the object with that content."""
        return any(inflated(body) == content for body in self.run.read.get(key, ()))

    def _is_there(self, key, content):
        found = self.run.s3.found(key)
        return found is not None and inflated(found[1]) == content

    def _had_only(self, key, content):
        return all(inflated(body) == content for body in self.run.put[key] if body is not None)

    # What may be found

    def is_justified(self, said, name, of, why):
        """Whether a finding is true, or at least what anybody would have to conclude."""
        key = of.removeprefix(_NAME)
        if self._is_beyond(said) and name in (*_OF_ABSENCE, "beyond-ledger", "row-unknown"):
            return True
        if name == "gap":
            return self._is_gap(said, of)
        if name == "nothing-delivered":
            return not self._has_something(said) or bool([*self._uncovered(said)])
        if name == "not-closed":
            return bool([*self._uncovered(said)]) or self.run.now < said.until + _CLOSED + _ARRIVED
        if key in self.files:
            return self._is_true_of_file(said, name, self.files[key], why)
        if key in self.digests:
            return self._is_true_of_digest(name, self.digests[key])
        if name == "no-digests":
            return self._has_no_digests(said, of)
        return key in self._others or any(key in str(row) for _, row, _ in self._bad_rows) or name not in _ACCUSING

    def _is_beyond(self, said):
        retention = self.world.ledger_retention
        return retention is not None and said.since - DAY < self.run.now - retention

    def _is_gap(self, said, of):
        chains = [chain for chain in self.world.chains if chain.name == of]
        if any("CloudTrail-Digest" in key and of.removeprefix(_NAME).rpartition("/")[2] in key for key in self._others):
            return True  # somebody put a digest with the name of this chain
        return not chains or any(self.uncovered(chain, said, only_by_clean=True) for chain in chains)

    def _has_no_digests(self, said, folder):
        """Whether no digest was read in the window for the account and Region of a folder."""
        return not any(
            self.was_read(made.key, made.content) and made.start < said.until and said.since < made.end
            for made in self.world.digests
            if made.key.startswith(folder.removeprefix(_NAME).rstrip("/") + "/")
        )

    def _is_true_of_digest(self, name, made):
        if name == "broken":
            return made.resumes
        if name in _ACCUSING:
            return not self._had_only(made.key, made.content)
        return not self.is_clean(made.key)

    def _is_true_of_file(self, said, name, file, why):
        bad = [(kind, row) for kind, row, files in self._bad_rows if file in files or _names(row, file)]
        had_other = not self._had_only(file.key, file.content)
        match name:
            case "row-missing":
                return had_other or any(kind == MISSING for kind, _ in bad)
            case "row-differs":
                return had_other or any(kind == "row changed" for kind, _ in bad)
            case "row-too-many":
                return had_other or any(kind != MISSING for kind, _ in bad)
            case "row-unknown":
                return not self._is_there(file.key, file.content)
            case "unproven":
                lister = self.listed_by.get(file.key)
                return had_other or lister is None or not self.is_clean(lister.key)
            case "awaited" | "not-ingested":
                return not self.was_read(file.key, file.content) or had_other
            case "missing":
                return not self._is_there(file.key, file.content) or None in self.run.put[file.key]
            case "tampered" | "replaced" | "unlisted" | "unreadable" | "changed" | "invalid":
                return had_other
        return had_other or bool(bad) or not self.is_clean(file.key)


def _told(row):
    """A row in a few words."""
    return " ".join(f"{name} {row.get(name)}" for name in ("eventID", "eventTime", "logFile", "expiresAt"))


def _names(row, file):
    return row.get("logFile") == {"S": _NAME + file.key}


def named_time(name):
    """The time in the name of a log file or digest; None if there is none."""
    found = _NAMED_TIME.search(name)
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def moment_of(text):
    """The moment of an eventTime; None if it is none."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def inflated(body):
    """The content of an object; None if it is damaged."""
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return None
