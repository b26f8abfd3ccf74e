"""Environment variables for the local AWS and for the commands that use it.

The user's AWS configuration is not passed on, so that neither can reach a real account.
"""

import os
import sys
from pathlib import Path

from demo.certificate import Certificate

ADDRESS = "127.0.0.1"
ACCOUNT = "111122223333"
REGION = "eu-central-1"

# The local AWS treats a key id that is an account id as the account's root user, and uses the same pair for itself.
KEY_ID, SECRET = ACCOUNT, "local"

_NOT_INHERITED = ("AWS_", "CDK")


def for_commands(folder: Path, endpoint: str, certificate: Certificate | None) -> dict[str, str]:
    """The environment for commands such as `cdk` and `aitrail`: the user's, with the local AWS instead of any other."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    no_proxy = ",".join(filter(None, (ADDRESS, inherited.get("no_proxy") or inherited.get("NO_PROXY"))))
    return (
        inherited
        | _common(folder)
        | {
            "AWS_ENDPOINT_URL": endpoint,
            # The virtual environment's node and python take precedence.
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), inherited.get("PATH", os.defpath))),
            "no_proxy": no_proxy,
            "NO_PROXY": no_proxy,
            # The CDK command line caches the account of an access key, which must not be used outside this local AWS.
            "CDK_HOME": str(folder / "home"),
            "CDK_DEFAULT_ACCOUNT": ACCOUNT,
            "CDK_DEFAULT_REGION": REGION,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "true",
            # The user's defaults are for other stacks.
            "AITRAIL_CONFIG": os.devnull,
        }
        | _trust(certificate)
    )


def for_server(folder: Path, port: int, certificate: Certificate | None) -> dict[str, str]:
    """The environment for the local AWS and its functions; a certificate enables TLS and enforced IAM policies."""
    environment = _common(folder) | {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder / "home"),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": ADDRESS,
        "MINISTACK_HOST": ADDRESS,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # At start, MiniStack removes containers that it considers its own: keep it away from the user's Docker.
        "DOCKER_HOST": f"unix://{folder}/no-docker",
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "LAMBDA_EXECUTOR": "local",
    }
    if certificate:
        tls = {"MINISTACK_SSL_CERT": str(certificate.certificate), "MINISTACK_SSL_KEY": str(certificate.key)}
        # SSL_CERT_FILE is for the stack's custom resources, which respond with urllib.
        environment |= tls | {"AUTH": "true", "USE_SSL": "1", "SSL_CERT_FILE": str(certificate.certificate)}
    return environment | _trust(certificate)


def _common(folder: Path) -> dict[str, str]:
    nowhere = str(folder / "home" / "no-such-file")
    return {
        "TMPDIR": str(folder),
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _trust(certificate: Certificate | None) -> dict[str, str]:
    if not certificate:
        return {}
    trusted = str(certificate.certificate)
    return {"AWS_CA_BUNDLE": trusted, "NODE_EXTRA_CA_CERTS": trusted}
