"""The random targets of faults."""

from tests.shared.histories.world import HOUR, MINUTE


def any_file(world, random):
    return random.choice(world.files) if world.files else None


def any_digest(world, random):
    return random.choice(world.digests)


def short(key):
    return key.rpartition("/")[2]


def any_moment(world, random):
    hours = int((min(world.end, world.now) - world.files[0].named if world.files else 3 * HOUR) / MINUTE)
    return (world.files[0].named if world.files else world.end - 3 * HOUR) + random.randrange(max(hours, 60)) * MINUTE
