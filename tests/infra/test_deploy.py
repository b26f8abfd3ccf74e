import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from infra import deploy, destroying, remembered
from infra.cloudformation import CloudFormation
from infra.settings import InvalidSettingsError, Settings
from infra.target import ASSEMBLY, Context, StoppedError
from infra.target import Target as RealTarget
from tests.infra.conftest import Target, assembly, run
from tests.shared.chosen_settings import CHOSEN

TEMPLATE = {
    "Resources": {
        "Logs": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "RetainExceptOnCreate"},
        "Queue": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Delete"},
        "Topic": {"Type": "AWS::SNS::Topic"},
    }
}


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

    with pytest.raises(StoppedError, match="nothing is changed"):
        run(to, sure=False)

    assert verbs(to) == ["synth", "diff"]


def test_deploy_changes_nothing_where_the_input_is_closed(target, monkeypatch):
    to = target()
    monkeypatch.setattr("sys.stdin", None)

    with pytest.raises(StoppedError, match="nothing is changed"):
        run(to, sure=False)

    assert verbs(to) == ["synth", "diff"]


def test_deploy_takes_the_end_of_the_input_for_a_no(target, answer, monkeypatch):
    def ended(_):
        raise EOFError

    to = target()
    answer("")
    monkeypatch.setattr("builtins.input", ended)

    with pytest.raises(StoppedError, match="Nothing was changed"):
        run(to, sure=False)

    assert verbs(to) == ["synth", "diff"]


def test_what_the_system_refuses_is_told_without_a_traceback(monkeypatch, capsys):
    def refuse(*_):
        raise OSError(7, "Argument list too long", "cdk")

    monkeypatch.setattr(RealTarget, "of", refuse)

    assert deploy.main(["deploy"]) == 1
    assert capsys.readouterr().err == "Error: [Errno 7] Argument list too long: 'cdk'\n"


