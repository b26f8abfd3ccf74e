"""What each command may have to do in AWS, and the smallest IAM policy for it. Pure.

In: commands with options, the names in a stack; out: actions on parts of the stack, statements. It asks nothing of AWS.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.permissions.groups import GROUPS, OPERATOR, READER, grants_of_group
    from aitrail.permissions.needs import IN_S3, NEEDS, Grants, Rule, all_grants_of, grants_of, together
    from aitrail.permissions.parts import SERVICES, Part, arns_of, through
    from aitrail.permissions.policy import policy_of, statements_of
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        groups=("GROUPS", "OPERATOR", "READER", "grants_of_group"),
        needs=("Grants", "IN_S3", "NEEDS", "Rule", "all_grants_of", "grants_of", "together"),
        parts=("Part", "SERVICES", "arns_of", "through"),
        policy=("policy_of", "statements_of"),
    )
