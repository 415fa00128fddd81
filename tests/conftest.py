"""Fixtures for all tests, and the guard: no test touches the HOME of whoever runs it.

At the top only the standard library, pytest and `agentjit.home`: a broken support module must not break other tests.
"""

from __future__ import annotations

import os
import pwd
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agentjit.home import Home

if TYPE_CHECKING:
    from tests.support.model import ScriptedModel
    from tests.support.session import ClaudeHome

CHECKOUT = Path(__file__).resolve().parents[1]

# Who starts the suite in the background has SIGINT ignored, and so would every program that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# --- the guard. Taken once, before any test changes the environment.
_REAL_HOMES = {
    os.path.realpath(home) for home in (os.environ.get("HOME", ""), pwd.getpwuid(os.getuid()).pw_dir) if home
}
_PRIVATE = tuple(
    os.path.join(home, name) for home in _REAL_HOMES for name in (".aj", ".claude", ".claude.json", ".codex")
)
_WITH_PATHS = {
    "open": 1,
    "os.chmod": 1,
    "os.link": 2,
    "os.listdir": 1,
    "os.mkdir": 1,
    "os.remove": 1,
    "os.rename": 2,
    "os.rmdir": 1,
    "os.scandir": 1,
    "os.symlink": 2,
    "os.truncate": 1,
}
_PROGRAMS = {"claude", "aj", "install.sh"}
_violations: list[str] = []


class RealHomeTouched(BaseException):
    """Not an `Exception`: code that swallows errors must not hide it."""


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if count := _WITH_PATHS.get(event):
        for path in arguments[:count]:
            if _is_private(path):
                _refuse(f"{event} of {os.fsdecode(path)}")
    elif event == "subprocess.Popen":
        _, argv, _, env = arguments
        if _is_agent(argv) and _home_of(os.environ if env is None else env) in _REAL_HOMES:
            _refuse(f"{argv} was started with the real HOME")


def _is_private(path: object) -> bool:
    if not isinstance(path, (str, bytes, os.PathLike)):
        return False
    full = os.path.abspath(os.fsdecode(path))
    return any(full == private or full.startswith(private + os.sep) for private in _PRIVATE)


def _is_agent(argv: Any) -> bool:
    """`claude`, `aj` or `install.sh` among the words of the command line, by whatever path, or `-m agentjit…`."""
    words = argv.split() if isinstance(argv, str) else [os.fsdecode(word) for word in argv]
    return any(os.path.basename(word) in _PROGRAMS or word.partition(".")[0] == "agentjit" for word in words)


def _home_of(env: Any) -> str:
    """The home a program sees: without HOME it asks the password file."""
    text = {os.fsdecode(key): os.fsdecode(value) for key, value in env.items()}
    return os.path.realpath(text.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir)


def _refuse(what: str) -> None:
    _violations.append(what)
    raise RealHomeTouched(f"a test touched the real home: {what}")


sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A HOME and AJ_HOME of its own for each test; fails the test if the real ones were touched."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("AJ_HOME", str(folder / ".aj"))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    _violations.clear()
    yield
    if _violations:
        pytest.fail("the real home was touched: " + "; ".join(_violations))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An AgentJIT home with its folders made, which AJ_HOME names too."""
    here = Home(str(tmp_path / "aj"))
    here.ensure()
    monkeypatch.setenv("AJ_HOME", here.root)
    return here


# --- the real client and its model


@pytest.fixture(scope="session")
def client_path() -> Path:
    """The pinned Claude Code. Where it cannot be had the test is skipped; with AJ_REQUIRE_CLIENT=1 it fails."""
    from tests.support.client import NoClient, cache_folder, install

    try:
        return install(cache_folder(os.environ))
    except NoClient as reason:
        if os.environ.get("AJ_REQUIRE_CLIENT") == "1":
            pytest.fail(f"AJ_REQUIRE_CLIENT=1 and {reason}")
        pytest.skip(f"no Claude Code: {reason}")


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    """A running scripted model; set `model.script`."""
    from tests.support.model import ScriptedModel

    with ScriptedModel() as running:
        yield running


@pytest.fixture
def claude(tmp_path: Path, client_path: Path, model: ScriptedModel) -> Callable[..., ClaudeHome]:
    """Makes client homes: `claude()` is one, `claude("other")` another."""
    from tests.support.session import ClaudeHome

    def make(name: str = "claude") -> ClaudeHome:
        return ClaudeHome(tmp_path / name, client_path, model)

    return make


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Real transcripts, kept outside the repository: AJ_CORPUS, else `shared/corpus` beside the checkout."""
    folder = Path(os.environ.get("AJ_CORPUS") or CHECKOUT.parent / "shared" / "corpus")
    if not folder.is_dir():
        pytest.skip(f"no corpus of real transcripts at {folder} (AJ_CORPUS names one)")
    return folder