def test_deploy_that_is_interrupted_ends_quietly(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(RealTarget, "of", interrupted)

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

    run(to, sure=False)

    assert verbs(to) == ["synth", "diff", "deploy"]


@pytest.mark.parametrize("text", ["", "n", "yesterday"])
def test_deploy_stops_with_any_other_answer(target, answer, text):
    to = target()
    answer(text)

    with pytest.raises(StoppedError, match=r"^Nothing was changed\.$"):
        run(to, sure=False)

    assert verbs(to) == ["synth", "diff"]


def test_account_that_the_cdk_has_not_used_is_bootstrapped_first(target, capsys):
    to = target()

    run(to)

    assert verbs(to) == ["synth", "diff", "bootstrap", "deploy"]
    assert "`cdk bootstrap` runs first" in capsys.readouterr().out


def test_every_command_after_synth_takes_its_assembly(target):
    to = target()

    run(to, trail="false")

    synth, *others = to.commands
    assert synth.endswith("--context aitrail:trail=false")
    assert all(f"--app {ASSEMBLY}" in command for command in others)


@pytest.mark.usefixtures("prepared")
def test_prepared_account_is_not_bootstrapped_again(target):
    to = target()

    run(to, "--hotswap")

    assert verbs(to) == ["synth", "diff", "deploy"]
    assert to.commands[-1].endswith("--require-approval never --hotswap")


def test_second_trail_of_all_regions_is_told_to_cost_money(target, capsys):
    run(target(answers={"cloudtrail:DescribeTrails": {"trailList": [trail("audit", IsMultiRegionTrail=True)]}}))

    told = capsys.readouterr().out
    assert "multi-Region trail: arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit (delivers to audit)." in told
    assert 'CONTEXT="-c aitrail:trail=false -c aitrail:trailArns=ARN"' in told


@pytest.mark.parametrize(
    ("name", "of_all_regions"), [("audit", False), ("aitrail-trail", True)], ids=["of one region", "the stack's own"]
)
def test_other_trails_are_no_reason_to_warn(target, create_trail, capsys, name, of_all_regions):
    create_trail(name, IsMultiRegionTrail=of_all_regions)

    run(target(), ignore_conflicts=True)

    assert "There is no other multi-Region trail." in capsys.readouterr().out


@pytest.mark.parametrize("is_new", [True, False], ids=["a new stack", "a deployed stack"])
def test_trail_that_an_earlier_stack_has_kept_is_told_to_be_in_the_way_of_a_new_one(
    target, create_trail, capsys, is_new
):
    create_trail("aitrail-trail", IsMultiRegionTrail=True)
    deployed = {GET_TEMPLATE: {"TemplateBody": json.dumps(DEPLOYED)}} | {
        "cloudformation:DescribeStacks": {"Stacks": [{"StackStatus": "CREATE_COMPLETE"}]}
    }

    run(target(answers={} if is_new else deployed), ignore_conflicts=is_new)

    assert ("There is already a trail aitrail-trail, such as one that" in capsys.readouterr().out) is is_new


def test_trails_do_not_matter_to_a_stack_without_one(target, create_trail, capsys):
    create_trail("audit", IsMultiRegionTrail=True)

    run(target(), trail="false")

    assert "additional copy" not in capsys.readouterr().out


def test_misspelt_setting_stops_before_anything_runs(target):
    to = target()

    with pytest.raises(InvalidSettingsError, match="aitrail:trail"):
        run(to, tral="false")

    assert to.commands == []


DEPLOYED = TEMPLATE | {"Metadata": {remembered.METADATA: remembered.to_remember(Settings(row_retention_days=400))}}
GET_TEMPLATE = "cloudformation:GetTemplate"


def test_settings_of_the_deployed_stack_that_are_not_given_are_kept(target, capsys):
    to = target(answers={GET_TEMPLATE: {"TemplateBody": json.dumps(DEPLOYED)}})

    run(to, memoryMegabytes="2048")

    assert [command for command in to.commands if command.startswith("synth")][-1] == (
        "synth --context aitrail:memoryMegabytes=2048 --context aitrail:rowRetentionDays=400"
    )
    told = capsys.readouterr().out
    assert "Kept, as in the deployed stack: aitrail:rowRetentionDays=400 (to change it: CONTEXT=" in told
    assert "Changed: aitrail:memoryMegabytes from 1024 to 2048." in told


def test_a_setting_that_is_given_is_changed_and_shown_also_if_it_is_the_default(target, capsys):
    to = target(answers={GET_TEMPLATE: {"TemplateBody": json.dumps(DEPLOYED)}})

    run(to, rowRetentionDays="none")

    told = capsys.readouterr().out
    assert "Changed: aitrail:rowRetentionDays from 400 to none." in told
    assert "Kept" not in told


def test_what_a_template_remembers_of_every_setting_is_what_it_was_deployed_with(chosen, default):
    for template, context in ((chosen, CHOSEN), (default, {})):
        before = remembered.settings_in(json.loads(template.text))
        now = Settings.of(before.kept({}))
        assert now == replace(Settings.of(context), stack_name="aitrail")
        assert list(before.losses({})) == []
        assert before.changed(now) == {}
        assert before.kept({}) == {
            key: value
            for key, value in remembered.to_remember(Settings.of(context)).items()
            if value != remembered.to_remember(Settings())[key]
        }


UNREADABLE = {
    "no permission": {"refused": ("cloudformation",), "synthesized": assembly(role=None)},
    "an older version": {"answers": {GET_TEMPLATE: {"TemplateBody": json.dumps(TEMPLATE)}}},
}


@pytest.mark.parametrize("changes", UNREADABLE.values(), ids=UNREADABLE)
def test_settings_that_cannot_be_read_back_stop_unless_somebody_confirms(target, changes):
    to = target(**changes)

    with pytest.raises(StoppedError, match=r"settings of the stack aitrail cannot be read: .*CONFIRM=1"):
        run(to)
    assert verbs(to) == ["synth"]

    run(to, allow_unreadable=True)
    assert verbs(to)[-1] == "deploy"


LOOKS = ("ssm:GetParameter", "cloudtrail:DescribeTrails", "lambda:GetAccountSettings")


@pytest.mark.usefixtures("prepared")
@pytest.mark.parametrize("denied", [*((look,) for look in LOOKS), LOOKS], ids=str)
def test_no_other_look_that_is_denied_stops_a_deployment(target, capsys, denied):
    to = target(refused=denied)

    run(to)

    assert verbs(to) == ["synth", "diff", "deploy"]
    told = capsys.readouterr().out
    assert all(look in told for look in denied)
    assert told.count("Could not check") == len(denied)


@pytest.mark.usefixtures("prepared")
def test_changes_that_cannot_be_shown_stop_no_deployment(target, capsys):
    to = target(failing=("diff",))

    run(to)

    assert verbs(to) == ["synth", "diff", "deploy"]
    assert "The changes could not be shown" in capsys.readouterr().out


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso-f", "aws-of-tomorrow"])
def test_caller_who_may_only_assume_the_role_of_the_cdk_reads_the_template_with_it(
    target, session, monkeypatch, partition
):
    assumed = []

    class Sts:
        def assume_role(self, RoleArn, RoleSessionName):  # noqa: N803 (boto3's names)
            assumed.append(RoleArn)
            return {"Credentials": dict.fromkeys(("AccessKeyId", "SecretAccessKey", "SessionToken"), RoleSessionName)}

    as_role = SimpleNamespace(get_template=lambda StackName: {"TemplateBody": json.dumps(DEPLOYED)})  # noqa: N803, ARG005
    to = replace(target(refused=("cloudformation",)), caller=f"arn:{partition}:iam::111122223333:user/alice")
    usual = Target.client
    monkeypatch.setattr(Target, "client", lambda self, name: Sts() if name == "sts" else usual(self, name))
    monkeypatch.setattr(
        "infra.cloudformation.boto3.Session", lambda *_, **__: SimpleNamespace(client=lambda *_, **__: as_role)
    )

    template = CloudFormation(to, lambda: to.synthesized).template("aitrail")

    assert template == DEPLOYED
    assert assumed == [f"arn:{partition}:iam::111122223333:role/cdk-hnb659fds-deploy-role-111122223333-eu-central-1"]
    assert session


def test_bootstrap_of_somebody_else_is_never_made(target, capsys):
    to = target(synthesized=assembly(qualifier="platform"))

    with pytest.raises(StoppedError, match="conflicts are above"):
        run(to)
    assert "/cdk-bootstrap/platform/version" in capsys.readouterr().out
    with pytest.raises(StoppedError, match="/cdk-bootstrap/platform/version"):
        run(to, ignore_conflicts=True)

    assert "bootstrap" not in verbs(to)


def test_bootstrap_of_somebody_else_is_used(target, session):
    session.client("ssm").put_parameter(Name="/cdk-bootstrap/platform/version", Value="30", Type="String")
    to = target(synthesized=assembly(qualifier="platform"))

    run(to)

    assert verbs(to) == ["synth", "diff", "deploy"]


@pytest.mark.usefixtures("prepared")
def test_what_a_failed_first_deployment_leaves_behind_is_named_with_the_commands_that_delete_it(target, capsys):
    created = datetime(2026, 11, 20, tzinfo=UTC)
    resources = [
        ("Table", "AWS::DynamoDB::GlobalTable", "aitrail-Events-1", "DELETE_SKIPPED"),
        ("Queue", "AWS::SQS::Queue", "aitrail-Queue", "DELETE_COMPLETE"),
    ]
    stack = {"StackName": "aitrail", "StackStatus": "ROLLBACK_COMPLETE", "CreationTime": created}
    named = [
        dict(zip(("LogicalResourceId", "ResourceType", "PhysicalResourceId", "ResourceStatus"), each, strict=True))
        for each in resources
    ]
    answers = {"DescribeStacks": {"Stacks": [stack]}, "DescribeStackResources": {"StackResources": named}}
    to = target(failing=("deploy",), answers={f"cloudformation:{name}": answer for name, answer in answers.items()})

    with pytest.raises(StoppedError, match="`cdk deploy` failed"):
        run(to)

    told = capsys.readouterr().out
    assert "  AWS::DynamoDB::GlobalTable  aitrail-Events-1\n" in told
    assert "aws dynamodb delete-table --table-name aitrail-Events-1" in told
    assert "aitrail-Queue" not in told


def trail(name, account="111122223333", **changes):
    arn = f"arn:aws:cloudtrail:eu-central-1:{account}:trail/{name}"
    return {"Name": name, "TrailARN": arn, "S3BucketName": "audit", "HomeRegion": "eu-central-1"} | changes


def with_less(answer):
    """The answer without each of its parts, and with each of its parts empty."""
    if isinstance(answer, dict):
        for name, part in answer.items():
            rest = {other: each for other, each in answer.items() if other != name}
            yield from (rest, rest | {name: None}, *(rest | {name: less} for less in with_less(part)))
    if isinstance(answer, list):
        yield from ([], *([less] for less in with_less(answer[0])))


ADVISING = {
    "cloudtrail:DescribeTrails": {"trailList": [trail("audit", IsMultiRegionTrail=True)]},
    "lambda:GetAccountSettings": {"AccountLimit": {"UnreservedConcurrentExecutions": 1}},
}


@pytest.mark.usefixtures("prepared")
@pytest.mark.parametrize(
    ("name", "answer"), [(name, less) for name, whole in ADVISING.items() for less in with_less(whole)], ids=str
)
def test_no_answer_of_aws_ends_a_deployment_because_of_its_form(target, name, answer):
    to = target(answers={name: answer})

    run(to)

    assert verbs(to) == ["synth", "diff", "deploy"]


def test_trail_without_a_bucket_is_still_told(target, capsys):
    nameless = trail("audit", IsMultiRegionTrail=True)
    del nameless["S3BucketName"]

    assert "trail/audit (delivers to an unknown bucket)" in told_of(target, capsys, nameless)


ORGANIZATIONS = trail("all", "444455556666", IsMultiRegionTrail=True, IsOrganizationTrail=True)


def told_of(target, capsys, *trails):
    run(target(answers={"cloudtrail:DescribeTrails": {"trailList": list(trails)}}), ignore_conflicts=True)
    return capsys.readouterr().out


def test_trail_of_the_organization_is_not_to_be_pointed_elsewhere_by_a_member(target, capsys):
    told = told_of(target, capsys, ORGANIZATIONS)

    assert "Only account 444455556666 can change that trail" in told
    assert "then point the trail at the log" not in told


def test_management_account_is_told_that_its_trail_delivers_for_all(target, capsys):
    told = told_of(target, capsys, trail("all", IsMultiRegionTrail=True, IsOrganizationTrail=True))

    assert "pointed at the log bucket, it delivers the log files of every account there" in told


@pytest.mark.parametrize(("number", "warned"), [(4, False), (5, True)])
def test_quota_of_trails_counts_trails_of_every_kind(target, capsys, number, warned):
    told = told_of(target, capsys, ORGANIZATIONS, *(trail(f"own-{each}") for each in range(number - 1)))

    assert ("The stack's trail cannot be created" in told) is warned


def test_quota_does_not_matter_once_the_stack_has_its_trail(target, capsys):
    told = told_of(target, capsys, trail("aitrail-trail"), *(trail(f"own-{each}") for each in range(4)))

    assert "cannot be created" not in told


@pytest.mark.parametrize(("unreserved", "warned"), [(14, True), (15, False)])
def test_quota_of_concurrent_executions_is_compared_with_the_settings(target, capsys, unreserved, warned):
    limit = {"AccountLimit": {"UnreservedConcurrentExecutions": unreserved}}

    run(target(answers={"lambda:GetAccountSettings": limit}))

    assert (f"The account allows {unreserved} concurrent" in capsys.readouterr().out) is warned


NAMED = [
    {"LogicalResourceId": name, "PhysicalResourceId": f"aitrail-{name}", "ResourceType": resource["Type"]}
    for name, resource in TEMPLATE["Resources"].items()
]
STACKED = {
    GET_TEMPLATE: {"TemplateBody": json.dumps(TEMPLATE)},
    "cloudformation:ListStackResources": {"StackResourceSummaries": NAMED},
    "cloudformation:DeleteStack": {},
}


STACK_ID = "arn:aws:cloudformation:eu-central-1:111122223333:stack/aitrail/1a2b"


class Deleting(dict):
    """The answers while a stack is deleted: `before` with its name, then, with its id, these statuses or errors."""

    def __init__(self, before, *later):
        super().__init__(STACKED)
        self.answers = iter([before, *later])
        self.others = dict(STACKED)

    def __contains__(self, name):
        return name in self.others or name == "cloudformation:DescribeStacks"

    def __getitem__(self, name):
        if name in self.others:
            return self.others[name]
        answer = next(self.answers)
        return answer if isinstance(answer, dict) else {"Stacks": [{"StackStatus": answer, "StackId": STACK_ID}]}


def failing(code, message="", status=400):
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}


