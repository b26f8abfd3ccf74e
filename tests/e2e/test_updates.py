"""A deployed stack keeps what it holds when its settings change, and no log file is lost meanwhile."""

import gzip
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise

import pytest

from demo import deployment
from demo.deployment import LOCAL_CONTEXT
from demo.local_aws import local_aws
from demo.pipeline import Pipeline
from infra.app import AitrailApp

ACCOUNT = "111122223333"
NAME = f"CloudTrail/eu-central-1/2026/11/20/{ACCOUNT}_CloudTrail_eu-central-1_20261120T0805Z"
HELD = {"AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::Logs::LogGroup"}
EVENTS = {"s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectRestore:Completed"}
# Each deployment has these settings and no others: it changes some of the one before, and takes back the rest.
DEPLOYMENTS = [
    {},
    {"keyPrefixes": "team/,old/logs/", "logLevel": "DEBUG", "logRetentionDays": "365", "backfillConcurrency": "2"},
    {"keyPrefixes": "team/", "accounts": ACCOUNT, "maximumConcurrency": "3", "redact": "true"},
    {},
]


@dataclass
class Seen:
    """What there was after a deployment: log files by prefix, of which `during` were put while it was under way."""

    prefixes: set
    physical_ids: dict
    announced: dict
    during: dict
    after: dict
    rows: dict = field(default_factory=dict)


class Deployed:
    """A stack in a local AWS that is deployed again and again, while log files are put into its bucket."""

    def __init__(self, aws):
        self.aws = aws
        self.numbers = count(1)
        self.assembly = deployment.synthesize(aws)
        deployment.bootstrap(aws)
        self.pipeline = Pipeline(aws, deployment.deploy(aws, self.assembly))
        self._retry_after_seconds()

    def _retry_after_seconds(self):
        """Shortens the half an hour after which SQS delivers a message again that no run of the function has finished.

        The local AWS ends runs of a function that is updated, which AWS Lambda does not.
        """
        queue = self.pipeline.outputs["DeliveriesQueueUrl"]
        self.aws.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "5"})

    def update(self, settings):
        """Deploys with other settings; puts log files with and without a prefix meanwhile, and one each afterwards."""
        context = LOCAL_CONTEXT | {f"aitrail:{name}": value for name, value in settings.items()}
        # In the folder of the first synthesis, which has the function's code.
        AitrailApp(context=context, outdir=str(self.assembly), analytics_reporting=False).synth()
        with self._putting("", "team/") as during:
            deployment.deploy(self.aws, self.assembly)
        return self.seen(settings, during)

    def seen(self, settings, during):
        prefixes = {"", *filter(None, settings.get("keyPrefixes", "").split(","))}
        after = {prefix: dict([self._put(prefix)]) for prefix in prefixes}
        self.pipeline.wait_for({name for names in after.values() for name in names})
        return Seen(prefixes, self._physical_ids(), self._announced(), during, after, self.rows())

    def rows(self):
        return {row["eventID"]: row for row in self.pipeline.rows()}

    def _put(self, prefix):
        """Puts a log file with one call of Polly; returns its name in the ledger and the eventID."""
        number = next(self.numbers)
        record = {
            "eventVersion": "1.11",
            "eventTime": "2026-11-20T08:00:00Z",
            "eventSource": "polly.amazonaws.com",
            "eventName": "ListLexicons",
            "eventID": f"00000000-0000-4000-8000-{number:012}",
            "recipientAccountId": ACCOUNT,
        }
        body = gzip.compress(json.dumps({"Records": [record]}).encode())
        name = self.pipeline.put(f"{prefix}AWSLogs/{ACCOUNT}/{NAME}_{number:016}.json.gz", body)
        return name, record["eventID"]

    @contextmanager
    def _putting(self, *prefixes):
        """Puts log files during the block; yields those of each prefix."""
        done, names = threading.Event(), {prefix: {} for prefix in prefixes}

        def put():
            while not done.wait(0.25):
                for prefix in prefixes:
                    names[prefix] |= dict([self._put(prefix)])

        thread = threading.Thread(target=put)
        thread.start()
        try:
            yield names
        finally:
            done.set()
            thread.join(timeout=30)

    def _physical_ids(self):
        stack = self.pipeline.outputs["StackName"]
        found = self.aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found if each["ResourceType"] in HELD}

    def _announced(self):
        """The events that the bucket announces, by the prefix of the keys."""
        bucket = self.pipeline.outputs["LogBucketName"]
        found = self.aws.client("s3").get_bucket_notification_configuration(Bucket=bucket)
        announced = {}
        for each in found["QueueConfigurations"]:
            rules = {rule["Name"].lower(): rule["Value"] for rule in each["Filter"]["Key"]["FilterRules"]}
            assert rules["suffix"] == ".json.gz"
            announced.setdefault(rules["prefix"], set()).update(each["Events"])
        return announced


@pytest.fixture(scope="module")
def history():
    """What was seen after each deployment, and what there is in the end: rows, ledger, number of dead letters."""
    with local_aws() as aws:
        deployed = Deployed(aws)
        first, *others = DEPLOYMENTS
        seen = [deployed.seen(first, {}), *map(deployed.update, others)]
        deployed.pipeline.wait_for({name for each in seen for name in each.during.get("", ())})
        dead_letters = deployed.pipeline.messages("DeadLetterQueueUrl")
        yield seen, deployed.rows(), deployed.pipeline.ledger(), dead_letters


def updates(history):
    """Each update, with the prefixes that the function accepts before and after it."""
    seen = history[0]
    assert len(seen) == len(DEPLOYMENTS)
    return [(after, before.prefixes & after.prefixes) for before, after in pairwise(seen)]


def test_no_update_replaces_a_table_bucket_queue_or_log_group(history):
    first, *others = (each.physical_ids for each in history[0])

    assert len(first) == 7
    assert others == [first] * len(others)


def test_rows_that_were_there_before_an_update_are_there_after_it(history):
    for before, after in pairwise([each.rows for each in history[0]] + [history[1]]):
        assert before
        assert {event_id: after.get(event_id) for event_id in before} == before


def test_the_bucket_announces_every_prefix_of_the_settings_and_no_other(history):
    for each in history[0]:
        assert each.announced == {f"{prefix}AWSLogs/": EVENTS for prefix in each.prefixes}


def test_log_file_that_is_put_during_an_update_becomes_a_row(history):
    _, rows, ledger, dead_letters = history
    for each, prefixes in updates(history):
        for prefix in prefixes & each.during.keys():
            put = each.during[prefix]
            assert len(put) > 5
            assert {name: ledger.get(name, {}).get("status") for name in put} == dict.fromkeys(put, "ingested")
            assert set(put.values()) <= rows.keys()
    assert dead_letters == 0


def test_log_file_that_is_put_right_after_an_update_becomes_a_row(history):
    for each in history[0]:
        for names in each.after.values():
            assert set(names.values()) <= each.rows.keys()
