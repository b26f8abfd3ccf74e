"""Every alarm watches one thing, says what to do, and notifies the topics if there are any."""

import json
import re
from pathlib import Path

import pytest

from aitrail.ingest.metrics import METRICS
from infra.settings import InvalidSettingsError, Settings
from tests.shared.cloudformation import evaluated

OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text()
COUNTED = (*("UnreadFiles", "RejectedRecords", "NotRecorded", "ChangedFiles", "UnlistedFiles", "DigestProblems"),)
QUEUE = [{"Name": "QueueName", "Value": "<DeliveriesQueue.QueueName>"}]
BACKFILL = [{"Name": "QueueName", "Value": "<DeliveriesBackfill.QueueName>"}]
DEAD_LETTERS = [{"Name": "QueueName", "Value": "<DeliveriesDeadLetters.QueueName>"}]
FUNCTION = [{"Name": "FunctionName", "Value": "<IngestFunction>"}]
SERVICE = [{"Name": "service", "Value": "aitrail"}]
# Of each alarm, what it watches, its threshold, the period in seconds, and how many of them it takes.
AT_ONCE = {"Period": 300, "EvaluationPeriods": 1}
LASTING = {"Period": 300, "EvaluationPeriods": 3}
OF_REVIEW = {"Period": 3600, "EvaluationPeriods": 3, "DatapointsToAlarm": 1}
ALARMS = {
    "DeadLetters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", DEAD_LETTERS, "Maximum", 0, AT_ONCE),
    "Backlog": ("AWS/SQS", "ApproximateAgeOfOldestMessage", QUEUE, "Maximum", 3600, AT_ONCE),
    "BackfillBacklog": ("AWS/SQS", "ApproximateAgeOfOldestMessage", BACKFILL, "Maximum", 6 * 3600, AT_ONCE),
    "FunctionErrors": ("AWS/Lambda", "Errors", FUNCTION, "Sum", 0, AT_ONCE),
    "FunctionThrottles": ("AWS/Lambda", "Throttles", FUNCTION, "Sum", 0, LASTING),
    "TableThrottles": ("aitrail", "TableThrottles", SERVICE, "Sum", 0, LASTING),
    "UnverifiableRegions": ("aitrail", "UnverifiableRegions", SERVICE, "Maximum", 0, OF_REVIEW),
    "SilentAccounts": ("aitrail", "SilentAccounts", SERVICE, "Maximum", 0, OF_REVIEW),
} | {metric: ("aitrail", metric, SERVICE, "Sum", 0, AT_ONCE) for metric in COUNTED}
TOPIC = "arn:aws:sns:eu-west-1:111122223333:on-call"
ADDRESS = "on-call@example.com"


def alarms_of(template):
    return {name.removeprefix("Alarms"): each for name, each in template.of_type("AWS::CloudWatch::Alarm").items()}


def test_there_is_an_alarm_for_each_of_these(default):
    assert sorted(alarms_of(default)) == sorted([*ALARMS, "NoDigests"])


@pytest.mark.parametrize(("name", "expected"), ALARMS.items(), ids=ALARMS)
def test_an_alarm_watches_what_it_should_and_takes_no_data_for_good_news(default, name, expected):
    alarm = default.properties(f"Alarms{name}")

    namespace, metric, dimensions, statistic, threshold, periods = expected
    del alarm["AlarmDescription"]
    assert alarm == {
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": dimensions,
        "Statistic": statistic,
        "Threshold": threshold,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **periods,
    }


@pytest.mark.parametrize("name", [*ALARMS, "NoDigests"])
def test_an_alarm_says_what_happened_and_what_to_do(default, name):
    description = default.properties(f"Alarms{name}")["AlarmDescription"]

    assert 100 <= len(description) <= 1024
    assert len(description.split(". ")) >= 2
    # A command, a setting, or something to look at or to wait for.
    assert re.search(r"`aitrail |aitrail:|[Cc]heck|[Ll]ook|[Ff]ind out|[Ss]tart|log shows", description)


