"""`aitrail permissions`: the policy for commands with a stack's own ARNs, or with placeholders."""

import json

import pytest

QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333"
KEYS = ["arn:aws:kms:eu-west-1:111122223333:key/aaaa", "arn:aws:kms:eu-west-1:111122223333:key/bbbb"]
OUTPUTS = {
    "EventsTableName": "example-Events",
    "FilesTableName": "example-Files",
    "LogBucketName": "example-logs",
    "DeliveriesQueueUrl": f"{QUEUE}/example-Queue",
    "BackfillQueueUrl": f"{QUEUE}/example-Backfill",
    "DeadLetterQueueUrl": f"{QUEUE}/example-DeadLetters",
    "RedactionKeyArn": "none",
    "LogKeyArns": "none",
}
OF_STACK = "arn:aws:%s:eu-west-1:111122223333:%s"
TABLE = OF_STACK % ("dynamodb", "table/example-Events")


@pytest.fixture
def stack(stacks, credentials):  # noqa: ARG001 (clients need them)
    """The outputs of the stack `aitrail`."""
    stacks["aitrail"] = dict(OUTPUTS)
    return stacks["aitrail"]


@pytest.fixture
def policy_for(aitrail, stack):  # noqa: ARG001 (the stack is there)
    """The policy for commands, as (action, resource)."""

    def policy_for(*arguments):
        ended = aitrail("permissions", *arguments)
        assert (ended.exit_code, ended.stderr) == (0, "")
        return pairs(ended)

    return policy_for


def pairs(ended):
    policy = json.loads(ended.stdout)
    assert policy["Version"] == "2012-10-17"
    assert all(statement["Effect"] == "Allow" for statement in policy["Statement"])
    return {
        (action, resource)
        for statement in policy["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


def test_policy_has_the_arns_of_the_stack_and_nothing_else(policy_for):
    assert policy_for("events") == {
        ("cloudformation:DescribeStacks", OF_STACK % ("cloudformation", "stack/aitrail/*")),
        ("dynamodb:BatchGetItem", TABLE),
        *(("dynamodb:Query", f"{TABLE}/index/by-{name}") for name in ("service", "principal", "resource")),
    }


def test_queues_are_named_by_the_ends_of_their_urls(policy_for):
    found = {resource for action, resource in policy_for("status") if action == "sqs:GetQueueAttributes"}

    assert found == {OF_STACK % ("sqs", f"example-{name}") for name in ("Queue", "Backfill", "DeadLetters")}


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify --repair"],
        ["verify", "--repair"],
        ["verify --repair --since 7d"],
        ["verify", "--since", "7d", "--repair"],
    ],
)
def test_options_of_a_command_may_be_in_quotation_marks_or_follow_it(policy_for, arguments):
    found = policy_for(*arguments)

    assert ("dynamodb:DeleteItem", TABLE) in found
    assert ("dynamodb:DeleteItem", TABLE) not in policy_for("verify")


def test_several_commands_have_one_policy(policy_for):
    together = policy_for("events", "verify --announce", "backfill", "--wait")

    assert together == policy_for("events") | policy_for("verify --announce") | policy_for("backfill --wait")


def test_all_commands_include_each(policy_for):
    everything = policy_for("--all")

    for command in ("verify --repair --deep", "retry --wait", "import-history", "event --source", "operator"):
        assert policy_for(command) <= everything


def test_readers_may_less_than_operators(policy_for):
    assert policy_for("reader") < policy_for("operator")


def test_keys_are_named_if_the_stack_has_some(policy_for, stack):
    assert not {"kms:Decrypt", "secretsmanager:GetSecretValue"} & {action for action, _ in policy_for("verify")}

    stack |= {"RedactionKeyArn": "arn:aws:secretsmanager:example", "LogKeyArns": ",".join(KEYS)}

    assert policy_for("verify") >= {
        *(("kms:Decrypt", key) for key in KEYS),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:example"),
    }


