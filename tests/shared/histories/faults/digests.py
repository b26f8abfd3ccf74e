"""What may happen to digests, and to the trails that write them."""

from datetime import timedelta

from tests.shared.histories.faults.targets import any_digest, any_moment, short
from tests.shared.histories.world import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Arrival,
    content_of,
    named_key,
    packed,
    record,
)
from tests.shared.signed_digests import digest


def digest_lost(world, random):
    """A digest is deleted before it is read."""
    made = any_digest(world, random)
    made.arrival.delays = []
    made.arrival.changes.append((made.arrival.at + SECOND, None, []))
    world.moments += [made.start, made.end]
    world.note(f"the digest until {made.end:%d %H:%M:%S} of {made.chain.trail} is lost")


def digest_late(world, random):
    """A digest is read hours or days late, or not until somebody verifies."""
    made = any_digest(world, random)
    delay = random.choice((3 * HOUR, 10 * HOUR, 30 * HOUR, 4 * DAY, 9 * DAY))
    made.arrival.delays = [delay]
    if random.random() < 0.5:
        world.now = max(world.now, made.arrival.at + delay + HOUR)
    world.moments += [made.start, made.end]
    world.note(f"the digest until {made.end:%d %H:%M:%S} of {made.chain.trail} is read {delay} late")


def digest_replaced(world, random):
    """A digest is replaced by one that CloudTrail did not sign, before or after it is read; it lists one file less."""
    made = any_digest(world, random)
    forged = digest(
        made.end,
        [(file.key, file.content) for file in made.files[1:]],
        bucket=made.chain.bucket,
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
    """Somebody puts a digest of a known or invented trail, account or Region; it may list a log file of theirs."""
    end = any_moment(world, random).replace(minute=0) + HOUR
    chain = random.choice(world.chains)
    where = {
        "account": chain.account,
        "region": random.choice((chain.region, "ap-south-1")),
        "trail": random.choice((chain.trail, "invented")),
        "suffix": random.choice(("", "_backfill")),
    }
    named, content = end - random.randrange(1, 60) * MINUTE, content_of([record(random, end - HOUR)])
    listed = [(named_key(where["account"], where["region"], named, "listed"), content)]
    listed *= random.random() < 0.7
    forged = digest(end, listed, bucket=chain.bucket, signer=1, where=where, awsAccountId=chain.account)
    if forged.key in {each.key for each in world.digests}:
        return
    world.strangers += [Arrival(key, packed(content), named) for key, content in listed]
    world.strangers.append(Arrival(forged.key, forged.body, end + 20 * MINUTE, metadata=forged.metadata))
    world.moments += [end - HOUR, end]
    world.note(f"forged digest {short(forged.key)} lists {[short(key) for key, _ in listed]}")


def digest_moved(world, random):
    """Somebody copies a digest, with its signature, to the name of another hour."""

    def move(run):
        run.put_object(key, made.arrival.body, made.arrival.metadata)

    made = any_digest(world, random)
    end = made.end + random.choice((-3, -1, 1, 2, 24)) * HOUR + 7 * SECOND
    name = f"{made.end:%Y%m%dT%H%M%SZ}"
    folder, _, rest = made.key.rpartition("/")
    key = f"{folder[: -len('2026/03/10')]}{end:%Y/%m/%d}/{rest.replace(name, f'{end:%Y%m%dT%H%M%SZ}')}"
    world.edits.append((made.arrival.at + HOUR, move))
    world.note(f"the digest until {made.end:%d %H:%M:%S} is copied to {short(key)}")


def paused(world, _random):
    """The first trail stopped logging and began again, as the world was laid out."""
    if len(world.chains[0].runs) == 1:
        return
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
    chain.runs = [(begin, min(end, last.end)) for begin, end in chain.runs if begin < last.end]
    gone = [each for each in mine if each.start >= last.end]
    world.digests = [each for each in world.digests if each not in gone]
    world.files = [file for file in world.files if not any(file in each.files for each in gone)]
    world.moments += [last.end]
    world.note(f"{chain.trail} of {chain.account} in {chain.region} stops at {last.end:%d %H:%M:%S}")
