"""The app synthesizes anywhere, into the same template everywhere, and passes cdk-nag's AwsSolutions."""

import json
import re
from pathlib import Path

import pytest
from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks

from infra.app import AitrailApp

ROOT = Path(__file__).parents[2]
OUTPUTS = {
    "LogBucketName": "<LogsBucket>",
    "EventsTableName": "<EventsTable>",
    "FilesTableName": "<FilesTable>",
    "DeliveriesQueueUrl": "<DeliveriesQueue>",
    "BackfillQueueUrl": "<DeliveriesBackfill>",
    "DeadLetterQueueUrl": "<DeliveriesDeadLetters>",
    "FunctionName": "<IngestFunction>",
    "FunctionLogGroupName": "<IngestLogs>",
    "FunctionRoleArn": "<IngestRole.Arn>",
    "LogBucketAccount": "none",
    "AnnouncedBy": "s3",
    "EventBusArn": "none",
}


def test_outputs_name_the_parts_under_stable_ids(default, chosen):
    settings = (
        {
            "KeyPrefixes": "none",
            "Accounts": "none",
            "RowRetentionDays": "none",
            "LedgerRetentionDays": "none",
            "RedactionKeyArn": "none",
        },
        {
            "KeyPrefixes": "team/,old/logs/",
            "Accounts": "111122223333,o-a1b2c3d4e5",
            "RowRetentionDays": "400",
            "LedgerRetentionDays": "30",
            "RedactionKeyArn": "<RedactionSecret.Id>",
            "KmsKeyArn": "<KeysKey.Arn>",
            "BucketKmsKeyArn": "arn:aws:kms:eu-west-1:444455556666:key/mrk-cccc",
            "QueuesKmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/dddd",
            "TablesKmsKeyArn": "<KeysKey.Arn>",
            "LogGroupKmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/eeee",
            "TrailArns": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit,"
            "arn:aws:cloudtrail:us-east-1:444455556666:trail/organization",
        },
    )
    for template, told in zip((default, chosen), settings, strict=True):
        outputs = template.parts["Outputs"]
        assert {name: output["Value"] for name, output in outputs.items()} == OUTPUTS | told
        assert all(re.fullmatch(r"[A-Z].+\.", output["Description"]) for output in outputs.values())


def test_resources_take_no_names_that_a_second_stack_would_want(default):
    naming = {"BucketName", "TableName", "QueueName", "FunctionName", "RoleName", "LogGroupName", "AlarmName"}
    named = {
        each["Type"]
        for each in default.resources.values()
        if naming.intersection(each.get("Properties", ())) and each["Type"].startswith("AWS::")
    }

    assert named == {"AWS::Lambda::EventSourceMapping"}


def test_the_template_tells_nothing_of_the_machine_that_made_it(default):
    assert str(ROOT) not in default.text
    assert str(Path.home()) not in default.text
    assert not re.search(r"\b\d{12}\b", default.text)


def test_an_empty_environment_is_enough(chosen):
    assert chosen.parts["Outputs"]


def test_a_bad_setting_ends_the_app_with_the_reason_and_no_traceback(run_app):
    ran, _output = run_app({"aitrail:platform": "x86_64"})

    assert (ran.returncode, ran.stderr) == (
        1,
        "aitrail: aitrail:platform must be one of lambda, host, not 'x86_64'.\n",
    )


def test_the_cdk_starts_the_app_with_the_virtual_environment():
    configuration = json.loads((ROOT / "cdk.json").read_text())

    assert configuration["app"] == ".venv/bin/python app.py"


def test_cdk_nag_finds_exactly_what_is_acknowledged_beside_its_resource(default, tmp_path, monkeypatch):
    monkeypatch.setattr(Validations, "acknowledge", lambda *_: None)
    app = AitrailApp(context={"aws:cdk:bundling-stacks": []}, outdir=str(tmp_path), analytics_reporting=False)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()

    report = json.loads((tmp_path / "validation-report.json").read_text())
    (checks,) = report["pluginReports"]
    assert sorted(violation["ruleName"] for violation in checks["violations"]) == [
        "AwsSolutions-IAM5[Resource::*]",
        "AwsSolutions-IAM5[Resource::<LogsBucket5C52C3D2.Arn>/*]",
        "AwsSolutions-S1",
    ]
    assert default.text  # with the acknowledgements, the same checks let synth pass
