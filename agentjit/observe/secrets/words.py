"""Names that say "secret", and whether a value under such a name is the secret itself (pure)."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from agentjit.observe.secrets.entropy import is_digest, looks_random, stands_for_value

_STRONG = frozenset(
    "password passwd passphrase passcode pwd pw psk secret token credential apikey authtoken accesstoken accesskey"
    " secretkey privatekey apitoken pgpassword mypwd clientsecret apisecret refreshtoken sessiontoken".split()
)
# `<one of these>_key` is a secret; any other key is a key of something.
_BEFORE_KEY = frozenset(
    "api access private signing encryption account auth client master shared storage deploy webhook license app"
    " application consumer subscription service admin integration functions secret ssh gpg stripe openai anthropic"
    " fernet cipher crypto aes hmac jwt datadog dd newrelic sendgrid mailgun fastly algolia segment".split()
)
_NOT_BEFORE_PASS = frozenset(
    "test tests first second last by did all two single multi render shader low high band".split()
)
_WEAK = frozenset("key fernet pat auth sig signature cookie hmac jwt bearer pass salt creds sas".split())
# What a name may go on to say, so that its value is something else.
_AFTER = frozenset(
    "count name names file path dir folder type url uri id ids len length limit budget field fields size"
    " policy ttl expiry expires expiration expired expire header prompt ref refs arn store manager version"
    " hash digest usage env var provider index idx position pos map list set class regex pattern format"
    " scheme endpoint host port status state enabled required valid validator validation reset hint label"
    " placeholder strength min max rotation rotated at on error message source mode algorithm algo alg"
    " kind group column table model factory handler helper util utils input page form change changed check"
    " checks prefix suffix title description help text s scope scopes num total first last next changer"
    " finder getter cache lock stdin fd lines bytes bits chars created updated age issuer auth2 generator"
    " reader parser spans span offset sock parameter parameters param params".split()
)
# Names that have the word and mean something else: tokens that are counted, parsed or turned over like pages.
_NOT_BEFORE = frozenset(
    "public primary foreign sort partition next page continuation cancellation cancel max min num total stop eos bos"
    " pad unk mask special syntax lex lexer is has no missing invalid expired input output prompt completion cached"
    " reasoning used remaining per if row composite unique pagination idempotency design new_line sync".split()
)
_WEAKENED = frozenset("csrf xsrf cache".split())  # under these only a value that looks random counts
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Possessive: no other way to cut a word is tried, so a long value takes no longer than it has characters.
_WORDS = re.compile(r"(?>[A-Z]+(?=[A-Z][a-z])|[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]{2,}+|[_.-])++")
_NOT_VALUES = frozenset(
    "redacted null none nil true false undefined string str bytes number boolean object required optional"
    " changeme secret password passwd token prompt stdin include omit same-origin write read inherit"
    " value text hidden basic bearer digest default enabled disabled unset empty missing invalid expired"
    " unknown localhost base64 options option flag flags argument arg parameter and or pass pswd passw"
    " pass1 username user print print0 rint rint0 mypassword keyring keychain vault manual auto never"
    " always file test".split()
)
_REFERENCE = re.compile(
    r"[$<{(\[%‹]|\\?\$|process\.env|os\.(?:environ|getenv)|env[.:(]|secrets?[.(:]|vault:|ref[:+]|op://|arn:|ssm:|file:|@|&"
    r"|https?://|id=|type=|src=|name=|/(?:[\w.-]+/)*[\w.-]*$|~/|\./|\.\./|!(?:Ref|Sub|GetAtt)|--|/\^|#[0-9a-fA-F]{3,8}\Z"
)
_IDENTIFIER = re.compile(
    r"[A-Za-z_][A-Za-z_-]*(?:\??\.[A-Za-z_][\w-]*)+[!?;]*|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[a-z]+(?:[A-Z][a-z]+)+"
    r"|[a-z]+(?:_[a-z0-9]+)+"
)
_CODE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|[a-z][a-z0-9]*(?:_[a-z0-9]+)+")  # the same with digits
_TECH = re.compile(
    r"(?:base|utf-?|sha-?|md|oauth|hs|rs|es|ed|x|v|http|int|uint|float|ipv|rfc|aes-?|tls-?|py|python|node|k)\d{1,4}(?:[-_.][a-z]{1,12})?",
    re.IGNORECASE,
)


class Says(IntEnum):
    """How surely a name says that its value is a secret."""

    NOTHING = 0
    MAYBE = 1  # then the value must look random
    SECRET = 2


@lru_cache(maxsize=4096)
def says(name: str) -> Says:
    """What `name` (of a variable, a key, a flag, a header) says of its value."""
    if len(name) > 80 or name in ("PWD", "OLDPWD"):
        return Says.NOTHING
    words = [word.lower() for word in _WORD.findall(name)]
    found = Says.NOTHING
    for place, word in enumerate(words):
        if any(after in _AFTER for after in words[place + 1 :]) or len(words) - place > 4:
            continue
        before = words[place - 1] if place else ""
        if before in _NOT_BEFORE:
            continue
        if _is_strong(word, before):
            return Says.MAYBE if before in _WEAKENED else Says.SECRET
        if word in _WEAK and all(rest.isdigit() for rest in words[place + 1 :]):
            found = Says.MAYBE
    return found


def _is_strong(word: str, before: str) -> bool:
    return (
        word in _STRONG
        or (word == "key" and before in _BEFORE_KEY)
        or (word == "pass" and bool(before) and before not in _NOT_BEFORE_PASS)
    )


def is_secret_name(name: str) -> bool:
    """A variable or a key of this name may hold a secret."""
    return says(name) is not Says.NOTHING


def holds_secret(name: str, value: str, *, quoted: bool, tight: bool = True) -> bool:
    """`value` under `name` is a secret. `tight`: an `=` without spaces, or a place that only a value can have."""
    level = says(name)
    if level is Says.NOTHING or not looks_secret(value, name, quoted=quoted):
        return False
    if level is Says.MAYBE:
        signed = _last(name) in ("sig", "signature", "hmac")
        return looks_random(value) or (signed and len(value) >= 40 and is_digest(value))
    if quoted or tight:
        return _by_family(name, value, quoted=quoted)
    # `name: word` is mostly a type or a sentence; a secret in that place has more than letters.
    return len(value) >= 6 and _mixed(value)


def _by_family(name: str, value: str, *, quoted: bool) -> bool:
    """A password may be a word; a token that is a word is mostly a kind of token."""
    if _mixed(value):
        return True
    if re.search("pass|pwd|pw$", name.lower()):
        return name.isupper() or (quoted and len(value) >= 6 and value.lower() not in ("password", "passwort"))
    return name.isupper() and len(value) >= 8


def _mixed(value: str) -> bool:
    """More than words: digits or signs, or capitals where no word would have them."""
    if re.search(r"[0-9!#%^*+/=@$&~?]", value):
        return True
    return len(value) >= 8 and not value.isupper() and not value.islower() and not _WORDS.fullmatch(value)


def _last(name: str) -> str:
    words = _WORD.findall(name)
    return words[-1].lower() if words else ""


def looks_secret(value: str, name: str, *, quoted: bool) -> bool:
    """A value under a secret name is the secret itself, not a reference, a placeholder, a type or a piece of code."""
    if len(value) < 4 or value.lower().strip("*.…,;:!?") in _NOT_VALUES or "‹secret:" in value:
        return False
    if stands_for_value(value) or _TECH.fullmatch(value):
        return False
    if _REFERENCE.match(value) and not looks_random(value):
        return False
    if re.search(r"\s", value):
        return False
    code = _IDENTIFIER.fullmatch(value) or (not quoted and _CODE.fullmatch(value))
    if code and not looks_random(value) and not (name.isupper() and value.isalpha() and not value.isupper()):
        return False  # a variable of a shell is not set to an identifier
    return not (name and not re.search(r"\d", value) and _letters(value).endswith(_letters(name)))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())
