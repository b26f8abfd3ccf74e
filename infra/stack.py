"""The stack: its parts, the flow of data between them, and the function's permissions."""

from collections.abc import Sequence

from aws_cdk import Acknowledgment, CfnOutput, Stack, Tags, Validations
from aws_cdk.aws_sns import ITopic, Topic
from constructs import Construct

from aitrail.aws import announcements
from aitrail.dynamodb import tables
from aitrail.permissions import Part
from infra import remembered
from infra.alarm_topic import AlarmTopic
from infra.alarms import Alarms
from infra.bundling import Bundle
from infra.charts import Charts
from infra.dashboard import Dashboard
from infra.deliveries import Deliveries
from infra.existing_bucket import ExistingBucket
from infra.ingest import TIMEOUT, Ingest
from infra.kms_keys import HERE, KmsKeys
from infra.log_bucket import LogBucket
from infra.measures import NAMESPACE, OwnMetrics
from infra.people import People
from infra.quotas import check
from infra.redaction_key import RedactionKey
from infra.reports import as_reported
from infra.settings import Settings
from infra.table import AdoptedTable, Table
from infra.trail import Trail, arn_of


class AitrailStack(Stack):
    """Trail -> log bucket -> deliveries -> function -> tables, and the alarms, configured by `settings`."""

    def __init__(self, scope: Construct, *, settings: Settings, region: str | None = None) -> None:
        super().__init__(
            scope,
            settings.stack_name,
            description="Records who uses Amazon Polly, Transcribe, Lex, Personalize.",
            termination_protection=settings.termination_protection,
        )
        self.settings = settings
        self.bundle = Bundle.of(settings)
        self.template_options.metadata = {remembered.METADATA: remembered.to_remember(settings)}
        trail_name = f"{settings.stack_name}-trail"
        self.trail_arn = arn_of(self, trail_name) if settings.has_trail else None
        self.keys = KmsKeys(self, "Keys", settings=settings, trail_arn=self.trail_arn)
        self.log_bucket = self._log_bucket()
        self.deliveries = Deliveries(self, "Deliveries", function_timeout=TIMEOUT, key=self.keys.queues)
        self.events = self._table(tables.EVENTS, adopted=settings.events_table, class_=settings.events_table_class)
        self.files = self._table(tables.FILES, adopted=settings.files_table, class_=settings.files_table_class)
        self.redaction_key_arn = self._redaction_key_arn()
        environment = self._environment()
        self.ingest = Ingest(
            self,
            "Ingest",
            bundle=self.bundle,
            memory_megabytes=settings.memory_megabytes,
            is_traced=settings.is_traced(region),
            log_retention_days=settings.function_log_retention_days,
            environment=environment,
            mark=remembered.mark(settings),
            log_key=self.keys.log_group,
        )
        self.log_bucket.announce_to(self.deliveries.queue, reader=self.ingest.function, prefixes=settings.prefixes)
        self.ingest.read_from(self.deliveries.queue, "Source", maximum_concurrency=settings.maximum_concurrency)
        self.ingest.read_from(
            self.deliveries.backfill, "BackfillSource", maximum_concurrency=settings.backfill_concurrency
        )
        self._grant()
        self.people = People(self, "People", arns=self._parts(), reader_accounts=settings.reader_accounts)
        if settings.has_trail:
            trail = Trail(
                self,
                "Trail",
                trail_name=trail_name,
                log_bucket=self.log_bucket,
                kept=settings.keep_trail,
                data_events=settings.data_events,
                network_activity_events=settings.network_activity_events,
                key=self.keys.bucket,
            )
            # The trail is created last: before it delivers, a failed deployment can delete the bucket, which is empty.
            trail.trail.node.add_dependency(self.ingest)
        alarms = self._alarms().created if settings.alarms else []
        if settings.dashboard:
            Dashboard(self, "Dashboard", stack_name=settings.stack_name, alarms=alarms, charts=self._charts().all())
        self._outputs()
        for key, _, value in (each.partition("=") for each in settings.tags):
            Tags.of(self).add(key, value)
        check(
            self,
            self.settings,
            policy=self.log_bucket.policy,
            environment=environment,
            reader_role=self.people.reader_role,
            event_keys=self.log_bucket.event_keys,
        )

    def _alarms(self) -> Alarms:
        settings, topics = self.settings, list[ITopic]()
        if settings.alarm_topic_arn:
            topics.append(Topic.from_topic_arn(self, "Topic", settings.alarm_topic_arn))
        if settings.alarm_email:
            topics.append(AlarmTopic(self, "AlarmTopic", address=settings.alarm_email, key=self.keys.topic).topic)
        return Alarms(
            self,
            "Alarms",
            deliveries=self.deliveries,
            function=self.ingest.function,
            own=OwnMetrics(service=settings.stack_name),
            topics=topics,
            expects_digests=settings.has_trail,
            silent_hours=settings.silent_hours,
        )

    def _charts(self) -> Charts:
        return Charts(
            own=OwnMetrics(service=self.settings.stack_name),
            deliveries=self.deliveries,
            function=self.ingest.function,
            memory_megabytes=self.settings.memory_megabytes,
            events_table=self.events.table.table_name,
            files_table=self.files.table.table_name,
        )

    def _log_bucket(self) -> LogBucket | ExistingBucket:
        settings = self.settings
        if settings.log_bucket:
            return ExistingBucket(
                self,
                "Existing",
                name=settings.log_bucket,
                account=settings.log_bucket_account,
                announced_by=settings.announced_by,
            )
        bucket = LogBucket(
            self,
            "Logs",
            retention_days=settings.log_retention_days,
            lock_days=settings.object_lock_days,
            storage_class=settings.log_storage_class,
            storage_days=settings.log_storage_days,
            key=self.keys.bucket,
        )
        bucket.guard(
            prefixes=settings.prefixes, but=settings.break_glass_role_arn, replicated_by=settings.replication_role_arn
        )
        return bucket

    def _table(self, definition: tables.Table, *, adopted: str | None, class_: str | None) -> Table | AdoptedTable:
        if adopted:
            return AdoptedTable(self, definition.label, name=adopted)
        return Table(
            self,
            definition.label,
            definition=definition,
            protected=self.settings.deletion_protection,
            table_class=class_,
            key=self.keys.tables,
        )

    def _redaction_key_arn(self) -> str | None:
        if not self.settings.redact:
            return None
        return RedactionKey(self, "Redaction", protected=self.settings.deletion_protection).arn

    def _environment(self) -> dict[str, str]:
        retention = {
            "ROW_RETENTION_DAYS": self.settings.row_retention_days,
            "LEDGER_RETENTION_DAYS": self.settings.ledger_retention_days,
            "LOG_RETENTION_DAYS": self.settings.log_retention_days,
        }
        return (
            {
                "EVENTS_TABLE": self.events.table.table_name,
                "FILES_TABLE": self.files.table.table_name,
                "LOG_BUCKET": self.log_bucket.bucket.bucket_name,
                "DELIVERIES_QUEUE_URL": self.deliveries.queue.queue_url,
                "BACKFILL_QUEUE_URL": self.deliveries.backfill.queue_url,
                "POWERTOOLS_SERVICE_NAME": self.settings.stack_name,
                "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": self.settings.log_level,
            }
            | ({"KEY_PREFIXES": ",".join(self.settings.prefixes)} if self.settings.key_prefixes else {})
            | ({"ORIGINAL_BUCKET": self.settings.original_bucket} if self.settings.original_bucket else {})
            | ({"REDACTION_KEY_ARN": self.redaction_key_arn} if self.redaction_key_arn else {})
            | ({"ACCOUNTS": ",".join(self.settings.accounts)} if self.settings.accounts else {})
            | ({"DASHBOARD": "on"} if self.settings.dashboard else {})
            | ({"SILENT_HOURS": str(self.settings.silent_hours)} if self.settings.silent_hours else {})
            | {name: str(days) for name, days in retention.items() if days}
        )

    def _grant(self) -> None:
        bucket, files = self.log_bucket.bucket, self.files.table
        may = self.ingest.may
        may("s3:ListBucket", on=bucket.bucket_arn)  # without it, S3 returns 403 for a missing object
        may("s3:GetObject", "s3:GetObjectVersion", on=bucket.arn_for_objects("*"))
        Validations.of(self.ingest.role).acknowledge(
            Acknowledgment(
                id=f"AwsSolutions-IAM5[Resource::{as_reported(self.resolve(bucket.bucket_arn))}/*]",
                reason="Every object of the log bucket may be a log file.",
            )
        )
        may("dynamodb:BatchWriteItem", on=self.events.table.table_arn)
        may(
            *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
            *("dynamodb:UpdateItem", "dynamodb:BatchWriteItem"),
            on=files.table_arn,
        )
        for index in tables.FILES.indexes:
            may("dynamodb:Query", on=f"{files.table_arn}/index/{index.name}")
        may("sqs:SendMessage", on=self.deliveries.backfill.queue_arn)  # to re-announce overdue deliveries
        may("cloudtrail:ListPublicKeys", on="*")
        if self.redaction_key_arn:
            may("secretsmanager:GetSecretValue", on=self.redaction_key_arn)
        if self.settings.log_key_arns:
            may("kms:Decrypt", on=self.settings.log_key_arns, if_=HERE.through_s3(bucket.bucket_arn))
        self._grant_keys()
        if self.settings.trail_arns:
            folders = [announcements.folder(prefix) for prefix in self.settings.prefixes]
            self.log_bucket.take_from(self.settings.trail_arns, below=folders)

    def _grant_keys(self) -> None:
        """Allows the function to use the customer-managed keys for what it reads and writes, and for nothing else."""
        may, keys, queues = self.ingest.may, self.keys, self.deliveries
        if keys.bucket:
            may("kms:Decrypt", on=keys.bucket.key_arn, if_=HERE.through_s3(self.log_bucket.bucket.bucket_arn))
        if keys.queues:
            # What SQS moves between queues, it does not encrypt again.
            arns = [each.queue_arn for each in (queues.queue, queues.backfill, queues.dead_letters)]
            may("kms:Decrypt", "kms:GenerateDataKey", on=keys.queues.key_arn, if_=HERE.through_sqs(arns))
        if keys.tables:
            names = [each.table.table_name for each in (self.events, self.files)]
            may("kms:Decrypt", on=keys.tables.key_arn, if_=HERE.through_dynamodb(names))

    def _parts(self) -> dict[Part, Sequence[str]]:
        """The ARNs of the stack's parts. An index belongs to its table, a log file to the bucket."""
        name = self.format_arn(service="cloudformation", resource="stack", resource_name=f"{self.stack_name}/*")
        return {
            Part.STACK: [name],
            Part.EVENTS: [self.events.table.table_arn],
            Part.FILES: [self.files.table.table_arn],
            Part.LOG_BUCKET: [self.log_bucket.bucket.bucket_arn],
            Part.LOG_KEYS: self.settings.log_key_arns,
            Part.DELIVERIES: [self.deliveries.queue.queue_arn],
            Part.BACKFILL: [self.deliveries.backfill.queue_arn],
            Part.DEAD_LETTERS: [self.deliveries.dead_letters.queue_arn],
            Part.REDACTION_KEY: [self.redaction_key_arn] if self.redaction_key_arn else [],
            Part.TABLES_KEY: [self.keys.tables.key_arn] if self.keys.tables else [],
            Part.BUCKET_KEY: [self.keys.bucket.key_arn] if self.keys.bucket else [],
            Part.QUEUES_KEY: [self.keys.queues.key_arn] if self.keys.queues else [],
            Part.ANYTHING: ["*"],
        }

    def _outputs(self) -> None:
        """Adds the outputs; commands find the stack's parts by their ids."""
        for name, value, description in (
            ("LogBucketName", self.log_bucket.bucket.bucket_name, "Bucket from which log files are read."),
            ("OriginalBucket", self.settings.original_bucket or "none", "Bucket that the log bucket is a copy of."),
            ("EventsTableName", self.events.table.table_name, "Table with one row per wanted record."),
            ("FilesTableName", self.files.table.table_name, "The ledger: the outcome of every delivery."),
            (
                "LogBucketAccount",
                self.settings.log_bucket_account or "none",
                "Owner of the bucket; none for this account.",
            ),
            ("AnnouncedBy", self.settings.announced_by, "What announces log files: s3, eventbridge, or an SNS topic."),
            ("EventBusArn", self.log_bucket.bus_arn or "none", "Bus for EventBridge events of the bucket's owner."),
            ("FunctionRoleArn", self.ingest.role.role_arn, "Role of the function, which reads the bucket."),
            ("DeliveriesQueueUrl", self.deliveries.queue.queue_url, "Queue of deliveries to read."),
            ("BackfillQueueUrl", self.deliveries.backfill.queue_url, "Queue of re-announced deliveries."),
            ("DeadLetterQueueUrl", self.deliveries.dead_letters.queue_url, "Queue of deliveries that failed."),
            ("FunctionName", self.ingest.function.function_name, "Function that reads log files."),
            ("FunctionLogGroupName", self.ingest.log_group.log_group_name, "Log of the function that reads log files."),
            ("RegistryFingerprint", self.bundle.registry.fingerprint, "Fingerprint of the function's service files."),
            ("KeyPrefixes", ",".join(self.settings.key_prefixes) or "none", "Key prefixes accepted before AWSLogs/."),
            ("Accounts", ",".join(self.settings.accounts) or "none", "Accounts that are read; none for all."),
            ("RowRetentionDays", str(self.settings.row_retention_days or "none"), "Days that rows are kept."),
            (
                "LedgerRetentionDays",
                str(self.settings.ledger_retention_days or "none"),
                "Days that entries of the ledger are kept.",
            ),
            ("RedactionKeyArn", self.redaction_key_arn or "none", "Secret that keys the hashes of redacted values."),
            *self.keys.outputs(self.trail_arn, self.settings.trail_arns),
            ("LogKeyArns", ",".join(self.settings.log_key_arns) or "none", "KMS keys of encrypted log files."),
            ("ReaderPolicyArn", self.people.reader.managed_policy_arn, "Policy of those who query."),
            ("OperatorPolicyArn", self.people.operator.managed_policy_arn, "Policy of those who operate the stack."),
            (
                "ReaderRoleArn",
                self.people.reader_role.role_arn if self.people.reader_role else "none",
                "Role with the policy of those who query, for other accounts.",
            ),
        ):
            CfnOutput(self, name, value=value, description=description)