def destroy(target, answers):
    destroying.destroy(target(answers=answers), Context(), sure=True, sleep=lambda _: None)


def test_destroy_says_what_remains_before_it_asks(target, capsys):
    with pytest.raises(StoppedError, match="nothing is changed"):
        destroying.destroy(target(answers=STACKED), Context(), sure=False)

    assert "remain, with all their content:\n  AWS::S3::Bucket  aitrail-Logs\n" in capsys.readouterr().out


def protected(status="CREATE_COMPLETE"):
    stack = {"StackStatus": status, "StackId": STACK_ID, "EnableTerminationProtection": True}
    return STACKED | {"cloudformation:DescribeStacks": {"Stacks": [stack]}}


def test_destroy_names_the_command_that_lets_a_protected_stack_be_deleted(target, monkeypatch):
    called = []
    usual = CloudFormation.call
    monkeypatch.setattr(
        CloudFormation, "call", lambda self, name, **given: called.append(name) or usual(self, name, **given)
    )

    with pytest.raises(StoppedError) as stopped:
        destroy(target, protected())

    assert "Nothing was changed." in str(stopped.value)
    assert str(stopped.value).endswith(
        "  aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name aitrail "
        "--region eu-central-1"
    )
    assert "delete_stack" not in called


DEPLOYED_PROTECTION = {
    "without the setting": ({}, True),
    "with the setting": ({"terminationProtection": "true"}, False),
}


