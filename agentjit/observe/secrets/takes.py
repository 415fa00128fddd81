"""How the secret is cut out where its place needs more than a pattern: headers, cookies, flags, files (pure)."""

from __future__ import annotations

import base64
import binascii
import re

from agentjit.observe.secrets.entropy import changes, is_digest, looks_random, stands_for_value
from agentjit.observe.secrets.shape import Hit, Span, blanked, listed, named, pairs, value_at
from agentjit.observe.secrets.words import Says, holds_secret, looks_secret, says


def authorized(hit: Hit) -> list[Span]:
    """What follows `Bearer` or `Authorization:`: not a word, not a reference."""
    value = hit.text(hit.group)
    if re.fullmatch(r"[A-Za-z_-]+=*", value) or not looks_secret(value, "", quoted=False):
        return []
    return [hit.group]


def basic(hit: Hit) -> list[Span]:
    """What follows `Basic`: base64 of `user:password`."""
    try:
        plain_text = base64.b64decode(hit.text(hit.group), validate=True)
    except (ValueError, binascii.Error):
        return []
    return [hit.group] if b":" in plain_text[1:] else []


_COOKIE = re.compile(rb"([!#$%&'*+.^_`|~A-Za-z0-9-]{1,80})=([^;,\s\"'\\]{8,4000})")


def cookies(hit: Hit) -> list[Span]:
    """Those of the cookies that look random, or whose names say that they are a session's."""
    found = []
    for name, span in pairs(hit.data, hit.group, _COOKIE):
        value = hit.text(span)
        of_session = says(name) is not Says.NOTHING or "sess" in name.lower() or "csrf" in name.lower()
        if looks_random(value) or (of_session and re.search(r"\d", value) and looks_secret(value, "", quoted=False)):
            found.append(span)
    return found


def parameter(hit: Hit) -> list[Span]:
    """`?name=value` of a URL."""
    name, value = hit.text(hit.groups[0]), hit.text(hit.group)
    if name.lower() in ("sig", "signature", "x-amz-signature", "x-goog-signature", "code"):
        return [hit.group] if len(value) >= 16 and re.search(r"\d", value) and not stands_for_value(value) else []
    return [hit.group] if holds_secret(name, value, quoted=False) else []


def flag(hit: Hit) -> list[Span]:
    """`--name value`: a value of letters alone is a secret only where a password is expected."""
    name = hit.text(hit.groups[0]).lstrip("-")
    span, quoted = value_at(hit.data, hit.group[0])
    value = hit.text(span)
    if not looks_secret(value, name, quoted=quoted):
        return []
    if "pass" in name.lower() and says(name) is Says.SECRET:
        return [span]
    return [span] if re.search(r"\d", value) and holds_secret(name, value, quoted=quoted) else []


def told(hit: Hit) -> list[Span]:
    """`the password is …`: only what mixes letters with digits or signs can be told from a word."""
    span, _ = value_at(hit.data, hit.group[0])
    value = hit.text(span).rstrip(".,!?:")
    mixed = re.search(r"\d", value) and re.search(r"[A-Za-z]", value) and not re.search(r"[/()]", value)
    if not mixed or is_digest(value) or not looks_secret(value, "", quoted=False):
        return []
    return [(span[0], span[0] + len(value.encode("utf-8", "surrogatepass")))]


def element(hit: Hit) -> list[Span]:
    """`<name>value</name>`."""
    name, value = hit.text(hit.groups[0]), hit.text(hit.group)
    return [hit.group] if re.search(r"\d", value) and holds_secret(name, value, quoted=True) else []


_DATA = re.compile(rb"([\w.-]{1,80})(?:\\*\")?:[ ]?(?:\\*[\"'])?([^\s\"'\\{}]{4,20000})")
_DATA_LINE = re.compile(rb"(?:string)?data(?:\\*\")?:", re.IGNORECASE)
_OPEN_DATA = frozenset("ca.crt tls.crt username user host port kind name namespace type apiversion".split())


