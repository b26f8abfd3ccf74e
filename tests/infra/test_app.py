"""The app synthesizes anywhere, into the same template everywhere."""

import json
import re
from pathlib import Path

from aitrail.services import load
from tests.shared.chosen_settings import CHOSEN

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
    "ReaderPolicyArn": "<PeopleReader>",
    "OperatorPolicyArn": "<PeopleOperator>",
}


def test_outputs_name_the_parts_under_stable_ids(default, chosen):
    settings = (
        {
            "KeyPrefixes": "none",
            "Accounts": "none",
            "RowRetentionDays": "none",
            "LedgerRetentionDays": "none",
            "RedactionKeyArn": "none",
            "LogKeyArns": "none",
            "RegistryFingerprint": load().fingerprint,
            "OriginalBucket": "none",
            "ReaderRoleArn": "none",
        },
        {
            "KeyPrefixes": "team/,old/logs/",
            "Accounts": "111122223333,o-a1b2c3d4e5",
            "RowRetentionDays": "400",
            "LedgerRetentionDays": "30",
            "RedactionKeyArn": "<RedactionSecret.Id>",
            "KmsKeyArn": "<KeysKey.Arn>",
            "BucketKmsKeyArn": "arn:aws:kms:eu-west-1:444455556666:key/mrk-1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c",
            "QueuesKmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-dddddddddddd",
            "TablesKmsKeyArn": "<KeysKey.Arn>",
            "LogGroupKmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-eeeeeeeeeeee",
            "TopicKmsKeyArn": "<KeysKey.Arn>",
            "TrailArns": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit,"
            "arn:aws:cloudtrail:us-east-1:444455556666:trail/organization",
            "LogKeyArns": CHOSEN["aitrail:logKeyArns"],
            "RegistryFingerprint": load(Path(CHOSEN["aitrail:serviceFiles"])).fingerprint,
            "OriginalBucket": "organization-trail-logs",
            "ReaderRoleArn": "<PeopleReaderRole.Arn>",
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
