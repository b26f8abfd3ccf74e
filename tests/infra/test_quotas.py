"""Settings that AWS would refuse together are refused before anything is deployed, with the quota in the message."""

import json
import re

import pytest

from infra.quotas import ENVIRONMENT_BYTES, POLICY_BYTES
from infra.settings import InvalidSettingsError, Settings

BREAK_GLASS = "arn:aws:iam::111122223333:role/on-call/break-glass"


def trails(number):
    return [f"arn:aws:cloudtrail:eu-west-1:{each:012}:trail/organization-audit" for each in range(number)]


def prefixes(number):
    return [f"organization/unit-{each}/" for each in range(number)]


def accounts(number):
    return [f"{each:012}" for each in range(number)]


def test_policy_of_many_trails_and_prefixes_fits_into_that_of_s3(synthesize):
    settings = {"aitrail:keyPrefixes": prefixes(10), "aitrail:trailArns": trails(100)}

    policy = synthesize(settings | {"aitrail:breakGlassRoleArn": BREAK_GLASS}).properties("LogsBucketPolicy")

    # A name of the longest kind instead of the reference.
    text = json.dumps(policy["PolicyDocument"], separators=(",", ":"))
    assert len(text.replace("<LogsBucket.Arn>", "arn:aws-us-gov:s3:::" + "b" * 63)) < POLICY_BYTES


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"aitrail:trailArns": trails(400)},
            (
                r"policy would have up to \d\d,\d{3} bytes, but S3 accepts 20,480: aitrail:trailArns has 400 trails, "
                "aitrail:keyPrefixes 0 prefixes"
            ),
        ),
        (
            {"aitrail:accounts": accounts(300)},
            (
                r"environment would have up to \d,\d{3} bytes, but Lambda accepts 4,096: aitrail:keyPrefixes has 0 "
                "prefixes, aitrail:accounts 300 accounts"
            ),
        ),
        (
            {"aitrail:readerAccounts": accounts(60)},
            (
                r"trust policy of the role for readers would have up to 2,\d{3} bytes, but IAM accepts 2,048: "
                "aitrail:readerAccounts has 60 accounts"
            ),
        ),
    ],
    ids=["policy", "environment", "trust"],
)
def test_what_exceeds_a_quota_is_refused_at_synth(synthesize, settings, message):
    with pytest.raises(InvalidSettingsError, match=message):
        synthesize(settings)


def test_most_accounts_that_fit_are_taken(synthesize):
    environment = synthesize({"aitrail:accounts": accounts(200)}).properties("IngestFunction")["Environment"]

    assert len(json.dumps(environment["Variables"])) < ENVIRONMENT_BYTES


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["a/", "a/"], "'a/' more than once"),
        (["a/AWSLogs/", "a/"], r"a/AWSLogs/AWSLogs/ is inside a/AWSLogs/ \(the prefix 'a/AWSLogs/' inside 'a/'\)"),
        (prefixes(33), "33 prefixes: with the keys without a prefix, the log bucket would have 102 .* accepts 100"),
    ],
    ids=["repeated", "overlapping", "too many"],
)
def test_prefixes_whose_notifications_s3_would_refuse_are_refused(given, problem):
    with pytest.raises(InvalidSettingsError, match=problem):
        Settings.of({"aitrail:keyPrefixes": given})


def test_prefixes_inside_each_other_whose_keys_do_not_overlap_are_taken():
    given = ("a/", "a/b/", *prefixes(30))

    assert Settings.of({"aitrail:keyPrefixes": list(given)}).key_prefixes == given


def test_lists_without_repetitions_are_wanted_everywhere():
    with pytest.raises(InvalidSettingsError, match=r"aitrail:trailArns has 'arn:.*' more than once"):
        Settings.of({"aitrail:trailArns": [*trails(2), *trails(1)]})


def test_number_of_notifications_of_a_prefix_is_that_of_the_template(default):
    (notifications,) = default.of_type("Custom::S3BucketNotifications").values()

    assert len(notifications["NotificationConfiguration"]["QueueConfigurations"]) == 3


@pytest.mark.parametrize(
    "setting",
    [
        {"aitrail:alarmTopicArn": "arn:aws:sns:us-east-1:111122223333:on-call"},
        {"aitrail:logKeyArns": "arn:aws:kms:us-east-1:111122223333:key/aaaa"},
    ],
    ids=["topic", "key"],
)
def test_what_is_in_another_region_is_named(run_app, setting):
    elsewhere, _ = run_app(setting, CDK_DEFAULT_REGION="eu-west-1")
    here, _ = run_app(setting, CDK_DEFAULT_REGION="us-east-1")

    (name,) = setting
    assert re.search(rf"{name}: arn:aws:.*:us-east-1:.* is not in eu-west-1, the Region of the stack", elsewhere.stderr)
    assert (elsewhere.returncode, here.returncode) == (1, 0)
