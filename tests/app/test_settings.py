"""Settings: every value is checked, and a mistake is a sentence that names its variable."""

from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, kept_secret, read_settings, secret_file


def test_an_empty_environment_gives_the_defaults(tmp_path: Path) -> None:
    assert read_settings({"HEADWATER_DATA_DIR": str(tmp_path)}) == Settings(data_dir=tmp_path)


def test_an_empty_variable_counts_as_unset() -> None:
    assert read_settings({"HEADWATER_PORT": " "}).port == 8000


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("HEADWATER_PORT", "http", "HEADWATER_PORT must be a whole number from 0 to 65535, not 'http'."),
        ("HEADWATER_PORT", "65536", "HEADWATER_PORT must be a whole number from 0 to 65535, not '65536'."),
        (
            "HEADWATER_MAX_DEPTH",
            "-1",
            "HEADWATER_MAX_DEPTH must be a whole number from 1 to 2147483647, not '-1'.",
        ),
        (
            "HEADWATER_MAX_DEPTH",
            "٣",
            "HEADWATER_MAX_DEPTH must be a whole number from 1 to 2147483647, not '٣'.",
        ),
        (
            "HEADWATER_POOL_WRITERS",
            "1",
            "HEADWATER_POOL_WRITERS must be a whole number from 2 to 2147483647, not '1'.",
        ),
        # A process may hear for 15 seconds of no cut-over, and reads the former generation meanwhile.
        (
            "HEADWATER_ROLLBACK_MINUTES",
            "0",
            "HEADWATER_ROLLBACK_MINUTES must be a whole number from 1 to 2147483647, not '0'.",
        ),
        ("HEADWATER_INTROSPECTION", "maybe", "HEADWATER_INTROSPECTION must be true or false, not 'maybe'."),
        (
            "HEADWATER_TRUSTED_PROXIES",
            "10.0.0.0/8, *",
            "HEADWATER_TRUSTED_PROXIES must be addresses and networks with commas, not '10.0.0.0/8, *'.",
        ),
        *(
            (
                "HEADWATER_ALLOWED_ORIGINS",
                f"https://app.example.com, {wrong}",
                "HEADWATER_ALLOWED_ORIGINS must be origins as browsers send them, with commas, as "
                "https://app.example.com (no path, no *, no port that goes without saying), not "
                f"{wrong!r}.",
            )
            for wrong in (
                "*",
                "null",
                "app.example.com",
                "https://*.example.com",
                "https://app.example.com/",
                "https://APP.example.com",
                "https://app.example.com:443",
                "http://localhost:80",
                "https://ada@app.example.com",
                "https://app.example.com:99999",
                "https://münchen.example",
            )
        ),
        (
            "HEADWATER_TLS_CERT",
            "cert.pem",
            "HEADWATER_TLS_CERT and HEADWATER_TLS_KEY belong together; one is not set.",
        ),
        (
            "HEADWATER_OIDC_ISSUER",
            "http://id.example.com",
            "HEADWATER_OIDC_ISSUER must begin with https://, for secrets are sent to it.",
        ),
        (
            "HEADWATER_KEY_URL",
            "http://127.0.0.1.example.com:8200",
            "HEADWATER_KEY_URL must begin with https://, for secrets are sent to it.",
        ),
        (
            "HEADWATER_INDEX_PREFIX",
            "HW",
            "HEADWATER_INDEX_PREFIX must be small letters, digits, and ._-, not 'HW'.",
        ),
        (
            "HEADWATER_REDIS_PREFIX",
            "a b*",
            "HEADWATER_REDIS_PREFIX must be letters, digits and _.:-, not 'a b*'.",
        ),
        (
            "HEADWATER_REGION",
            "a\nb",
            "HEADWATER_REGION must be at most 50 characters in one line, as eu-central-1, not 'a\\nb'.",
        ),
        *(
            (
                "HEADWATER_OUTGOING_PORTS",
                ports,
                f"HEADWATER_OUTGOING_PORTS must be ports from 1 to 65535 with commas, as 443,8443, not {ports!r}.",
            )
            for ports in ("443;80", "0", "65536", "443,,8443", "-1")
        ),
        ("HEADWATER_SECRET", "8 signs.", "HEADWATER_SECRET must have at least 32 characters."),
        ("HEADWATER_SECRET", "x" * 31, "HEADWATER_SECRET must have at least 32 characters."),
        (
            "HEADWATER_LOG_LEVEL",
            "loud",
            "HEADWATER_LOG_LEVEL must be one of debug, info, warning, error, not 'loud'.",
        ),
        (
            "HEADWATER_DATABASE_URL",
            "mysql://user:password@server/db",
            "HEADWATER_DATABASE_URL must be an address that begins with postgresql://.",
        ),
        (
            "HEADWATER_ENVIRONMENT",
            "production",
            "HEADWATER_SECRET must be set when HEADWATER_ENVIRONMENT is production.",
        ),
    ],
)
def test_refuses_a_bad_value(variable: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({variable: value})
    assert str(refusal.value) == sentence


def test_a_child_process_reads_the_same_settings() -> None:
    settings = Settings(port=1, introspection=False, secret="s" * 32, redis_url="unix:///run/valkey.sock")
    assert read_settings(settings.environ()) == settings


def test_the_secret_of_a_data_folder_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    secret = kept_secret(tmp_path)
    assert kept_secret(tmp_path) == secret
    assert len(secret) >= 32
    assert secret_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert read_settings({"HEADWATER_DATA_DIR": str(tmp_path)}).secret == secret


def test_derived_keys_differ_by_purpose() -> None:
    settings = Settings(secret="s" * 32)
    assert settings.derive("one") != settings.derive("two")


def test_nothing_is_derived_without_a_secret() -> None:
    with pytest.raises(SettingsError, match="HEADWATER_SECRET is not set"):
        Settings().derive("one")


def test_a_provider_of_identities_needs_to_be_told_where_to_send_people_back() -> None:
    environment = {"HEADWATER_OIDC_ISSUER": "https://id.example.com", "HEADWATER_HOST": "0.0.0.0"}
    with pytest.raises(SettingsError, match="HEADWATER_PUBLIC_URL must be set"):
        read_settings(environment)
    assert read_settings({**environment, "HEADWATER_PUBLIC_URL": "https://headwater.example"}).oidc_issuer
    assert read_settings({**environment, "HEADWATER_HOST": "127.0.0.1"}).oidc_issuer


def test_production_does_not_start_without_the_address_that_mailed_links_lead_to() -> None:
    environ = {"HEADWATER_ENVIRONMENT": "production", "HEADWATER_SECRET": "s" * 40}
    with pytest.raises(SettingsError, match="HEADWATER_PUBLIC_URL must be set when HEADWATER_ENVIRONMENT"):
        read_settings(environ)
    with pytest.raises(SettingsError, match="HEADWATER_PUBLIC_URL must be set when HEADWATER_ENVIRONMENT"):
        read_settings({**environ, "HEADWATER_PUBLIC_URL": ""})
    assert read_settings({**environ, "HEADWATER_PUBLIC_URL": "https://headwater.example"}).public_url
    assert read_settings({**environ, "HEADWATER_ENVIRONMENT": "staging"}).public_url == ""


@pytest.mark.parametrize("url", ["http://localhost:8200", "http://127.0.0.1:8200", "http://[::1]:8200"])
def test_on_this_machine_keys_may_be_fetched_in_the_clear(url: str) -> None:
    assert read_settings({"HEADWATER_KEY_URL": url}).key_url == url


def test_production_calls_no_address_of_its_own_machine_for_tenants() -> None:
    given = {
        "HEADWATER_ENVIRONMENT": "production",
        "HEADWATER_SECRET": "s" * 32,
        "HEADWATER_INTERNAL_TLS": "off",
        "HEADWATER_PUBLIC_URL": "https://hw.example.com",
    }
    assert not read_settings(given).outgoing_loopback
    with pytest.raises(SettingsError) as refusal:
        read_settings(given | {"HEADWATER_OUTGOING_LOOPBACK": "yes"})
    assert str(refusal.value) == "HEADWATER_OUTGOING_LOOPBACK must not be on in production."


def test_pages_that_anybody_on_the_way_may_write_call_nothing_in_production() -> None:
    def origins(text: str, environment: str = "production") -> str:
        return read_settings(
            {
                "HEADWATER_ENVIRONMENT": environment,
                "HEADWATER_SECRET": "s" * 40,
                "HEADWATER_PUBLIC_URL": "https://headwater.example",
                "HEADWATER_INTERNAL_TLS": "off",
                "HEADWATER_ALLOWED_ORIGINS": text,
            }
        ).allowed_origins

    with pytest.raises(SettingsError, match="must begin with https:// in production, unlike http://app"):
        origins("https://app.example.com, http://app.example.com")
    assert origins("http://app.example.com:5173", "development")
    assert origins("https://app.example.com, capacitor://localhost, http://localhost:5173, http://[::1]:1")
