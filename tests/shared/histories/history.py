"""One history: a world with faults, what `aitrail verify` says of it, and what is wrong with that."""

from dataclasses import dataclass, field, replace
from functools import partial
from random import Random

from tests.shared.histories.copies import COPIED
from tests.shared.histories.faults.kinds import HONEST, KINDS, WEIGHTS, shape_of
from tests.shared.histories.layout import world_of
from tests.shared.histories.oracle import Complaint, Oracle
from tests.shared.histories.run import Run, hour_of
from tests.shared.histories.world import HOUR, MINUTE, START, sign

MIXED = "mixed"


@dataclass(frozen=True)
class History:
    """A history by its seed and kind; `without` names the faults (0, 1, …) and log files (f0, f1, …) left out.

    `copied` is a key of COPIED: which of the trails deliver to another bucket, which is replicated into the log bucket.
    """

    seed: int
    kind: str = MIXED
    without: frozenset = frozenset()
    copied: str = "some, late"

    @property
    def faults(self):
        """The kinds of its faults."""
        if self.kind != MIXED:
            return (self.kind,)
        random = Random(f"kinds {self.seed}")
        kinds = random.choices(list(KINDS), [WEIGHTS.get(kind, 1) for kind in KINDS], k=random.choice((1, 2, 3, 4)))
        return tuple(dict.fromkeys(kinds))

    def world(self):
        """The world, with its faults."""
        faults = self.faults
        world = world_of(self.seed, shape_of(faults, Random(f"shape {self.seed}")))
        COPIED[self.copied](world, Random(f"copied {self.seed}"))
        for number, kind in enumerate(faults):
            if str(number) not in self.without:
                KINDS[kind](world, Random(f"{kind} {self.seed}"))
        world.files = [file for file in world.files if f"f{file.number}" not in self.without]
        sign(world)
        return world

    def judge(self):
        """Runs the history and judges what is said of a few windows."""
        run = Run(self.world())
        run.go()
        outcome = Outcome(history=self, world=run.world)
        oracle = Oracle(run)
        if set(self.faults) <= set(HONEST):
            outcome.complaints += [(None, None, complaint) for complaint in oracle.wrong_rows()]
        for number, (since, until, deep) in enumerate(windows(run.world)):
            if f"w{number}" not in self.without:
                outcome.add(number, oracle, partial(run.verify, since, until, deep=deep))
        return outcome


@dataclass
class Outcome:
    """What was said of a history's windows, and the complaints about it: (number of the window, said, complaint)."""

    history: History
    world: object
    complaints: list = field(default_factory=list)
    proved: int = 0
    said: list = field(default_factory=list)

    def add(self, number, oracle, verify):
        """Verifies a window and judges what is said."""
        try:
            said = verify()
        except Exception as error:  # noqa: BLE001 - every error is a complaint
            complaint = Complaint(f"no answer, {type(error).__name__}", f"window {number}: {error!r}")
            self.complaints.append((number, None, complaint))
            return
        self.said.append((number, said))
        self.proved += said.proved
        self.complaints += [(number, said, complaint) for complaint in oracle.complaints(said)]

    @property
    def kinds(self):
        """The kinds of complaints."""
        return {complaint.kind for _, _, complaint in self.complaints}


def windows(world):
    """Windows worth verifying, as (since, until, whether deep)."""
    random = Random(f"windows {world.seed}")
    first, last = START, hour_of(min(world.now, world.end))
    yield first, max(first + HOUR, last - random.choice((0, 1, 3, 4)) * HOUR), random.random() < 0.2
    hours = int((last - first) / HOUR)
    for _ in range(2):
        since = first + random.randrange(max(hours, 1)) * HOUR
        until = since + random.choice((1, 1, 2, 3, 6)) * HOUR
        if random.random() < 0.3:
            since, until = since + random.randrange(60) * MINUTE, until + random.randrange(60) * MINUTE
        yield since, until, random.random() < 0.2
    for _ in range(2 if world.moments else 0):
        moment = random.choice(world.moments)
        length = random.choice((1, 2, 3, 30)) * HOUR
        edge = hour_of(moment) if random.random() < 0.5 else moment
        since = random.choice((edge - length, edge, edge + HOUR))
        yield since, since + length, random.random() < 0.2


def shrunk(history, kind):
    """The history without everything that this kind of complaint does not need."""
    parts = [f"w{number}" for number in range(6)]
    parts += [str(number) for number in range(len(history.faults))]
    parts += [f"f{file.number}" for file in history.world().files]
    for part in parts:
        smaller = replace(history, without=history.without | {part})
        try:
            if kind in smaller.judge().kinds:
                history = smaller
        except Exception:  # noqa: BLE001, S112 - a world that makes no sense is no smaller history
            continue
    return history


def described(outcome):
    """A history and the complaints about it, as text for people."""
    world, history = outcome.world, outcome.history
    lines = [
        f"seed {history.seed}, kind {history.kind}: {', '.join(history.faults)}; verified at {world.now:%m-%d %H:%M}",
        *(f"  {chain.name.rpartition('/')[2]} to {chain.bucket}: {_times(chain)}" for chain in world.chains),
        *(
            f"  {file.key.rpartition('/')[2]} stored {file.stored:%d %H:%M:%S}, copied after "
            f"{file.arrival.lag}, read {_delays(file)}, "
            f"events {[each['eventTime'][8:16] for each in file.records]}, troubles {file.arrival.troubles}"
            for file in world.files
        ),
        *(f"  fault: {note}" for note in world.notes),
        f"  retention: rows {world.row_retention}, ledger {world.ledger_retention}",
    ]
    for number, said in outcome.said:
        if mine := [complaint for each, _, complaint in outcome.complaints if each == number]:
            deep = "deep, " if said.deep else ""
            lines += [
                f"  window {said.since:%m-%d %H:%M:%S} to {said.until:%m-%d %H:%M:%S}: {deep}proved: {said.proved}",
                *(f"    found {name} {of.rpartition('/')[2]}: {why}" for name, of, why in said.findings),
                *(f"    {complaint}" for complaint in mine),
            ]
    lines += [f"    {complaint}" for _, said, complaint in outcome.complaints if said is None]
    return "\n".join(lines)


def _times(chain):
    return ", ".join(f"{begin:%m-%d %H:%M:%S} to {end:%m-%d %H:%M:%S}" for begin, end in chain.runs)


def _delays(file):
    return ", ".join(f"after {delay}" for delay in file.arrival.delays) or "never"
