"""The template: what cfn-lint says of it, who may do what, and that it knows the project's tables."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cfnlint.decode import cfn_yaml

from aws.stack import TEMPLATE
from include.environment import ROOT

RESOURCES = cfn_yaml.load(str(TEMPLATE))["Resources"]
# What has no address of its own in AWS: a namespace limits metrics, deliveries of logs nothing.
WITHOUT_ADDRESS = {
    "cloudwatch:PutMetricData",
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
}


def as_list(value: object) -> list:
    return value if isinstance(value, list) else [value]


def of_type(kind: str) -> dict[str, dict]:
    found = {name: one["Properties"] for name, one in RESOURCES.items() if one["Type"] == kind}
    assert found, kind
    return found


def documents() -> Iterator[tuple[str, dict]]:
    """Yield every policy with the name of its resource."""
    for name, resource in RESOURCES.items():
        properties = resource.get("Properties", {})
        yield from ((name, properties[key]) for key in properties if key.endswith("PolicyDocument"))
        yield from ((name, one["PolicyDocument"]) for one in properties.get("Policies", []))


def allowed() -> list[tuple[str, dict]]:
    """Return every statement that allows something, with the name of its resource."""
    found = [(name, one) for name, document in documents() for one in document["Statement"]]
    assert len(found) > 20
    return [(name, one) for name, one in found if one["Effect"] == "Allow"]


def test_cfn_lint_finds_nothing():
    command = [Path(sys.executable).with_name("cfn-lint"), "--include-checks", "I", "--template", TEMPLATE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


def test_cloudformation_takes_it_in_one_call():
    assert TEMPLATE.stat().st_size <= 51_200


def test_nobody_may_do_everything_of_a_service():
    for name, statement in allowed():
        assert "NotAction" not in statement, name
        assert not [action for action in as_list(statement["Action"]) if "*" in action], name


def test_only_what_has_no_address_is_allowed_anywhere():
    for name, statement in allowed():
        if "*" in as_list(statement.get("Resource")):
            assert set(as_list(statement["Action"])) <= WITHOUT_ADDRESS, name
        # Nor whole buckets of the lake: a job reads and writes some of its folders.
        if any("s3:PutObject" in action for action in as_list(statement["Action"])):
            assert all("/lake/" in one["Fn::Sub"] for one in as_list(statement["Resource"])), name


def test_roles_are_one_services_of_this_account():
    for name, properties in of_type("AWS::IAM::Role").items():
        (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
        assert len(as_list(statement["Principal"]["Service"])) == 1, name
        assert "aws:SourceAccount" in statement["Condition"]["StringEquals"], name


def test_each_job_has_a_role_of_its_own():
    roles = [job["Role"]["Fn::GetAtt"][0] for job in of_type("AWS::Glue::Job").values()]
    assert len(set(roles)) == len(roles) == 5


@pytest.mark.parametrize(
    ("role", "folders"),
    [
        ("LandRole", {"bronze", "silver"}),
        ("SilverRole", {"silver"}),
        ("GateRole", set()),
        ("GoldRole", {"staging", "intermediate", "snapshots", "trusted_next", "_tested"}),
        ("PublishRole", {"_publications"}),
    ],
)
def test_a_job_writes_only_what_its_step_makes(role: str, folders: set[str]):
    written = {
        one["Fn::Sub"].split("/")[2]
        for name, statement in allowed()
        if name == role and "s3:PutObject" in as_list(statement["Action"])
        for one in as_list(statement["Resource"])
    }
    assert written == folders


@pytest.mark.parametrize("bucket", sorted(of_type("AWS::S3::Bucket")))
def test_buckets_are_encrypted_versioned_private_and_reached_by_tls_only(bucket: str):
    found = of_type("AWS::S3::Bucket")[bucket]
    assert found["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert found["VersioningConfiguration"] == {"Status": "Enabled"}
    assert list(found["PublicAccessBlockConfiguration"].values()) == [True] * 4
    assert found["LifecycleConfiguration"]["Rules"]
    (policy,) = [one for one in of_type("AWS::S3::BucketPolicy").values() if one["Bucket"] == {"Ref": bucket}]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


def test_the_crawler_knows_each_table_of_the_star():
    (crawler,) = of_type("AWS::Glue::Crawler").values()
    (target,) = crawler["Targets"]["DeltaTargets"]
    known = {one["Fn::Sub"].rstrip("/").rpartition("/")[2] for one in target["DeltaTables"]}
    assert known == {path.stem for path in (ROOT / "dbt" / "models" / "trusted").glob("*.sql")}


def test_logs_are_kept_for_a_time():
    assert all(group["RetentionInDays"] for group in of_type("AWS::Logs::LogGroup").values())


def test_the_schedule_is_off_until_somebody_says_so():
    parameters = cfn_yaml.load(str(TEMPLATE))["Parameters"]
    assert parameters["ScheduleState"]["Default"] == "DISABLED"
