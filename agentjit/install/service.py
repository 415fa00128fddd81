"""Edge: `aj watch` as a systemd user service: its unit file, and `systemctl` asked to start and stop it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from agentjit.errors import AjError
from agentjit.home import Home
from agentjit.install import files
from agentjit.kit.process import run

UNIT = "agentjit-watch.service"
_TIMEOUT = 60.0  # seconds
_MARK = "# Written by `aj watch --install-service`, removed by `aj watch --uninstall-service`."
_INSTEAD = "use `aj watch` in a terminal, or nothing: sessions are loaded and compiled at their end anyway"
_UNSAFE = frozenset("\"'\\")
_PASSED_ON = ("CLAUDE_CONFIG_DIR",)  # where transcripts are, for whoever has them elsewhere

# Nothing here needs a mount namespace: where users may have none, a service that asks for one does not start.
# MALLOC_ARENA_MAX: duckdb's threads leave memory in arenas of their own (40 MB after 200 drains, with this 27).
# RestartPreventExitStatus: 2 is "another one runs"; to try again and again would not end that one.
_TEMPLATE = """\
{mark}
[Unit]
Description=AgentJIT: load and compile what coding agents did
ConditionPathIsDirectory={condition}

[Service]
Type=exec
ExecStart={program} watch
{environment}
Environment=MALLOC_ARENA_MAX=2
WorkingDirectory=/
Restart=on-failure
RestartSec=30
RestartPreventExitStatus=2
TimeoutStopSec=20
Nice=10
IOSchedulingClass=idle
OOMScoreAdjust=500
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
WantedBy=default.target
"""


class NoService(AjError):
    """There is no systemd user manager to run a service, or the unit is not ours to change; nothing was left behind."""

    exit_code = 2
    slug = "no-service"


class Service:
    """The unit of one home as `env` (HOME, XDG_CONFIG_HOME, PATH, the user's bus) shows it."""

    def __init__(self, home: Home, env: Mapping[str, str]) -> None:
        self._home = home
        self._env = dict(env)
        user = env.get("HOME") or os.path.expanduser("~")
        config = env.get("XDG_CONFIG_HOME") or ""
        if not os.path.isabs(config):  # the rule for such variables: a relative one does not count
            config = os.path.join(user, ".config")
        self._folder = os.path.join(config, "systemd", "user")
        self.path = os.path.join(self._folder, UNIT)
        self._systemctl = shutil.which("systemctl", path=env.get("PATH", os.defpath))

    # --- what there is

    def installed(self) -> bool:
        """There is a unit, made by us for this home."""
        return self._ours(self._text())

    def running(self) -> bool:
        """systemd runs the unit of this home."""
        return self.installed() and self.state() == "active"

    def state(self) -> str:
        """What systemd says of the unit (`active`, `inactive`, `failed`, …); `unknown` where there is none to ask."""
        if self._systemctl is None:
            return "unknown"
        _, said, _ = self._ask("is-active", UNIT)
        return said.strip().split("\n")[0] or "unknown"

    def program(self) -> str:
        """The `aj` that the unit starts, "" if there is no unit."""
        rows = [row for row in (self._text() or "").splitlines() if row.startswith("ExecStart=")]
        words = rows[0].removeprefix("ExecStart=") if rows else ""
        return _unquoted(words.removesuffix(" watch"))

    # --- changing it

    def install(self) -> list[str]:
        """Write, enable and start the unit; lines of what was done. Raises NoService and leaves things as they were."""
        if not os.path.isdir(self._home.root):
            raise NoService(f"there is no {self._home.root} to watch: run `aj init` first")
        if problem := self._manager_problem():
            raise NoService(f"{problem}; {_INSTEAD}")
        before, above = self._text(), self._missing_folders()
        if before is not None and not self._ours(before):
            whose = "is of another home" if before.startswith(_MARK) else "was not written by AgentJIT"
            raise NoService(f"{self.path} {whose}: remove it first")
        text = self.unit()
        try:
            files.write(self.path, text.encode(), mode=0o644)
            for words in (("daemon-reload",), ("enable", UNIT), ("restart", UNIT)):
                self._do(*words)
        except BaseException:
            self._restore(before, above)
            raise
        return [
            f"wrote {self.path}",
            f"systemd runs it now, and after each login; `journalctl --user -u {UNIT}` shows it",
        ]

    def uninstall(self) -> list[str]:
        """Stop the unit and remove its file; lines of what was done. Raises NoService for a unit that is not ours."""
        text = self._text()
        if text is None:
            return [f"there is no {self.path}"]
        if not self._ours(text):
            raise NoService(f"{self.path} is not the service of {self._home.root}: left as it is")
        done = [f"removed {self.path}"]
        if self._manager_problem():
            done.append("no systemd user manager can be reached: what it may be running ends with the session")
        else:
            self._ask("disable", "--now", UNIT)
        self._delete()
        return done

    def unit(self) -> str:
        """The text of the unit file; raises NoService where there is no `aj` that systemd could start."""
        environment = {"AJ_HOME": self._home.root}
        environment |= {name: self._env.get(name, "") for name in _PASSED_ON}
        environment = {name: value for name, value in environment.items() if value and value.isprintable()}
        rows = (f"Environment={_quoted(f'{name}={value}')}" for name, value in environment.items())
        return _TEMPLATE.format(
            mark=_MARK,
            condition=_escaped(self._home.root),
            program=_quoted(self._launcher()),  # `$` means nothing in the first word
            environment="\n".join(rows),
        )

    def _launcher(self) -> str:
        program = os.path.join(self._home.bin, "aj")
        if not os.access(program, os.X_OK):
            raise NoService(f"there is no {program} to start: run `aj init` first")
        if not program.isprintable() or not _UNSAFE.isdisjoint(program):
            raise NoService(
                f"systemd starts no program with a quote or a backslash in its path ({program!r}); {_INSTEAD}"
            )
        return program

    def _text(self) -> str | None:
        content = files.read(self.path)
        return None if content is None else content.decode("utf-8", "replace")

    def _ours(self, text: str | None) -> bool:
        condition = f"ConditionPathIsDirectory={_escaped(self._home.root)}"
        return text is not None and text.startswith(_MARK) and condition in text.splitlines()

    def _missing_folders(self) -> list[str]:
        """The folders that writing the unit would make, from below."""
        found, folder = [], self._folder
        while not os.path.isdir(folder):
            found.append(folder)
            folder = os.path.dirname(folder)
        return found

    def _restore(self, before: str | None, folders: list[str]) -> None:
        """Undo a half-made installation, with the folders it made; it is told already what went wrong."""
        if before is None:
            self._ask("disable", "--now", UNIT)
            self._delete()
            _prune(folders)
            return
        files.write(self.path, before.encode(), mode=0o644)
        self._ask("daemon-reload")

    def _delete(self) -> None:
        """The unit, the link that enables it, and the folders that were made for them."""
        wants = os.path.join(self._folder, "default.target.wants")
        files.delete(os.path.join(wants, UNIT))
        files.delete(self.path)
        _prune([wants, self._folder, os.path.dirname(self._folder)])
        self._ask("daemon-reload")

    # --- systemctl

    def _manager_problem(self) -> str:
        """Why there is no user manager to ask, "" if there is one."""
        if self._systemctl is None:
            return "there is no systemd on this machine (no `systemctl` on PATH)"
        worked, _, problem = self._ask("show-environment")
        return "" if worked else f"no systemd user manager answers here ({problem})"

    def _do(self, *words: str) -> None:
        worked, _, problem = self._ask(*words)
        if not worked:
            raise NoService(f"`systemctl --user {' '.join(words)}` failed ({problem}), so it was undone; {_INSTEAD}")

    def _ask(self, *words: str) -> tuple[bool, str, str]:
        """(whether it worked, its output, its complaint)."""
        if self._systemctl is None:
            return False, "", "there is no systemctl"
        try:
            done = run([self._systemctl, "--user", *words], env=self._env, timeout=_TIMEOUT)
        except OSError as error:
            return False, "", f"{self._systemctl}: {error.strerror}"
        if done.timed_out:
            return False, "", f"no answer in {_TIMEOUT:.0f} s"
        said = (done.stderr.strip() or f"exit status {done.exit_code}").splitlines()[0]
        return done.exit_code == 0, done.stdout, said


def _prune(folders: list[str]) -> None:
    """Remove those of the folders that are empty."""
    for folder in folders:
        try:
            os.rmdir(folder)
        except OSError:
            continue  # others use it


def _escaped(text: str) -> str:
    """For a unit file: `%` begins a specifier there."""
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """One word of a unit file's command or assignment."""
    inside = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_escaped(inside)}"'


def _unquoted(word: str) -> str:
    """The program in an ExecStart of ours; see `_launcher` for what is not in it."""
    return word.removeprefix('"').removesuffix('"').replace("%%", "%")