@pytest.mark.parametrize(("given", "is_told"), DEPLOYED_PROTECTION.values(), ids=DEPLOYED_PROTECTION)
def test_deployment_that_turns_a_protection_off_says_so(target, capsys, given, is_told):
    to = target(answers=protected() | {GET_TEMPLATE: {"TemplateBody": json.dumps(DEPLOYED)}})

    run(to, **given)

    assert ("this deployment turns that off" in capsys.readouterr().out) is is_told
    assert verbs(to)[-1] == "deploy"


def test_protection_from_deletion_is_what_the_cdk_deploys(run_app):
    ran, output = run_app({"aitrail:terminationProtection": "true"})

    assert ran.returncode == 0, ran.stderr
    assert artifact(output)["terminationProtection"] is True


def artifact(output):
    return json.loads((output / "manifest.json").read_text())["artifacts"]["aitrail"]["properties"]


def test_destroy_names_a_trail_that_is_kept_and_what_ends_it(target, capsys, synthesize):
    further = {"dataEvents": "lex", "networkActivityEvents": "transcribe,personalize", "logStorageClass": "GLACIER"}
    template = synthesize({"aitrail:keepTrail": "true"} | {f"aitrail:{key}": value for key, value in further.items()})
    resources = [
        {"LogicalResourceId": name, "ResourceType": each["Type"], "PhysicalResourceId": f"physical-{name}"}
        for name, each in json.loads(template.text)["Resources"].items()
    ]
    answers = Deleting("CREATE_COMPLETE", "DELETE_COMPLETE")
    answers.others |= {
        GET_TEMPLATE: {"TemplateBody": template.text},
        "cloudformation:ListStackResources": {"StackResourceSummaries": resources},
    }

    destroy(target, answers)

    told = capsys.readouterr().out
    assert "  AWS::CloudTrail::Trail  physical-Trail" in told.partition("Deleting ...")[0]
    assert "aws cloudtrail delete-trail --name TRAIL" in told
    assert "adopt the tables (aitrail:eventsTable, aitrail:filesTable)" in told


