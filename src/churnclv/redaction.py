"""Redaction: credentials in settings, messages and records are replaced by `***`.

Two defences: a setting that carries a credential is refused before any work (`require_no_credentials`), and everything
that is printed or recorded passes through `redact`, since messages of drivers repeat addresses.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import require

MASK = "***"
_NAMES = (
    r"pass(?:word|wd|phrase)?|pwd|secret|client[_-]?secret|token|(?:access|auth|refresh|id|session|security)[_-]?token"
    r"|(?:x-)?api[_-]?key|(?:secret|private|account|shared|signing)?[_-]?access[_-]?key(?:[_-]?id)?|(?:secret|private|account)[_-]?key"
    r"|credentials?|x-amz-(?:signature|credential|security-token)|accountkey|sharedaccesskey"
)
_PATTERNS = (
    # scheme://user:password@host; the last @ ends the password, which may hold signs that should have been escaped
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@'\"]*):(?!\*\*\*@)[^\s'\"]+@", re.IGNORECASE), rf"\1:{MASK}@"),
    # scheme://token@host, a long name without a password such as git's
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://)[\w.~-]{20,}@", re.IGNORECASE), rf"\1{MASK}@"),
    # ?key=..., which is a name only in an address
    (re.compile(r"([?&](?:key|auth|code|sig|signature)=)(?!\*\*\*)[^\s&#'\"]+", re.IGNORECASE), rf"\1{MASK}"),
    # password=..., token='...', and "password": "..." of JSON
    (re.compile(rf"((?<![a-z0-9])(?:\w{{1,40}}_)?(?:{_NAMES})=)(?!\*\*\*)('[^']*'|\"[^\"]*\"|[^\s&;,'\"]+)",
                re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(rf"(([\"'])(?:\w{{1,40}}_)?(?:{_NAMES})\2\s*:\s*)(['\"])(?!\*\*\*)(?:(?!\3).)+\3", re.IGNORECASE),
     rf"\1\3{MASK}\3"),
    (re.compile(r"(\b(?:bearer|basic)\s+)[A-Za-z0-9+/_.~-]{16,}=*", re.IGNORECASE), rf"\1{MASK}"),
    # keys with a recognisable form: AWS, GitHub, GitLab, Slack, Google, Stripe and others with sk-, JSON web tokens
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b"), MASK),
    (re.compile(r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|AIza[\w-]{30,}"
                r"|[rs]k[-_](?:[a-z]+[-_])*[A-Za-z0-9]{20,}|hf_\w{20,})"), MASK),
    (re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+"), MASK),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL), MASK),
)  # fmt: skip


def redact(text: str) -> str:
    """Return a text in which every credential is replaced; redacting twice changes nothing more."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact_values(value: Any) -> Any:
    """Return a value of dicts, lists and texts with the same keys, every text in it redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: redact_values(inner) for name, inner in value.items()}
    return [redact_values(inner) for inner in value] if isinstance(value, list | tuple) else value


def require_no_credentials(settings: Mapping[str, Any]) -> None:
    """Refuse settings that carry a credential: they are kept with every run, and other users of the machine see them.

    Raises:
        InputError: a text in `settings`, nested plain values, holds a credential. The message names the setting and
            repeats the text redacted.
    """
    for name, text in _texts(settings):
        remedy = "leave it out: a server's password belongs in PGPASSFILE or PGPASSWORD, or in the driver's own file."
        hidden = redact(text)
        require(hidden == text, f"{name} is {hidden!r}: it carries a credential, which would be kept.", remedy=remedy)


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(str(key), f"{name} (a key)")
            yield from _texts(inner, f"{name}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, name)
