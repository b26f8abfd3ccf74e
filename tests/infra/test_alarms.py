"""Every alarm watches one thing, says what to do, and notifies the topic if there is one."""

import pytest

from aitrail.ingest.metrics import METRICS

COUNTED = (*("UnreadFiles", "RejectedRecords", "NotRecorded", "ChangedFiles", "UnlistedFiles", "DigestProblems"),)
QUEUE = [{"Name": "QueueName", "Value": "<DeliveriesQueue.QueueName>"}]
DEAD_LETTERS = [{"Name": "QueueName", "Value": "<DeliveriesDeadLetters.QueueName>"}]
FUNCTION = [{"Name": "FunctionName", "Value": "<IngestFunction>"}]
SERVICE = [{"Name": "service", "Value": "aitrail"}]
ALARMS = {
    "DeadLetters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", DEAD_LETTERS, "Maximum", 0),
    "Backlog": ("AWS/SQS", "ApproximateAgeOfOldestMessage", QUEUE, "Maximum", 3600),
    "FunctionErrors": ("AWS/Lambda", "Errors", FUNCTION, "Sum", 0),
} | {metric: ("aitrail", metric, SERVICE, "Sum", 0) for metric in COUNTED}


def test_there_is_an_alarm_for_each_of_these(default):
    assert sorted(default.of_type("AWS::CloudWatch::Alarm")) == sorted(
        f"Alarms{name}" for name in [*ALARMS, "NoDigests"]
    )


@pytest.mark.parametrize(("name", "expected"), ALARMS.items(), ids=ALARMS)
def test_an_alarm_goes_off_within_five_minutes_and_takes_no_data_for_good_news(default, name, expected):
    alarm = default.properties(f"Alarms{name}")

    namespace, metric, dimensions, statistic, threshold = expected
    del alarm["AlarmDescription"]
    assert alarm == {
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": dimensions,
        "Statistic": statistic,
        "Threshold": threshold,
        "ComparisonOperator": "GreaterThanThreshold",
        "Period": 300,
        "EvaluationPeriods": 1,
        "TreatMissingData": "notBreaching",
    }


@pytest.mark.parametrize("name", [*ALARMS, "NoDigests"])
def test_an_alarm_says_what_happened_and_what_to_do(default, name):
    description = default.properties(f"Alarms{name}")["AlarmDescription"]

    assert 100 <= len(description) <= 1024
    assert len(description.split(". ")) >= 2


def test_three_hours_without_a_digest_are_an_alarm_where_there_is_a_trail(default, chosen):
    alarm = default.properties("AlarmsNoDigests")

    assert (alarm["MetricName"], alarm["Period"], alarm["EvaluationPeriods"]) == ("VerifiedDigests", 3600, 3)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"
    assert "AlarmsNoDigests" not in chosen.resources


def test_the_counted_metrics_are_metrics_of_the_function_of_the_same_stack(default, chosen):
    assert set(COUNTED) <= set(METRICS)
    for template, name in ((default, "aitrail"), (chosen, "speech-record")):
        variables = template.properties("IngestFunction")["Environment"]["Variables"]
        own = [
            each["Dimensions"]
            for each in template.of_type("AWS::CloudWatch::Alarm").values()
            if each["Namespace"] == "aitrail"
        ]
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "aitrail"
        assert variables["POWERTOOLS_SERVICE_NAME"] == name
        assert own == [[{"Name": "service", "Value": name}]] * len(own)


def test_alarms_tell_the_topic_of_the_settings(chosen):
    actions = [alarm["AlarmActions"] for alarm in chosen.of_type("AWS::CloudWatch::Alarm").values()]

    assert actions == [["arn:aws:sns:eu-west-1:111122223333:on-call"]] * len(ALARMS)
