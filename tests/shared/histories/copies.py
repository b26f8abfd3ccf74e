"""Trails that deliver to another bucket, of which S3 replicates every object into the log bucket, under its key."""

from tests.shared.histories.world import HOUR, MINUTE, ORIGINAL, SECOND


def some_late(world, random):
    """In every other world, some or all trails; the replicas arrive in any order, most within minutes."""
    if random.random() < 0.5:
        return
    for chain in world.chains:
        if random.random() < 0.7:
            chain.bucket = ORIGINAL
    for each in (*world.files, *world.digests):
        if each.chain.bucket == ORIGINAL:
            each.arrival.lag = random.randrange(900) * SECOND
            if random.random() < 0.1:
                each.arrival.lag = random.choice((40 * MINUTE, 3 * HOUR, 9 * HOUR, 30 * HOUR))


def every(world, _random):
    """All trails; the replicas are there at once."""
    for chain in world.chains:
        chain.bucket = ORIGINAL


COPIED = {"none": lambda _world, _random: None, "some, late": some_late, "all": every}
