from pathlib import Path

import pytest

from aitrail.errors import AitrailError
from aitrail.questions import COST, DIFFERENCE, DIMENSIONS, MEASURES, SEEN
from aitrail.services import RegistryError, load
from aitrail.services.definition import service_of

MINIMAL = 'title = "Amazon Bedrock"\nevent_sources = ["bedrock.amazonaws.com"]\n'
RULE = MINIMAL + '[[resource]]\nkind = "model"\nparameters = ["modelId"]\n'

MALFORMED = {
    "missing-key": ('title = "B"', ": event_sources is missing; the required ones are title, event_sources"),
    "unknown-key": (
        MINIMAL + 'sources = ["x"]',
        (
            ": unknown key 'sources'; choose from title, event_sources, lookalikes, resource, used, arn_kinds, usage, "
            "streams, api_versions, redact, without_resource"
        ),
    ),
    "title": (
        MINIMAL.replace("Amazon Bedrock", ""),
        ", title is ''; it must be a title such as `Amazon Polly`",
    ),
    "upper-case-source": (
        MINIMAL.replace("bedrock.", "Bedrock."),
        (
            ", event_sources, item 1 is 'Bedrock.amazonaws.com'; "
            "it must be a lower-case host name such as `polly.amazonaws.com`"
        ),
    ),
    "source-without-list": (
        MINIMAL.replace('["bedrock.amazonaws.com"]', '"b.c"'),
        ", event_sources is 'b.c'; it must be a list of at least one item",
    ),
    "no-source": (
        MINIMAL.replace('"bedrock.amazonaws.com"', ""),
        ", event_sources is []; it must be a list of at least one item",
    ),
    "upper-case-lookalike": (
        MINIMAL + 'lookalikes = ["Bedrock*"]',
        (
            ", lookalikes, item 1 is 'Bedrock*'; "
            "it must be a lower-case pattern such as `polly*`, without dots and hyphens"
        ),
    ),
    "rule-without-table": (
        MINIMAL + 'resource = ["modelId"]',
        ", resource, item 1 is 'modelId'; it must be a table with kind, parameters, operations, when",
    ),
    "rule-without-parameters": (
        MINIMAL + '[[resource]]\nkind = "model"',
        ", resource, item 1: parameters is missing; the required ones are kind, parameters",
    ),
    "second-rule": (
        RULE + '[[resource]]\nkind = "Model"\nparameters = ["modelId"]',
        ", resource, item 2, kind is 'Model'; it must be a lower-case name such as `dataset-group`",
    ),
    "redacted-path-that-begins-anywhere": (
        MINIMAL + 'redact = ["*.token"]',
        ", redact, item 1 is '*.token'; it must be a path of names and `*` such as `slots.*`",
    ),
    "redacted-path-with-a-pattern": (
        MINIMAL + 'redact = ["uploadUrl", "slots.*Name"]',
        ", redact, item 2 is 'slots.*Name'; it must be a path of names and `*` such as `slots.*`",
    ),
    "path": (
        RULE.replace("modelId", "model..id"),
        (
            ", resource, item 1, parameters, item 1 is 'model..id'; "
            "it must be a dotted path such as `synthesisTask.taskId`"
        ),
    ),
    "no-operation": (
        RULE + "operations = []",
        ", resource, item 1, operations is []; it must be a list of at least one item",
    ),
    "operation": (
        RULE + 'operations = ["Get Model"]',
        (
            ", resource, item 1, operations, item 1 is 'Get Model'; "
            "it must be an operation or a pattern such as `*Lexicon`"
        ),
    ),
    "condition": (
        RULE + "when = { type = 3 }",
        ", resource, item 1, when, type is 3; it must be a text such as `BOT`",
    ),
    "no-table": (MINIMAL + "arn_kinds = 3", ", arn_kinds is 3; it must be a table"),
    "arn-word": (
        MINIMAL + 'arn_kinds = { "a/b" = "c" }',
        ", arn_kinds, name is 'a/b'; it must be a word in an ARN such as `bot-alias`",
    ),
    "unknown-usage": (
        MINIMAL + "usage = { sums = {} }",
        ", usage: unknown key 'sums'; choose from counts, labels, amounts",
    ),
    "usage-name": (
        MINIMAL + 'usage.counts = { "input tokens" = ["b"] }',
        ", usage, counts, name is 'input tokens'; it must be a name such as `requestCharacters`",
    ),
    "count-and-label": (
        MINIMAL + 'usage = { counts = { a = ["b"] }, labels = { a = ["c"] } }',
        ", usage: a is in counts and in labels; a name belongs to one of them",
    ),
    "amount-of-no-count": (
        MINIMAL + 'usage.amounts = [{ name = "tokens", count = "b", operations = ["C*"] }]',
        ", usage, amounts, item 1: there is no count 'b' to add up",
    ),
    "amount-without-operations": (
        MINIMAL + 'usage.amounts = [{ name = "tokens", count = "b" }]',
        ", usage, amounts, item 1: operations is missing; the required ones are name, count, operations",
    ),
    "amount-with-a-name-of-aitrail": (
        MINIMAL + 'usage = { counts = { b = ["b"] }, amounts = [{ name = "Calls", count = "b", operations = ["C"] }] }',
        ", usage: Calls is a name of aitrail's; choose another one",
    ),
    "end-of-a-name-of-aitrail": (
        MINIMAL + 'usage.counts = { tokensBefore = ["b"] }',
        ", usage: tokensBefore is a name of aitrail's; choose another one",
    ),
    "name-of-aitrail": (
        MINIMAL + 'usage.labels = { agent = ["agent"] }',
        ", usage: agent is a name of aitrail's; choose another one",
    ),
    "stream-without-key": (
        MINIMAL + 'streams = [{ begin = ["Start*"], end = ["End*"] }]',
        ", streams, item 1: key is missing; the required ones are begin, end, key",
    ),
    "version": (
        MINIMAL + 'api_versions = [{ version = "" }]',
        ", api_versions, item 1, version is ''; it must be a version such as `v2`",
    ),
}


