"""Every command, in a local AWS that enforces policies, does its work with what `aitrail permissions` prints for it."""

import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from aitrail.cli.group import SECTIONS
from aitrail.permissions import GROUPS, OPERATOR, READER
from demo import deployment as deploying
from demo.local_aws import local_aws
from demo.pipeline import Pipeline
from tests.shared.command_runs import NOT_SHOWN, RUNS, WITHOUT, run
from tests.shared.own_deployment import Scene
from tests.shared.people import Person, client_of

READERS = "444455556666"
SETTINGS = {"aitrail:redact": "true", "aitrail:readerAccounts": READERS}
NOTHING = {"Version": "2012-10-17", "Statement": []}
# Of errors, and of what commands say if they go on without a permission.
REFUSALS = ("AccessDenied", "Forbidden", "not authorized", "Allow cloudwatch:GetMetricData", "S3 denies access")


@pytest.fixture(scope="module")
def scene(samples, tmp_path_factory):
    with local_aws(auth=True) as aws:
        assembly = deploying.synthesize(aws, context=deploying.LOCAL_CONTEXT | SETTINGS)
        deploying.bootstrap(aws)
        pipeline = Pipeline(aws, deploying.deploy(aws, assembly))
        pipeline.wait_for({pipeline.put(file.key, file.body) for file in samples.files})
        scene = Scene(pipeline)
        scene.folder = tmp_path_factory.mktemp("commands")
        yield scene


@pytest.fixture(scope="module")
def operator(scene):
    """An IAM user of the deployment's account, whose policy tests replace."""
    return Person(scene.pipeline, "operator", now=datetime(2026, 11, 20, 13, tzinfo=UTC))


def is_refused(words, result):
    # What other commands write to stdout has errors of recorded calls.
    told = result.output if words.startswith(("preflight", "status", "verify")) else result.stderr
    return any(each in told for each in REFUSALS)


def printed(scene, words):
    """The policy that an administrator gets for these commands."""
    return json.loads(scene.pipeline.aitrail("permissions", words.format(bucket=scene.bucket)))


def local(policy):
    """The policy for the local AWS.

    It checks another action for SendMessageBatch, where AWS checks sqs:SendMessage, and does not find out that
    StartMessageMoveTask is about a queue (Amazon SQS Developer Guide, Amazon SQS API permissions), nor that
    SimulatePrincipalPolicy is about a user or a role (service authorization reference, IAM).
    """
    further = {
        "sqs:SendMessage": lambda resource: ("sqs:SendMessageBatch", resource),
        "sqs:StartMessageMoveTask": lambda _: ("sqs:StartMessageMoveTask", "*"),
        "iam:SimulatePrincipalPolicy": lambda _: ("iam:SimulatePrincipalPolicy", "*"),
    }
    more = [further[action](resource) for action, resource in pairs(policy) if action in further]
    return {**policy, "Statement": policy["Statement"] + [allowing(*each) for each in more]}