@pytest.mark.parametrize("command", ["usage --from s3://other/AWSLogs/", "scan s3://other/AWSLogs/"])
def test_buckets_of_log_files_are_those_that_are_named(policy_for, stack, command):
    stack["LogKeyArns"] = ",".join(KEYS)

    assert policy_for(command) == {("s3:GetObject", "arn:aws:s3:::other/*"), ("s3:ListBucket", "arn:aws:s3:::other")}
    assert ("kms:Decrypt", KEYS[0]) in policy_for(command.replace("other", "example-logs"))


def test_policy_allows_the_same_on_several_stacks(policy_for, stacks):
    stacks["other"] = OUTPUTS | {"EventsTableName": "other-Events"}

    found = policy_for("events", "--stack", "aitrail", "--stack", "other")

    assert {resource for action, resource in found if action == "dynamodb:BatchGetItem"} == {
        TABLE,
        TABLE.replace("example", "other"),
    }
    assert policy_for("events") < found


def test_partition_and_account_are_those_of_the_stack(policy_for, stacks):
    stacks.arn = "arn:aws-us-gov:cloudformation:us-gov-west-1:444455556666:stack/{name}/id"

    assert ("dynamodb:BatchGetItem", "arn:aws-us-gov:dynamodb:us-gov-west-1:444455556666:table/example-Events") in (
        policy_for("events")
    )


def test_policy_is_the_same_every_time_and_whatever_the_order(aitrail, stack):  # noqa: ARG001 (the stack is there)
    one, other = (aitrail("permissions", *words).stdout for words in (("status", "events"), ("events", "status")))

    assert one == other
    actions = [statement["Action"] for statement in json.loads(one)["Statement"]]
    assert actions == sorted(actions)


def test_placeholders_take_the_place_of_what_only_the_stack_says(aitrail, stacks):
    ended = aitrail("permissions", "verify", "--placeholders", "--region", "eu-west-1")

    found = {resource for _, resource in pairs(ended)}
    assert ended.exit_code == 0
    assert "arn:${Partition}:cloudformation:eu-west-1:${Account}:stack/aitrail/*" in found
    assert "arn:${Partition}:s3:::${LogBucketName}/*" in found
    assert (
        "Leave out the statement of ${RedactionKeyArn} if the stack is deployed without aitrail:redact." in ended.stderr
    )
    assert stacks.asked == []


def test_optional_keys_are_explained_only_where_they_are(aitrail):
    ended = aitrail("permissions", "events", "--placeholders")

    assert "${EventsTableName}" in ended.stdout
    assert "dynamodb.${Region}.${URLSuffix}" in ended.stdout
    assert "Replace the placeholders" in ended.stderr
    assert ended.stderr.count("Leave out") == 1
    assert "Leave out the statement of ${TablesKmsKeyArn}" in ended.stderr
    assert "Leave out" not in aitrail("permissions", "source", "--placeholders").stderr


