"""What may go wrong in a history, by kind; each kind can be run alone.

A fault changes a world: it takes a random target, and notes what it does. Kinds in HONEST change nothing that matters:
if a history has only those, what `aitrail verify` says of every window that is over must be that it is proved.
"""

import gzip
import json
from datetime import UTC, datetime, timedelta

from tests.shared.histories.product import request
from tests.shared.histories.world import (
    ACCOUNTS,
    BUCKET,
    DAY,
    HOUR,
    MINUTE,
    REGIONS,
    SECOND,
    Arrival,
    Shape,
    content_of,
    named_key,
    packed,
    record,
)
from tests.shared.signed_digests import digest

PAUSES = (4, 10, 16, 25, 45, 92)


def _file(world, random):
    return random.choice(world.files) if world.files else None


def _digest(world, random):
    return random.choice(world.digests)


def _short(key):
    return key.rpartition("/")[2]


def _forged(world, random, file, **changes):
    """A log file's content with some of its records changed, left out, or added."""
    records = [each | ({"sourceIPAddress": "203.0.113.66"} if random.random() < 0.5 else {}) for each in file.records]
    if records and random.random() < 0.5:
        records.pop()
    at = changes.get("at") or file.named - random.choice((5 * MINUTE, 3 * HOUR, 2 * DAY, -3 * HOUR))
    records.append(record(random, at, region=file.chain.region, account=file.chain.account))
    return packed(content_of(records))


# Honest but odd


def nothing(_world, _random):
    """Late deliveries, duplicates, crashes and shared events are in every world."""


def crash(world, random):
    """The function crashes or runs out of time again and again, but not five times in a row."""
    for file in world.files:
        file.arrival.troubles = [
            (random.choice(("crash", "timeout")), random.randint(1, 6)) for _ in range(random.randint(0, 4))
        ]
    world.note("the function crashes or times out up to four times for each file")


def disorder(world, random):
    """Messages in any order, and several for each object."""
    for each in (*world.files, *world.digests):
        each.arrival.delays = [random.randint(1, 900) * MINUTE for _ in range(random.randint(1, 3))]
    world.note("messages in any order, up to 15 hours late, up to three for each object")


def recompressed(world, random):
    """Somebody puts the same content again, compressed in another way."""
    if file := _file(world, random):
        at = file.stored + random.choice((MINUTE, HOUR, 6 * HOUR))
        file.arrival.changes.append((at, gzip.compress(file.content, 9, mtime=1), [30 * SECOND]))
        world.note(f"{at:%d %H:%M} the same content of {_short(file.key)}, compressed in another way")


# Log files


def lost(world, random):
    """A log file is deleted before it is read, or its message is dropped and it is deleted."""
    if file := _file(world, random):
        file.arrival.delays = []
        file.arrival.changes.append((file.stored + SECOND, None, []))
        world.note(f"{_short(file.key)} is lost, stored {file.stored:%d %H:%M:%S}")


def dropped(world, random):
    """The message of a log file is dropped."""
    if file := _file(world, random):
        file.arrival.delays = []
        world.note(f"the message of {_short(file.key)} is dropped")


def deleted(world, random):
    """A log file is deleted after it was read."""
    if file := _file(world, random):
        at = file.stored + max(file.arrival.delays, default=HOUR) + 2 * HOUR
        file.arrival.changes.append((at, None, []))
        world.note(f"{at:%d %H:%M} {_short(file.key)} is deleted")


def overwritten(world, random):
    """A log file is overwritten with forged content, which may be read, and may be followed by the original."""
    if file := _file(world, random):
        at = file.stored + random.choice((2 * SECOND, 10 * MINUTE, 2 * HOUR, 9 * HOUR))
        delays = random.choice(([SECOND], [SECOND], [HOUR], []))
        file.arrival.changes.append((at, _forged(world, random, file), delays))
        world.note(f"{at:%d %H:%M:%S} {_short(file.key)} is overwritten, announced after {list(map(str, delays))}")
        if random.random() < 0.5:
            back = at + random.choice((SECOND, MINUTE, HOUR))
            file.arrival.changes.append((back, file.arrival.body, random.choice(([SECOND], []))))
            world.note(f"{back:%d %H:%M:%S} the original of {_short(file.key)} is restored")
        if random.random() < 0.3:
            file.arrival.delays = []
            world.note("the message of the original is dropped")


