"""Digests and log files that arrive in any order, twice, or after a crash end in the same ledger and verdict."""

import gzip
import json
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.deliveries import Scope
from aitrail.digests import PublicKeys
from aitrail.proof import Verification
from aitrail.services import load
from aitrail.window import Window
from tests.functional.day import BUCKET, name_of
from tests.shared.fuzzing import law
from tests.shared.signed_digests import at, chain, digest

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = at("00:00") + 200 * DAY
# Whether an object is awaited depends on what is read first.
OF_THE_ORDER = {"AwaitedFiles", "SkippedFiles"}
SHORT_GAPS = (1, 2, 3, 24, 47, 4 * 24)
GAPS = (*SHORT_GAPS, 10 * 24, 16 * 24, 25 * 24, 45 * 24, 92 * 24)


def restarted(first, gap, *, trail="audit", linked=False, files=()):
    """Two digests that end at `first` and one hour later, and two more after a gap of so many hours."""
    where = {"trail": trail}
    listed = {first + HOUR: files}
    before = chain([first, first + HOUR], bucket=BUCKET, where=where, files=listed)
    after = [first + (gap + 2) * HOUR, first + (gap + 3) * HOUR]
    return [*before, *chain(after, bucket=BUCKET, where=where, first=before[-1] if linked else None)]


def log_key(end, unique="a"):
    """The key of a log file of the hour that ends then."""
    moment = end - HOUR / 2
    name = f"111122223333_CloudTrail_eu-west-1_{moment:%Y%m%dT%H%MZ}_{unique}.json.gz"
    return f"AWSLogs/111122223333/CloudTrail/eu-west-1/{moment:%Y/%m/%d}/{name}"


class World:
    """Deliveries in a bucket, and what becomes of them in a new ledger, in some order."""

    def __init__(self, new_pipeline, record):
        self.new_pipeline, self.objects, self.days = new_pipeline, {}, 6
        self.content = json.dumps({"Records": [record(1)]}).encode()

    def put(self, *digests):
        for signed in digests:
            self.objects[signed.key] = (signed.body, {"Metadata": signed.metadata})

    def log(self, key, content=None):
        self.objects[key] = (gzip.compress(content or self.content, mtime=0), {})

    def arrive(self, order, *, crash=None):
        """Ingests in that order; returns the ledger, what `aitrail verify` finds, and the sums of metrics.

        `crash` is the number of a write to DynamoDB that fails once, whereupon its delivery is ingested again.
        """
        pipeline = self.new_pipeline()
        pipeline.trust()
        pipeline.clock.now = NOW
        deliveries = {key: pipeline.deliver(body, key, **options) for key, (body, options) in self.objects.items()}
        sums, writes = Counter(), iter(range(10_000))

        def fail(**_):
            if next(writes) == crash:
                raise ConnectionError

        pipeline.dynamodb.meta.events.register("before-call.dynamodb.UpdateItem", fail)
        for key in order:
            try:
                reported = pipeline.ingest(deliveries[key])
            except ConnectionError:
                reported = pipeline.ingest(deliveries[key])
            sums.update(reported.metrics)
        pipeline.dynamodb.meta.events.unregister("before-call.dynamodb.UpdateItem", fail)
        found = findings(pipeline, at("00:00"), at("00:00") + self.days * DAY)
        return ledger(pipeline), found, {name: sums[name] for name in sums.keys() - OF_THE_ORDER}


def ledger(pipeline):
    return {
        (each["logFile"], each["entry"]): {
            name: value for name, value in each.items() if name not in ("ingestedAt", "doubtedAt")
        }
        for each in pipeline._items(pipeline.files_name)
    }


def findings(pipeline, since, until):
    verification = Verification(
        reader=pipeline.reader,
        source=pipeline.source,
        s3=pipeline.s3,
        public_keys=PublicKeys(lambda _region: pipeline.cloudtrail, clock=pipeline.clock.given),
        registry=load(),
        now=NOW,
        scope=Scope(bucket=BUCKET),
    )
    found = verification.verify(Window(since=since, until=until)).findings
    return sorted((each.finding, each.of, each.why) for each in found)


@pytest.fixture
def world(new_pipeline, record):
    return World(new_pipeline, record)


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("gap", GAPS)
def test_gap_of_any_length_breaks_the_chain_in_any_order(world, gap, linked):
    digests = restarted(at("08:00"), gap, linked=linked)
    world.put(*digests)
    world.days = gap // 24 + 2
    keys = [signed.key for signed in digests]

    results = [world.arrive(order) for order in (keys, keys[::-1], [keys[2], keys[0], keys[3], keys[1]])]

    assert results[1:] == results[:-1]
    entries, found, sums = results[0]
    problems = {name.rpartition("/")[2]: entry["problem"] for (name, _), entry in entries.items() if "problem" in entry}
    assert problems == {keys[2].rpartition("/")[2]: "broken"}
    assert sums["BrokenChains"] == 1
    assert {"broken", "gap"} <= {name for name, _, _ in found}


