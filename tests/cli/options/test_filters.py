"""Every option that filters calls."""

import json
from types import SimpleNamespace

import pytest

from aitrail.cli.group import cli
from aitrail.questions import Conditions


@pytest.fixture
def named(records, log_file):
    """A log file of calls that differ in the filtered attributes, and their names by eventID."""
    polly = records["polly-by-role"]
    calls = records | {
        "throttled": polly | {"errorCode": "ThrottlingException"},
        "invalid": polly | {"errorCode": "ValidationException"},
        "elsewhere": polly | {"awsRegion": "us-east-1", "recipientAccountId": "444455556666"},
        "through an endpoint": polly | {"eventCategory": "NetworkActivity", "sourceIPAddress": "2001:db8::9"},
        "of a partner": polly | {"userIdentity": polly["userIdentity"] | {"accountId": "444455556666"}},
        "by a service": polly | {"sourceIPAddress": "lex.amazonaws.com"},
        "on behalf": polly | {"userIdentity": polly["userIdentity"] | {"invokedBy": "lex.amazonaws.com"}},
        "by an SDK": polly | {"userAgent": "Boto3/1.34.2 lang/python#3.8"},
        "with a voice": polly | {"requestParameters": {"engine": "neural", "voiceId": "Hans", "languageCode": "de-DE"}},
        "old": {name: value for name, value in polly.items() if name not in ("readOnly", "eventCategory")},
    }
    calls = {
        name: call | {"eventID": f"{number:08x}-0000-4000-8000-000000000000"}
        for number, (name, call) in enumerate(calls.items())
    }
    return log_file("a.json", *calls.values()), {call["eventID"]: name for name, call in calls.items()}


@pytest.fixture
def selected(aitrail, named):
    """The names of the calls that `aitrail events ARGUMENTS` shows."""

    def selected(*arguments):
        path, names = named
        ended = aitrail("events", "--from", path, "--columns", "eventID", *arguments)
        assert ended.exit_code == 0
        return {names[json.loads(line)["eventID"]] for line in ended.stdout.splitlines()}

    return selected


MORE_POLLY = {
    *("throttled", "invalid", "elsewhere", "through an endpoint", "of a partner", "by a service", "old"),
    *("on behalf", "by an SDK", "with a voice"),
}
POLLY_BY_ROLE = {"polly-by-role", *MORE_POLLY}
USERS = {"polly-by-user", "denied"}
OTHER_ROLES = {"transcribe", "personalize"}
ALL = {*POLLY_BY_ROLE, *USERS, *OTHER_ROLES, "lex-by-sso"}
WRITING = {"lex-by-sso", "personalize", "polly-by-user", "transcribe", "old"}

SELECTIONS = {
    "nothing": ([], ALL),
    "service": (["--service", "lex"], {"lex-by-sso"}),
    "service in capitals": (["--service", "LEX"], {"lex-by-sso"}),
    "services": (["--service", "lex", "--service", "personalize"], {"lex-by-sso", "personalize"}),
    "service twice": (["--service", "lex", "--service", "lex"], {"lex-by-sso"}),
    "operation": (["--operation", "CreateCampaign"], {"personalize"}),
    "operations": (["--operation", "Start*", "--operation", "CreateCampaign"], {*OTHER_ROLES, "polly-by-user"}),
    "principal": (["--principal", "user/intern"], {"denied"}),
    "principals": (["--principal", "user/*"], USERS),
    "ARN of a role": (["--principal", "arn:aws:iam::111122223333:role/call-recorder"], {"transcribe"}),
    "resource": (["--resource", "bot/QX7ZJ2K9LM"], {"lex-by-sso"}),
    "resources": (["--resource", "bot/*", "--resource", "campaign/*"], {"lex-by-sso", "personalize"}),
    "ARN of a resource": (
        ["--resource", "arn:aws:personalize:eu-west-1:111122223333:campaign/shop-similar-items"],
        {"personalize"},
    ),
    "account": (["--account", "444455556666"], {"elsewhere"}),
    "account of the caller": (["--principal-account", "444455556666"], {"of a partner"}),
    "account and account of the caller": (
        ["--account", "111122223333", "--principal-account", "444455556666"],
        {"of a partner"},
    ),
    "region": (["--in-region", "us-east-1"], {"elsewhere"}),
    "outcome": (["--outcome", "throttled"], {"throttled"}),
    "outcomes": (["--outcome", "throttled", "--outcome", "Denied"], {"throttled", "denied"}),
    "errors": (["--errors"], {"throttled", "denied", "invalid"}),
    "credentials": (["--credentials", "sso", "--credentials", "iam-user"], {"lex-by-sso", *USERS}),
    "address": (["--source-ip", "198.51.100.16"], {"denied"}),
    "network": (["--source-ip", "198.51.100.14/31"], {"lex-by-sso", "personalize"}),
    "address, version 6": (["--source-ip", "2001:DB8:0::9"], {"through an endpoint"}),
    "address of a service": (["--source-ip", "*.amazonaws.com"], {"by a service"}),
    "access key": (["--access-key", "AKIAEXAMPLE4D8HNQ2JB"], USERS),
    "read only": (["--read-only"], ALL - WRITING),
    "write only": (["--write-only"], WRITING),
    "category": (["--event-category", "networkactivity"], {"through an endpoint"}),
    "category that old records do not name": (["--event-category", "Management"], ALL - {"through an endpoint"}),
    "error code": (["--error-code", "throttling*"], {"throttled"}),
    "service that called": (["--called-by", "lex.amazonaws.com"], {"on behalf"}),
    "product": (["--user-agent", "boto3/1.34.2"], {"by an SDK"}),
    "part of a user agent": (["--user-agent", "*python#3.8*"], {"by an SDK"}),
    "engine, voice and language": (["--engine", "neural", "--voice", "hans", "--language", "de*"], {"with a voice"}),
    "label": (["--label", "voiceId=Hans", "--label", "engine=neural"], {"with a voice"}),
    "excluded": (["--principal", "!role/*", "--service", "!lex"], USERS),
    "excluded of some": (
        ["--service", "polly", "--principal", "user/*", "--principal", "!user/intern"],
        USERS - {"denied"},
    ),
    "errors, but one kind": (["--errors", "--outcome", "!denied"], {"throttled", "invalid"}),
    "outside these networks": (
        ["--source-ip", "!198.51.100.0/24", "--source-ip", "!203.0.113.0/24", "--source-ip", "!192.0.2.0/24"],
        {"through an endpoint", "by a service"},
    ),
    "two conditions": (["--service", "polly", "--write-only"], {"polly-by-user", "old"}),
    "three conditions": (["--service", "polly", "--principal", "user/*", "--read-only"], set()),
}


