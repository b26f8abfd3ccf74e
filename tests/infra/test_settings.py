"""Settings are read from the context once, from JSON types and from text alike, and never ignored."""

import re

import botocore.loaders
import pytest

from infra import values
from infra.settings import SETTINGS, InvalidSettingsError, Settings

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:on-call"
TRAIL = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit"
DAYS = "a whole number from 1 to 36500, or none"


def test_without_context_the_defaults_hold():
    settings = Settings.of({})

    assert settings == Settings(
        stack_name="aitrail",
        trail=True,
        trail_arns=(),
        row_retention_days=None,
        ledger_retention_days=None,
        log_retention_days=None,
        deletion_protection=True,
        maximum_concurrency=10,
        memory_megabytes=1024,
        log_level="INFO",
        function_log_retention_days=90,
        log_key_arns=(),
        alarm_topic_arn=None,
        platform="arm64",
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
        ("stackName", "a-b-1", "stack_name", "a-b-1"),
        ("alarmTopicArn", TOPIC, "alarm_topic_arn", TOPIC),
        ("publicKeys", "keys/regions.json", "public_keys", "keys/regions.json"),
        ("logKeyArns", KEY, "log_key_arns", (KEY,)),
        ("logKeyArns", f"{KEY}, {KEY}1", "log_key_arns", (KEY, f"{KEY}1")),
        ("logKeyArns", f'["{KEY}"]', "log_key_arns", (KEY,)),
        ("logKeyArns", [KEY], "log_key_arns", (KEY,)),
        ("logKeyArns", None, "log_key_arns", ()),
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
        ("trail", "yes", "one of true, false"),
        ("trail", 1, "one of true, false"),
        ("trail", None, "one of true, false"),
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
        ("memoryMegabytes", 1023, "a whole number from 1024 to 10240"),
        ("logLevel", "verbose", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("platform", "x86_64", "one of arm64, host"),
        ("stackName", "two--hyphens", "up to 100 letters, digits and single hyphens, starting with a letter"),
        ("stackName", "1st", "up to 100 letters, digits and single hyphens, starting with a letter"),
        ("stackName", "a" * 101, "up to 100 letters, digits and single hyphens, starting with a letter"),
        ("publicKeys", "keys.txt", "the path of a JSON file of public keys, or none"),
        ("alarmTopicArn", "on-call", "the ARN of an SNS topic, or none"),
    ],
)
def test_another_value_is_refused_with_what_is_valid(key, given, takes):
    with pytest.raises(InvalidSettingsError) as refusal:
        Settings.of({f"aitrail:{key}": given})

    assert str(refusal.value) == f"aitrail:{key} must be {takes}, not {given!r}."


@pytest.mark.parametrize(
    "given", ["alias/logs", f"{KEY},", f"[{KEY}]", [KEY, 1], {"key": KEY}, KEY[:-40] + "alias/logs"]
)
def test_a_key_that_iam_would_not_match_is_refused(given):
    with pytest.raises(InvalidSettingsError, match=r"^aitrail:logKeyArns must be the ARN of a KMS key"):
        Settings.of({"aitrail:logKeyArns": given})


@pytest.mark.parametrize(
    "given",
    [
        "audit",
        f"{TRAIL},",
        [TRAIL, 1],
        TRAIL.replace("audit", "*"),
        TRAIL.replace("audit", "ab"),
        TRAIL.replace("111122223333", "*"),
        TRAIL.replace(":trail/", ":eventdatastore/"),
        KEY,
    ],
)
def test_an_arn_of_something_else_than_one_trail_is_refused(given):
    with pytest.raises(InvalidSettingsError) as refusal:
        Settings.of({"aitrail:trailArns": given})

    assert str(refusal.value) == (
        "aitrail:trailArns must be the ARN of a CloudTrail trail; several as a comma-separated or JSON list; or none, "
        f"not {given!r}."
    )


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("aitrail:trial", "aitrail:trail"),
        ("aitrail:rowRetention", "aitrail:rowRetentionDays"),
        ("aitrail:stackname", "aitrail:stackName"),
        ("Aitrail:platform", "aitrail:platform"),
        ("aitrail:", "aitrail:trail"),
    ],
)
def test_an_unknown_setting_is_an_error_that_names_the_nearest_and_all(key, nearest):
    with pytest.raises(InvalidSettingsError) as refusal:
        Settings.of({key: "x"})

    assert str(refusal.value).startswith(f"There is no setting {key}: did you mean {nearest}? All settings: ")
    assert all(setting.key in str(refusal.value) for setting in SETTINGS)


def test_a_setting_without_its_prefix_is_an_error():
    with pytest.raises(InvalidSettingsError, match=r"^logRetentionDays is not read: write aitrail:logRetentionDays\.$"):
        Settings.of({"logRetentionDays": 30})


def test_other_context_is_left_alone():
    settings = Settings.of({"aws:cdk:bundling-stacks": [], "@aws-cdk/core:x": True, "owner": "team"})

    assert settings == Settings()


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(InvalidSettingsError) as refusal:
        Settings.of({"aitrail:trial": "false", "aitrail:trail": "no", "platform": "host"})

    assert [line.split(" ")[0] for line in str(refusal.value).splitlines()] == ["There", "platform", "aitrail:trail"]


def test_log_retention_takes_the_periods_that_cloudwatch_takes():
    model = botocore.loaders.Loader().load_service_model("logs", "service-2")
    periods = re.findall(r"\d+", model["shapes"]["Days"]["documentation"])

    assert values.CLOUDWATCH_DAYS.valid == f"one of {', '.join(periods)}"
