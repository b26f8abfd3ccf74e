import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace

import boto3
import pytest
from botocore.stub import Stubber
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
def session(monkeypatch, descriptions):
    monkeypatch.setattr("botocore.session.create_loader", lambda *_: descriptions)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield boto3.Session("testing", "testing", region_name="eu-central-1")


@dataclass(frozen=True, kw_only=True)
class Target(deploy.Target):
    """Records the CDK commands instead of running them."""

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
    """Prepares the account as `cdk bootstrap` does."""
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


def test_deploy_changes_nothing_where_the_input_is_closed(target, monkeypatch):
    to = target()
    monkeypatch.setattr("sys.stdin", None)

    with pytest.raises(deploy.StoppedError, match="nothing is changed"):
        deploy.deploy(to, [], sure=False)

    assert verbs(to) == ["synth", "diff"]


def test_deploy_takes_the_end_of_the_input_for_a_no(target, answer, monkeypatch):
    def ended(_):
        raise EOFError

    to = target()
    answer("")
    monkeypatch.setattr("builtins.input", ended)

    with pytest.raises(deploy.StoppedError, match="Nothing was changed"):
        deploy.deploy(to, [], sure=False)

    assert verbs(to) == ["synth", "diff"]


def test_deploy_that_is_interrupted_ends_quietly(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(deploy, "_target", interrupted)

    assert deploy.main(["deploy"]) == 130
    assert capsys.readouterr().err == ""


def test_deploy_shows_what_will_happen_or_does_nothing(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)

    with pytest.raises(SystemExit, match="standard output is closed"):
        deploy.main(["deploy"])


def test_deploy_needs_no_standard_error(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)

    assert deploy.main(["deploy", "-c", "aitrail:noSuchSetting=1"]) == 1


@pytest.fixture
def answer(monkeypatch):
    """Gives this answer to every question, as from a terminal."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    return lambda text: monkeypatch.setattr("builtins.input", lambda _: text)


@pytest.mark.usefixtures("prepared")
@pytest.mark.parametrize("text", ["y", "Yes "])
def test_deploy_goes_on_with_a_yes(target, answer, text):
    to = target()
    answer(text)

    deploy.deploy(to, [], sure=False)

    assert verbs(to) == ["synth", "diff", "deploy"]


@pytest.mark.parametrize("text", ["", "n", "yesterday"])
def test_deploy_stops_with_any_other_answer(target, answer, text):
    to = target()
    answer(text)

    with pytest.raises(deploy.StoppedError, match=r"^Nothing was changed\.$"):
        deploy.deploy(to, [], sure=False)

    assert verbs(to) == ["synth", "diff"]


def test_account_that_the_cdk_has_not_used_is_bootstrapped_first(target, capsys):
    to = target()

    deploy.deploy(to, [], sure=True)

    assert verbs(to) == ["synth", "diff", "bootstrap", "deploy"]
    assert "`cdk bootstrap` runs first" in capsys.readouterr().out


def test_every_command_after_synth_takes_its_assembly(target):
    to = target("aitrail:trail=false")

    deploy.deploy(to, [], sure=True)

    synth, *others = to.commands
    assert synth.endswith("--context aitrail:trail=false")
    assert all(f"--app {deploy._ASSEMBLY}" in command for command in others)


@pytest.mark.usefixtures("prepared")
def test_prepared_account_is_not_bootstrapped_again(target):
    to = target()

    deploy.deploy(to, ["--hotswap"], sure=True)

    assert verbs(to) == ["synth", "diff", "deploy"]
    assert to.commands[-1].endswith("--require-approval never --hotswap")


def test_second_trail_of_all_regions_is_told_to_cost_money(target, create_trail, capsys):
    create_trail("audit", IsMultiRegionTrail=True)

    deploy.deploy(target(), [], sure=True)

    told = capsys.readouterr().out
    assert "multi-Region trail: arn:aws:cloudtrail:eu-central-1:123456789012:trail/audit (delivers to audit)." in told
    assert 'CONTEXT="-c aitrail:trail=false -c aitrail:trailArns=ARN"' in told


@pytest.mark.parametrize(
    ("name", "of_all_regions"), [("audit", False), ("aitrail-trail", True)], ids=["of one region", "the stack's own"]
)
def test_other_trails_are_no_reason_to_warn(target, create_trail, capsys, name, of_all_regions):
    create_trail(name, IsMultiRegionTrail=of_all_regions)

    deploy.deploy(target(), [], sure=True)

    assert "There is no other multi-Region trail." in capsys.readouterr().out


def test_trails_do_not_matter_to_a_stack_without_one(target, create_trail, capsys):
    create_trail("audit", IsMultiRegionTrail=True)

    deploy.deploy(target("aitrail:trail=false"), [], sure=True)

    assert "additional copy" not in capsys.readouterr().out


def test_misspelt_setting_stops_before_anything_runs(target):
    to = target("aitrail:tral=false")

    with pytest.raises(InvalidSettingsError, match="aitrail:trail"):
        deploy.deploy(to, [], sure=True)

    assert to.commands == []


@pytest.fixture
def cloudformation(session):
    client = session.client("cloudformation")
    with Stubber(client) as stubber:
        yield stubber


@pytest.fixture
def stacked(target, cloudformation):
    """The target with the stack of TEMPLATE deployed."""
    named = [
        {"LogicalResourceId": name, "PhysicalResourceId": f"aitrail-{name}", "ResourceType": resource["Type"]}
        | {"LastUpdatedTimestamp": datetime(2026, 11, 20, tzinfo=UTC), "ResourceStatus": "CREATE_COMPLETE"}
        for name, resource in TEMPLATE["Resources"].items()
    ]
    cloudformation.add_response("get_template", {"TemplateBody": json.dumps(TEMPLATE)})
    cloudformation.add_response("list_stack_resources", {"StackResourceSummaries": named})
    return with_client(target(), cloudformation)


def with_client(target, stubber):
    session = SimpleNamespace(region_name="eu-central-1", client=lambda _: stubber.client)
    return replace(target, session=session)


def test_destroy_says_what_remains_before_it_asks(stacked, cloudformation, capsys):
    with pytest.raises(deploy.StoppedError, match="nothing is changed"):
        deploy.destroy(stacked, sure=False)

    assert "These remain, with all their content:\n  AWS::S3::Bucket  aitrail-Logs\n" in capsys.readouterr().out
    cloudformation.assert_no_pending_responses()


def test_destroy_deletes_the_stack_and_waits_until_it_is_gone(stacked, cloudformation, capsys):
    gone = {
        "StackName": "aitrail",
        "StackStatus": "DELETE_COMPLETE",
        "CreationTime": datetime(2026, 11, 20, tzinfo=UTC),
    }
    cloudformation.add_response("delete_stack", {}, {"StackName": "aitrail"})
    cloudformation.add_response("describe_stacks", {"Stacks": [gone]})

    deploy.destroy(stacked, sure=True)

    assert "Deleted." in capsys.readouterr().out
    cloudformation.assert_no_pending_responses()


def test_destroy_of_what_is_not_there_says_so(target, cloudformation):
    cloudformation.add_client_error("get_template", "ValidationError", "Stack with id other does not exist")

    with pytest.raises(deploy.StoppedError, match=r"There is no stack other in eu-central-1\."):
        deploy.destroy(with_client(target("aitrail:stackName=other"), cloudformation), sure=True)


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [([], "No Region is configured"), (["--region", "eu-central-1", "--profile", "nobody"], "profile (nobody)")],
    ids=["no region", "no such profile"],
)
def test_what_keeps_from_reaching_aws_is_told_with_what_to_do(capsys, arguments, told):
    assert deploy.main(["deploy", *arguments]) == 1

    assert told in capsys.readouterr().err


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_a_bad_setting_is_told_before_credentials_are_asked_for(capsys, monkeypatch, command):
    monkeypatch.setattr(deploy, "_target", lambda *_: pytest.fail("AWS was asked"))

    assert deploy.main([command, "-c", "aitrail:tral=false"]) == 1

    assert "There is no setting aitrail:tral: did you mean aitrail:trail?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["deploy", "aitrail:trail=false"], ["destroy", "aitrail:stackName=other"], ["destroy", "--force"]],
    ids=" ".join,
)
def test_a_setting_without_its_c_is_refused_before_anything_is_asked(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        deploy.main(arguments)

    assert ended.value.code == 2
    assert f"unknown argument {arguments[1]}" in capsys.readouterr().err
