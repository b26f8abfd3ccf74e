"""Encodes batches of typed attributes as JSON directly, bypassing botocore's serializer.

Typed attributes already are the JSON that DynamoDB expects. botocore's serializer nevertheless walks through every
attribute of every item according to its service model, which takes two thirds of the time of writing an item. Typed
attributes also take up to twenty times as much memory as their JSON, so each write request is encoded by itself, and
those that DynamoDB leaves unprocessed stay encoded.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

import msgspec

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import WriteRequestTypeDef

# Takes a write request; returns it in the form that the client sends, and its bytes in the body of BatchWriteItem.
Encode = Callable[["WriteRequestTypeDef"], tuple["WriteRequestTypeDef", int]]

_OPERATION: Final = "dynamodb.BatchWriteItem"
_ASKED: Final = "aitrail.asked"
_UNPROCESSED: Final = "UnprocessedItems"
_SEPARATOR_BYTES: Final = len(", ")
_AT_ONCE: Final = WeakSet[Any]()
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_REQUESTS: Final = msgspec.json.Decoder(dict[str, list[msgspec.Raw]])


def encode_batches_at_once(client: "DynamoDBClient") -> "DynamoDBClient":
    """Changes the client so that batch_write_item sends its items without converting them; returns the client.

    Write requests may be typed attributes or their JSON (`encode_for`); UnprocessedItems are JSON.
    The client must not validate parameters. This uses three of botocore's events (boto3's "Extensibility guide"). If a
    later botocore handles them differently, DynamoDB refuses the batches, because the parameters themselves are empty.
    """
    # Because of the ids, registering the handlers twice has no effect.
    events: Any = client.meta.events  # the stubs declare a type whose handlers return nothing
    events.register(f"provide-client-params.{_OPERATION}", _keep, unique_id="aitrail.keep")
    events.register(f"before-call.{_OPERATION}", _encode, unique_id="aitrail.encode")
    events.register(f"before-parse.{_OPERATION}", _hand_back, unique_id="aitrail.hand-back")
    _AT_ONCE.add(client)
    return client


def encode_for(client: "DynamoDBClient") -> Encode:
    """How write requests are encoded for a client: at once if it sends JSON, otherwise when botocore sends them."""
    return _at_once if client in _AT_ONCE else _by_botocore


def _at_once(request: "WriteRequestTypeDef") -> tuple["WriteRequestTypeDef", int]:
    text = msgspec.json.encode(request)
    encoded: Any = msgspec.Raw(text)
    return encoded, len(text) + _SEPARATOR_BYTES


def _by_botocore(request: "WriteRequestTypeDef") -> tuple["WriteRequestTypeDef", int]:
    return request, len(json.dumps(request)) + _SEPARATOR_BYTES  # as botocore does: only ASCII, and spaces


def _keep(params: dict[str, Any], context: dict[str, Any], **_: object) -> dict[str, Any]:
    """The parameters with empty batches; the table names stay, because the endpoint may depend on them."""
    context[_ASKED] = params
    return params | {"RequestItems": {table: [] for table in params["RequestItems"]}}


def _encode(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    params["body"] = msgspec.json.encode(context[_ASKED])


def _hand_back(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
    """Takes the unprocessed items out of the response before botocore parses it."""
    if _UNPROCESSED.encode() not in response_dict["body"]:
        return
    try:
        fields = _FIELDS.decode(response_dict["body"])
        unprocessed = _REQUESTS.decode(fields.pop(_UNPROCESSED))
    except (msgspec.MsgspecError, KeyError):
        return  # an error's body, or none that botocore accepts
    customized_response_dict[_UNPROCESSED] = unprocessed
    response_dict["body"] = msgspec.json.encode(fields)
