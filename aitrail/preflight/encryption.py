"""The encryption and versions of an existing bucket. Pure: answers are as S3 and KMS return them."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from aitrail.preflight.finding import Finding, advice, context
from aitrail.preflight.plan import Plan


def key_of(configuration: Mapping[str, Any]) -> str | None:
    """The KMS key with which the bucket encrypts new objects by default; None for S3's own keys.

    `configuration` is GetBucketEncryption's answer.
    """
    rules = configuration.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    defaults = (rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules)
    return next((each["KMSMasterKeyID"] for each in defaults if each.get("KMSMasterKeyID")), None)


def findings_of_key(plan: Plan, key_arn: str) -> Iterator[Finding]:
    """What the bucket's key means for the plan."""
    if key_arn not in plan.key_arns:
        yield advice(
            "key-of-bucket",
            f"The bucket {plan.bucket} encrypts new objects with {key_arn} unless they say otherwise, and the function "
            "may not decrypt with it. CloudTrail says otherwise, unless the trail names a key.",
            f"If log files are encrypted with it, deploy with {context(logKeyArns=[*plan.key_arns, key_arn])}.",
        )


def findings_of_key_policy(plan: Plan, key_arn: str, policy: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether a key of the account enables IAM policies, or names the function's role. Conditions are not evaluated."""
    root = f":iam::{plan.account}:root"
    for statement in policy.get("Statement", []):
        principal = statement.get("Principal", {})
        accounts = principal.get("AWS", []) if isinstance(principal, Mapping) else [principal]
        named = [accounts] if isinstance(accounts, str) else accounts
        actions = statement.get("Action", [])
        allowed = {actions} if isinstance(actions, str) else set(actions)
        is_named = any(each in (plan.account, plan.role_arn, "*") or each.endswith(root) for each in named)
        if (
            statement.get("Effect") == "Allow"
            and is_named
            and any(fnmatchcase("kms:Decrypt", each) for each in allowed)
        ):
            return
    yield advice(
        "key-policy",
        f"The policy of {key_arn} neither enables IAM policies nor names the function's role: it may not decrypt.",
        "Add the statement that `aitrail source key-policy` prints, once the stack is deployed.",
    )


def findings_of_versioning(plan: Plan, versioning: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether the bucket keeps versions. `versioning` is GetBucketVersioning's answer."""
    if versioning.get("Status") != "Enabled":
        yield advice(
            "not-versioned",
            f"Versioning is not enabled on the bucket {plan.bucket}: a log file that somebody overwrites is lost.",
            "Turn it on, as the owner of the bucket.",
            f"aws s3api put-bucket-versioning --bucket {plan.bucket} --versioning-configuration Status=Enabled",
        )
