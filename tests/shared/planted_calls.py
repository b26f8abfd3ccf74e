"""Plants calls of every shape in log files; what each counts for is known before its records are written."""

import gzip
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from demo.sample_logs import log_file_key

BEGIN = datetime(2026, 10, 20, tzinfo=UTC)
DAYS = 14  # with the end of summer time in Berlin
BERLIN = ZoneInfo("Europe/Berlin")
ACCOUNTS = ("111122223333", "444455556666", "777788889999")
REGIONS = ("eu-central-1", "us-east-1")
_RECORDS_PER_FILE = 400
_AGENTS = ("Boto3/1.42.9 md/Botocore#1.42.9", "aws-cli/2.31.9 md/x", "lexv2.amazonaws.com", "Boto3/1.17.1 Python/3.6")
_ERRORS = (
    ("AccessDenied", "denied"),
    ("ThrottlingException", "throttled"),
    ("ValidationException", "client-error"),
    ("InternalFailureException", "server-error"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What a call counts for; `characters` and `seconds` are None if no record tells them."""

    outcome: str
    error_code: str | None
    characters: int | None = 0
    seconds: int | None = 0


@dataclass(slots=True, kw_only=True)
class Planted:
    """A call as it happened, and the accounts in which it is recorded."""

    at: datetime
    accounts: tuple[str, ...]
    facts: dict
    amount: Amount

    def values(self, name):
        """Its values of a dimension: several if it is recorded in several accounts."""
        if name == "account":
            return list(self.accounts)
        if name in ("day", "hour", "month"):
            return [_period(name, self.at)]
        if name in ("outcome", "error-code"):
            return [{"outcome": self.amount.outcome, "error-code": self.amount.error_code}[name]]
        return [self.facts.get(name)]


def _period(name, at):
    local = at.astimezone(BERLIN)
    if name == "hour":
        return local.strftime("%Y-%m-%dT%H:00") + f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:]
    return local.strftime({"day": "%Y-%m-%d", "month": "%Y-%m"}[name])


@dataclass(slots=True)
class Planting:
    """Calls and the records that CloudTrail writes of them, in an order that means nothing."""

    random: Random
    calls: list[Planted] = field(default_factory=list)
    records: list[dict] = field(default_factory=list)

    def plant(self, records):
        """Plants calls until there are so many records."""
        kinds = (self._speech, self._speech, self._task, self._stream, self._job, self._bot, self._campaign, self._list)
        while len(self.records) < records:
            self.random.choice(kinds)()
        self.random.shuffle(self.records)
        return self

    def write(self, folder):
        """Writes the records to log files, some of them a second time to another file."""
        again = [record for record in self.records if self.random.random() < 0.03]
        records = [*self.records, *again]
        for number, start in enumerate(range(0, len(records), _RECORDS_PER_FILE)):
            key = log_file_key("CloudTrail", ACCOUNTS[0], REGIONS[0], BEGIN + timedelta(days=20), f"{number:016}")
            path = Path(folder) / key
            path.parent.mkdir(parents=True, exist_ok=True)
            part = json.dumps({"Records": records[start : start + _RECORDS_PER_FILE]}).encode()
            path.write_bytes(gzip.compress(part, 1))

    # One call of each kind.
    def _speech(self):
        engine = self.random.choice((None, "standard", "neural", "long-form", "generative"))
        request = {"text": "***", "voiceId": self.random.choice(("Joanna", "Hans")), "engine": engine}
        request = {name: value for name, value in request.items() if value}
        labels = {"engine": engine, "voice": request["voiceId"]}
        self._charged("SynthesizeSpeech", request, labels, lambda count: {"requestCharacters": count})

    def _task(self):
        task = f"task-{self.random.randrange(10**6)}"
        labels = {"engine": "neural", "voice": "Amy"}
        request = {"text": "***", "voiceId": "Amy", "engine": "neural"}

        def response(count):
            return {"synthesisTask": {"taskId": task, "requestCharacters": count}}

        self._charged("StartSpeechSynthesisTask", request, labels, response, resource=f"speech-synthesis-task/{task}")
        repeating = {
            "synthesisTask": {"taskId": task, "requestCharacters": 10**6, "engine": "neural", "voiceId": "Amy"}
        }
        facts = self._facts("polly", "GetSpeechSynthesisTask", resource=f"speech-synthesis-task/{task}", **labels)
        self._call(facts, Amount(outcome="ok", error_code=None), {"taskId": task}, repeating)

    def _charged(self, operation, request, labels, response, resource=None):
        """A call that Polly charges by characters, of which there may be several records."""
        if self.random.random() < 0.15:
            self._failed("polly", operation, request, **labels)
            return
        count = None if self.random.random() < 0.2 else self.random.randrange(3000)
        amount = Amount(outcome="ok", error_code=None, characters=count)
        answer = None if count is None else response(count)
        draw = self.random.random()
        # Only the response names the task.
        facts = self._facts("polly", operation, resource=None if answer is None and draw >= 0.1 else resource, **labels)
        if draw < 0.1:
            self._corrected(facts, amount, request, response)
        elif draw < 0.2:
            accounts = tuple(self.random.sample(ACCOUNTS, self.random.choice((2, 3))))
            self._call(facts, amount, request, answer, accounts=accounts)
        else:
            extra = {"addendum": {"reason": self.random.choice(("DELIVERY_DELAY", "SERVICE_OUTAGE"))}}
            self._call(facts, amount, request, answer, extra=extra if draw > 0.9 else {})

    def _corrected(self, facts, amount, request, response):
        """A call with corrections; the newest counts, and the first record may be missing."""
        at, account, first = self._moment(), self.random.choice(ACCOUNTS), self._guid()
        earliest, original = at, first
        is_missing = self.random.random() < 0.2
        if not is_missing:
            answer = None if amount.characters is None else response(amount.characters)
            self._record(facts, amount, request, answer, at, account, {"eventID": first})
        for number in range(self.random.choice((1, 1, 2))):
            at += timedelta(seconds=self.random.randrange(1, 5000))
            if is_missing and number == 0:
                earliest = at
            amount = Amount(outcome="ok", error_code=None, characters=self.random.randrange(3000))
            addendum = {"reason": "UPDATED_DATA", "originalEventID": original, "updatedFields": "responseElements"}
            event_id = self._guid()
            own = {"eventID": event_id, "addendum": addendum}
            self._record(facts, amount, request, response(amount.characters), at, account, own)
            original = self.random.choice((first, event_id))  # a correction may correct the one before
        self.calls.append(Planted(at=earliest, accounts=(account,), facts=facts | _place(facts), amount=amount))

    def _stream(self):
        session = self._guid()
        request = {"languageCode": "en-US", "sessionId": session}
        if self.random.random() < 0.1:  # no record can tell its end
            facts = self._facts("transcribe", "StartMedicalStreamTranscription", language="en-US")
            self._call(facts, Amount(outcome="ok", error_code=None, seconds=None), {"languageCode": "en-US"})
            return
        if self.random.random() < 0.1:
            facts = {"language": "en-US", "resource": f"transcription-stream/{session}"}
            self._failed("transcribe", "StartStreamTranscription", request, **facts)
            return
        seconds = self.random.choice((None, self.random.randrange(4 * 3600)))
        resource = f"transcription-stream/{session}"
        facts = self._facts("transcribe", "StartStreamTranscription", resource=resource, language="en-US")
        amount = Amount(outcome="ok", error_code=None, seconds=seconds)
        planted = self._call(facts, amount, request, None)
        if seconds is not None:
            ending = facts | {"operation": "EndStreamTranscription"}
            end = planted.at + timedelta(seconds=seconds)
            self._record(ending, amount, request, None, end, planted.accounts[0], {"eventID": self._guid()})

    def _job(self):
        name = f"job-{self.random.randrange(40)}"
        request = {"transcriptionJobName": name, "languageCode": "de-DE"}
        labels = {"language": "de-DE", "resource": f"transcription-job/{name}"}
        draw = self.random.random()
        if draw < 0.15:
            self._failed("transcribe", "StartTranscriptionJob", request, **labels)
        elif draw < 0.3:
            self._refused_at_endpoint(request, **labels)
        else:
            facts = self._facts("transcribe", "StartTranscriptionJob", **labels)
            call = self._call(facts, Amount(outcome="ok", error_code=None), request, None, is_shared=draw > 0.8)
            if draw > 0.8:
                self._copy_at_endpoint(facts, call, request)

    def _refused_at_endpoint(self, request, **labels):
        facts = self._facts("transcribe", "StartTranscriptionJob", **labels)
        amount = Amount(outcome="denied", error_code="VpceAccessDenied")
        extra = {"eventCategory": "NetworkActivity", "eventType": "AwsVpceEvents", "errorCode": "VpceAccessDenied"}
        self._call(facts, amount, request, None, extra=extra)

    def _copy_at_endpoint(self, facts, call, request):
        extra = {"eventCategory": "NetworkActivity", "eventType": "AwsVpceEvents", "eventID": self._guid()}
        shared = self.records[-1].get("sharedEventID")
        self._record(facts, call.amount, request, None, call.at, call.accounts[0], extra | {"sharedEventID": shared})

    def _bot(self):
        bot = self.random.choice(("K3X9QW7T2P", "A1B2C3D4E5"))
        request = {"botId": bot, "botVersion": "DRAFT", "localeId": "de_DE"}
        labels = {"language": "de-DE", "resource": f"bot/{bot}", "api-version": "v2"}
        if self.random.random() < 0.2:
            self._failed("lex", "BuildBotLocale", request, **labels)
        else:
            self._call(self._facts("lex", "BuildBotLocale", **labels), Amount(outcome="ok", error_code=None), request)

    def _campaign(self):
        name = self.random.choice(("shop", "news"))
        facts = self._facts("personalize", "DescribeCampaign", resource=f"campaign/{name}")
        arn = f"arn:aws:personalize:{facts['region']}:{ACCOUNTS[0]}:campaign/{name}"
        self._call(facts, Amount(outcome="ok", error_code=None), {"campaignArn": arn})

    def _list(self):
        self._call(self._facts("polly", "DescribeVoices"), Amount(outcome="ok", error_code=None), None)

    # What all of them share.
    def _failed(self, service, operation, request, **labels):
        code, outcome = self.random.choice(_ERRORS)
        facts = self._facts(service, operation, **labels)
        self._call(facts, Amount(outcome=outcome, error_code=code), request, extra={"errorCode": code})

    def _facts(self, service, operation, **labels):
        who = self.random.choice(("alice", "bob", "role", "root"))
        agent = self.random.choice(_AGENTS)
        principal, credentials = {
            "alice": ("user/alice", "iam-user"),
            "bob": ("sso/bob@example.com", "sso"),
            "role": ("role/voice-frontend", "role"),
            "root": ("root", "root"),
        }[who]
        facts = {"service": service, "operation": operation, "principal": principal, "credentials": credentials}
        facts |= {"region": self.random.choice(REGIONS), "user-agent": agent.split(" ", 1)[0], "agent": agent}
        mfa = self.random.choice(("true", "false")) if who in ("bob", "role") else None
        return facts | {"mfa": mfa} | labels

    def _call(self, facts, amount, request, response=None, *, accounts=(), extra=None, is_shared=False):  # noqa: PLR0913
        accounts = accounts or (self.random.choice(ACCOUNTS),)
        at = self._moment()
        shared = {"sharedEventID": self._guid()} if len(accounts) > 1 or is_shared else {}
        for account in accounts:
            own = {"eventID": self._guid()} | shared | (extra or {})
            self._record(facts, amount, request, response, at, account, own)
        call = Planted(at=at, accounts=accounts, facts=facts | _place(facts), amount=amount)
        self.calls.append(call)
        return call

    def _record(self, facts, amount, request, response, at, account, own):  # noqa: PLR0913, PLR0917 (the parts of a record)
        source = f"{facts['service']}.amazonaws.com"
        source = f"transcribestreaming{source[10:]}" if "StreamTranscription" in facts["operation"] else source
        errors = {"errorCode": amount.error_code} if amount.error_code else {}
        self.records.append(
            {
                "eventVersion": "1.11",
                "userIdentity": _identity(facts, account),
                "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "eventSource": source,
                "eventName": facts["operation"],
                "awsRegion": facts["region"],
                "sourceIPAddress": "198.51.100.14",
                "userAgent": facts["agent"],
                "requestParameters": request,
                "responseElements": response,
                "recipientAccountId": account,
                "eventCategory": "Management",
                "eventType": "AwsApiCall",
            }
            | errors
            | own
        )

    def _moment(self):
        return BEGIN + timedelta(seconds=self.random.randrange(DAYS * 86400))

    def _guid(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))


def _place(facts):
    return {"region": facts["region"]}


def _identity(facts, account):
    attributes = {} if facts["mfa"] is None else {"attributes": {"mfaAuthenticated": facts["mfa"]}}
    if facts["principal"] == "root":
        return {"type": "Root", "arn": f"arn:aws:iam::{account}:root", "accountId": account}
    if facts["principal"] == "user/alice":
        return {"type": "IAMUser", "arn": f"arn:aws:iam::{account}:user/alice", "userName": "alice"}
    role, session, path = "voice-frontend", "i-0a1b2c3d", ""
    if facts["principal"].startswith("sso/"):
        role, session = "AWSReservedSSO_Admin_1f2e3d4c5b6a7980", "bob@example.com"
        path = "aws-reserved/sso.amazonaws.com/"
    issuer = {"type": "Role", "arn": f"arn:aws:iam::{account}:role/{path}{role}", "userName": role}
    arn = f"arn:aws:sts::{account}:assumed-role/{role}/{session}"
    return {"type": "AssumedRole", "arn": arn, "sessionContext": {"sessionIssuer": issuer} | attributes}
