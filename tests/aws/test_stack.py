"""To deploy again: code and settings of a stack that is there."""

import boto3

from aws.emulator import PARAMETERS
from aws.stack import Stack, tables


def parameters(stack: Stack) -> dict[str, str]:
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
    return {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}


def test_what_is_not_named_stays_as_it_is_and_the_code_is_uploaded_anew(variables):
    stack, s3 = Stack("again"), boto3.client("s3")
    stack.deploy({**PARAMETERS, "AlarmEmail": "a@example.com", "ScheduleState": "ENABLED"})
    before, bucket = stack.outputs(), stack.outputs()["ArtifactsBucket"]
    s3.delete_object(Bucket=bucket, Key="code.zip")
    stack.deploy({"ScheduleState": "DISABLED"})
    assert stack.outputs() == before
    wanted = {**PARAMETERS, **tables(), "AlarmEmail": "a@example.com", "ScheduleState": "DISABLED"}
    assert parameters(stack).items() >= wanted.items()
    assert s3.head_object(Bucket=bucket, Key="code.zip")["ContentLength"] > 100_000
    # Nothing to change is no error.
    stack.deploy({})
