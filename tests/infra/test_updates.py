"""No change of settings, and no newer version, makes CloudFormation replace or delete what holds data."""

import json
import re
from itertools import permutations

import pytest

from infra.settings import AT_FIRST_ONLY
from tests.infra.covering_array import VALUES
from tests.infra.replacement import DEPLOYED, HELD, create_only, fixed, given, held

# What a setting adds and takes away again, and what happens to its content.
COMES_AND_GOES = {
    "Trail": "aitrail:trail. Nothing is in it: the log bucket keeps its log files.",
    "PeopleReaderRole": "aitrail:readerAccounts. Nothing is in it; the next one has another ARN.",
    "Alarms": "aitrail:alarms. Nothing is in them. The prefix of their names.",
    "AlarmTopic": "aitrail:alarmEmail. Its subscription.",
    "AlarmTopicEmail": "aitrail:alarmEmail. Another address is another subscription, which has to be confirmed.",
    "AlarmTopicPolicy": "aitrail:alarmEmail. Nothing is in it.",
    "Dashboard": "aitrail:dashboard. Nothing is in it: it shows metrics.",
    "KeysKey": "aitrail:kmsKey and those of single parts. Kept with what it encrypts for longer than the stack; else "
    "deleted after 30 days.",
    "RedactionSecret": "aitrail:redact. The key: kept with aitrail:deletionProtection, and deleted without; the next "
    "one gives other hashes.",
}
# What a setting that is chosen at the first deployment leaves out, with what belongs to it (AT_FIRST_ONLY).
CHOSEN_AT_FIRST = ("EventsTable", "FilesTable")
# What a setting has replaced: CloudFormation creates the new one before it deletes the old one. Nothing is in either.
REPLACED = {
    "ExistingSubscription": "aitrail:announcedBy. Another topic needs another subscription.",
    "ExistingEvents": "aitrail:logBucketAccount. Another account needs another bus, and a rule is of one bus.",
}


def resources(template):
    return json.loads(template.text)["Resources"]


@pytest.fixture(scope="session")
def combinations_of(templates):
    """The rows of a log bucket, which is chosen at the first deployment, with their resources.

    The name of the stack is the same in all names of resources.
    """

    def combinations_of(bucket):
        return [
            (row, json.loads(_with_one_name(template.text, row["aitrail:stackName"]))["Resources"])
            for row, template in templates
            if row["aitrail:logBucket"] == bucket
        ]

    return combinations_of


def _with_one_name(text, stack):
    for suffix in ("trail", "log-files", ""):  # the last is that of the dashboard, which a Region follows
        text = text.replace(f'"{stack}-{suffix}"', f'"<stack>-{suffix}"')
    return text


@pytest.fixture(scope="session")
def combinations(combinations_of):
    """Those of a bucket of the stack."""
    return combinations_of("none")


def named(names):
    """Logical ids without the hashes that the CDK appends."""
    return {name[:-8] for name in names}


@pytest.mark.slow
@pytest.mark.parametrize("bucket", VALUES["aitrail:logBucket"])
def test_no_update_of_settings_replaces_a_resource_or_an_index(combinations_of, bucket):
    fixed_parts = [fixed(each) for _row, each in combinations_of(bucket)]

    for before, after in permutations(fixed_parts, 2):
        changed = {
            name: (before[name], after[name]) for name in before.keys() & after.keys() if before[name] != after[name]
        }
        assert named(changed) <= set(REPLACED), changed


@pytest.mark.slow
def test_what_comes_and_goes_with_settings_is_known(combinations):
    everywhere = set.intersection(*(set(fixed(each)) for _row, each in combinations))
    anywhere = set.union(*(set(fixed(each)) for _row, each in combinations))

    changing = {name for name in anywhere - everywhere if not name.startswith(CHOSEN_AT_FIRST)}
    assert {re.sub(r"^Alarms[A-Z].*", "Alarms", name) for name in named(changing)} == set(COMES_AND_GOES)
    assert {f"aitrail:{name[0].lower()}{name[1:]}" for name in CHOSEN_AT_FIRST} < AT_FIRST_ONLY.keys()


@pytest.mark.slow
def test_of_what_comes_and_goes_content_is_kept_where_it_is_protected(combinations):
    for row, each in combinations:
        for name, resource in each.items():
            if name.startswith("RedactionSecret"):
                is_kept = resource["DeletionPolicy"] == "RetainExceptOnCreate"
                assert is_kept is (row["aitrail:deletionProtection"] == "true")


@pytest.mark.slow
def test_every_physical_name_is_generated_but_that_of_the_trail(combinations):
    for _row, each in combinations:
        for name, resource in each.items():
            if resource["Type"] in HELD and resource["Type"] != "AWS::Lambda::EventSourceMapping":
                names = given(resource["Properties"], create_only(resource["Type"]))
                assert names == ({"/properties/TrailName": "<stack>-trail"} if name.startswith("Trail") else {})


def test_a_deployed_stack_keeps_its_tables_indexes_bucket_queues_and_the_rest(synthesize):
    deployed = json.loads(DEPLOYED.read_text())

    now = held(resources(synthesize({"aitrail:redact": True})))

    assert {name: now.get(name) for name in deployed} == deployed


def test_all_that_a_stack_holds_is_noted_as_deployed(synthesize):
    now = held(resources(synthesize({"aitrail:redact": True})))

    assert set(now) == set(json.loads(DEPLOYED.read_text())), "run `python -m tests.infra.replacement`"


CHANGES = {
    "a table gets another key": ("EventsTable", ["KeySchema", 0, "AttributeName"], "service"),
    "a table gets a name": ("FilesTable", ["TableName"], "files"),
    "an index gets another key": (
        "EventsTable",
        ["GlobalSecondaryIndexes", 0, "KeySchema", 0, "AttributeName"],
        "principal",
    ),
    "an index projects less": (
        "EventsTable",
        ["GlobalSecondaryIndexes", 0, "Projection"],
        {"ProjectionType": "KEYS_ONLY"},
    ),
    "the bucket gets a name": ("LogsBucket", ["BucketName"], "logs"),
    "a queue gets a name": ("DeliveriesQueue", ["QueueName"], "deliveries"),
    "a queue becomes another kind of queue": ("DeliveriesQueue", ["FifoQueue"], True),
    "the key is generated otherwise": ("RedactionSecret", ["GenerateSecretString", "PasswordLength"], 32),
    "a mapping gets another queue": ("IngestSource", ["EventSourceArn"], "arn"),
    "the notifications get another handler": ("LogsBucketNotifications", ["ServiceToken"], "arn"),
}


@pytest.mark.parametrize(("name", "path", "value"), CHANGES.values(), ids=CHANGES)
def test_a_change_that_would_replace_something_is_seen(synthesize, name, path, value):
    before = resources(synthesize({"aitrail:redact": True}))
    after = json.loads(json.dumps(before))
    (key,) = (each for each in before if each[:-8] == name)
    part = after[key]["Properties"]
    for each in path[:-1]:
        part = part[each]
    part[path[-1]] = value

    assert held(after) != held(before)


def test_a_resource_that_is_gone_or_has_another_logical_id_is_seen(synthesize):
    before = resources(synthesize({"aitrail:redact": True}))

    for name in held(before).keys() & before.keys():
        others = {f"{each}x" if each == name else each: resource for each, resource in before.items()}
        assert name not in held(others)
