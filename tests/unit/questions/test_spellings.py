"""Conditions: user input is converted to the values in rows, or refused with valid values and the closest match."""

import pytest

from aitrail.questions import EVENT_CATEGORIES, ConditionError, checked
from aitrail.rows import CREDENTIALS, OUTCOMES, identity_of, row_of

KINDS = "user, role, sso, federated, web, saml, directory, service, account, unknown"
IAM, STS = "arn:aws:iam::111122223333", "arn:aws:sts::111122223333"
SSO_ROLE = "AWSReservedSSO_ReadOnly_0123456789abcdef"
LONG = "x" * 600
POLLY, TRANSCRIBE, LEX, PERSONALIZE = (
    f"arn:aws:{service}:eu-west-1:111122223333" for service in ("polly", "transcribe", "lex", "personalize")
)

SPELLED = {
    "service": ("service", "Polly", "polly"),
    "operation": ("operation", "SynthesizeSpeech", "SynthesizeSpeech"),
    "eventName with an API date": ("operation", "SynthesizeSpeech20161128", "SynthesizeSpeech"),
    "pattern of operations": ("operation", "[!D]*Lexicon?", "[!D]*Lexicon?"),
    "principal": ("principal", "user/alice", "user/alice"),
    "principal with a slash in its name": ("principal", "saml/a/b", "saml/a/b"),
    "principal with a colon": ("principal", "web/accounts.google.com:12345", "web/accounts.google.com:12345"),
    "root": ("principal", "root", "root"),
    "pattern of principals": ("principal", "*/alice@example.com", "*/alice@example.com"),
    "ARN of root": ("principal", f"{IAM}:root", "root"),
    "ARN of a user": ("principal", f"{IAM}:user/alice", "user/alice"),
    "ARN of a user with a path": ("principal", f"{IAM}:user/staff/alice", "user/alice"),
    "ARN of a role": ("principal", f"{IAM}:role/service-role/Admin", "role/Admin"),
    "ARN of an assumed role": ("principal", f"{STS}:assumed-role/Admin/session-1", "role/Admin"),
    "ARN of a role of Identity Center": (
        "principal",
        f"{STS}:assumed-role/{SSO_ROLE}/bob@example.com",
        "sso/bob@example.com",
    ),
    "ARN of a federated user": ("principal", f"{STS}:federated-user/kiosk-7", "federated/kiosk-7"),
    "ARN of another partition": ("principal", "arn:aws-cn:iam::111122223333:user/alice", "user/alice"),
    "ARN of any user": ("principal", "arn:aws:iam::*:user/*", "user/*"),
    "resource": ("resource", "lexicon/stations", "lexicon/stations"),
    "resource with a slash in its name": ("resource", "vocabulary/a/b", "vocabulary/a/b"),
    "resource of a kind that is like no other": ("resource", "zebra/1", "zebra/1"),
    "pattern of resources": ("resource", "bot?/*", "bot?/*"),
    "ARN of a lexicon": ("resource", f"{POLLY}:lexicon/stations", "lexicon/stations"),
    "ARN of a transcription job": ("resource", f"{TRANSCRIBE}:transcription-job/call-17", "transcription-job/call-17"),
    "ARN of a call analytics job": ("resource", f"{TRANSCRIBE}:analytics/call-17", "call-analytics-job/call-17"),
    "ARN of a bot": ("resource", f"{LEX}:bot/QX7ZJ2K9LM", "bot/QX7ZJ2K9LM"),
    "ARN of a bot alias": ("resource", f"{LEX}:bot-alias/QX7ZJ2K9LM/TSTALIASID", "bot/QX7ZJ2K9LM"),
    "ARN of a bot of Lex V1": ("resource", f"{LEX}:bot:OrderFlowers:PROD", "bot/OrderFlowers"),
    "ARN of a slot type": ("resource", f"{LEX}:slottype:Flowers:1", "slot-type/Flowers"),
    "ARN of a dataset group": ("resource", f"{PERSONALIZE}:dataset-group/shop", "dataset-group/shop"),
    "ARN of any bot": ("resource", "arn:aws:lex:*:*:bot/*", "bot/*"),
    "account": ("account", "111122223333", "111122223333"),
    "account of the caller": ("principal_account", "111122223333", "111122223333"),
    "Region": ("region", "eu-central-1", "eu-central-1"),
    "Region of GovCloud": ("region", "us-gov-west-1", "us-gov-west-1"),
    "outcome": ("outcome", "Client-Error", "client-error"),
    "credentials": ("credentials", "SSO", "sso"),
    "address": ("source_ip", "203.0.113.9", "203.0.113.9"),
    "network": ("source_ip", "203.0.113.9/24", "203.0.113.9/24"),
    "address of IPv6": ("source_ip", "2001:DB8::1", "2001:DB8::1"),
    "network of IPv6": ("source_ip", "2001:db8::/32", "2001:db8::/32"),
    "pattern of addresses": ("source_ip", "203.0.*", "203.0.*"),
    "pattern of addresses of IPv6": ("source_ip", "2001:db8:*", "2001:db8:*"),
    "service as source": ("source_ip", "lex.amazonaws.com", "lex.amazonaws.com"),
    "AWS as source": ("source_ip", "AWS Internal", "AWS Internal"),
    "access key": ("access_key", "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    "event category": ("event_category", "networkactivity", "NetworkActivity"),
    "error code": ("error_code", "Client.UnauthorizedOperation", "Client.UnauthorizedOperation"),
    "pattern of error codes": ("error_code", "*Exception", "*Exception"),
    "session": ("session", "i-0123 b", "i-0123 b"),
    "ARN of a session": ("session", f"{STS}:assumed-role/Admin/session-1", "session-1"),
    "ARN of any session": ("session", f"{STS}:assumed-role/Admin/s[1]*", "s[[]1]*"),
    "service that called": ("called_by", "lex.amazonaws.com", "lex.amazonaws.com"),
    "AWS as caller": ("called_by", "AWS Internal", "AWS Internal"),
    "pattern of services that called": ("called_by", "lex*", "lex*"),
    "user agent": ("user_agent", "Boto3/1.34.2 (Z\u00fcrich)", "Boto3/1.34.2 (Z\u00fcrich)"),
}


@pytest.mark.parametrize(("name", "text", "expected"), SPELLED.values(), ids=SPELLED)
def test_what_people_write_becomes_what_rows_have(name, text, expected):
    assert checked({name: text})[name] == (expected,)


@pytest.mark.parametrize(
    ("arn", "place"),
    [
        ("arn:aws:lex:eu-west-1:111122223333:bot/QX7ZJ2K9LM", {"account": "111122223333", "region": "eu-west-1"}),
        ("arn:aws:lex:eu-west-1::bot/QX7ZJ2K9LM", {"region": "eu-west-1"}),
        ("arn:aws:lex:*:111122223333:bot/QX7ZJ2K9LM", {"account": "111122223333"}),
        ("arn:aws:lex:::bot/QX7ZJ2K9LM", {}),
        ("bot/QX7ZJ2K9LM", {}),
    ],
)
def test_an_arn_of_a_resource_means_the_one_in_its_account_and_region(arn, place):
    found = checked({"resource": arn})

    assert found.pop("resource") == ("bot/QX7ZJ2K9LM",)
    assert found == {name: (text,) for name, text in place.items()}


def test_arns_of_one_account_and_region_may_be_several():
    arns = [f"arn:aws:lex:eu-west-1:111122223333:bot/{name}" for name in ("A", "B")]

    found = checked({"resource": arns, "region": ["eu-west-1", "us-east-1"]})

    assert found == {"resource": ("bot/A", "bot/B"), "account": ("111122223333",), "region": ("eu-west-1",)}


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        (
            {"resource": ["arn:aws:lex:eu-west-1:111122223333:bot/A", "bot/A"]},
            "The resources are not all ARNs of one account and Region: ask for them one by one.",
        ),
        (
            {"resource": ["arn:aws:lex:eu-west-1::bot/A", "arn:aws:lex:us-east-1::bot/A"]},
            "The resources are not all ARNs of one account and Region: ask for them one by one.",
        ),
        (
            {"resource": "arn:aws:lex:eu-west-1::bot/A", "region": "us-east-1"},
            "'arn:aws:lex:eu-west-1::bot/A' is in another region than us-east-1: no call meets both.",
        ),
        (
            {"account": ["444455556666"], "resource": "arn:aws:lex::111122223333:bot/A"},
            "'arn:aws:lex::111122223333:bot/A' is in another account than 444455556666: no call meets both.",
        ),
        (
            {"resource": "arn:aws:lex:eu-west-1:1:bot/A"},
            "'1' is not a valid account: it should look like 111122223333.",
        ),
    ],
    ids=str,
)
def test_arns_that_contradict_each_other_or_another_condition_are_refused(conditions, message):
    with pytest.raises(ConditionError) as refused:
        checked(conditions)

    assert str(refused.value) == message
    assert refused.value.condition == "resource"


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "service": ("lex", "personalize", "polly", "transcribe"),
        "outcome": OUTCOMES,
        "credentials": CREDENTIALS,
        "event_category": EVENT_CATEGORIES,
    }.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_value_that_rows_have_is_valid_in_any_upper_and_lower_case(name, values):
    assert checked({name: [value.upper() for value in values]}) == checked({name: values}) == {name: values}


