"""Deploys the real stack with the sample log files to a local AWS that enforces IAM policies and uses TLS.

Tests that need it deploy another stack beside it, with other settings.
"""

import gzip
import json
import time
from datetime import UTC, datetime

import pytest

from demo import deployment
from demo.local_aws import local_aws
from demo.pipeline import Pipeline
from demo.sample_logs import sample_logs

# With the settings that add permissions: those of the other stack are the most that a stack has.
OTHER_SETTINGS = {
    "aitrail:stackName": "speech-record",
    "aitrail:redact": "true",
    "aitrail:keyPrefixes": "team/",
    "aitrail:trailArns": "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit",
    "aitrail:logKeyArns": "arn:aws:kms:eu-central-1:111122223333:key/aaaa",
}
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/20/111122223333_CloudTrail_eu-central-1_20261120T"


@pytest.fixture(scope="session")
def samples():
    """The sample files of the two days before a fixed moment."""
    return sample_logs(datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture(scope="session")
def unknown_message():
    return '{"from": "somebody else"}'


@pytest.fixture(scope="session")
def account():
    """A local AWS, prepared for the CDK."""
    with local_aws(auth=True) as aws:
        deployment.bootstrap(aws)
        yield aws


@pytest.fixture(scope="session")
def pipeline(account, samples, unknown_message):
    """The deployment after it has processed the sample files, with a message of an unknown kind in its queue.

    That message is sent early, because it takes more than half a minute to reach the dead-letter queue.
    """
    pipeline = Pipeline(account, deployment.deploy(account, deployment.synthesize(account)))
    pipeline.wait_for({pipeline.put(file.key, file.body) for file in samples.files})
    _give_up_after_one_attempt(account.client("sqs"), pipeline.outputs["DeliveriesQueueUrl"], unknown_message)
    return pipeline


@pytest.fixture(scope="session")
def other(account):
    """Another deployment in the same account and Region, with other settings and without any files."""
    assembly = deployment.synthesize(account, context=deployment.LOCAL_CONTEXT | OTHER_SETTINGS)
    return Pipeline(account, deployment.deploy(account, assembly))


def _give_up_after_one_attempt(sqs, queue, body):
    """Reduces the stack's five attempts, which take a quarter of an hour, to one."""
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    once = json.dumps({**json.loads(found), "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": once})
    sqs.send_message(QueueUrl=queue, MessageBody=body)


@pytest.fixture(scope="session")
def announce(pipeline):
    """Sends the message with which S3 announces an object, whether or not it exists."""
    return pipeline.announce


@pytest.fixture(scope="session")
def deliver(pipeline):
    """Puts a new log file with one call of Polly into the bucket and returns its name in the ledger."""
    numbers = iter(range(1, 10_000))

    def deliver():
        number = next(numbers)
        record = {
            "eventVersion": "1.11",
            "eventTime": "2026-11-20T08:00:00Z",
            "eventSource": "polly.amazonaws.com",
            "eventName": "ListLexicons",
            "eventID": f"00000000-0000-4000-8000-{number:012}",
        }
        body = gzip.compress(json.dumps({"Records": [record]}).encode())
        return pipeline.put(f"{FOLDER}0805Z_e2e{number:013}.json.gz", body)

    return deliver


@pytest.fixture(scope="session")
def eventually():
    """Waits until a condition is met, and returns its result."""

    def eventually(condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, "not within the time"
            time.sleep(0.1)
        return found

    return eventually
