"""What a deployed stack does with its permissions, one scenario for each path of its code that needs some."""

import gzip
import json
import time
from datetime import UTC, datetime, timedelta
from itertools import count

from aitrail.deliveries import DIGEST_FOLDER, log_key_of
from aitrail.ledger import DIGEST, NO_DIGESTS, UNPROVEN, Ledger, Listing
from aitrail.window import format_time
from tests.shared.function_log import written_by_function
from tests.shared.signed_digests import digest, key_of

HOURLY = {"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
ANSWERS = "answers-of-custom-resources"
# A review acts on what has been open for longer than six hours.
FOR_HOURS = timedelta(hours=7)
numbers = count(1)


class Scenarios:
    """Each method does one thing, and returns what was said about a permission that it lacked, None if it was done."""

    def __init__(self, pipeline, policies):
        self._pipeline, self._client, self._physical = pipeline, pipeline.aws.client, policies.physical
        self._bucket = pipeline.outputs["LogBucketName"]
        self._mark, self._is_restarted = 0, False

    def ingest(self, **fields):
        return self._ingest(**fields)[1]

    def reject(self):
        """Ingests a record that cannot become a row."""
        return self.ingest(eventTime="yesterday")

    def redact(self):
        """Ingests a record with a value to redact, at first in a new process of the function, which has no key yet."""
        if not self._is_restarted:
            self._restart()
        return self.ingest(eventName="SynthesizeSpeech", requestParameters={"text": "hello", "voiceId": "Ivy"})

    def _restart(self):
        client, function = self._client("lambda"), {"FunctionName": self._pipeline.outputs["FunctionName"]}
        variables = client.get_function_configuration(**function)["Environment"]["Variables"]
        variables["RESTARTS"] = str(next(numbers))
        client.update_function_configuration(**function, Environment={"Variables": variables})
        self._is_restarted = True

    def read_again(self):
        """Reads a file again after it had a problem, and so looks for rejects of the first reading."""
        name, _ = self._put(b"not a log file", "unreadable")
        return self._put(_content(_record()), "ingested", name)[1]

    def read_overwritten_version(self):
        """Reads a version of a file that is not the current one."""
        name, _ = self._ingest()
        first = self._pipeline.ledger()[name]
        self._put(b"not a log file", "unreadable", name)
        self._begin()
        self._pipeline.announce(self._key_of(name), eTag=first["etag"], versionId=first["versionId"])
        # Skipped if it is older, which S3's times in seconds may not tell.
        ends = ('"message":"skipped"', '"message":"ingested"')
        return self._denied_unless(
            lambda: any(name in line and any(map(line.__contains__, ends)) for line in self._log())
        )

    def announce_again(self):
        """Reviews the ledger, which has a digest that another one has listed for hours, and that is not there."""
        key = key_of(datetime.now(UTC), region=f"eu-west-{next(numbers)}")
        name, listed = f"s3://{self._bucket}/{key}", datetime.now(UTC) - FOR_HOURS
        listing = Listing(
            log_file=name,
            entry=DIGEST,
            expected_sha256="0" * 64,
            listed_by="another digest",
            listed_at=format_time(listed),
            known={},
        )
        self._ledger.expect(listing)
        self._review()
        return self._denied_unless(lambda: self._pipeline.ledger()[name].get("status") == "missing")

    def decide(self):
        """Reviews the ledger, which has had a log file without digests for hours."""
        key, stored = _new_key(), datetime.now(UTC) - FOR_HOURS
        folder = log_key_of(key).folder(DIGEST_FOLDER)
        self._ledger.record_no_digests(folder, UNPROVEN, f"s3://{self._bucket}/{key}", format_time(stored))
        self._review()
        return self._denied_unless(lambda: self._ledger.entry(folder, NO_DIGESTS)["problem"] == NO_DIGESTS)

    @property
    def _ledger(self):
        return Ledger(self._client("dynamodb"), self._pipeline.outputs["FilesTableName"])

    def _review(self):
        self._begin()
        self._pipeline.send(json.dumps(HOURLY))

    def ask_for_public_keys(self):
        """Reads a digest, and asks CloudTrail in its Region for a key. The local AWS has none, but it may be asked."""
        signed = digest(datetime.now(UTC), bucket=self._bucket, where={"region": f"eu-north-{next(numbers)}"})
        self._begin()
        name = self._pipeline.put(signed.key, signed.body, signed.metadata)
        assert self._denied_unless(lambda: name in self._pipeline.ledger()) is None
        reason = self._pipeline.ledger()[name]["reason"]
        return reason if "AccessDenied" in reason else None

    def fail_live(self):
        return self._fail("DeliveriesQueueUrl")

    def fail_backfill(self):
        return self._fail("BackfillQueueUrl")

    def _fail(self, queue):
        """Fails a message, and so makes SQS deliver it again soon."""
        self._begin()
        self._client("sqs").send_message(QueueUrl=self._pipeline.outputs[queue], MessageBody="of no known kind")
        ended = '"FailedMessages":[1.0]'
        _wait(lambda: any(ended in line for line in self._log()))
        text = "\n".join(self._log())
        return text if "the visibility timeout stays as it is" in text else None

    def set_notifications(self):
        """Has the stack's custom resource set the notifications of the log bucket, as a deployment does."""
        s3, place = self._client("s3"), {"Bucket": ANSWERS, "Key": "answer"}
        event = {
            "RequestType": "Update",
            "ResponseURL": s3.generate_presigned_url("put_object", Params={**place, "ContentType": ""}),
            **dict.fromkeys(("StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId"), "of a test"),
            "ResourceProperties": {
                "BucketName": self._bucket,
                "NotificationConfiguration": self._notifications(),
                "Managed": "true",
            },
        }
        [handler] = [name for part, name in self._physical.items() if part.startswith("BucketNotificationsHandler")]
        s3.create_bucket(Bucket=ANSWERS, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
        self._client("lambda").invoke(FunctionName=handler, Payload=json.dumps(event))
        answer = json.loads(s3.get_object(**place)["Body"].read())
        s3.delete_object(**place)
        s3.delete_bucket(Bucket=ANSWERS)
        assert answer["Status"] in ("SUCCESS", "FAILED")
        return None if answer["Status"] == "SUCCESS" else answer["Reason"]

    def accept_notifications(self):
        """Sets the same notifications as somebody who may: S3 checks that it may send to the queue."""
        s3 = self._client("s3")
        try:
            s3.put_bucket_notification_configuration(
                Bucket=self._bucket, NotificationConfiguration=self._notifications()
            )
        except s3.exceptions.ClientError as error:
            return str(error)
        return None

    def purge(self):
        """Forgets the messages that failed, which would be delivered again during other scenarios."""
        for queue in ("DeliveriesQueueUrl", "BackfillQueueUrl"):
            self._client("sqs").purge_queue(QueueUrl=self._pipeline.outputs[queue])

    def _notifications(self):
        found = self._client("s3").get_bucket_notification_configuration(Bucket=self._bucket)
        return {name: value for name, value in found.items() if name != "ResponseMetadata"}

    def _ingest(self, **fields):
        return self._put(_content(_record(**fields)), "ingested")

    def _put(self, body, status, name=None):
        """Puts a file into the bucket; returns its name and, unless it gets this status, what was said about it."""
        self._begin()
        name = self._pipeline.put(self._key_of(name) if name else _new_key(), body)
        return name, self._denied_unless(lambda: self._pipeline.ledger().get(name, {}).get("status") == status)

    def _key_of(self, name):
        return name.removeprefix(f"s3://{self._bucket}/")

    def _begin(self):
        self._mark = len(self._pipeline.aws.log)

    def _log(self):
        return written_by_function(self._pipeline, since=self._mark)

    def _denied_unless(self, is_done):
        """Waits until something is done or a message has failed; returns what the log says of a failure."""
        return _wait(lambda: "\n".join(line for line in self._log() if '"message failed"' in line) or is_done() or None)


def _wait(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while (found := condition()) is None or found is False:
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.05)
    return None if found is True else found


def _new_key():
    """The key of a log file that arrives now, the first of its account: digests of the account are looked for."""
    now, account = datetime.now(UTC), f"{next(numbers):012}"
    folder = f"AWSLogs/{account}/CloudTrail/eu-central-1/{now:%Y/%m/%d}"
    return f"{folder}/{account}_CloudTrail_eu-central-1_{now:%Y%m%dT%H%MZ}_e2ePermissions00.json.gz"


def _record(**fields):
    return {
        "eventVersion": "1.11",
        "eventTime": format_time(datetime.now(UTC)),
        "eventSource": "polly.amazonaws.com",
        "eventName": "ListLexicons",
        "eventID": f"00000000-0000-4000-a000-{next(numbers):012}",
    } | fields


def _content(*records):
    return gzip.compress(json.dumps({"Records": records}).encode())
