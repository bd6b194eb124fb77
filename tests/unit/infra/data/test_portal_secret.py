"""The secret that the portal makes its keys of: in no template, encrypted with our key, and the portal's alone."""

from tests.unit.infra.functions.test_permissions import FUNCTIONS


def test_its_value_is_generated_and_stands_in_no_template(template):
    (secret,) = template.properties_of("AWS::SecretsManager::Secret")
    assert secret["GenerateSecretString"] == {"ExcludePunctuation": True, "PasswordLength": 64}
    assert not {"SecretString", "Name"} & secret.keys()


def test_it_is_encrypted_with_the_data_key(template):
    (secret,) = template.properties_of("AWS::SecretsManager::Secret")
    assert secret["KmsKeyId"]["Fn::GetAtt"][0].startswith("KeysData")


def test_the_portal_alone_may_read_it(template):
    readers = [name for name in FUNCTIONS if "secretsmanager:GetSecretValue" in template.actions(name)]
    assert readers == ["PortalFunction"]
    environment = template.named_by("PortalFunction")["Environment"]["Variables"]
    resources = [
        one["Resource"]
        for one in template.statements_of("PortalFunction")
        if one["Action"] == "secretsmanager:GetSecretValue"
    ]
    assert environment["SCALPER_PORTAL_SECRET"] in resources


def test_the_sweep_rotates_it_and_cannot_read_it(template):
    allowed = {action for action in template.actions("SweepFunction") if action.startswith("secretsmanager:")}
    rotating = {f"secretsmanager:{name}" for name in ("DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage")}
    assert allowed == rotating
    others = {name for name in FUNCTIONS if template.actions(name) & rotating}
    assert others == {"SweepFunction"}


def test_it_is_rotated_every_quarter_by_secrets_manager_for_this_secret_only(prod):
    (schedule,) = prod.properties_of("AWS::SecretsManager::RotationSchedule")
    assert schedule["RotationRules"] == {"AutomaticallyAfterDays": 90}
    assert schedule["RotationLambdaARN"] == {"Fn::GetAtt": [prod.output("SweepFunction"), "Arn"]}
    (permission,) = [
        one
        for one in prod.properties_of("AWS::Lambda::Permission")
        if one["Principal"] == "secretsmanager.amazonaws.com"
    ]
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert permission["SourceArn"] == schedule["SecretId"]
