"""The metrics that alarms and the dashboard watch: those of the function, and those of AWS by their documentation."""

# Of the function: one test has it publish all of them, another finds all of them in templates.
OF_FUNCTION = {
    *("UnreadFiles", "RejectedRecords", "NotRecorded", "ChangedFiles", "UnlistedFiles", "DigestProblems"),
    *("TableThrottles", "UnverifiableRegions", "SilentAccounts", "VerifiedDigests"),
    *("IngestedFiles", "DigestFiles", "SkippedFiles", "VerifiedFiles", "AwaitedFiles"),
    *("UnknownSources", "RefusedDeliveries", "UnknownObjects"),
    *("DeliveryDelay", "Characters", "ProofAge", "Rows"),
}
# Of AWS, with their dimensions: Amazon SQS Developer Guide ("Available CloudWatch metrics for Amazon SQS"), AWS Lambda
# Developer Guide ("Types of metrics for Lambda functions"), Amazon DynamoDB Developer Guide ("DynamoDB metrics and
# dimensions").
OF_AWS = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName",)),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", ("QueueName",)),
    ("AWS/SQS", "NumberOfMessagesSent", ("QueueName",)),
    ("AWS/SQS", "NumberOfMessagesReceived", ("QueueName",)),
    ("AWS/SQS", "NumberOfMessagesDeleted", ("QueueName",)),
    ("AWS/SQS", "NumberOfEmptyReceives", ("QueueName",)),
    ("AWS/Lambda", "Errors", ("FunctionName",)),
    ("AWS/Lambda", "Throttles", ("FunctionName",)),
    ("AWS/Lambda", "Duration", ("FunctionName",)),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", ("TableName",)),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", ("GlobalSecondaryIndexName", "TableName")),
}
