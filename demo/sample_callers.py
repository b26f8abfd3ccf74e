"""The callers in the sample logs: one `userIdentity` of each kind that CloudTrail records for the four services.

Account ids, access keys, addresses and names are reserved examples from AWS and the RFCs 2606 and 5737.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

HOME_ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"

_CLI = "aws-cli/2.31.9 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.7 md/prompt#off"
_BOTO3 = "Boto3/1.42.9 md/Botocore#1.42.9 ua/2.1 os/linux#6.1.153 lang/python#3.13.9 cfg/retry-mode#standard"
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A caller with its address; `identity` takes the account that was called and the start time of the session."""

    identity: Callable[[str, str], dict[str, Any]]
    source_address: str
    user_agent: str

    @property
    def is_service(self) -> bool:
        """Whether the caller is an AWS service; its calls have no TLS details."""
        return self.source_address.endswith(".amazonaws.com")


def _user(name: str, key: str, account: str) -> dict[str, Any]:
    return {
        "type": "IAMUser",
        "principalId": f"AIDA{name.upper():A<10.10}EXAMPLE",
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "accessKeyId": key,
        "userName": name,
    }


def _assumed_role(  # noqa: PLR0913 - one argument for each part of the identity that differs
    role: str, session: str, key: str, account: str, created: str, *, path: str = "", mfa: bool = False
) -> dict[str, Any]:
    role_id = f"AROA{role.upper().replace('-', ''):R<10.10}EXAMPLE"
    return {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": f"arn:aws:iam::{account}:role/{path}{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": {"creationDate": created, "mfaAuthenticated": str(mfa).lower()},
        },
    }


def _root(account: str, created: str) -> dict[str, Any]:
    return {
        "type": "Root",
        "principalId": account,
        "arn": f"arn:aws:iam::{account}:root",
        "accountId": account,
        "accessKeyId": "ASIAROOTSESSEXAMPLE1",
        "sessionContext": {"attributes": {"creationDate": created, "mfaAuthenticated": "true"}},
    }


def _federated(account: str, created: str) -> dict[str, Any]:
    issuer = _user("broker", "", account)
    return {
        "type": "FederatedUser",
        "principalId": f"{account}:kiosk-7",
        "arn": f"arn:aws:sts::{account}:federated-user/kiosk-7",
        "accountId": account,
        "accessKeyId": "ASIAKIOSKSEVEXAMPLE2",
        "sessionContext": {
            "sessionIssuer": {name: issuer[name] for name in ("type", "principalId", "arn", "accountId", "userName")},
            "attributes": {"creationDate": created, "mfaAuthenticated": "false"},
        },
    }


def _lex_service_role(account: str, created: str) -> dict[str, Any]:
    path = "aws-service-role/lexv2.amazonaws.com/"
    role = _assumed_role(
        "AWSServiceRoleForLexV2Bots_K3X9", "lexv2-bot", "ASIALEXSLRBOTEXAMPLE", account, created, path=path
    )
    return {**role, "invokedBy": "lexv2.amazonaws.com"}


ALICE = Caller(
    identity=lambda account, _: _user("alice", "AKIAALICEKEY1EXAMPLE", account),
    source_address="203.0.113.24",
    user_agent=_CLI,
)
OLD_SCRIPT = Caller(
    identity=lambda account, _: _user("narration-batch", "AKIABATCHKEY9EXAMPLE", account),
    source_address="203.0.113.77",
    user_agent="aws-sdk-java/1.11.9 Linux/4.4.11 OpenJDK_64-Bit_Server_VM/25.91-b14/1.8.0_91",
)
APPLICATION = Caller(
    identity=lambda account, created: _assumed_role(
        "voice-frontend", "i-0a1b2c3d4e5f67890", "ASIAVOICEFRONEXAMPLE", account, created, path="app/"
    ),
    source_address="198.51.100.14",
    user_agent=_BOTO3,
)
ADMINISTRATOR = Caller(
    identity=lambda account, created: _assumed_role(
        "AWSReservedSSO_AdministratorAccess_1f2e3d4c5b6a7980",
        "bob@example.com",
        "ASIABOBSSOKEYEXAMPLE",
        account,
        created,
        path="aws-reserved/sso.amazonaws.com/eu-central-1/",
        mfa=True,
    ),
    source_address="192.0.2.150",
    user_agent=_BROWSER,
)
# Always from the other account: its calls in the home account are cross-account calls.
PARTNER = Caller(
    identity=lambda _, created: _assumed_role(
        "partner-analytics", "nightly-export", "ASIAPARTNEREXEXAMPLE", OTHER_ACCOUNT, created
    ),
    source_address="198.51.100.201",
    user_agent=_BOTO3,
)
# A job that nobody runs any more.
RETIRED = Caller(
    identity=lambda account, created: _assumed_role(
        "meeting-minutes", "minutes-2026", "ASIAMINUTESROEXAMPLE", account, created
    ),
    source_address="198.51.100.77",
    user_agent="Boto3/1.17.112 Python/3.6.15 Linux/5.4.0 Botocore/1.20.112",
)
ROOT = Caller(identity=_root, source_address="192.0.2.9", user_agent=_BROWSER)
KIOSK = Caller(identity=_federated, source_address="203.0.113.180", user_agent="aws-sdk-js/3.901.0 ua/2.1 os/macOS")
LEX = Caller(identity=_lex_service_role, source_address="lexv2.amazonaws.com", user_agent="lexv2.amazonaws.com")
