"""Runs a world through the product, hour by hour, with a simulated clock."""

import heapq
from collections import defaultdict
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from math import inf
from random import Random

from aitrail.dynamodb import tables
from tests.shared.histories.memory_dynamodb import MemoryDynamoDB
from tests.shared.histories.memory_s3 import MemoryS3
from tests.shared.histories.product import HOURLY, Product, TooMuchWork, announced, announcement, quickly
from tests.shared.histories.world import BUCKET, HOUR, MINUTE, ORIGINAL, SECOND, START

EVENTS, FILES = "Events", "Files"
TABLES = {EVENTS: tables.EVENTS, FILES: tables.FILES}
IN_MEMORY = partial(MemoryDynamoDB, TABLES)
_TRIES = 5
_ENOUGH_SECONDS = 240.0
# Far more than a verification of any window of a history needs.
_MOST_CALLS = 5000
# The review of each hour finds nothing more to do this long after the last thing that happened.
_QUIET = 40 * HOUR


class Run:
    """One run of a world. `read` maps each key to the bodies that the function has acknowledged, `read_at` to when.

    `put` maps each key to the bodies that the object had, None for a deletion; `named` has the keys in messages.
    `by_hand` has the eventIDs of the rows that somebody wrote into the table, `cut_off` the keys of objects whose
    reading ended early.
    `dynamodb` takes the function that is called before each request, and returns a client with the two tables.
    `original` is the bucket that the product takes the log bucket for a copy of, if any.
    """

    def __init__(self, world, dynamodb=IN_MEMORY, *, original=ORIGINAL):
        self.world, self.random = world, Random(f"run {world.seed}")
        self.now = START - HOUR
        self.named = set()
        self.read = defaultdict(list)
        self.read_at = {}
        self.put = defaultdict(list)
        self.by_hand = set()
        self.cut_off = set()
        self.log = []
        self._queue, self._turn, self._fuse = [], count(), inf
        self.dynamodb = dynamodb(self._tick)
        self.s3 = MemoryS3(BUCKET, now=lambda: self.now, before=self._tick)
        self.product = Product(
            dynamodb=self.dynamodb,
            s3=self.s3,
            bucket=BUCKET,
            events_name=EVENTS,
            files_name=FILES,
            now=lambda: self.now,
            send=lambda body: self.at(self.now + 10 * SECOND, lambda: self._receive(body, [], is_backfill=True)),
            row_retention=world.row_retention,
            ledger_retention=world.ledger_retention,
            original=original,
        )

    def at(self, moment, action):
        """Plans an action."""
        heapq.heappush(self._queue, (moment, next(self._turn), action))

    def go(self):
        """Does everything that is planned, until somebody verifies."""
        for arrival in self._arrivals():
            self._plan(arrival)
        for moment, action in self.world.edits:
            self.at(moment, lambda action=action: action(self))
        for moment, body in self.world.messages:
            self.at(moment, lambda body=body: self._receive(body, []))
        self._plan_hours()
        with quickly():
            while self._queue and self._queue[0][0] <= self.world.now:
                self.now, _, action = heapq.heappop(self._queue)
                action()
        self.now = self.world.now
        return self

    def verify(self, since, until, *, deep=False):
        """What the product says now."""
        self._fuse = _MOST_CALLS
        try:
            with quickly():
                return self.product.verify(since, until, deep=deep)
        except SystemExit:
            raise TooMuchWork(f"more than {_MOST_CALLS:,} requests") from None
        finally:
            self._fuse = inf

    def rows(self):
        """The rows in the table, as typed attributes."""
        return self.items(EVENTS)

    def items(self, name):
        """The items of a table, as typed attributes, in the order of their keys."""
        found = self.dynamodb.scan(TableName=name)["Items"]
        return sorted(found, key=lambda item: [value["S"] for value in _key(TABLES[name], item).values()])

    def put_row(self, row):
        """Somebody writes a row."""
        self.by_hand.add(row["eventID"]["S"])
        self.dynamodb.put_item(TableName=EVENTS, Item=row)

    def delete_row(self, row):
        """Somebody deletes a row."""
        self.dynamodb.delete_item(TableName=EVENTS, Key={"eventID": row["eventID"]})

    def put_object(self, key, body, metadata):
        """Somebody puts an object, which is announced soon."""
        self._put(key, body, metadata, [SECOND], [])

    def _arrivals(self):
        world = self.world
        return [*(each.arrival for each in (*world.files, *world.digests)), *world.strangers]

    def _plan(self, arrival):
        self.at(
            arrival.at + arrival.lag,
            lambda: self._put(
                arrival.key, arrival.body, arrival.metadata, arrival.delays, arrival.troubles, stored=arrival.at
            ),
        )
        for moment, body, delays in arrival.changes:
            self.at(
                moment + arrival.lag,
                lambda body=body, delays=delays: self._put(arrival.key, body, arrival.metadata, delays, []),
            )

    def _put(self, key, body, metadata, delays, troubles, *, stored=None):  # noqa: PLR0913 - what is known of an object
        self.put[key].append(body)
        if body is None:
            self.s3.delete(key)
            return
        version, etag = self.s3.put(key, body, metadata, stored)
        message, troubles = announcement(BUCKET, (key, version, etag)), list(troubles)
        for delay in delays:
            self.at(self.now + delay, lambda: self._receive(message, troubles))

    def _plan_hours(self):
        """The hourly reviews; DynamoDB deletes about half of what has expired until the next hour."""
        busy = [each.at + each.lag + max(each.delays, default=timedelta()) for each in self._arrivals()]
        busy += [moment + each.lag for each in self._arrivals() for moment, _, _ in each.changes]
        busy = sorted([*busy, *(moment for moment, _ in (*self.world.edits, *self.world.messages)), self.world.now])
        moment = START + 3 * MINUTE
        while moment < self.world.now:
            self.at(moment, self._review)
            while len(busy) > 1 and busy[1] < moment:
                busy.pop(0)
            near = busy[0] <= moment < busy[0] + _QUIET or busy[-1] - moment < _QUIET
            moment += HOUR if near else 24 * HOUR

    def _review(self):
        self._receive(HOURLY, [], is_backfill=True)
        for name, table in TABLES.items():
            for item in self.items(name):
                is_over = float(item.get("expiresAt", {}).get("N", "inf")) <= self.now.timestamp()
                if is_over and self.random.random() < 0.1:
                    self.dynamodb.delete_item(TableName=name, Key=_key(table, item))

    def _receive(self, body, troubles, attempt=1, *, is_backfill=False):
        kind, calls = troubles.pop(0) if troubles else ("", inf)
        ticks = count()
        self._fuse = calls if kind == "crash" else inf
        named = [] if body == HOURLY or '"review"' in body else announced(body)
        self.named |= {key for key, _ in named}
        try:
            self.product.receive(
                body,
                lambda: 0.0 if kind == "timeout" and next(ticks) >= calls else _ENOUGH_SECONDS,
                is_backfill=is_backfill,
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001 - SQS retries after any error
            self.log.append(f"{self.now:%d %H:%M:%S} failed: {error!r}")
            self.cut_off |= {key for key, _ in named}
            self.product.restart()
            if attempt < _TRIES:
                again = partial(self._receive, body, troubles, attempt + 1, is_backfill=is_backfill)
                self.at(self.now + 15 * MINUTE, again)
            return
        finally:
            self._fuse = inf
        for key, version in named:
            found = self.s3.found(key, version)
            if found:
                self.read[key].append(found[1])
                self.read_at[key] = self.now

    def _tick(self, _operation):
        self._fuse -= 1
        if self._fuse < 0:
            raise SystemExit


def _key(table, item):
    return {name: item[name] for name in (table.partition_key, table.sort_key) if name}


def hour_of(moment: datetime) -> datetime:
    """The whole hour at or before a moment."""
    return moment.replace(minute=0, second=0, microsecond=0)
