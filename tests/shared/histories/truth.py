"""What is true of a history: what CloudTrail delivered, what the function has read, and what is in the table now."""

import gzip
import re
import zlib
from collections import defaultdict
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise

from tests.shared.histories.product import REGISTRY, expected_row
from tests.shared.histories.world import BUCKET, DAY, HOUR, uncovered

NAME = f"s3://{BUCKET}/"
MISSING, CHANGED, ADDED = "row missing", "row changed", "row added"
# A log file of the last minutes of an hour may be listed by the digest of the next one.
CLOSED = HOUR
# A digest arrives within an hour of its own end.
ARRIVED = 2 * HOUR
# How long before and after its delivery an event usually happened (docs/completeness.md).
NEAR = (3 * HOUR, HOUR)
_SERVICES = frozenset(service.name for service in REGISTRY.services)
_NAMED_TIME = re.compile(r"_(\d{8}T\d{4})Z[^/]*\.json\.gz$")


class Truth:
    """Knows one run of a world."""

    def __init__(self, run):
        self.run, self.world = run, run.world
        self.files = {file.key: file for file in run.world.files}
        self.digests = {made.key: made for made in run.world.digests}
        self.listed_by = {file.key: made for made in run.world.digests for file in made.files}
        self.rows = {row["eventID"]["S"]: row for row in run.rows()}

    def uncovered(self, chain, said, *, only_by_clean=False):
        """The hours that a chain should cover and does not, as far as anybody can know.

        With `only_by_clean`, also those that anybody could take for uncovered, whatever they know of the chain.
        """
        runs = chain.runs if only_by_clean else self._known_runs(chain)
        if not runs:
            return []
        begin, end = max(said.since, runs[0][0]), said.until + CLOSED
        last = runs[-1][1]
        if last < self.world.end:  # it was stopped for good, or nobody knows yet that it resumed
            if said.since - last > DAY:
                return []  # docs/completeness.md: not proved
            end = max(said.until, min(end, last))
        suffices = self._is_sound if only_by_clean else lambda made: self.was_read(made.key, made.content)
        spans = [(made.start, made.end) for made in self.world.digests if made.chain is chain and suffices(made)]
        spans += self._while_paused(chain, suffices)
        return list(uncovered(begin, end, spans)) if begin < end else []

    def _known_runs(self, chain):
        """The times in which anybody can know that a trail was logging.

        A digest that was read tells of the one before it; nothing tells of those before, if none of them was read.
        """
        made = sorted((made for made in self.world.digests if made.chain is chain), key=lambda made: made.start)
        before = [None, *made]
        known = [before[n] or each for n, each in enumerate(made) if self.was_read(each.key, each.content)]
        first = known[0].start if known else None
        runs = [run for run in chain.runs if any(run[0] <= each.start < run[1] for each in known)]
        return [(max(begin, first), end) for begin, end in runs]

    def is_known(self, file):
        """Whether anybody can know of a log file: by a digest, because it was read, or as its trail was logging."""
        lister = self.listed_by.get(file.key)
        is_listed = lister is not None and self.was_read(lister.key, lister.content)
        runs = self._known_runs(file.chain)
        return is_listed or bool(self.run.read.get(file.key)) or any(begin <= file.named < end for begin, end in runs)

    def is_stopped(self, chain, said):
        """Whether a trail did not log at some time in the window or in the hour after it, after it had begun.

        A log file of the window may then be in no digest.
        """
        runs = [*chain.runs, (self.world.end, None)]
        pauses = ((end, begin) for (_, end), (begin, _) in pairwise(runs))
        return any(end < min(said.until + CLOSED, begin) and said.since < begin for end, begin in pauses)

    def _while_paused(self, chain, suffices):
        """The times in which a trail was stopped and the digests of another one of its account and Region speak."""
        others = [
            made
            for made in self.world.digests
            if made.chain is not chain
            and (made.chain.account, made.chain.region) == (chain.account, chain.region)
            and suffices(made)
        ]
        for (_, begin), (end, _) in pairwise(chain.runs):
            yield from ((max(begin, made.start), min(end, made.end)) for made in others)

    def _is_sound(self, made):
        return self.is_clean(made.key) and not made.resumes

    @cached_property
    def expected(self):
        """eventID -> the rows that genuine records make, one for each file that has the event, with the file."""
        found = defaultdict(list)
        for file in self.world.files:
            for index, record in enumerate(file.records):
                row = expected_row(record, NAME + file.key, index, self.world.row_retention)
                if row is not None:
                    found[row["eventID"]["S"]].append((row, file))
        return found

    @cached_property
    def bad_rows(self):
        """Rows that are not as they have to be, as (kind, row or expected row, files concerned)."""
        found = []
        for event_id, row in self.rows.items():
            made = self.expected.get(event_id, [])
            if self.is_over(made[0][0] if made else row) or any(_content(row) == _content(each) for each, _ in made):
                continue
            kind = CHANGED if made else ADDED
            found.append((kind, row, [file for _, file in made]))
        for event_id, made in self.expected.items():
            if event_id not in self.rows and not self.is_over(made[0][0]):
                found.append((MISSING, made[0][0], [file for _, file in made]))
        return found

    @cached_property
    def moved_rows(self):
        """Rows that somebody made name another file or record, or none: which one they name is not proved."""
        made = ((row, self.expected.get(event_id, [])) for event_id, row in self.rows.items())
        return [row for row, expected in made if not any(row == each for each, _ in expected)]

    def is_over(self, row):
        """Whether the row has expired: by the time of its event, whatever somebody has written into expiresAt."""
        happened, retention = moment_of(row["eventTime"]["S"]), self.world.row_retention
        return None not in (happened, retention) and happened <= self.run.now - retention

    def has_something(self, said):
        """Whether CloudTrail delivered anything in the window."""
        return any(said.since <= file.named < said.until for file in self.world.files) or any(
            made.start < said.until and said.since < made.end for made in self.world.digests
        )

    @cached_property
    def others(self):
        """The keys of objects that CloudTrail did not put, and of those that were only announced."""
        return (self.run.put.keys() | self.run.named) - self.files.keys() - self.digests.keys()

    def is_clean(self, key):
        """Whether a genuine object was read, never had other content, and is listed by a digest that is clean."""
        each = self.files.get(key) or self.digests.get(key)
        if each is None or not self.was_read(key, each.content) or not self.is_there(key, each.content):
            return False
        if not self.had_only(key, each.content):
            return False
        return key in self.digests or (key in self.listed_by and self.is_clean(self.listed_by[key].key))

    def was_read(self, key, content):
        """Whether the function has acknowledged the object with that content."""
        return any(inflated(body) == content for body in self.run.read.get(key, ()))

    def is_there(self, key, content):
        found = self.run.s3.found(key)
        return found is not None and inflated(found[1]) == content

    def had_only(self, key, content):
        """Whether nobody can take an object for one that had other content.

        If the reading of one body was cut off, nothing says that the content of another body is the same.
        """
        bodies = {body for body in self.run.put[key] if body is not None}
        return all(inflated(body) == content for body in bodies) and not (len(bodies) > 1 and key in self.run.cut_off)


def told(row):
    """A row in a few words."""
    return " ".join(f"{name} {row.get(name)}" for name in ("eventID", "eventTime", "logFile", "expiresAt"))


def can_be_seen(row):
    """Whether a row is where queries look for rows of its service and time."""
    return row["service"]["S"] in _SERVICES and row["eventDay"]["S"] == row["eventTime"]["S"][: len("YYYY-MM-DD")]


def names(row, file):
    return row.get("logFile") == {"S": NAME + file.key}


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


def _content(row):
    """A row without where it comes from, and when it expires."""
    return {name: value for name, value in row.items() if name not in ("logFile", "recordIndex", "expiresAt")}
