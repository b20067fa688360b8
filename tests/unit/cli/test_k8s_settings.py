"""What `make k8s-settings` makes of .env: secrets in the Secret alone, and what no run needs nowhere."""

import json

from cli.k8s_settings import manifests


def test_secrets_are_in_the_secret_alone_and_administrators_in_neither(env: dict[str, str]) -> None:
    own = {"ALERT_URLS": "json://token@x", "AIRFLOW_CONN_CRM": "postgresql://reader:hidden@crm/crm"}
    settings, secret = manifests(env | own)["items"]
    assert (settings["kind"], secret["kind"]) == ("ConfigMap", "Secret")
    assert settings["data"]["GENERATE_SEED"] == "42"
    passwords = {name for name in env if name.endswith(("_PASSWORD", "_SECRET", "_KEY"))}
    left_out = {"POSTGRES_PASSWORD", "MONGO_ROOT_PASSWORD", "REDIS_PASSWORD"}
    assert secret["stringData"].keys() == passwords - left_out | {"ALERT_URLS", "OWN_CONNECTIONS"}
    assert json.loads(secret["stringData"]["OWN_CONNECTIONS"]) == {
        "AIRFLOW_CONN_CRM": own["AIRFLOW_CONN_CRM"]
    }
    said = json.dumps(settings)
    values = [env[name] for name in passwords if env[name]] + ["token", "hidden"]
    assert len(values) > 14
    assert [value for value in values if value in said] == []
