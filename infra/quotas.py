"""AWS's quotas that a template can exceed although each of its settings is valid."""

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk.aws_iam import Role
from aws_cdk.aws_s3 import BucketPolicy

from infra.settings import InvalidSettingsError, Settings

# Quotas of Amazon S3 ("Bucket policies"), AWS Lambda ("Function configuration") and IAM ("Role trust policy length").
POLICY_BYTES = 20 * 1024
ENVIRONMENT_BYTES = 4 * 1024
TRUST_BYTES = 2048
# The longest values that take the place of CloudFormation's functions: ARNs of buckets, URLs of queues, parts of ARNs.
_LONGEST = {"Ref": 128, "Fn::GetAtt": 128}
_PSEUDO = {"AWS::Partition": 10, "AWS::Region": 16, "AWS::AccountId": 12}


def check(
    stack: Stack,
    settings: Settings,
    *,
    policy: BucketPolicy | None,
    environment: Mapping[str, str],
    reader_role: Role | None,
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
    if problems:
        raise InvalidSettingsError("\n".join(problems))


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
