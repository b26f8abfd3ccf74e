"""Encodes batches of typed attributes as JSON directly, bypassing botocore's serializer.

Typed attributes already are the JSON that DynamoDB expects. botocore's serializer nevertheless walks through every
attribute of every item according to its service model, which takes two thirds of the time of writing an item.
"""

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_OPERATION: Final = "dynamodb.BatchWriteItem"
_ASKED: Final = "aitrail.asked"


def encode_batches_at_once(client: "DynamoDBClient") -> "DynamoDBClient":
    """Changes the client so that batch_write_item sends its items without converting them; returns the client.

    The client must not validate parameters. This uses two of botocore's events (boto3's "Extensibility guide"). If a
    later botocore handles them differently, DynamoDB refuses the batches, because the parameters themselves are empty.
    """
    # Because of the ids, registering the handlers twice has no effect.
    events: Any = client.meta.events  # the stubs declare a type whose handlers return nothing
    events.register(f"provide-client-params.{_OPERATION}", _keep, unique_id="aitrail.keep")
    events.register(f"before-call.{_OPERATION}", _encode, unique_id="aitrail.encode")
    return client


def _keep(params: dict[str, Any], context: dict[str, Any], **_: object) -> dict[str, Any]:
    """The parameters with empty batches; the table names stay, because the endpoint may depend on them."""
    context[_ASKED] = params
    return params | {"RequestItems": {table: [] for table in params["RequestItems"]}}


def _encode(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    params["body"] = msgspec.json.encode(context[_ASKED])
