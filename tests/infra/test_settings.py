"""Settings are read from the context once, from JSON types and from text alike, and never ignored."""

import re

import botocore.loaders
import pytest

from infra import values
from infra.settings import SETTINGS, InvalidSettingsError, Settings

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:on-call"
TRAIL = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit"
ROLE = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_On-Call_0123456789abcdef"
DAYS = "a whole number from 1 to 36500, or none"


def test_without_context_the_defaults_hold():
    settings = Settings.of({})

    assert settings == Settings(
        stack_name="aitrail",
        trail=None,
        keep_trail=False,
        data_events=None,
        network_activity_events=(),
        events_table=None,
        files_table=None,
        events_table_class=None,
        files_table_class=None,
        log_storage_class=None,
        log_storage_days=90,
        tags=(),
        termination_protection=False,
        trail_arns=(),
        log_bucket=None,
        log_bucket_account=None,
        announced_by="s3",
        row_retention_days=None,
        ledger_retention_days=None,
        log_retention_days=None,
        object_lock_days=None,
        break_glass_role_arn=None,
        original_bucket=None,
        replication_role_arn=None,
        deletion_protection=True,
        maximum_concurrency=10,
        memory_megabytes=1024,
        log_level="INFO",
        function_log_retention_days=90,
        log_key_arns=(),
        kms_key=None,
        bucket_kms_key=None,
        queues_kms_key=None,
        tables_kms_key=None,
        log_group_kms_key=None,
        alarm_topic_arn=None,
        alarm_email=None,
        alarms=True,
        silent_hours=24,
        dashboard=False,
        architecture="arm64",
        tracing=None,
        platform="lambda",
    )


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_a_default_written_out_is_still_the_default(setting):
    settings = Settings.of({setting.key: values.spelled(setting.default)})

    assert settings == Settings()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_every_setting_says_what_it_means_and_takes(setting):
    assert re.fullmatch(r"aitrail:[a-z]+([A-Z][a-z]+)*", setting.key)
    assert re.fullmatch(r"[A-Z].{15,}\.", setting.meaning)
    assert len(setting.value.valid) > 10


