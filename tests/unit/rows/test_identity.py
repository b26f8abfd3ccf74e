"""The caller's identity: the three questions on AWS's page, for every type of userIdentity and for odd ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.rows.identity import Identity, identity_of

SSO_ROLE = "AWSReservedSSO_Analyst_0123456789abcdef"


def identity(principal, credentials, **others):
    values = {
        "temporary_credentials": False,
        "principal_account": None,
        "session_name": None,
        "access_key_id": None,
        "called_by": None,
    }
    return Identity(principal=principal, credentials=credentials, **values | others)


def role_session(role="Admin", session="build-17", path="/", **fields):
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{session}",
        "arn": f"arn:aws:sts::111122223333:assumed-role/{role}/{session}",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": f"arn:aws:iam::111122223333:role{path}{role}",
                "accountId": "111122223333",
                "userName": role,
            },
            "attributes": {"creationDate": "2026-11-01T00:00:00Z", "mfaAuthenticated": "false"},
        },
    } | fields


USER = {
    "type": "IAMUser",
    "principalId": "AIDAEXAMPLE",
    "arn": "arn:aws:iam::111122223333:user/team/Alice",
    "accountId": "111122223333",
    "accessKeyId": "AKIAEXAMPLE",
    "userName": "Alice",
}
CONSOLE = {"attributes": {"creationDate": "2026-11-01T00:00:00Z", "mfaAuthenticated": "true"}}
HERE = {"principal_account": "111122223333"}
SESSION = {"temporary_credentials": True, "session_name": "build-17", "access_key_id": "ASIAEXAMPLE"} | HERE
PERSON = SESSION | {"session_name": "alice@example.com"}

CASES = {
    "IAM user with a long-term key": (USER, identity("user/Alice", "iam-user", access_key_id="AKIAEXAMPLE", **HERE)),
    "IAM user in the console": (
        USER | {"accessKeyId": "ASIAEXAMPLE", "sessionContext": CONSOLE},
        identity("user/Alice", "iam-user", temporary_credentials=True, access_key_id="ASIAEXAMPLE", **HERE),
    ),
    "IAM user with a session context alone": (
        USER | {"accessKeyId": "", "sessionContext": CONSOLE},
        identity("user/Alice", "iam-user", temporary_credentials=True, **HERE),
    ),
    "IAM user through a service": (
        USER | {"invokedBy": "health.amazonaws.com"},
        identity("user/Alice", "iam-user", access_key_id="AKIAEXAMPLE", called_by="health.amazonaws.com", **HERE),
    ),
    "IAM user without a userName": (
        {name: value for name, value in USER.items() if name != "userName"},
        identity("user/Alice", "iam-user", access_key_id="AKIAEXAMPLE", **HERE),
    ),
    "IAM user known by its id alone": (
        {"type": "IAMUser", "principalId": "AIDAEXAMPLE"},
        identity("user/AIDAEXAMPLE", "iam-user"),
    ),
    "root with a long-term key": (
        {"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accessKeyId": "AKIAROOT"},
        identity("root", "root", access_key_id="AKIAROOT", **HERE),
    ),
    "root in the console": (
        {"type": "Root", "accountId": "111122223333", "accessKeyId": "ASIAROOT", "sessionContext": CONSOLE},
        identity("root", "root", temporary_credentials=True, access_key_id="ASIAROOT", **HERE),
    ),
    "role": (role_session(), identity("role/Admin", "role", **SESSION)),
    "role without a session context": (
        role_session(sessionContext=None),
        identity("role/Admin", "role", **SESSION),
    ),
    "role without an ARN": (
        role_session(arn=None),
        identity("role/Admin", "role", **SESSION),
    ),
    "role known by its id alone": (
        {"type": "AssumedRole", "principalId": "AROAEXAMPLE:build-17"},
        identity("role/AROAEXAMPLE", "role", temporary_credentials=True, session_name="build-17"),
    ),
    "role on an instance": (
        role_session(session="i-0123456789abcdef0"),
        identity("role/Admin", "role", **SESSION | {"session_name": "i-0123456789abcdef0"}),
    ),
    "role with an empty key": (
        role_session(accessKeyId=""),
        identity("role/Admin", "role", **SESSION | {"access_key_id": None}),
    ),
    "service-linked role": (
        role_session("AWSServiceRoleForLexV2Bots_X", path="/aws-service-role/lexv2.amazonaws.com/")
        | {"invokedBy": "lexv2.amazonaws.com"},
        identity("role/AWSServiceRoleForLexV2Bots_X", "role", called_by="lexv2.amazonaws.com", **SESSION),
    ),
    "type Role": (
        {"type": "Role", "arn": "arn:aws:iam::111122223333:role/jobs/Nightly"},
        identity("role/Nightly", "role", temporary_credentials=True, **HERE),
    ),
    "SSO role": (
        role_session(SSO_ROLE, "alice@example.com", "/aws-reserved/sso.amazonaws.com/eu-west-1/"),
        identity("sso/alice@example.com", "sso", **PERSON),
    ),
    "SSO role without its issuer": (
        role_session(SSO_ROLE, "alice@example.com", sessionContext=CONSOLE),
        identity("sso/alice@example.com", "sso", **PERSON),
    ),
    "SSO role without a session name": (
        {"type": "AssumedRole", "arn": f"arn:aws:sts::111122223333:assumed-role/{SSO_ROLE}"},
        identity(f"role/{SSO_ROLE}", "sso", temporary_credentials=True, **HERE),
    ),
    "a role that only looks like one of SSO": (
        role_session(SSO_ROLE, "alice@example.com", "/"),
        identity(f"role/{SSO_ROLE}", "role", **PERSON),
    ),
    "a role whose path only contains that of SSO": (
        role_session(SSO_ROLE, "alice@example.com", "/x:role/aws-reserved/sso.amazonaws.com/"),
        identity(f"role/{SSO_ROLE}", "role", **PERSON),
    ),
    "type Unknown and a role that only looks like one of SSO": (
        role_session(SSO_ROLE, "alice@example.com", "/", type="Unknown"),
        identity(f"role/{SSO_ROLE}", "unknown", **PERSON),
    ),
    "Identity Center user": (
        {
            "type": "IdentityCenterUser",
            "accountId": "111122223333",
            "onBehalfOf": {"userId": "90676d2e-1", "identityStoreArn": "arn:aws:identitystore::1:identitystore/d-1"},
            "credentialId": "cred-1",
        },
        identity("sso/90676d2e-1", "sso", temporary_credentials=True, behind={"onBehalfOf": "90676d2e-1"}, **HERE),
    ),
    "role that says who acts": (
        role_session(
            onBehalfOf={"userId": "90676d2e-1", "identityStoreArn": "arn:aws:identitystore::1:identitystore/d-1"},
            inScopeOf={
                "issuerType": "AWS::Lambda::Function",
                "credentialsIssuedTo": "arn:aws:lambda:f",
                "sourceArn": "x",
            },
            invokedByDelegate={"accountId": "777788889999"},
            sessionContext=role_session()["sessionContext"] | {"sourceIdentity": "alice"},
        ),
        identity(
            "role/Admin",
            "role",
            behind={
                "onBehalfOf": "90676d2e-1",
                "inScopeOf": "arn:aws:lambda:f",
                "invokedByDelegate": "777788889999",
                "sourceIdentity": "alice",
            },
            **SESSION,
        ),
    ),
    "role whose scope has only a source": (
        role_session(inScopeOf={"sourceArn": "arn:aws:ec2:i"}, onBehalfOf="x", invokedByDelegate={"accountId": 7}),
        identity("role/Admin", "role", behind={"inScopeOf": "arn:aws:ec2:i"}, **SESSION),
    ),
    "federated user": (
        {
            "type": "FederatedUser",
            "principalId": "111122223333:Bob",
            "arn": "arn:aws:sts::111122223333:federated-user/Bob",
            "accountId": "111122223333",
            "accessKeyId": "ASIAFED",
            "sessionContext": {"sessionIssuer": {"type": "IAMUser", "userName": "Alice"}},
        },
        identity("federated/Bob", "federated-user", temporary_credentials=True, access_key_id="ASIAFED", **HERE),
    ),
    "web identity": (
        {
            "type": "WebIdentityUser",
            "principalId": "accounts.google.com:app-1.apps.example.com:user-7",
            "userName": "user-7",
            "identityProvider": "accounts.google.com",
        },
        identity("web/accounts.google.com:user-7", "web-identity", temporary_credentials=True),
    ),
    "web identity from its id": (
        {"type": "WebIdentityUser", "principalId": "www.amazon.com:app-1:user-7"},
        identity("web/www.amazon.com:user-7", "web-identity", temporary_credentials=True),
    ),
    "web identity whose name has colons": (
        {"type": "WebIdentityUser", "principalId": "ci.example.com:sts:repo:org/shop:ref:refs/heads/main"},
        identity("web/ci.example.com:repo:org/shop:ref:refs/heads/main", "web-identity", temporary_credentials=True),
    ),
    "SAML user": (
        {"type": "SAMLUser", "principalId": "hash=:carol", "userName": "carol", "identityProvider": "hash="},
        identity("saml/carol", "saml", temporary_credentials=True),
    ),
    "service": (
        {"type": "AWSService", "invokedBy": "lex.amazonaws.com"},
        identity("service/lex.amazonaws.com", "aws-service", called_by="lex.amazonaws.com"),
    ),
    "service without a type": (
        {"accountId": "111122223333", "invokedBy": "lex.amazonaws.com"},
        identity("service/lex.amazonaws.com", "aws-service", called_by="lex.amazonaws.com", **HERE),
    ),
    "service that does not say which": ({"type": "AWSService"}, identity("service/anonymous", "aws-service")),
    "another account": (
        {"type": "AWSAccount", "principalId": "AIDAOTHER", "accountId": "444455556666"},
        identity("account/444455556666", "aws-account", principal_account="444455556666"),
    ),
    "another account with a temporary key as its id": (
        {"type": "AWSAccount", "principalId": "ASIAEXAMPLE7Q2M5LZUK", "accountId": "444455556666"},
        identity(
            "account/444455556666",
            "aws-account",
            temporary_credentials=True,
            principal_account="444455556666",
            access_key_id="ASIAEXAMPLE7Q2M5LZUK",
        ),
    ),
    "another account with a key of its own": (
        {
            "type": "AWSAccount",
            "principalId": "ASIAEXAMPLE7Q2M5LZUK",
            "accountId": "444455556666",
            "accessKeyId": "AKIAEXAMPLE",
        },
        identity("account/444455556666", "aws-account", principal_account="444455556666", access_key_id="AKIAEXAMPLE"),
    ),
    "user whose id looks like a temporary key": (
        USER | {"principalId": "ASIAEXAMPLE7Q2M5LZUK", "accessKeyId": ""},
        identity("user/Alice", "iam-user", **HERE),
    ),
    "anonymous": (
        {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"},
        identity("unknown/anonymous", "unknown"),
    ),
    "anonymous by its id": (
        {"type": "AWSAccount", "principalId": "anonymous"},
        identity("unknown/anonymous", "unknown"),
    ),
    "directory": (
        {"type": "Directory", "userName": "dave", "accountId": "111122223333"},
        identity("directory/dave", "directory", **HERE),
    ),
    "type Unknown with a telling ARN": (
        {"type": "Unknown", "arn": f"arn:aws:sts::111122223333:assumed-role/{SSO_ROLE}/alice@example.com"},
        identity("sso/alice@example.com", "unknown", session_name="alice@example.com", **HERE),
    ),
    "type Unknown with an id": (
        {"type": "Unknown", "principalId": "AIDAEXAMPLE:x"},
        identity("unknown/AIDAEXAMPLE", "unknown"),
    ),
    "a type of the future": ({"type": "Robot", "principalId": "R2"}, identity("unknown/R2", "unknown")),
    "a type that is no text": ({"type": ["Root"], "principalId": "X"}, identity("unknown/X", "unknown")),
    "no type but the ARN of a user": (
        {"arn": "arn:aws-cn:iam::111122223333:user/Eve"},
        identity("user/Eve", "iam-user", **HERE),
    ),
    "no type but the ARN of a role session": (
        {"arn": "arn:aws:sts::111122223333:assumed-role/Admin/build-17"},
        identity("role/Admin", "role", temporary_credentials=True, session_name="build-17", **HERE),
    ),
    "no type but the ARN of root": (
        {"arn": "arn:aws:iam::111122223333:root"},
        identity("root", "root", **HERE),
    ),
    "empty": ({}, identity("unknown/anonymous", "unknown")),
    "null": (None, identity("unknown/anonymous", "unknown")),
    "text": ("Alice", identity("unknown/anonymous", "unknown")),
}


@pytest.mark.parametrize(("user_identity", "expected"), CASES.values(), ids=CASES.keys())
def test_the_identity_questions_are_answered(user_identity, expected):
    assert identity_of({"userIdentity": user_identity}) == expected


def test_a_record_without_user_identity_has_an_identity():
    assert identity_of({}) == identity("unknown/anonymous", "unknown")


def test_a_principal_is_the_same_for_every_session_of_a_role():
    sessions = [role_session(session=name) for name in ("a", "b", "i-0123456789abcdef0")]

    principals = {identity_of({"userIdentity": session}).principal for session in sessions}

    assert principals == {"role/Admin"}


_NAMES = st.sampled_from(
    [
        *("type", "arn", "principalId", "accountId", "userName", "accessKeyId", "sessionContext", "sessionIssuer"),
        *("invokedBy", "onBehalfOf", "userId", "identityProvider", "sourceIdentity", "inScopeOf", "sourceArn"),
    ]
)
_TEXTS = st.sampled_from([*USER.values(), "Root", "AssumedRole", "AWSService", "arn:aws:sts::1:assumed-role/", ":", ""])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | _TEXTS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(_NAMES, children, max_size=6),
    max_leaves=12,
)


@given(_JSON)
def test_any_user_identity_has_an_identity(user_identity):
    found = identity_of({"userIdentity": user_identity})

    assert found.principal
    assert all(found.behind.values())
    assert found.credentials in {
        *("root", "iam-user", "role", "sso", "federated-user", "web-identity", "saml"),
        *("aws-service", "aws-account", "directory", "unknown"),
    }
