"""--service-files: all commands that need a registry have the same one, and tell of a function with another one."""

import json

import pytest

from aitrail.rows import recorded_with, row_of
from aitrail.services import load
from tests.shared.deployed_stack import key

BEDROCK = """
title = "Amazon Bedrock"
event_sources = ["bedrock.amazonaws.com"]
resource = [{ kind = "model", parameters = ["modelId"] }]
api_versions = [{ version = "v9", operations = ["Converse"] }]
[usage.counts]
inputTokenCount = ["additionalEventData.inputTokens"]
[usage.labels]
inferenceRegion = ["additionalEventData.inferenceRegion"]
[[usage.amounts]]
name = "inputTokens"
count = "inputTokenCount"
operations = ["Converse"]
metric = "AWS/Bedrock, InputTokenCount"
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "our services"
    folder.mkdir()
    (folder / "bedrock.toml").write_text(BEDROCK)
    return folder


@pytest.fixture
def converse(record):
    def converse(number, tokens=None, **changes):
        additional = {"inferenceRegion": "eu-north-1"} | ({} if tokens is None else {"inputTokens": tokens})
        fields = {"eventSource": "bedrock.amazonaws.com", "eventName": "Converse", "responseElements": None}
        fields |= {"requestParameters": {"modelId": "nova"}, "additionalEventData": additional}
        return record(number, **fields | changes)

    return converse


@pytest.fixture
def logs(log_file, record, converse):
    denied = {"errorCode": "AccessDenied", "additionalEventData": {"inputTokens": 1000}}
    calls = [converse(1, 40), converse(2, 2), converse(3), converse(4, **denied), converse(5, 7, eventName="GetX")]
    return log_file("logs/1.json", record(0), *calls)


def answer(aitrail, *arguments):
    ended = aitrail(*arguments, "-o", "json")
    assert ended.exit_code == 0, ended.stderr
    return json.loads(ended.stdout), ended.stderr


def test_usage_adds_up_the_amounts_of_a_service_file_and_says_what_it_does_not_know(aitrail, folder, logs):
    options = ("--service-files", folder, "--from", logs)

    groups, said = answer(aitrail, "usage", "--by", "service", "--sort", "inputTokens", *options)

    assert [(each["service"], each["calls"], each["inputTokens"], each["unmeasured"]) for each in groups] == [
        ("bedrock", 5, 42, 1),
        ("polly", 1, 0, 0),
    ]
    assert said == (
        "The records of 1 successful call do not say how many inputTokens there were: inputTokens is at least what is "
        "shown. CloudWatch has totals (AWS/Bedrock, InputTokenCount).\n"
    )
    csv = aitrail("usage", "--by", "service", *options, "-o", "csv").stdout
    assert csv.splitlines()[0] == "service,calls,errors,denied,characters,inputTokens,streamSeconds,unmeasured"


def test_every_option_knows_the_services_of_the_folder(aitrail, folder, logs):
    options = ("--service-files", folder, "--from", logs)

    by_label, _ = answer(aitrail, "usage", "--by", "inferenceRegion", "--measure", "inputTokens", *options)
    events, _ = answer(aitrail, "events", "--service", "bedrock", "--api-version", "v9", *options)
    labelled, _ = answer(aitrail, "events", "--label", "inputTokenCount=40", *options)
    who, _ = answer(aitrail, "who", "model/nova", *options)
    arn = "arn:aws:bedrock:eu-west-1:111122223333:model/nova"
    by_arn, _ = answer(aitrail, "events", "--resource", arn, *options)

    assert {each["inferenceRegion"]: each["inputTokens"] for each in by_label} == {"eu-north-1": 42, None: 0}
    assert len(events) == 4
    assert [row["usage"]["inputTokenCount"] for row in labelled] == [40]
    assert len(who) == len(by_arn) == 5


def test_what_the_folder_defines_is_unknown_without_it(aitrail, logs):
    for arguments in (
        ("events", "--service", "bedrock"),
        ("usage", "--by", "inferenceRegion"),
        ("usage", "--measure", "inputTokens"),
        ("events", "--api-version", "v9"),
    ):
        ended = aitrail(*arguments, "--from", logs)
        assert (ended.exit_code, ended.stdout) == (2, ""), arguments


def test_answers_with_and_without_the_folder_are_never_taken_for_each_other(
    aitrail, folder, logs, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # where answers are kept
    without, with_folder = ("--from", logs), ("--from", logs, "--service-files", folder)

    asked = [answer(aitrail, "usage", "--by", "service", *where)[0] for where in (without, with_folder) * 2]

    assert [[each["service"] for each in groups] for groups in asked] == [["polly"], ["bedrock", "polly"]] * 2


def test_amounts_can_be_compared(aitrail, folder, log_file, converse):
    days = [converse(number, number, eventTime=f"2026-03-{13 + number}T00:00:00Z") for number in (1, 2)]
    logs = log_file("logs/1.json", *days)

    found, _ = answer(
        aitrail,
        *("usage", "--by", "service", "--measure", "inputTokens", "--compare", "previous", "--during", "2026-03-15"),
        *("--service-files", folder, "--from", logs),
    )

    assert [(each["inputTokens"], each["inputTokensBefore"], each["difference"]) for each in found] == [(2, 1, 1)]


def test_rows_of_a_table_are_found_by_a_service_of_the_folder(aitrail, folder, table, converse):
    row = row_of(converse(1, 40), log_file="s3://b/k", record_index=0, registry=load(folder))
    table.write([row], time_left=lambda: 60.0)
    options = ("--since", "2026-03-14", "--until", "2026-03-15")

    found, said = answer(aitrail, "events", *options, "--service-files", folder)
    without, _ = answer(aitrail, "events", *options)

    assert [each["service"] for each in found] == ["bedrock"]
    assert without == []  # the query is by service
    assert "other service files" not in said


@pytest.mark.parametrize("command", [("events", "--since", "1d"), ("status",), ("backfill", "--since", "1d")])
def test_a_function_with_other_service_files_is_mentioned(aitrail, folder, deployed, stacks, command):  # noqa: ARG001
    stacks["aitrail"]["RegistryFingerprint"] = load(folder).fingerprint

    with_others, alike = aitrail(*command), aitrail(*command, "--service-files", folder)

    said = [line for line in with_others.stderr.splitlines() if "other service files" in line]
    assert len(said) == 1
    assert f"({load(folder).fingerprint}) than this command has ({load().fingerprint})" in said[0]
    assert "--service-files" in said[0]
    assert "other service files" not in alike.stderr


def test_backfill_finds_what_was_read_with_other_service_files(aitrail, folder, deployed):
    deployed.put(key(0), key(1))
    deployed.record(key(0))
    deployed.record(key(1), recorded_with=recorded_with(load(folder)))

    ended = aitrail("backfill", "--since", "2026-03-14", "--service-files", folder, "-o", "csv")

    assert ended.stdout.splitlines()[1:] == ["outdated,1,7,1", "done,1,7,0"]
    assert deployed.announced() == [key(0)]
