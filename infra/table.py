"""A table as `aitrail.dynamodb.tables` defines it."""

from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from aitrail.dynamodb import tables


def _strings(*names: str) -> list[dynamodb.Attribute]:
    return [dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING) for name in names]


def _index(index: tables.Index) -> dynamodb.GlobalSecondaryIndexPropsV2:
    return dynamodb.GlobalSecondaryIndexPropsV2(
        index_name=index.name,
        partition_keys=_strings(*index.partition_keys),
        sort_keys=_strings(*index.sort_keys),
        projection_type=dynamodb.ProjectionType.INCLUDE if index.projected else dynamodb.ProjectionType.KEYS_ONLY,
        non_key_attributes=list(index.projected) or None,
    )


class Table(Construct):
    """An on-demand table with point-in-time recovery for 35 days; if `protected`, even deleting the stack keeps it.

    A deployed table keeps its class if `table_class` is None. `key` encrypts it; None for a key that DynamoDB owns.
    """

    def __init__(  # noqa: PLR0913 - a construct's properties
        self,
        scope: Construct,
        construct_id: str,
        *,
        definition: tables.Table,
        protected: bool,
        table_class: str | None = None,
        key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=_strings(definition.partition_key)[0],
            sort_key=_strings(definition.sort_key)[0] if definition.sort_key else None,
            global_secondary_indexes=[_index(index) for index in definition.indexes],
            time_to_live_attribute=definition.ttl_attribute,
            billing=dynamodb.Billing.on_demand(),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=protected,
            table_class=dynamodb.TableClass[table_class] if table_class else None,
            # A protected table refuses to be deleted, so retaining it also lets a failed first deployment roll back.
            removal_policy=RemovalPolicy.RETAIN if protected else RemovalPolicy.DESTROY,
        )
        if key:
            self._encrypt(key)

    def _encrypt(self, key: kms.IKey) -> None:
        """Encrypts the table, whose only replica is itself. CDK's own property has to know the Region at synthesis."""
        table = cast("dynamodb.CfnGlobalTable", self.table.node.default_child)
        table.add_property_override("SSESpecification", {"SSEEnabled": True, "SSEType": "KMS"})
        table.add_property_override("Replicas.0.SSESpecification", {"KMSMasterKeyId": key.key_arn})


class AdoptedTable(Construct):
    """The table `name` of the stack's account and Region, which the stack uses but neither changes nor deletes."""

    def __init__(self, scope: Construct, construct_id: str, *, name: str) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.TableV2.from_table_name(self, "Table", name)