def crashed(world, random):
    """A log file is overwritten, the function crashes while it reads the forged content, and the original returns."""
    if file := _file(world, random):
        original, at = file.arrival.body, file.stored
        file.arrival.body = _forged(world, random, file)
        file.arrival.troubles = [("crash", random.randint(2, 6)) for _ in range(5)]
        file.arrival.delays = [5 * SECOND]
        back = at + random.choice((20 * SECOND, 3 * HOUR))
        file.arrival.changes.append((back, original, [random.choice((10 * SECOND, HOUR, 2 * HOUR))]))
        calls = [calls for _, calls in file.arrival.troubles]
        world.note(f"{at:%d %H:%M:%S} forged content of {_short(file.key)} is read with crashes after {calls} calls")
        world.note(f"{back:%d %H:%M:%S} the original of {_short(file.key)} is put")


def truncated(world, random):
    """A log file is cut, before it is read or later."""
    if file := _file(world, random):
        at = file.stored + random.choice((timedelta(), 2 * HOUR))
        body = file.arrival.body[: random.randrange(len(file.arrival.body))]
        if at == file.stored:
            file.arrival.body = body
        else:
            file.arrival.changes.append((at, body, [SECOND]))
        world.note(f"{at:%d %H:%M} {_short(file.key)} is cut to {len(body)} bytes")


def boundary(world, random):
    """A log file named 11:59 and listed by the next hour's digest is lost, and that digest does not come in time."""
    if not world.files:
        return
    file = random.choice(world.files)
    made = next(each for each in world.digests if file in each.files)
    whole = file.named.replace(minute=0) + HOUR
    file.named, old = whole - MINUTE, file.key
    file.arrival.key = named_key(
        file.chain.account, file.chain.region, file.named, _short(old).removesuffix(".json.gz").rpartition("_")[2]
    )
    # The next digest of the chain lists it.
    after = next((each for each in world.digests if each.chain is file.chain and each.start <= whole < each.end), None)
    if after is None:
        return
    made.files.remove(file)
    after.files.append(file)
    file.stored = file.arrival.at = max(whole + 20 * SECOND, after.start)
    lost_too = random.random() < 0.8
    if lost_too:
        file.arrival.delays = []
        file.arrival.changes = [(file.stored + SECOND, None, [])]
    after.arrival.delays = [] if random.random() < 0.7 else after.arrival.delays
    world.moments += [whole]
    if random.random() < 0.5:
        world.now = max(world.now, whole + 3 * HOUR)
    else:
        world.now = whole + random.randint(60, 400) * MINUTE
    world.note(f"{_short(file.key)} is listed by the digest until {after.end:%d %H:%M}; lost: {lost_too}")


# Digests


def digest_lost(world, random):
    """A digest is deleted before it is read."""
    made = _digest(world, random)
    made.arrival.delays = []
    made.arrival.changes.append((made.arrival.at + SECOND, None, []))
    world.moments += [made.start, made.end]
    world.note(f"the digest until {made.end:%d %H:%M:%S} of {made.chain.trail} is lost")


def digest_late(world, random):
    """A digest is read hours or days late, or not until somebody verifies."""
    made = _digest(world, random)
    delay = random.choice((3 * HOUR, 10 * HOUR, 30 * HOUR, 4 * DAY, 9 * DAY))
    made.arrival.delays = [delay]
    if random.random() < 0.5:
        world.now = max(world.now, made.arrival.at + delay + HOUR)
    world.moments += [made.start, made.end]
    world.note(f"the digest until {made.end:%d %H:%M:%S} of {made.chain.trail} is read {delay} late")


def digest_replaced(world, random):
    """A digest is replaced by one that CloudTrail did not sign, before or after it is read."""
    made = _digest(world, random)
    forged = digest(
        made.end,
        (),
        bucket=BUCKET,
        start=made.start,
        signer=1,
        where={"region": made.chain.region, "trail": made.chain.trail, "account": made.chain.account},
    )
    at = made.arrival.at + random.choice((timedelta(), 3 * HOUR))
    made.arrival.changes.append((at, forged.body, [SECOND]))
    if at == made.arrival.at:
        made.arrival.delays = []
    world.moments += [made.start, made.end]
    world.note(f"{at:%d %H:%M} the digest until {made.end:%d %H:%M:%S} of {made.chain.trail} is replaced")


