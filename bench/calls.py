"""The parts of a corpus's records: calls, callers and user agents, with placeholders in `<>`.

`Corpus` replaces the placeholders; accounts, addresses and names are reserved examples.
"""

from typing import Any, NamedTuple


class Call(NamedTuple):
    """One kind of call: the first label of its eventSource, its eventName, request and response."""

    service: str
    name: str
    request: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    extra: dict[str, Any] = {}  # noqa: RUF012 - a NamedTuple's default, never changed

    @property
    def is_reading(self) -> bool:
        """Whether the record has readOnly true."""
        return self.name.startswith(("Get", "List", "Describe", "Head", "Lookup"))


_POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"*"}]}'
_TAGS = [{"key": "team", "value": "<name>"}, {"key": "stage", "value": "production"}]
_INSTANCE = {
    "instanceId": "i-<hex17>",
    "imageId": "ami-<hex17>",
    "currentState": {"code": 0, "name": "pending"},
    "privateDnsName": "ip-10-0-3-<digits>.<region>.compute.internal",
    "instanceType": "m7g.large",
    "launchTime": 1763709812000,
    "placement": {"availabilityZone": "<region>a", "tenancy": "default"},
    "subnetId": "subnet-<hex17>",
    "vpcId": "vpc-<hex17>",
    "groupSet": {"items": [{"groupId": "sg-<hex17>", "groupName": "<name>"}]},
    "architecture": "arm64",
    "clientToken": "<guid>",
}
_CREDENTIALS = {
    "credentials": {
        "accessKeyId": "ASIA<key>",
        "sessionToken": "<secret><secret><secret><secret><secret><secret><secret><secret><secret>",
        "expiration": "Nov 21, 2026, 9:14:07 AM",
    },
    "assumedRoleUser": {
        "assumedRoleId": "AROA<key>:<name>",
        "arn": "arn:aws:sts::<account>:assumed-role/<name>/<name>",
    },
}
_TRANSFER = {
    "additionalEventData": {
        "SignatureVersion": "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": 0,
        "AuthenticationMethod": "AuthHeader",
        "SSEApplied": "SSE_KMS",
        "x-amz-id-2": "<secret>",
        "bytesTransferredOut": 18211,
    },
    "resources": [
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::example-<name>/in/<hex32>.json"},
        {"accountId": "<account>", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::example-<name>"},
    ],
}
_KEY = {
    "resources": [
        {"accountId": "<account>", "type": "AWS::KMS::Key", "ARN": "arn:aws:kms:<region>:<account>:key/<guid>"}
    ]
}
_STREAM = {"logGroupName": "/aws/lambda/<name>", "logStreamName": "2026/11/21/[$LATEST]<hex32>"}

# The most frequent calls in most trails; they are included several times.
_OFTEN = (
    Call("sts", "AssumeRole", {"roleArn": "arn:aws:iam::<account>:role/<name>", "roleSessionName": "s"}, _CREDENTIALS),
    Call(
        "ec2",
        "RunInstances",
        {"instancesSet": {"items": [{"imageId": "ami-<hex17>", "minCount": 1}]}, "userData": "<sensitiveDataRemoved>"},
        {"requestId": "<guid>", "reservationId": "r-<hex17>", "instancesSet": {"items": [_INSTANCE]}},
    ),
    Call(
        "s3",
        "GetObject",
        {"bucketName": "example-<name>", "Host": "example-<name>.s3.<region>.amazonaws.com", "key": "in/<hex32>.json"},
        None,
        _TRANSFER,
    ),
    Call(
        "s3",
        "PutObject",
        {"bucketName": "example-<name>", "key": "<hex32>/<hex32>", "x-amz-acl": "private"},
        None,
        _TRANSFER,
    ),
    Call(
        "kms",
        "Decrypt",
        {
            "encryptionContext": {"aws:s3:arn": "arn:aws:s3:::example-<name>"},
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
        },
        None,
        _KEY,
    ),
    Call("kms", "GenerateDataKey", {"keyId": "<guid>", "keySpec": "AES_256"}, None, _KEY),
)
NOISE = (
    *(*_OFTEN, *_OFTEN, *_OFTEN, *_OFTEN),
    Call("sts", "GetCallerIdentity"),
    Call("ec2", "DescribeInstances", {"instancesSet": {"items": [{"instanceId": "i-<hex17>"}] * 3}, "filterSet": {}}),
    Call("ec2", "DescribeNetworkInterfaces", {"maxResults": 1000, "filterSet": {"items": [{"name": "vpc-id"}]}}),
    Call("ec2", "CreateTags", {"resourcesSet": {"items": [{"resourceId": "i-<hex17>"}]}, "tagSet": {"items": _TAGS}}),
    Call("s3", "ListBuckets"),
    Call("logs", "CreateLogStream", _STREAM),
    Call("logs", "DescribeLogGroups", {"logGroupNamePrefix": "/aws/lambda/<name>", "limit": 50}),
    Call("lambda", "ListFunctions20150331", {"maxItems": 50}),
    Call(
        "lambda",
        "UpdateFunctionCode20150331v2",
        {"functionName": "<name>", "dryRun": False, "publish": True},
        {"functionArn": "arn:aws:lambda:<region>:<account>:function:<name>", "codeSize": 4711, "revisionId": "<guid>"},
    ),
    Call("dynamodb", "DescribeTable", {"tableName": "<name>"}),
    Call("dynamodb", "UpdateItem", {"tableName": "<name>", "key": {"id": "<guid>"}, "returnValues": "NONE"}),
    Call("iam", "GetRole", {"roleName": "<name>"}),
    Call("iam", "PutRolePolicy", {"roleName": "<name>", "policyName": "<name>", "policyDocument": _POLICY}),
    Call("sqs", "ReceiveMessage", {"queueUrl": "https://sqs.<region>.amazonaws.com/<account>/<name>"}),
    Call("sns", "Publish", {"topicArn": "arn:aws:sns:<region>:<account>:<name>"}, {"messageId": "<guid>"}),
    Call(
        "ssm",
        "UpdateInstanceInformation",
        {"instanceId": "i-<hex17>", "agentVersion": "3.3.3050.0", "agentStatus": "Active", "platformType": "Linux"},
    ),
    Call("ssm", "GetParameters", {"withDecryption": True, "names": ["/<name>/<name>", "/<name>/password"]}),
    Call("secretsmanager", "GetSecretValue", {"secretId": "arn:aws:secretsmanager:<region>:<account>:secret:<name>"}),
    Call("ecs", "DescribeTasks", {"cluster": "<name>", "tasks": ["arn:aws:ecs:<region>:<account>:task/<hex32>"] * 4}),
    Call(
        "ecr",
        "BatchGetImage",
        {"repositoryName": "<name>", "imageIds": [{"imageDigest": "sha256:<hex32><hex32>"}]},
    ),
    Call("eks", "DescribeCluster", {"name": "<name>"}),
    Call("rds", "DescribeDBInstances", {"dBInstanceIdentifier": "<name>"}),
    Call(
        "cloudformation", "DescribeStackEvents", {"stackName": "arn:aws:cloudformation:<region>:<account>:stack/<guid>"}
    ),
    Call("monitoring", "PutMetricAlarm", {"alarmName": "<name>", "threshold": 0.5, "dimensions": _TAGS, "period": 60}),
    Call("autoscaling", "DescribeAutoScalingGroups", {"maxRecords": 100}),
    Call("elasticloadbalancing", "DescribeTargetHealth", {"targetGroupArn": "targetgroup/<name>/<hex17>"}),
    Call("signin", "ConsoleLogin", None, {"ConsoleLogin": "Success"}),
    Call("cloudtrail", "LookupEvents", {"maxResults": 50, "lookupAttributes": [{"attributeKey": "Username"}]}),
    Call("config", "PutEvaluations", {"evaluations": [{"complianceResourceId": "<hex17>"}] * 5, "testMode": False}),
    Call("glue", "GetTable", {"databaseName": "<name>", "name": "<name>"}),
    Call("athena", "StartQueryExecution", {"clientRequestToken": "<guid>"}, {"queryExecutionId": "<guid>"}),
    Call("route53", "ListResourceRecordSets", {"hostedZoneId": "Z<key>"}),
)

_SPEECH = {"engine": "neural", "outputFormat": "mp3", "text": "**********", "textType": "ssml", "voiceId": "Amy"}
_JOB = {"transcriptionJobName": "<name>-<hex17>", "languageCode": "en-GB", "media": {"mediaFileUri": ""}}
_STATUS = {"transcriptionJobStatus": "IN_PROGRESS", "creationTime": "Nov 20, 2026 9:14:07 AM"}
_BOT = {"botId": "<key>", "botVersion": "DRAFT", "localeId": "de_DE"}
_CAMPAIGN = "arn:aws:personalize:<region>:<account>:campaign/<name>"

WANTED = (
    Call("polly", "SynthesizeSpeech", _SPEECH, {"contentType": "audio/mpeg", "requestCharacters": 412}),
    Call("polly", "DescribeVoices", {"languageCode": "de-DE"}),
    Call(
        "transcribe",
        "StartTranscriptionJob",
        {**_JOB, "settings": {"showSpeakerLabels": True, "maxSpeakerLabels": 2}},
        {"transcriptionJob": {**_JOB, **_STATUS}},
    ),
    Call("transcribe", "GetTranscriptionJob", {"transcriptionJobName": "<name>-<hex17>"}),
    Call("lex", "BuildBotLocale", _BOT, {**_BOT, "botLocaleStatus": "Building", "lastBuildSubmitted": 1763709812.744}),
    Call("lex", "DescribeBot", {"botId": "<key>"}),
    Call(
        "personalize",
        "CreateCampaign",
        {"name": "<name>", "solutionVersionArn": "arn:aws:personalize:<region>:<account>:solution/<name>/<hex17>"},
        {"campaignArn": _CAMPAIGN},
    ),
    Call("personalize", "DescribeCampaign", {"campaignArn": _CAMPAIGN}),
)

_ROLE = {
    "type": "AssumedRole",
    "principalId": "AROA<key>:<name>",
    "arn": "arn:aws:sts::<account>:assumed-role/<name>/<name>",
    "accountId": "<account>",
    "accessKeyId": "ASIA<key>",
    "sessionContext": {
        "sessionIssuer": {
            "type": "Role",
            "principalId": "AROA<key>",
            "arn": "arn:aws:iam::<account>:role/<name>",
            "accountId": "<account>",
            "userName": "<name>",
        },
        "attributes": {"creationDate": "2026-11-21T07:58:12Z", "mfaAuthenticated": "false"},
    },
}
_FROM_A_SERVICE = {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}
_SESSION = {"attributes": {"creationDate": "2026-11-21T07:58:12Z", "mfaAuthenticated": "true"}}

# Roles make most of the calls in most accounts; they are included several times.
IDENTITIES: tuple[dict[str, Any], ...] = (
    *(_ROLE, _ROLE, _ROLE, _ROLE, _ROLE, _ROLE),
    {**_ROLE, "invokedBy": "cloudformation.amazonaws.com"},
    _FROM_A_SERVICE,
    _FROM_A_SERVICE,
    {
        "type": "IAMUser",
        "principalId": "AIDA<key>",
        "arn": "arn:aws:iam::<account>:user/<name>",
        "accountId": "<account>",
        "accessKeyId": "AKIA<key>",
        "userName": "<name>",
    },
    {
        "type": "Root",
        "principalId": "<account>",
        "arn": "arn:aws:iam::<account>:root",
        "accountId": "<account>",
        "sessionContext": _SESSION,
    },
    {**_ROLE, "type": "Role", "arn": "arn:aws:iam::<account>:role/<name>"},
    {
        "type": "FederatedUser",
        "principalId": "<account>:<name>",
        "arn": "arn:aws:sts::<account>:federated-user/<name>",
        "accountId": "<account>",
        "accessKeyId": "ASIA<key>",
        "sessionContext": _SESSION,
    },
    {"type": "AWSAccount", "principalId": "AROA<key>:<name>", "accountId": "444455556666"},
    {"type": "Directory", "principalId": "<name>", "userName": "<name>", "accountId": "<account>"},
    {"type": "SAMLUser", "principalId": "<key>:<name>", "userName": "<name>", "identityProvider": "<key>"},
    {
        "type": "WebIdentityUser",
        "principalId": "accounts.google.com:<name>.apps.googleusercontent.com:<digits>",
        "userName": "<digits>",
        "identityProvider": "accounts.google.com",
    },
    {
        "type": "IdentityCenterUser",
        "accountId": "<account>",
        "onBehalfOf": {"userId": "<guid>", "identityStoreArn": "arn:aws:identitystore::<account>:identitystore/d-1"},
        "credentialId": "<secret>",
    },
    {"type": "Unknown", "principalId": "<key>", "accountId": "<account>"},
)

USER_AGENTS = (
    "Boto3/1.43.100 md/Botocore#1.43.100 ua/2.1 os/linux#6.1.150 md/arch#aarch64 lang/python#3.14.2 cfg/retry-mode#std",
    "aws-cli/2.31.9 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.7 md/prompt#off",
    "aws-sdk-java/2.37.2 md/io#sync md/http#Apache ua/2.1 os/Linux#5.10.245 lang/java#21.0.9 md/vendor#Amazon.com_Inc.",
    "aws-sdk-go-v2/1.39.6 ua/2.1 os/linux lang/go#1.25.4 md/GOOS#linux api/sts#1.40.2 m/E,g",
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.5 terraform-provider-aws/6.21.0 aws-sdk-go-v2/1.39.6 os/linux lang/go#1.25",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.792 Linux/5.10.244 OpenJDK_64-Bit_Server_VM/25.472-b08]",
)
