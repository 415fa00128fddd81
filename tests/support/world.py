"""Small worlds the agents of the tests work in: a cluster, a web service, a repository. Stateful, and quick.

Each one logs what was asked of it, so that a test can say how often a command really ran.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

_KUBECTL = Path(__file__).with_name("kubectl.py")


@dataclass
class Pod:
    """One row of `kubectl get pods`, with its log."""

    name: str
    status: str = "Running"
    ready: str = "1/1"
    restarts: str = "0"
    age: str = "3d2h"
    log: str = ""


class FakeKubectl:
    """`kubectl get pods|ns`, `logs`, `describe pod` over the namespaces in a JSON file. Put `bin` on a PATH."""

    def __init__(self, root: Path) -> None:
        self.bin, self._state, self._log = root / "bin", root / "kubectl.json", root / "kubectl.log"
        self.bin.mkdir(parents=True, exist_ok=True)
        self._data: dict[str, Any] = {"namespaces": {}, "shape": "", "fail": {}}
        self._save()
        program = self.bin / "kubectl"
        words = [os.path.realpath(sys.executable), "-I", "-S", str(_KUBECTL), str(self._state), str(self._log)]
        program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        program.chmod(0o755)

    def namespace(self, name: str, *pods: Pod) -> None:
        """Set the pods of a namespace, replacing those there were."""
        self._data["namespaces"][name] = [vars(pod) for pod in pods]
        self._save()

    def shape(self, shape: str) -> None:
        """How the table looks: "" as usual, "wide" with columns more in the middle, "renamed" with other headers."""
        self._data["shape"] = shape
        self._save()

    def fail(
        self, verb: str, message: str = "Unable to connect to the server: net/http: TLS handshake timeout"
    ) -> None:
        """Let `kubectl VERB` print `message` on stderr and exit 1; an empty message mends it."""
        self._data["fail"][verb] = message
        self._save()

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of every invocation so far."""
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []

    def _save(self) -> None:
        self._state.write_text(json.dumps(self._data))


@dataclass
class RestServer:
    """`/users?name=alice` -> `{"items": [{"id", "name"}]}` and `/users/<id>/orders` -> `{"orders": [...]}`.

    Drift: `missing_id` leaves the id out, `wrapped` puts the answer under `data`, `down` answers 503. `requests` is
    the log of paths. Use as a context manager.
    """

    users: dict[str, str] = field(default_factory=dict)  # name -> id
    orders: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # id -> orders
    missing_id: bool = False
    wrapped: bool = False
    down: bool = False
    requests: list[str] = field(default_factory=list)

    def add(self, name: str, id: str, *orders: dict[str, Any]) -> None:
        self.users[name], self.orders[id] = id, list(orders)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server = _RestHttp(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, target: str) -> tuple[int, Any]:
        """(status, JSON value) for a request target."""
        self.requests.append(target)
        if self.down:
            return 503, {"error": "service unavailable"}
        status, value = self._find(urlsplit(target).path.strip("/").split("/"), parse_qs(urlsplit(target).query))
        return status, {"data": value} if self.wrapped and status == 200 else value

    def _find(self, path: list[str], query: dict[str, list[str]]) -> tuple[int, Any]:
        match path:
            case ["users"]:
                names = [name for name in self.users if name in query.get("name", list(self.users))]
                return 200, {"items": [self._user(name) for name in names]}
            case ["users", id, "orders"] if id in self.orders:
                return 200, {"orders": self.orders[id]}
        return 404, {"error": "not found"}

    def _user(self, name: str) -> dict[str, str]:
        return {"name": name} if self.missing_id else {"id": self.users[name], "name": name}


class _RestHttp(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, world: RestServer) -> None:
        self.world = world
        super().__init__(("127.0.0.1", 0), _RestHandler)


class _RestHandler(BaseHTTPRequestHandler):
    server: _RestHttp

    def do_GET(self) -> None:
        status, value = self.server.world.answer(self.path)
        payload = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


_CHECK_STYLE = """#!/bin/sh
# Every Python file must end its lines without blanks.
echo check-style >> "$(dirname "$0")/../.git/calls.log"
bad=$(grep -lE '[[:blank:]]+$' src/*.py)
[ -z "$bad" ] && echo "style: 2 files, 0 problems" && exit 0
echo "$bad" | sed 's/$/: trailing blanks/'
echo "style: 2 files, $(echo "$bad" | wc -l | tr -d ' ') problems"
exit 1
"""

_UNIT_TESTS = """#!/bin/sh
# A test is a line of tests/results: its name and ok or FAILED.
echo unit-tests >> "$(dirname "$0")/../.git/calls.log"
cat tests/results
failed=$(grep -c 'FAILED$' tests/results)
echo "unit: $(grep -c '' tests/results) tests, $failed failed"
[ "$failed" -eq 0 ]
"""


class CheckedRepo:
    """A git repository at `root` with `./bin/check-style` and `./bin/unit-tests`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in self._files().items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        for script in (root / "bin").iterdir():
            script.chmod(0o755)
        self._git("init", "-q", "-b", "main")
        self._git("add", ".")
        self._git("-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-q", "-m", "Start")

    @staticmethod
    def _files() -> dict[str, str]:
        return {
            "bin/check-style": _CHECK_STYLE,
            "bin/unit-tests": _UNIT_TESTS,
            "src/app.py": "print('app')\n",
            "src/model.py": "VALUE = 1\n",
            "tests/results": "test_start ok\ntest_value ok\ntest_stop ok\n",
        }

    def _git(self, *arguments: str) -> None:
        # No settings of the person or machine: a signing key or a template would change the outcome.
        env = {"PATH": os.environ["PATH"], "HOME": str(self.root), "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", *arguments], cwd=self.root, env=env, check=True, capture_output=True)

    def break_style(self, broken: bool = True) -> None:
        (self.root / "src/app.py").write_text("print('app')  \n" if broken else "print('app')\n")

    def break_tests(self, broken: bool = True) -> None:
        results = self._files()["tests/results"]
        (self.root / "tests/results").write_text(results.replace("value ok", "value FAILED") if broken else results)

    @property
    def calls(self) -> list[str]:
        """The names of the scripts that ran, in order."""
        log = self.root / ".git" / "calls.log"
        return log.read_text().splitlines() if log.exists() else []
