"""One session of an agent as the hooks see it, fired through the real shims: `python -m … HOME NUMBER`.

Prints one line of JSON: what any hook printed or how it failed, [] if none did.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[3]
TURNS, CALLS = 2, 8
PAUSE = 0.01  # seconds between calls that follow each other; the kernel stamps files to 4 ms, models take longer


def call_id(session: int, turn: int, number: int) -> str:
    """Ids whose own order says nothing."""
    return "toolu_" + hashlib.sha256(f"{session} {turn} {number}".encode()).hexdigest()[:24]


def events(session: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """(event, what its payload has besides what all have), in order; every fifth call is reported twice."""
    yield "SessionStart", {"source": "startup"}
    for turn in range(TURNS):
        about = {"prompt_id": f"p{turn}"}
        yield "UserPromptSubmit", about | {"prompt": f"what is the version of part {turn} in session {session}?"}
        for number in range(CALLS):
            call = about | {"tool_use_id": call_id(session, turn, number), "tool_name": "Bash", "duration_ms": 0}
            call |= {"tool_input": {"command": f"step {turn} {number}"}}
            size = 300_000 if number == 5 else 1
            good = {"tool_response": {"stdout": f"{turn} {number} " + "x" * size, "stderr": ""}}
            for _ in range(2 if number % 5 == 0 else 1):
                if number == 3:
                    yield "PostToolUseFailure", call | {"error": f"Exit code 2\n{turn} {number} no"}
                else:
                    yield "PostToolUse", call | good
        yield "Stop", about | {"last_assistant_message": f"done {turn}"}
    yield "SessionEnd", {"reason": "other"}


def _commands(home: str) -> dict[str, list[str]]:
    hooks = json.loads((CHECKOUT / "hooks" / "hooks.json").read_text())["hooks"]
    found = {}
    for event, [group] in hooks.items():
        [hook] = group["hooks"]
        words = [word.replace("${CLAUDE_PLUGIN_ROOT}", str(CHECKOUT)) for word in hook["args"]]
        found[event] = [hook["command"], *words, home]  # as `aj init` writes it
    return found


def main(home: str, number: int) -> None:
    """Fire all events, one after another."""
    commands, wrong = _commands(home), []
    common = {"session_id": f"session-{number}", "transcript_path": "", "cwd": home, "permission_mode": "default"}
    for event, more in events(number):
        payload = json.dumps(common | {"hook_event_name": event} | more).encode()
        done = subprocess.run(commands[event], input=payload, env=os.environ, capture_output=True, check=False)
        if (done.returncode, done.stdout, done.stderr) != (0, b"", b""):
            wrong.append(f"{event}: {done.returncode} {done.stdout!r} {done.stderr!r}"[:500])
        time.sleep(PAUSE)
    print(json.dumps(wrong))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
