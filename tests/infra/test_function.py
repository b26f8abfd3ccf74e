"""Deliveries, the function and the event sources fit together."""

import pytest

from infra.settings import Settings
from tests.infra.conftest import Template

ENVIRONMENT = {
    "EVENTS_TABLE": "<EventsTable>",
    "FILES_TABLE": "<FilesTable>",
    "LOG_BUCKET": "<LogsBucket>",
    "DELIVERIES_QUEUE_URL": "<DeliveriesQueue>",
    "BACKFILL_QUEUE_URL": "<DeliveriesBackfill>",
    "POWERTOOLS_SERVICE_NAME": "aitrail",
    "POWERTOOLS_METRICS_NAMESPACE": "aitrail",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "SILENT_HOURS": "24",
}


def test_the_function_runs_the_handler_on_the_newest_python_and_arm(default):
    function = default.properties("IngestFunction")

    del function["Code"], function["Description"]
    assert function == {
        "Architectures": ["arm64"],
        "Environment": {"Variables": ENVIRONMENT},
        "Handler": "lambdas.ingest.handler.lambda_handler",
        "LoggingConfig": {"LogGroup": "<IngestLogs>"},
        "MemorySize": 1024,
        "RecursiveLoop": "Allow",  # the hourly review continues itself through the backfill queue
        "Role": "<IngestRole.Arn>",
        "Runtime": "python3.14",
        "Timeout": 300,
        "TracingConfig": {"Mode": "Active"},
    }


def test_the_function_follows_the_settings(chosen):
    function = chosen.properties("IngestFunction")

    assert function["MemorySize"] == 2048
    assert function["Environment"]["Variables"] == ENVIRONMENT | {
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "POWERTOOLS_SERVICE_NAME": "speech-record",
        "KEY_PREFIXES": ",team/,old/logs/",
        "ACCOUNTS": "111122223333,o-a1b2c3d4e5",
        "ROW_RETENTION_DAYS": "400",
        "LEDGER_RETENTION_DAYS": "30",
        "LOG_RETENTION_DAYS": "365",
        "REDACTION_KEY_ARN": "<RedactionSecret.Id>",
        "ORIGINAL_BUCKET": "organization-trail-logs",
        "SILENT_HOURS": "48",
        "DASHBOARD": "on",
    }


def test_the_functions_own_logs_expire(default, chosen):
    assert default.of_type("AWS::Logs::LogGroup") == {"IngestLogs": {"RetentionInDays": 90}}
    assert chosen.properties("IngestLogs")["RetentionInDays"] == 7
    assert default.resources["IngestLogs"]["DeletionPolicy"] == "Delete"


def test_each_queue_reports_single_failures_and_has_a_cap_of_its_own(default, chosen):
    def source(queue, maximum):
        return {
            "BatchSize": 10,
            "EventSourceArn": f"<{queue}.Arn>",
            "FunctionName": "<IngestFunction>",
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": maximum},
        }

    assert default.of_type("AWS::Lambda::EventSourceMapping") == {
        "IngestSource": source("DeliveriesQueue", 10),
        "IngestBackfillSource": source("DeliveriesBackfill", 5),
    }
    assert chosen.properties("IngestSource")["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert chosen.properties("IngestBackfillSource")["ScalingConfig"] == {"MaximumConcurrency": 3}


def test_the_function_is_made_after_its_permissions(default):
    assert "IngestRoleDefaultPolicy" in default.resources["IngestFunction"]["DependsOn"]


@pytest.mark.parametrize("name", ["DeliveriesQueue", "DeliveriesBackfill"])
def test_deliveries_stay_hidden_for_six_timeouts_and_die_after_five_attempts(default, name):
    queue = default.properties(name)

    assert queue == {
        "MessageRetentionPeriod": 14 * 24 * 3600,
        "RedrivePolicy": {"deadLetterTargetArn": "<DeliveriesDeadLetters.Arn>", "maxReceiveCount": 5},
        "SqsManagedSseEnabled": True,
        "VisibilityTimeout": 6 * default.properties("IngestFunction")["Timeout"],
    }


def test_the_backfill_queue_is_told_every_hour_to_look_after_what_is_open(default):
    assert default.properties("DeliveriesHourly") == {
        "Description": "Makes aitrail follow up on open items every hour.",
        "ScheduleExpression": "rate(1 hour)",
        "State": "ENABLED",
        "Targets": [{"Arn": "<DeliveriesBackfill.Arn>", "Id": "Target0"}],
    }


def test_dead_letters_wait_until_fourteen_days_after_their_announcement(default):
    assert default.properties("DeliveriesDeadLetters") == {
        "MessageRetentionPeriod": 14 * 24 * 3600,
        "SqsManagedSseEnabled": True,
    }


@pytest.mark.parametrize(
    ("settings", "region", "traced"),
    [
        ({}, None, True),
        ({}, "cn-north-1", False),
        ({"tracing": True}, "cn-north-1", True),
        ({"tracing": False}, None, False),
    ],
)
def test_runs_are_traced_where_it_is_possible_unless_the_settings_say_otherwise(settings, region, traced):
    assert Settings(**settings).is_traced(region) is traced


def test_template_for_a_region_without_tracing_has_none_and_asks_for_no_permission(run_app):
    for region, mode in (("cn-north-1", None), ("eu-west-1", "Active")):
        ran, output = run_app({}, CDK_DEFAULT_REGION=region)
        assert ran.returncode == 0, ran.stderr
        template = Template((output / "aitrail.template.json").read_text())
        assert template.properties("IngestFunction").get("TracingConfig", {}).get("Mode") == mode
        assert ("xray:" in template.text) is (mode == "Active")


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_function_has_the_architecture_of_the_settings(synthesize, architecture):
    template = synthesize({"aitrail:architecture": architecture})

    assert template.properties("IngestFunction")["Architectures"] == [architecture]