@pytest.mark.parametrize(
    ("key", "given", "attribute", "expected"),
    [
        ("trail", False, "trail", False),
        ("trail", "false", "trail", False),
        ("trail", "True", "trail", True),
        ("rowRetentionDays", 30, "row_retention_days", 30),
        ("rowRetentionDays", "30", "row_retention_days", 30),
        ("rowRetentionDays", "none", "row_retention_days", None),
        ("rowRetentionDays", None, "row_retention_days", None),
        ("maximumConcurrency", "2", "maximum_concurrency", 2),
        ("maximumConcurrency", 1000, "maximum_concurrency", 1000),
        ("functionLogRetentionDays", "3653", "function_log_retention_days", 3653),
        ("logLevel", "warning", "log_level", "WARNING"),
        ("platform", "host", "platform", "host"),
        ("platform", "arm64", "platform", "lambda"),
        ("architecture", "X86_64", "architecture", "x86_64"),
        ("tracing", "false", "tracing", False),
        ("tracing", "none", "tracing", None),
        ("stackName", "a-b-1", "stack_name", "a-b-1"),
        ("alarmTopicArn", TOPIC, "alarm_topic_arn", TOPIC),
        ("alarmEmail", "on-call+aitrail@mail.example.com", "alarm_email", "on-call+aitrail@mail.example.com"),
        ("alarmEmail", "none", "alarm_email", None),
        ("alarms", "False", "alarms", False),
        ("silentHours", "3", "silent_hours", 3),
        ("silentHours", "none", "silent_hours", None),
        ("dashboard", True, "dashboard", True),
        ("publicKeys", "keys/regions.json", "public_keys", "keys/regions.json"),
        ("serviceFiles", "../our services", "service_files", "../our services"),
        ("serviceFiles", "None", "service_files", None),
        ("logKeyArns", KEY, "log_key_arns", (KEY,)),
        ("logKeyArns", f"{KEY}, {KEY}1", "log_key_arns", (KEY, f"{KEY}1")),
        ("logKeyArns", f'["{KEY}"]', "log_key_arns", (KEY,)),
        ("logKeyArns", [KEY], "log_key_arns", (KEY,)),
        ("logKeyArns", None, "log_key_arns", ()),
        ("kmsKey", "stack", "kms_key", "stack"),
        ("kmsKey", KEY, "kms_key", KEY),
        ("kmsKey", None, "kms_key", None),
        ("queuesKmsKey", "none", "queues_kms_key", None),
        ("tablesKmsKey", KEY, "tables_kms_key", KEY),
        ("objectLockDays", "30", "object_lock_days", 30),
        ("breakGlassRoleArn", ROLE, "break_glass_role_arn", ROLE),
        ("breakGlassRoleArn", "none", "break_glass_role_arn", None),
        ("originalBucket", "logs.example-1", "original_bucket", "logs.example-1"),
        ("originalBucket", "none", "original_bucket", None),
        ("replicationRoleArn", ROLE, "replication_role_arn", ROLE),
        ("replicationRoleArn", None, "replication_role_arn", None),
        ("accounts", "111122223333", "accounts", ("111122223333",)),
        ("accounts", "111122223333, o-a1b2c3d4e5", "accounts", ("111122223333", "o-a1b2c3d4e5")),
        ("accounts", '["000000000001"]', "accounts", ("000000000001",)),
        ("accounts", "none", "accounts", ()),
        ("eventsTable", "rows-2026.03_14", "events_table", "rows-2026.03_14"),
        ("eventsTableClass", "standard_infrequent_access", "events_table_class", "STANDARD_INFREQUENT_ACCESS"),
        ("logStorageClass", "glacier_ir", "log_storage_class", "GLACIER_IR"),
        ("dataEvents", "LEX", "data_events", "lex"),
        ("dataEvents", "none", "data_events", None),
        ("networkActivityEvents", "Transcribe, personalize", "network_activity_events", ("transcribe", "personalize")),
        ("keepTrail", "true", "keep_trail", True),
        ("tags", "team=audio, path=/a/b=c", "tags", ("team=audio", "path=/a/b=c")),
        ("readerAccounts", "111122223333,o-a1b2c3d4e5", "reader_accounts", ("111122223333", "o-a1b2c3d4e5")),
        ("readerAccounts", "none", "reader_accounts", ()),
        ("trailArns", TRAIL, "trail_arns", (TRAIL,)),
        ("trailArns", f"{TRAIL},{TRAIL}.eu_1", "trail_arns", (TRAIL, f"{TRAIL}.eu_1")),
        ("trailArns", f'["{TRAIL}"]', "trail_arns", (TRAIL,)),
        ("trailArns", [TRAIL.replace("aws", "aws-us-gov")], "trail_arns", (TRAIL.replace("aws", "aws-us-gov"),)),
    ],
)
def test_a_value_is_taken_as_json_and_as_text(key, given, attribute, expected):
    settings = Settings.of({f"aitrail:{key}": given})

    taken = getattr(settings, attribute)
    assert (taken, type(taken)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("key", "given", "takes"),
    [
        ("trail", "yes", "one of true, false, or none"),
        ("trail", 1, "one of true, false, or none"),
        ("deletionProtection", None, "one of true, false"),
        ("logBucket", "Logs", "the name of an S3 bucket, or none"),
        ("logBucketAccount", 111122223333444, "the id of an account (12 digits), or none"),
        ("announcedBy", "sns", "s3, eventbridge, or the ARN of an SNS topic"),
        ("eventsTable", "no", "the name of a DynamoDB table, or none"),
        ("filesTableClass", "IA", "one of STANDARD, STANDARD_INFREQUENT_ACCESS, or none"),
        ("logStorageClass", "ONEZONE_IA", "one of STANDARD_IA, GLACIER_IR, GLACIER, DEEP_ARCHIVE, or none"),
        ("dataEvents", "s3", "one of lex, or none"),
        ("tags", "aws:team=a", "a tag as KEY=VALUE; several as a comma-separated or JSON list; or none"),
        ("rowRetentionDays", 0, DAYS),
        ("rowRetentionDays", "-1", DAYS),
        ("rowRetentionDays", "30d", DAYS),
        ("rowRetentionDays", "", DAYS),
        ("rowRetentionDays", True, DAYS),
        ("ledgerRetentionDays", 30.5, DAYS),
        ("logRetentionDays", 36501, DAYS),
        ("maximumConcurrency", 1, "a whole number from 2 to 1000"),
        ("maximumConcurrency", 1001, "a whole number from 2 to 1000"),
        ("maximumConcurrency", "none", "a whole number from 2 to 1000"),
        ("memoryMegabytes", 511, "a whole number from 512 to 10240"),
        ("logLevel", "verbose", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("platform", "x86_64", "one of lambda, host"),
        ("stackName", "two--hyphens", "up to 100 letters, digits and single hyphens, starting with a letter"),
        ("stackName", "1st", "up to 100 letters, digits and single hyphens, starting with a letter"),
        ("stackName", "a" * 101, "up to 100 letters, digits and single hyphens, starting with a letter"),
        ("serviceFiles", "our\nservices", "the path of a folder of service files, or none"),
        ("serviceFiles", "", "the path of a folder of service files, or none"),
        ("publicKeys", "keys.txt", "the path of a JSON file of public keys, or none"),
        ("alarmTopicArn", "on-call", "the ARN of an SNS topic, or none"),
        ("alarmEmail", "on-call", "an e-mail address, or none"),
        ("alarmEmail", "a@example.com,b@example.com", "an e-mail address, or none"),
        ("alarmEmail", "a@example.com\nBcc: b@example.com", "an e-mail address, or none"),
        ("alarmEmail", "a@localhost", "an e-mail address, or none"),
        ("alarmEmail", f"{'a' * 65}@example.com", "an e-mail address, or none"),
        ("alarmEmail", f"a@{'a.' * 126}com", "an e-mail address, or none"),
        ("silentHours", "2", "a whole number from 3 to 8760, or none"),
        ("kmsKey", "alias/logs", "stack, or the ARN of a KMS key (not of an alias), or none"),
        ("bucketKmsKey", KEY.replace(":key/", ":alias/"), "stack, or the ARN of a KMS key (not of an alias), or none"),
        ("logGroupKmsKey", "true", "stack, or the ARN of a KMS key (not of an alias), or none"),
    ],
)
def test_another_value_is_refused_with_what_is_valid(key, given, takes):
    with pytest.raises(InvalidSettingsError) as refusal:
        Settings.of({f"aitrail:{key}": given})

    assert str(refusal.value) == f"aitrail:{key} must be {takes}, not {given!r}."


@pytest.mark.parametrize(
    "given", ["on-call", ROLE.replace("On-Call", "*"), ROLE.replace(":role/", ":user/"), f"{ROLE}?"]
)
def test_an_arn_that_exempts_something_else_than_one_role_is_refused(given):
    with pytest.raises(InvalidSettingsError, match=r"^aitrail:breakGlassRoleArn must be the ARN of an IAM role"):
        Settings.of({"aitrail:breakGlassRoleArn": given})


@pytest.mark.parametrize("given", ["Logs", "ab", "logs/", "s3://logs", "arn:aws:s3:::logs", "a" * 64, "logs-", 1])
def test_what_is_no_name_of_a_bucket_is_refused(given):
    with pytest.raises(
        InvalidSettingsError, match=r"^aitrail:originalBucket must be the name of an S3 bucket, or none"
    ):
        Settings.of({"aitrail:originalBucket": given})


def test_role_that_may_only_replicate_is_not_the_one_that_may_do_all():
    with pytest.raises(
        InvalidSettingsError, match=r"^aitrail:replicationRoleArn must not be aitrail:breakGlassRoleArn"
    ):
        Settings.of({"aitrail:replicationRoleArn": ROLE, "aitrail:breakGlassRoleArn": ROLE})


def test_objects_are_not_locked_for_longer_than_the_lifecycle_keeps_them():
    assert Settings.of({"aitrail:objectLockDays": 30, "aitrail:logRetentionDays": 30}).object_lock_days == 30

    with pytest.raises(InvalidSettingsError) as refusal:
        Settings.of({"aitrail:objectLockDays": 31, "aitrail:logRetentionDays": 30})

    assert str(refusal.value) == (
        "aitrail:objectLockDays must be at most aitrail:logRetentionDays, 30: S3 keeps what is locked."
    )


@pytest.mark.parametrize(
    "given", ["alias/logs", f"{KEY},", f"[{KEY}]", [KEY, 1], {"key": KEY}, KEY[:-40] + "alias/logs"]
)
def test_a_key_that_iam_would_not_match_is_refused(given):
    with pytest.raises(InvalidSettingsError, match=r"^aitrail:logKeyArns must be the ARN of a KMS key"):
        Settings.of({"aitrail:logKeyArns": given})


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ("11112222333", "11112222333"),
        ("111122223333,444455556666x", "444455556666x"),
        ("111122223333,", ""),
        ("o-a1b2", "o-a1b2"),
        ("o-A1B2C3D4E5", "o-A1B2C3D4E5"),
        ("ou-a1b2-c3d4e5f6", "ou-a1b2-c3d4e5f6"),
        ("*", "*"),
        ([111122223333], 111122223333),
        ("[111122223333", "[111122223333"),
        ("11112222333\N{ARABIC-INDIC DIGIT THREE}", "11112222333\N{ARABIC-INDIC DIGIT THREE}"),
        ({"111122223333": True}, {"111122223333": True}),
    ],
)
def test_what_is_no_account_is_refused_and_named(given, refused):
    with pytest.raises(InvalidSettingsError) as refusal:
        Settings.of({"aitrail:accounts": given})

    assert str(refusal.value) == (
        "aitrail:accounts must be the id of an account (12 digits) or of an organization (o-...); several as a "
        f"comma-separated or JSON list; or none, not {refused!r}."
    )


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        *((arn, arn) for arn in ("audit", TRAIL.replace("audit", "*"), TRAIL.replace("audit", "ab"), KEY)),
        (f"{TRAIL},", ""),
        ([TRAIL, 1], 1),
        *((arn, arn) for arn in (TRAIL.replace("111122223333", "*"), TRAIL.replace(":trail/", ":eventdatastore/"))),
    ],
)
def test_an_arn_of_something_else_than_one_trail_is_refused(given, refused):
    with pytest.raises(InvalidSettingsError) as refusal:
        Settings.of({"aitrail:trailArns": given})

    assert str(refusal.value) == (
        "aitrail:trailArns must be the ARN of a CloudTrail trail; several as a comma-separated or JSON list; or none, "
        f"not {refused!r}."
    )


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("aitrail:trial", "aitrail:trail"),
        ("aitrail:rowRetention", "aitrail:rowRetentionDays"),
        ("aitrail:stackname", "aitrail:stackName"),
        ("Aitrail:platform", "aitrail:platform"),
    ],
)
def test_an_unknown_setting_is_an_error_that_names_the_nearest_and_all(key, nearest):
    with pytest.raises(InvalidSettingsError) as refusal:
        Settings.of({key: "x"})

    assert str(refusal.value).startswith(f"There is no setting {key}: did you mean {nearest}? All settings: ")
    assert all(setting.key in str(refusal.value) for setting in SETTINGS)


