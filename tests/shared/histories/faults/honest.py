"""What is honest but odd: the histories of these kinds alone are spotless."""

import gzip

from tests.shared.histories.faults.targets import any_file, short
from tests.shared.histories.world import HOUR, MINUTE, SECOND


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
    if file := any_file(world, random):
        at = file.stored + random.choice((MINUTE, HOUR, 6 * HOUR))
        file.arrival.changes.append((at, gzip.compress(file.content, 9, mtime=1), [30 * SECOND]))
        world.note(f"{at:%d %H:%M} the same content of {short(file.key)}, compressed in another way")
