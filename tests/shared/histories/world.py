"""The world of a history: chains of digests, log files with their records, and what happens to each, from a seed.

A world is what CloudTrail did. It is laid out completely before anything is simulated, so that faults can choose their
targets, and so that a failing history can be shrunk: what is left out changes nothing else.
"""

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from tests.shared.signed_digests import digest, key_of, written

BUCKET = "example-trail-logs"
START = datetime(2026, 3, 10, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
ACCOUNTS, REGIONS, TRAILS = ("111122223333", "444455556666"), ("eu-west-1", "us-east-1"), ("audit", "second")
WANTED = ("polly.amazonaws.com", "transcribe.amazonaws.com")


@dataclass(eq=False)
class Arrival:
    """An object that somebody put into the bucket, the messages that announce it, and what the function did then.

    `delays` are those of the messages after the object was put; none if they were dropped. `troubles` are the faults
    of the first attempts to process a message: ("crash" | "timeout", number of calls until then). `changes` are what
    happens to the object later: pairs of a time and a body, None for a deletion, with the delays of their messages.
    """

    key: str
    body: bytes
    at: datetime
    metadata: dict = field(default_factory=dict)
    delays: list = field(default_factory=lambda: [5 * SECOND])
    troubles: list = field(default_factory=list)
    changes: list = field(default_factory=list)


@dataclass(eq=False)
class Chain:
    """The digests of one trail in one account and Region; `runs` are the times between which the trail was logging."""

    account: str
    region: str
    trail: str
    runs: list

    @property
    def name(self):
        """As `aitrail verify` names the chain."""
        kind = "CloudTrail-Digest"
        folder = f"s3://{BUCKET}/AWSLogs/{self.account}/{kind}/{self.region}"
        return f"{folder}/{self.account}_{kind}_{self.region}_{self.trail}_{self.region}"

    def hours(self):
        """The hours of its digests, as (start, end, whether a chain begins)."""
        for begin, end in self.runs:
            first = True
            while begin + HOUR <= end:
                yield begin, begin + HOUR, first
                begin, first = begin + HOUR, False


@dataclass(eq=False)
class File:
    """A log file that CloudTrail delivered at `stored`, with the time `named` in its name."""

    number: int
    chain: Chain
    named: datetime
    stored: datetime
    records: list
    arrival: Arrival

    @property
    def key(self):
        return self.arrival.key

    @property
    def content(self):
        return content_of(self.records)


@dataclass(eq=False)
class Digest:
    """A digest that CloudTrail signed. `begins` is whether it begins a chain, `resumes` whether it does so again."""

    number: int
    chain: Chain
    start: datetime
    end: datetime
    begins: bool
    arrival: Arrival
    content: bytes = b""
    files: list = field(default_factory=list)

    @property
    def key(self):
        return self.arrival.key

    @property
    def resumes(self):
        return self.begins and self.start > self.chain.runs[0][0]


@dataclass(eq=False)
class World:
    """`strangers` are objects that somebody else put; `edits` are changes of the tables: (time, function of the run).

    `messages` are sent by somebody: (time, body). `notes` describe the faults. `now` is when somebody verifies, `end`
    the end of the last digest at the latest.
    """

    seed: int
    chains: list
    files: list
    digests: list
    end: datetime
    now: datetime
    row_retention: timedelta | None = None
    ledger_retention: timedelta | None = None
    strangers: list = field(default_factory=list)
    edits: list = field(default_factory=list)
    messages: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    # Times around which windows are worth verifying.
    moments: list = field(default_factory=list)

    def note(self, text):
        self.notes.append(text)


def content_of(records):
    return json.dumps({"Records": records}).encode()


def packed(content):
    return gzip.compress(content, 1, mtime=0)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def named_key(account, region, named, unique, *, organization="", day=None):
    """The key of a log file with that time in its name."""
    folder = f"AWSLogs/{organization}{account}/CloudTrail/{region}/{day or named:%Y/%m/%d}"
    return f"{folder}/{account}_CloudTrail_{region}_{named:%Y%m%dT%H%MZ}_{unique}.json.gz"


def record(random, at, *, region=REGIONS[0], account=ACCOUNTS[0], source=None):
    """A record of an event at that time, with an eventID of its own."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "userName": random.choice(("Alice", "Bob")), "accountId": account},
        "eventTime": written(at) if at else random.choice(("yesterday", "2026-02-30T00:00:00Z")),
        "eventSource": source or random.choice(WANTED),
        "eventName": random.choice(("SynthesizeSpeech", "ListVocabularies")),
        "awsRegion": region,
        "sourceIPAddress": f"192.0.2.{random.randrange(256)}",
        "requestParameters": {"requestCharacters": random.randrange(1000), "speed": 1.5},
        "responseElements": None,
        "eventID": f"{random.getrandbits(32):08x}-0000-4000-8000-{random.getrandbits(48):012x}",
        "recipientAccountId": account,
    }


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How large a world is, and what is in it that is honest but odd."""

    hours: int | None = None
    trails: int | None = None
    places: int | None = None
    # The time without logging between two runs of the first chain, and the hours of logging before it.
    pause: timedelta | None = None
    row_retention: timedelta | None = None
    ledger_retention: timedelta | None = None


def world_of(seed, shape):
    """An honest world."""
    random = Random(f"world {seed}")
    hours = shape.hours or random.choice((3, 4, 5, 6, 8, 12))
    end = START + hours * HOUR + (shape.pause or timedelta())
    now = end + random.choice((0, 1, 2, 3, 4, 5, 8)) * HOUR + random.randrange(60) * MINUTE
    world = World(
        seed=seed,
        chains=_chains(random, shape, now),
        files=[],
        digests=[],
        end=now,
        now=now,
        row_retention=shape.row_retention,
        ledger_retention=shape.ledger_retention,
    )
    for chain in world.chains:
        _fill(world, chain, random)
    return world


def _chains(random, shape, end):
    accounts = shape.places or random.choices((1, 2), (4, 1))[0]
    regions = shape.places or random.choices((1, 2), (4, 1))[0]
    trails = shape.trails or random.choices((1, 2), (3, 1))[0]
    chains = []
    for account in ACCOUNTS[:accounts]:
        for region in REGIONS[:regions]:
            for trail in TRAILS[:trails]:
                begin = START + random.choice((timedelta(), random.randrange(3600) * SECOND))
                runs = [(begin, end)]
                if shape.pause and not chains:
                    stop = begin + random.randint(1, 5) * HOUR
                    runs = [(begin, stop), (stop + shape.pause + random.randrange(3600) * SECOND, end)]
                elif shape.pause and shape.pause > 2 * DAY:  # thousands of digests would take too long
                    runs = [(begin + shape.pause - random.randrange(5) * HOUR, end)]
                chains.append(Chain(account, region, trail, runs))
    return chains


def _fill(world, chain, random):
    """Adds the digests of a chain, and the log files that they list."""
    for start, end, begins in chain.hours():
        at = end + random.randint(5, 50) * MINUTE
        arrival = Arrival(key=_digest_key(chain, end), body=b"", at=at, delays=_delays(random))
        made = Digest(len(world.digests), chain, start, end, begins, arrival)
        world.digests.append(made)
        for number in range(random.choice((0, 0, 1, 1, 2))):
            # Sometimes in the first seconds of the hour, so that the name belongs to the hour before.
            lag = random.randrange(20) if random.random() < 0.3 else random.randrange(3600)
            stored = start + lag * SECOND
            named = max(stored - random.choice((5, 40, 90)) * SECOND, START - HOUR).replace(second=0)
            made.files.append(_file(world, chain, random, named, stored, number))


def _digest_key(chain, end):
    return key_of(end, account=chain.account, region=chain.region, trail=chain.trail)


def _file(world, chain, random, named, stored, number):
    records = [_record(world, chain, random, named) for _ in range(random.choice((0, 1, 1, 2, 5)))]
    records += [record(random, named, source="ec2.amazonaws.com") for _ in range(random.choice((0, 0, 1)))]
    if records and random.random() < 0.1:
        records.append(records[0])  # twice in the same file
    unique = f"{chain.trail}{number}{random.getrandbits(32):08x}"
    arrival = Arrival(
        key=named_key(chain.account, chain.region, named, unique),
        body=packed(content_of(records)),
        at=stored,
        delays=_delays(random),
        troubles=_troubles(random),
    )
    file = File(len(world.files), chain, named, stored, records, arrival)
    world.files.append(file)
    return file


def _record(world, chain, random, named):
    """A record of its own or, now and then, one that another file of the same account and Region has."""
    others = [
        each
        for file in world.files[-6:]
        if (file.chain.account, file.chain.region) == (chain.account, chain.region) and file.named <= named
        for each in file.records
    ]
    if others and random.random() < 0.25:
        return random.choice(others)
    late = random.random() < 0.08
    at = named - (random.randint(60, 1200) if late else random.randint(1, 14)) * MINUTE
    bad = random.random() < 0.02
    return record(random, None if bad else at, region=chain.region, account=chain.account)


def _delays(random):
    """Usually one message soon; sometimes hours later, several, or both."""
    soon = random.randint(1, 90) * SECOND
    choice = random.random()
    if choice < 0.8:
        return [soon]
    late = random.randint(5, 600) * MINUTE
    return [late] if choice < 0.9 else [soon, late]


def _troubles(random):
    if random.random() < 0.9:
        return []
    return [(random.choice(("crash", "timeout")), random.randint(1, 5)) for _ in range(random.randint(1, 2))]


def sign(world):
    """Signs the digests of a world once its files are final."""
    for chain in world.chains:
        previous = None
        for made in (each for each in world.digests if each.chain is chain):
            files = [(file.key, sha256(file.content)) for file in made.files if file in world.files]
            signed = digest(
                made.end,
                files,
                bucket=BUCKET,
                previous=None if made.begins else previous,
                start=made.start,
                where={"region": chain.region, "trail": chain.trail, "account": chain.account},
                awsAccountId=chain.account,
            )
            assert signed.key == made.key
            previous, made.content = signed, signed.content
            made.arrival.body, made.arrival.metadata = signed.body, signed.metadata


def uncovered(begin, end, spans):
    """The parts of a time that no span covers."""
    for (_, last), (first, _) in pairwise([(begin, begin), *sorted(_within(begin, end, spans)), (end, end)]):
        if first > last:
            yield last, first


def _within(begin, end, spans):
    reached = begin
    for first, last in sorted(spans):
        if last > reached and first < end:
            yield max(first, begin), min(last, end)
            reached = last
