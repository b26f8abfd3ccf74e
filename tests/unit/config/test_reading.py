"""A configuration file: all of its content is checked, and an error says where and what."""

import os
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.cli.output import FORMATS
from aitrail.config import Config, ConfigError
from aitrail.questions import NOTHING_NAMED, EventStore, Naming, Network, PlacedResource, Team

COMMANDS = ("events", "usage")
EXAMPLE = """
timezone = "Europe/Berlin"
stack = ["aitrail", "second"]
region = "eu-central-1"
profile = "audit"
output = "TABLE"

[teams.search]
principals = ["role/search-*", "arn:aws:iam::111122223333:user/alice"]
accounts = "111122223333"
sessions = ["search-*"]
resources = ["campaign/search-*", "arn:aws:lex:eu-west-1:111122223333:bot/K3X9QW7T2P"]

[networks]
office = ["203.0.113.0/24", "2001:db8::/32"]
vpn = "198.51.100.14"

[questions.november]
description = "Cost of each team last month"
command = "usage --by team --cost --during last-month"

[questions.denied]
command = ["aitrail", "events", "--outcome", "denied", "--principal", "*/a b"]
"""


@pytest.fixture
def file(tmp_path):
    """Writes a configuration file, and returns its path."""

    def file(content):
        path = tmp_path / "config.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return file


def test_file_has_defaults_names_and_questions(file):
    path = file(EXAMPLE)

    config = Config.read(path, commands=COMMANDS, formats=FORMATS)

    assert config.path == str(path)
    assert config.defaults == {
        "timezone": ("Europe/Berlin",),
        "stack": ("aitrail", "second"),
        "region": ("eu-central-1",),
        "profile": ("audit",),
        "output": ("table",),
    }
    assert config.naming == Naming(
        teams=(
            Team(
                name="search",
                principals=("role/search-*", "user/alice"),
                accounts=("111122223333",),
                sessions=("search-*",),
                resources=(
                    PlacedResource("campaign/search-*"),
                    PlacedResource("bot/K3X9QW7T2P", "111122223333", "eu-west-1"),
                ),
            ),
        ),
        networks=(
            Network(name="office", blocks=("203.0.113.0/24", "2001:db8::/32")),
            Network(name="vpn", blocks=("198.51.100.14/32",)),
        ),
    )
    assert [(name, question.description, question.command) for name, question in config.questions.items()] == [
        ("november", "Cost of each team last month", "aitrail usage --by team --cost --during last-month"),
        ("denied", "", "aitrail events --outcome denied --principal '*/a b'"),
    ]


@pytest.mark.parametrize("content", ["", "# nothing\n", "[teams]\n[networks]\n[questions]\n"], ids=repr)
def test_file_may_have_nothing(file, content):
    config = Config.read(file(content))

    assert (config.defaults, config.naming, config.questions) == ({}, NOTHING_NAMED, {})
    assert (Config().path, Config().naming, Config().defaults, Config().questions) == (None, NOTHING_NAMED, {}, {})


def test_programs_may_give_the_content_as_it_is(tmp_path):
    config = Config.of({"teams": {"search": {"principals": "user/alice"}}})

    assert config.naming.team_of({"principal": "user/alice"}) == "search"
    (tmp_path / "empty").mkdir()
    store = EventStore.read(tmp_path / "empty", naming=config.naming, report=lambda _: None)
    assert list(store.events(team="search")) == []