def pairs(policy):
    return [
        (action, resource)
        for statement in policy["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    ]


def allowing(action, resource):
    return {"Effect": "Allow", "Action": [action], "Resource": [resource]}


def without(policy, left_out):
    """A policy without an action on a resource."""
    return {**policy, "Statement": [allowing(*each) for each in pairs(policy) if each != left_out]}


@pytest.mark.parametrize("words", RUNS)
def test_command_does_its_work_with_exactly_what_is_printed_for_it(scene, operator, words):
    operator.may(local(printed(scene, words)))

    for use in RUNS[words]:
        result = use(scene, operator)

        assert not is_refused(words, result), result.stderr
        assert result.exit_code in (0, 4, 130), result.stderr


@pytest.mark.parametrize("words", RUNS)
def test_command_is_refused_without_any_of_what_is_printed_for_it(scene, operator, words):
    """What a command needs without options is shown by itself."""
    policy, unnoticed = printed(scene, words), set()
    command = words.split()[0]
    shown = pairs(printed(scene, command)) if command != words and command in RUNS else []

    for action, resource in set(pairs(policy)).difference(shown):
        operator.may(local(without(policy, (action, resource))))
        if not any(is_refused(words, use(scene, operator)) for use in RUNS[words]):
            unnoticed.add(action)

    assert unnoticed == NOT_SHOWN.get(words, set())


def test_every_command_is_tried():
    tried = {words.split()[0] for words in (*RUNS, *WITHOUT)}

    # `ask` runs another command.
    assert tried | {"ask"} == {name for commands in SECTIONS.values() for name in commands}


@pytest.mark.parametrize("line", WITHOUT)
def test_command_that_needs_no_permission_does_its_work_without_any(scene, operator, line):
    operator.may(NOTHING)

    assert run(line)(scene, operator).exit_code == 0


def test_saved_question_needs_what_its_command_needs(scene, operator):
    (scene.folder / "config.toml").write_text("[questions.all]\ncommand = 'events --since 2d'\n")
    ask = run("--config {folder}/config.toml ask all")

    operator.may(printed(scene, "events"))
    assert ask(scene, operator).exit_code == 0
    operator.may(printed(scene, "status"))
    assert is_refused("ask", ask(scene, operator))


# Groups -> the output with the ARN of their policy, and the commands of RUNS that it is for.
OF_GROUPS = {
    READER: (
        "ReaderPolicyArn",
        (
            *("events", "event", "usage", "running", "who", "what", "tail", "export", "completion"),
            "report --without-proof",
        ),
    ),
    OPERATOR: (
        "OperatorPolicyArn",
        (
            *("events", "event", "usage", "running", "who", "what", "tail", "export", "completion"),
            *("reconcile", "usage --metrics", "running --metrics", "event --source", "report", "status"),
            *("events --from s3://{bucket}/AWSLogs/", "verify", "verify --announce", "retry --wait", "backfill --wait"),
            *("retry s3://{bucket}/KEY", "rejects --retry", "accept"),
        ),
    ),
}


@pytest.fixture
def attached(scene, operator):
    """Attaches a policy of the stack to the operator."""
    iam, attached = scene.pipeline.aws.client("iam"), []

    def attach(output):
        operator.may(NOTHING)
        attached.append(scene.outputs[output])
        iam.attach_user_policy(UserName=operator.name, PolicyArn=scene.outputs[output])

    yield attach
    for each in attached:
        iam.detach_user_policy(UserName=operator.name, PolicyArn=each)


@pytest.mark.parametrize("group", GROUPS)
def test_commands_of_a_group_do_their_work_with_its_policy_in_the_stack(scene, operator, attached, group):
    output, lines = OF_GROUPS[group]
    attached(output)
    more = [allowing("sqs:SendMessageBatch", "*"), allowing("sqs:StartMessageMoveTask", "*")]  # see `local`
    operator.may({**NOTHING, "Statement": more if group == OPERATOR else []})

    refused = {words for words in lines for use in RUNS[words] if is_refused(words, use(scene, operator))}

    assert refused == set()


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        ("ReaderPolicyArn", ["event --source", "status", "verify", "rejects", "retry", "backfill --dry-run", "accept"]),
        ("OperatorPolicyArn", ["verify --repair", "import-history"]),
    ],
)
def test_other_commands_are_refused_with_the_policy_of_a_group(scene, operator, attached, output, lines):
    attached(output)

    refused = [words for words in lines if any(is_refused(words, use(scene, operator)) for use in RUNS[words])]

    assert refused == lines


def test_policy_in_the_stack_is_the_one_that_is_printed(scene):
    iam = scene.pipeline.aws.client("iam")

    for group, (output, _) in OF_GROUPS.items():
        arn = scene.outputs[output]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        assert sorted(pairs(as_lists(document))) == sorted(pairs(printed(scene, group)))


def as_lists(document):
    document = json.loads(document) if isinstance(document, str) else document
    for statement in document["Statement"]:
        for name in ("Action", "Resource"):
            statement[name] = [statement[name]] if isinstance(statement[name], str) else statement[name]
    return document


def assumed(scene, person):
    """Assumes the role for readers, as `role_arn` in a profile does; returns its credentials."""
    sts = client_of(scene.pipeline, "sts", key=person.key["AccessKeyId"], secret=person.key["SecretAccessKey"])
    return sts.assume_role(RoleArn=scene.outputs["ReaderRoleArn"], RoleSessionName="reader")["Credentials"]


def test_user_of_another_account_asks_with_a_profile_for_the_role(scene, tmp_path):
    person = Person(scene.pipeline, "carol", now=datetime(2026, 11, 20, 13, tzinfo=UTC), account=READERS)
    person.may({**NOTHING, "Statement": [allowing("sts:AssumeRole", scene.outputs["ReaderRoleArn"])]})
    profile = f"[profile reader]\nrole_arn = {scene.outputs['ReaderRoleArn']}\nsource_profile = own\n"
    own = f"[profile own]\naws_access_key_id = {person.key['AccessKeyId']}\n"
    own += f"aws_secret_access_key = {person.key['SecretAccessKey']}\n"
    (tmp_path / "config").write_text(profile + own)
    person.variables = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_ACCESS_KEY_ID": None}

    asked = person.aitrail("events", "--since", "2d", "--profile", "reader", "-o", "jsonl")
    status = person.aitrail("status", "--profile", "reader")

    rows = {row["eventID"] for row in scene.pipeline.rows() if "2026-11-18T13" <= row["eventTime"] < "2026-11-20T13"}
    assert (asked.exit_code, {json.loads(line)["eventID"] for line in asked.stdout.splitlines()}) == (0, rows)
    assert is_refused("status", status)


@pytest.mark.parametrize("account", [None, "555566667777"], ids=["the stack's own account", "an account without a say"])
def test_users_of_other_accounts_do_not_become_readers(scene, account):
    person = Person(scene.pipeline, f"mallory-{account}", now=datetime.now(UTC), account=account)
    person.may({**NOTHING, "Statement": [allowing("sts:AssumeRole", "*")]})

    with pytest.raises(ClientError, match="AccessDenied"):
        assumed(scene, person)