@pytest.mark.parametrize(("arguments", "expected"), SELECTIONS.values(), ids=SELECTIONS)
def test_options_narrow_as_they_promise(selected, arguments, expected):
    assert selected(*arguments) == expected


def test_there_is_an_option_for_every_condition():
    options = {parameter.name for parameter in cli.get_command(None, "events").params}

    assert {f"wanted_{name}" for name in Conditions.__annotations__} - options == {"wanted_read_only"}
    assert "wanted_mfa" in options
    assert options >= {"read_only", "write_only"}


WRONG = {
    "service": (
        ["--service", "poly"],
        "'poly' is not a known service: did you mean polly? Choose from lex, personalize, ",
    ),
    "unknown service": (
        ["--service", "rekognition"],
        "'rekognition' is not a known service. Choose from lex, personalize, ",
    ),
    "operation": (["--operation", "no such"], "'no such' is not an operation: give a name such as SynthesizeSpeech"),
    "principal": (["--principal", "alice"], "'alice' is not a principal: give user/alice, role/alice (kinds are "),
    "kind of principal": (
        ["--principal", "rol/Admin"],
        "'rol' is not a kind of principal: did you mean role? Choose from",
    ),
    "resource": (["--resource", "stations"], "'stations' is not a resource: give KIND/NAME, such as lexicon/stations"),
    "kind of resource": (["--resource", "lexikon/x"], "'lexikon' is not a kind of resource: did you mean lexicon/x?"),
    "account": (["--account", "1234"], "'1234' is not a valid account: it should look like 111122223333."),
    "region": (["--in-region", "ireland"], "'ireland' is not a valid Region: it should look like eu-central-1."),
    "outcome": (
        ["--outcome", "throtled"],
        "'throtled' is not a known outcome: did you mean throttled? Choose from ok, denied, ",
    ),
    "credentials": (
        ["--credentials", "user"],
        "'user' is not a known kind of credentials: did you mean iam-user? Choose from ",
    ),
    "address": (["--source-ip", "203.0.113.999"], "'203.0.113.999' is not an address: give one such as 203.0.113.9, "),
    "network": (
        ["--source-ip", "203.0.113.0/33"],
        "'203.0.113.0/33' is not an address: give one such as 203.0.113.9, ",
    ),
    "access key": (
        ["--access-key", "secret?"],
        "'secret?' is not a valid access key id: it should look like AKIAIOSFODNN7EX",
    ),
    "category": (
        ["--event-category", "date"],
        "'date' is not a known event category: did you mean Data? Choose from Manag",
    ),
    "errors and outcome": (
        ["--errors", "--outcome", "throttled"],
        "--errors means all outcomes except ok: give --errors or --outcome.",
    ),
    "account of the caller": (
        ["--principal-account", "partner"],
        "Invalid value for '--principal-account': 'partner' is not a valid account: it should look like 111122223333.",
    ),
    "excluded service": (["--service", "!poly"], "'poly' is not a known service: did you mean polly? Choose from lex,"),
    "nothing excluded": (["--source-ip", "!"], "'' is not an address: give one such as 203.0.113.9, "),
    "wanted and excluded": (
        ["--outcome", "ok", "--outcome", "!ok"],
        "Invalid value for '--outcome': 'ok' is both wanted and excluded: no call can meet that.",
    ),
    "all errors excluded": (
        ["--errors", *(f"--outcome=!{each}" for each in ("denied", "throttled", "client-error", "server-error"))],
        "'denied' is both wanted and excluded: no call can meet that.",
    ),
    "engine": (["--engine", "neurl"], "'neurl' is not a known engine: did you mean neural? Choose from standard, "),
    "label": (["--label", "voice=Joanna"], "'voice' is not a usage field: did you mean voiceId? Choose from "),
    "API version": (["--api-version", "v3"], "'v3' is not a known version of an API"),
    "several services in one": (
        ["--service", "polly,lex"],
        "For several values, repeat the option: --service polly --service lex.",
    ),
    "several access keys in one": (
        ["--access-key", "AKIAIOSFODNN7EXAMPLE, AKIAEXAMPLE4D8HNQ2JB"],
        "For several values, repeat the option: --access-key AKIAIOSFODNN7EXAMPLE --access-key AKIAEXAMPLE4D8HNQ2JB.",
    ),
    "comma at the end": (
        ["--operation", "ListBots,"],
        "'ListBots,' is not an operation: give a name such as SynthesizeSpeech, or a pattern such as 'Delete*'.\n",
    ),
    "reading and writing": (
        ["--read-only", "--write-only"],
        "--read-only and --write-only cannot be used together: give one of them.",
    ),
    "empty window": (["--since", "1d", "--until", "2d"], "The window is empty: the start "),
    "time": (["--since", "tomorrow"], "Invalid value for '--since': 'tomorrow' is not a time: give now, today, "),
    "column": (
        ["--columns", "princpal"],
        "'princpal' is not a column: did you mean principal? Choose from eventTime, ",
    ),
    "query": (["--query", "[?"], "--query: "),
    "format": (["-o", "xml"], "'xml' is not one of 'table', 'json', 'jsonl', 'csv'."),
}


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_value_is_refused_with_what_is_valid_before_aws_is_asked(aitrail, stacks, arguments, message):
    ended = aitrail("events", *arguments)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert (stacks.asked, stacks.calls) == ([], [])


