"""Every setting of the deployment, read once from the CDK context: `cdk deploy -c aitrail:<name>=<value>`.

All keys start with `aitrail:`, so that a misspelled key is an error and does not silently select the default.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from itertools import permutations
from typing import TYPE_CHECKING, Any, Self

from aitrail.aws import announcements
from aitrail.errors import AitrailError
from infra import contradictions, values
from infra.values import Value

if TYPE_CHECKING:
    from constructs import Node

PREFIX = "aitrail:"
# The Regions in which Lambda cannot send traces to X-Ray (Getting Started with AWS services in China).
_WITHOUT_TRACING = "cn-"
# The CDK makes one of each event.
NOTIFICATIONS_OF_A_PREFIX = len(announcements.NOTIFIED)
# What can be had only in another stack, by the settings that are chosen at the first deployment. The ledger names every
# log file with its bucket, and so do rows; a table that the stack has made would remain without it.
AT_FIRST_ONLY = {
    f"{PREFIX}logBucket": "another bucket",
    f"{PREFIX}eventsTable": "another table",
    f"{PREFIX}filesTable": "another table",
}
# The settings of a bucket that the stack owns.
OF_OWN_BUCKET = (
    "trail_arns",
    "object_lock_days",
    "break_glass_role_arn",
    "replication_role_arn",
    "log_storage_class",
    "log_storage_days",
    "bucket_kms_key",
)
# The settings of the keys of single parts, instead of aitrail:kmsKey.
OF_KEYS = ("bucket_kms_key", "queues_kms_key", "tables_kms_key", "log_group_kms_key")


class InvalidSettingsError(AitrailError):
    """The context contains unknown settings or invalid values; the message lists all of them."""


def _setting(value: Value[Any], meaning: str, *, default: object) -> Any:  # noqa: ANN401 - as dataclasses.field does
    return field(default=default, metadata={"value": value, "meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a deployment. The key of a field is `aitrail:` and the field's name in camel case."""

    stack_name: str = _setting(
        values.STACK_NAME, "Name of the CloudFormation stack; the trail is called <name>-trail.", default="aitrail"
    )
    trail: bool | None = _setting(
        values.BOOLEAN_OR_NONE,
        "Create a multi-Region trail of management events that delivers to the log bucket. By default, if the bucket "
        "is the stack's own. Without it, only the trails of aitrail:trailArns, or of aitrail:logBucket, deliver.",
        default=None,
    )
    keep_trail: bool = _setting(
        values.BOOLEAN,
        "Keep the stack's trail, which goes on recording, when the stack is deleted. If false, it is deleted with the "
        "stack.",
        default=False,
    )
    data_events: str | None = _setting(
        values.DATA_EVENTS,
        "Data events that the stack's trail records beside management events: lex, conversations with Lex bots. "
        "CloudTrail charges for each of them.",
        default=None,
    )
    network_activity_events: tuple[str, ...] = _setting(
        values.NETWORK_ACTIVITY_EVENTS,
        "Services of whose calls through VPC endpoints the stack's trail records network activity events: transcribe, "
        "personalize. CloudTrail charges for each of them.",
        default=(),
    )
    trail_arns: tuple[str, ...] = _setting(
        values.TRAIL_ARNS,
        "Trails of this or other accounts, or of the organization, that may deliver to the log bucket, with a key "
        "prefix only if aitrail:keyPrefixes names it. A trail delivers to only one bucket: if you point it at the log "
        "bucket, it no longer delivers to its previous one.",
        default=(),
    )
    log_bucket: str | None = _setting(
        values.BUCKET_OR_NONE,
        "Existing bucket, in the stack's Region, to which trails deliver already, instead of a bucket of the stack. "
        "All that the stack changes in it are its own notifications, if the bucket is of the stack's account and "
        "announces by s3. Chosen at the first deployment.",
        default=None,
    )
    log_bucket_account: str | None = _setting(
        values.ACCOUNT_OR_NONE,
        "Account of aitrail:logBucket, if it is not the stack's; `aitrail source` prints what it has to allow.",
        default=None,
    )
    announced_by: str = _setting(
        values.ANNOUNCED_BY,
        "How log files of aitrail:logBucket are announced: s3 (event notifications of the bucket), eventbridge, or the "
        "ARN of an SNS topic that S3, or CloudTrail itself, sends to.",
        default="s3",
    )
    events_table: str | None = _setting(
        values.TABLE_OR_NONE,
        "Existing table of rows, of the stack's account and Region, such as a restored one, instead of a table of the "
        "stack, which then neither changes nor deletes it. Chosen at the first deployment.",
        default=None,
    )
    files_table: str | None = _setting(
        values.TABLE_OR_NONE,
        "Existing ledger, as aitrail:eventsTable. Chosen at the first deployment.",
        default=None,
    )
    events_table_class: str | None = _setting(
        values.TABLE_CLASS_OR_NONE,
        "Table class of the events table: STANDARD_INFREQUENT_ACCESS stores for less, and charges more for writes and "
        "reads. Without it, a new table is STANDARD, and a deployed one keeps its class.",
        default=None,
    )
    files_table_class: str | None = _setting(
        values.TABLE_CLASS_OR_NONE, "Table class of the files table, as aitrail:eventsTableClass.", default=None
    )
    row_retention_days: int | None = _setting(
        values.DAYS_OR_NONE, "Days after its eventTime at which a row of the events table expires.", default=None
    )
    ledger_retention_days: int | None = _setting(
        values.DAYS_OR_NONE, "Days after which an entry of the files table, the ledger, expires.", default=None
    )
    log_retention_days: int | None = _setting(
        values.DAYS_OR_NONE,
        "Days after which a log file in the log bucket is deleted; its version is kept for 30 more days.",
        default=None,
    )
    log_storage_class: str | None = _setting(
        values.STORAGE_CLASS_OR_NONE,
        "S3 storage class to which log files of 128 KB or more move: STANDARD_IA or GLACIER_IR; GLACIER or "
        "DEEP_ARCHIVE, from which they have to be restored before anybody can read them again.",
        default=None,
    )
    log_storage_days: int = _setting(
        values.whole_number(1, 36499),
        "Days after which log files move to aitrail:logStorageClass; less than aitrail:logRetentionDays, and at least "
        "30 for STANDARD_IA.",
        default=90,
    )
    object_lock_days: int | None = _setting(
        values.DAYS_OR_NONE,
        "Days for which S3 Object Lock (governance mode) protects each new version of an object in the log bucket from "
        "deletion; at most aitrail:logRetentionDays. Once a bucket has Object Lock, it cannot be turned off, only the "
        "number of days can be changed. It needs versioning, which the bucket has.",
        default=None,
    )
    break_glass_role_arn: str | None = _setting(
        values.ROLE_ARN_OR_NONE,
        "IAM role of the stack's account that may delete objects of the log bucket, put objects below AWSLogs/ (as "
        "copied log files), and bypass Object Lock, if its own policies allow it. Otherwise, nobody but CloudTrail may "
        "put objects there, and nobody may delete any.",
        default=None,
    )
    original_bucket: str | None = _setting(
        values.BUCKET_OR_NONE,
        "Bucket that CloudTrail delivers to, if the log bucket holds a replicated copy of it: digests that name this "
        "bucket then prove the copy.",
        default=None,
    )
    replication_role_arn: str | None = _setting(
        values.ROLE_ARN_OR_NONE,
        "IAM role, of any account, with which S3 replicates log files and digests into the log bucket. It must exist. "
        "Otherwise, nobody may replicate objects below AWSLogs/ but the role in aitrail:breakGlassRoleArn.",
        default=None,
    )
    deletion_protection: bool = _setting(
        values.BOOLEAN,
        "Protect both tables from deletion, and keep them when the stack is deleted. If false, they are deleted with "
        "the stack. The log bucket is always kept, because it holds audit logs.",
        default=True,
    )
    termination_protection: bool = _setting(
        values.BOOLEAN,
        "Protect the stack from deletion: `make destroy` refuses until the protection is turned off.",
        default=False,
    )
    redact: bool = _setting(
        values.BOOLEAN,
        "Replace credentials and personal data in requestParameters and responseElements, which the service files "
        "name, by keyed hashes before rows and rejects are written.",
        default=False,
    )
    maximum_concurrency: int = _setting(
        values.whole_number(2, 1000),
        "Maximum number of concurrent executions of the function for live deliveries.",
        default=10,
    )
    backfill_concurrency: int = _setting(
        values.whole_number(2, 1000),
        "Maximum number of concurrent executions of the function for re-announced deliveries (backfills, retries).",
        default=5,
    )
    key_prefixes: tuple[str, ...] = _setting(
        values.KEY_PREFIXES,
        "Key prefixes before AWSLogs/ that the trails of aitrail:trailArns, or copied log files, have in the log "
        "bucket. Keys without a prefix are always read; keys with other prefixes are refused.",
        default=(),
    )
    accounts: tuple[str, ...] = _setting(
        values.ACCOUNTS,
        "Accounts, and organizations with all of their accounts, whose deliveries are read; those of others are "
        "refused. Without it, deliveries of all accounts are read.",
        default=(),
    )
    reader_accounts: tuple[str, ...] = _setting(
        values.ACCOUNTS,
        "Other accounts, and organizations with all of their accounts, whose users may assume a role that may query "
        "the rows, if their own accounts let them.",
        default=(),
    )
    tags: tuple[str, ...] = _setting(
        values.TAGS, "Tags of the stack and of all of its resources that can have tags, as KEY=VALUE.", default=()
    )
    memory_megabytes: int = _setting(
        values.whole_number(512, 10240), "Memory of the function in MB; its CPU grows with the memory.", default=1024
    )
    log_level: str = _setting(values.LOG_LEVEL, "Log level of the function.", default="INFO")
    function_log_retention_days: int = _setting(
        values.CLOUDWATCH_DAYS, "Days after which CloudWatch deletes the function's own logs.", default=90
    )
    log_key_arns: tuple[str, ...] = _setting(
        values.KEY_ARNS, "KMS keys of encrypted log files: the function may decrypt with them.", default=()
    )
    kms_key: str | None = _setting(
        values.KEY_OR_NONE,
        "Customer-managed KMS key that encrypts the log bucket of the stack, the log files of its trail, the queues, "
        "the tables and the function's log: stack for a key that the stack creates, or the ARN of a key. By default, "
        "AWS's own keys encrypt.",
        default=None,
    )
    bucket_kms_key: str | None = _setting(
        values.KEY_OR_NONE,
        "Key of the log bucket and of the log files of the stack's trail, instead of aitrail:kmsKey.",
        default=None,
    )
    queues_kms_key: str | None = _setting(
        values.KEY_OR_NONE, "Key of the three queues, instead of aitrail:kmsKey.", default=None
    )
    tables_kms_key: str | None = _setting(
        values.KEY_OR_NONE, "Key of both tables, instead of aitrail:kmsKey.", default=None
    )
    log_group_kms_key: str | None = _setting(
        values.KEY_OR_NONE, "Key of the function's log, instead of aitrail:kmsKey.", default=None
    )
    public_keys: str | None = _setting(
        values.KEYS_FILE_OR_NONE,
        "File of CloudTrail's public keys for Regions that do not return them to the function; it becomes a part of "
        "the function's code.",
        default=None,
    )
    service_files: str | None = _setting(
        values.FOLDER_OR_NONE,
        "Folder of your own service files (docs/services.md), which become a part of the function's code: they add "
        "services, and replace those of aitrail that have the same name.",
        default=None,
    )
    alarm_topic_arn: str | None = _setting(
        values.TOPIC_ARN_OR_NONE, "SNS topic, in the stack's Region, that receives the alarms.", default=None
    )
    alarm_email: str | None = _setting(
        values.EMAIL_OR_NONE,
        "E-mail address, such as that of a mailing list, that receives the alarms through a topic of the stack. SNS "
        "sends it a message with a link, which has to be confirmed.",
        default=None,
    )
    alarms: bool = _setting(values.BOOLEAN, "Create the alarms.", default=True)
    silent_hours: int | None = _setting(
        values.or_none(values.whole_number(3, 8760)),
        "Hours without a digest, which CloudTrail writes every hour even for idle accounts, after which an account is "
        "called silent and raises an alarm.",
        default=24,
    )
    dashboard: bool = _setting(
        values.BOOLEAN,
        "Create a dashboard in CloudWatch, and publish the metrics that only it shows. CloudWatch charges for them.",
        default=False,
    )
    architecture: str = _setting(
        values.ARCHITECTURE,
        "Architecture of the function; x86_64 for Regions in which AWS Lambda has no arm64.",
        default="arm64",
    )
    tracing: bool | None = _setting(
        values.BOOLEAN_OR_NONE,
        "Trace runs of the function with X-Ray. By default, everywhere but in the China Regions, where it cannot be.",
        default=None,
    )
    platform: str = _setting(
        values.PLATFORM,
        "Platform that the function's packages are built for: AWS Lambda, or host to match this machine, for a local "
        "AWS only.",
        default="lambda",
    )

    def is_traced(self, region: str | None) -> bool:
        """Whether X-Ray traces the function, in a Region, or None for any."""
        return not (region or "").startswith(_WITHOUT_TRACING) if self.tracing is None else self.tracing

    @property
    def has_trail(self) -> bool:
        """Whether the stack has a trail."""
        return self.log_bucket is None if self.trail is None else self.trail

    @property
    def keys(self) -> dict[str, str | None]:
        """The customer-managed key of each part in OF_KEYS, and of the topic for e-mails if there is one.

        It is `stack`, the ARN of a key, or None for AWS's own.
        """
        keys = {name: getattr(self, name) or self.kms_key for name in OF_KEYS}
        of_topic = {"topic_kms_key": self.kms_key} if self.alarm_email else {}
        return keys | of_topic | ({"bucket_kms_key": None} if self.log_bucket else {})

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The prefixes that may precede AWSLogs/ in keys, "" first."""
        return ("", *self.key_prefixes)

    def contradictions(self) -> Iterator[str]:
        """What AWS would refuse although each setting is valid."""
        if (self.object_lock_days or 0) > (self.log_retention_days or math.inf):
            yield (
                f"{PREFIX}objectLockDays must be at most {PREFIX}logRetentionDays, {self.log_retention_days}: S3 keeps "
                "what is locked."
            )
        yield from self._contradictions_of_the_bucket()
        if self.replication_role_arn is not None and self.replication_role_arn == self.break_glass_role_arn:
            yield f"{PREFIX}replicationRoleArn must not be {PREFIX}breakGlassRoleArn: it may only replicate objects."
        yield from contradictions.of_the_trail(self)
        yield from contradictions.of_the_tables(self)
        yield from contradictions.of_log_storage(self)
        yield from contradictions.of_the_tags(self)
        yield from contradictions.of_the_alarms(self)
        lists = ("trail_arns", "log_key_arns", "accounts", "reader_accounts", "key_prefixes", "network_activity_events")
        for name in lists:
            values_ = getattr(self, name)
            for value in sorted({each for each in values_ if values_.count(each) > 1}):
                yield f"{_key(name)} has {value!r} more than once."
        folders = {prefix: announcements.folder(prefix) for prefix in self.prefixes}
        for (one, inside), (other, outside) in permutations(folders.items(), 2):
            if inside.startswith(outside):
                yield (
                    f"{PREFIX}keyPrefixes: {inside} is inside {outside} (the prefix {one!r} inside {other!r}). S3 "
                    "refuses notifications for prefixes that overlap."
                )
        of_a_prefix = NOTIFICATIONS_OF_A_PREFIX if self.log_bucket is None else int(self.announced_by == "s3")
        if (number := of_a_prefix * len(folders)) > (most := announcements.MOST_NOTIFICATIONS):
            yield (
                f"{PREFIX}keyPrefixes has {len(self.key_prefixes)} prefixes: with the keys without a prefix, the log "
                f"bucket would have {number} notifications, but S3 accepts {most}."
            )

    def _contradictions_of_the_bucket(self) -> Iterator[str]:
        name = f"{PREFIX}logBucket"
        if self.log_bucket is None:
            for each in self._differing("log_bucket_account", "announced_by"):
                yield f"{each} is about an existing bucket: give {name} as well."
            return
        for each in self._differing(*OF_OWN_BUCKET):
            yield f"{each} is about a bucket of the stack; policy and encryption of {name} are its owner's."
        if self.original_bucket == self.log_bucket:
            yield f"{PREFIX}originalBucket must not be {name}: a copy is another bucket."
        if self.trail and self.log_bucket_account:
            yield f"{PREFIX}trail must be false if {name} is of another account, whose trails deliver to it."

    def _differing(self, *attributes: str) -> Iterator[str]:
        """The keys of those settings that do not have their defaults."""
        for each in attributes:
            if getattr(self, each) != BY_ATTRIBUTE[each].default:
                yield _key(each)

    def settings_of_other_regions(self, region: str) -> Iterator[str]:
        """The settings that name something of another Region, which AWS would refuse in a stack in `region`."""
        single = ("alarm_topic_arn", "kms_key", *OF_KEYS)
        named = {name: [getattr(self, name)] for name in single} | {"log_key_arns": self.log_key_arns}
        for name, arns in named.items():
            for arn in arns:
                if arn not in (None, values.OF_STACK) and arn.split(":")[3] != region:
                    yield f"{_key(name)}: {arn} is not in {region}, the Region of the stack."

    @classmethod
    def from_context(cls, node: "Node") -> Self:
        """The settings in the context of `node`. Raises InvalidSettingsError."""
        return cls.of(node.get_all_context())

    @classmethod
    def of(cls, context: Mapping[str, object]) -> Self:
        """The settings in `context`, as JSON types or as text. Raises InvalidSettingsError."""
        chosen: dict[str, object] = {}
        problems = list(_unknown_keys(context))
        for setting in SETTINGS:
            if setting.key not in context:
                continue
            try:
                chosen[setting.attribute] = setting.value.parse(context[setting.key])
            except ValueError as error:
                problems.append(f"{setting.key} must be {setting.value.valid}, not {error.args[0]!r}.")
        settings = cls(**chosen)  # type: ignore[arg-type] # each value parses to the type of its field
        problems += settings.contradictions()
        if problems:
            raise InvalidSettingsError("\n".join(problems))
        return settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting for documentation: its context key, meaning, valid values and default."""

    key: str
    attribute: str
    meaning: str
    value: Value[Any]
    default: object


def _key(name: str) -> str:
    """The key of a field: aitrail:rowRetentionDays for row_retention_days."""
    return PREFIX + re.sub(r"_(.)", lambda match: match[1].upper(), name)


SETTINGS = tuple(
    Setting(key=_key(each.name), attribute=each.name, default=each.default, **each.metadata)
    for each in fields(Settings)
)
BY_ATTRIBUTE = {each.attribute: each for each in SETTINGS}


def _unknown_keys(context: Mapping[str, object]) -> Iterator[str]:
    """The problems of the context's keys: unknown keys with the prefix, and known names without it."""
    keys = [setting.key for setting in SETTINGS]
    names = {name.lower(): name for name in (key.removeprefix(PREFIX) for key in keys)}
    for key in context:
        if PREFIX + key in keys:
            yield f"{key} is not read: write {PREFIX}{key}."
        elif key.lower().startswith(PREFIX) and key not in keys:
            nearest = get_close_matches(key.lower().removeprefix(PREFIX), names, n=1)
            meant = f": did you mean {PREFIX}{names[nearest[0]]}?" if nearest else "."
            yield f"There is no setting {key}{meant} All settings: {', '.join(keys)}."
