"""One Glue job from start to end: what is tried again, and how a failure is told."""

import json
import time
from collections.abc import Iterator

import boto3
import pytest

from aws.stack import Stack
from include.environment import ROOT

# Fails until it has been started three times, as another server would that is busy.
BUSY = """
import os, sys
import boto3
s3, bucket = boto3.client("s3"), os.environ["artifacts"]
starts = s3.list_objects_v2(Bucket=bucket, Prefix="starts/")["KeyCount"] + 1
s3.put_object(Bucket=bucket, Key=f"starts/{starts}")
if starts < 3:
    sys.exit("{error}: the server is busy")
"""


@pytest.fixture
def script(stack: Stack) -> Iterator:
    """Return a function that runs a script as the job of the gate, and then how often it was started."""
    s3, bucket = boto3.client("s3"), stack.outputs()["ArtifactsBucket"]

    def run(text: str) -> tuple[dict, int]:
        s3.put_object(Bucket=bucket, Key="job.py", Body=text.encode())
        done = _run(stack)
        starts = s3.list_objects_v2(Bucket=bucket, Prefix="starts/").get("Contents", [])
        for one in starts:
            s3.delete_object(Bucket=bucket, Key=one["Key"])
        return done, len(starts)

    yield run
    s3.put_object(Bucket=bucket, Key="job.py", Body=(ROOT / "aws" / "job.py").read_bytes())


def _run(stack: Stack) -> dict:
    made = boto3.client("cloudformation").describe_stack_resources(StackName=stack.name)["StackResources"]
    names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in made}
    states = boto3.client("stepfunctions")
    job = json.dumps({"job": names["GateJob"], "step": "gate"})
    started = states.start_execution(stateMachineArn=names["RunJob"], input=job)
    while (done := states.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
        time.sleep(0.2)
    return done


def test_a_job_that_says_that_it_passes_is_tried_again_until_it_does(script):
    done, starts = script(BUSY.replace("{error}", "TransientError"))
    assert (done["status"], starts) == ("SUCCEEDED", 3)


def test_a_job_that_fails_for_good_is_not_tried_again_and_says_why(script):
    done, starts = script(BUSY.replace("{error}", "InputError"))
    assert (done["status"], done["error"], starts) == ("FAILED", "JobFailed", 1)
    assert done["cause"].endswith("(gate) InputError: the server is busy\n")
