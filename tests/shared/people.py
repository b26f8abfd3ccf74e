"""People in a local AWS: IAM users with chosen policies, who run `aitrail` in this process."""

import json
import tempfile
from contextlib import chdir
from datetime import UTC, datetime

import boto3
from click.testing import CliRunner

from aitrail.cli.group import cli
from aitrail.clock import Clock
from demo.environments import ACCOUNT, SECRET

NOBODY = {"AWS_PROFILE": None, "AWS_DEFAULT_PROFILE": None, "AWS_SESSION_TOKEN": None}


class Person:
    """An IAM user of the deployment's account, or of another one, who may do what `may` says, and nothing else."""

    def __init__(self, pipeline, name, *, now, account=None):
        self.pipeline, self.name, self.now = pipeline, name, now
        # The local AWS takes the id of an account for the key of its root user.
        self.iam = client_of(pipeline, "iam", key=account or ACCOUNT, secret=SECRET)
        self.iam.create_user(UserName=name)
        self.key = self.iam.create_access_key(UserName=name)["AccessKey"]
        self.variables = {}

    def may(self, policy):
        """Replaces what the user may do."""
        for each in self.iam.list_user_policies(UserName=self.name)["PolicyNames"]:
            self.iam.delete_user_policy(UserName=self.name, PolicyName=each)
        if policy["Statement"]:
            self.iam.put_user_policy(UserName=self.name, PolicyName="policy", PolicyDocument=json.dumps(policy))

    @property
    def environment(self):
        keys = {"AWS_ACCESS_KEY_ID": self.key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": self.key["SecretAccessKey"]}
        return {**NOBODY, **self.pipeline.aws.environment, **keys, **self.variables}

    def aitrail(self, *arguments, sleep=lambda _: None, answers="", is_now=False):
        """Runs the command; `answers` are lines of standard input. The time is `now`, unless it `is_now`."""
        clock = Clock(now=lambda: datetime.now(UTC) if is_now else self.now, sleep=sleep)
        runner = CliRunner(catch_exceptions=False, env=self.environment)
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            return runner.invoke(cli, list(map(str, arguments)), obj=clock, input=answers, prog_name="aitrail")


def client_of(pipeline, service, *, key, secret, token=None):
    """A client with these credentials."""
    session = boto3.Session(key, secret, token, region_name="eu-central-1")
    return session.client(service, endpoint_url=pipeline.aws.endpoint, verify=pipeline.aws.environment["AWS_CA_BUNDLE"])
