"""Every look reads only, and what cannot be checked is told as unknown, never as fine."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from aitrail.preflight import Plan, Severity, look

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BUCKET = "central-logs"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/aaaa"
TRAIL = {
    "Name": "audit",
    "TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit",
    "S3BucketName": BUCKET,
    "IsMultiRegionTrail": True,
    "LogFileValidationEnabled": True,
}
PLAN = Plan(
    stack="aitrail", account="111122223333", region="eu-west-1", bucket=BUCKET, has_trail=False, key_arns=(KEY,)
)
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/20/"
ROOT_MAY = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*"}
ANSWERS = {
    "cloudtrail:describe_trails": {"trailList": [TRAIL]},
    "lambda:get_account_settings": {"AccountLimit": {"UnreservedConcurrentExecutions": 1000}},
    "s3:head_bucket": {"BucketRegion": "eu-west-1"},
    "s3:get_bucket_notification_configuration": {},
    "s3:get_bucket_versioning": {"Status": "Enabled"},
    "s3:get_bucket_encryption": {
        "ServerSideEncryptionConfiguration": {
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}]
        }
    },
    "kms:get_key_policy": {"Policy": json.dumps({"Statement": [ROOT_MAY]})},
    "s3:list_objects_v2": [FOLDER + "a.json.gz", FOLDER.replace("CloudTrail", "CloudTrail-Digest") + "b.json.gz"],
}
# In Python, a client has a method for each operation; the paginator is the one of list_objects_v2.
READING = ("get_", "describe_", "head_", "list_")


class Client:
    """A client whose answers are chosen; an answer that is an exception is raised."""

    exceptions = SimpleNamespace()

    def __init__(self, service, answers, called):
        self._service, self._answers, self._called = service, answers, called

    def __getattr__(self, operation):
        def call(**asked):
            name = f"{self._service}:{operation}"
            self._called.append(name)
            answer = self._answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer(**asked) if callable(answer) else answer

        return call

    def get_paginator(self, operation):
        def paginate(*, Prefix="", Delimiter=None, **_):  # noqa: N803 (botocore's)
            keys = [each for each in getattr(self, operation)() if each.startswith(Prefix)]
            if Delimiter is None:
                return [{"Contents": [{"Key": each, "Size": 1, "ETag": '"e"'} for each in keys]}]
            folders = {Prefix + each.removeprefix(Prefix).partition(Delimiter)[0] + Delimiter for each in keys}
            return [{"CommonPrefixes": [{"Prefix": each} for each in sorted(folders)]}]

        return SimpleNamespace(paginate=paginate)


def found(plan=PLAN, called=None, **answers):
    given = ANSWERS | {name.replace("__", ":"): answer for name, answer in answers.items()}
    called = [] if called is None else called
    return list(look(plan, lambda service: Client(service, given, called), NOW))


def names(findings, severity=None):
    return [each.finding for each in findings if severity in (None, each.severity)]


def error(code, headers=None):
    metadata = {"HTTPHeaders": headers or {}, "HTTPStatusCode": 403}
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": metadata}, "Operation")


def raised(code):
    raise error(code)


def test_account_where_all_is_well_has_advice_about_the_cost_alone():
    [cost] = found()

    assert (cost.finding, cost.severity) == ("cost", Severity.ADVICE)
    assert "got 1 log files and 1 digests on 2026-11-20: reading" in cost.what
    assert "aitrail cost --files 30" in cost.what_to_do


def test_every_look_only_reads():
    called = []

    found(called=called)

    assert set(called) == set(ANSWERS)
    assert all(each.partition(":")[2].startswith(READING) for each in called)


@pytest.mark.parametrize("denied", ANSWERS)
def test_look_that_is_denied_is_unknown_and_ends_nothing(denied):
    usual = names(found())

    findings = found(**{denied.replace(":", "__"): error("AccessDenied")})

    unknown = [each for each in findings if each.severity is Severity.UNKNOWN]
    assert len(unknown) == 1
    assert unknown[0].what.startswith("Could not check ")
    assert set(usual) - set(names(findings)) <= {"cost"}


@pytest.mark.parametrize("odd", ANSWERS)
def test_answer_of_another_form_is_unknown(odd):
    answers = {odd.replace(":", "__"): {"Other": None} if odd != "kms:get_key_policy" else {"Policy": "["}}

    findings = found(**answers)

    assert names(findings, Severity.UNKNOWN) or odd.startswith(("s3:get_bucket", "s3:list")), findings


CONFLICTS = {
    "a bucket of another Region": ({"s3__head_bucket": {"BucketRegion": "us-east-1"}}, {}, "REGION=us-east-1"),
    "a bucket that tells only its Region": (
        {"s3__head_bucket": error("403", {"x-amz-bucket-region": "us-east-1"})},
        {},
        "REGION=us-east-1",
    ),
    "no bucket": ({"s3__head_bucket": error("404")}, {}, "Check the name"),
    "a bucket of somebody else": (
        {"s3__head_bucket": lambda **asked: raised("403") if "ExpectedBucketOwner" in asked else {}},
        {},
        "aitrail:logBucketAccount",
    ),
    "a prefix that is not named": (
        {"cloudtrail__describe_trails": {"trailList": [TRAIL | {"S3KeyPrefix": "team"}]}},
        {"prefixes": ("", "old/")},
        "-c aitrail:keyPrefixes=old/,team/",
    ),
    "a trail's key that is not named": (
        {"cloudtrail__describe_trails": {"trailList": [TRAIL | {"KmsKeyId": f"{KEY}-b"}]}},
        {},
        f"-c aitrail:logKeyArns={KEY},{KEY}-b",
    ),
    "five trails": (
        {"cloudtrail__describe_trails": {"trailList": [TRAIL] * 5}},
        {"has_trail": True},
        "-c aitrail:trail=false",
    ),
    "a kept trail with the name of a new stack's": (
        {"cloudtrail__describe_trails": {"trailList": [TRAIL | {"Name": "aitrail-trail"}]}},
        {"has_trail": True, "is_new": True},
        "aws cloudtrail delete-trail --name aitrail-trail",
    ),
}


@pytest.mark.parametrize(("answers", "changes", "remedy"), CONFLICTS.values(), ids=CONFLICTS)
def test_conflict_has_its_exact_remedy(answers, changes, remedy):
    [conflict] = [each for each in found(replace(PLAN, **changes), **answers) if each.severity is Severity.CONFLICT]

    assert remedy in " ".join((conflict.what_to_do, *conflict.commands))


ADVICE = {
    "no versions": ({"s3__get_bucket_versioning": {}}, "not-versioned"),
    "no digests": (
        {"cloudtrail__describe_trails": {"trailList": [TRAIL | {"LogFileValidationEnabled": False}]}},
        "no-validation",
    ),
    "no trail": ({"cloudtrail__describe_trails": {"trailList": []}}, "no-trail-delivers"),
    "few executions": (
        {"lambda__get_account_settings": {"AccountLimit": {"UnreservedConcurrentExecutions": 10}}},
        "concurrency-quota",
    ),
    "a key without policies of IAM": ({"kms__get_key_policy": {"Policy": '{"Statement": []}'}}, "key-policy"),
    "no log files": ({"s3__list_objects_v2": []}, "no-log-files-yesterday"),
}


@pytest.mark.parametrize(("answers", "name"), ADVICE.values(), ids=ADVICE)
def test_advice_is_given(answers, name):
    assert name in names(found(**answers), Severity.ADVICE)


def test_key_of_the_bucket_that_is_not_named_is_told_with_the_setting():
    [advice] = [each for each in found(replace(PLAN, key_arns=())) if each.finding == "key-of-bucket"]

    assert f"-c aitrail:logKeyArns={KEY}" in advice.what_to_do


@pytest.mark.parametrize("action", ["kms:*", "*", "kms:Decrypt", "kms:Decrypt*", ["kms:Encrypt", "kms:Decrypt"]])
@pytest.mark.parametrize("principal", ["arn:aws:iam::111122223333:root", "111122223333", "arn:aws:iam::1:role/r"])
def test_key_policy_that_lets_the_function_decrypt_is_fine(action, principal):
    policy = json.dumps({"Statement": [ROOT_MAY | {"Principal": {"AWS": principal}, "Action": action}]})

    findings = found(replace(PLAN, role_arn="arn:aws:iam::1:role/r"), kms__get_key_policy={"Policy": policy})

    assert "key-policy" not in names(findings)


def test_trail_of_an_organization_with_the_stacks_name_is_not_the_stacks():
    shadow = TRAIL | {"Name": "aitrail-trail", "TrailARN": TRAIL["TrailARN"].replace("111122223333", "999999999999")}

    findings = found(
        replace(PLAN, has_trail=True),
        cloudtrail__describe_trails={"trailList": [shadow | {"IsOrganizationTrail": True}]},
    )

    assert "trail-of-organization" in names(findings)


def test_notifications_of_a_bucket_of_another_account_are_not_asked_for():
    called = []

    found(replace(PLAN, bucket_account="444455556666"), called)

    assert "s3:get_bucket_notification_configuration" not in called


def test_nothing_is_asked_of_a_bucket_that_is_not_there():
    called = []

    found(called=called, s3__head_bucket=error("404"))

    assert {each for each in called if each.startswith("s3:")} == {"s3:head_bucket"}


def test_every_question_about_the_bucket_names_its_owner():
    asked = []

    def answer(operation):
        return lambda **parameters: asked.append(parameters) or ANSWERS[operation]

    operations = [each for each in ANSWERS if each.startswith(("s3:head", "s3:get"))]
    answers = {each.replace(":", "__"): answer(each) for each in operations}
    found(replace(PLAN, bucket_account="444455556666"), **answers)

    assert {each.get("ExpectedBucketOwner") for each in asked} == {"444455556666"}


def test_owner_of_a_bucket_that_denies_everything_is_unknown():
    findings = found(s3__head_bucket=error("403", {"x-amz-bucket-region": "eu-west-1"}))

    assert "bucket-owner-unknown" in names(findings, Severity.UNKNOWN)


def test_unknown_for_want_of_a_permission_names_the_policy():
    [unknown] = [each for each in found(cloudtrail__describe_trails=error("AccessDenied")) if each.commands]

    assert unknown.finding == "trails-unknown"
    assert unknown.commands == ("aitrail permissions preflight --placeholders",)


def test_rate_of_many_accounts_is_estimated_from_some():
    keys = [
        f"AWSLogs/{account:012}/CloudTrail/eu-west-1/2026/11/20/{number}.json.gz"
        for account in range(100)
        for number in range(3)
    ]

    [cost] = found(s3__list_objects_v2=keys)

    assert "got 300 log files and 0 digests on 2026-11-20, estimated from 20 of 100 accounts" in cost.what
