"""Credentials: refused in settings, and masked in whatever is printed or recorded."""

import pytest
from omegaconf import OmegaConf

from churnclv.cli.app import fail, print_bug
from churnclv.errors import InputError
from churnclv.pipeline.settings import TrainConfig
from churnclv.progress import Progress
from churnclv.redaction import redact, redact_values, require_no_credentials
from churnclv.tracking import records

HIDDEN = {
    "postgresql://x:S3CRET@127.0.0.1:1/db": "postgresql://x:***@127.0.0.1:1/db",
    "postgresql+psycopg://me:S3/C@RE:T@host/studies": "postgresql+psycopg://me:***@host/studies",
    "redis://:S3CRET@host:6379": "redis://:***@host:6379",
    "https://S3CRETS3CRETS3CRETS3CRET@host/x.git": "https://***@host/x.git",
    "postgresql://host/db?user=me&password=S3CRET&x=2": "postgresql://host/db?user=me&password=***&x=2",
    "https://host/x.csv?key=S3CRET": "https://host/x.csv?key=***",
    "https://host/x.csv?se=2020&sig=S3CRET%3D": "https://host/x.csv?se=2020&sig=***",
    "s3://b/x?X-Amz-Signature=S3CRET": "s3://b/x?X-Amz-Signature=***",
    "host=h password='S3CRET S3CRET' dbname=d": "host=h password=*** dbname=d",
    "pwd=S3CRET": "pwd=***",
    "aws_secret_access_key=S3CRET/K7": "aws_secret_access_key=***",
    "AccountKey=S3CRET==;x": "AccountKey=***;x",
    "api_key=S3CRET": "api_key=***",
    "AKIAIOSFODNN7EXAMPLE": "***",
    "ghp_S3CRETS3CRETS3CRETS3CRET": "***",
    "Authorization: Bearer S3CRETS3CRETS3CRET": "Authorization: Bearer ***",
    "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.S3CRET": "***",
    '{"password": "S3CRET", "n": 1}': '{"password": "***", "n": 1}',
    "-----BEGIN PRIVATE KEY-----\nS3CRET\n-----END PRIVATE KEY-----": "***",
}
PLAIN = [
    "postgresql://user@host/studies",
    "file:///a/b:c@d",
    "primary_key=3",
    "open_tokens=[a,b]",
    "compass=north",
    "orders of me@host.example, 12:30",
    "the key=value form",
    "git at 0123456789abcdef0123456789abcdef01234567",
]


@pytest.mark.parametrize(("text", "hidden"), HIDDEN.items())
def test_a_credential_is_masked_and_masking_twice_changes_nothing(text, hidden):
    assert redact(text) == hidden
    assert redact(hidden) == hidden
    assert redact(f"could not connect ({text})").startswith("could not connect (")
    assert "S3CRET" not in redact(f"could not connect ({text})")


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_credential_stays(text):
    assert redact(text) == text


def test_keys_of_settings_stay_so_that_a_configuration_can_be_read_again():
    settings = {"static": {"token": "the column", "password": "another"}, "rows": 3, "paths": ["a", "pwd=S3CRET"]}
    expected = {"static": {"token": "the column", "password": "another"}, "rows": 3, "paths": ["a", "pwd=***"]}
    assert redact_values(settings) == expected


def texts(value, path=()):
    """Yield the path of every setting that may hold a text; a dict's, a list's and an empty one's too."""
    if isinstance(value, dict):
        for name, found in value.items():
            yield from texts(found, (*path, name))
    elif value is None or isinstance(value, str | list):
        yield path


@pytest.mark.parametrize("path", list(texts(TrainConfig().as_dict())), ids=".".join)
def test_a_credential_in_any_setting_is_refused_and_not_repeated(path):
    settings = TrainConfig().as_dict()
    require_no_credentials(settings)
    OmegaConf.update(holder := OmegaConf.create(settings), ".".join(path), "mysql://me:S3CRET@host/x")
    with pytest.raises(InputError) as caught:
        require_no_credentials(OmegaConf.to_container(holder))
    assert str(caught.value).startswith(f"{'.'.join(path)} is 'mysql://me:***@host/x': it carries a credential")
    assert "PGPASSFILE" in str(caught.value)


def test_what_is_printed_is_masked(capsys):
    text = "no way to postgresql://x:S3CRET@host/db"
    with pytest.raises(SystemExit):
        fail(text)
    Progress().log(text)
    print_bug(ValueError, ValueError(text), None)
    printed = capsys.readouterr().err
    assert "S3CRET" not in printed
    assert printed.count("x:***@host") == 3


@pytest.mark.parametrize(
    "record",
    [
        records.Params({"a": "pwd=S3CRET", "b": 1}),
        records.Tags({"overrides": "x=1 tuning.storage=mysql://me:S3CRET@host/x"}),
        records.Text("config.yaml", "storage: mysql://me:S3CRET@host/x"),
        records.Input("n", "d", "mysql://me:S3CRET@host/x", {"rows": 1}),
    ],
)
def test_records_carry_none(record):
    masked = records.redacted(record)
    assert type(masked) is type(record)
    assert "S3CRET" not in str(masked)
    assert "***" in str(masked)