def digest_forged(world, random):
    """Somebody puts a digest of an invented trail, account or Region."""
    end = _moment(world, random).replace(minute=0)
    where = {"region": random.choice((*REGIONS, "ap-south-1")), "trail": random.choice(("audit", "invented"))}
    forged = digest(end, (), bucket=BUCKET, signer=1, where=where | {"account": random.choice(ACCOUNTS)})
    if forged.key in {each.key for each in world.digests}:
        return
    world.strangers.append(Arrival(forged.key, forged.body, _moment(world, random), metadata=forged.metadata))
    world.note(f"forged digest {_short(forged.key)}")


def digest_moved(world, random):
    """Somebody copies a digest, with its signature, to the name of another hour."""

    def move(run):
        run.put_object(key, made.arrival.body, made.arrival.metadata)

    made = _digest(world, random)
    end = made.end + random.choice((-3, -1, 1, 2, 24)) * HOUR + 7 * SECOND
    name = f"{made.end:%Y%m%dT%H%M%SZ}"
    folder, _, rest = made.key.rpartition("/")
    key = f"{folder[: -len('2026/03/10')]}{end:%Y/%m/%d}/{rest.replace(name, f'{end:%Y%m%dT%H%M%SZ}')}"
    world.edits.append((made.arrival.at + HOUR, move))
    world.note(f"the digest until {made.end:%d %H:%M:%S} is copied to {_short(key)}")


def paused(world, _random):
    """The first trail stopped logging and began again (see SHAPES)."""
    for begin, _ in world.chains[0].runs:
        world.moments += [begin, begin + HOUR]
    ends = [end for _, end in world.chains[0].runs]
    world.moments += [ends[0], ends[0] + 25 * HOUR, ends[0] + 3 * HOUR]
    world.note(f"logging paused {ends[0]:%m-%d %H:%M:%S} to {world.chains[0].runs[1][0]:%m-%d %H:%M:%S}")


def stopped(world, random):
    """The first trail stops logging for good."""
    chain = world.chains[0]
    mine = [each for each in world.digests if each.chain is chain]
    last = random.choice(mine)
    chain.runs = [(chain.runs[0][0], last.end)]
    gone = [each for each in mine if each.start >= last.end]
    world.digests = [each for each in world.digests if each not in gone]
    world.files = [file for file in world.files if not any(file in each.files for each in gone)]
    world.moments += [last.end]
    world.note(f"{chain.trail} of {chain.account} in {chain.region} stops at {last.end:%d %H:%M:%S}")


# Objects of somebody else


def _moment(world, random):
    hours = int((min(world.end, world.now) - world.files[0].named if world.files else 3 * HOUR) / MINUTE)
    return (world.files[0].named if world.files else world.end - 3 * HOUR) + random.randrange(max(hours, 60)) * MINUTE


def _put_stranger(world, random, account, region, named, **options):
    """Somebody puts a log file with events of any time, some of them events of real log files."""
    records = [record(random, each, account=account, region=region) for each in _times(world, random, named)]
    if world.files and random.random() < 0.3:
        records += [each | {"userAgent": "forged"} for each in _file(world, random).records]
    key = named_key(account, region, named, f"forged{random.getrandbits(32):08x}", **options)
    at = _moment(world, random) + random.choice((timedelta(), 5 * HOUR))
    troubles = [("crash", random.randint(2, 6)) for _ in range(5)] if random.random() < 0.2 else []
    arrival = Arrival(key, packed(content_of(records)), at, troubles=troubles)
    if random.random() < 0.3:
        arrival.changes.append((at + HOUR, None, []))
    world.strangers.append(arrival)
    times = [each["eventTime"] for each in records]
    world.note(f"{at:%d %H:%M} somebody puts {key} with events of {times}, crashes {troubles}")


def _times(world, random, named):
    usual = _moment(world, random)
    choices = (named - 3 * MINUTE, usual, usual, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC))
    return random.choices(choices, k=random.choice((0, 1, 1, 3)))


def forged_file(world, random):
    """Somebody puts a log file of a known account and Region, named for a time of the history."""
    chain = random.choice(world.chains)
    _put_stranger(world, random, chain.account, chain.region, _moment(world, random))


