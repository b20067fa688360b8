"""The stack of the template in an emulator, and who is told of its failed runs."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from aws.emulator import PARAMETERS, emulator
from aws.stack import Stack


@dataclass(frozen=True)
class Mailbox:
    """A queue that the topic of alarms sends to."""

    queue: str

    def messages(self) -> list[dict[str, str]]:
        """Return the alarms that came since the last call."""
        found = boto3.client("sqs").receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        for one in found.get("Messages", []):
            boto3.client("sqs").delete_message(QueueUrl=self.queue, ReceiptHandle=one["ReceiptHandle"])
        return [json.loads(one["Body"]) for one in found.get("Messages", [])]


@pytest.fixture(scope="session")
def variables() -> Iterator[Mapping[str, str]]:
    """An emulator, which boto3 finds."""
    with tempfile.TemporaryDirectory(prefix="streaming-aws-") as home, emulator(Path(home)) as found:
        before = dict(os.environ)
        os.environ.update(found)
        yield found
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def stack(variables: Mapping[str, str]) -> Stack:
    deployed = Stack("tests")
    deployed.deploy(PARAMETERS)
    return deployed


@pytest.fixture(scope="session")
def alarms(stack: Stack) -> Mailbox:
    sqs, topic = boto3.client("sqs"), stack.outputs()["AlarmTopic"]
    queue = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    (arn,) = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"].values()
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Statement": [allowed]})})
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return Mailbox(queue)