WRONG = {
    "unknown key": ("tems = 1", "tems is not a known key: did you mean teams? Choose from timezone, stack, "),
    "unknown key of a team": (
        "[teams.a]\nprincipal = 'root'",
        "teams.a.principal is not a known key: did you",
    ),
    "unknown key of a question": (
        "[questions.a]\ncommnd = 'x'",
        "questions.a.commnd is not a known key: did",
    ),
    "hostile key": ('"\\u001b[2J\\u200b" = 1', '"\\u001b[2J\\u200b" is not a known key. Choose from'),
    "long key": (f"{'a' * 900} = 1", f'"{"a" * 60}…" is not a known key. Choose from timezone'),
    "no table": ("teams = 'a'", "teams is 'a': it has to be a table."),
    "no table of a team": ("teams.a = ['x']", "teams.a is an array: it has to be a table."),
    "empty team": ("[teams.a]", "teams.a is a table: give at least one of principals, accounts, sessions, resources."),
    "empty list": ("teams.a.principals = []", "teams.a.principals is an array: give a text, or several."),
    "number": ("teams.a.accounts = [111122223333]", "teams.a.accounts[0] is an integer: give a text, in quotes."),
    "huge number": (f"stack = 0x{'f' * 9000}", "stack is an integer: give a text, in quotes."),
    "time": ("stack = 2026-11-21", "stack is a time: give a text, in quotes."),
    "blank": ("stack = ' '", "stack is ' ': give a text that can be seen."),
    "hostile value": ('profile = "\\u001b[2J"', r"profile is '\x1b[2J': give a text that can be seen."),
    "wrong principal": (
        "teams.search.principals = ['user/a', 'rolle/x']",
        "teams.search.principals[1] is 'rolle/x': 'rolle' is not a kind of principal: did you mean role?",
    ),
    "wrong account": ("teams.a.accounts = '1'", "teams.a.accounts is '1': '1' is not a valid account"),
    "wrong resource": ("teams.a.resources = ['bt/x']", "did you mean bot/x?"),
    "excluded": ("teams.a.principals = ['!root']", "teams.a.principals[0] is '!root': nothing can be excluded here."),
    "same value in two teams": (
        "[teams.a]\nsessions = ['x']\n[teams.b]\nsessions = ['y', 'x']",
        "teams.b.sessions[1] is 'x': teams.a lists it already, and a call has one team.",
    ),
    "names that differ in case": ("[networks]\nhome = '::1'\nHome = '::2'", "networks.Home and networks.home differ"),
    "name with a wildcard": ("networks.'a*' = '::1'", 'networks."a*" is not a valid name: give up to 63 letters'),
    "invisible name": ('networks."\\u3164" = "::1"', r'networks."\u3164" is not a valid name: '),
    "no network": ("networks.a = 'lex.amazonaws.com'", "networks.a is 'lex.amazonaws.com': give an address such as"),
    "network with a zone": ("networks.a = 'fe80::1%eth0/64'", "networks.a is 'fe80::1%eth0/64': give"),
    "host bits": ("networks.a = '203.0.113.9/24'", "give the network, 203.0.113.0/24, or the address, 203.0.113.9."),
    "block with two names": (
        "[networks]\na = ['203.0.113.0/24']\nb = ['::/0', '203.0.113.0/255.255.255.0']",
        "networks.b[1] is '203.0.113.0/255.255.255.0': networks.a lists it already.",
    ),
    "wrong zone": ("timezone = 'Berlin'", "timezone is 'Berlin': 'Berlin' is not a time zone: did you mean"),
    "wrong Region": ("region = 'Frankfurt'", "region is 'Frankfurt': 'Frankfurt' is not a valid Region"),
    "excluded Region": ("region = '!eu-west-1'", "region is '!eu-west-1': nothing can be excluded here."),
    "wrong one of several Regions": ("region = ['eu-west-1', 7]", "region[1] is an integer: give a text, in quotes."),
    "wrong format": (
        "output = 'jsn'",
        "output is 'jsn': not a known format: did you mean json? Choose from table",
    ),
    "no command": ("[questions.a]\ndescription = 'x'", "questions.a is a table: its command is missing."),
    "empty command": ("questions.a.command = '#'", "questions.a.command is '#': # cannot be saved"),
    "no words": ("questions.a.command = \"''\"", "it has to begin with the name of a command."),
    "wrong command": ("questions.a.command = 'usge'", "usge cannot be saved: did you mean usage? Choose from"),
    "question of a question": ("questions.a.command = 'ask a'", "ask cannot be saved"),
    "option first": ("questions.a.command = '--config x usage'", "--config cannot be saved"),
    "open quote": ('questions.a.command = "usage \'x"', 'questions.a.command is "usage \'x": No closing quotation.'),
    "word that is no text": ("questions.a.command = ['usage', 7]", "questions.a.command[1] is an integer"),
    "no TOML": ("a = \nb", "cannot be read as TOML in UTF-8: Invalid value (at line 1, column 5)."),
    "twice": ("stack = 'a'\nstack = 'b'\n", "(at line 2, column 12)."),
    "no UTF-8": (b"stack = '\xff'", "cannot be read as TOML in UTF-8: "),
    "too deep": ("a = " + "[" * 9000, "cannot be read as TOML in UTF-8: "),
    "too large": ("#" * (256 * 1024 + 1), "has more than 256 KB."),
    "too many dots": (f"\n\n{'a.' * 600}b = 1", "line 3 has more than 500 dots: divide it."),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_error_names_the_file_the_place_and_what_is_valid(file, content, message):
    path = file(content)

    with pytest.raises(ConfigError) as refused:
        Config.read(path, commands=COMMANDS, formats=FORMATS)

    text = str(refused.value)
    assert message in text
    assert str(path) in text
    assert text.isprintable()
    assert len(text.replace(str(path), "")) < 420


def test_file_that_is_not_there_is_an_error(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path, "a\0b"):
        with pytest.raises(ConfigError, match=r"^The configuration file .* cannot be read: "):
            Config.read(path)


def test_file_without_end_is_not_read_to_its_end():
    with pytest.raises(ConfigError, match="has more than 256 KB"):
        Config.read("/dev/zero")
    assert Config.read(os.devnull).defaults == {}


def test_commands_and_formats_are_those_of_who_reads():
    document = {"output": "xml", "questions": {"a": {"command": "frobnicate"}}}

    assert Config.of(document).questions["a"].words == ("frobnicate",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["user/a", "root", "::1", "usage x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(["a", "b"]), inner),
    max_leaves=8,
)
KEYS = st.sampled_from([*tomllib.loads(EXAMPLE), "principals", "command", "a"])


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(document=st.dictionaries(KEYS, st.dictionaries(KEYS, st.dictionaries(KEYS, JSON) | JSON) | JSON))
def test_any_content_is_valid_or_an_error_for_people(document):
    refused = None
    try:
        naming = Config.of(document, commands=COMMANDS, formats=FORMATS).naming
    except ConfigError as error:
        naming, refused = NOTHING_NAMED, error

    assert refused is None or str(refused).isprintable()
    assert naming.team_of({"principal": "root"}) in (None, *(team.name for team in naming.teams))
    assert naming.network_of({"sourceIPAddress": "::1"}) in (None, *(network.name for network in naming.networks))
