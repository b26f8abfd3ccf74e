"""Turns a user's folder of CloudTrail log files into deliveries with the keys that CloudTrail would have used."""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aitrail.deliveries import Kind, kind_of
from aitrail.errors import AitrailError
from demo.sample_logs import log_file_key

_ENDINGS = (".json.gz", ".json")
_CLOUDTRAIL_NAME = re.compile(
    r"(?P<account>\d{12})_(?P<folder>CloudTrail(?:-[A-Za-z]+)?)_(?P<region>[a-z0-9-]+)_(?:.*_)?"
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)T\d{4,6}Z.*",
    re.ASCII,
)
_UNKNOWN_ACCOUNT, _UNKNOWN_REGION = "000000000000", "us-east-1"
# S3 accepts keys of 1,024 bytes; the part before the name has less than 200.
_LONGEST_NAME = 200


class NoLogFilesError(AitrailError):
    """The folder does not exist or contains no possible log file."""


def log_files(folder: Path) -> list[Path]:
    """Every .json.gz and .json file at any depth, except hidden files. Raises NoLogFilesError."""
    if not folder.is_dir():
        raise NoLogFilesError(f"There is no folder {folder}. Set LOGS to a folder of CloudTrail log files.")
    found = sorted(path for path in folder.rglob("[!.]*") if path.name.endswith(_ENDINGS) and path.is_file())
    if not found:
        raise NoLogFilesError(
            f"{folder} contains no {' or '.join(_ENDINGS)} file at any depth. Copy log files there, for example with "
            f"`aws s3 sync s3://BUCKET/AWSLogs/ {folder}`."
        )
    return found


def deliveries(folder: Path, paths: list[Path]) -> Iterator[tuple[Path, str, bytes]]:
    """Path, key and compressed content of each file. Keys have CloudTrail's form and are unique."""
    taken: set[str] = set()
    for path in paths:
        content = path.read_bytes()
        body = content if path.name.endswith(".gz") else gzip.compress(content, mtime=0)
        name = _compressed_name(path.relative_to(folder))
        key = _key_in_path(path) or _key_of_name(path) or _made_up_key(name, body)
        while key in taken:
            key = key.removesuffix(".json.gz") + "-again.json.gz"
        taken.add(key)
        yield path, key, body


def _key_in_path(path: Path) -> str | None:
    _, folder, rest = path.resolve().with_name(_gz(path.name)).as_posix().rpartition("/AWSLogs/")
    key = f"{folder}{rest}".removeprefix("/")
    return key if kind_of(key) is not Kind.OTHER else None


def _key_of_name(path: Path) -> str | None:
    found = _CLOUDTRAIL_NAME.fullmatch(path.name)
    if not found:
        return None
    day = f"{found['year']}/{found['month']}/{found['day']}"
    return f"AWSLogs/{found['account']}/{found['folder']}/{found['region']}/{day}/{_gz(path.name)}"


def _made_up_key(name: str, body: bytes) -> str:
    record = _first_record(body)
    account, region = record.get("recipientAccountId"), record.get("awsRegion")
    return log_file_key(
        "CloudTrail",
        account if isinstance(account, str) and re.fullmatch(r"[0-9]{12}", account) else _UNKNOWN_ACCOUNT,
        region if isinstance(region, str) and re.fullmatch(r"[a-z0-9-]+", region) else _UNKNOWN_REGION,
        _moment(record.get("eventTime")),
        name,
    )


def _first_record(body: bytes) -> dict[str, Any]:
    """The first record, or an empty dict: the pipeline reports the problems of a file."""
    try:
        record = json.loads(gzip.decompress(body))["Records"][0]
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _moment(event_time: object) -> datetime:
    try:
        return datetime.fromisoformat(str(event_time)).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.now(UTC)


def _gz(name: str) -> str:
    return name if name.endswith(".gz") else f"{name}.gz"


def _compressed_name(path: Path) -> str:
    """A name for the end of a key that shows the file's path, with `-` for `/`."""
    name = path.as_posix().replace("/", "-")
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name[-_LONGEST_NAME:]
