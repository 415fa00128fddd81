"""What a careful reader would answer over the outputs of each family: None where they do not bear the sentence out.

Written by hand from the families' outputs and questions, without a look at the programs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

Truth = Callable[[Mapping[str, str], Sequence[str]], str | None]
"""From the row that filled the family's template, and the outputs of its steps, to the answer."""


def _table(text: str, titles: str) -> list[list[str]] | None:
    lines = dict.fromkeys(line.strip() for line in text.split("\n"))  # what is said twice is still so
    rows = [line.split() for line in lines if line]
    return rows[1:] if rows and rows[0] == titles.split() and len(rows) > 1 else None


def _pods(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    rows = _table(outputs[0], "NAME READY STATUS RESTARTS AGE")
    log = outputs[1].strip().split("\n")
    if not rows or any(len(each) != 5 or each[2] not in ("Running", "CrashLoopBackOff") for each in rows):
        return None
    bad = [each for each in rows if each[2] == "CrashLoopBackOff"]
    if len(bad) != 1 or not bad[0][0].startswith(row["service"] + "-") or bad[0][1] != "0/1":
        return None
    if len(log) != 2 or log[0] != f"starting {row['service']}" or not re.fullmatch("fatal: .+", log[1]):
        return None
    return f"{bad[0][0]} is crashing: {log[1]}"


def _object(text: str, **kinds: type) -> dict[str, object] | None:
    try:
        node = json.loads(text)
    except ValueError:
        return None
    if not isinstance(node, dict) or set(node) != set(kinds):
        return None
    return node if all(type(node[key]) is kind for key, kind in kinds.items()) else None


def _users(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    found, orders = _object(outputs[0], items=list), _object(outputs[1], user=str, open=int, currency=str)
    items = found["items"] if found else None
    if not isinstance(items, list) or len(items) != 1 or not orders or orders["currency"] != "EUR":
        return None
    user = _object(json.dumps(items[0]), id=str, name=str, status=str)
    if not user or user["name"] != row["user"] or user["status"] != "active" or orders["user"] != user["id"]:
        return None
    count = orders["open"]
    return f"{row['user']} has {count} open orders." if isinstance(count, int) and count > 0 else None


def _checks(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    style = re.fullmatch(r"style: ([1-9]\d*) files clean", outputs[0].strip())
    tests = re.fullmatch(r"ran ([1-9]\d*) tests in \d+(?:\.\d+)? (?:s|min)\nOK", outputs[1].strip())
    return f"All checks pass: {tests[1]} tests." if style and int(style[1]) < 1000 and tests else None


def _deploys(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    done = re.fullmatch(rf"deployed {row['service']} as release (\S+)", outputs[0].strip())
    live = outputs[1].strip() == "state=live"
    return f"{row['service']} is live on {row['env']} as release {done[1]}." if done and live else None


def _reads(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    version = outputs[0].strip()
    return f"{row['name']} is at {version}." if re.fullmatch(r"\d+(\.\d+)+", version) else None


def _pipeline(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    return outputs[0].strip() if re.fullmatch(r"\d+", outputs[0].strip()) else None


def _health(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    told = _object(outputs[0], status=str, version=str, uptime=int)
    if not told or told["status"] != "ok" or not re.fullmatch(r"\d+(\.\d+)+", str(told["version"])):
        return None
    return (
        f"{row['s']} is healthy on {row['e']} (version {told['version']})." if str(told["uptime"])[0] != "-" else None
    )


def _fence(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    """The output is quoted as it is: whatever it says, the sentence says so."""
    text = outputs[0].strip()
    return f"Top errors in `{row['f']}`:\n\n```\n{text}\n```" if re.search(r"\d+ code=\d+", text) else None


def _restarts(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    rows = _table(outputs[0], "NAME READY STATUS RESTARTS AGE")
    mine = [each for each in rows or () if each[0].startswith(row["p"] + "-")]
    if not rows or len(mine) != 1 or any(each[2:3] != ["Running"] or each[1] != "1/1" for each in rows):
        return None
    return f"{mine[0][0]} has restarted {mine[0][3]} times." if re.fullmatch(r"[1-9]\d*", mine[0][3]) else None


def _threehop(row: Mapping[str, str], outputs: Sequence[str]) -> str | None:
    gateway = re.fullmatch(rf"\S+ INFO req={row['r']} upstream=(\S+) took=\d+m?s", outputs[0].strip())
    line = re.fullmatch(rf"\S+ ERROR req={row['r']} trace=(\S+) (.+)", outputs[1].strip())
    told = _object(outputs[2], trace=str, root=dict)
    root = _object(json.dumps(told["root"]), span=str, cause=str) if told else None
    if not gateway or not line or not told or not root or told["trace"] != line[1] or root["cause"] != line[2]:
        return None
    return f"Request {row['r']} failed in {gateway[1]}: {root['cause']} (span {root['span']})"


TRUTHS: dict[str, Truth] = {
    "pods": _pods,
    "users": _users,
    "checks": _checks,
    "deploys": _deploys,
    "reads": _reads,
    "pipeline": _pipeline,
    "health": _health,
    "fence": _fence,
    "restarts": _restarts,
    "threehop": _threehop,
}
