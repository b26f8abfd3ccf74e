"""Compares what a backfill announces with its definition, with a bucket and a ledger in memory."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.deliveries import DayFolders, is_misfiled, kind_of, log_key_of
from aitrail.repair import Backfill
from aitrail.window import Window

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=100)
BUCKET = "example-trail-logs"
CURRENT = "2-0123456789ab"
A_PAGE = 3


class Bucket(dict):
    """Key -> (etag, storage class, restored), listed as in S3, in small pages; `asked` has the requested prefixes."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.asked = []

    def get_paginator(self, operation):
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket, Prefix, Delimiter=None, OptionalObjectAttributes=()):  # noqa: N803 - S3's names
        assert Bucket == BUCKET
        self.asked.append((Prefix, Delimiter))
        found = {}
        for key in sorted(self, key=str.encode):
            if key.startswith(Prefix):
                folder, slash, _ = key[len(Prefix) :].partition(Delimiter or "\0")
                found[f"{Prefix}{folder}/" if slash else key] = bool(slash)
        names = list(found.items())
        for start in range(0, max(len(names), 1), A_PAGE):
            page = names[start : start + A_PAGE]
            yield {
                "CommonPrefixes": [{"Prefix": name} for name, is_folder in page if is_folder],
                "Contents": [self.listed(name, OptionalObjectAttributes) for name, is_folder in page if not is_folder],
            }

    def listed(self, key, optional):
        etag, storage_class, is_restored = self[key]
        listed = {"Key": key, "Size": len(key), "ETag": f'"{etag}"', "StorageClass": storage_class}
        if is_restored and "RestoreStatus" in optional:
            listed["RestoreStatus"] = {"IsRestoreInProgress": False, "RestoreExpiryDate": datetime.now(UTC)}
        return listed


class Entries(dict):
    """Ledger entries by key of the object."""

    def of_day(self, day, *, begins_with):
        for key in sorted(self, key=str.encode):
            name = f"s3://{BUCKET}/{key}"
            # The entry of an object in the folder of a different day is indexed by the time in its name.
            if name.startswith(begins_with) and log_key_of(key).delivery_day == day and not is_misfiled(key):
                yield {"logFile": name, **self[key]}

    def whole(self, entries):
        for each in entries:
            found = self.get(each["logFile"].removeprefix(f"s3://{BUCKET}/"))
            yield each if found is None else each | found | {"deliveryDay": "2026-03-14"}


class Announcer:
    """Records announced objects."""

    def __init__(self):
        self.announced = []

    def announce(self, keys, *, force=False):
        self.announced += [(key, force) for key in keys]
        yield len(self.announced)


def key(folder="CloudTrail", day=14, at="20260314T0925Z", number=0, **where):
    """The key of a delivery."""
    known = {"prefix": "", "organization": "", "account": "111122223333", "region": "eu-west-1", "month": "2026/03"}
    where = known | where
    middle = "trail_eu-west-1_" if folder == "CloudTrail-Digest" else ""
    time = at.replace("Z", "00Z") if folder == "CloudTrail-Digest" else at
    name = f"{where['account']}_{folder}_{where['region']}_{middle}{time}"
    unique = "" if folder == "CloudTrail-Digest" else f"_Zr5tYh2kQw8eLp{number:02}"
    above = f"{where['prefix']}AWSLogs/{where['organization']}{where['account']}"
    return f"{above}/{folder}/{where['region']}/{where['month']}/{day:02}/{name}{unique}.json.gz"


def backfill(bucket, entries, window, *, force=False, **where):
    folders = DayFolders(s3=bucket, bucket=BUCKET, **where)
    return Backfill(
        folders=folders,
        days=folders.of(window),
        reader=entries,
        window=window,
        recorded_with=CURRENT,
        force=force,
    )


def announced_by(work):
    announcer = Announcer()
    for _ in work.announced(announcer):
        pass
    return announcer.announced


def window(since, until):
    return Window(since=datetime.fromisoformat(f"{since}Z"), until=datetime.fromisoformat(f"{until}Z"))


ALL = window("2013-01-01T00:00", "2027-01-01T00:00")


