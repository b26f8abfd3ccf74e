"""When each account last delivered a digest: one item for each. An account from which none comes any more is `silent`.

CloudTrail writes digests every hour, also for an account without calls: without them, it is not idle, but its trail is
stopped or cannot deliver. An account whose trail writes no digests has no item. An item never expires.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aitrail.deliveries import account_name
from aitrail.ledger.entries import ACCOUNT, SILENT
from aitrail.ledger.updating import EntryStore
from aitrail.window import format_time

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# All items have this `deliveryDay`, so that the index by-day lists them.
ACCOUNTS = "accounts"
_REMEMBERED = 10_000


class Accounts:
    """The items of one files table; `table` is its physical name. Raises the client's errors."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._entries = EntryStore(client, table)
        self._noted: dict[str, str] = {}

    def note_digest(self, account: str, end: datetime) -> None:
        """Records that a verified digest of the account covers the time until `end`, to the hour.

        It costs a write once an hour for each account, not for each of its digests.
        """
        hour = format_time(end.replace(minute=0, second=0, microsecond=0))
        if self._noted.get(account, "") >= hour:
            return
        name = account_name(account)
        heard = {"account": account, "deliveryDay": ACCOUNTS, "digestEnd": hour, "silentSince": None, "problem": None}
        seen: Mapping[str, Any] | None = self._entries.get(name, ACCOUNT, consistent=False) or {}
        while seen is not None and seen.get("digestEnd", "") < hour:
            premises = {each: seen.get(each) for each in ("digestEnd", "silentSince", "problem")}
            seen = self._entries.change_if(name, ACCOUNT, heard, premises)
        if len(self._noted) >= _REMEMBERED:
            self._noted.clear()
        self._noted[account] = hour

    def call_silent(self, entry: Mapping[str, Any]) -> bool:
        """Records that no digest has come for too long since `entry`, as the index by-day has it, was written.

        Returns whether the account needs attention: not if someone has accepted that it is silent.
        """
        if entry.get("problem") is not None:
            return bool(entry["problem"] == SILENT)
        end = entry["digestEnd"]
        silent = {"silentSince": end, "problem": SILENT}
        return self._entries.change_if(entry["logFile"], ACCOUNT, silent, {"digestEnd": end, "problem": None}) is None
