"""What somebody who may only put objects or send messages can do."""

import json
from datetime import UTC, datetime, timedelta

from tests.shared.histories.faults.targets import any_file, any_moment
from tests.shared.histories.product import request
from tests.shared.histories.world import BUCKET, DAY, HOUR, MINUTE, Arrival, content_of, named_key, packed, record


def forged_file(world, random):
    """Somebody puts a log file of a known account and Region, named for a time of the history."""
    chain = random.choice(world.chains)
    _put_stranger(world, random, chain.account, chain.region, any_moment(world, random))


def forged_elsewhen(world, random):
    """Somebody puts a log file of a known account and Region, named for another time, or in another day's folder."""
    chain, usual = random.choice(world.chains), any_moment(world, random)
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
    named = random.choice((any_moment(world, random), datetime(2099, 1, 1, tzinfo=UTC)))
    _put_stranger(world, random, *where, named, organization=organization)


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
    named = random.choice((any_moment(world, random), datetime(2099, 1, 1, tzinfo=UTC)))
    key = named_key(chain.account, random.choice((chain.region, "ap-south-1")), named, "invented")
    world.messages.append((any_moment(world, random), request(BUCKET, [key], force=random.random() < 0.5)))
    world.note(f"somebody announces {key}, which never was")


def _put_stranger(world, random, account, region, named, **options):
    """Somebody puts a log file with events of any time, some of them events of real log files."""
    records = [record(random, each, account=account, region=region) for each in _times(world, random, named)]
    if world.files and random.random() < 0.3:
        records += [each | {"userAgent": "forged"} for each in any_file(world, random).records]
    key = named_key(account, region, named, f"forged{random.getrandbits(32):08x}", **options)
    at = any_moment(world, random) + random.choice((timedelta(), 5 * HOUR))
    troubles = [("crash", random.randint(2, 6)) for _ in range(5)] if random.random() < 0.2 else []
    arrival = Arrival(key, packed(content_of(records)), at, troubles=troubles)
    if random.random() < 0.3:
        arrival.changes.append((at + HOUR, None, []))
    world.strangers.append(arrival)
    times = [each["eventTime"] for each in records]
    world.note(f"{at:%d %H:%M} somebody puts {key} with events of {times}, crashes {troubles}")


def _times(world, random, named):
    usual = any_moment(world, random)
    choices = (named - 3 * MINUTE, usual, usual, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC))
    return random.choices(choices, k=random.choice((0, 1, 1, 3)))
