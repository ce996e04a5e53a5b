"""Secrets filled in, and taken out of what is shown."""

import pytest

from pipelines.pulling.masking import fill

VALUES = {"${PASSWORD}": "p@ss w0rd", "${USER}": "ann", "${ALL}": "host=h password='it is''s'"}


def secrets(text: str) -> str:
    for name, value in VALUES.items():
        text = text.replace(name, value)
    return text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://${USER}:${PASSWORD}@host/db", "postgresql://${USER}:${PASSWORD}@host/db"),
        ("postgresql://ben:s3cr3t@host/db", "postgresql://ben:***@host/db"),
        ("postgresql://ben:s3c/r@3t@host/db", "postgresql://ben:***@host/db"),
        ("postgresql://host/db?user=ben&password=s3cr3t&x=1", "postgresql://host/db?user=ben&password=***&x=1"),
        ("host=h password=s3cr3t user=ben", "host=h password=*** user=ben"),
        (r"host=h password = 's3c r\'3t' user=ben", "host=h password = '***' user=ben"),
        ("${ALL}", "${ALL}"),
        ("https://host/x?app_token=s3cr3t&limit=1", "https://host/x?app_token=***&limit=1"),
        ("https://host/x", "https://host/x"),
    ],
)
def test_what_is_shown_has_no_secrets(text: str, shown: str) -> None:
    filled = fill(text, secrets)
    assert filled.text == secrets(text)
    assert filled.masked(filled.text) == shown


def test_other_spellings_of_a_secret_are_not_shown_either() -> None:
    filled = fill("postgresql://ann:s%40cr3t@host", secrets)
    assert filled.masked("no s%40cr3t and no s@cr3t") == "no *** and no ***"
    assert fill("${PASSWORD}", secrets).masked("at p%40ss%20w0rd") == "at ${PASSWORD}"
    assert fill("${PASSWORD}", secrets).masked('missing "=" after "w0rd"') == 'missing "=" after "${PASSWORD}"'
    assert fill("${ALL}", secrets).masked("no password given") == "no password given"


def test_an_empty_variable_hides_nothing() -> None:
    assert fill("x${NONE}", lambda text: text.replace("${NONE}", "")).masked("as it is") == "as it is"
