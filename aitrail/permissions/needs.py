"""The AWS actions that each command needs, by the part of the stack that it needs them on. Pure.

`sts:GetCallerIdentity`, which accept, import-history and all that reads metrics use, is not listed: nobody needs a
permission for it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from aitrail.permissions.parts import Part

Grants = Mapping[Part, tuple[str, ...]]
# Stands for s3://BUCKET/KEY among the options of a command.
IN_S3 = "s3://"
_DESCRIBE_TABLE = ("dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive")
_DECRYPT = "kms:Decrypt"
_GET_ATTRIBUTES = "sqs:GetQueueAttributes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a command needs if all options of `when`, and none of `unless`, are given."""

    grants: Grants
    when: frozenset[str]
    unless: frozenset[str]

    def applies(self, given: Collection[str]) -> bool:
        """Whether it applies to a command with these options."""
        return self.when.issubset(given) and self.unless.isdisjoint(given)


def _rule(*grants: Grants, when: str = "", unless: str = "") -> Rule:
    return Rule(grants=together(grants), when=frozenset(when.split()), unless=frozenset(unless.split()))


def together(several: Iterable[Grants]) -> Grants:
    """All of these, each part once with all its actions, sorted."""
    found: dict[Part, set[str]] = {}
    for grants in several:
        for part, actions in grants.items():
            found.setdefault(part, set()).update(actions)
    return {part: tuple(sorted(found[part])) for part in Part if part in found}


def _query(*parts: Part) -> Grants:
    return dict.fromkeys(parts, ("dynamodb:Query",))


_STACK: Grants = {Part.STACK: ("cloudformation:DescribeStacks",)}
_WHOLE_ROWS: Grants = {Part.EVENTS: ("dynamodb:BatchGetItem",)}
_WHOLE_ENTRIES: Grants = {Part.FILES: ("dynamodb:BatchGetItem",)}
# Without s3:ListBucket, S3 says of an object that is gone that access to it is denied.
_READ_LOG_FILES: Grants = {
    Part.LOG_BUCKET: ("s3:ListBucket",),
    Part.LOG_FILES: ("s3:GetObject",),
    Part.LOG_KEYS: (_DECRYPT,),
}
_QUEUE_FILES: Grants = {Part.BACKFILL: ("sqs:SendMessage",)}
_READ_KEY: Grants = {Part.REDACTION_KEY: ("secretsmanager:GetSecretValue",)}

# For a bill in S3.
_READ_BILL: Grants = {Part.BILL_BUCKET: ("s3:ListBucket",), Part.BILL_FILES: ("s3:GetObject",)}
_READ_METRICS: Grants = {Part.ANYTHING: ("cloudwatch:GetMetricData",)}

_QUESTION = (
    _rule(
        _STACK,
        _query(Part.EVENTS_BY_SERVICE, Part.EVENTS_BY_PRINCIPAL, Part.EVENTS_BY_RESOURCE),
        _WHOLE_ROWS,
        unless="--from",
    ),
    _rule(_READ_LOG_FILES, when=f"--from {IN_S3}"),
)
_WAIT = _rule({Part.BACKFILL: (_GET_ATTRIBUTES,)}, _WHOLE_ENTRIES, when="--wait")
_LOOK_FOR_FILES: Grants = {
    **_query(Part.FILES_BY_DAY),
    **_WHOLE_ENTRIES,
    Part.LOG_BUCKET: ("s3:ListBucket",),
}
_VERIFY = together(
    (
        _query(Part.FILES_BY_DAY, Part.FILES_BY_PROBLEM, Part.EVENTS_BY_SERVICE),
        _WHOLE_ENTRIES,
        _WHOLE_ROWS,
        _READ_LOG_FILES,
        {Part.LOG_FILES: ("s3:GetObjectVersion",), Part.ANYTHING: ("cloudtrail:ListPublicKeys",)},
        _READ_KEY,
    )
)

