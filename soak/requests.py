"""What a request of the function asks AWS for, and about which delivery. Pure."""

import json
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

from aitrail.ledger import FILE

# By UpdateItem a delivery's own reading notes what became of it, and a digest, hundreds of times, what it lists.
UPDATE: Final = "UpdateItem"
LISTING: Final = "UpdateItem of what a digest lists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`operation` is AWS's name of it, or LISTING. `log_file` is the delivery's name in the ledger, None for none.

    With `is_outcome`, it writes into the ledger what became of a log file.
    """

    operation: str
    log_file: str | None = None
    is_outcome: bool = False


class Headers(Protocol):
    """Headers by name, without regard to case."""

    def get(self, name: str, /) -> str | None:
        """The header of that name."""
        ...


def request_of(method: str, path: str, headers: Headers, body: bytes) -> Request:
    """What a request of the function is: in JSON, or one of S3 with the bucket in its path."""
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
    """The key or the item that a request of DynamoDB is about, the first one of a batch."""
    if "RequestItems" in parameters:
        ((request, *_),) = parameters["RequestItems"].values()
        ((kind, what),) = request.items()
        parameters = {"Key": what["Item" if kind == "PutRequest" else "Key"]}
    key: dict[str, Any] = parameters.get("Key", {})
    return key
