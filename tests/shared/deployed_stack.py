"""The bucket, queues and ledger of a deployed stack, in moto."""

import json

import boto3

from aitrail.ledger import FileEntry
from aitrail.rows import recorded_with
from aitrail.services import load

BUCKET = "example-trail-logs"
REGION = {"LocationConstraint": "eu-west-1"}


def key(number=0, *, day="14", prefix="", account="111122223333", region="eu-west-1"):
    name = f"{account}_CloudTrail_{region}_202603{day}T{number // 60:02}{number % 60:02}Z_Zr5tYh2kQw8eLp0N.json.gz"
    return f"{prefix}AWSLogs/{account}/CloudTrail/{region}/2026/03/{day}/{name}"


class Deployed:
    """The bucket, queues and ledger of the stack `aitrail`."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.s3, self.sqs = boto3.client("s3"), boto3.client("sqs")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=REGION)
        names = ("deliveries", "backfill", "dead-letters")
        self.live, self.queue, self.letters = (self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in names)

    @property
    def outputs(self):
        return {
            "LogBucketName": BUCKET,
            "DeliveriesQueueUrl": self.live,
            "BackfillQueueUrl": self.queue,
            "DeadLetterQueueUrl": self.letters,
            "KeyPrefixes": "none",
            "LedgerRetentionDays": "none",
        }

    def put(self, *keys, **options):
        for each in keys:
            self.s3.put_object(Bucket=BUCKET, Key=each, Body=b"content", **options)

    def record(self, key, status="ingested", **attributes):
        """Records the outcome of an object in the ledger."""
        day = key.split("/CloudTrail/")[1].split("/", 1)[1][:10].replace("/", "-")
        known = {"delivery_day": day, "ingested_at": "2026-11-20T08:00:00Z", "recorded_with": recorded_with(load())}
        self.ledger.record(FileEntry(log_file=f"s3://{BUCKET}/{key}", status=status, **(known | attributes)))

    def bodies(self, url=None):
        """Receives and deletes all messages in a queue, by default the backfill queue."""
        bodies = []
        while found := self.sqs.receive_message(QueueUrl=url or self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                bodies.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=url or self.queue, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def announced(self, url=None):
        """The keys in the messages of a queue, which are deleted."""
        return sorted(each for body in self.bodies(url) for each in body["s3ObjectKey"])
