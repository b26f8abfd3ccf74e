"""Judges what `aitrail verify` says of a window, from what truly happened: it reads no ledger, and none of its code.

A window may be called proved only if everything that CloudTrail delivered in it was read as delivered, all hours until
one hour after it are covered by digests that were read, and the table has exactly the rows that this makes
(`Oracle.reasons_against`). It must be called proved if, in addition, nothing happened that anybody could take for a
fault (`Oracle.is_spotless`). In between, either is right, but each finding must be true (`justification`).
"""

from dataclasses import dataclass

from tests.shared.histories.justification import is_justified
from tests.shared.histories.truth import (
    ADDED,
    ARRIVED,
    CLOSED,
    MISSING,
    NAME,
    NEAR,
    Truth,
    can_be_seen,
    moment_of,
    named_time,
    told,
)
from tests.shared.histories.world import DAY, HOUR

# So long after it was stored, a log file that no digest lists is no longer on its way.
PATIENCE = 6 * HOUR
NOT_CLOSED = "window not closed"


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
        self.truth = Truth(run)

    def complaints(self, said):
        """Everything that is wrong with what was said of a window."""
        against = self.reasons_against(said)
        if said.proved:
            # If the window was not over yet, the rest may still come: that is reason enough.
            still_open = [(kind, why) for kind, why in against if kind == NOT_CLOSED]
            yield from (Complaint(f"false proof, {kind}", why) for kind, why in still_open or against)
        elif not said.findings:
            yield Complaint("false accusation, no finding", "it is not proved, without a reason")
        spotless = not against and self.is_spotless(said)
        for name, of, why in said.findings:
            if spotless or not is_justified(self.truth, said, name, of):
                yield Complaint(f"false accusation, {name}", f"{'the window is spotless; ' * spotless}{of}: {why}")
        for name in said.not_listed_yet:
            # It must not be an excuse for a file whose hour is over.
            if named_time(name) + CLOSED + ARRIVED + PATIENCE < self.truth.run.now:
                yield Complaint("false excuse", f"a digest should list {name} by now")

    def wrong_rows(self):
        """What is wrong with the rows of log files that were read, if nobody else has changed anything."""
        for kind, row, files in self.truth.bad_rows:
            if all(self.truth.was_read(file.key, file.content) for file in files):
                yield Complaint(f"wrong row, {kind}", told(row))

    # What may be called proved

    def reasons_against(self, said):
        """Why the window must not be called proved: pairs of a kind and an explanation."""
        return [
            *self._unread(said),
            *self._uncovered(said),
            *((kind, told(row)) for kind, row, files in self.truth.bad_rows if self._is_asked(said, kind, row, files)),
            *self._strangers(said),
        ]

    def _unread(self, said):
        for file in self.truth.world.files:
            if not said.since <= file.named < said.until or not self.truth.is_known(file):
                continue
            if not self.truth.was_read(file.key, file.content):
                yield "file not ingested", f"{file.key} was never read as CloudTrail delivered it"
            if said.deep and not self.truth.is_there(file.key, file.content):
                yield "file changed", f"{file.key} is not there, or not as CloudTrail delivered it"

    def _uncovered(self, said):
        for chain in self.truth.world.chains:
            for begin, end in self.truth.uncovered(chain, said):
                is_open = end > min(said.until, self.truth.run.now - ARRIVED)
                hours = f"{begin:%m-%d %H:%M:%S} to {end:%m-%d %H:%M:%S}"
                kind = NOT_CLOSED if is_open else "hours uncovered"
                yield kind, f"no digest was read that covers {hours} of {chain.name}"

    def _strangers(self, said):
        for key, bodies in self.truth.run.read.items():
            named = named_time(key)
            if key in self.truth.files or not bodies or named is None or not said.since <= named < said.until:
                continue
            if "/CloudTrail/" in key and not self._is_forgotten(key):
                yield "stranger", f"{key} was ingested, and CloudTrail never delivered it"

    def _is_forgotten(self, key):
        """Whether the ledger's entry of an object has expired: nobody can know of it any more."""
        retention = self.truth.world.ledger_retention
        return retention is not None and self.truth.run.read_at[key] + retention <= self.truth.run.now

    def _is_asked(self, said, kind, row, files):
        """Whether a bad row belongs to the window by the file that it names, or the files of its record.

        Its own time counts as well, unless it names a log file of CloudTrail's of about that time, whose window it is,
        or one of which nothing can be said yet, as it is said.
        """
        name = row.get("logFile", {}).get("S", "")
        named, happened = named_time(name), moment_of(row["eventTime"]["S"])
        times = [file.named for file in files]
        # A row that has expired by its own time is nowhere to be seen.
        if kind != MISSING and not self.truth.is_over(row):
            is_near = named is not None and happened is not None and named - NEAR[0] <= happened <= named + NEAR[1]
            is_of_a_file = name.removeprefix(NAME) in self.truth.files
            is_by_hand = kind == ADDED and row["eventID"]["S"] in self.truth.run.by_hand
            # docs/completeness.md: some are invisible, and only the proof of its own time finds one far from its file.
            if is_by_hand and not can_be_seen(row):
                times = []
            elif is_by_hand and not is_near:
                times = [happened]
            elif is_near and (is_of_a_file or name in said.not_listed_yet):
                times += [named]
            else:
                times += [happened, named]
        return any(time is not None and said.since <= time < said.until for time in times)

    # What must be called proved

    def is_spotless(self, said):
        """Whether nothing happened that anybody could take for a fault, and everything had time to arrive."""
        world, first, last = self.truth.world, said.since - HOUR, said.until + CLOSED
        files = [file for file in world.files if said.since <= file.named < said.until]
        files += [file for file in world.files if any(first <= (moment or first) < last for moment in _times(file))]
        # A digest is named after the end of its hour: one that ends when the window begins counts as well.
        digests = [made for made in world.digests if made.start < last and said.since <= made.end]
        files += [file for made in digests for file in made.files if file in world.files]
        return (
            self.truth.has_something(said)
            and self.truth.run.now >= last + ARRIVED
            and all(self.truth.is_clean(each.key) for each in (*files, *digests))
            and all(self.truth.run.now >= file.named + CLOSED + ARRIVED for file in files)
            and not any(made.resumes for made in digests)
            and not any(first <= (named_time(key) or first) < last + HOUR for key in self.truth.others)
            and not any(first <= stranger.at < last + HOUR for stranger in world.strangers)
            and not self.truth.bad_rows
            and not self.truth.moved_rows
            and (world.ledger_retention is None or said.since - DAY >= self.truth.run.now - world.ledger_retention)
            and not any(self.truth.is_stopped(chain, said) for chain in world.chains)
        )


def _times(file):
    """The times of a log file's events; None for a time that is none."""
    return [moment_of(record.get("eventTime", "")) for record in file.records]
