"""The stack of an account: bring it up to date with the template, give it the code, run a day.

Which account that is, boto3 finds: profile, variables or role, and AWS_ENDPOINT_URL for an emulator.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import boto3
from botocore.client import BaseClient
from botocore.exceptions import ClientError, WaiterError

from aws.bundle import bundle
from include.environment import ROOT
from include.errors import UnexpectedError
from include.tables import PLAYED, raw_tables

TEMPLATE = ROOT / "aws" / "template.yaml"
CAPABILITIES = ["CAPABILITY_IAM"]
# A day has some minutes; a stack changes within one.
WAITER = {"Delay": 2, "MaxAttempts": 600}


@dataclass(frozen=True)
class Execution:
    """How a run of a day ended: SUCCEEDED, or what else, with its cause."""

    status: str
    cause: str


@dataclass(frozen=True)
class Stack:
    """A stack of the template, by its name."""

    name: str

    def deploy(self, settings: Mapping[str, str]) -> None:
        """Make the stack, or bring it up to date; then upload the code that its jobs run.

        `settings` are parameters of the template. Those that are not named stay as they are.
        """
        there = self._parameters()
        given = {**settings, **tables()}
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
        kept = [name for name in there or () if name not in given]
        parameters += [{"ParameterKey": name, "UsePreviousValue": True} for name in kept]
        self._change(parameters, is_there=there is not None)
        s3, bucket = boto3.client("s3"), self.outputs()["ArtifactsBucket"]
        for key, body in {"code.zip": bundle(), "job.py": (ROOT / "aws" / "job.py").read_bytes()}.items():
            s3.put_object(Bucket=bucket, Key=key, Body=body)

    def outputs(self) -> dict[str, str]:
        """Return what the stack made, by the names of the template's outputs."""
        return {one["OutputKey"]: one["OutputValue"] for one in self._description()["Outputs"]}

    @property
    def lake(self) -> str:
        """The address of the lake, as LAKE has it."""
        return f"s3://{self.outputs()['LakeBucket']}/lake"

    def put_files(self, folder: Path, day: date) -> None:
        """Put the three files of a day into the landing bucket."""
        s3, bucket = boto3.client("s3"), self.outputs()["LandingBucket"]
        for source in PLAYED:
            s3.upload_file(str(folder / source.file), bucket, f"{day}/{source.file}")

    def run(self, day: date) -> Execution:
        """Run the state machine on the files of a day, and wait for its end."""
        machine, states = self.outputs()["StateMachine"], boto3.client("stepfunctions")
        started = states.start_execution(stateMachineArn=machine, input=json.dumps({"day": str(day)}))
        while True:
            found = states.describe_execution(executionArn=started["executionArn"])
            if found["status"] != "RUNNING":
                return Execution(found["status"], found.get("cause", ""))
            time.sleep(1)

    def _description(self) -> Mapping[str, list[dict[str, str]]]:
        return boto3.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]

    def _parameters(self) -> list[str] | None:
        """Return the names of the parameters that the stack has; None where there is no stack."""
        try:
            return [one["ParameterKey"] for one in self._description()["Parameters"]]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    def _change(self, parameters: list[dict[str, object]], *, is_there: bool) -> None:
        """Make or update the stack, and wait; after a change of the code alone there is nothing to update."""
        formation, template = boto3.client("cloudformation"), TEMPLATE.read_text("utf-8")
        change, state = formation.create_stack, "stack_create_complete"
        if is_there:
            change, state = formation.update_stack, "stack_update_complete"
        try:
            change(
                StackName=self.name, TemplateBody=template, Parameters=parameters, Capabilities=CAPABILITIES
            )
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return
            raise
        self._wait(formation, state)

    def _wait(self, formation: BaseClient, state: str) -> None:
        """Wait until all is there. Raises UnexpectedError, with what CloudFormation says, where it is not."""
        try:
            formation.get_waiter(state).wait(StackName=self.name, WaiterConfig=WAITER)
        except WaiterError:
            events = formation.describe_stack_events(StackName=self.name)["StackEvents"]
            failed = [one for one in events if one["ResourceStatus"].endswith("_FAILED")]
            said = [f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', '')}" for one in failed]
            raise UnexpectedError(f"The stack {self.name} was rolled back. {'; '.join(said)}") from None


def tables() -> dict[str, str]:
    """Return the parameters that name what is landed and merged, as include/sources.yml has it."""
    return {"Sources": ",".join(source.name for source in PLAYED), "Tables": ",".join(raw_tables())}