@pytest.mark.parametrize("key", ["aitrail:", "aitrail:zzzzqqqq"])
def test_a_setting_that_is_near_to_none_suggests_nothing(key):
    with pytest.raises(InvalidSettingsError) as refusal:
        Settings.of({key: "x"})

    assert str(refusal.value).startswith(f"There is no setting {key}. All settings: ")


@pytest.mark.parametrize("name", ["a..b", "ab", "-logs", "logs.", "Logs", "192.0.2.1", "a" * 64])
def test_what_s3_does_not_accept_as_the_name_of_a_bucket_is_refused(name):
    with pytest.raises(InvalidSettingsError, match="must be the name of an S3 bucket"):
        Settings.of({"aitrail:logBucket": name})


@pytest.mark.parametrize(
    "name", ["abc", "1.2.3", "aws-controltower-logs-111122223333-eu-west-1", "192.0.2.1a", "a" * 63]
)
def test_names_of_buckets_are_accepted(name):
    assert Settings.of({"aitrail:logBucket": name}).log_bucket == name


def test_a_setting_without_its_prefix_is_an_error():
    with pytest.raises(InvalidSettingsError, match=r"^logRetentionDays is not read: write aitrail:logRetentionDays\.$"):
        Settings.of({"logRetentionDays": 30})