SERVICES = "lex, personalize, polly, transcribe"
NO_IDENTITY = "is not the ARN of a user, role, federated user or root."
NO_ADDRESS = (
    "is not an address: give one such as 203.0.113.9, a network such as 203.0.113.0/24, a name such as "
    "lex.amazonaws.com, or a pattern such as '203.0.*'."
)
NO_RESOURCE = f"is not the ARN of a resource of {SERVICES}."


def principals(name):
    return (
        f"is not a principal: give user/{name}, role/{name} (kinds are {KINDS}), root, an ARN, or a pattern such as "
        f"'*/{name}'."
    )


def resources(name):
    return (
        f"is not a resource: give KIND/NAME, such as lexicon/{name}, an ARN, or a pattern such as '*/{name}'. "
        "`aitrail services` lists the kinds."
    )


REFUSED = {
    "mistyped service": ("service", "poly", f"is not a known service: did you mean polly? Choose from {SERVICES}."),
    "another service": ("service", "s3", f"is not a known service. Choose from {SERVICES}."),
    "mistyped outcome": (
        "outcome",
        "DENY",
        "is not a known outcome: did you mean denied? Choose from ok, denied, throttled, client-error, server-error.",
    ),
    "mistyped credentials": (
        "credentials",
        "iam_user",
        f"is not a known kind of credentials: did you mean iam-user? Choose from {', '.join(CREDENTIALS)}.",
    ),
    "mistyped event category": (
        "event_category",
        "managment",
        "is not a known event category: did you mean Management? Choose from Management, Data, NetworkActivity.",
    ),
    "name of an account": ("account", "prod", "is not a valid account: it should look like 111122223333."),
    "digits of another script": ("account", "\u0661" * 12, "is not a valid account: it should look like 111122223333."),
    "zone": ("region", "eu-central-1a", "is not a valid Region: it should look like eu-central-1."),
    "line end": ("region", "eu-central-1\n", "is not a valid Region: it should look like eu-central-1."),
    "secret": (
        "access_key",
        "wJalrXUtnFEMI/K7",
        "is not a valid access key id: it should look like AKIAIOSFODNN7EXAMPLE.",
    ),
    "IAM action": (
        "operation",
        "polly:SynthesizeSpeech",
        "is not an operation: give a name such as SynthesizeSpeech, or a pattern such as 'Delete*'.",
    ),
    "name alone": ("principal", "alice", principals("alice")),
    "principal without a name": ("principal", "user/", principals("NAME")),
    "principal with an escape": ("principal", "a\x1bb", principals("NAME")),
    "ARN of a group": ("principal", f"{IAM}:group/staff", NO_IDENTITY),
    "ARN of a user without a name": ("principal", f"{IAM}:user", NO_IDENTITY),
    "ARN of a role session without a role": ("principal", f"{STS}:assumed-role", NO_IDENTITY),
    "ARN of a bucket": ("principal", "arn:aws:s3:::logs", NO_IDENTITY),
    "resource without a kind": ("resource", "stations", resources("stations")),
    "resource without a name": ("resource", "lexicon/", resources("NAME")),
    "resource that begins with a slash": ("resource", "/stations", resources("NAME")),
    "principal as resource": ("resource", "user/alice", "is a principal, not a resource."),
    "resource as principal": ("principal", "bot/QX7ZJ2K9LM", "is a resource, not a principal."),
    "ARN of another service": ("resource", "arn:aws:s3:::logs/x", NO_RESOURCE),
    "ARN without a kind": ("resource", f"{POLLY}:stations", NO_RESOURCE),
    "ARN that ends early": ("resource", "arn:aws:polly", NO_RESOURCE),
    "operation that would exclude": (
        "operation",
        "List!Bots",
        "is not an operation: give a name such as SynthesizeSpeech, or a pattern such as 'Delete*'.",
    ),
    "set without an end": (
        "operation",
        "List[Bots",
        "is not an operation: give a name such as SynthesizeSpeech, or a pattern such as 'Delete*'.",
    ),
    "service without its domain": ("source_ip", "lex", NO_ADDRESS),
    "service that called without its domain": (
        "called_by",
        "lex",
        "is not a service that makes calls: give one such as lex.amazonaws.com, AWS Internal, or a pattern.",
    ),
    "words as error code": (
        "error_code",
        "access denied",
        "is not a valid error code: it should look like AccessDenied, or a pattern such as 'Throttling*'.",
    ),
    "ARN of a role as session": (
        "session",
        f"{IAM}:role/Admin",
        "is not the ARN of a role session.",
    ),
    "number too large": (
        "source_ip",
        "203.0.113.256",
        NO_ADDRESS,
    ),
}


