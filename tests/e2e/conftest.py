"""The real stack in a local AWS that enforces IAM policies and speaks TLS, and the sample log files in it."""

import gzip
import json
import time
from datetime import UTC, datetime

import pytest

from demo import deployment
from demo.local_aws import local_aws
from demo.pipeline import Pipeline
from demo.sample_logs import sample_logs

FOLDER = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/20/111122223333_CloudTrail_eu-central-1_20261120T"


@pytest.fixture(scope="session")
def samples():
    """The sample files, all of the two days before this moment."""
    return sample_logs(datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture(scope="session")
def unknown_message():
    return '{"from": "somebody else"}'


@pytest.fixture(scope="session")
def pipeline(samples, unknown_message):
    """The deployment, after it has worked through the sample files, and with a message of no known kind in its queue.

    That message is sent early: until it is given up, half a minute and more goes by.
    """
    with local_aws(auth=True) as aws:
        assembly = deployment.synthesize(aws)
        deployment.bootstrap(aws)
        pipeline = Pipeline(aws, deployment.deploy(aws, assembly))
        pipeline.wait_for({pipeline.put(file.key, file.body) for file in samples.files})
        _give_up_after_one_attempt(aws.client("sqs"), pipeline.outputs["DeliveriesQueueUrl"], unknown_message)
        yield pipeline


def _give_up_after_one_attempt(sqs, queue, body):
    """The stack's five attempts take a quarter of an hour."""
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    once = json.dumps({**json.loads(found), "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": once})
    sqs.send_message(QueueUrl=queue, MessageBody=body)


@pytest.fixture(scope="session")
def announce(pipeline):
    """Send the message with which S3 announces an object, whether it exists or not."""
    return pipeline.announce


@pytest.fixture(scope="session")
def deliver(pipeline):
    """Put a new log file with one call of Polly into the bucket and return its name in the ledger."""
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
    """Wait until a condition holds, and return what it gave."""

    def eventually(condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, "not within the time"
            time.sleep(0.1)
        return found

    return eventually
