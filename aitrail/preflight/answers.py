"""What AWS does not answer, or not as expected, is unknown: it is told, and ends nothing else."""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from aitrail.aws import code_of
from aitrail.preflight.finding import Finding, unknown

# Makes clients of services in the Region of a plan.
Clients = Callable[[str], Any]

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403")
_MAY_LOOK = "The policy of those who may look:"
_POLICY = "aitrail permissions preflight --placeholders"


def looked(name: str, what: str, find: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of a look at `what`; the unknown `name`-unknown if AWS does not answer it, or not as expected."""
    try:
        found = list(find())
    except (BotoCoreError, ClientError) as error:
        remedy = (_MAY_LOOK, _POLICY) if isinstance(error, ClientError) and code_of(error) in _DENIED else ()
        yield unknown(f"{name}-unknown", f"Could not check {what}: {error}", *remedy)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        yield unknown(
            f"{name}-unknown",
            f"Could not check {what}: the answer of AWS has another form than expected ({error!r}).",
        )
    else:
        yield from found
