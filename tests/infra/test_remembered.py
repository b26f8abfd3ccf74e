"""What a deployed stack remembers of its settings is kept, or its loss is told before anything is deployed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import remembered
from infra.cloudformation import CloudFormation, UnreadableAnswerError
from infra.remembered import METADATA
from infra.settings import SETTINGS, Settings
from infra.target import StoppedError
from tests.infra.conftest import assembly, run

GET_TEMPLATE = "cloudformation:GetTemplate"
DESCRIBE = "cloudformation:DescribeStacks"
COMPLETE = remembered.to_remember(Settings(row_retention_days=400))
KEYS = sorted(COMPLETE)
# Clears the screen, in one character for terminals that read eight bits, and a text from right to left.
HOSTILE = "\x1b[2J\x9b2J\u202e"


def deployed(settings, status=None):
    answers = {GET_TEMPLATE: {"TemplateBody": json.dumps({"Resources": {}, "Metadata": {METADATA: settings}})}}
    return answers | ({DESCRIBE: {"Stacks": [{"StackStatus": status}]}} if status else {})


def without(key):
    return {name: value for name, value in COMPLETE.items() if name != key}


LOSSES = {
    "nothing": ({}, "It remembers no setting"),
    "an unknown setting": (COMPLETE | {"aitrail:x": "1"}, "the setting aitrail:x, which this version does not know"),
    "an invalid value": (COMPLETE | {"aitrail:trail": "maybe"}, "It has maybe for aitrail:trail, which is not valid"),
    "a list of nulls": (COMPLETE | {"aitrail:accounts": [None]}, r"It has \[null\] for aitrail:accounts"),
}


@pytest.mark.parametrize(("settings", "told"), LOSSES.values(), ids=LOSSES)
def test_what_would_be_lost_is_named_and_stops_unless_somebody_confirms(target, capsys, settings, told):
    to = target(answers=deployed(settings))

    with pytest.raises(StoppedError, match=f"{told}.*CONFIRM=1"):
        run(to)
    assert [command.partition(" ")[0] for command in to.commands] == ["synth"]

    run(to, allow_unreadable=True)
    assert to.commands[-1].startswith("deploy")
    assert told.replace("\\", "") in capsys.readouterr().out


def test_setting_that_is_new_since_the_stack_was_deployed_is_told_and_needs_no_confirmation(target, capsys):
    to = target(answers=deployed(without("aitrail:accounts")))

    run(to)

    assert to.commands[-1].startswith("deploy")
    assert "New since the stack was deployed: aitrail:accounts, of which the defaults apply." in capsys.readouterr().out


def test_what_is_given_now_cannot_be_lost(target):
    lacking = {name: value for name, value in COMPLETE.items() if name != "aitrail:accounts"}
    to = target(answers=deployed(lacking | {"aitrail:trail": "maybe"}))

    run(to, accounts="none", trail="true")

    assert to.commands[-1].startswith("deploy")


def test_invalid_values_are_not_kept_but_the_others_are(target):
    to = target(answers=deployed(COMPLETE | {"aitrail:trail": "maybe"}))

    run(to, allow_unreadable=True)

    assert [command for command in to.commands if command.startswith("synth")] == [
        "synth",
        "synth --context aitrail:rowRetentionDays=400",
    ]


@pytest.mark.parametrize("spelling", ["TRUE", "true", True])
def test_other_spellings_of_the_same_value_are_neither_kept_nor_changed(target, capsys, spelling):
    protection = {"aitrail:deletionProtection": spelling}
    to = target(answers=deployed(without("aitrail:deletionProtection") | protection))

    run(to, rowRetentionDays="0400")

    told = capsys.readouterr().out
    assert "Kept" not in told
    assert "Changed" not in told


@given(
    settings=st.dictionaries(
        st.sampled_from(KEYS) | st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())
    ),
    names=st.sets(st.sampled_from(KEYS)),
)
def test_every_setting_is_valid_or_told(settings, names):
    before = remembered.settings_in({"Metadata": {METADATA: COMPLETE | settings}})

    told = " ".join(before.losses(names))

    assert told.isprintable()
    assert set(KEYS) <= {*before.values, *before.invalid}
    assert all(key in told for key in set(before.invalid) - names)
    assert all(f"the setting {key}, which" in told for key in before.unknown if key.isprintable() and key.isascii())
    for key, value in before.kept(names).items():
        setting = next(each for each in SETTINGS if each.key == key)
        assert setting.value.parse(value) == before.values[key]


@pytest.mark.parametrize("key", [*KEYS, f"aitrail:{HOSTILE}"])
def test_no_value_controls_the_terminal(target, capsys, key):
    to = target(answers=deployed(COMPLETE | {key: f"{HOSTILE}.json"}))

    with pytest.raises(StoppedError) as stopped:
        run(to)
    run(to, allow_unreadable=True)

    told = str(stopped.value) + capsys.readouterr().out
    assert not set(HOSTILE) & set(told) - set("[2J")


def test_a_file_name_that_is_kept_is_shown_without_what_reorders_it(target, capsys):
    to = target(answers=deployed(COMPLETE | {"aitrail:publicKeys": "\u202enosj.json"}))

    run(to)

    assert r"aitrail:publicKeys=\u202enosj.json (to change it" in capsys.readouterr().out


NEVER = ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "ROLLBACK_IN_PROGRESS", "CREATE_FAILED", "REVIEW_IN_PROGRESS"]


@pytest.mark.parametrize("status", NEVER)
def test_settings_of_a_stack_that_was_never_completed_are_not_kept(target, capsys, status):
    to = target(answers=deployed(COMPLETE, status))

    run(to)

    told = capsys.readouterr().out
    assert f"was never completed (its status is {status})" in told
    assert "Kept" not in told
    assert to.commands[0] == "synth"


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED", None])
def test_settings_of_any_other_stack_are_kept(target, capsys, status):
    refused = () if status else (DESCRIBE,)

    run(target(answers=deployed(COMPLETE, status), refused=refused, synthesized=assembly(role=None)))

    assert "Kept, as in the deployed stack: aitrail:rowRetentionDays=400" in capsys.readouterr().out


UNREADABLE = {
    "YAML": {"TemplateBody": "Resources:\n  Logs:\n    Type: AWS::S3::Bucket\n"},
    "a list": {"TemplateBody": "[]"},
    "too deep": {"TemplateBody": "[" * 100_000},
    "no body": {},
    "no metadata": {"TemplateBody": '{"Metadata": null}'},
    "a list of metadata": {"TemplateBody": '{"Metadata": []}'},
    "a list of settings": {"TemplateBody": json.dumps({"Metadata": {METADATA: []}})},
}


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
def test_a_template_of_any_form_is_read_or_called_unreadable(target, answer):
    with pytest.raises(StoppedError, match=r"settings of the stack aitrail cannot be read: .*CONFIRM=1"):
        run(target(answers={GET_TEMPLATE: answer}))


@pytest.mark.parametrize("answer", [{}, {"Stacks": []}, {"Stacks": [{}]}], ids=str)
def test_a_status_that_is_not_answered_is_unknown(target, answer):
    to = target(answers={DESCRIBE: answer})

    with pytest.raises(UnreadableAnswerError):
        CloudFormation(to, assembly).described("aitrail")
    run(to)

    assert to.commands[-1].startswith("deploy")


def test_an_error_that_is_not_about_the_name_is_not_taken_for_no_stack(target):
    error = {"Error": {"Code": "ValidationError", "Message": "1 validation error detected"}}

    with pytest.raises(StoppedError, match=r"cannot be read: .*1 validation error detected"):
        run(target(answers={GET_TEMPLATE: error}))


def test_every_setting_changes_a_resource_for_without_one_nothing_is_remembered(default, chosen):
    described = [each.properties("IngestFunction")["Description"] for each in (default, chosen)]

    assert described[0] != described[1]
    assert all(len(each) <= 256 for each in described)  # Lambda's limit
    assert described[0].endswith(f"Settings: {remembered.mark(Settings())}.")


@pytest.mark.parametrize("key", KEYS)
def test_the_mark_differs_with_every_setting(key):
    other = {
        "aitrail:trail": "false",
        "aitrail:deletionProtection": "false",
        "aitrail:redact": "true",
        "aitrail:keepTrail": "true",
        "aitrail:terminationProtection": "true",
        "aitrail:dataEvents": "lex",
        "aitrail:tags": "team=audio",
        "aitrail:networkActivityEvents": "personalize",
        "aitrail:eventsTable": "rows",
        "aitrail:filesTable": "files",
        "aitrail:eventsTableClass": "STANDARD",
        "aitrail:filesTableClass": "STANDARD",
        "aitrail:logStorageClass": "GLACIER_IR",
        "aitrail:kmsKey": "stack",
        "aitrail:bucketKmsKey": "stack",
        "aitrail:queuesKmsKey": "stack",
        "aitrail:tablesKmsKey": "stack",
        "aitrail:logGroupKmsKey": "stack",
        "aitrail:logLevel": "ERROR",
        "aitrail:functionLogRetentionDays": "7",
        "aitrail:memoryMegabytes": "2048",
        "aitrail:architecture": "x86_64",
        "aitrail:tracing": "false",
        "aitrail:platform": "host",
        "aitrail:publicKeys": "keys.json",
        "aitrail:keyPrefixes": "team/",
        "aitrail:logBucket": "central-logs",
        "aitrail:logBucketAccount": "444455556666",
        "aitrail:announcedBy": "eventbridge",
        "aitrail:accounts": "111122223333",
        "aitrail:readerAccounts": "444455556666",
        "aitrail:trailArns": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit",
        "aitrail:breakGlassRoleArn": "arn:aws:iam::111122223333:role/on-call",
        "aitrail:originalBucket": "organization-trail-logs",
        "aitrail:replicationRoleArn": "arn:aws:iam::444455556666:role/replicate-logs",
        "aitrail:logKeyArns": "arn:aws:kms:eu-west-1:111122223333:key/aaaa",
        "aitrail:alarmTopicArn": "arn:aws:sns:eu-west-1:111122223333:on-call",
        "aitrail:alarmEmail": "on-call@example.com",
        "aitrail:alarms": "false",
        "aitrail:dashboard": "true",
    }
    with_bucket = {"aitrail:logBucketAccount", "aitrail:announcedBy"}
    context = {"aitrail:logBucket": "central-logs"} if key in with_bucket else {}
    assert remembered.mark(Settings.of(context | {key: other.get(key, "7")})) != remembered.mark(Settings.of(context))


def test_stack_of_a_version_without_existing_buckets_has_a_bucket_of_its_own(target):
    to = target(answers=deployed(without("aitrail:logBucket")))

    with pytest.raises(StoppedError, match="aitrail:logBucket is chosen at the first deployment: it is none"):
        run(to, logBucket="central-logs")


@pytest.mark.parametrize("key", ["eventsTable", "filesTable"])
def test_tables_of_a_deployed_stack_are_not_exchanged(target, key):
    own, adopted = COMPLETE, COMPLETE | {f"aitrail:{key}": "restored"}

    with pytest.raises(StoppedError, match=rf"aitrail:{key} is chosen at the first .* For another table, deploy"):
        run(target(answers=deployed(own)), **{key: "restored"})
    with pytest.raises(StoppedError, match=rf"aitrail:{key} is chosen at the first deployment: it is restored, and"):
        run(target(answers=deployed(adopted)), **{key: "none"})


def test_log_bucket_of_a_deployed_stack_is_not_changed(target):
    of_others = remembered.to_remember(Settings(log_bucket="central-logs"))
    to = target(answers=deployed(of_others))

    with pytest.raises(StoppedError, match=r"aitrail:logBucket is chosen at the first deployment: it is central-logs"):
        run(to, logBucket="none")

    run(to, ignore_conflicts=True)
    assert any("--context aitrail:logBucket=central-logs" in each for each in to.commands)
