"""Each policy and environment is measured at its longest, in every stage and in regions with long names."""

import pytest

from infra.compliance.physical_names import Deployed, Place
from infra.compliance.sizes import count_characters, measure

STAGES = ("prod", "staging", "example")
REGIONS = ("us-east-1", "eu-central-1", "ap-southeast-2", "us-gov-west-1")


def deployed(resources, region="us-gov-west-1", outputs=None, **others):
    template = {"Resources": resources, "Outputs": outputs or {}}
    return Deployed({"Stack": template, **others}, Place(region))


def sizes(resources):
    return list(measure(deployed(resources)))


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("stage", STAGES)
def test_nothing_takes_more_than_nine_tenths_of_its_limit(assemblies, stage, region):
    measured = list(measure(Deployed.read(assemblies[stage], Place(region))))
    assert [str(one) for one in measured if not one.fits] == []
    kinds = {one.kind for one in measured}
    assert kinds >= {"PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy", "environment", "managed policies"}


def test_a_policy_of_a_kind_whose_limit_is_unknown_is_told():
    with pytest.raises(LookupError, match="Repository"):
        sizes({"A": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": {"Statement": []}}}})


def test_a_reference_whose_length_is_unknown_is_told():
    policy = {"Statement": [{"Resource": {"Fn::GetAtt": ["Repository", "RepositoryUri"]}}]}
    with pytest.raises(LookupError, match="RepositoryUri"):
        sizes(
            {
                "Repository": {"Type": "AWS::ECR::Repository"},
                "P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy}},
            }
        )


def test_inline_policies_of_a_role_count_together():
    policies = [{"PolicyDocument": {"Statement": ["x" * 5000]}}] * 2
    told = {one.kind: one for one in sizes({"R": {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}})}
    assert told["inline policies"].used > 10000
    assert not told["inline policies"].fits


def test_white_space_does_not_count_and_letters_of_more_than_one_byte_count_once():
    assert count_characters({"Sid": "a b  c"}) == len('{"Sid":"abc"}')
    assert count_characters(["ü"]) == len('["ü"]')


@pytest.mark.parametrize(
    ("kind", "attribute", "longest"),
    [
        ("AWS::S3::Bucket", "Ref", 63),
        ("AWS::Lambda::Function", "Ref", 64),
        ("AWS::SQS::Queue", "QueueName", 80),
        ("AWS::IAM::Role", "Arn", len("arn:aws-us-gov:iam::111122223333:role/") + 64),
    ],
)
def test_names_are_as_long_as_their_service_allows(kind, attribute, longest):
    name = "A" * 300
    reference = {"Ref": name} if attribute == "Ref" else {"Fn::GetAtt": [name, attribute]}
    assert len(deployed({name: {"Type": kind}}).resolve("Stack", reference)) == longest


def test_a_name_that_the_template_says_is_taken():
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "${AWS::StackName}-q"}}}
    assert deployed({"Q": queue}).resolve("Stack", {"Fn::GetAtt": ["Q", "QueueName"]}) == "Stack-q"


def test_of_two_branches_the_longer_one_counts_and_partition_and_region_are_the_places():
    resolve = deployed({"Q": {"Type": "AWS::SQS::Queue"}}).resolve
    assert resolve("Stack", {"Fn::If": ["Given", "short", "the longer one"]}) == "the longer one"
    joined = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":x:", {"Ref": "AWS::Region"}]]}
    assert resolve("Stack", joined) == "arn:aws-us-gov:x:us-gov-west-1"
    assert resolve("Stack", "arn:aws:x:us-east-1") == "arn:aws-us-gov:x:us-gov-west-1"


def test_another_stacks_export_is_found():
    other = {
        "Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "theirs"}}},
        "Outputs": {"O": {"Value": {"Fn::GetAtt": ["B", "Arn"]}, "Export": {"Name": "Other:Bucket"}}},
    }
    resolve = deployed({}, Other=other).resolve
    assert resolve("Stack", {"Fn::ImportValue": "Other:Bucket"}) == "arn:aws-us-gov:s3:::theirs"