@pytest.mark.parametrize(("text", "message"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_file_is_named_with_what_is_wrong_and_what_is_valid(tmp_path, text, message):
    (tmp_path / "bedrock.toml").write_text(text, encoding="utf-8")

    with pytest.raises(RegistryError) as caught:
        load(tmp_path)

    assert str(caught.value) == f"{tmp_path}/bedrock.toml{message}"
    assert isinstance(caught.value, AitrailError)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"title =", r" cannot be read: Invalid value .at .*"),
        (b"a = 1\na = 2", r" cannot be read: Cannot overwrite a value .at .*"),
        (b'a = 1\ntitle = "\xff"', ", line 2 is not in UTF-8"),
        (b"a = " + b"[" * 100_000, " cannot be read: .*"),
        (b"a" + b".a" * 20_000 + b" = 1", " cannot be read: line 1 has more than 500 dots: divide it"),
    ],
    ids=["cut", "twice", "latin-1", "deep", "dots"],
)
def test_a_file_that_is_no_toml_in_utf_8_is_refused(tmp_path, content, message):
    (tmp_path / "bedrock.toml").write_bytes(content)

    with pytest.raises(RegistryError, match=rf"/bedrock\.toml{message}; it must be a TOML file in UTF-8$"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["Bedrock", "bed_rock", "1st", ".#polly"])
def test_a_file_whose_name_is_no_service_name_is_refused(tmp_path, name):
    (tmp_path / f"{name}.toml").write_text(MINIMAL, encoding="utf-8")

    with pytest.raises(RegistryError) as caught:
        load(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path}/{name}.toml, name of the file is {name!r}; it must be a lower-case name such as `dataset-group`"
    )


def test_an_event_source_belongs_to_one_service(tmp_path):
    (tmp_path / "one.toml").write_text(MINIMAL, encoding="utf-8")
    (tmp_path / "two.toml").write_text(MINIMAL, encoding="utf-8")

    with pytest.raises(RegistryError) as caught:
        load(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path}/two.toml, event_sources: bedrock.amazonaws.com is in one.toml already; "
        "an event source belongs to one service"
    )


def test_no_field_can_have_a_name_that_groups_of_calls_have():
    own = {"engine"}  # a dimension that has the label of the same name
    of_groups = {name for name in DIMENSIONS if "-" not in name} | {*MEASURES, COST, DIFFERENCE, *SEEN} - {"characters"}

    refused = {name for name in of_groups | {"characters", "currency", "percent", "new", "silent"} if is_refused(name)}

    assert of_groups - refused == own
    assert is_refused("callsBefore")
    assert is_refused("costIsAtLeast")
    assert not is_refused("tokens")


def is_refused(name):
    try:
        service_of(Path("x.toml"), f'{MINIMAL}usage.labels = {{ {name} = ["x"] }}'.encode())
    except RegistryError as error:
        return "is a name of aitrail's" in str(error)
    return False
