"""Batches of typed attributes, encoded at once.

Typed attributes are the JSON that DynamoDB takes. botocore, which cannot know it, walks over every attribute of every
item by its description of the service: that is two thirds of what writing an item takes.
"""

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_OPERATION: Final = "dynamodb.BatchWriteItem"
_ASKED: Final = "aitrail.asked"


def encode_batches_at_once(client: "DynamoDBClient") -> "DynamoDBClient":
    """The same client, whose batch_write_item puts into the body what it is given, as it is.

    The client must not validate parameters. Two events of botocore do it (boto3's "Extensibility guide"). Should a
    later botocore not bring them together, DynamoDB refuses the batches: by themselves they are empty.
    """
    # The ids make it no matter how often this is done to a client.
    events: Any = client.meta.events  # which the stubs take for one that ignores what handlers return
    events.register(f"provide-client-params.{_OPERATION}", _keep, unique_id="aitrail.keep")
    events.register(f"before-call.{_OPERATION}", _encode, unique_id="aitrail.encode")
    return client


def _keep(params: dict[str, Any], context: dict[str, Any], **_: object) -> dict[str, Any]:
    """The parameters with empty batches; the names of the tables may decide where the request is sent."""
    context[_ASKED] = params
    return params | {"RequestItems": {table: [] for table in params["RequestItems"]}}


def _encode(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    params["body"] = msgspec.json.encode(context[_ASKED])
