"""The calls in the sample logs: requests and responses in the form in which CloudTrail records them.

Texts are redacted and S3 addresses are empty, as CloudTrail writes them for Polly and Transcribe. `{account}`,
`{region}` and `{caller}` (an ARN) are replaced by the values of the call's record, and `{eventID}` and `{requestID}` by
those of the first record of a call that has several.
"""

from dataclasses import dataclass, field
from typing import Any, Self

from demo.sample_callers import (
    ADMINISTRATOR,
    ALICE,
    APPLICATION,
    KIOSK,
    LEX,
    OLD_SCRIPT,
    PARTNER,
    RETIRED,
    ROOT,
    Caller,
)

_POLLY = "polly.amazonaws.com"
_TRANSCRIBE = "transcribe.amazonaws.com"
_STREAMING = "transcribestreaming.amazonaws.com"
_LEX = "lex.amazonaws.com"
_PERSONALIZE = "personalize.amazonaws.com"
_REDACTED = "**********"
_BOT, _ALIAS = "K3X9QW7T2P", "TSTALIASID"
_SESSION = "0d9f6a52-77c4-4b1e-8a3c-1f2e3d4c5b6a"
_GROUP = "arn:aws:personalize:{region}:{account}:dataset-group/webshop"
_SOLUTION = "arn:aws:personalize:{region}:{account}:solution/also-bought"
_CAMPAIGN = "arn:aws:personalize:{region}:{account}:campaign/also-bought"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call by one caller; `extra` holds top-level fields of the record that few calls have.

    `later` are further records that CloudTrail writes of it, with the seconds after the first. A `shared` call has a
    record in each account.
    """

    caller: Caller
    source: str
    name: str
    request: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    host: str | None = None
    read_only: bool = False
    error: tuple[str, str] | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    later: tuple[tuple[int, Self], ...] = ()
    shared: bool = False


def _speech(
    caller: Caller,
    characters: int | None,
    *,
    engine: str = "neural",
    voice: str = "Joanna",
    **others: Any,  # noqa: ANN401 - Call's own
) -> Call:
    """A call of SynthesizeSpeech. Some records have no response, and so no characters (None)."""
    request = {"engine": engine, "outputFormat": "mp3", "text": _REDACTED, "textType": "text", "voiceId": voice}
    response = None if characters is None else {"contentType": "audio/mpeg", "requestCharacters": characters}
    return Call(caller=caller, source=_POLLY, name="SynthesizeSpeech", request=request, response=response, **others)


def _correction(caller: Caller, characters: int, **others: Any) -> Call:  # noqa: ANN401 - as above
    """A record that corrects the characters of a call of SynthesizeSpeech."""
    addendum = {
        "reason": "UPDATED_DATA",
        "updatedFields": "responseElements.requestCharacters",
        "originalRequestID": "{requestID}",
        "originalEventID": "{eventID}",
    }
    return _speech(caller, characters, extra={"addendum": addendum}, **others)


def _failed(caller: Caller, source: str, name: str, request: dict[str, Any], error: tuple[str, str]) -> Call:
    return Call(caller=caller, source=source, name=name, request=request, error=error)


def _denied(caller: Caller, source: str, name: str, request: dict[str, Any]) -> Call:
    action = f"{source.removesuffix('.amazonaws.com')}:{name}"
    why = f"because no identity-based policy allows the {action} action"
    message = f"User: {{caller}} is not authorized to perform: {action} {why}"
    return _failed(caller, source, name, request, ("AccessDenied", message))


POLLY = (
    _speech(APPLICATION, 218),
    _speech(APPLICATION, 1420, engine="generative", voice="Ruth"),
    _speech(APPLICATION, 87),
    _speech(APPLICATION, None),
    _speech(APPLICATION, 4100, later=((70, _correction(APPLICATION, 410)),)),
    _speech(KIOSK, None, voice="Daniel"),
    _speech(ALICE, 25, engine="standard", voice="Hans"),
    _speech(ADMINISTRATOR, 12, voice="Vicki"),
    _speech(KIOSK, 64, voice="Daniel"),
    _speech(LEX, 41),
    _speech(PARTNER, 2903, engine="long-form", voice="Gregory"),
    Call(
        caller=OLD_SCRIPT,
        source="tts.amazonaws.com",
        name="SynthesizeSpeech20161128",
        request={
            "outputFormat": "mp3",
            "sampleRate": "22050",
            "text": _REDACTED,
            "textType": "text",
            "voiceId": "Kendra",
        },
        response={"contentType": "audio/mpeg", "requestCharacters": 25},
        extra={"eventVersion": "1.04"},
    ),
    Call(
        caller=APPLICATION,
        source=_POLLY,
        name="StartSpeechSynthesisTask",
        request={
            "engine": "neural",
            "outputFormat": "mp3",
            "outputS3BucketName": "example-audiobooks",
            "text": _REDACTED,
            "voiceId": "Amy",
        },
        response={
            "synthesisTask": {
                "taskId": "5b8e7c1a-0d6f-4a57-9f32-6c1d2e3f4a5b",
                "taskStatus": "scheduled",
                "creationTime": 1763710802.417,
                "requestCharacters": 48210,
                "engine": "neural",
                "outputFormat": "mp3",
                "voiceId": "Amy",
            }
        },
    ),
    Call(caller=ALICE, source=_POLLY, name="DescribeVoices", request={"languageCode": "de-DE"}, read_only=True),
    Call(caller=ALICE, source=_POLLY, name="PutLexicon", request={"name": "SampleLexicon", "content": _REDACTED}),
    Call(caller=ALICE, source=_POLLY, name="GetLexicon", request={"name": "SampleLexicon"}, read_only=True),
    _denied(KIOSK, _POLLY, "DeleteLexicon", {"name": "SampleLexicon"}),
    _failed(
        APPLICATION,
        _POLLY,
        "SynthesizeSpeech",
        {"engine": "neural", "outputFormat": "mp3", "text": _REDACTED, "voiceId": "Joanna"},
        ("ThrottlingException", "Rate exceeded"),
    ),
    _failed(
        ALICE,
        _POLLY,
        "SynthesizeSpeech",
        {"engine": "neural", "outputFormat": "mp3", "text": _REDACTED, "textType": "ssml", "voiceId": "Joanna"},
        ("InvalidSsmlException", "Invalid SSML request"),
    ),
)


def _transcription(caller: Caller, name: str, language: str) -> Call:
    job = {"transcriptionJobName": name, "languageCode": language, "media": {"mediaFileUri": ""}}
    status = {"transcriptionJobStatus": "IN_PROGRESS", "creationTime": "Nov 20, 2026 9:14:07 AM"}
    return Call(
        caller=caller,
        source=_TRANSCRIBE,
        name="StartTranscriptionJob",
        request={**job, "mediaFormat": "mp3", "settings": {"showSpeakerLabels": True, "maxSpeakerLabels": 2}},
        response={"transcriptionJob": {**job, **status}},
    )


TRANSCRIBE = (
    _transcription(APPLICATION, "support-call-20861", "en-US"),
    _transcription(APPLICATION, "support-call-20862", "de-DE"),
    _transcription(PARTNER, "nightly-export-114", "en-GB"),
    Call(
        caller=APPLICATION,
        source=_TRANSCRIBE,
        name="GetTranscriptionJob",
        request={"transcriptionJobName": "support-call-20861"},
        read_only=True,
    ),
    Call(
        caller=ADMINISTRATOR,
        source=_TRANSCRIBE,
        name="ListTranscriptionJobs",
        request={"maxResults": 50},
        read_only=True,
    ),
    Call(
        caller=ALICE,
        source=_TRANSCRIBE,
        name="CreateVocabulary",
        request={"vocabularyName": "product-names", "languageCode": "de-DE", "vocabularyFileUri": ""},
        response={"vocabularyName": "product-names", "languageCode": "de-DE", "vocabularyState": "PENDING"},
    ),
    Call(
        caller=APPLICATION,
        source=_STREAMING,
        name="StartStreamTranscription",
        request={"languageCode": "en-US", "mediaSampleRateHertz": 16000, "mediaEncoding": "pcm"},
        response={"languageCode": "en-US", "sessionId": _SESSION},
        later=(
            (
                95,
                Call(
                    caller=APPLICATION,
                    source=_STREAMING,
                    name="EndStreamTranscription",
                    request={"languageCode": "en-US", "sessionId": _SESSION},
                ),
            ),
        ),
    ),
    Call(
        caller=KIOSK,
        source=_STREAMING,
        name="StartMedicalStreamTranscription",
        request={
            "languageCode": "en-US",
            "mediaSampleRateHertz": 16000,
            "specialty": "PRIMARYCARE",
            "type": "DICTATION",
        },
        response={"languageCode": "en-US", "specialty": "PRIMARYCARE", "type": "DICTATION"},
    ),
    _denied(ALICE, _TRANSCRIBE, "DeleteTranscriptionJob", {"transcriptionJobName": "support-call-20861"}),
    _failed(
        APPLICATION,
        _TRANSCRIBE,
        "StartTranscriptionJob",
        {"transcriptionJobName": "support-call-20862", "languageCode": "de-DE", "media": {"mediaFileUri": ""}},
        ("ConflictException", "The requested job name already exists. Use a different job name."),
    ),
    _failed(
        PARTNER,
        _TRANSCRIBE,
        "ListVocabularies",
        {},
        ("InternalFailureException", "An internal error occurred. Try your request again."),
    ),
)

LEX_V2 = (
    Call(
        caller=ADMINISTRATOR,
        source=_LEX,
        name="CreateBot",
        request={
            "botName": "OrderStatus",
            "roleArn": "arn:aws:iam::{account}:role/lex-order-status",
            "dataPrivacy": {"childDirected": False},
            "idleSessionTTLInSeconds": 300,
        },
        response={"botId": _BOT, "botName": "OrderStatus", "botStatus": "Creating", "creationDateTime": 1763709812.744},
    ),
    Call(
        caller=ADMINISTRATOR,
        source=_LEX,
        name="BuildBotLocale",
        request={"botId": _BOT, "botVersion": "DRAFT", "localeId": "de_DE"},
        response={"botId": _BOT, "botVersion": "DRAFT", "localeId": "de_DE", "botLocaleStatus": "Building"},
    ),
    Call(caller=ALICE, source=_LEX, name="DescribeBot", request={"botId": _BOT}, read_only=True),
    Call(caller=ROOT, source=_LEX, name="ListBots", request={"maxResults": 10}, read_only=True),
    Call(
        caller=APPLICATION,
        source=_LEX,
        name="RecognizeText",
        host="runtime-v2-lex",
        request={"botId": _BOT, "botAliasId": _ALIAS, "localeId": "de_DE", "sessionId": "visitor-4711"},
        extra={
            "managementEvent": False,
            "eventCategory": "Data",
            "resources": [
                {
                    "accountId": "{account}",
                    "type": "AWS::Lex::BotAlias",
                    "ARN": f"arn:aws:lex:{{region}}:{{account}}:bot-alias/{_BOT}/{_ALIAS}",
                }
            ],
        },
    ),
    _denied(ALICE, _LEX, "DeleteBot", {"botId": _BOT, "skipResourceInUseCheck": False}),
)

LEX_V1 = (
    Call(
        caller=OLD_SCRIPT,
        source=_LEX,
        name="PutBot",
        host="models.lex",
        request={"name": "OrderFlowers", "locale": "en-US", "childDirected": False},
        response={"name": "OrderFlowers", "version": "$LATEST", "status": "BUILDING"},
    ),
    Call(caller=OLD_SCRIPT, source=_LEX, name="GetBots", host="models.lex", request={"maxResults": 20}, read_only=True),
)

PERSONALIZE = (
    Call(
        caller=ADMINISTRATOR,
        source=_PERSONALIZE,
        name="CreateDatasetGroup",
        request={"name": "webshop", "domain": "ECOMMERCE"},
        response={"datasetGroupArn": _GROUP, "domain": "ECOMMERCE"},
    ),
    Call(
        caller=ADMINISTRATOR,
        source=_PERSONALIZE,
        name="CreateCampaign",
        request={"name": "also-bought", "solutionVersionArn": f"{_SOLUTION}/2b7c9d1e", "minProvisionedTPS": 2},
        response={"campaignArn": _CAMPAIGN},
    ),
    Call(
        caller=APPLICATION,
        source=_PERSONALIZE,
        name="CreateSolutionVersion",
        request={"solutionArn": _SOLUTION, "trainingMode": "FULL"},
        response={"solutionVersionArn": f"{_SOLUTION}/2b7c9d1e"},
    ),
    Call(
        caller=PARTNER,
        source=_PERSONALIZE,
        name="DescribeCampaign",
        request={"campaignArn": _CAMPAIGN},
        read_only=True,
        shared=True,
    ),
    Call(caller=ROOT, source=_PERSONALIZE, name="ListDatasetGroups", request={}, read_only=True),
    _denied(PARTNER, _PERSONALIZE, "DeleteCampaign", {"campaignArn": _CAMPAIGN}),
)

# A call that uses the campaign, and the creation of one that nobody uses.
RECOMMENDATION = Call(
    caller=APPLICATION,
    source=_PERSONALIZE,
    name="GetRecommendations",
    host="personalize-runtime",
    request={"campaignArn": _CAMPAIGN, "userId": "4711", "numResults": 10},
    read_only=True,
)
FORGOTTEN_CAMPAIGN = Call(
    caller=ADMINISTRATOR,
    source=_PERSONALIZE,
    name="CreateCampaign",
    request={"name": "summer-sale", "solutionVersionArn": f"{_SOLUTION}/2b7c9d1e", "minProvisionedTPS": 5},
    response={"campaignArn": "arn:aws:personalize:{region}:{account}:campaign/summer-sale"},
)

# Calls that a VPC endpoint recorded: a copy of a call, and a call that it refused, which nobody else has recorded.
AT_ENDPOINT = (
    TRANSCRIBE[0],
    _failed(
        KIOSK,
        _TRANSCRIBE,
        "DeleteVocabulary",
        {"vocabularyName": "product-names"},
        ("VpceAccessDenied", "The request was denied by the VPC endpoint policy"),
    ),
)

# Calls of earlier days, by the number of days before now.
EARLIER = {
    35: (
        _speech(APPLICATION, 1730, engine="generative", voice="Ruth"),
        _speech(PARTNER, 640, engine="generative", voice="Matthew"),
        _speech(APPLICATION, 205),
        _speech(RETIRED, 8400, engine="standard", voice="Brian"),
        _transcription(RETIRED, "meeting-0917", "en-US"),
        Call(caller=OLD_SCRIPT, source=_LEX, name="GetBots", host="models.lex", request={}, read_only=True),
        _denied(ALICE, _POLLY, "DeleteLexicon", {"name": "OldNames"}),
    ),
    12: (
        _speech(APPLICATION, 96),
        _speech(RETIRED, 7900, engine="standard", voice="Brian"),
        Call(
            caller=ALICE,
            source=_POLLY,
            name="DeleteLexicon",
            request={"name": "OldNames"},
        ),
        _transcription(APPLICATION, "support-call-20798", "en-US"),
    ),
}

WANTED = {
    "polly": POLLY,
    "transcribe": TRANSCRIBE,
    "lex": (*LEX_V2, *LEX_V1),
    "personalize": PERSONALIZE,
}

# Of the calls to a service of which docs/services.md shows how to record it.
_TOKENS = {"additionalEventData": {"inputTokens": 412, "outputTokens": 96}}
NOISE = tuple(
    Call(
        caller=caller,
        source=f"{service}.amazonaws.com",
        name=name,
        request=request,
        read_only=read_only,
        extra=_TOKENS if service == "bedrock" else {},
    )
    for caller, service, name, read_only, request in (
        (
            APPLICATION,
            "s3",
            "GetBucketAcl",
            True,
            {"bucketName": "example-audiobooks", "Host": "s3.amazonaws.com", "acl": ""},
        ),
        (APPLICATION, "sts", "AssumeRole", True, {"roleArn": "arn:aws:iam::{account}:role/app/voice-frontend"}),
        (APPLICATION, "dynamodb", "DescribeTable", True, {"tableName": "sessions"}),
        (APPLICATION, "kms", "Decrypt", True, {"encryptionContext": {"aws:s3:arn": "arn:aws:s3:::example-audiobooks"}}),
        (APPLICATION, "secretsmanager", "GetSecretValue", True, {"secretId": "voice-frontend/db"}),
        (APPLICATION, "ssm", "GetParametersByPath", True, {"path": "/voice-frontend", "recursive": True}),
        (APPLICATION, "logs", "CreateLogStream", False, {"logGroupName": "/aws/lambda/narrator", "logStreamName": "a"}),
        (APPLICATION, "monitoring", "PutMetricAlarm", False, {"alarmName": "polly-errors", "threshold": 5.0}),
        (APPLICATION, "ecr", "GetAuthorizationToken", True, None),
        (APPLICATION, "translate", "TranslateText", False, {"sourceLanguageCode": "de", "targetLanguageCode": "en"}),
        (APPLICATION, "comprehend", "DetectSentiment", True, {"languageCode": "en"}),
        (APPLICATION, "bedrock", "InvokeModel", True, {"modelId": "amazon.nova-lite-v1:0"}),
        (ALICE, "ec2", "DescribeInstances", True, {"instancesSet": {}, "filterSet": {}}),
        (ALICE, "iam", "ListAttachedUserPolicies", True, {"userName": "alice"}),
        (ALICE, "lambda", "UpdateFunctionCode20150331v2", False, {"functionName": "narrator", "publish": True}),
        (ALICE, "cloudformation", "DescribeStacks", True, {"stackName": "polly-narrator"}),
        (ALICE, "ecs", "DescribeServices", True, {"cluster": "web", "services": ["voice-frontend"]}),
        (ALICE, "rds", "DescribeDBInstances", True, {"maxRecords": 100}),
        (ALICE, "rekognition", "DetectLabels", True, {"maxLabels": 10}),
        (ADMINISTRATOR, "organizations", "ListAccounts", True, None),
        (ADMINISTRATOR, "config", "DescribeConfigurationRecorders", True, None),
        (ADMINISTRATOR, "tagging", "GetResources", True, {"resourceTypeFilters": ["lex", "polly", "personalize"]}),
        (ADMINISTRATOR, "health", "DescribeEventAggregates", True, {"aggregateField": "eventTypeCategory"}),
        (ADMINISTRATOR, "sns", "Subscribe", False, {"protocol": "email", "endpoint": "HIDDEN_DUE_TO_SECURITY_REASONS"}),
        (PARTNER, "athena", "StartQueryExecution", False, {"queryString": "***OMITTED***", "workGroup": "primary"}),
        (PARTNER, "glue", "GetTables", True, {"databaseName": "exports"}),
        (ROOT, "cloudtrail", "LookupEvents", True, {"maxResults": 50}),
        (KIOSK, "cognito-identity", "GetCredentialsForIdentity", False, {"identityId": "eu-central-1:0a1b2c3d"}),
    )
)
