"""The log files of a morning with the digests that list them, and the verdict on them."""

import gzip
import json
from copy import deepcopy

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from aitrail.digests import PublicKeys
from aitrail.proof import Verification
from aitrail.services import load
from aitrail.window import Window
from tests.shared.signed_digests import at, chain

BUCKET = "example-trail-logs"
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/111122223333_CloudTrail_eu-west-1_20260314T"
# The tables after a delivery, by everything that determines them: many tests begin with the same morning.
INGESTED = {}
BEGINNINGS = {"[]"}
WINDOW = Window(since=at("09:00"), until=at("12:00"))


def log_key(time, unique="a"):
    return f"{FOLDER}{time}Z_{unique}.json.gz"


def name_of(key):
    return f"s3://{BUCKET}/{key}"


def held(tables):
    """The content of the tables, as text."""
    return json.dumps([item.to_json() for table in tables for item in table.all_items()], default=vars)


class Day:
    """The log files of a morning with the digests that list them, all ingested."""

    def __init__(self, pipeline):
        self.pipeline = pipeline
        pipeline.trust()
        self.contents = {}

    def log(self, time, *records):
        self._log(time, records, self._ingest)

    def begin(self, time, *records):
        """Adds a log file with which many tests begin; ingests it only once for all of them."""
        self._log(time, records, self._ingest_once)

    def _log(self, time, records, ingest):
        content = json.dumps({"Records": records}).encode()
        self.contents[log_key(time)] = content
        self.pipeline.clock.now = at(f"{time[:2]}:{time[2:]}")
        ingest(gzip.compress(content, mtime=0), log_key(time))

    def close(self, without=()):
        """Ingests the digests that end from 08:00 to 14:00, except those that end at `without`."""
        hours = [at(f"{hour:02}:00") for hour in range(8, 15)]
        files = {end: [] for end in hours}
        for key, content in self.contents.items():
            end = at(f"{int(key[len(FOLDER) : len(FOLDER) + 2]) + 1:02}:00")
            files[end].append((key, content))
        self.pipeline.clock.now = at("14:30")
        self.digests = chain(hours, bucket=BUCKET, files=files)
        for end, signed in zip(hours, self.digests, strict=True):
            if end not in without:
                self._ingest_once(signed.body, signed.key, Metadata=signed.metadata)

    def arrive(self, signed):
        self._ingest(signed.body, signed.key, Metadata=signed.metadata)

    def _ingest(self, body, key, **options):
        self.pipeline.ingest(self.pipeline.deliver(body, key, **options))

    def _ingest_once(self, body, key, **options):
        """Ingests a delivery, or restores the tables from an earlier test, if they contain nothing else."""
        found = dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].tables
        tables = [found[name] for name in (self.pipeline.events_name, self.pipeline.files_name)]
        begin = held(tables)
        if begin not in BEGINNINGS:
            self._ingest(body, key, **options)
            return
        known = (begin, key, body, json.dumps(options), self.pipeline.clock.now)
        if known in INGESTED:
            self.pipeline.deliver(body, key, **options)
            for table, items in zip(tables, INGESTED[known], strict=True):
                table.items = deepcopy(items)
        else:
            self._ingest(body, key, **options)
            INGESTED[known] = deepcopy([table.items for table in tables])
            BEGINNINGS.add(held(tables))

    def verify(self, *, deep=False, window=WINDOW, **options):
        pipeline = self.pipeline
        parts = {
            "reader": pipeline.reader,
            "source": pipeline.source,
            "s3": pipeline.s3,
            "public_keys": PublicKeys(lambda _region: pipeline.cloudtrail, clock=pipeline.clock.given),
            "registry": load(),
            "now": at("20:00"),
            "clock": pipeline.clock.given,
        }
        verification = Verification(**(parts | options))
        return verification.verify_deep(window) if deep else verification.verify(window)


def a_day(pipeline, record):
    """Three log files, with one event in two of them."""
    day = Day(pipeline)
    day.begin("0930", record(1), record(2), record(9, eventSource="ec2.amazonaws.com"))
    day.begin("1030", record(2), record(3), record(3))
    day.begin("1130", record(9, eventSource="ec2.amazonaws.com"))
    return day
