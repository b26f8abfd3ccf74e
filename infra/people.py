"""What people may do with the stack: policies to attach to users and roles, and a role for other accounts."""

from collections.abc import Mapping, Sequence

from aws_cdk import Acknowledgment, Aws, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct

from aitrail.permissions import OPERATOR, READER, SERVICES, Part, grants_of_group, statements_of
from infra.kms_keys import HERE
from infra.reports import as_reported

_REASONS = {
    Part.STACK: "CloudFormation generates the id at the end of a stack's ARN, and checks requests by name without it.",
    Part.LOG_FILES: "Every object of the log bucket may be a log file.",
    Part.ANYTHING: "ListPublicKeys and GetMetricData take no resource.",
}


class People(Construct):
    """The policies of readers and operators, and, for `reader_accounts`, a role with the policy of readers.

    `arns` has the ARNs of the stack's parts, with none for a part that the stack does not have. A part of one of them,
    such as an index of a table, need not be there.
    `reader_accounts` are the ids of accounts and organizations.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        arns: Mapping[Part, Sequence[str]],
        reader_accounts: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._known = arns
        self.reader = self._policy("Reader", READER, "Query the rows of aitrail.")
        self.operator = self._policy("Operator", OPERATOR, "Query the rows of aitrail, and look after its deliveries.")
        self.reader_role = self._role(reader_accounts) if reader_accounts else None

    def _policy(self, construct_id: str, group: str, description: str) -> iam.ManagedPolicy:
        granted = grants_of_group(group)
        statements = [
            iam.PolicyStatement(
                actions=actions, resources=resources, conditions=HERE.through(service) if service else None
            )
            for service in (None, *SERVICES.values())
            for actions, parts in statements_of(
                {part: granted[part] for part in granted if SERVICES.get(part) == service}
            )
            if (resources := [arn for part in parts for arn in self._arns(part)])
        ]
        # Another description would replace the policy, which users and roles outside the stack have.
        policy = iam.ManagedPolicy(self, construct_id, description=description, statements=statements)
        for part in filter(_REASONS.__contains__, granted):
            for arn in self._arns(part):
                named = as_reported(Stack.of(self).resolve(arn))
                Validations.of(policy).acknowledge(
                    Acknowledgment(id=f"AwsSolutions-IAM5[Resource::{named}]", reason=_REASONS[part])
                )
        return policy

    def _arns(self, part: Part) -> list[str]:
        """The ARNs of a part, of which the stack may know only what it belongs to."""
        whole = next(each for each in self._known if part.startswith(each))
        return [part.replace(whole, arn) for arn in self._known[whole]]

    def _role(self, accounts: Sequence[str]) -> iam.Role:
        """A role that principals of other accounts may assume if these accounts allow it.

        Of the two statements, one compares accounts and the other organizations, each with all ids, because a parameter
        of a template is one list. The stack's own account is left out: with any principal, its users would need no
        permission of their own account.
        """
        elsewhere = {"StringNotEquals": {"aws:PrincipalAccount": Aws.ACCOUNT_ID}}
        trusted = [
            iam.AnyPrincipal().with_conditions({"StringEquals": {key: list(accounts)}, **elsewhere})
            for key in ("aws:PrincipalAccount", "aws:PrincipalOrgID")
        ]
        return iam.Role(
            self,
            "ReaderRole",
            description="Query the rows of aitrail from other accounts.",
            assumed_by=iam.CompositePrincipal(*trusted),
            managed_policies=[self.reader],
        )
