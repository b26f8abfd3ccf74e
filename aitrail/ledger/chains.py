"""When the chains of digests began: one item for each account and Region, so that no restart passes unnoticed.

The item never expires: a chain may begin anew long after the entries of the digests before have expired.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from aitrail.ledger.updating import Attributes, EntryStore

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

CHAINS = "chains"
# The items of accounts and Regions in which a chain begins after an earlier digest have this `deliveryDay`, so that the
# index by-day lists them.
RESTARTS = "restarts"


class Chains:
    """The items of one files table; `table` is its physical name. Raises the client's errors.

    `logFile` is the folder of the digests. See `aitrail.digests.chain` for the other attributes.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._entries = EntryStore(client, table)

    def change(self, folder: str, changed: Callable[[Attributes], Attributes | None]) -> None:
        """Sets the attributes that `changed` returns for an item, until it returns None or nobody else has changed it.

        `changed` is called again if another writer was faster.
        """
        seen: Attributes = self._entries.get(folder, CHAINS, consistent=True) or {}
        while (changes := changed(seen)) is not None:
            old = self._entries.change_if(folder, CHAINS, changes, {name: seen.get(name) for name in changes})
            if old is None:
                return
            seen = old
