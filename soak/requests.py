"""Determines the operation of a request from the function, and the delivery that it is for. Pure."""

import json
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

from aitrail.ledger import FILE

# Reading a delivery records its outcome with UpdateItem; a digest also records the files it lists, with hundreds of
# them.
UPDATE: Final = "UpdateItem"
LISTING: Final = "UpdateItem of what a digest lists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request; `operation` is AWS's name or LISTING, `log_file` the delivery's name in the ledger, or None.

    If `is_outcome`, it writes the outcome of a log file to the ledger.
    """

    operation: str
    log_file: str | None = None
    is_outcome: bool = False


class Headers(Protocol):
    """Headers by name, ignoring case."""

    def get(self, name: str, /) -> str | None:
        """The header of that name."""
        ...


def request_of(method: str, path: str, headers: Headers, body: bytes) -> Request:
    """Parses a request of the function: JSON, or a request to S3 with the bucket in its path."""
    operation = (headers.get("X-Amz-Target") or "").rpartition(".")[2]
    if not operation:
        bucket, _, key = unquote(urlsplit(path).path).removeprefix("/").partition("/")
        return Request(operation=f"{method.title()}Object", log_file=f"s3://{bucket}/{key}")
    parameters = json.loads(body)
    item = _item(parameters)
    if operation == UPDATE and ":status" not in parameters.get("ExpressionAttributeValues", {}):
        operation = LISTING
    return Request(
        operation=operation,
        log_file=item.get("logFile", {}).get("S"),
        is_outcome=operation == UPDATE and item["entry"]["S"] == FILE,
    )


def _item(parameters: dict[str, Any]) -> dict[str, Any]:
    """The key or the item in a request to DynamoDB, for a batch the first one."""
    if "RequestItems" in parameters:
        ((request, *_),) = parameters["RequestItems"].values()
        ((kind, what),) = request.items()
        parameters = {"Key": what["Item" if kind == "PutRequest" else "Key"]}
    key: dict[str, Any] = parameters.get("Key", {})
    return key