def manifest(hit: Hit) -> list[Span]:
    """The values of `data:` and `stringData:` in a Kubernetes Secret."""
    start, most = hit.group[1], min(hit.group[1] + 20_000, len(hit.data))
    again = hit.data.find(hit.data[slice(*hit.group)], start, most)  # each byte belongs to one manifest
    document = hit.data.find(b"\n---", start, again if again >= 0 else most)
    end = min(place for place in (again, document, most) if place >= 0)
    begin = _DATA_LINE.search(hit.data, hit.group[0], end)
    if begin is None:
        return []
    found = []
    for name, span in pairs(hit.data, (begin.end(), end), _DATA):
        if name.lower() in ("data", "stringdata", "metadata"):
            continue
        if name.lower() in ("kind", "metadata", "apiversion"):
            break
        value = hit.text(span)
        if name.lower() not in _OPEN_DATA and looks_secret(value, "", quoted=True):
            found.append(span)
    return found


_AWS_SECRET = re.compile(rb"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_NEAR = 120  # bytes


def aws_secret(hit: Hit) -> list[Span]:
    """The first word of 40 characters of base64 soon behind the id of the key or the name of the secret."""
    begin = hit.group[1]
    for found in _AWS_SECRET.finditer(blanked(hit.data[begin : begin + _NEAR + 41])):
        value = found[0].decode()
        mixed = all(re.search(sort, value) for sort in ("[a-z]", "[A-Z]", "[0-9]"))
        if mixed and changes(value) >= 0.27 and found.start() <= _NEAR:
            return [(begin + found.start(), begin + found.end())]
    return []


_LITERAL = re.compile(rb"--from-literal[ =][\"']?([\w.-]{1,80})=[\"']?([^\s\"']{4,4000})")


def literals(hit: Hit) -> list[Span]:
    """`--from-literal=name=value` in the line of `create secret generic`."""
    start, most = hit.group[1], min(hit.group[1] + 4_000, len(hit.data))
    again = hit.data.find(b"create", start, most)  # each byte belongs to one command
    end = again if again >= 0 else most
    found = ((name.lower(), span) for name, span in pairs(hit.data, (start, end), _LITERAL))
    return [span for name, span in found if name not in _OPEN_DATA and looks_secret(hit.text(span), "", quoted=False)]


def cell(hit: Hit) -> list[Span]:
    """`| NAME | value |`: a table of variables, or a value that looks random; others are documentation."""
    told_so = hit.text(hit.groups[0]).isupper()
    return [span for span in listed(hit) if told_so or looks_random(hit.text(span))]


def block(hit: Hit) -> list[Span]:
    """`name: >-` and one word in the line below it."""
    return [span for span in named(hit) if hit.data[span[1] : span[1] + 1] in (b"", b"\n", b"\r")]


_KEY_LINES = re.compile(
    rb"(?:\s|\\+[nrt]|[\"'+,|>]|[A-Za-z-]{4,12}: [^\n\\]{1,80})*"
    rb"(?:[A-Za-z0-9+/=]{16,}(?:\s|\\+[nrt]|[\"'+,|>])*){0,400}(?:[A-Za-z0-9+/=]{1,15}(?![\w ]))?"
)
_WINDOW = 32_768  # bytes within which a private key ends


def private_key(hit: Hit) -> list[Span]:
    """From the first line of a private key to its last, or as far as its base64 goes if that is cut off."""
    start, body = hit.groups[0][0], hit.groups[0][1]
    other = hit.data.find(b"-----BEGIN", body, body + _WINDOW)
    until = other if other >= 0 else body + _WINDOW
    foot = hit.data.find(b"-----END", body, until)
    if foot >= 0:
        end = hit.data.find(b"-----", foot + 8, foot + 80)
        return [(start, end + 5 if end >= 0 else foot + 8)]
    lines = _KEY_LINES.match(hit.data, body, min(until, len(hit.data)))
    end = body + len(hit.data[body : lines.end()].rstrip()) if lines else body
    return [(start, end)] if re.search(rb"[A-Za-z0-9+/]{4}", hit.data[body:end]) else []
