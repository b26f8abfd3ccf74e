"""A bucket -> the folders in which CloudTrail keeps what it delivered, by day, and the objects in them.

    [prefix/]AWSLogs/[o-…/]ACCOUNT/{CloudTrail-Digest,CloudTrail,CloudTrail-NetworkActivity}/REGION/YYYY/MM/DD/

Folders are found level by level, so that nobody lists the objects of days, accounts or Regions that are not wanted.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aitrail.aws import in_order
from aitrail.deliveries.keys import DIGEST_FOLDER, LOG_FOLDERS
from aitrail.window import Window

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectTypeDef

_ORGANIZATION = "o-"
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
# Year, month and day of a folder, as far as they are known: 2026, 2026/03, 2026/03/14.
_DATE = re.compile(r"\d{4}(/\d\d){0,2}", re.ASCII)
_WIDTHS = (4, 7, 10)
# S3 hands out objects of these classes only after somebody has had them restored (Amazon S3 User Guide).
_ARCHIVE = frozenset({"GLACIER", "DEEP_ARCHIVE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object as S3 lists it. `size` is in bytes, `etag` bare.

    One that `is_archived` has to be restored before it can be read; one that `is_restored` has been.
    """

    key: str
    size: int
    etag: str
    is_archived: bool = False
    is_restored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFolders:
    """The folders of a bucket behind a prefix ("" for none), of some accounts and Regions, of all where none is named.

    Raises the errors of the client.
    """

    s3: "S3Client"
    bucket: str
    prefix: str = ""
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    def of(self, window: Window, *, found: Callable[[int], None] = lambda _: None) -> dict[str, list[str]]:
        """By day of delivery (YYYY-MM-DD), oldest first, the folders of accounts and Regions, those of digests first.

        A folder's name ends where its days begin. `found` hears how many folders and days there are until then.
        """
        first, last = (bound[:10].replace("-", "/") for bound in window.bounds)
        days: defaultdict[str, list[str]] = defaultdict(list)
        count, accounts = 0, list(self._accounts())
        tasks = (
            partial(self._dated, f"{account}{folder}/", first, last)
            for folder in (DIGEST_FOLDER, *LOG_FOLDERS)
            for account in accounts
        )
        for dated in in_order(tasks):
            for region, dates in dated:
                for date in dates:
                    days[date.replace("/", "-")].append(region)
                count += len(dates)
            found(count)
        return dict(sorted(days.items()))

    def objects(self, day: str, folder: str) -> Iterator[StoredObject]:
        """What is in the folder of a day, in the order of keys; pages are read as they are consumed."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket,
            Prefix=f"{folder}{day.replace('-', '/')}/",
            OptionalObjectAttributes=["RestoreStatus"],
        )
        for page in pages:
            yield from map(_stored, page.get("Contents", []))

    def _accounts(self) -> Iterator[str]:
        root = f"{self.prefix}AWSLogs/"
        organizations = [f"{root}{name}/" for name in self._names(root, _ORGANIZATION)]
        for above in (root, *organizations):
            for name in self.accounts or self._names(above):
                if _ACCOUNT.fullmatch(name):
                    yield f"{above}{name}/"

    def _dated(self, folder: str, first: str, last: str) -> list[tuple[str, list[str]]]:
        """The Regions below a folder of an account, and the dates of each that lie between the two."""
        regions = [f"{folder}{name}/" for name in self.regions or self._names(folder)]
        return [(region, self._dates(region, first, last)) for region in regions]

    def _dates(self, region: str, first: str, last: str) -> list[str]:
        """Level by level: years, months, days; where both ends have the same one there is nothing to ask."""
        dates = [""]
        for width in _WIDTHS:
            if first[:width] == last[:width]:
                dates = [f"{first[:width]}/"]
            else:
                below = (f"{date}{name}" for date in dates for name in self._names(f"{region}{date}"))
                dates = [
                    f"{date}/" for date in below if first[:width] <= date <= last[:width] and _DATE.fullmatch(date)
                ]
        return [date.removesuffix("/") for date in dates]

    def _names(self, above: str, begin: str = "") -> Iterator[str]:
        """The names of the folders right below another."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{above}{begin}", Delimiter="/"
        )
        for page in pages:
            for each in page.get("CommonPrefixes", []):
                yield each["Prefix"].removeprefix(above).removesuffix("/")


def _stored(listed: "ObjectTypeDef") -> StoredObject:
    is_restored = "RestoreExpiryDate" in listed.get("RestoreStatus", {})
    return StoredObject(
        key=listed["Key"],
        size=listed["Size"],
        etag=listed["ETag"].strip('"'),
        is_archived=listed.get("StorageClass") in _ARCHIVE and not is_restored,
        is_restored=is_restored,
    )
