"""Random filters and rows, and the slow, obvious predicate that says which rows meet a filter."""

from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network

from hypothesis import strategies as st

from aitrail.questions import NAMED, Filter, Naming, Network, PlacedResource, Team

# Longer than what a row keeps of a further resource.
LONG = "n" * 100
ADDRESSES = ["192.0.2.41", "192.0.2.200", "2001:db8::1", "2001:0db8:0:0::0001", "2001:db8:1::9", "lex.amazonaws.com"]
USER_AGENTS = [
    "Boto3/1.34.2 md/Botocore#1.34.2 os/linux lang/python#3.8.1",
    "Boto3/1.26.0",
    "aws-cli/2.15.0 md/Python#3.11",
    "aws-cli/2.0",
    "lex.amazonaws.com",
    "AWS Internal",
    "[Boto3/1.34.2 cfg/retry-mode#legacy]",
]
# Teams overlap each other: a call belongs to the first one. Some have values of one index only.
NAMING = Naming(
    teams=(
        Team(name="people", principals=("user/Alice",), sessions=("i-*",), resources=(PlacedResource("lexicon/p*"),)),
        Team(name="owners", principals=("root", "user/Alice", "user/Bob")),
        Team(name="shop", resources=(PlacedResource("campaign/*", "111122223333", "eu-west-1"),)),
        Team(name="Lexicons", resources=(PlacedResource(f"lexicon/{LONG}"), PlacedResource("lexicon/names"))),
        Team(name="billing", accounts=("444455556666",)),
    ),
    networks=(
        Network(name="office", blocks=("192.0.2.0/24", "2001:db8::/32")),
        Network(name="desk", blocks=("192.0.2.41/32", "2001:db8:0::/48")),
    ),
)
VALUES = {
    "service": ["polly", "transcribe", "lex", "personalize"],
    "operation": ["SynthesizeSpeech", "ListBots", "List*", "*e[sS]*", "?istBots"],
    "principal": ["user/Alice", "user/Bob", "root", "role/Admin", "user/*", "*", "user/Nobody"],
    "resource": [
        *("lexicon/names", "lexicon/places", f"lexicon/{LONG}", "transcription-job/call-17"),
        *("campaign/*", "lexicon/p*", "*"),
    ],
    "principal_account": ["111122223333", "444455556666"],
    "account": ["111122223333", "444455556666"],
    "region": ["eu-west-1", "us-east-1", "eu-west-3"],
    "outcome": ["ok", "denied", "throttled"],
    "credentials": ["iam-user", "role", "root"],
    "source_ip": [*ADDRESSES, "192.0.2.0/25", "192.0.2.9/24", "2001:db8::/48", "192.0.*", "*.amazonaws.com"],
    "access_key": ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"],
    "event_category": ["Management", "Data"],
    "error_code": ["AccessDenied", "accessdenied", "Throttling*", "*"],
    "session": ["session", "i-*", "Session"],
    "called_by": ["lex.amazonaws.com", "AWS Internal", "*.amazonaws.com"],
    "user_agent": [
        *USER_AGENTS,
        *("Boto3/1.34.2", "boto3/*", "aws*", "aws-cli/2*", "*python#3.8*", "Boto3/* *", "*Internal", "[[]Boto3*", "*"),
    ],
    "engine": ["neural", "standard", "n*"],
    "voice": ["Joanna", "joanna", "*a*"],
    "language": ["en-US", "en_us", "en*", "de-DE"],
    "api_version": ["v1", "v2"],
    "label": ["engine=neural", "voiceId=jo*", "requestCharacters=25", "identifyLanguage=true", "numResults=*"],
    "team": [*("people", "owners", "shop", "Lexicons", "billing", "lexicons"), "*s", "[os]*", "*"],
    "network": ["office", "desk", "Desk", "*"],
}
FLAGS = ("read_only", "mfa")
# Conditions whose values may be patterns, and those that take upper and lower case for the same.
LIKE = {"operation", "principal", "resource", "source_ip", "session"}
IN_ANY_CASE = {"error_code", "called_by", "user_agent", "engine", "voice", "language", "api_version", "label", *NAMED}
COLUMNS = {
    "service": "service",
    "operation": "operation",
    "principal": "principal",
    "principal_account": "principalAccount",
    "resource": "resource",
    "account": "recipientAccountId",
    "region": "awsRegion",
    "outcome": "outcome",
    "credentials": "credentials",
    "source_ip": "sourceIPAddress",
    "access_key": "accessKeyId",
    "error_code": "errorCode",
    "session": "sessionName",
    "called_by": "calledBy",
}


