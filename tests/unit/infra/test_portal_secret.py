"""The secret that the portal makes its keys of: in no template, encrypted with our key, and the portal's alone."""

from tests.unit.infra.test_permissions import FUNCTIONS


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
