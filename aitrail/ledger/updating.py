"""Changes single entries of the ledger, optionally only if the entry has not been changed since it was read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aitrail.dynamodb import from_item, to_item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

Attributes = Mapping[str, Any]


class EntryStore:
    """The entries of one files table by their keys; `table` is its physical name. Raises the client's errors."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def get(self, log_file: str, entry: str, *, consistent: bool) -> dict[str, Any] | None:
        """The entry with its attributes as plain values, or None."""
        options: Any = {"ConsistentRead": True} if consistent else {}
        answer = self._client.get_item(TableName=self._table, Key=_key(log_file, entry), **options)
        return from_item(answer["Item"]) if "Item" in answer else None

    def change(self, log_file: str, entry: str, changes: Attributes) -> None:
        """Sets attributes of an entry and removes those that are None, whether or not the entry exists."""
        self._client.update_item(**self._update(_key(log_file, entry), changes))

    def change_if(self, log_file: str, entry: str, changes: Attributes, premises: Attributes) -> dict[str, Any] | None:
        """Changes an entry if its attributes equal `premises`, and returns None; otherwise returns the entry."""
        try:
            self._client.update_item(
                **self._update(_key(log_file, entry), changes, premises), ReturnValuesOnConditionCheckFailure="ALL_OLD"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            found: Any = error.response.get("Item", {})
            return from_item(found)
        return None

    def _update(self, key: dict[str, Any], changes: Attributes, premises: Attributes | None = None) -> Any:  # noqa: ANN401 (parameters of UpdateItem)
        """The parameters of UpdateItem; None means to remove an attribute, or to require that it is absent."""
        present = {name: value for name, value in changes.items() if value is not None}
        absent = sorted(changes.keys() - present.keys())
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in present) if present else ""
        if absent:
            update += " REMOVE " + ", ".join(f"#{name}" for name in absent)
        names, values = {f"#{name}": name for name in changes}, {f":{name}": value for name, value in present.items()}
        parameters: dict[str, Any] = {"TableName": self._table, "Key": key, "UpdateExpression": update.strip()}
        if premises is not None:
            parameters["ConditionExpression"] = " AND ".join(
                f"attribute_not_exists(#{name})" if value is None else f"#{name} = :old_{name}"
                for name, value in premises.items()
            )
            names |= {f"#{name}": name for name in premises}
            values |= {f":old_{name}": value for name, value in premises.items() if value is not None}
        return parameters | {
            "ExpressionAttributeNames": names,
            **({"ExpressionAttributeValues": to_item(values)} if values else {}),
        }


def _key(log_file: str, entry: str) -> dict[str, Any]:
    return {"logFile": {"S": log_file}, "entry": {"S": entry}}