def test_destroy_deletes_the_stack_and_waits_until_it_is_gone(target, capsys):
    slept = []
    answers = Deleting("CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE")

    destroying.destroy(target(answers=answers), Context(), sure=True, sleep=slept.append)

    assert "Deleted." in capsys.readouterr().out
    assert len(slept) == 2


def test_stack_that_cannot_be_deleted_is_named_with_its_status(target):
    with pytest.raises(StoppedError, match="was not deleted: its status is DELETE_FAILED"):
        destroy(target, Deleting("CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_FAILED"))


GONE = failing("ValidationError", f"Stack with id {STACK_ID} does not exist")
DELETIONS = {
    "the status before is still answered": ["CREATE_COMPLETE", "CREATE_COMPLETE", "DELETE_IN_PROGRESS", GONE],
    "an earlier deletion failed": ["DELETE_FAILED", "DELETE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"],
    "CloudFormation is busy": ["CREATE_COMPLETE", *[failing("Throttling", "Rate exceeded")] * 3, "DELETE_COMPLETE"],
    "a server fails": ["CREATE_COMPLETE", *[failing("InternalFailure", status=500)] * 3, "DELETE_COMPLETE"],
}


@pytest.mark.parametrize("answers", DELETIONS.values(), ids=DELETIONS)
def test_destroy_waits_whatever_is_answered_before_the_stack_is_gone(target, capsys, answers):
    destroy(target, Deleting(*answers))

    assert "Deleted." in capsys.readouterr().out


