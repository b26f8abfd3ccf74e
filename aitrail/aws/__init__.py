"""General access to AWS: pages fetched in parallel, retries, the outputs of the deployed stack, its secret.

In: clients and tasks; out: answers. It knows nothing about log files, rows or users.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.aws import announcements, names
    from aitrail.aws.bucket_owner import Document, Source
    from aitrail.aws.deployment import Deployment, StackNotFoundError
    from aitrail.aws.downloading import DownloadError, download
    from aitrail.aws.existing_keys import ExistingKeys
    from aitrail.aws.key_policy import Place, other_trails, own_trail
    from aitrail.aws.operations import known_operations, known_regions
    from aitrail.aws.paging import WORKERS, Fetch, Page, in_order, in_turn, interleaved, merged, unordered
    from aitrail.aws.profiles import known_profiles
    from aitrail.aws.retries import patiently, pauses
    from aitrail.aws.secrets import RedactionKeyError, redaction_key
    from aitrail.aws.statements import Condition, Statement, policy
    from aitrail.aws.temporary import THROTTLING, code_of, is_of_network, is_temporary
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        announcements=(),
        bucket_owner=("Document", "Source"),
        deployment=("Deployment", "StackNotFoundError"),
        downloading=("DownloadError", "download"),
        existing_keys=("ExistingKeys",),
        key_policy=("Place", "other_trails", "own_trail"),
        names=(),
        operations=("known_operations", "known_regions"),
        profiles=("known_profiles",),
        paging=("Fetch", "Page", "WORKERS", "in_order", "in_turn", "interleaved", "merged", "unordered"),
        secrets=("RedactionKeyError", "redaction_key"),
        retries=("patiently", "pauses"),
        statements=("Condition", "Statement", "policy"),
        temporary=("THROTTLING", "code_of", "is_of_network", "is_temporary"),
    )
