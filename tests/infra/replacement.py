"""What CloudFormation would replace or delete in an update, by its registry schemas, which cfn-lint has.

`python -m tests.infra.replacement` adds to deployed.json what the template has and the file lacks. The file has what
stacks that are deployed have: nothing in it may change.
"""

import json
import tempfile
from functools import cache
from pathlib import Path

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.shared.template_checks import synthesize

DEPLOYED = Path(__file__).parent / "deployed.json"
# Each setting that adds a resource that holds something.
_WITH_ALL = {"aitrail:redact": True}

# Types whose resources hold something that a replacement would lose, or that a replacement would make fail.
HELD = {
    "AWS::DynamoDB::GlobalTable": "rows and the ledger",
    "AWS::S3::Bucket": "log files",
    "AWS::SQS::Queue": "messages that announce log files",
    "AWS::SecretsManager::Secret": "the key of all hashes",
    "AWS::KMS::Key": "the key of what is encrypted with it",
    "AWS::Logs::LogGroup": "the function's log",
    "AWS::SNS::Topic": "subscriptions",
    "AWS::CloudTrail::Trail": "a name that is given, which two trails cannot have at the same time",
    "AWS::Lambda::EventSourceMapping": "its queue and function, for which Lambda refuses a second one",
    "Custom::S3BucketNotifications": "the bucket's notifications: CloudFormation deletes the old resource after it has "
    "made the new one, and its handler then takes all notifications away",
}
# Properties that no schema calls fixed, although an update of them would do as much harm.
_ALSO_FIXED = {
    # CloudFormation refuses another handler, and this one does not look back at the bucket that it configured before.
    "Custom::S3BucketNotifications": ("/properties/ServiceToken", "/properties/BucketName"),
    # A change generates another value.
    "AWS::SecretsManager::Secret": ("/properties/GenerateSecretString",),
}


@cache
def create_only(kind, *, conditional=False):
    """The properties that cannot change without a replacement, as paths: always, or only under conditions."""
    if kind.startswith("Custom::"):
        return ()  # they have no schema
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return tuple(schema.get("conditionalCreateOnlyProperties" if conditional else "createOnlyProperties", ()))


def fixed(resources):
    """What an update must not change, by the logical id of each resource, and of each index of a table."""
    found = {}
    for name, resource in resources.items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        paths = (*create_only(kind), *create_only(kind, conditional=True), *_ALSO_FIXED.get(kind, ()))
        found[name] = {"Type": kind} | given(properties, paths)
        types = {each["AttributeName"]: each["AttributeType"] for each in properties.get("AttributeDefinitions", ())}
        for index in properties.get("GlobalSecondaryIndexes", ()):
            found[f"{name}/{index['IndexName']}"] = {
                "Type": kind,
                "KeySchema": index["KeySchema"],
                "Projection": index["Projection"],
                "AttributeTypes": {key["AttributeName"]: types[key["AttributeName"]] for key in index["KeySchema"]},
            }
    return found


def given(properties, paths):
    """The values that properties have at some of these paths."""
    found = {path: _at(properties, path.split("/")[2:]) for path in paths}
    return {path: value for path, value in found.items() if value is not None}


def held(resources):
    """What is fixed of the resources of the types in HELD."""
    return {name: each for name, each in fixed(resources).items() if each["Type"] in HELD}


def _at(value, path):
    """The value at a path; of a path through a list (`*`), the values in all of its elements."""
    if not path or value is None:
        return value
    if path[0] == "*":
        found = [_at(each, path[1:]) for each in value]
        return found if any(each is not None for each in found) else None
    return _at(value.get(path[0]), path[1:])


def main():
    """Adds to deployed.json what is new in the template."""
    with tempfile.TemporaryDirectory() as folder:
        resources = json.loads(synthesize(_WITH_ALL, Path(folder)))["Resources"]
    deployed = json.loads(DEPLOYED.read_text()) if DEPLOYED.exists() else {}
    DEPLOYED.write_text(json.dumps(held(resources) | deployed, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
