"""The entry of an account and Region in which log files have no verified digest: which of them are known. Pure.

One entry stands for all such log files. It names the first few, so that the problem ends if their digests arrive late.
"""

from collections.abc import Callable, Mapping
from typing import Any

from aitrail.deliveries import log_key_of
from aitrail.ledger.entries import NO_DIGESTS, UNPROVEN

# An entry with more log files than this stays: the others are not named.
_NAMED = 10
_OF_THE_FIRST = ("deliveryDay", "deliveredAt")


def with_log_file(entry: Mapping[str, Any], doubt: str, log_file: str, stored_at: str) -> dict[str, Any]:
    """The changes to an entry if a log file possibly has no digest (UNPROVEN), or has none (NO_DIGESTS)."""
    earlier = entry.get("doubt")
    if earlier is not None and doubt == UNPROVEN:
        return {}
    # What was only possible so far is about other log files, whose digests may still arrive.
    named = entry.get("sampleLogFiles") if earlier == NO_DIGESTS else []
    if named is None or len(named) > _NAMED or any(each["logFile"] == log_file for each in named):
        return {}
    return {"doubt": doubt} | _naming([*named, {"logFile": log_file, "storedAt": stored_at}])


def decided(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The changes to an entry if no digest has arrived for the log files that it names."""
    return {"doubt": NO_DIGESTS} if entry.get("doubt") == UNPROVEN else {}


def without_log_files(entry: Mapping[str, Any], is_settled: Callable[[str], bool]) -> dict[str, Any]:
    """The changes to an entry if log files for which `is_settled` no longer give rise to it."""
    named = entry.get("sampleLogFiles", [])
    if len(named) > _NAMED:
        return {}
    left = [each for each in named if not is_settled(each["logFile"])]
    return _naming(left) if len(left) < len(named) else {}


def _naming(log_files: list[dict[str, str]]) -> dict[str, Any]:
    """The attributes that name these log files; without any, those that say that there are none."""
    if not log_files:
        return dict.fromkeys(("doubt", "sampleLogFiles", *_OF_THE_FIRST))
    first = log_files[0]
    key = log_key_of(first["logFile"])
    known = {"account": key.account, "region": key.region, "deliveredAt": key.delivered_at} if key else {}
    day = first["storedAt"][: len("YYYY-MM-DD")]
    return known | {"deliveryDay": day, "ingestedAt": first["storedAt"], "sampleLogFiles": log_files}
