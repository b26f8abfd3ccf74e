"""What somebody can do to the rows in the table."""

from datetime import UTC, datetime

from tests.shared.histories.faults.targets import any_moment
from tests.shared.histories.world import BUCKET, SECOND, named_key


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
    named = random.choice(
        (any_moment(world, random), datetime(2099, 1, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC))
    )
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