def test_destroy_follows_the_stack_that_it_deletes_and_no_other_of_the_name(target, monkeypatch):
    named = []
    usual = CloudFormation.call

    def call(self, operation, **parameters):
        named.append((operation, parameters["StackName"]))
        return usual(self, operation, **parameters)

    monkeypatch.setattr(CloudFormation, "call", call)

    destroy(target, Deleting("CREATE_COMPLETE", "DELETE_IN_PROGRESS", GONE))

    assert named[-3:] == [("delete_stack", STACK_ID), ("describe_stacks", STACK_ID), ("describe_stacks", STACK_ID)]


def test_only_a_stack_that_does_not_exist_counts_as_deleted(target):
    invalid = failing("ValidationError", "1 validation error detected")

    with pytest.raises(StoppedError, match=r"could not be followed to its end: .*1 validation error"):
        destroy(target, Deleting("CREATE_COMPLETE", invalid))


def test_stack_whose_deletion_never_begins_is_not_waited_for_in_vain(target):
    with pytest.raises(StoppedError, match="was not deleted: its status is CREATE_COMPLETE"):
        destroy(target, Deleting(*["CREATE_COMPLETE"] * 30))


def test_destroy_of_what_is_not_there_says_so(target):
    with pytest.raises(StoppedError, match=r"There is no stack other in eu-central-1\."):
        destroying.destroy(target(), Context(given={"aitrail:stackName": "other"}), sure=True)


def test_destroy_goes_on_where_the_resources_may_not_be_listed(target, capsys):
    answers = {name: answer for name, answer in STACKED.items() if not name.endswith("ListStackResources")}
    refused = ("cloudformation:ListStackResources",)
    to = target(answers=answers, refused=refused, synthesized=assembly(role=None))

    with pytest.raises(StoppedError, match="nothing is changed"):
        destroying.destroy(to, Context(), sure=False)

    assert "  AWS::S3::Bucket  (Logs)\n" in capsys.readouterr().out


OF_ANOTHER_FORM = {
    "YAML": {"TemplateBody": "Resources:\n  Logs:\n    Type: AWS::S3::Bucket\n"},
    "no body": {},
    "no resources": {"TemplateBody": "{}"},
    "null": {"TemplateBody": '{"Resources": null}'},
    "null for a resource": {"TemplateBody": '{"Resources": {"Logs": null}}'},
}


@pytest.mark.parametrize("answer", OF_ANOTHER_FORM.values(), ids=OF_ANOTHER_FORM)
def test_destroy_says_that_it_cannot_tell_what_remains(target, capsys, answer):
    with pytest.raises(StoppedError, match="nothing is changed"):
        destroying.destroy(target(answers=STACKED | {GET_TEMPLATE: answer}), Context(), sure=False)

    assert "Could not check what remains: " in (told := capsys.readouterr().out)
    assert "  the log bucket, with its policy" in told


def test_destroy_names_resources_that_were_not_created(target, capsys):
    resources = [{"LogicalResourceId": "Logs", "ResourceType": "AWS::S3::Bucket"}]
    answers = STACKED | {"cloudformation:ListStackResources": {"StackResourceSummaries": resources}}

    with pytest.raises(StoppedError, match="nothing is changed"):
        destroying.destroy(target(answers=answers), Context(), sure=False)

    assert "  AWS::S3::Bucket  (not created)\n" in capsys.readouterr().out


def test_no_name_in_a_template_controls_the_terminal(target, capsys):
    template = {"Resources": {"Logs\x1b[2J": {"Type": "AWS::S3::Bucket\x9b2J", "DeletionPolicy": "Retain"}}}
    answers = {GET_TEMPLATE: {"TemplateBody": json.dumps(template)}}
    to = target(answers=answers, refused=("cloudformation:ListStackResources",), synthesized=assembly(role=None))

    with pytest.raises(StoppedError, match="nothing is changed"):
        destroying.destroy(to, Context(), sure=False)

    assert r"  AWS::S3::Bucket\x9b2J  (Logs\x1b[2J)" in capsys.readouterr().out


