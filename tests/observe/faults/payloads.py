"""Hook payloads as Claude Code sends them, and what chance makes of them; each number of a seed is always the same."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

HOSTILE = (
    "$(touch PWNED)", "`touch PWNED`", "; touch PWNED", "| touch PWNED", "&& touch PWNED", "\ntouch PWNED\n",
    "'; touch PWNED; '", '"; touch PWNED; "', "$(rm -rf ~)", "../../../etc/passwd", "/etc/passwd", "-rf", "--help", "*",
    "~", "\0", "\ud800", "%s%n", "{0}", "${HOME}", "web\\", "‹secret:x:000000›", "\x1b]0;x\x07", "…" * 50,
)  # fmt: skip
_TEXTS = (
    "", " ", "\0", "\ud800", "ab\0cd", "/" * 300, "../../../../etc/passwd", "/dev/zero", "/dev/stdin", ".", "~", "null",
    '{"prompt": "x"}', '"', "\\", "\\u0000", "é" * 99, "a" * 5000, "\r\n", "-1", "NaN", "s0", "p1", "toolu_1",
    "password=hunter22hunter22", "/help me", "<system-reminder>x", "Exit code 99999999999\nx", "Exit code 2\n\ud800",
)  # fmt: skip
_NUMBERS = (0, -1, 2**31, 2**53, 2**63, 2**64, -(2**70), 10**400, 1e308, -0.0, 0.1, float("inf"), float("nan"), True)
EVENTS = ("PostToolUse", "PostToolUse", "PostToolUse", "PostToolUse", "PostToolUseFailure", "UserPromptSubmit", "Stop",
          "SessionStart", "SessionEnd", "SubagentStop")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """A payload: which of its seed it is, for which event, and its bytes."""

    number: int
    event: str
    raw: bytes


def payload(seed: int, number: int, cwd: str) -> Sent:
    """Number `number` of a seed: one in six is as Claude Code sends it, the others are mutated once or more."""
    chance = random.Random(seed * 10_000_000 + number)
    event = chance.choice(EVENTS)
    value = _sent(event, chance, number, cwd)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        chance.choice(_OF_VALUES)(value, chance)
    raw = json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if chance.random() < 0.35:
        raw = chance.choice(_OF_BYTES)(raw, chance)
    return Sent(number, event, raw)


# --- as they are sent


def _sent(event: str, chance: random.Random, number: int, cwd: str) -> dict[str, Any]:
    session = f"{chance.randrange(10**6):08x}-0000-4000-8000-{chance.randrange(40):012x}"
    common: dict[str, Any] = {
        "session_id": session,
        "transcript_path": f"/home/u/.claude/projects/-w/{session}.jsonl",
        "cwd": cwd,
        "permission_mode": "default",
        "hook_event_name": event,
    }
    if event not in ("SessionStart", "SessionEnd") and chance.random() < 0.9:
        common |= {"prompt_id": f"{chance.randrange(60):032x}", "effort": {"level": "high"}}
    return common | _MORE[event](chance, number)


def _call(chance: random.Random, number: int) -> dict[str, Any]:
    # One id in twelve comes again, with other content.
    name = chance.randrange(50) if chance.random() < 0.08 else number + 1000
    tool, given, response = chance.choice(_TOOLS)(number)
    ids = {"tool_use_id": f"toolu_{name:024}", "duration_ms": chance.randrange(5000)}
    more = {"agent_id": "a1", "agent_type": "Explore"} if chance.random() < 0.1 else {}
    return {"tool_name": tool, "tool_input": given, "tool_response": response, **ids, **more}


def _failure(chance: random.Random, number: int) -> dict[str, Any]:
    call = _call(chance, number)
    del call["tool_response"]
    return call | {"error": f"Exit code {number % 256}\nno such file {number}", "is_interrupt": number % 50 == 0}


def _bash(number: int) -> tuple[str, Any, Any]:
    given = {"command": f"echo {number} && grep -rn 'x y' src | head -5", "description": "Say a number"}
    return "Bash", given, {"stdout": f"{number}\n", "stderr": "", "interrupted": False, "isImage": False}


def _read(number: int) -> tuple[str, Any, Any]:
    file = {"filePath": f"/w/{number}", "content": f"line {number}\n", "numLines": 1, "startLine": 1, "totalLines": 1}
    return "Read", {"file_path": f"/w/{number}"}, {"type": "text", "file": file}


def _edit(number: int) -> tuple[str, Any, Any]:
    given = {"file_path": f"/w/{number}", "old_string": "a", "new_string": "b", "replace_all": False}
    patch = [{"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 1, "lines": ["-a", "+b"]}]
    return "Edit", given, {"filePath": f"/w/{number}", "originalFile": "a" * 200, "structuredPatch": patch}


def _mcp(number: int) -> tuple[str, Any, Any]:
    return "mcp__tracker__find", {"query": {"id": number}}, [{"type": "text", "text": f"issue {number}"}]


_TOOLS = (_bash, _bash, _bash, _read, _edit, _mcp)


def _prompt(chance: random.Random, number: int) -> dict[str, Any]:
    slot = chance.choice((*HOSTILE, "web", "api", "nothing-there"))
    text = chance.choice(
        (
            "what is the version of web?",
            f"what is the version of {slot}?",
            f"What is the version of web{slot}?",
            f"how many {slot} lines does web have?",
            f"how many error lines does {slot} have?",
            json.dumps({"prompt": "what is the version of web?", "n": number}),
            f"please mend number {number}",
            f"please mend number {number}",
        )
    )
    return {"prompt": text}


def _stop(chance: random.Random, number: int) -> dict[str, Any]:
    return {"stop_hook_active": False, "last_assistant_message": f"Done with {number}."}


_MORE: dict[str, Callable[[random.Random, int], dict[str, Any]]] = {
    "PostToolUse": _call,
    "PostToolUseFailure": _failure,
    "UserPromptSubmit": _prompt,
    "Stop": _stop,
    "SubagentStop": lambda chance, number: _stop(chance, number) | {"agent_id": "a1", "agent_type": "Explore"},
    "SessionStart": lambda chance, number: {"source": chance.choice(("startup", "resume", "clear", "compact"))},
    "SessionEnd": lambda chance, number: {"reason": chance.choice(("other", "clear", "logout"))},
}


# --- what becomes of them


def _somewhere(value: dict[str, Any], chance: random.Random) -> tuple[dict[str, Any], str]:
    """A key of it, or of an object in it."""
    inside = [value, *(item for item in value.values() if isinstance(item, dict) and item)]
    chosen = chance.choice(inside) if chance.random() < 0.4 else value
    return (chosen, chance.choice(sorted(chosen))) if chosen else (value, "x")


def _other_text(value: dict[str, Any], chance: random.Random) -> None:
    holder, key = _somewhere(value, chance)
    holder[key] = chance.choice(_TEXTS + HOSTILE)


def _other_number(value: dict[str, Any], chance: random.Random) -> None:
    holder, key = _somewhere(value, chance)
    holder[key] = chance.choice(_NUMBERS)


def _other_type(value: dict[str, Any], chance: random.Random) -> None:
    holder, key = _somewhere(value, chance)
    holder[key] = chance.choice((None, [], {}, [holder.get(key, 1)], {"x": 1}, False, 7, ""))


def _drop(value: dict[str, Any], chance: random.Random) -> None:
    holder, key = _somewhere(value, chance)
    holder.pop(key, None)


def _foreign(value: dict[str, Any], chance: random.Random) -> None:
    value[chance.choice(_TEXTS)] = chance.choice((*_TEXTS, *_NUMBERS, [{}], {"a": {"b": [None]}}))


def _nested(value: dict[str, Any], chance: random.Random) -> None:
    holder, key = _somewhere(value, chance)
    deep: Any = "x"
    for _ in range(chance.choice((5, 30, 300))):
        deep = [deep] if chance.random() < 0.5 else {"k": deep}
    holder[key] = deep


def _gigantic(value: dict[str, Any], chance: random.Random) -> None:
    holder, key = _somewhere(value, chance)
    times = 300_000 if chance.random() < 0.02 else 3_000
    holder[key] = chance.choice(("a", "é", "\\", "\n", "token=")) * times


def _path_as_session(value: dict[str, Any], chance: random.Random) -> None:
    value["session_id"] = chance.choice(("../../../tmp/PWNED", "/tmp/PWNED", "a/b", "..", "a\nb", "s:p", "s:@1"))


_OF_VALUES = (*(_other_text,) * 4, *(_other_number,) * 3, *(_other_type,) * 4, *(_drop,) * 4, *(_foreign,) * 3,
              *(_nested,) * 2, *(_path_as_session,) * 2, _gigantic)  # fmt: skip


def _flip(raw: bytes, chance: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 10))):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(raw: bytes, chance: random.Random) -> bytes:
    return raw[: chance.randrange(len(raw) + 1)]


def _without_head(raw: bytes, chance: random.Random) -> bytes:
    return raw[chance.randrange(len(raw) + 1) :]


def _twice(raw: bytes, chance: random.Random) -> bytes:
    return raw + chance.choice((b"", b"\n", b"\n\n", b",")) + raw


def _bad_utf8(raw: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(raw) + 1)
    return raw[:place] + chance.choice((b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00", b"\xf8\x88")) + raw[place:]


def _followed(raw: bytes, chance: random.Random) -> bytes:
    return raw + chance.choice((b"\n{}", b"\n[]", b"\0", b"\n{", b"\n\x1b[2J", b'\n{"aj":"decision"}', b"\nnull"))


def _none(raw: bytes, chance: random.Random) -> bytes:
    return chance.choice((b"", b"\n", b"{}", b"[]", b"null", b"\0" * 9, b"[" * 5000, b'{"a":' * 5000, b'""', raw[::-1]))


def _marked(raw: bytes, chance: random.Random) -> bytes:
    return b"\xef\xbb\xbf" + raw if chance.random() < 0.5 else raw.decode("utf-8", "replace").encode("utf-16")


_OF_BYTES = (_flip, _flip, _cut, _without_head, _twice, _bad_utf8, _followed, _none, _marked)