@dataclass(frozen=True)
class World:
    """A bucket, the ledger, and the arguments of a backfill."""

    objects: dict
    entries: dict
    window: Window
    prefix: str
    accounts: tuple
    regions: tuple
    force: bool


PREFIXES, ACCOUNTS = ("", "trails/"), ("111122223333", "444455556666")
REGIONS = ("eu-west-1", "us-east-1")
WORDS = ("ingested", "unreadable", "missing", "archived", "verified", "invalid", "unverifiable", None)

keys = st.builds(
    key,
    folder=st.sampled_from(["CloudTrail", "CloudTrail-NetworkActivity", "CloudTrail-Digest", "CloudTrail-Insight"]),
    day=st.sampled_from([1, 13, 14, 15]),
    month=st.sampled_from(["2026/03", "2026/03", "2026/04", "2025/12"]),
    at=st.sampled_from(["20260313T2355Z", "20260314T0000Z", "20260314T0925Z", "20260315T0000Z", "20261399T0000Z"]),
    number=st.integers(0, 3),
    prefix=st.sampled_from(PREFIXES),
    organization=st.sampled_from(["", "", "o-exampleorgid/"]),
    account=st.sampled_from(ACCOUNTS),
    region=st.sampled_from(REGIONS),
) | st.sampled_from(
    [
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/notes.txt",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/README",
        "AWSLogs/111122223333/Config/eu-west-1/2026/3/14/ConfigHistory/x.json.gz",
        "AWSLogs/notes/111122223333_CloudTrail_eu-west-1_20260314T0925Z_x.json.gz",
    ]
)
states = st.tuples(
    st.sampled_from(["a", "b"]), st.sampled_from(["STANDARD", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"]), st.booleans()
)
entries = st.none() | st.fixed_dictionaries(
    {
        "status": st.sampled_from(WORDS),
        "etag": st.sampled_from(["a", "b", None]),
        "recordedWith": st.sampled_from([CURRENT, "1-ffff"]),
    }
)
moments = st.sampled_from(
    [datetime(2026, 3, 14, tzinfo=UTC) + timedelta(hours=hours) for hours in (-30, -1, 0, 9, 10, 24, 25, 24 * 40)]
)
windows = (
    st.tuples(moments, moments)
    .filter(lambda pair: pair[0] < pair[1])
    .map(lambda pair: Window(since=pair[0], until=pair[1]))
) | st.just(ALL)


@st.composite
def worlds(draw):
    objects = draw(st.dictionaries(keys, st.tuples(states, entries), max_size=25))
    gone = draw(st.lists(keys.filter(lambda key: kind_of(key).is_read), max_size=5))
    noted = {name: entry for name, (_, entry) in objects.items() if entry and kind_of(name).is_read}
    noted |= {name: {"status": "ingested", "etag": "a"} for name in gone if name not in objects}
    return World(
        objects={name: state for name, (state, _) in objects.items()},
        entries=noted,
        window=draw(windows),
        prefix=draw(st.sampled_from(PREFIXES)),
        accounts=draw(st.sampled_from([(), (), ACCOUNTS[:1], ACCOUNTS])),
        regions=draw(st.sampled_from([(), (), REGIONS[1:]])),
        force=draw(st.booleans()),
    )


def is_asked_for(world, name):
    """Whether the name is of a delivery with the prefix, in the window, and in these accounts and Regions."""
    found = log_key_of(name)
    if not found or found.prefix != world.prefix:
        return False
    first, last = (f"{bound:%Y-%m-%d}" for bound in (world.window.since, world.window.until - timedelta(seconds=1)))
    at = found.delivered_at and datetime.fromisoformat(found.delivered_at)
    return (
        first <= found.delivery_day <= last
        and (at is None or world.window.since <= at < world.window.until)
        and found.account in (world.accounts or ACCOUNTS)
        and found.region in (world.regions or REGIONS)
    )


def is_open(entry, etag, *, is_restored):
    """Whether the ledger does not have this delivery as ingested."""
    if entry is None or entry["status"] in (None, "unreadable", "missing", "invalid", "unverifiable"):
        return True
    if entry["status"] == "archived":
        return is_restored
    is_outdated = entry["status"] == "ingested" and entry["recordedWith"] != CURRENT
    return is_outdated or entry["etag"] not in (None, etag)


def definition(world):
    """The objects that should be announced, and whether with force, determined object by object."""
    for name, (etag, storage_class, is_restored) in world.objects.items():
        entry = world.entries.get(name)
        can_be_read = is_restored or storage_class not in ("GLACIER", "DEEP_ARCHIVE")
        is_wanted = world.force or is_open(entry, etag, is_restored=is_restored)
        if is_asked_for(world, name) and can_be_read and is_wanted:
            is_done = entry is not None and entry["status"] in ("ingested", "verified")
            yield name, world.force or (is_done and entry["etag"] not in (None, etag))


@LAW
@given(worlds())
def test_what_is_announced_is_what_the_definition_says(world):
    for entry in world.entries.values():
        entry.setdefault("recordedWith", CURRENT)

    work = backfill(
        Bucket(world.objects),
        Entries(world.entries),
        world.window,
        prefix=world.prefix,
        accounts=world.accounts,
        regions=world.regions,
        force=world.force,
    )

    announced = announced_by(work)
    assert sorted(announced) == sorted(definition(world))
    assert sum(count.wanted for count in work.counts.values()) == len(announced)
    assert sum(count.wanted_bytes for count in work.counts.values()) == sum(len(name) for name, _ in announced)
    assert work.folders_done == sum(map(len, work.days.values()))


@LAW
@given(worlds())
def test_nothing_is_announced_where_everything_was_read(world):
    entries = {
        name: {"status": "verified" if "Digest" in name else "ingested", "etag": etag, "recordedWith": CURRENT}
        for name, (etag, _, _) in world.objects.items()
        if kind_of(name).is_read
    }

    announced = announced_by(backfill(Bucket(world.objects), Entries(entries), world.window, prefix=world.prefix))

    assert announced == []


STATES = {
    "new": (None, ("a", "STANDARD", False)),
    "awaited": ({"status": None}, ("a", "STANDARD", False)),
    "missing": ({"status": "missing"}, ("a", "STANDARD", False)),
    "unreadable": ({"status": "unreadable"}, ("a", "STANDARD", False)),
    "restored": ({"status": "archived"}, ("a", "GLACIER", True)),
    "removed": (
        {"status": "ingested", "etag": "a", "recordedWith": CURRENT, "problem": "removed"},
        ("a", "STANDARD", False),
    ),
    "outdated": ({"status": "ingested", "etag": "a", "recordedWith": "1-ffff"}, ("a", "STANDARD", False)),
    "changed": ({"status": "ingested", "etag": "b", "recordedWith": CURRENT}, ("a", "STANDARD", False)),
    "done": ({"status": "ingested", "etag": "a", "recordedWith": CURRENT}, ("a", "STANDARD", False)),
    "accepted": ({"status": "unreadable", "etag": "a", "problem": "accepted"}, ("a", "STANDARD", False)),
    "archived": (None, ("a", "DEEP_ARCHIVE", False)),
}


@pytest.mark.parametrize(("reason", "state"), STATES.items(), ids=STATES)
def test_each_state_has_its_word(reason, state):
    entry, stored = state
    work = backfill(Bucket({key(): stored}), Entries({key(): entry} if entry else {}), ALL)

    announced = announced_by(work)

    assert {reason: count.files for reason, count in work.counts.items()} == {reason: 1}
    assert len(announced) == (reason not in ("done", "accepted", "archived"))


@pytest.mark.parametrize(("status", "etag"), [("missing", "a"), ("unreadable", "b")])
def test_what_was_accepted_is_announced_once_it_is_another_one(status, etag):
    entry = {"status": status, "etag": etag, "problem": "accepted"}

    assert announced_by(backfill(Bucket({key(): ("a", "STANDARD", False)}), Entries({key(): entry}), ALL)) == [
        (key(), False)
    ]


def test_what_was_read_and_then_archived_is_done():
    entry = {"status": "ingested", "etag": "a", "recordedWith": CURRENT}
    work = backfill(Bucket({key(): ("a", "GLACIER", False)}), Entries({key(): entry}), ALL)

    assert announced_by(work) == []
    assert list(work.counts) == ["done"]


def test_changed_files_alone_are_forced_since_messages_name_no_etag():
    objects = {key(number=number): ("a", "STANDARD", False) for number in range(4)}
    changed = {"status": "ingested", "etag": "b", "recordedWith": CURRENT}

    announced = announced_by(backfill(Bucket(objects), Entries({key(number=1): changed}), ALL))

    assert sorted(announced) == [(key(number=number), number == 1) for number in range(4)]


def test_days_are_announced_in_turn_and_the_digests_of_each_first():
    objects = {
        key(folder, day, number=number, at=f"202603{day}T{number:02}00Z"): ("a", "STANDARD", False)
        for day in range(10, 25)
        for folder in ("CloudTrail", "CloudTrail-Digest")
        for number in range(24)
    }

    announced = [log_key_of(name) for name, _ in announced_by(backfill(Bucket(objects), Entries(), ALL))]

    begun = [(found.kind, found.delivery_day) for found in announced]
    order = [each for each, _ in groupby(begun)]
    days = [f"2026-03-{day}" for day in range(10, 25)]
    # Ten days at a time: the digests of each day, then its log files, then the next days.
    assert order == [
        *(("digest", day) for day in days[:10]),
        *(("log-file", day) for day in days[:10]),
        *(("digest", day) for day in days[10:]),
        *(("log-file", day) for day in days[10:]),
    ]


def test_a_day_with_many_files_holds_no_other_up():
    objects = {
        key(day=day, at=f"202603{day}T{number // 60:02}{number % 60:02}Z"): ("a", "STANDARD", False)
        for day in (13, 14)
        for number in range(350)
    }

    announced = [log_key_of(name).delivery_day for name, _ in announced_by(backfill(Bucket(objects), Entries(), ALL))]

    turns = [(day, len(list(found))) for day, found in groupby(announced)]
    assert turns == [(f"2026-03-{day}", count) for count in (100, 100, 100, 50) for day in (13, 14)]


def test_accounts_and_regions_narrow_what_is_listed():
    objects = {
        key(account=account, region=region): ("a", "STANDARD", False) for account in ACCOUNTS for region in REGIONS
    }
    bucket = Bucket(objects)

    day = window("2026-03-14T00:00", "2026-03-15T00:00")
    work = backfill(bucket, Entries(), day, accounts=ACCOUNTS[:1], regions=REGIONS[:1])

    assert bucket.asked == [("AWSLogs/o-", "/")]
    assert announced_by(work) == [(key(), False)]
    assert {prefix for prefix, _ in bucket.asked[1:]} == {
        f"AWSLogs/{ACCOUNTS[0]}/{folder}/eu-west-1/2026/03/14/"
        for folder in ("CloudTrail-Digest", "CloudTrail", "CloudTrail-NetworkActivity")
    }


def test_folders_are_asked_for_from_the_year_month_or_day_on_in_which_the_window_begins_to_differ():
    bucket = Bucket({key(day=day): ("a", "STANDARD", False) for day in range(1, 31)})
    folders = DayFolders(s3=bucket, bucket=BUCKET, accounts=ACCOUNTS[:1], regions=REGIONS[:1])

    days = folders.of(window("2026-03-30T12:00", "2026-04-02T00:00"))

    region = f"AWSLogs/{ACCOUNTS[0]}/CloudTrail/eu-west-1/"
    assert days == {"2026-03-30": [region]}
    assert [prefix for prefix, _ in bucket.asked if "CloudTrail/" in prefix] == [f"{region}2026/", f"{region}2026/03/"]


def test_digests_come_first_among_the_folders_of_a_day():
    folders = ("CloudTrail", "CloudTrail-NetworkActivity", "CloudTrail-Digest")
    objects = {
        key(folder, account=account, organization=organization): ("a", "STANDARD", False)
        for folder in folders
        for account in ACCOUNTS
        for organization in ("", "o-exampleorgid/")
    }
    heard = []

    days = DayFolders(s3=Bucket(objects), bucket=BUCKET).of(ALL, found=heard.append)

    assert days == {
        "2026-03-14": [
            f"AWSLogs/{above}{account}/{folder}/eu-west-1/"
            for folder in ("CloudTrail-Digest", "CloudTrail", "CloudTrail-NetworkActivity")
            for above in ("", "o-exampleorgid/")
            for account in ACCOUNTS
        ]
    }
    assert heard == list(range(1, 13))
