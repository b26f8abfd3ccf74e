"""Parts are ARNs in which names stand for what differs between stacks."""

import re

import pytest

from aitrail.dynamodb import tables
from aitrail.permissions import Part, arns_of

NAMES = {"Partition": ["aws"], "Region": ["eu-west-1"], "Account": ["111122223333"]}


@pytest.mark.parametrize(
    ("part", "names", "expected"),
    [
        (
            Part.EVENTS_BY_SERVICE,
            NAMES | {"EventsTableName": ["example"]},
            ["arn:aws:dynamodb:eu-west-1:111122223333:table/example/index/by-service"],
        ),
        (Part.LOG_FILES, NAMES | {"LogBucketName": ["a", "b"]}, ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]),
        (Part.LOG_KEYS, {"LogKeyArns": []}, []),
        (Part.REDACTION_KEY, {}, ["${RedactionKeyArn}"]),
        (Part.DELIVERIES, NAMES, ["arn:aws:sqs:eu-west-1:111122223333:${DeliveriesQueueName}"]),
        (Part.ANYTHING, NAMES, ["*"]),
    ],
)
def test_names_are_filled_in_and_those_that_are_not_known_stay(part, names, expected):
    assert arns_of(part, names) == expected


def test_every_index_of_both_tables_is_a_part():
    indexes = {index.name for table in (tables.EVENTS, tables.FILES) for index in table.indexes}

    assert {found[1] for part in Part if (found := re.search("/index/(.*)", part))} == indexes
