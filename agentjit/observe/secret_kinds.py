"""The table of secrets: how each kind looks, what it must match, and near misses that it must leave alone (pure).

Examples are put together from pieces so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# The parts of a name that say "secret", in lower case: where text is searched, they are looked for one by one.
_COMPOUNDS = ("api", "access", "private", "signing", "encryption", "account", "auth")
_WORDS = (
    *("password", "passwd", "passphrase", "secret", "token", "credential"),
    *(f"{first}{joint}key" for first in _COMPOUNDS for joint in ("_", "-", "")),
)
_NAMES = "(?:" + "|".join(_WORDS) + ")"
# Names that go on to say that the value is something else, and plurals, which are counts.
_NOT_SECRET = (
    r"(?!s\b|[_-]?(?:count|name|file|path|dir|type|ur[il]|id|len|length|limit|budget|field|size|policy|ttl|expir"
    r"|header|prompt|ref|arn|store|manager|version|hash|usage|env|var))"
)
_TAIL = r"(?:[_-][A-Za-z0-9]{1,12}){0,2}"
_VALUE = r"""(?:\\?"([^"\\\n]{4,400})|\\?'([^'\\\n]{4,400})|([^\s"'\\,;&|<>(){}\[\]]{4,400}))"""
_NAME_RE = re.compile(_NAMES + _NOT_SECRET + _TAIL + r"\Z|(?:\A|_)(?:key|pat|auth|pwd)\Z", re.IGNORECASE)
_NOT_VALUES = frozenset(
    [
        *("redacted", "null", "none", "nil", "true", "false", "undefined", "string", "str", "bytes", "number"),
        *("required", "optional", "example", "changeme", "secret", "password", "token", "prompt", "stdin"),
    ]
)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z_-]*(?:\.[A-Za-z_][\w-]*)+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


def is_secret_name(name: str) -> bool:
    """A variable or a key of this name holds a secret."""
    return name not in ("PWD", "OLDPWD") and _NAME_RE.search(name) is not None


def looks_secret(value: str, name: str, *, quoted: bool) -> bool:
    """A value under a secret name is the secret itself, not a reference, a placeholder, a type or a piece of code."""
    if (
        len(value) < 4
        or value[0] in "$<{([%*‹@/~&!."
        or value.lower().strip("*.…") in _NOT_VALUES
        or "‹secret:" in value
    ):
        return False
    has_digit = any(char.isdigit() for char in value)
    if _IDENTIFIER.fullmatch(value) or (name and not has_digit and _letters(value).endswith(_letters(name))):
        return False
    return not (quoted and not has_digit and any(char.isspace() for char in value))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of secret. If the pattern has groups, the one that matched is the secret, else all of the match.

    The pattern is tried only on text whose lower case has one of `literals`, and if `anchored`, only where one stands:
    a pattern that starts with many words without regard to case is too slow to be tried everywhere. `accept` has the
    last word.
    """

    name: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]
    accept: Callable[[re.Match[str]], bool] = lambda match: True
    anchored: bool = False


def _named(match: re.Match[str]) -> bool:
    """A value in key position: `NAME=value` in a shell, `name: value`, `"name": "value"`."""
    found = re.match(r"[\w-]+", match[0])
    name, value = found[0] if found else "", match[match.lastindex or 0]
    quoted = match.lastindex != 3
    base = max(match.start() - 80, 0)
    opened = match.string.rfind("‹", base, match.start())
    if opened > match.string.rfind("›", base, match.start()) and match.string.startswith("‹secret:", opened):
        return False  # inside a placeholder
    if not looks_secret(value, name, quoted=quoted):
        return False
    after = match.string[match.end() : match.end() + 1]
    if not quoted and after in ("(", "["):
        return False  # a call or a subscript
    tight = match[0][: match.start(match.lastindex or 0) - match.start()].endswith("=")
    # `name: word` is mostly a type or a sentence; a secret in that place has more than letters.
    return quoted or tight or (len(value) >= 6 and re.search(r"[0-9!#%^*+/=]", value) is not None)


def _plain(match: re.Match[str]) -> bool:
    return looks_secret(match[match.lastindex or 0], "", quoted=False)


def _row(
    name: str,
    literals: str,
    pattern: str,
    examples: tuple[str, ...],
    near: tuple[str, ...],
    accept: Callable[[re.Match[str]], bool] = lambda match: True,
    anchored: bool = False,
) -> Kind:
    return Kind(name, tuple(literals.split()), re.compile(pattern), examples, near, accept, anchored)


_X = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA"  # 32 characters that look random
_HEX = "0123456789abcdef" * 4

KINDS: tuple[Kind, ...] = (
    _row(
        "private-key",
        "-----begin",
        r"-----BEGIN (?:[A-Z]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?"
        r"(?:-----END (?:[A-Z]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----|\Z)",
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn cut off",
        ),
        ("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----"),
    ),
    _row(
        "aws-key",
        "akia asia abia acca",
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
        ("AKIA" + "IOSFODNN7EXAMPLE", "id=ASIA" + "Y34FZKBOKMUTVV7A"),
        ("AKIA", "AKIA" + "iosfodnn7example", "XAKIA" + "IOSFODNN7EXAMPLE"),
    ),
    _row(
        "aws-secret",
        "secret_access_key secretaccesskey aws_secret",
        r"(?i:aws_secret(?:_access)?_key|secret_?access_?key)\\?[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        ("aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",),
        ("aws_secret_access_key = $AWS_SECRET", "commit " + _HEX[:40]),
    ),
    _row(
        "github-token",
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})",
        ("ghp_" + _X + "abcd", "github_pat_" + _X + "_" + _X),
        ("ghp_short", "github_pat_", "ghx_" + _X + "abcd"),
    ),
    _row(
        "gitlab-token",
        "glpat- glptt- gldt- glrt- glcbt- glft- glsoat-",
        r"\bgl(?:pat|ptt|dt|rt|cbt|ft|soat)-[\w-]{20,}",
        ("glpat-" + _X[:20], "glrt-" + _X[:24]),
        ("glpat-", "glpat-short", "gulpat-" + _X[:20]),
    ),
    _row(
        "slack-token",
        "xoxb- xoxp- xoxa- xoxe- xoxr- xoxs- xoxo- xapp-",
        r"\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}",
        ("xoxb-" + "123456789012-" + _X[:24], "xapp-" + "1-A012-" + _X[:20]),
        ("xoxb-", "xoxq-" + "123456789012-" + _X[:24]),
    ),
    _row(
        "slack-webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9_/+-]{20,})",
        ("https://hooks.slack.com/services/" + "T00000000/B00000000/" + _X[:24],),
        ("https://hooks.slack.com/", "https://docs.slack.com/services/about"),
    ),
    _row(
        "stripe-key",
        "sk_live_ sk_test_ rk_live_ rk_test_ whsec_",
        r"\b(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,})",
        ("sk_" + "live_" + _X[:24], "whsec_" + _X),
        ("pk_" + "live_" + _X[:24], "sk_test_", "task_live_"),
    ),
    _row(
        "google-api-key",
        "aiza",
        r"\bAIza[\w-]{35}(?![\w-])",
        ("AIza" + _X + "b-_",),
        ("AIza" + _X[:20], "AIza" + _X + _X),
    ),
    _row(
        "google-oauth",
        "ya29. gocspx-",
        r"\b(?:ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,})",
        ("ya29." + _X, "GOCSPX-" + _X[:28]),
        ("ya29.", "gocspx-" + _X[:28]),
    ),
    _row(
        "anthropic-key",
        "sk-ant-",
        r"\bsk-ant-[\w-]{20,}",
        ("sk-ant-" + "api03-" + _X + _X,),
        ("sk-ant-", "risk-ant-" + "hill"),
    ),
    _row(
        "openai-key",
        "sk-",
        r"\bsk-(?:(?:proj|svcacct|admin|None)-[\w-]{40,}|[A-Za-z0-9]{40,})",
        ("sk-" + "proj-" + _X + _X, "sk-" + _X + _X[:16]),
        ("sk-learn", "sk-proj-notes", "task-" + _X[:20]),
    ),
    _row("npm-token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b", ("npm_" + _X + "abcd",), ("npm_config_cache", "npm_" + _X)),
    _row("pypi-token", "pypi-age", r"\bpypi-AgE[\w-]{50,}", ("pypi-AgE" + _X + _X,), ("pypi-AgE", "pypi-server")),
    _row(
        "huggingface-token",
        "hf_",
        r"\bhf_[A-Za-z0-9]{34}\b",
        ("hf_" + _X + "ab",),
        ("hf_hub_download", "hf_" + _X[:20]),
    ),
    _row(
        "digitalocean-token",
        "dop_v1_ doo_v1_ dor_v1_",
        r"\bdo[opr]_v1_[a-f0-9]{64}\b",
        ("dop_v1_" + _HEX,),
        ("dop_v1_" + _HEX[:32], "dox_v1_" + _HEX),
    ),
    _row(
        "sendgrid-key",
        "sg.",
        r"\bSG\.[\w-]{22}\.[\w-]{43}(?![\w-])",
        ("SG." + _X[:22] + "." + _X + _X[:11],),
        ("SG.UTF-8", "msg.body.text"),
    ),
    _row(
        "telegram-token",
        ":aa",
        r"\b\d{8,10}:AA[\w-]{33}(?![\w-])",
        ("123456789:" + "AA" + _X + "b",),
        ("12:AA:BB:CC", "123456789:" + "AB" + _X + "b"),
    ),
    _row(
        "age-key",
        "age-secret-key-1",
        r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b",
        ("AGE-SECRET-KEY-1" + ("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2)[:58],),
        ("AGE-SECRET-KEY-1", "age1" + _X),
    ),
    _row(
        "azure-key",
        "accountkey= sharedaccesskey=",
        r"(?i:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{40,}={0,2})",
        ("DefaultEndpointsProtocol=https;AccountKey=" + _X + _X + "==",),
        ("AccountKey=", "AccountKey=$KEY"),
    ),
    _row(
        "jwt",
        "eyj",
        r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}",
        ("eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + _X,),
        ("eyJhbGciOiJIUzI1NiJ9", "eyJ.eyJ.x"),
    ),
    _row(
        "url-password",
        "://",
        r"://[^\s/:@\"'<>]{0,100}:([^\s/@\"'<>]{2,200})@",
        ("postgres://app:" + "hunter22@db:5432/app", "https://:" + "s3cr3t@host/"),
        ("https://host:8080/a@b", "https://user:$PASSWORD@host/", "see http://a.b/c:d"),
        _plain,
    ),
    _row(
        "authorization",
        "authorization bearer",
        r"(?i:authorization\\?[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?(?:bearer|basic|token|apikey)?|bearer)"
        r"\s{1,3}([A-Za-z0-9._~+/=-]{12,})",
        ("Authorization: Bearer " + _X[:20], 'curl -H "authorization: basic ' + 'dXNlcjpodW50ZXIyMg=="'),
        ("Authorization: Bearer $TOKEN", "authorization: required", "the bearer of this letter"),
        lambda match: looks_secret(match[1], "", quoted=False) and re.search(r"[0-9=]", match[1]) is not None,
        anchored=True,
    ),
    _row(
        "curl-user",
        "curl",
        r"\bcurl\b[^\n|;&]{0,300}?\s(?:-u|--user)[ =]?[\"']?[^\s:\"'$]{1,100}:([^\s\"']{2,200})",
        ("curl -s -u admin:" + "hunter22 http://localhost/", "curl --user='bob:" + "pa55'"),
        ("curl -u $USER:x http://h/", "curl -u bob:$PASS http://h/", "docker run -u 1000:1000 img"),
        _plain,
    ),
    _row(
        "flag",
        "--password --passwd --token --api-key --secret --access-token --auth-token",
        r"--(?:password|passwd|passphrase|token|api-key|secret|access-token|auth-token|client-secret)"
        r"[ =][\"']?([^\s\"'-][^\s\"']{3,400})",
        ("login --password hunter22", "deploy --token=" + _X),
        ("login --password-stdin", "deploy --token $TOKEN", "app --secret --verbose"),
        _plain,
    ),
    _row(
        "netrc",
        "machine",
        r"\bmachine\s+\S{1,200}\s+login\s+\S{1,200}\s+password\s+(\S{4,200})",
        ("machine example.com login bob password " + "hunter22",),
        ("machine learning password", "machine example.com login bob"),
        _plain,
    ),
    _row(
        "secret-key",
        " ".join(_WORDS),
        "(?i:" + _NAMES + _NOT_SECRET + _TAIL + r")\\?[\"']?\s{0,3}(?:=>|:=|=|:)\s{0,3}" + _VALUE,
        ("DB_PASSWORD=hunter22", 'api_key: "' + _X[:12] + '"', '{"token": "abc' + 'def12"}', "password: hunter22"),
        (
            "max_tokens=4096",
            "password=$PASSWORD",
            "password: string",
            "token=get_token()",
            "secretName: app-tls",
            "password = getpass.getpass()",
            "token_count=12345",
            "api_key=os.environ[0]",
            'password="${PASSWORD}"',
            "TOKEN_FILE=/run/token1",
            "token=REDACTED",
            "token=token",
        ),
        _named,
        anchored=True,
    ),
)