@pytest.mark.parametrize("gap", GAPS)
def test_window_within_a_gap_is_not_proved_whatever_follows(world, gap):
    first = at("08:00")
    world.put(*restarted(first, gap))
    begin, end = first + HOUR, first + HOUR + gap * HOUR
    within = begin + (end - begin) / 4, end - (end - begin) / 4
    pipeline = world.new_pipeline()
    pipeline.trust()
    pipeline.clock.now = NOW
    for key, (body, options) in world.objects.items():
        pipeline.ingest(pipeline.deliver(body, key, **options))

    found = findings(pipeline, *(moment.replace(minute=0) for moment in (within[0], within[1] + HOUR)))

    assert any(name == "gap" for name, _, _ in found)


@pytest.mark.parametrize("days", [4, 10, 92])
def test_time_between_two_trails_is_a_gap_in_any_order_and_breaks_no_chain(world, days):
    one = chain([at("08:00"), at("09:00")], bucket=BUCKET)
    other = chain([at("08:00") + days * DAY, at("09:00") + days * DAY], bucket=BUCKET, where={"trail": "other"})
    world.put(*one, *other)
    world.days = days + 2
    keys = list(world.objects)

    results = [world.arrive(order) for order in (keys, keys[::-1])]

    assert results[0] == results[1]
    entries, found, sums = results[0]
    assert "BrokenChains" not in sums
    folder = f"{one[0].key.partition('/2026')[0]}/"
    assert entries[name_of(folder), "chains"]["deliveryDay"] == "restarts"
    assert {of.startswith(name_of(folder)) for name, of, _ in found if name == "gap"} == {True}


def test_trail_that_begins_while_another_runs_leaves_no_gap(world):
    one = chain([at(f"{hour:02}:00") for hour in range(8, 15)], bucket=BUCKET)
    other = chain([at(f"{hour}:00") for hour in range(11, 15)], bucket=BUCKET, where={"trail": "other"})
    world.put(*one, *other)
    pipeline = world.new_pipeline()
    pipeline.trust()
    pipeline.clock.now = NOW
    for key, (body, options) in world.objects.items():
        pipeline.ingest(pipeline.deliver(body, key, **options))

    assert findings(pipeline, at("08:00"), at("12:00")) == []


def test_chain_that_begins_many_times_keeps_its_item_small(world):
    ends = [at("01:00") + 2 * number * HOUR for number in range(12)]
    digests = [digest(end, bucket=BUCKET) for end in ends]
    world.put(*digests)
    keys = [signed.key for signed in digests]

    results = [world.arrive(order) for order in (keys, keys[::-1])]

    assert results[0] == results[1]
    (item,) = (entry for (_, kind), entry in results[0][0].items() if kind == "chains")
    assert len(json.dumps(item)) < 1000
    assert "expiresAt" not in item
    assert results[0][2]["BrokenChains"] == 11


SCENARIOS = st.fixed_dictionaries(
    {
        "gap": st.sampled_from(SHORT_GAPS),
        "linked": st.booleans(),
        "two trails": st.booleans(),
        "twin": st.sampled_from(["none", "tampered", "invalid"]),
        "file": st.sampled_from(["listed", "tampered", "unlisted", "not there"]),
        "backfill": st.booleans(),
        "order": st.randoms(use_true_random=False),
        "twice": st.integers(0, 2),
        "crash": st.none() | st.integers(0, 30),
    }
)


def build(world, scenario):
    """Puts the deliveries of a scenario into the world."""
    first, key = at("08:00"), log_key(at("09:00"))
    listed = [] if scenario["file"] == "unlisted" else [(key, world.content)]
    digests = restarted(first, scenario["gap"], linked=scenario["linked"], files=listed)
    if scenario["twin"] == "tampered":
        digests[0] = digest(first, [(log_key(first), "a" * 64)], bucket=BUCKET)
    elif scenario["twin"] == "invalid":
        digests[0] = digest(first, bucket=BUCKET, signer=1)
    world.put(*digests)
    if scenario["two trails"]:
        world.put(*restarted(first + HOUR, 2, trail="other", linked=not scenario["linked"]))
    if scenario["file"] != "not there":
        world.log(key, b'{"Records": []}' if scenario["file"] == "tampered" else None)
    if scenario["backfill"]:
        lists = [(key, world.content), (log_key(at("09:00"), "late"), "b" * 64)]
        world.put(digest(at("09:00"), lists, bucket=BUCKET, where={"suffix": "_backfill"}))


@pytest.mark.slow
@law(12, costs=200, shrinks=False)
@given(scenario=SCENARIOS)
def test_any_order_with_duplicates_and_a_crash_ends_in_the_same_ledger_and_verdict(new_pipeline, record, scenario):
    world = World(new_pipeline, record)
    build(world, scenario)
    keys = list(world.objects)
    expected = world.arrive(keys)
    shuffled = [*keys]
    scenario["order"].shuffle(shuffled)
    again = [*shuffled, *scenario["order"].choices(shuffled, k=scenario["twice"])]
    scenario["order"].shuffle(again)

    other = world.arrive(shuffled)
    disturbed = world.arrive(again, crash=scenario["crash"])

    assert other == expected
    assert disturbed[:2] == expected[:2]


@pytest.mark.slow
def test_crash_at_any_write_is_made_good_by_the_retry(world):
    digests = restarted(at("08:00"), 24, files=[(log_key(at("09:00")), world.content)])
    world.put(*digests)
    world.log(log_key(at("09:00")))
    for order in (list(world.objects), list(world.objects)[::-1]):
        expected = world.arrive(order)
        for number in range(14):
            assert world.arrive(order, crash=number)[:2] == expected[:2]