def test_several_dimensions_in_one_are_refused_with_how_to_give_them(aitrail):
    ended = aitrail("usage", "--by", "principal,service")

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "Invalid value for '--by': 'principal,service' is not one of the " in ended.stderr
    assert ended.stderr.endswith(" For several values, repeat the option: --by principal --by service.\n")


def test_completion_knows_the_values():
    parameters = {parameter.name: parameter for parameter in cli.get_command(None, "events").params}

    def completed(name, incomplete):
        return [item.value for item in parameters[name].shell_complete(SimpleNamespace(meta={}), incomplete)]

    assert completed("wanted_service", "P") == ["personalize", "polly"]
    assert completed("wanted_outcome", "t") == ["throttled"]
    assert completed("wanted_outcome", "!t") == ["!throttled"]
    assert completed("wanted_engine", "N") == ["neural"]
    assert completed("wanted_api_version", "") == ["v1", "v2"]
    assert completed("wanted_label", "voice") == ["voiceId="]
    assert completed("wanted_event_category", "") == ["Management", "Data", "NetworkActivity"]
    assert completed("columns", "eventTime,principalA") == ["eventTime,principalAccount"]


NARRATED = {
    "excluded": (["--principal", "!user/*"], "with principal not user/*"),
    "some excluded": (
        ["--operation", "List*", "--operation", "Get*", "--operation", "!ListBots"],
        "with operation List* or Get* but not ListBots",
    ),
    "flag": (["--no-mfa", "--service", "lex"], "with service lex, mfa false"),
}


@pytest.mark.parametrize(("arguments", "expected"), NARRATED.values(), ids=NARRATED)
def test_an_empty_answer_says_what_was_wanted_and_excluded(aitrail, log_file, arguments, expected):
    ended = aitrail("events", "--from", log_file("a.json"), *arguments)

    assert f"No events {expected} in " in ended.stderr


def test_table_shows_usage_early_if_a_condition_is_about_it(aitrail, named):
    path, _ = named

    shown = aitrail("events", "--from", path, "-o", "table", "--engine", "neural").stdout

    columns = shown.replace(" (UTC)", "").split()[:5]
    assert columns == [
        "eventTime",
        "operation",
        "recordType",
        "principal",
        "usage",
    ]  # an endpoint recorded one of the calls
