"""The encryption and versions of an existing bucket. Pure: answers are as S3 and KMS return them."""

from collections.abc import Iterator, Mapping
from typing import Any

from aitrail.preflight.finding import Finding, advice, conflict
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
        yield conflict(
            "key-not-named",
            f"The bucket {plan.bucket} encrypts with {key_arn}, with which the function may not decrypt.",
            f'Deploy with CONTEXT="-c aitrail:logKeyArns={",".join([*plan.key_arns, key_arn])}".',
        )


def findings_of_key_policy(plan: Plan, key_arn: str, policy: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether policies of IAM apply to a key of the account: without that, it has to name the function's role."""
    root = f":iam::{plan.account}:root"
    for statement in policy.get("Statement", []):
        principal = statement.get("Principal", {})
        accounts = principal.get("AWS", []) if isinstance(principal, Mapping) else [principal]
        named = [accounts] if isinstance(accounts, str) else accounts
        actions = statement.get("Action", [])
        allowed = {actions} if isinstance(actions, str) else set(actions)
        is_for_account = any(each in (plan.account, "*") or each.endswith(root) for each in named)
        if statement.get("Effect") == "Allow" and is_for_account and allowed & {"kms:*", "*", "kms:Decrypt"}:
            return
    yield advice(
        "key-policy",
        f"The policy of {key_arn} does not let policies of IAM apply, so the function may not decrypt.",
        "Add the statement that `aitrail source key-policy` prints, once the stack is deployed.",
    )


def findings_of_versioning(plan: Plan, versioning: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether the bucket keeps versions. `versioning` is GetBucketVersioning's answer."""
    if versioning.get("Status") != "Enabled":
        yield advice(
            "not-versioned",
            f"The bucket {plan.bucket} keeps no versions: a log file that somebody overwrites is lost.",
            f"Run `aws s3api put-bucket-versioning --bucket {plan.bucket} --versioning-configuration Status=Enabled`.",
        )
