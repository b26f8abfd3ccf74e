"""What may happen to log files."""

from datetime import timedelta

from tests.shared.histories.faults.targets import any_file, short
from tests.shared.histories.world import DAY, HOUR, MINUTE, SECOND, content_of, named_key, packed, record


def lost(world, random):
    """A log file is deleted before it is read, or its message is dropped and it is deleted."""
    if file := any_file(world, random):
        file.arrival.delays = []
        file.arrival.changes.append((file.stored + SECOND, None, []))
        world.note(f"{short(file.key)} is lost, stored {file.stored:%d %H:%M:%S}")


def dropped(world, random):
    """The message of a log file is dropped."""
    if file := any_file(world, random):
        file.arrival.delays = []
        world.note(f"the message of {short(file.key)} is dropped")


def deleted(world, random):
    """A log file is deleted after it was read."""
    if file := any_file(world, random):
        at = file.stored + max(file.arrival.delays, default=HOUR) + 2 * HOUR
        file.arrival.changes.append((at, None, []))
        world.note(f"{at:%d %H:%M} {short(file.key)} is deleted")


def overwritten(world, random):
    """A log file is overwritten with forged content, which may be read, and may be followed by the original."""
    if file := any_file(world, random):
        at = file.stored + random.choice((2 * SECOND, 10 * MINUTE, 2 * HOUR, 9 * HOUR))
        delays = random.choice(([SECOND], [SECOND], [HOUR], []))
        file.arrival.changes.append((at, _forged(random, file), delays))
        world.note(f"{at:%d %H:%M:%S} {short(file.key)} is overwritten, announced after {list(map(str, delays))}")
        if random.random() < 0.5:
            back = at + random.choice((SECOND, MINUTE, HOUR))
            file.arrival.changes.append((back, file.arrival.body, random.choice(([SECOND], []))))
            world.note(f"{back:%d %H:%M:%S} the original of {short(file.key)} is restored")
        if random.random() < 0.3:
            file.arrival.delays = []
            world.note("the message of the original is dropped")


def crashed(world, random):
    """A log file is overwritten, the function crashes while it reads the forged content, and the original returns."""
    if file := any_file(world, random):
        original, at = file.arrival.body, file.stored
        file.arrival.body = _forged(random, file)
        file.arrival.troubles = [("crash", random.randint(2, 6)) for _ in range(5)]
        file.arrival.delays = [5 * SECOND]
        back = at + random.choice((20 * SECOND, 3 * HOUR))
        file.arrival.changes.append((back, original, [random.choice((10 * SECOND, HOUR, 2 * HOUR))]))
        calls = [calls for _, calls in file.arrival.troubles]
        world.note(f"{at:%d %H:%M:%S} forged content of {short(file.key)} is read with crashes after {calls} calls")
        world.note(f"{back:%d %H:%M:%S} the original of {short(file.key)} is put")


def truncated(world, random):
    """A log file is cut, before it is read or later."""
    if file := any_file(world, random):
        at = file.stored + random.choice((timedelta(), 2 * HOUR))
        body = file.arrival.body[: random.randrange(len(file.arrival.body))]
        if at == file.stored:
            file.arrival.body = body
        else:
            file.arrival.changes.append((at, body, [SECOND]))
        world.note(f"{at:%d %H:%M} {short(file.key)} is cut to {len(body)} bytes")


def boundary(world, random):
    """A log file named 11:59 and listed by the next hour's digest is lost, and that digest does not come in time."""
    if not world.files:
        return
    file = random.choice(world.files)
    made = next(each for each in world.digests if file in each.files)
    whole = file.named.replace(minute=0) + HOUR
    file.named, old = whole - MINUTE, file.key
    file.arrival.key = named_key(
        file.chain.account, file.chain.region, file.named, short(old).removesuffix(".json.gz").rpartition("_")[2]
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
    world.note(f"{short(file.key)} is listed by the digest until {after.end:%d %H:%M}; lost: {lost_too}")


def _forged(random, file):
    """A log file's content with some of its records changed, left out, or added."""
    records = [each | ({"sourceIPAddress": "203.0.113.66"} if random.random() < 0.5 else {}) for each in file.records]
    if records and random.random() < 0.5:
        records.pop()
    at = file.named - random.choice((5 * MINUTE, 3 * HOUR, 2 * DAY, -3 * HOUR))
    records.append(record(random, at, region=file.chain.region, account=file.chain.account))
    return packed(content_of(records))