@pytest.mark.parametrize(("name", "text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_no_row_can_have_is_refused_with_what_is_valid(name, text, message):
    with pytest.raises(ConditionError) as refused:
        checked({name: text})

    assert str(refused.value) == f"{text!r} {message}"


def test_a_pattern_that_lacks_the_kind_is_refused_for_principals():
    with pytest.raises(ConditionError) as refused:
        checked({"principal": "alice*"})

    assert str(refused.value) == "No principal is like 'alice*': every one begins with its kind. Give '*/alice*'."


KINDS_REFUSED = {
    "mistyped": (
        "principal",
        "users/alice",
        (f"'users' is not a kind of principal: did you mean user? Choose from {KINDS}."),
    ),
    "upper case": (
        "principal",
        "Role/Adm",
        (f"'Role' is not a kind of principal: did you mean role? Choose from {KINDS}."),
    ),
    "none": ("principal", "/alice", f"'' is not a kind of principal. Choose from {KINDS}."),
    "mistyped, of a resource": (
        "resource",
        "lexikon/stations",
        "'lexikon' is not a kind of resource: did you mean lexicon/stations? If not, give 'lexiko?/stations'.",
    ),
    "upper case, of a resource": (
        "resource",
        "Bot/x y",
        "'Bot' is not a kind of resource: did you mean bot/NAME? If not, give 'Bo?/NAME'.",
    ),
}


@pytest.mark.parametrize(("name", "text", "message"), KINDS_REFUSED.values(), ids=KINDS_REFUSED)
def test_a_kind_that_does_not_exist_is_refused_with_the_nearest(name, text, message):
    with pytest.raises(ConditionError) as refused:
        checked({name: text})

    assert str(refused.value) == message


def test_a_role_of_identity_center_is_refused_since_its_calls_have_people_as_principals():
    with pytest.raises(ConditionError) as refused:
        checked({"principal": f"{IAM}:role/aws-reserved/sso.amazonaws.com/{SSO_ROLE}"})

    assert str(refused.value) == (
        "'arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.co…' is a role of IAM Identity Center: give one "
        "of its users, such as sso/alice@example.com, or 'sso/*'."
    )


def test_what_a_refused_kind_of_resource_could_be_is_a_pattern_that_is_taken():
    assert checked({"resource": "lexiko?/stations"}) == {"resource": ("lexiko?/stations",)}


NO_ADDRESSES = (
    *("203.0.113", "203.0.113.0/33", "203.0.113.0/", "203.0.113.09", "1234", "2001:db8::/129", "2001:db8::1::", "a:b"),
    *("203.0.113.9 ", " lex.amazonaws.com", "lex\t", "lex\x00", "l\u00e9x", "caf\udce9", "\n"),
)


@pytest.mark.parametrize("text", NO_ADDRESSES, ids=ascii)
def test_no_address_is_refused(text):
    with pytest.raises(ConditionError) as refused:
        checked({"source_ip": text})

    assert str(refused.value) == f"{text!r} {NO_ADDRESS}"


@pytest.mark.parametrize("name", ["principal", "resource"])
def test_a_long_key_is_spelled_as_rows_do(name, records):
    changes = {"userIdentity": {"type": "IAMUser", "userName": LONG}, "requestParameters": {"lexiconName": LONG}}
    row = row_of(records["polly-by-user"] | changes | {"responseElements": None}, log_file="x", record_index=0)
    given = {"principal": f"user/{LONG}", "resource": f"lexicon/{LONG}"}[name]

    assert checked({name: given}) == {name: (row[name],)}


def test_an_arn_of_an_identity_gives_the_principal_of_its_records(records):
    for record in records.values():
        identity = record["userIdentity"]

        assert checked({"principal": identity["arn"]}) == {"principal": (identity_of(record).principal,)}