def test_operations_say_of_every_alarm_what_it_means_and_what_to_do(default):
    table = re.search(r"\| alarm \| .*\n\|---.*\n((?:\|.*\n)+)", OPERATIONS)[1]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]

    named = [name for row in rows for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(named) == sorted(alarms_of(default))
    assert all(meaning and what_to_do for _, meaning, what_to_do in rows)


def test_three_hours_without_a_digest_are_an_alarm_where_there_is_a_trail(default, chosen):
    alarm = default.properties("AlarmsNoDigests")

    assert (alarm["MetricName"], alarm["Period"], alarm["EvaluationPeriods"]) == ("VerifiedDigests", 3600, 3)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"
    assert "AlarmsNoDigests" not in chosen.resources


def test_the_counted_metrics_are_metrics_of_the_function_of_the_same_stack(default, chosen):
    for template, name in ((default, "aitrail"), (chosen, "speech-record")):
        variables = template.properties("IngestFunction")["Environment"]["Variables"]
        own = [each for each in alarms_of(template).values() if each["Namespace"] == "aitrail"]
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "aitrail"
        assert variables["POWERTOOLS_SERVICE_NAME"] == name
        assert [each["Dimensions"] for each in own] == [[{"Name": "service", "Value": name}]] * len(own)
        assert {each["MetricName"] for each in own} <= set(METRICS)


def test_accounts_are_silent_after_the_hours_of_the_setting_or_never(default, chosen, synthesize):
    never = synthesize({"aitrail:silentHours": "none"})
    hours = [
        each.properties("IngestFunction")["Environment"]["Variables"].get("SILENT_HOURS")
        for each in (default, chosen, never)
    ]

    assert hours == ["24", "48", None]
    assert "SilentAccounts" not in alarms_of(never)


def test_alarms_notify_the_topic_of_the_settings_and_that_for_emails(chosen):
    actions = [alarm["AlarmActions"] for alarm in alarms_of(chosen).values()]

    assert actions == [[TOPIC, "<AlarmTopic>"]] * len(ALARMS)


@pytest.fixture(scope="module")
def mailing(synthesize):
    return synthesize({"aitrail:alarmEmail": ADDRESS})


def test_address_is_subscribed_to_a_topic_of_the_stack_to_which_only_alarms_publish(mailing):
    [subscription] = mailing.of_type("AWS::SNS::Subscription").values()
    [policy] = mailing.of_type("AWS::SNS::TopicPolicy").values()
    [publish] = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]

    assert subscription == {"Protocol": "email", "Endpoint": ADDRESS, "TopicArn": "<AlarmTopic>"}
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert publish["Action"] == "sns:Publish"
    assert publish["Condition"]["StringEquals"] == {"aws:SourceAccount": "<AWS::AccountId>"}
    assert publish["Condition"]["ArnLike"]["aws:SourceArn"].endswith(":alarm:*")
    assert all(alarm["AlarmActions"] == ["<AlarmTopic>"] for alarm in alarms_of(mailing).values())


def test_topic_of_others_is_not_subscribed(chosen):
    assert [each["TopicArn"] for each in chosen.of_type("AWS::SNS::Subscription").values()] == ["<AlarmTopic>"]


def test_without_an_address_there_is_no_topic(default):
    assert not default.of_type("AWS::SNS::Topic")
    assert not any("AlarmActions" in each for each in alarms_of(default).values())


@pytest.mark.parametrize(
    "key", ["stack", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-000000000001"]
)
def test_key_of_everything_encrypts_the_topic_and_lets_alarms_use_it(synthesize, key):
    template = synthesize({"aitrail:alarmEmail": ADDRESS, "aitrail:kmsKey": key})
    [topic] = template.of_type("AWS::SNS::Topic").values()

    used = "<KeysKey.Arn>" if key == "stack" else key
    assert topic["KmsMasterKeyId"] == used
    assert template.parts["Outputs"]["TopicKmsKeyArn"]["Value"] == used
    for policy in template.of_type("AWS::KMS::Key").values():
        [statement] = [each for each in policy["KeyPolicy"]["Statement"] if each["Sid"] == "AlarmsPublish"]
        assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert statement["Action"] == ["kms:GenerateDataKey*", "kms:Decrypt"]


def test_key_is_used_by_no_alarm_without_a_topic(synthesize):
    template = synthesize({"aitrail:kmsKey": "stack"})

    assert "cloudwatch.amazonaws.com" not in template.text
    assert "TopicKmsKeyArn" not in template.parts["Outputs"]


def test_alarms_can_be_left_out(synthesize):
    template = synthesize({"aitrail:alarms": "false"})

    assert not alarms_of(template)


@pytest.mark.parametrize("setting", [{"aitrail:alarmTopicArn": TOPIC}, {"aitrail:alarmEmail": ADDRESS}], ids=str)
def test_nobody_can_be_told_of_alarms_that_do_not_exist(setting):
    with pytest.raises(InvalidSettingsError, match="is about the alarms of the stack, but the stack has none"):
        Settings.of(setting | {"aitrail:alarms": "false"})


@pytest.mark.parametrize("topic", ["none", TOPIC])
@pytest.mark.parametrize("address", ["none", ADDRESS])
def test_package_notifies_whom_its_parameters_name(packaged, topic, address):
    found = evaluated(packaged, {"AlarmTopicArn": topic, "AlarmEmail": address})
    alarms = [each["Properties"] for each in found["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    topics = [name for name, each in found["Resources"].items() if each["Type"] == "AWS::SNS::Topic"]

    expected = [topic] * (topic != "none") + [{"Ref": name} for name in topics]
    assert [each.get("AlarmActions", []) for each in alarms] == [expected] * len(alarms)
    assert len(topics) == (address != "none")
    assert (ADDRESS in json.dumps(found["Resources"])) is (address != "none")
