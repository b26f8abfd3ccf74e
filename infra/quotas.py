"""AWS's quotas that a template can exceed although each of its settings is valid."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk.aws_iam import Role
from aws_cdk.aws_s3 import BucketPolicy

from aitrail.permissions import OPERATOR, arns_of, grants_of_group, policy_of, through
from infra.settings import InvalidSettingsError, Settings
from infra.values import OF_STACK

# Quotas of Amazon S3 ("Bucket policies"), AWS Lambda ("Function configuration") and IAM ("Role trust policy length",
# "Managed policy").
POLICY_BYTES = 20 * 1024
ENVIRONMENT_BYTES = 4 * 1024
TRUST_BYTES = 2048
PATTERN_BYTES = 2048
MANAGED_POLICY_CHARACTERS = 6144
# What a pattern of events has besides the keys: account, source, kinds of events, the longest name of a bucket.
_OTHER_PATTERN_BYTES = 260
# The longest values that take the place of CloudFormation's functions: ARNs of buckets, URLs of queues, parts of ARNs.
_LONGEST = {"Ref": 128, "Fn::GetAtt": 128}
_ARN = f"arn:{'x' * 10}:"
_KEY = f"{_ARN}kms:{'x' * 15}:{'x' * 12}:key/{'x' * 36}"
_PSEUDO = {"AWS::Partition": 10, "AWS::Region": 16, "AWS::AccountId": 12}


def check(  # noqa: PLR0913 - what has quotas
    stack: Stack,
    settings: Settings,
    *,
    policy: BucketPolicy | None,
    environment: Mapping[str, str],
    reader_role: Role | None,
    event_keys: Sequence[Mapping[str, str]],
) -> None:
    """Raises InvalidSettingsError if a policy, or the function's environment, is too large for AWS."""
    problems = []
    if policy is not None and (size := largest_size(stack.resolve(policy.document))) > POLICY_BYTES:
        trails, prefixes = len(settings.trail_arns), len(settings.key_prefixes)
        problems.append(
            f"The log bucket's policy would have up to {size:,} bytes, but S3 accepts {POLICY_BYTES:,}: "
            f"aitrail:trailArns has {trails} trails, aitrail:keyPrefixes {prefixes} prefixes. Name fewer, or use one "
            "trail of the organization instead of a trail of each account."
        )
    if (size := largest_size(stack.resolve(dict(environment)))) > ENVIRONMENT_BYTES:
        problems.append(
            f"The function's environment would have up to {size:,} bytes, but Lambda accepts {ENVIRONMENT_BYTES:,}: "
            f"aitrail:keyPrefixes has {len(settings.key_prefixes)} prefixes, aitrail:accounts "
            f"{len(settings.accounts)} accounts. Name fewer; an organization stands for all of its accounts."
        )
    if reader_role and (size := largest_size(stack.resolve(reader_role.assume_role_policy))) > TRUST_BYTES:
        problems.append(
            f"The trust policy of the role for readers would have up to {size:,} bytes, but IAM accepts "
            f"{TRUST_BYTES:,}: aitrail:readerAccounts has {len(settings.reader_accounts)} accounts. Name fewer; an "
            "organization stands for all of its accounts."
        )
    if (size := _OTHER_PATTERN_BYTES + largest_size(list(event_keys))) > PATTERN_BYTES:
        problems.append(
            f"The pattern of events would have up to {size:,} bytes, but EventBridge accepts {PATTERN_BYTES:,}: "
            f"aitrail:keyPrefixes has {len(settings.key_prefixes)} prefixes. Name fewer, or have log files announced "
            "in another way (aitrail:announcedBy)."
        )
    if (size := longest_policy(settings)) > MANAGED_POLICY_CHARACTERS:
        problems.append(
            f"The policy of operators would have up to {size:,} characters, but IAM accepts "
            f"{MANAGED_POLICY_CHARACTERS:,}: aitrail:logKeyArns has {len(settings.log_key_arns)} keys. Name fewer."
        )
    if problems:
        raise InvalidSettingsError("\n".join(problems))


def longest_policy(settings: Settings) -> int:
    """The largest number of characters of a policy of people, that of operators, without white space."""
    generated = f"{settings.stack_name}-{{}}-{'x' * 13}"
    of_keys = {name: [_KEY] if key == OF_STACK else [key] if key else [] for name, key in settings.keys.items()}
    names = {
        "Partition": ["x" * 10],
        "Region": ["x" * 15],
        "Account": ["x" * 12],
        "URLSuffix": ["x" * 16],
        "StackName": [settings.stack_name],
        "EventsTableName": [settings.events_table or generated.format("EventsTable24E865E5")],
        "FilesTableName": [settings.files_table or generated.format("FilesTable24E865E5")],
        "LogBucketName": [settings.log_bucket or "x" * 63],
        **{f"{name}QueueName": [f"{name:x<80}"] for name in ("Deliveries", "Backfill", "DeadLetter")},
        "RedactionKeyArn": [f"{_ARN}secretsmanager:{'x' * 90}"] if settings.redact else [],
        "LogKeyArns": settings.log_key_arns,
        "TablesKmsKeyArn": of_keys["tables_kms_key"],
        "BucketKmsKeyArn": of_keys["bucket_kms_key"],
        "QueuesKmsKeyArn": of_keys["queues_kms_key"],
    }
    allowed: dict[str, dict[str, Sequence[str]]] = {}
    for part, actions in grants_of_group(OPERATOR).items():
        allowed.setdefault(through(part, names), {}).update(dict.fromkeys(arns_of(part, names), actions))
    return len(json.dumps(policy_of(allowed), separators=(",", ":")))


def largest_size(value: Any) -> int:  # noqa: ANN401 (a part of a template)
    """The largest number of bytes of JSON that a part of a template can become."""
    return len(json.dumps(_longest(value), separators=(",", ":"), ensure_ascii=False).encode())


def _longest(value: Any) -> Any:  # noqa: ANN401 (as above)
    match value:
        case {"Ref": str(name), **others} if not others:
            return "x" * _PSEUDO.get(name, _LONGEST["Ref"])
        case {"Fn::GetAtt": _, **others} if not others:
            return "x" * _LONGEST["Fn::GetAtt"]
        case {"Fn::Join": [str(separator), list(parts)], **others} if not others:
            return separator.join(str(_longest(part)) for part in parts)
        case dict():
            return {name: _longest(each) for name, each in value.items()}
        case list():
            return [_longest(each) for each in value]
        case _:
            return value
