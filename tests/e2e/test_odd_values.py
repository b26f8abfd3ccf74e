"""Records with values that DynamoDB would refuse or change are preserved exactly by the function and the tables."""

import gzip
import json
import random

from aitrail.rows import RECORD_FIELDS, record_of

FOLDER = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/20"
KEY = f"{FOLDER}/111122223333_CloudTrail_eu-central-1_20261120T0815Z_odd.json.gz"
VALUES = (
    *(None, True, False, "", "text", "\ud800", "\x00", "a" * 3000, "\u202e\x1b[31m"),
    *(0, 1, -1, 10**37, 10**38 - 1, 10**38, -(10**40), 2**63, 1.0, -0.0, 0.5, 1e3, 1e22, 1e-127, 5e-324, 1e308),
    *(0.1, 1755580939.744, float("inf"), float("-inf"), [], {}),
)
NAMES = ("name", "a/b", "~", "~1", "", "\ud800", "0", "x" * 300)


def odd_value(random, depth=0):
    kind = random.random()
    if depth > 4 or kind < 0.6:
        return random.choice(VALUES)
    if kind < 0.8:
        return [odd_value(random, depth + 1) for _ in range(random.randint(0, 4))]
    return {random.choice(NAMES): odd_value(random, depth + 1) for _ in range(random.randint(0, 4))}


def nested(levels):
    value = "end"
    for level in range(levels):
        value = [value] if level % 2 else {"in": value}
    return value


def odd_record(random, number):
    fields = sorted(RECORD_FIELDS - {"eventTime", "eventSource"})
    chosen = {name: odd_value(random) for name in random.sample(fields, 6)}
    chosen |= {random.choice(["other", "service", "asJson", "tomorrow", ""]): odd_value(random)}
    event_id = random.choice([f"00000000-0000-4000-9000-{number:012}", f"odd {number}", "y" * 65, None, number])
    return chosen | {
        "eventTime": "2026-11-20T08:10:00Z",
        "eventSource": "polly.amazonaws.com",
        "eventID": event_id,
        "requestID": f"{number}",
    }


def exactly(record):
    """The record as JSON text, which distinguishes 1 from 1.0, 0.0 from -0.0 and true from 1, unlike ==."""
    return json.dumps(record, sort_keys=True)


def test_odd_records_are_rebuilt_exactly_from_the_deployed_tables(pipeline, eventually):
    generator = random.Random(20261120)
    records = [odd_record(generator, number) for number in range(300)]
    depths = (29, 30, 31, 32, 33, 100)
    records += [odd_record(generator, 300 + depth) | {"requestParameters": nested(depth)} for depth in depths]

    log_file = pipeline.put(KEY, gzip.compress(json.dumps({"Records": records}).encode()))

    # Not `wait_for`, which waits for empty queues: a message from another test may stay there for a minute.
    entry = eventually(lambda: pipeline.ledger().get(log_file))
    assert (entry["status"], entry["wanted"], entry["written"]) == ("ingested", len(records), len(records))
    rows = {int(row["recordIndex"]): row for row in pipeline.rows() if row["logFile"] == log_file}
    assert [exactly(record_of(rows[index])) for index in range(len(records))] == list(map(exactly, records))