def _conditions(name):
    if name in FLAGS:
        return st.booleans()
    value = st.tuples(st.sampled_from(["", "", "!"]), st.sampled_from(VALUES[name])).map("".join)
    return st.lists(value, min_size=1, max_size=4).map(tuple)


def filters(names=(*VALUES, *FLAGS), *, most=3):
    """Filters with some of these conditions."""
    return (
        st.lists(st.sampled_from(sorted(names)), max_size=most, unique=True)
        .flatmap(lambda chosen: st.fixed_dictionaries({name: _conditions(name) for name in chosen}))
        .map(lambda conditions: filter_of(**conditions))
    )


def filter_of(**conditions):
    """The filter with these conditions, as rows spell them, and NAMING as far as they are about it."""
    return Filter(**conditions, naming=NAMING.only(conditions.keys()))


def is_wanted(row, wanted):
    """Whether a whole row meets a filter."""
    flags = {"read_only": row.get("readOnly"), "mfa": row.get("usage", {}).get("mfa")}
    return all(getattr(wanted, name) in (None, value is True) for name, value in flags.items()) and all(
        _meets(row, name, getattr(wanted, name)) for name in VALUES
    )


def _meets(row, name, values):
    some = [value for value in values if value[0] != "!"]
    none = [value[1:] for value in values if value[0] == "!"]
    # Fields of labels are conditions of their own.
    fields = {value.split("=")[0] for value in some} if name == "label" else [""]
    for field in fields:
        own = [value for value in some if value.startswith(field)]
        if own and not any(_has(row, name, value) for value in own):
            return False
    return not any(_has(row, name, value) for value in none)


def _has(row, name, value):
    """Whether one of the texts of the row that a condition is about is like the value."""
    if name == "label":
        field, value = value.split("=")
        found = row.get("usage", {}).get(field)
        texts = [str(found).lower()] if isinstance(found, bool | int) else [found]
    else:
        texts = _texts(row, name)
    return any(_is_like(name, text, value) for text in texts if isinstance(text, str))


def _texts(row, name):
    usage = row.get("usage", {})
    if name in NAMED:
        return [team_of(row) if name == "team" else network_of(row)]
    if name == "event_category":
        return [row.get("eventCategory") or "Management"]
    if name == "user_agent":
        whole, product = row.get("userAgent"), usage.get("agent")
        return [whole, product or whole.split(" ")[0]] if isinstance(whole, str) else [product]
    if name == "language":
        return [usage.get("languageCode"), usage.get("localeId")]
    if name == "resource":
        named = (row.get("requestParameters") or {}).get("lexiconNames", [])
        return [row.get("resource"), *(f"lexicon/{each}" for each in named if "resource" in row)]
    fields = {"engine": "engine", "voice": "voiceId", "api_version": "apiVersion"}
    return [usage.get(fields[name]) if name in fields else row.get(COLUMNS[name])]


def team_of(row, naming=NAMING):
    """The first team that the whole row matches."""
    for team in naming.teams:
        values = {"principal": team.principals, "account": team.accounts, "session": team.sessions}
        if any(_has(row, name, value) for name, each in values.items() for value in each):
            return team.name
        for resource in team.resources:
            place = {"recipientAccountId": resource.account, "awsRegion": resource.region}
            is_there = all(value is None or row.get(column) == value for column, value in place.items())
            if is_there and _has(row, "resource", resource.name):
                return team.name
    return None