def forged_elsewhen(world, random):
    """Somebody puts a log file of a known account and Region, named for another time, or in another day's folder."""
    chain, usual = random.choice(world.chains), _moment(world, random)
    named, day = random.choice(
        (
            (datetime(2099, 1, 1, tzinfo=UTC), None),
            (datetime(2013, 5, 5, 5, 5, tzinfo=UTC), None),
            (usual - 40 * DAY, None),
            (usual + 2 * DAY, None),
            (usual, usual + 3 * DAY),
            (usual + 3 * HOUR, None),
        )
    )
    _put_stranger(world, random, chain.account, chain.region, named, day=day)


def forged_elsewhere(world, random):
    """Somebody puts a log file of an account, Region or organization that has no trail."""
    where = random.choice(
        (("999988887777", "eu-west-1"), ("111122223333", "ap-south-1"), ("111122223333", "eu-west-1"))
    )
    organization = random.choice(("", "o-abc123/")) if where != ("111122223333", "eu-west-1") else "o-abc123/"
    named = random.choice((_moment(world, random), datetime(2099, 1, 1, tzinfo=UTC)))
    _put_stranger(world, random, *where, named, organization=organization)


# Rows changed by hand


def _edit(world, random, change, text):
    """Plans a change of a row, chosen when it happens, near the end of the history."""

    def edit(run):
        rows = sorted(run.rows(), key=lambda row: row["eventID"]["S"])
        if rows:
            row = rows[int(place * len(rows))]
            world.note(f"{text} {row['eventID']['S']} of {row['eventTime']['S']}")
            change(run, dict(row))

    place = random.random()
    world.edits.append((world.now - random.randint(1, 100) * SECOND, edit))


def row_deleted(world, random):
    """Somebody deletes a row."""
    _edit(world, random, lambda run, row: run.delete_row(row), "deleted:")


def row_changed(world, random):
    """Somebody changes an attribute of a row."""
    name, value = random.choice(
        (
            ("principal", {"S": "user/Mallory"}),
            ("sourceIPAddress", {"S": "203.0.113.9"}),
            ("outcome", {"S": "denied"}),
            ("requestParameters", {"M": {}}),
            ("added", {"S": "by hand"}),
        )
    )
    _edit(world, random, lambda run, row: run.put_row(row | {name: value}), f"changed in {name}:")


def row_relocated(world, random):
    """Somebody makes a row name another file or record."""
    other = random.choice(world.files).key if world.files else "nothing"
    name, value = random.choice(
        (("logFile", {"S": f"s3://{BUCKET}/{other}"}), ("logFile", {"S": "nothing"}), ("recordIndex", {"N": "77"}))
    )
    _edit(world, random, lambda run, row: run.put_row(row | {name: value}), f"changed in {name} to {value}:")


def row_retimed(world, random):
    """Somebody moves a row to another time."""
    time = random.choice(
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2099-01-01T00:00:00Z", "2026-03-10T02:00:00Z")
    )
    changes = {"eventTime": {"S": time}, "eventDay": {"S": time[:10]}}
    _edit(world, random, lambda run, row: run.put_row(row | changes), f"moved to {time}:")


