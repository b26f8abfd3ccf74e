"""Combinations of settings in which every pair of values occurs: a covering array of strength two.

The partition of AWS is one more factor, so that each value occurs in each partition.
"""

from itertools import combinations, product

from covertable import make

from infra.settings import InvalidSettingsError, Settings
from tests.shared.chosen_settings import SERVICES

# A Region of each partition.
REGIONS = {
    "aws": "eu-west-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
}
PARTITION = "partition"
EXISTING = "central-logs"
# Whether the stack has a trail depends on two settings, and others on whether it has one.
OF_THE_TRAIL = (
    *("aitrail:trail", "aitrail:logBucket", "aitrail:keepTrail"),
    *("aitrail:dataEvents", "aitrail:networkActivityEvents"),
)
_TRAIL = "arn:{partition}:cloudtrail:{region}:111122223333:trail/audit"
_KEY = "arn:{partition}:kms:{region}:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"


def _many(number, text):
    return ",".join(text.replace("#", f"{each:02}") for each in range(number))


# Of each setting its default, and other values, the extremes among them; {keys} is the path of a file, {services} that
# of a folder.
VALUES = {
    "aitrail:stackName": ["aitrail", "a", "s" * 100],
    "aitrail:trail": ["none", "true", "false"],
    "aitrail:keepTrail": ["false", "true"],
    "aitrail:dataEvents": ["none", "lex"],
    "aitrail:networkActivityEvents": ["none", "transcribe", "transcribe,personalize"],
    "aitrail:trailArns": ["none", _TRAIL, _many(10, f"{_TRAIL}-#")],
    "aitrail:logBucket": ["none", EXISTING],
    "aitrail:logBucketAccount": ["none", "444455556666"],
    "aitrail:announcedBy": ["s3", "eventbridge", "arn:{partition}:sns:{region}:444455556666:log-files"],
    "aitrail:eventsTable": ["none", "restored-rows"],
    "aitrail:filesTable": ["none", "restored-ledger"],
    "aitrail:eventsTableClass": ["none", "STANDARD", "STANDARD_INFREQUENT_ACCESS"],
    "aitrail:filesTableClass": ["none", "STANDARD", "STANDARD_INFREQUENT_ACCESS"],
    "aitrail:rowRetentionDays": ["none", "1", "36500"],
    "aitrail:ledgerRetentionDays": ["none", "1", "36500"],
    "aitrail:logRetentionDays": ["none", "1", "36500"],
    "aitrail:logStorageClass": ["none", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"],
    "aitrail:logStorageDays": ["90", "1", "36499"],
    "aitrail:objectLockDays": ["none", "1", "36500"],
    "aitrail:breakGlassRoleArn": ["none", "arn:{partition}:iam::111122223333:role/on-call/break-glass"],
    "aitrail:originalBucket": ["none", "organization-trail-logs"],
    "aitrail:replicationRoleArn": ["none", "arn:{partition}:iam::444455556666:role/service-role/replicate-logs"],
    "aitrail:deletionProtection": ["true", "false"],
    "aitrail:terminationProtection": ["false", "true"],
    "aitrail:redact": ["false", "true"],
    "aitrail:maximumConcurrency": ["10", "2", "1000"],
    "aitrail:backfillConcurrency": ["5", "2", "1000"],
    "aitrail:keyPrefixes": ["none", "team/", _many(20, "organization/unit-#/")],
    "aitrail:accounts": ["none", "o-a1b2c3d4e5", _many(99, "1111222233#")],
    "aitrail:readerAccounts": ["none", "444455556666", "o-a1b2c3d4e5"],
    "aitrail:tags": ["none", "team=audio", _many(40, "unit-#=cost center #")],
    "aitrail:memoryMegabytes": ["1024", "512", "10240"],
    "aitrail:logLevel": ["INFO", "DEBUG", "CRITICAL"],
    "aitrail:functionLogRetentionDays": ["90", "1", "3653"],
    "aitrail:logKeyArns": ["none", _KEY, _many(20, f"{_KEY}#")],
    "aitrail:kmsKey": ["none", "stack", _KEY],
    "aitrail:bucketKmsKey": ["none", "stack", _KEY],
    "aitrail:queuesKmsKey": ["none", "stack", _KEY],
    "aitrail:tablesKmsKey": ["none", "stack", _KEY],
    "aitrail:logGroupKmsKey": ["none", "stack", _KEY],
    "aitrail:publicKeys": ["none", "{keys}"],
    "aitrail:serviceFiles": ["none", "{services}"],
    "aitrail:alarmTopicArn": ["none", "arn:{partition}:sns:{region}:111122223333:on-call"],
    "aitrail:alarmEmail": ["none", "on-call@example.com"],
    "aitrail:alarms": ["true", "false"],
    "aitrail:silentHours": ["24", "none", "8760"],
    "aitrail:dashboard": ["false", "true"],
    "aitrail:architecture": ["arm64", "x86_64"],
    "aitrail:tracing": ["none", "true", "false"],
    "aitrail:platform": ["lambda", "host"],
}


def context(row, keys="keys.json"):
    """The settings of a row, with the ARNs of its partition and Region."""
    partition = row.get(PARTITION, "aws")
    place = {"partition": partition, "region": REGIONS[partition], "keys": keys, "services": SERVICES}
    return {key: value.format(**place) for key, value in row.items() if key != PARTITION}


def covering_array():
    """The rows, the same every time: each has a value for every setting, and a partition."""
    factors = {PARTITION: list(REGIONS), **VALUES}
    return make(factors, constraints=[_without(each) for each in (*contradictions(), *_of_the_trail())])


def contradictions():
    """The pairs of values that the settings refuse, and the array therefore lacks: `{key: value, key: value}`."""
    pairs = (
        {one: a, other: b} for one, other in combinations(VALUES, 2) for a, b in product(VALUES[one], VALUES[other])
    )
    return [pair for pair in pairs if is_refused(pair)]


def _of_the_trail():
    """The combinations of three values about the trail that are refused, although each two of them are not."""
    for three in combinations(OF_THE_TRAIL, 3):
        for values in product(*(VALUES[each] for each in three)):
            row = dict(zip(three, values, strict=True))
            if is_refused(row) and not any(is_refused(dict(pair)) for pair in combinations(row.items(), 2)):
                yield row


def is_refused(row):
    """Whether a row is refused with a bucket of the stack, an existing one, and one with a trail, where it is open."""
    for others in ({}, {"aitrail:logBucket": EXISTING}, {"aitrail:logBucket": EXISTING, "aitrail:trail": "true"}):
        try:
            Settings.of(context(others | row))
        except InvalidSettingsError:
            continue
        return False
    return True


def _without(pair):
    def evaluate(row):
        return any(row[key] != value for key, value in pair.items())

    return {"operator": "fn", "requires": list(pair), "evaluate": evaluate}