def network_of(row, naming=NAMING):
    """The network that has the smallest block with the row's address."""
    address = row.get("sourceIPAddress")
    found = [
        (ip_network(block).prefixlen, network.name)
        for network in naming.networks
        for block in network.blocks
        if isinstance(address, str) and "/" not in address and _is_in(address, block)
    ]
    return max(found)[1] if found else None


def _is_like(name, text, value):
    if name == "source_ip" and _is_in(text, value):
        return True
    if name in IN_ANY_CASE:
        text, value = text.lower(), value.lower()
    if name == "language":
        text, value = text.replace("_", "-"), value.replace("_", "-")
    return text == value or (name in LIKE | IN_ANY_CASE and fnmatchcase(text, value))


def _is_in(address, network):
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False


# What a record may have instead of a text.
ODD = st.sampled_from([None, 7, True, [], ["polly"], {"a": "b"}, ""])


@st.composite
def rows(draw, event_time):
    """Whole rows as a table may have them: with attributes that are missing or of any JSON type.

    `event_time` is a strategy of texts. Rows of earlier versions have no `usage.agent`.
    """
    user_agent = draw(st.sampled_from(USER_AGENTS) | ODD)
    attributes = {
        "resource": draw(st.sampled_from([..., "lexicon/names", "transcription-job/call-17", "campaign/shop"])),
        "sessionName": draw(st.sampled_from([..., "session", "i-0123"])),
        "calledBy": draw(st.sampled_from([..., "lex.amazonaws.com", "AWS Internal"])),
        "principalAccount": draw(st.sampled_from([..., "111122223333", "444455556666"])),
        "accessKeyId": draw(st.sampled_from([..., "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"])),
        "userAgent": draw(st.sampled_from([..., user_agent, user_agent, user_agent])),
        "usage": draw(_usages(user_agent)),
        "readOnly": draw(st.sampled_from([..., True, False]) | ODD),
    }
    for column, texts in {
        "operation": ["SynthesizeSpeech", "ListBots", "GetLexicon"],
        "recipientAccountId": ["111122223333", "444455556666"],
        "awsRegion": ["eu-west-1", "us-east-1"],
        "sourceIPAddress": ADDRESSES,
        "errorCode": ["AccessDenied", "ThrottlingException"],
        "eventCategory": ["Management", "Data"],
    }.items():
        attributes[column] = draw(st.just(...) | st.sampled_from(texts) | st.sampled_from(texts) | ODD)
    time = draw(event_time)
    return {name: value for name, value in attributes.items() if value is not ...} | {
        "eventTime": time,
        "eventDay": time[:10],
        "service": draw(st.sampled_from(VALUES["service"])),
        "principal": draw(st.sampled_from(["user/Alice", "user/Bob", "root", "role/Admin"])),
        "outcome": draw(st.sampled_from(VALUES["outcome"])),
        "credentials": draw(st.sampled_from(VALUES["credentials"])),
        "eventSource": "polly.amazonaws.com",
    }


@st.composite
def _usages(draw, user_agent):
    fields = {
        "engine": draw(st.sampled_from([..., "neural", "standard"]) | ODD),
        "voiceId": draw(st.sampled_from([..., "Joanna", "Hans"])),
        "languageCode": draw(st.sampled_from([..., "en-US", "de-DE"])),
        "localeId": draw(st.sampled_from([..., ..., "en_US", "de_DE"])),
        "apiVersion": draw(st.sampled_from([..., "v1", "v2"])),
        "mfa": draw(st.sampled_from([..., True, False]) | ODD),
        "requestCharacters": draw(st.sampled_from([..., 25, 250])),
        "identifyLanguage": draw(st.sampled_from([..., True, False])),
    }
    if isinstance(user_agent, str) and user_agent and draw(st.sampled_from([True, True, False])):
        fields["agent"] = user_agent if user_agent == "AWS Internal" else user_agent.split(" ")[0].lstrip("[")
    found = {name: value for name, value in fields.items() if value is not ...}
    return found or draw(st.sampled_from([..., {}]))