WRONG = {
    "nothing": ([], "Name commands, such as: aitrail permissions events 'verify --repair'. Or give --all."),
    "all and one": (["events", "--all"], "Or give --all."),
    "mistyped command": (["evnts"], "No such command 'evnts'. (Did you mean one of: 'event', 'events'?)"),
    "mistyped group": (["raeder"], "No such command 'raeder'. Did you mean 'reader'?"),
    "mistyped second command": (["events", "satus"], "No such command 'satus'. Did you mean 'status'?"),
    "mistyped option": (
        ["verify --repiar"],
        "No such option '--repiar'. (Did you mean one of: '--region', '--repair'?)",
    ),
    "option of another command": (["events", "--repair"], "No such option '--repair'."),
    "option of a group": (["reader", "--wait"], "No such option '--wait'."),
    "value too many": (["verify x"], "`aitrail verify` takes no 'x'."),
    "open quotation marks": (["events '"], "No closing quotation"),
    "option alone": (["--repair"], "No such command '--repair'."),
    "nothing in quotation marks": ([" "], "No such command ' '."),
    "saved question": (["ask"], "`aitrail ask` runs another command: name that one."),
    "no bucket": (["events --from s3://"], "does not name a bucket"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_command_line_ends_with_2_and_says_what_is_valid(aitrail, arguments, message):
    ended = aitrail("permissions", *arguments, "--placeholders")

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in " ".join(ended.stderr.split())


@pytest.mark.parametrize("command", ["cost", "scan folder", "events --from folder"])
def test_commands_that_need_nothing_have_no_policy(aitrail, command, tmp_path):
    (tmp_path / "folder").mkdir()

    ended = aitrail("permissions", command, "--placeholders")

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr == f"Error: {command.split()[0]}: no permissions are needed.\n"


def test_stack_of_an_earlier_version_is_named(aitrail, stack):
    del stack["LogKeyArns"]

    ended = aitrail("permissions", "events")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert "the stack has no output LogKeyArns: an earlier version of aitrail deployed it" in ended.stderr


def test_tab_offers_commands_and_groups(aitrail):
    asked = {"_AITRAIL_COMPLETE": "bash_complete", "COMP_WORDS": "aitrail permissions re", "COMP_CWORD": "2"}

    ended = aitrail(env=asked)

    shown = ["plain,report", "plain,reconcile", "plain,retry", "plain,rejects", "plain,reader"]
    assert ended.stdout.splitlines() == shown


OF_KEYS = {
    f"{part}KmsKeyArn": f"arn:aws:kms:eu-west-1:111122223333:key/{part}" for part in ("Tables", "Bucket", "Queues")
}


def through(policy):
    """The services through which keys may be used, with the actions and the key."""
    return {
        (statement["Condition"]["StringEquals"]["kms:ViaService"], action, key.rpartition("/")[2])
        for statement in policy["Statement"]
        if "Condition" in statement
        for action in statement["Action"]
        for key in statement["Resource"]
    }


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        ("events", [("dynamodb", "kms:Decrypt", "Tables")]),
        ("scan s3://example-logs/AWSLogs/", [("s3", "kms:Decrypt", "Bucket")]),
        ("scan s3://others/AWSLogs/", []),
        (
            "retry",
            [
                ("dynamodb", "kms:Decrypt", "Tables"),
                ("sqs", "kms:Decrypt", "Queues"),
                ("sqs", "kms:GenerateDataKey", "Queues"),
            ],
        ),
        ("retry --dry-run", [("dynamodb", "kms:Decrypt", "Tables"), ("sqs", "kms:Decrypt", "Queues")]),
        ("source", []),
    ],
)
def test_keys_that_encrypt_parts_of_the_stack_are_used_through_their_services(aitrail, stack, command, keys):
    stack |= OF_KEYS

    policy = json.loads(aitrail("permissions", command).stdout)

    assert through(policy) == {(f"{service}.eu-west-1.amazonaws.com", *others) for service, *others in keys}


def test_one_key_for_everything_may_be_used_through_each_service(aitrail, stack):
    stack |= dict.fromkeys(OF_KEYS, OF_KEYS["TablesKmsKeyArn"])

    policy = json.loads(aitrail("permissions", "verify --announce").stdout)

    assert {service.partition(".")[0] for service, *_ in through(policy)} == {"dynamodb", "s3", "sqs"}


def test_stack_without_keys_has_no_statement_about_keys(policy_for, stack):
    assert stack
    assert not [action for action, _ in policy_for("--all") if action in ("kms:Decrypt", "kms:GenerateDataKey")]


def test_bucket_of_a_bill_is_the_one_that_is_named_and_not_that_of_the_stack(policy_for):
    bill = {("s3:GetObject", "arn:aws:s3:::bills/*"), ("s3:ListBucket", "arn:aws:s3:::bills")}

    assert policy_for("usage --bill s3://bills/aitrail") == policy_for("usage") | bill
    assert policy_for("usage --from s3://example-logs/AWSLogs/ --bill s3://bills/aitrail") >= bill


def test_bill_in_a_folder_needs_no_permission_and_no_bill_none_at_all(policy_for, tmp_path):
    assert policy_for(f"usage --bill {tmp_path}") == policy_for("usage")
    assert not any("Bill" in resource for _, resource in policy_for("--all"))


def test_bucket_of_a_bill_has_a_placeholder(aitrail):
    ended = aitrail("permissions", "--all", "--placeholders")

    assert ("s3:GetObject", "arn:${Partition}:s3:::${BillBucketName}/*") in pairs(ended)
    assert "BillBucketName is the bucket of a bill" in ended.stderr
