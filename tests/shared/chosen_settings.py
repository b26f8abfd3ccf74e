"""Every setting with another value than its default, except aitrail:publicKeys, which names a file."""

from pathlib import Path

# A folder of service files.
SERVICES = str(Path(__file__).parents[2] / "contrib/services")

CHOSEN = {
    "aitrail:stackName": "speech-record",
    "aitrail:trail": "false",
    "aitrail:trailArns": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit,"
    "arn:aws:cloudtrail:us-east-1:444455556666:trail/organization",
    "aitrail:serviceFiles": SERVICES,
    "aitrail:rowRetentionDays": "400",
    "aitrail:ledgerRetentionDays": "30",
    "aitrail:logRetentionDays": "365",
    "aitrail:logStorageClass": "GLACIER_IR",
    "aitrail:logStorageDays": "120",
    "aitrail:eventsTableClass": "STANDARD_INFREQUENT_ACCESS",
    "aitrail:filesTableClass": "STANDARD",
    "aitrail:terminationProtection": "true",
    "aitrail:objectLockDays": "300",
    "aitrail:breakGlassRoleArn": "arn:aws:iam::111122223333:role/on-call/break-glass",
    "aitrail:originalBucket": "organization-trail-logs",
    "aitrail:replicationRoleArn": "arn:aws:iam::444455556666:role/service-role/replicate-logs",
    "aitrail:deletionProtection": "false",
    "aitrail:redact": "true",
    "aitrail:maximumConcurrency": "2",
    "aitrail:backfillConcurrency": "3",
    "aitrail:keyPrefixes": "team/,old/logs/",
    "aitrail:accounts": "111122223333,o-a1b2c3d4e5",
    "aitrail:readerAccounts": "444455556666,o-a1b2c3d4e5",
    "aitrail:tags": "team=audio,cost-center=cc 7=a",
    "aitrail:memoryMegabytes": "2048",
    "aitrail:logLevel": "debug",
    "aitrail:functionLogRetentionDays": "7",
    "aitrail:logKeyArns": "arn:aws:kms:eu-west-1:111122223333:key/aaaa,arn:aws:kms:eu-west-1:444455556666:key/mrk-bbbb",
    "aitrail:kmsKey": "stack",
    "aitrail:bucketKmsKey": "arn:aws:kms:eu-west-1:444455556666:key/mrk-1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c",
    "aitrail:queuesKmsKey": "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-dddddddddddd",
    "aitrail:tablesKmsKey": "stack",
    "aitrail:logGroupKmsKey": "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-eeeeeeeeeeee",
    "aitrail:alarmTopicArn": "arn:aws:sns:eu-west-1:111122223333:on-call",
    "aitrail:alarmEmail": "on-call@example.com",
    "aitrail:silentHours": "48",
    "aitrail:dashboard": "true",
    "aitrail:architecture": "x86_64",
    "aitrail:tracing": "false",
    "aitrail:platform": "host",
}

# Every setting of an existing bucket, of which those of a bucket of the stack are no part.
OF_EXISTING_BUCKET = {
    "aitrail:logBucket": "central-logs",
    "aitrail:logBucketAccount": "444455556666",
    "aitrail:announcedBy": "eventbridge",
}

# Every setting of existing tables, of the stack's trail, which the first has not, and no alarms, which it has.
OF_EXISTING_TABLES = {
    "aitrail:eventsTable": "restored-rows",
    "aitrail:filesTable": "restored-ledger",
    "aitrail:keepTrail": "true",
    "aitrail:dataEvents": "lex",
    "aitrail:networkActivityEvents": "transcribe,personalize",
    "aitrail:alarms": "false",
}
