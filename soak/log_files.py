"""Log files for a load test, reproducible for a given seed, and the digests that list them.

In addition to usual files, there are events in two log files, records that cannot become rows, records that occur twice
in their file, truncated files, and large files.
"""

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, Final

from aitrail.services import Registry, load
from bench.corpora import Corpus
from demo.environments import ACCOUNT
from demo.sample_logs import log_file_key
from tests.shared import signed_digests

REGIONS: Final = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")
_WANTED: Final = 0.25
_RECORDS, _RECORDS_OF_LARGE_FILES = 12, 300
# One in so many log files has this property.
_LARGE, _SHARING, _REPEATING, _REJECTED, _TWICE_ANNOUNCED, _CUT = 50, 10, 25, 40, 15, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """One delivery. `sha256` is for the whole content, even if the body is truncated and not `is_sound`."""

    key: str
    region: str
    delivered: datetime
    body: bytes
    sha256: str
    is_sound: bool = True
    is_announced_twice: bool = False

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records of a sound file."""
        records: list[dict[str, Any]] = json.loads(gzip.decompress(self.body))["Records"]
        return records


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One digest: its key, body and metadata, and the keys of the log files that it lists."""

    key: str
    body: bytes
    metadata: dict[str, str]
    lists: tuple[str, ...]


def log_files(delivered: Callable[[], datetime], random: Random, registry: Registry | None = None) -> Iterator[LogFile]:
    """An endless sequence of log files; `delivered` returns the delivery time of the next one."""
    sources = (registry or load()).sources
    records = map(json.loads, Corpus(wanted=_WANTED, seed=random.getrandbits(32)).records())
    number, earlier = 0, dict[str, Any]()
    while True:
        number += 1
        own = list(islice(records, _RECORDS_OF_LARGE_FILES if number % _LARGE == 0 else _RECORDS))
        wanted = [record for record in own if record["eventSource"] in sources]
        if wanted and number % _REJECTED == 0:
            del wanted[-1]["eventTime"]
        if wanted and number % _REPEATING == 0:
            own.append(wanted[0])
        if earlier and number % _SHARING == 0:
            own.append(earlier)
        is_sound = number % _CUT != 0
        if is_sound and wanted and "eventTime" in wanted[0]:
            earlier = wanted[0]
        yield _log_file(own, number, delivered(), random, is_sound=is_sound)


def _log_file(
    records: list[dict[str, Any]], number: int, delivered: datetime, random: Random, *, is_sound: bool
) -> LogFile:
    region = random.choice(REGIONS)
    content = json.dumps({"Records": records}, separators=(",", ":")).encode()
    body = gzip.compress(content, 6, mtime=0)
    unique = f"soak{random.getrandbits(24):06x}{number:06}"
    return LogFile(
        key=log_file_key("CloudTrail", ACCOUNT, region, delivered, unique),
        region=region,
        delivered=delivered,
        body=body if is_sound else body[: len(body) // 2],
        sha256=hashlib.sha256(content).hexdigest(),
        is_sound=is_sound,
        is_announced_twice=number % _TWICE_ANNOUNCED == 0,
    )


def within(hours: Sequence[datetime], random: Random) -> datetime:
    """A random moment within one of the hours, which are given by their ends."""
    return random.choice(hours) - timedelta(minutes=random.randint(5, 55))


def hours_before(now: datetime) -> tuple[datetime, ...]:
    """The ends of the last whole hours, as many as digests can cover before log files count as late."""
    last = now.replace(minute=0, second=0, microsecond=0)
    return last - timedelta(hours=1), last


def digests(files: Sequence[LogFile], bucket: str, hours: Sequence[datetime]) -> list[Digest]:
    """One signed digest for each Region and hour, listing all its log files; `hours` are the ends of the hours."""
    listed: defaultdict[tuple[str, datetime], list[tuple[str, str]]] = defaultdict(list)
    for file in files:
        end = file.delivered.replace(minute=0) + timedelta(hours=1)
        listed[file.region, end].append((file.key, file.sha256))
    made = []
    for region in REGIONS:
        lists = {hour: listed[region, hour] for hour in hours}
        chain = signed_digests.chain(hours, bucket=bucket, files=lists, where={"region": region})
        made += [
            Digest(key=each.key, body=each.body, metadata=each.metadata, lists=tuple(key for key, _ in lists[hour]))
            for hour, each in zip(hours, chain, strict=True)
        ]
    return made
