"""What AWS would refuse, or what would have no effect, although each setting is valid."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.settings import Settings

# S3's minimum before a transition to this storage class.
_DAYS_BEFORE_STANDARD_IA = 30


def of_the_trail(settings: "Settings") -> Iterator[str]:
    """Settings of the stack's trail, in a stack without one."""
    if settings.has_trail:
        return
    for key, is_given in (
        ("keepTrail", settings.keep_trail),
        ("dataEvents", settings.data_events),
        ("networkActivityEvents", settings.network_activity_events),
    ):
        if is_given:
            yield f"aitrail:{key} is about the trail of the stack, but the stack has none (aitrail:trail)."


def of_the_tables(settings: "Settings") -> Iterator[str]:
    """Settings of tables of the stack, for tables that it does not own, and one table for both."""
    for table, of_table in (
        ("eventsTable", settings.events_table and settings.events_table_class),
        ("filesTable", settings.files_table and settings.files_table_class),
    ):
        if of_table:
            yield f"aitrail:{table}Class is about a table of the stack; the stack does not change aitrail:{table}."
    if settings.events_table and settings.events_table == settings.files_table:
        yield f"aitrail:eventsTable and aitrail:filesTable are two tables, but both are {settings.events_table}."


def of_log_storage(settings: "Settings") -> Iterator[str]:
    """Days that S3 refuses for the storage class."""
    if settings.log_storage_class is None:
        return
    days = settings.log_storage_days
    if settings.log_storage_class == "STANDARD_IA" and days < _DAYS_BEFORE_STANDARD_IA:
        yield f"aitrail:logStorageDays must be at least {_DAYS_BEFORE_STANDARD_IA} for STANDARD_IA, not {days}."
    if settings.log_retention_days and days >= settings.log_retention_days:
        yield (
            f"aitrail:logStorageDays must be less than aitrail:logRetentionDays, {settings.log_retention_days}: after "
            "these days, the log files are deleted."
        )


def of_the_alarms(settings: "Settings") -> Iterator[str]:
    """Who is told of alarms, in a stack without any."""
    if settings.alarms:
        return
    for key, is_given in (("alarmTopicArn", settings.alarm_topic_arn), ("alarmEmail", settings.alarm_email)):
        if is_given:
            yield f"aitrail:{key} is about the alarms of the stack, but the stack has none (aitrail:alarms)."


def of_the_tags(settings: "Settings") -> Iterator[str]:
    """Keys that have several values."""
    keys = [each.partition("=")[0] for each in settings.tags]
    for key in sorted({each for each in keys if keys.count(each) > 1}):
        yield f"aitrail:tags has the key {key} more than once."


def without_effect(settings: "Settings") -> Iterator[str]:
    """What is accepted, and changes nothing: a key of all parts, if each has one of its own (a topic has none)."""
    of_bucket = settings.bucket_kms_key or settings.log_bucket  # the bucket of others has none
    of_others = (settings.queues_kms_key, settings.tables_kms_key, settings.log_group_kms_key)
    if settings.kms_key and of_bucket and all(of_others) and not settings.alarm_email:
        yield "aitrail:kmsKey has no effect: each part has a key of its own."