def test_policy_of_the_log_bucket_stays_with_the_bucket(default, chosen):
    for template in (default, chosen):
        policy = template.resources["LogsBucketPolicy"]
        assert (policy["DeletionPolicy"], policy["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(
    ("region", "told"), [("eu central", "Name a Region such as eu-central-1"), ("eu-central-1", "does not accept")]
)
def test_region_and_credentials_are_told_apart(monkeypatch, capsys, region, told):
    def refuse(_self, operation, _parameters):
        raise ClientError({"Error": {"Code": "InvalidClientTokenId", "Message": "invalid"}}, operation)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)

    assert deploy.main(["deploy", "--region", region]) == 1

    assert told in capsys.readouterr().err


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(
    ("region", "usual"),
    [
        ("ap-east-1", "us-east-1"),
        ("us-gov-east-1", "us-gov-west-1"),
        ("cn-north-1", "cn-northwest-1"),
        ("us-isof-east-1", "us-isof-south-1"),
        ("eusc-de-north-1", "eusc-de-east-1"),
    ],
)
def test_region_that_the_account_has_not_enabled_is_named(monkeypatch, capsys, region, usual):
    def refuse(self, operation, _):
        if self.meta.region_name != usual:
            raise ClientError({"Error": {"Code": "InvalidClientTokenId", "Message": "invalid"}}, operation)
        return {"Account": "111122223333", "Arn": "arn"}

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)

    assert deploy.main(["deploy", "--region", region]) == 1

    assert f"not in {region}: the account has not enabled this Region" in capsys.readouterr().err


@pytest.mark.usefixtures("session")
def test_region_that_botocore_cannot_place_is_not_a_failure_of_another_kind(monkeypatch, capsys):
    def refuse(_self, operation, _parameters):
        raise ClientError({"Error": {"Code": "InvalidClientTokenId", "Message": "invalid"}}, operation)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)

    assert deploy.main(["deploy", "--region", "zz-north-1"]) == 1

    assert "AWS does not accept the credentials" in capsys.readouterr().err


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
    monkeypatch.setattr(RealTarget, "of", lambda *_: pytest.fail("AWS was asked"))

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
    told = capsys.readouterr().err
    assert told.startswith("usage: make {deploy,destroy} [PROFILE=NAME]")
    assert f"unknown argument {arguments[1]}" in told


def test_account_of_the_bucket_is_another_one(target):
    with pytest.raises(StoppedError, match="aitrail:logBucketAccount is the stack's own account"):
        run(target(), logBucket="central-logs", logBucketAccount="111122223333")


@pytest.mark.usefixtures("prepared")
def test_conflicts_come_first_are_called_so_and_stop_even_who_does_not_want_to_be_asked(target, capsys):
    trails = [trail(f"own-{each}") for each in range(5)]

    to = target(answers={"cloudtrail:DescribeTrails": {"trailList": trails}})
    with pytest.raises(StoppedError, match=r"Nothing was changed.*ARGS=--ignore-conflicts"):
        run(to, sure=True)

    assert verbs(to) == ["synth", "diff"]
    told = capsys.readouterr().out
    assert "Conflict: There are 5 trails" in told
    assert told.index("Conflict: ") < told.index("There is no other multi-Region trail.")


OF_PARTS = ("queuesKmsKey", "tablesKmsKey", "logGroupKmsKey")


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ({"bucketKmsKey": "stack"}, 1),
        ({}, 0),
        ({"bucketKmsKey": "stack", "alarmEmail": "ops@example.com"}, 0),
    ],
    ids=["every part", "but one", "but the topic"],
)
def test_key_of_all_parts_that_no_part_has_is_said_to_have_no_effect(target, capsys, others, told):
    run(target(), kmsKey="stack", **dict.fromkeys(OF_PARTS, "stack"), **others)

    assert capsys.readouterr().out.count("aitrail:kmsKey has no effect") == told


@pytest.mark.usefixtures("prepared")
def test_conflicts_can_be_ignored(target, capsys):
    trails = [trail(f"own-{each}") for each in range(5)]
    to = target(answers={"cloudtrail:DescribeTrails": {"trailList": trails}})

    run(to, ignore_conflicts=True)

    assert verbs(to)[-1] == "deploy"
    assert "Conflict: There are 5 trails" in capsys.readouterr().out
