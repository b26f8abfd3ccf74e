import json
from dataclasses import dataclass, field

import boto3
import pytest
from moto import mock_aws

from infra import deploy
from infra.settings import InvalidSettingsError

TEMPLATE = {
    "Resources": {
        "Logs": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "RetainExceptOnCreate"},
        "Queue": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Delete"},
        "Topic": {"Type": "AWS::SNS::Topic"},
    }
}


@pytest.fixture
def session(monkeypatch):
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield boto3.Session("testing", "testing", region_name="eu-central-1")


@dataclass(frozen=True, kw_only=True)
class Target(deploy.Target):
    """Notes the CDK commands in place of running them."""

    commands: list[str] = field(default_factory=list)

    def cdk(self, *arguments):
        self.commands.append(" ".join(arguments))


@pytest.fixture
def target(session):
    def target(*context):
        caller = "arn:aws:iam::111122223333:user/alice"
        return Target(session=session, profile=None, account="111122223333", caller=caller, context=context)

    return target


@pytest.fixture
def prepared(session):
    """The account as `cdk bootstrap` leaves it."""
    session.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")


@pytest.fixture
def create_trail(session):
    def create_trail(name, **options):
        s3 = session.client("s3")
        s3.create_bucket(Bucket="audit", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        session.client("cloudtrail").create_trail(Name=name, S3BucketName="audit", **options)

    return create_trail


def verbs(target):
    return [command.partition(" ")[0] for command in target.commands]


def test_deploy_changes_nothing_where_nobody_can_be_asked(target):
    to = target()

    with pytest.raises(deploy.StoppedError, match="nothing is changed"):
        deploy.deploy(to, [], sure=False)

    assert verbs(to) == ["synth", "diff"]


@pytest.mark.parametrize(("answer", "last"), [("y", "deploy"), ("Yes ", "deploy"), ("", "diff"), ("n", "diff")])
def test_deploy_goes_on_with_a_yes_only(target, prepared, monkeypatch, answer, last):
    to = target()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answer)

    try:
        deploy.deploy(to, [], sure=False)
    except deploy.StoppedError as stopped:
        assert str(stopped) == "Nothing is changed."

    assert verbs(to)[-1] == last


def test_account_that_the_cdk_has_not_used_is_bootstrapped_first(target, capsys):
    to = target()

    deploy.deploy(to, [], sure=True)

    assert verbs(to) == ["synth", "diff", "bootstrap", "deploy"]
    assert "`cdk bootstrap` comes first" in capsys.readouterr().out


def test_every_command_after_synth_takes_its_assembly(target):
    to = target("aitrail:trail=false")

    deploy.deploy(to, [], sure=True)

    synth, *others = to.commands
    assert synth.endswith("--context aitrail:trail=false")
    assert all(f"--app {deploy._ASSEMBLY}" in command for command in others)


def test_prepared_account_is_not_bootstrapped_again(target, prepared):
    to = target()

    deploy.deploy(to, ["--hotswap"], sure=True)

    assert verbs(to) == ["synth", "diff", "deploy"]
    assert to.commands[-1].endswith("--require-approval never --hotswap")


@pytest.mark.parametrize(
    ("name", "options", "warned"),
    [
        ("audit", {"IsMultiRegionTrail": True}, True),
        ("audit", {"IsMultiRegionTrail": False}, False),
        ("aitrail-trail", {"IsMultiRegionTrail": True}, False),
    ],
    ids=["of all regions", "of one region", "the stack's own"],
)
def test_second_trail_of_all_regions_is_told_to_cost_money(target, create_trail, capsys, name, options, warned):
    create_trail(name, **options)

    deploy.deploy(target(), [], sure=True)

    told = capsys.readouterr().out
    assert ("audit (delivers to audit)" in told) is warned
    assert ("aitrail:trail=false" in told) is warned


def test_trails_do_not_matter_to_a_stack_without_one(target, create_trail, capsys):
    create_trail("audit", IsMultiRegionTrail=True)

    deploy.deploy(target("aitrail:trail=false"), [], sure=True)

    assert "further copy" not in capsys.readouterr().out


def test_misspelt_setting_stops_before_anything_runs(target):
    to = target("aitrail:tral=false")

    with pytest.raises(InvalidSettingsError, match="aitrail:trail"):
        deploy.deploy(to, [], sure=True)

    assert to.commands == []


@pytest.fixture
def stack(session):
    cloudformation = session.client("cloudformation")
    cloudformation.create_stack(StackName="aitrail", TemplateBody=json.dumps(TEMPLATE))
    return cloudformation


def test_destroy_says_what_remains_before_it_asks(target, stack, capsys):
    with pytest.raises(deploy.StoppedError, match="nothing is changed"):
        deploy.destroy(target(), sure=False)

    [bucket] = [
        each["PhysicalResourceId"]
        for each in stack.list_stack_resources(StackName="aitrail")["StackResourceSummaries"]
        if each["LogicalResourceId"] == "Logs"
    ]
    assert f"These remain, with all that they hold:\n  AWS::S3::Bucket  {bucket}\n" in capsys.readouterr().out


def test_destroy_deletes_the_stack(target, stack):
    deploy.destroy(target(), sure=True)

    assert stack.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"][0]["StackName"] == "aitrail"


def test_destroy_of_another_name_says_that_there_is_no_such_stack(target, stack):
    with pytest.raises(deploy.StoppedError, match="no stack other in eu-central-1"):
        deploy.destroy(target("aitrail:stackName=other"), sure=True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [([], "No region is configured"), (["--region", "eu-central-1", "--profile", "nobody"], "profile (nobody)")],
    ids=["no region", "no such profile"],
)
def test_what_keeps_from_reaching_aws_is_told_with_what_to_do(session, capsys, arguments, told):
    assert deploy.main(["deploy", *arguments]) == 1

    assert told in capsys.readouterr().err
