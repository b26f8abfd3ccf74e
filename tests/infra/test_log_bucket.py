"""The log bucket is private, versioned, kept, and announces log files."""

BASE_RULE = {
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    "Status": "Enabled",
}
MARKERS_RULE = {"ExpiredObjectDeleteMarker": True, "Status": "Enabled"}


def test_the_log_bucket_is_private_encrypted_and_versioned(default):
    assert default.properties("LogsBucket") == {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "LifecycleConfiguration": {"Rules": [BASE_RULE, MARKERS_RULE]},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "VersioningConfiguration": {"Status": "Enabled"},
    }


def test_log_files_expire_when_the_settings_say_so(chosen):
    rules = chosen.properties("LogsBucket")["LifecycleConfiguration"]["Rules"]

    assert rules == [BASE_RULE | {"ExpirationInDays": 365}, MARKERS_RULE]


def test_audit_logs_survive_the_stack_whatever_the_settings(default, chosen):
    for template in (default, chosen):
        bucket = template.resources["LogsBucket"]
        assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_new_and_restored_log_files_are_announced_and_nothing_else(default):
    (notifications,) = default.of_type("Custom::S3BucketNotifications").values()
    only_logs = {
        "Key": {"FilterRules": [{"Name": "suffix", "Value": ".json.gz"}, {"Name": "prefix", "Value": "AWSLogs/"}]}
    }

    assert notifications["BucketName"] == "<LogsBucket>"
    assert notifications["NotificationConfiguration"] == {
        "QueueConfigurations": [
            {"Events": ["s3:ObjectCreated:*"], "Filter": only_logs, "QueueArn": "<DeliveriesQueue.Arn>"},
            {"Events": ["s3:ObjectRestore:Completed"], "Filter": only_logs, "QueueArn": "<DeliveriesQueue.Arn>"},
        ]
    }
