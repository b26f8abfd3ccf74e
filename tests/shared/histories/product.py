"""The product as histories use it: the only module here that knows its classes, parameters and names of findings."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import NamedTuple
from unittest.mock import Mock
from urllib.parse import quote_plus

import pytest

from aitrail.clock import Clock
from aitrail.deliveries import Announcer, Scope, deliveries
from aitrail.digests import NoDigestsDetector, PublicKeys, Reconciliation
from aitrail.dynamodb import to_item
from aitrail.ingest import EventsTable, Ingestion, Review
from aitrail.ledger import Ledger, LedgerReader
from aitrail.proof import Verification
from aitrail.questions import TableRows
from aitrail.rows import Reject, row_of
from aitrail.services import load
from aitrail.window import Window
from tests.shared.immediate_paging import at_once
from tests.shared.signed_digests import FINGERPRINT, public_key

HOURLY = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
REGISTRY = load()
_MOST_DAYS = 5000


class Said(NamedTuple):
    """What `aitrail verify` said of a window: whether it is proved, and its findings as (name, object, reason).

    `not_listed_yet` are the log files of hours that are not closed, of which it says that their rows are not proved.
    """

    since: object
    until: object
    deep: bool
    proved: bool
    findings: tuple
    not_listed_yet: tuple = ()


class TooMuchWork(Exception):
    """The product does far more than a small history needs."""


@contextmanager
def quickly():
    """Without threads, which cost more than everything else if nothing has to be waited for."""
    with at_once(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Window, "days", _days)
        yield


def _days(window, usual=Window.days):
    """The days of a window, unless they are so many that listing them takes seconds."""
    if (window.until - window.since).days > _MOST_DAYS:
        raise TooMuchWork(f"a query for each day from {window.since} to {window.until}")
    return usual(window)


def announcement(bucket, *objects):
    """The body of the message with which S3 announces objects: (key, version ID, etag)."""
    facts = [{"key": quote_plus(key), "versionId": version, "eTag": etag} for key, version, etag in objects]
    event = {"eventSource": "aws:s3", "eventVersion": "2.1", "eventName": "ObjectCreated:Put"}
    return json.dumps({"Records": [event | {"s3": {"bucket": {"name": bucket}, "object": each}} for each in facts]})


def announced(body):
    """The (key, version ID) that a message names."""
    return [(each.key, each.version_id) for each in deliveries(body)]


def request(bucket, keys, *, force=False):
    """The body of a message in CloudTrail's own format."""
    return json.dumps({"s3Bucket": bucket, "s3ObjectKey": keys} | ({"force": True} if force else {}))


def expected_row(record, log_file, index, retention):
    """The row, as typed attributes, that a record makes; None if it cannot become one."""
    try:
        row = row_of(record, log_file=log_file, record_index=index, registry=REGISTRY, retention=retention)
    except Reject:
        return None
    return to_item(row)


@dataclass(kw_only=True)
class Product:
    """The function and `aitrail verify`, on any clients. `send` takes the bodies of messages to the backfill queue."""

    dynamodb: object
    s3: object
    bucket: str
    events_name: str
    files_name: str
    now: object
    send: object
    original: str | None = None
    row_retention: object = None
    ledger_retention: object = None

    def __post_init__(self):
        self._clock = Clock(
            now=self.now, seconds=lambda: self.now().timestamp(), sleep=lambda _: None, random=lambda: 0
        )
        self._cloudtrail = Mock(name="cloudtrail")
        pages = [{"PublicKeyList": [{"Fingerprint": FINGERPRINT, "Value": public_key()}]}]
        self._cloudtrail.get_paginator.return_value.paginate.return_value = pages
        self._reader = LedgerReader(self.dynamodb, self.files_name)
        self.restart()

    def restart(self):
        """Begins a new process of the function."""
        clock, scope = {"clock": self._clock}, self._scope
        ledger = Ledger(self.dynamodb, self.files_name, **clock)
        parts = {"ledger": ledger, "reader": self._reader}
        public_keys = self._public_keys()
        retentions = {"row_retention": self.row_retention, "ledger_retention": self.ledger_retention}
        announcer = Announcer(lambda: SimpleNamespace(send_message_batch=self._send), "backfill", self.bucket, **clock)
        self._ingestion = Ingestion(
            s3=self.s3,
            events=EventsTable(self.dynamodb, self.events_name, **clock, workers=1),
            ledger=ledger,
            registry=REGISTRY,
            scope=scope,
            reconciliation=Reconciliation(
                **parts,
                public_keys=public_keys,
                scope=scope,
                **clock,
                expires_at=self._expires_at,
            ),
            no_digests=NoDigestsDetector(**parts, **clock),
            reviewer=Review(
                **parts,
                announcer=announcer,
                public_keys=public_keys,
                bucket=self.bucket,
                ledger_retention=self.ledger_retention,
                **clock,
            ),
            **retentions,
            **clock,
        )

    def receive(self, body, time_left, *, is_backfill):
        """Processes a message of one of the queues; an exception means that it fails and comes again."""
        options = {"time_left": time_left, "is_backfill": is_backfill}
        self._ingestion.ingest_message(body, report=lambda _: None, **options)

    def verify(self, since, until, *, deep):
        """What `aitrail verify` says of a window now."""
        options = {
            "reader": self._reader,
            "source": TableRows(self.dynamodb, self.events_name, registry=REGISTRY),
            "s3": self.s3,
            "public_keys": self._public_keys(),
            "registry": REGISTRY,
            "now": self.now(),
            "retention": self.row_retention,
            "ledger_retention": self.ledger_retention,
            "scope": self._scope,
        }
        known = {field.name for field in fields(Verification)}
        verification = Verification(**{name: value for name, value in options.items() if name in known})
        verdict = (verification.verify_deep if deep else verification.verify)(Window(since=since, until=until))
        findings = tuple((each.finding, each.of, each.why) for each in verdict.findings)
        return Said(since, until, deep, verdict.proved, findings, verdict.not_listed_yet)

    @property
    def _scope(self):
        return Scope(bucket=self.bucket, original=self.original)

    def _public_keys(self):
        return PublicKeys(lambda _region: self._cloudtrail, clock=self._clock)

    def _expires_at(self):
        return None if self.ledger_retention is None else int((self.now() + self.ledger_retention).timestamp())

    def _send(self, *, Entries, **_):  # noqa: N803 - boto3's name
        for entry in Entries:
            self.send(entry["MessageBody"])
        return {}