def test_other_context_is_left_alone():
    settings = Settings.of({"aws:cdk:bundling-stacks": [], "@aws-cdk/core:x": True, "owner": "team"})

    assert settings == Settings()


TOGETHER = {
    "an account without a bucket": (
        {"logBucketAccount": "444455556666"},
        "aitrail:logBucketAccount is about an existing",
    ),
    "a way without a bucket": ({"announcedBy": "eventbridge"}, "aitrail:announcedBy is about an existing bucket"),
    "the policy of an existing bucket": (
        {"logBucket": "central-logs", "objectLockDays": "30"},
        "aitrail:objectLockDays is about a bucket of the stack",
    ),
    "trails of an existing bucket": (
        {"logBucket": "central-logs", "trailArns": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit"},
        "aitrail:trailArns is about a bucket of the stack",
    ),
    "the encryption of an existing bucket": (
        {"logBucket": "central-logs", "bucketKmsKey": "stack"},
        "bucketKmsKey is about a bucket of the stack; policy and encryption of aitrail:logBucket are its owner's",
    ),
    "a trail into a bucket of others": (
        {"logBucket": "central-logs", "logBucketAccount": "444455556666", "trail": "true"},
        "aitrail:trail must be false",
    ),
    "a kept trail of no stack": ({"trail": "false", "keepTrail": "true"}, "aitrail:keepTrail is about the trail of"),
    "data events of no trail": ({"trail": "false", "dataEvents": "lex"}, "aitrail:dataEvents is about the trail of"),
    "network activity events of no trail": (
        {"logBucket": "central-logs", "networkActivityEvents": "transcribe"},
        "aitrail:networkActivityEvents is about the trail of",
    ),
    "two values of a tag": ({"tags": "team=audio,team=video"}, "aitrail:tags has the key team more than once"),
    "a service twice": ({"networkActivityEvents": "transcribe,transcribe"}, "has 'transcribe' more than once"),
    "one table for rows and ledger": ({"eventsTable": "old", "filesTable": "old"}, "two tables, but both are old"),
    "the class of an adopted table": (
        {"filesTable": "old", "filesTableClass": "STANDARD"},
        "aitrail:filesTableClass is about a table of the stack",
    ),
    "a move after the deletion": (
        {"logStorageClass": "GLACIER_IR", "logStorageDays": "60", "logRetentionDays": "60"},
        "aitrail:logStorageDays must be less than aitrail:logRetentionDays, 60",
    ),
    "a move that S3 refuses": (
        {"logStorageClass": "STANDARD_IA", "logStorageDays": "29"},
        "aitrail:logStorageDays must be at least 30 for STANDARD_IA, not 29",
    ),
    "the storage of an existing bucket": (
        {"logBucket": "central-logs", "logStorageClass": "GLACIER_IR"},
        "aitrail:logStorageClass is about a bucket of the stack",
    ),
}


@pytest.mark.parametrize(("context", "told"), TOGETHER.values(), ids=TOGETHER)
def test_settings_that_contradict_each_other_are_named(context, told):
    with pytest.raises(InvalidSettingsError, match=told):
        Settings.of({f"aitrail:{key}": value for key, value in context.items()})


@pytest.mark.parametrize(
    "context",
    [
        {"eventsTable": "rows", "filesTable": "files"},
        {"eventsTable": "rows", "filesTableClass": "STANDARD"},
        {"logStorageClass": "GLACIER_IR", "logStorageDays": "1", "logRetentionDays": "2"},
        {"logBucket": "central-logs", "trail": "true", "keepTrail": "true", "dataEvents": "lex"},
    ],
)
def test_settings_that_can_be_had_together_are_accepted(context):
    assert Settings.of({f"aitrail:{key}": value for key, value in context.items()}) != Settings()


def test_key_of_a_part_is_its_own_or_that_of_everything_but_never_that_of_an_existing_bucket():
    own = Settings.of({"aitrail:kmsKey": "stack", "aitrail:tablesKmsKey": KEY})
    existing = Settings.of({"aitrail:kmsKey": "stack", "aitrail:logBucket": "central-logs"})

    assert own.keys == dict.fromkeys(own.keys, "stack") | {"tables_kms_key": KEY}
    assert existing.keys == dict.fromkeys(existing.keys, "stack") | {"bucket_kms_key": None}
    assert set(Settings.of({}).keys.values()) == {None}


@pytest.mark.parametrize("key", ["kmsKey", "bucketKmsKey", "queuesKmsKey", "tablesKmsKey", "logGroupKmsKey"])
def test_key_of_another_region_is_named(key):
    settings = Settings.of({f"aitrail:{key}": KEY})

    assert list(settings.settings_of_other_regions("eu-west-1")) == []
    assert list(settings.settings_of_other_regions("us-east-1")) == [
        f"aitrail:{key}: {KEY} is not in us-east-1, the Region of the stack."
    ]
    assert list(Settings.of({f"aitrail:{key}": "stack"}).settings_of_other_regions("us-east-1")) == []


def test_stack_has_a_trail_by_default_if_the_bucket_is_its_own():
    assert Settings.of({}).has_trail
    assert not Settings.of({"aitrail:logBucket": "central-logs"}).has_trail
    assert Settings.of({"aitrail:logBucket": "kept-logs", "aitrail:trail": "true"}).has_trail
    assert not Settings.of({"aitrail:trail": "false"}).has_trail


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(InvalidSettingsError) as refusal:
        Settings.of({"aitrail:trial": "false", "aitrail:trail": "no", "platform": "host"})

    assert [line.split(" ")[0] for line in str(refusal.value).splitlines()] == ["There", "platform", "aitrail:trail"]


def test_log_retention_takes_the_periods_that_cloudwatch_takes():
    model = botocore.loaders.Loader().load_service_model("logs", "service-2")
    periods = re.findall(r"\d+", model["shapes"]["Days"]["documentation"])

    assert values.CLOUDWATCH_DAYS.valid == f"one of {', '.join(periods)}"
