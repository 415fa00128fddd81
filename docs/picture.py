"""Makes docs/demo.svg: what `aj demo` really prints on a terminal, as a picture. Run `python docs/picture.py`."""

from __future__ import annotations

import io
import os
import pty
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

CHECKOUT = Path(__file__).resolve().parents[1]
WIDTH = 108
# Rich's own format without its style sheet of web fonts: a document must not make its reader's browser fetch anything.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>
"""


def on_a_terminal(argv: list[str], env: dict[str, str]) -> str:
    """What a program writes to a terminal, with its escapes; fails if it does."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(argv[0], argv, env)
    written = b""
    try:
        while chunk := os.read(terminal, 65536):
            written += chunk
    except OSError:  # how a terminal says that nobody is at its other end
        pass
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit(f"{' '.join(argv)} failed:\n{written.decode()}")
    return written.decode().replace("\r\n", "\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        env |= {"PYTHONPATH": str(CHECKOUT), "COLUMNS": str(WIDTH), "LINES": "80"}
        shown = on_a_terminal([sys.executable, "-m", "agentjit", "demo"], env)
    stages = shown.rpartition("\nNext: ")[0].rstrip()  # the last line names a path on this machine
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ aj demo", "bold"))
    console.print(Text.from_ansi(stages))
    console.save_svg(str(CHECKOUT / "docs" / "demo.svg"), title="aj demo", code_format=FORMAT, unique_id="aj")


if __name__ == "__main__":
    main()
