"""Counts the requests that DynamoDB throttles, also those that are then repeated with success."""

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# The codes of a whole request (Amazon DynamoDB Developer Guide, "Error messages and codes"). What DynamoDB throttles of
# a batch, it leaves unprocessed, unless it throttles all of it.
_CODES = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}
_UNPROCESSED = ("UnprocessedItems", "UnprocessedKeys")


class Throttles:
    """The throttled requests of one client, whose events it listens to; threads may share it.

    CloudWatch has them as well, but in two metrics for each table and index, each of which an alarm has to pay for.
    """

    def __init__(self, client: "DynamoDBClient") -> None:
        self._seen = deque[None]()
        client.meta.events.register("needs-retry.dynamodb", self._note)

    def take(self) -> int:
        """The number of throttled requests since the last call."""
        found = 0
        while self._seen:
            self._seen.popleft()
            found += 1
        return found

    def _note(self, response: tuple[Any, Any] | None, **_: object) -> None:
        """Looks at the answer to one attempt; without an answer, nothing is known. It decides nothing about retries."""
        parsed = response[1] if response else {}
        if parsed.get("Error", {}).get("Code") in _CODES or any(parsed.get(each) for each in _UNPROCESSED):
            self._seen.append(None)
