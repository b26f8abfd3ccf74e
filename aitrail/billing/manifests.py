"""Which files of an export count: those that the newest manifest of each billing period names."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aitrail.billing.folders import Folder, Stored
from aitrail.billing.formats import CREATE, BillError
from aitrail.cells import counted

_ENDING = "-Manifest.json"
_PERIOD = re.compile(r"billing_period=(2[0-9]{3}-(?:0[1-9]|1[0-2]))(?:/|$)", re.IGNORECASE)
# A run of an export that keeps the files of earlier runs has a folder of its own: TIMESTAMP-ID.
_RUN = re.compile(r"billing_period=[^/]+/([^/]+)/[^/]+$", re.IGNORECASE)
_MOST_BYTES = 64 * 2**20
_DATA, _METADATA = "data/", "metadata/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The files of one billing period (2026-11), or of no known one, by their names in the folder."""

    month: str | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    name: str
    month: str
    export: str
    files: tuple[str, ...]
    age: tuple[str, float]


def delivered(folder: Folder, report: Callable[[str], None]) -> list[Delivered]:
    """The files to read, by billing period. `report` is called for what is there and does not count.

    Raises BillError, also if no manifest says which files count, and the errors of reading the folder.
    """
    stored = folder.files()
    if folder.is_one_file and not next(iter(stored)).endswith(_ENDING):
        name = next(iter(stored))
        report(f"No manifest says which files belong to {name}: only this file counts, as if it were the whole bill.")
        period = _PERIOD.search(str(folder))
        return [Delivered(month=period[1] if period else None, files=(name,))]
    manifests = [_manifest(folder, name, stored) for name in stored if name.endswith(_ENDING)]
    if not manifests:
        raise BillError(
            f"{folder} has no manifest ({_ENDING[1:]}), which says which files count: others may be of earlier runs, "
            f"and would count twice. Name the folder of one export, which has {_DATA} and {_METADATA}, or one file."
        )
    _refuse_several(folder, manifests)
    by_month: defaultdict[str, list[_Manifest]] = defaultdict(list)
    for each in manifests:
        by_month[each.month].append(each)
    found = [_newest(each, report) for _, each in sorted(by_month.items())]
    counted_files = Counter(name for each in found for name in each.files)
    if several := [name for name, months in counted_files.items() if months > 1]:
        raise BillError(f"The manifests of several months name {several[0]}, which would count twice. Copy them again.")
    named = {name for each in manifests for name in each.files}
    others = [name for name in stored if not name.endswith(_ENDING) and _DATA in name and name not in named]
    if others:
        report(f"{counted(len(others), 'file')} that no manifest names, such as {others[0]}, did not count.")
    return found


def _refuse_several(folder: Folder, manifests: Sequence[_Manifest]) -> None:
    exports = sorted({each.export for each in manifests})
    if len(exports) > 1:
        raise BillError(
            f"{folder} has the files of {len(exports)} exports, which would count twice: {', '.join(exports)}. Name "
            "the folder of one."
        )


def _newest(manifests: Sequence[_Manifest], report: Callable[[str], None]) -> Delivered:
    newest = max(manifests, key=lambda each: (each.age, each.name))
    if len(manifests) > 1:
        report(
            f"{newest.month} has the manifests of {len(manifests)} runs of the export: only the newest counts, "
            f"{newest.name}."
        )
    files = tuple(dict.fromkeys(newest.files))
    if repeated := len(newest.files) - len(files):
        report(f"{newest.name} names {counted(repeated, 'file')} twice: each counts once.")
    return Delivered(month=newest.month, files=files)


def _manifest(folder: Folder, name: str, stored: Mapping[str, Stored]) -> _Manifest:
    document = _document(folder, name, stored[name].size)
    if "reportKeys" in document:
        raise BillError(
            f"{name} is the manifest of a legacy Cost and Usage Report. Export CUR 2.0 or FOCUS instead. {CREATE}"
        )
    uris, period = document.get("dataFiles"), _PERIOD.search(name)
    if not isinstance(uris, list) or not all(isinstance(each, str) for each in uris) or period is None:
        raise BillError(
            f"{name} is not a manifest of AWS Data Exports: it has no list dataFiles, or its folder is not named like "
            "BILLING_PERIOD=2026-11."
        )
    base = name[: name.rfind(_METADATA)] if _METADATA in name else ""
    files = tuple(base + _DATA + uri.rpartition(f"/{_DATA}")[2] for uri in uris)
    if missing := [each for each in files if each not in stored]:
        raise BillError(
            f"{name} names {missing[0]}, which is not in {folder}. Name the folder of the whole export. Copy it again, "
            "or try again if AWS is renewing it."
        )
    run = next((found[1] for each in files if (found := _RUN.search(each))), "")
    export = str(document.get("exportArn") or base or name)
    return _Manifest(name=name, month=period[1], export=export, files=files, age=(run, stored[name].modified))


def _document(folder: Folder, name: str, size: int) -> dict[str, Any]:
    if size > _MOST_BYTES:
        raise BillError(f"{name} has {size:,} bytes: it is not a manifest.")
    with folder.open(name) as file:
        content = file.read()
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BillError(f"{name} is not JSON: {error}. Copy it again.") from error
    return document if isinstance(document, dict) else {}
