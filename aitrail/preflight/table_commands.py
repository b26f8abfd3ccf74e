"""Commands of the AWS command line that correct a table."""

import json
import shlex
from dataclasses import dataclass
from typing import Any

from aitrail.dynamodb import tables


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCommands:
    """The commands for the table `name` in `region`, as they are written in a POSIX shell."""

    name: str
    region: str

    def create(self, index: tables.Index) -> str:
        """Creates an index; DynamoDB creates one at a time."""
        definitions = [{"AttributeName": each, "AttributeType": "S"} for each in index.keys]
        schema = [{"AttributeName": each, "KeyType": "HASH"} for each in index.partition_keys]
        schema += [{"AttributeName": each, "KeyType": "RANGE"} for each in index.sort_keys]
        projection: dict[str, Any] = {"ProjectionType": "KEYS_ONLY"}
        if index.projected:
            projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projected)}
        creation = {"IndexName": index.name, "KeySchema": schema, "Projection": projection}
        return self._command(
            "update-table",
            f"--attribute-definitions {_json(definitions)} --global-secondary-index-updates "
            f"{_json([{'Create': creation}])}",
        )

    def delete(self, index: str) -> str:
        """Deletes an index."""
        return self._command(
            "update-table", f"--global-secondary-index-updates {_json([{'Delete': {'IndexName': index}}])}"
        )

    def show_indexes(self) -> str:
        """Shows the status of each index."""
        return self._command("describe-table", "--query 'Table.GlobalSecondaryIndexes[].[IndexName,IndexStatus]'")

    def wait(self) -> str:
        """Waits until the table is ACTIVE."""
        return self._command("wait table-exists")

    def protect(self) -> str:
        """Protects the table from deletion."""
        return self._command("update-table", "--deletion-protection-enabled")

    def pay_per_request(self) -> str:
        """Lets the table take every load."""
        return self._command("update-table", "--billing-mode PAY_PER_REQUEST")

    def use_standard_class(self) -> str:
        """Charges less for writes and reads, and more for storage."""
        return self._command("update-table", "--table-class STANDARD")

    def use_own_key_of_dynamodb(self) -> str:
        """Encrypts the table with a key that DynamoDB owns."""
        return self._command("update-table", "--sse-specification Enabled=false")

    def recover(self) -> str:
        """Turns on point-in-time recovery."""
        return self._command(
            "update-continuous-backups", "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
        )

    def expire(self, attribute: str, *, turn_on: bool = True) -> str:
        """Turns on the expiry of items by an attribute, or turns it off."""
        specification = shlex.quote(f"Enabled={str(turn_on).lower()},AttributeName={attribute}")
        return self._command("update-time-to-live", f"--time-to-live-specification {specification}")

    def _command(self, operation: str, options: str = "") -> str:
        where = f"--table-name {shlex.quote(self.name)} --region {self.region}"
        return f"aws dynamodb {operation} {where} {options}".rstrip()


def _json(value: object) -> str:
    return shlex.quote(json.dumps(value, separators=(",", ":")))