def row_added(world, random):
    """Somebody adds a row, of any time, that names the file of another row, another file, or none."""

    def add(run, row):
        if name is ...:
            row.pop("logFile")
        elif name:
            row["logFile"] = {"S": name}
        run.put_row(row | {"eventID": {"S": event_id}} | time)

    event_id = f"ffffffff-0000-4000-8000-{random.getrandbits(48):012x}"
    text = random.choice((None, None, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-10T01:00:00Z"))
    time = {"eventTime": {"S": text}, "eventDay": {"S": text[:10]}} if text else {}
    chain = random.choice(world.chains)
    named = random.choice((_moment(world, random), datetime(2099, 1, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC)))
    invented = f"s3://{BUCKET}/{named_key(chain.account, chain.region, named, 'invented')}"
    name = random.choice((None, None, invented, "s3://elsewhere/nothing", ...))
    _edit(world, random, add, f"added at {text or 'the same time'} naming {name or 'the same file'}: beside")


def row_swapped(world, random):
    """Somebody deletes a row and adds another one that names the same file."""

    def swap(run, row):
        run.delete_row(row)
        run.put_row(row | {"eventID": {"S": event_id}, "principal": {"S": "user/Mallory"}})

    event_id = f"ffffffff-0000-4000-8000-{random.getrandbits(48):012x}"
    _edit(world, random, swap, "swapped:")


def row_odd(world, random):
    """Somebody gives a row attributes of types that aitrail never writes, or takes some away."""
    changes = random.choice(
        (
            {"logFile": {"N": "5"}},
            {"logFile": {"B": b"x"}},
            {"logFile": {"NULL": True}},
            {"logFile": {"S": ""}},
            {"extra": {"SS": ["a", "b"]}},
            {"extra": {"B": b"\x00"}},
            {"extra": {"N": "1E+100"}},
            {"usage": {"NS": ["1", "2"]}},
            {"requestParameters": {"BS": [b"x"]}},
            {"eventDay": {"S": "never"}},
            {"service": {"S": "unheard-of"}},
            {"eventTime": {"S": "whenever"}},
            {"eventTime": {"S": "2026-03-10T99:99:99Z"}},
            {"expiresAt": {"S": "soon"}},
        )
    )
    is_new = random.random() < 0.5
    changes = changes | ({"eventID": {"S": f"odd-{random.getrandbits(32):08x}"}} if is_new else {})
    _edit(world, random, lambda run, row: run.put_row(row | changes), f"changed to {changes}:")


# Messages


def message_of_nothing(world, random):
    """Somebody sends messages that name a version that never was, of a real log file or digest, or demand force."""
    each = random.choice((*world.files, *world.digests))
    at = each.arrival.at + random.choice((-30 * MINUTE, MINUTE, 2 * HOUR, 9 * HOUR))
    facts = {"key": each.key, "versionId": "never"} | random.choice(({}, {"eTag": "0" * 32}))
    event = {"eventSource": "aws:s3", "eventVersion": "2.1", "eventName": "ObjectCreated:Put"}
    body = json.dumps({"Records": [event | {"s3": {"bucket": {"name": BUCKET}, "object": facts}}]})
    if random.random() < 0.3:
        body = request(BUCKET, [each.key], force=True)
    world.messages.append((at, body))
    world.note(f"{at:%d %H:%M} somebody sends {body}")


def message_invented(world, random):
    """Somebody sends a message with a key that never was."""
    chain = random.choice(world.chains)
    named = random.choice((_moment(world, random), datetime(2099, 1, 1, tzinfo=UTC)))
    key = named_key(chain.account, random.choice((chain.region, "ap-south-1")), named, "invented")
    world.messages.append((_moment(world, random), request(BUCKET, [key], force=random.random() < 0.5)))
    world.note(f"somebody announces {key}, which never was")


KINDS = {
    fault.__name__.replace("_", "-"): fault
    for fault in (
        *(nothing, crash, disorder, recompressed),
        *(lost, dropped, deleted, overwritten, crashed, truncated, boundary),
        *(digest_lost, digest_late, digest_replaced, digest_forged, digest_moved, paused, stopped),
        *(forged_file, forged_elsewhen, forged_elsewhere),
        *(row_deleted, row_changed, row_relocated, row_retimed, row_added, row_swapped, row_odd),
        *(message_of_nothing, message_invented),
    )
} | {"trails": nothing, "expiry": nothing, "ledger-expiry": nothing}
HONEST = ("nothing", "crash", "disorder", "recompressed", "trails", "expiry", "ledger-expiry")
# How often a kind is chosen, compared with 1, in histories of several faults.
WEIGHTS = {"nothing": 6}


def shape_of(kinds, random):
    """The shape of a world in which these kinds of faults can happen."""
    days = random.choice((1, 1, 2)) * DAY if "expiry" in kinds else None
    ledger = random.choice((1, 2, 4)) * DAY if "ledger-expiry" in kinds else None
    pause = random.choice(PAUSES) * DAY if random.random() < 0.7 else random.randint(1, 80) * HOUR
    return Shape(
        hours=random.choice((30, 40, 60)) if days or ledger else None,
        places=1 if days or ledger else None,
        trails=2 if "trails" in kinds else 1 if days or ledger else None,
        pause=pause if "paused" in kinds else None,
        row_retention=days,
        ledger_retention=ledger,
    )