# Command -> its rules.
NEEDS: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {
        "usage": (*_QUESTION, _rule(_READ_METRICS, when="--metrics"), _rule(_READ_BILL, when="--bill")),
        **dict.fromkeys(("events", "who", "what", "export"), _QUESTION),
        "reconcile": (
            _rule(_STACK, _query(Part.EVENTS_BY_SERVICE), _WHOLE_ROWS, unless="--from"),
            _QUESTION[1],
            _rule(_READ_METRICS),
        ),
        "running": (
            _rule(_STACK, _query(Part.EVENTS_BY_SERVICE, Part.EVENTS_BY_RESOURCE), _WHOLE_ROWS, unless="--from"),
            _QUESTION[1],
            _rule(_READ_METRICS, when="--metrics"),
        ),
        "report": (
            *_QUESTION,
            _rule(_query(Part.FILES_BY_DAY), unless="--from --without-proof"),
            _rule(_READ_METRICS, when="--metrics"),
        ),
        "tail": (_QUESTION[0],),
        "event": (
            _rule(_STACK, _query(Part.EVENTS_BY_SERVICE), {Part.EVENTS: ("dynamodb:GetItem",)}, unless="--from"),
            _rule(_READ_LOG_FILES, _READ_KEY, when="--source", unless="--from"),
            _QUESTION[1],
        ),
        "ask": (),
        "scan": (_rule(_READ_LOG_FILES, when=IN_S3),),
        "backfill": (_rule(_STACK, _LOOK_FOR_FILES), _rule(_QUEUE_FILES, unless="--dry-run"), _WAIT),
        "import-history": (
            _rule(_STACK, {Part.FILES: ("dynamodb:GetItem",)}),
            _rule({Part.ANYTHING: ("ec2:DescribeRegions",)}, unless="--in-region --history-profile"),
            _rule({Part.ANYTHING: ("cloudtrail:LookupEvents",)}, unless="--dry-run --history-profile"),
            _rule(
                {Part.EVENTS: ("dynamodb:PutItem",), Part.FILES: ("dynamodb:BatchWriteItem", "dynamodb:UpdateItem")},
                _READ_KEY,
                unless="--dry-run",
            ),
        ),
        "status": (
            _rule(
                _STACK,
                _query(Part.FILES_BY_DAY, Part.FILES_BY_PROBLEM, Part.EVENTS_BY_IMPORT),
                dict.fromkeys((Part.DELIVERIES, Part.BACKFILL, Part.DEAD_LETTERS), (_GET_ATTRIBUTES,)),
                _READ_METRICS,
            ),
        ),
        "verify": (
            _rule(_STACK, _VERIFY),
            _rule(_QUEUE_FILES, when="--announce"),
            _rule(
                {Part.LOG_BUCKET: ("s3:ListBucketVersions",), Part.FILES: ("dynamodb:GetItem",)},
                when="--repair",
            ),
            _rule(
                {
                    Part.EVENTS: ("dynamodb:BatchWriteItem", "dynamodb:DeleteItem"),
                    Part.FILES: ("dynamodb:BatchWriteItem", "dynamodb:Query", "dynamodb:UpdateItem"),
                },
                when="--repair",
                unless="--dry-run",
            ),
            _rule({Part.EVENTS: ("dynamodb:Scan",)}, when="--deep --repair"),
        ),
        "retry": (
            _rule(
                _STACK,
                _query(Part.FILES_BY_PROBLEM),
                {Part.DEAD_LETTERS: (_GET_ATTRIBUTES, "sqs:ReceiveMessage")},
                unless=IN_S3,
            ),
            # StartMessageMoveTask receives, deletes and sends messages with the caller's permissions.
            _rule(
                {
                    Part.DEAD_LETTERS: ("sqs:DeleteMessage", "sqs:StartMessageMoveTask"),
                    Part.DELIVERIES: ("sqs:SendMessage",),
                },
                unless=f"{IN_S3} --dry-run",
            ),
            _rule(_STACK, {Part.LOG_BUCKET: ("s3:ListBucket",), Part.LOG_FILES: ("s3:GetObject",)}, when=IN_S3),
            _rule(_QUEUE_FILES, unless="--dry-run"),
            _WAIT,
        ),
        "rejects": (
            _rule(_STACK, _query(Part.FILES_BY_PROBLEM), _WHOLE_ENTRIES),
            _rule(_QUEUE_FILES, when="--retry", unless="--dry-run"),
        ),
        "accept": (
            _rule(
                _STACK,
                _query(Part.FILES_BY_PROBLEM),
                {Part.FILES: ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem")},
            ),
        ),
        "services": (),
        "cache": (),
        "preflight": (
            _rule(
                _STACK,
                {
                    Part.LOG_BUCKET: (
                        "s3:GetBucketNotification",
                        "s3:GetBucketVersioning",
                        "s3:GetEncryptionConfiguration",
                        "s3:ListBucket",
                    ),
                    Part.LOG_KEYS: ("kms:DescribeKey", "kms:GetKeyPolicy"),
                    **dict.fromkeys((Part.EVENTS, Part.FILES), _DESCRIBE_TABLE),
                    Part.ANYTHING: ("cloudtrail:DescribeTrails", "lambda:GetAccountSettings"),
                },
            ),
            _rule(
                {
                    Part.IDENTITIES: ("iam:GetRole", "iam:SimulatePrincipalPolicy"),
                    Part.BOOTSTRAPS: ("ssm:GetParameter",),
                },
                when="--deploy-with",
            ),
        ),
        "source": (_rule(_STACK),),
        "cost": (),
        "prices": (),
        "permissions": (_rule(_STACK, unless="--placeholders"),),
        # The names of principals: they are not offered without these permissions.
        "completion": (_rule(_STACK, _query(Part.EVENTS_BY_SERVICE)),),
    }
)


def grants_of(command: str, given: Collection[str] = ()) -> Grants:
    """What a command needs with these options; IN_S3 is one of them for an object or a prefix in S3."""
    return _with_keys(together(rule.grants for rule in NEEDS[command] if rule.applies(given)))


def all_grants_of(command: str) -> Grants:
    """What a command needs with any options."""
    return _with_keys(together(rule.grants for rule in NEEDS[command]))


def _with_keys(grants: Grants) -> Grants:
    """The same, and what it takes if customer-managed keys encrypt tables, log files and queues."""
    actions = {action for some in grants.values() for action in some}
    keys: dict[Part, tuple[str, ...]] = {}
    if any(each.startswith("dynamodb:") and each not in _DESCRIBE_TABLE for each in actions):
        keys[Part.TABLES_KEY] = (_DECRYPT,)
    # Whoever reads log files decrypts them with whatever key they have.
    if _DECRYPT in grants.get(Part.LOG_KEYS, ()):
        keys[Part.BUCKET_KEY] = (_DECRYPT,)
    if "sqs:SendMessage" in actions:
        keys[Part.QUEUES_KEY] = (_DECRYPT, "kms:GenerateDataKey")
    elif "sqs:ReceiveMessage" in actions:
        keys[Part.QUEUES_KEY] = (_DECRYPT,)
    return together((grants, keys))
