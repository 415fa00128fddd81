"""The prompt hook: `python3 -I -S hook.py AJ_HOME` with the harness's payload on stdin.

Standard library only, and little of it: a prompt that no skill could mean is told apart before json or re are imported
(they cost more than the interpreter's own start). Whatever happens here, the harness gets exit status 0.
"""

import os
import sys

_PASS = b'{"aj":"decision","decision":"pass","reason":"no active skill shares a telling word with this prompt"}'
_LARGE = 1_000_000  # bytes of payload; no prompt that large is a ritual


def prompt_of(raw: bytes) -> str:
    """The prompt in a payload, by the JSON scanner alone; "" if it is not found.

    A quote inside a JSON string is escaped, so `"prompt":` can only be a key; should it be a nested one, the lookup
    goes by the wrong words and the prompt passes.
    """
    text = raw.decode("utf-8", "replace")
    place = text.find('"prompt"')
    colon = text.find(":", place + 8)
    quote = text.find('"', colon + 1)
    if place < 0 or colon < 0 or quote < 0 or text[colon + 1 : quote].strip():
        return ""
    from _json import scanstring

    try:
        return str(scanstring(text, quote + 1, False)[0])
    except SystemError:  # what CPython makes of a text that is cut off after a backslash
        return ""


def main(root: str) -> None:
    """Record the prompt and, if it means a skill, run it; JSON for the harness on stdout or nothing."""
    from agentjit import entries, spool
    from agentjit.home import Home

    home = Home(root)
    raw = sys.stdin.buffer.read()
    recorded = False
    try:
        rows = [] if len(raw) > _LARGE else entries.lookup(home.entries, prompt_of(raw))
        if not rows:
            recorded = True
            spool.write(home, "UserPromptSubmit", [raw, _PASS])
            return
        from agentjit.intercept.attempt import attempt

        output = attempt(home, raw, rows, env=os.environ)
        recorded = True
        if output is not None:
            import json

            sys.stdout.write(json.dumps(output))
            sys.stdout.flush()
    finally:
        if not recorded:  # or recorded twice, which is one: a prompt has its id
            spool.write(home, "UserPromptSubmit", [raw])


def _note(root: str, error: BaseException) -> None:
    """Tell aj.log what went wrong, since the harness must not hear of it."""
    import time

    try:
        line = f"{time.strftime('%Y-%m-%dT%H:%M:%S')} prompt hook: {type(error).__name__}: {error}\n"
        with open(os.open(os.path.join(root, "aj.log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as log:
            log.write(line)
    except OSError:
        pass


if __name__ == "__main__":
    try:
        sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        main(sys.argv[1])
    except BaseException as error:  # the harness never sees an error of ours
        _note(sys.argv[1] if len(sys.argv) > 1 else "", error)
    os._exit(0)
