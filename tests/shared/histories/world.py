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

from tests.shared.signed_digests import digest

BUCKET = "example-trail-logs"
# The bucket of which the log bucket may hold a replicated copy.
ORIGINAL = "organization-trail-logs"
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
    `lag` is how much later the object is in the bucket: S3 says of a replica when its original was put.
    """

    key: str
    body: bytes
    at: datetime
    metadata: dict = field(default_factory=dict)
    delays: list = field(default_factory=lambda: [5 * SECOND])
    troubles: list = field(default_factory=list)
    changes: list = field(default_factory=list)
    lag: timedelta = timedelta()


@dataclass(eq=False)
class Chain:
    """The digests of one trail in one account and Region; `runs` are the times between which the trail was logging.

    `bucket` is the one that the trail delivers to.
    """

    account: str
    region: str
    trail: str
    runs: list
    bucket: str = BUCKET

    @property
    def name(self):
        """As `aitrail verify` names the chain."""
        kind = "CloudTrail-Digest"
        folder = f"s3://{BUCKET}/AWSLogs/{self.account}/{kind}/{self.region}"
        return f"{folder}/{self.account}_{kind}_{self.region}_{self.trail}_{self.region}"

    def hours(self):
        """The hours of its digests, as (start, end, whether a chain begins)."""
        for begin, end in self.runs:
            for number in range((end - begin) // HOUR):
                yield begin + number * HOUR, begin + (number + 1) * HOUR, number == 0


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


def named_key(account, region, named, unique, *, organization="", day=None):  # noqa: PLR0913 - the parts of a name
    """The key of a log file with that time in its name."""
    folder = f"AWSLogs/{organization}{account}/CloudTrail/{region}/{day or named:%Y/%m/%d}"
    return f"{folder}/{account}_CloudTrail_{region}_{named:%Y%m%dT%H%MZ}_{unique}.json.gz"


def record(random, at, *, region=REGIONS[0], account=ACCOUNTS[0], source=None):
    """A record of an event at that time, with an eventID of its own."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "userName": random.choice(("Alice", "Bob")), "accountId": account},
        # strftime would write the year 1 without leading zeros.
        "eventTime": at.replace(tzinfo=None).isoformat() + "Z"
        if at
        else random.choice(("yesterday", "2026-02-30T00:00:00Z")),
        "eventSource": source or random.choice(WANTED),
        "eventName": random.choice(("SynthesizeSpeech", "ListVocabularies")),
        "awsRegion": region,
        "sourceIPAddress": f"192.0.2.{random.randrange(256)}",
        "requestParameters": {"requestCharacters": random.randrange(1000), "speed": 1.5},
        "responseElements": None,
        "eventID": f"{random.getrandbits(32):08x}-0000-4000-8000-{random.getrandbits(48):012x}",
        "recipientAccountId": account,
    }


def sign(world):
    """Signs the digests of a world once its files are final."""
    for chain in world.chains:
        previous = None
        for made in (each for each in world.digests if each.chain is chain):
            files = [(file.key, sha256(file.content)) for file in made.files if file in world.files]
            signed = digest(
                made.end,
                files,
                bucket=chain.bucket,
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
