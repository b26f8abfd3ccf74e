"""A bucket -> the folders of CloudTrail's deliveries, by day, and the objects in them.

    [prefix/]AWSLogs/[o-…/]ACCOUNT/{CloudTrail-Digest,CloudTrail,CloudTrail-NetworkActivity}/REGION/YYYY/MM/DD/

Folders are listed level by level, so that objects of other days, accounts or Regions are not listed.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aitrail.aws import in_order
from aitrail.deliveries.keys import DIGEST_FOLDER, LOG_FOLDERS, Scope
from aitrail.window import Window

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectTypeDef

_ORGANIZATION = "o-"
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
# Year, or year and month, or year, month and day of a folder: 2026, 2026/03, 2026/03/14.
_DATE = re.compile(r"\d{4}(/\d\d){0,2}", re.ASCII)
_WIDTHS = (4, 7, 10)
# Objects in these storage classes have to be restored before they can be read (Amazon S3 User Guide).
_ARCHIVE = frozenset({"GLACIER", "DEEP_ARCHIVE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object as S3 lists it. `size` is in bytes, `etag` has no quotes.

    An object that `is_archived` has to be restored before it can be read; one that `is_restored` has been restored.
    """

    key: str
    size: int
    etag: str
    is_archived: bool = False
    is_restored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFolders:
    """The folders of a bucket under a prefix ("" for none), for the given accounts and Regions (all if none is given).

    Without the folders of accounts that are not in `scope`. Raises the client's errors.
    """

    s3: "S3Client"
    bucket: str
    prefix: str = ""
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    scope: Scope | None = None

    def of(self, window: Window, *, found: Callable[[int], None] = lambda _: None) -> dict[str, list[str]]:
        """Day of delivery (YYYY-MM-DD), oldest first -> the folders of accounts and Regions, digest folders first.

        A folder's name ends before the date. `found` is called with the number of folders and days found so far.
        """
        first, last = (bound[:10].replace("-", "/") for bound in window.bounds)
        days: defaultdict[str, list[str]] = defaultdict(list)
        count, accounts = 0, list(self.account_folders())
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
        """The objects in the folder of a day, in the order of keys; pages are fetched as they are consumed."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket,
            Prefix=f"{folder}{day.replace('-', '/')}/",
            OptionalObjectAttributes=["RestoreStatus"],
        )
        for page in pages:
            yield from map(_stored, page.get("Contents", []))

    def account_folders(self) -> Iterator[str]:
        """The folders of accounts, each with a slash at its end."""
        root = f"{self.prefix}AWSLogs/"
        for organization in ("", *self._names(root, _ORGANIZATION)):
            above = f"{root}{organization}/" if organization else root
            for name in self.accounts or self._names(above):
                is_expected = self.scope is None or self.scope.expects(name, organization)
                if is_expected and _ACCOUNT.fullmatch(name):
                    yield f"{above}{name}/"

    def _dated(self, folder: str, first: str, last: str) -> list[tuple[str, list[str]]]:
        """The Regions in a folder of an account, and the dates of each from `first` to `last`."""
        regions = [f"{folder}{name}/" for name in self.regions or self._names(folder)]
        return [(region, self._dates(region, first, last)) for region in regions]

    def _dates(self, region: str, first: str, last: str) -> list[str]:
        """The dates, found level by level: years, months, days. A level that is equal in both bounds is not listed."""
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
        """The names of the folders directly in another folder."""
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
