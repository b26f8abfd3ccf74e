"""Lays out an honest world from a seed."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from tests.shared.histories.world import (
    ACCOUNTS,
    DAY,
    HOUR,
    MINUTE,
    REGIONS,
    SECOND,
    START,
    TRAILS,
    Arrival,
    Chain,
    Digest,
    File,
    World,
    content_of,
    named_key,
    packed,
    record,
)
from tests.shared.signed_digests import key_of


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
        for _ in range(random.choice((0, 0, 1, 1, 2))):
            # Sometimes in the first seconds of the hour, so that the name belongs to the hour before.
            lag = random.randrange(20) if random.random() < 0.3 else random.randrange(3600)
            stored = start + lag * SECOND
            named = max(stored - random.choice((5, 40, 90)) * SECOND, START - HOUR).replace(second=0)
            made.files.append(_file(world, chain, random, named, stored))


def _digest_key(chain, end):
    return key_of(end, account=chain.account, region=chain.region, trail=chain.trail)


def _file(world, chain, random, named, stored):
    records = [_record(world, chain, random, named) for _ in range(random.choice((0, 1, 1, 2, 5)))]
    records += [record(random, named, source="ec2.amazonaws.com") for _ in range(random.choice((0, 0, 1)))]
    if records and random.random() < 0.1:
        records.append(records[0])  # twice in the same file
    unique = f"{chain.trail}{len(world.files)}{random.getrandbits(32):08x}"
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
