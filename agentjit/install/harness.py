"""Edge: Claude Code wired to AgentJIT, by plugin or by settings file and never by both, and unwired again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from agentjit import data
from agentjit.errors import AjError
from agentjit.home import Home
from agentjit.install import files, links, settings
from agentjit.install.claude import PLUGIN, Claude, ClaudeFailed
from agentjit.install.files import Originals

_EMPTY = "{}\n"


class Way(StrEnum):
    """How the hooks reach the client."""

    PLUGIN = "plugin"
    SETTINGS = "settings"
    NONE = "none"


@dataclass(slots=True)
class Report:
    """Lines for a person, in order, each with whether it is good news."""

    lines: list[tuple[bool, str]] = field(default_factory=list)

    def good(self, line: str) -> None:
        self.lines.append((True, line))

    def bad(self, line: str) -> None:
        self.lines.append((False, line))


def settings_path(env: Mapping[str, str]) -> str:
    """The user's Claude Code settings: below `CLAUDE_CONFIG_DIR`, else `~/.claude`."""
    config = env.get("CLAUDE_CONFIG_DIR") or os.path.join(env.get("HOME") or os.path.expanduser("~"), ".claude")
    return os.path.abspath(os.path.join(config, "settings.json"))


def choose(*, client: bool, config: bool, wish: Way | None) -> Way:
    """What was wished for, else the plugin where there is a client, else the settings where they have a folder."""
    if wish is not None:
        return wish
    if client:
        return Way.PLUGIN
    return Way.SETTINGS if config else Way.NONE


class Harness:
    """Claude Code as `env` shows it, and `home`, which it is to know. `now` is in Unix seconds."""

    def __init__(self, home: Home, env: Mapping[str, str], now: float, package: Path = data.PACKAGE) -> None:
        self.settings = settings_path(env)
        self.claude = Claude.find(env)
        self._home = home
        self._now = now
        self._package = package
        self._originals = Originals(home)

    def way(self, wish: Way | None = None) -> Way:
        config = os.path.isdir(os.path.dirname(self.settings))
        return choose(client=self.claude is not None, config=config, wish=wish)

    def plan(self, way: Way) -> str:
        """What `wire` would do, as a line."""
        if way is Way.PLUGIN and self.claude:
            return f"install the plugin {PLUGIN} from {self._home.plugin} with {self.claude.program}"
        if way is Way.SETTINGS:
            return f"add the hooks to {self.settings}, keeping a backup in {self._home.backups}"
        return "leave Claude Code alone"

    def check(self) -> None:
        """Raises `BadSettings` for a settings file we do not understand: neither we nor the client shall rewrite it."""
        self._text(self.settings)

    def wire(self, way: Way, report: Report) -> None:
        """Wire by `way`; raises `BadSettings` (see `check`) before anything is touched."""
        self.check()
        if (way is Way.PLUGIN and self._has_entries()) or (
            way is Way.SETTINGS and self.claude and self._names_plugin()
        ):
            self.unwire(report, any_home=True)  # never both: every event would be reported twice
        if way is Way.PLUGIN:
            self._wire_plugin(report)
        elif way is Way.SETTINGS:
            self._wire_settings(report)
        else:
            report.bad(
                "hooks not wired: no `claude` on PATH and no folder "
                f"{os.path.dirname(self.settings)}; run `aj init` again when Claude Code is installed"
            )
            return
        if self._disabled():
            report.bad(f"Claude Code will not run the hooks: disableAllHooks is true in {self.settings}")

    def wired(self) -> Way:
        """How this very home is wired now; raises `ClaudeFailed` or `BadSettings` where that cannot be told."""
        if self.claude and (there := self.claude.installed()):
            return Way.PLUGIN if there.enabled and there.folder == self._home.plugin else Way.NONE
        text = self._text(self.settings)
        wanted = links.settings_hooks(self._home, self._package)
        return Way.SETTINGS if text is not None and settings.ours(text, self._home.root) == wanted else Way.NONE

    def unwire(self, report: Report, *, any_home: bool = False) -> None:
        """Take out the plugin and our entries in every settings file we ever changed; exact where nobody else wrote.

        What belongs to an installation in another home stays, but for `any_home`.
        """
        exact = {path for path in self._originals.paths() if self._originals.untouched(path)}
        self._remove_plugin(report, any_home)
        for path in dict.fromkeys([*self._originals.paths(), self.settings]):
            if path in exact:
                self._originals.put_back(path)
                report.good(f"{path} is as it was before")
            else:
                self._take_out(path, None if any_home else self._home.root, report)

    # --- the plugin

    def _wire_plugin(self, report: Report) -> None:
        assert self.claude
        try:
            self._install_plugin(self.claude)
            there = self.claude.installed()
        except ClaudeFailed as failure:
            report.bad(str(failure))
            self._wire_settings(report)
            return
        if there and there.enabled:
            report.good(f"Claude Code has the plugin {PLUGIN}; it loads in new sessions")
        else:
            report.bad(f"the plugin {PLUGIN} is installed but off: `claude plugin enable {PLUGIN}` turns it on")

    def _install_plugin(self, claude: Claude) -> None:
        folder = self._home.plugin
        if claude.marketplace() not in ("", folder):
            claude.uninstall()  # an older home of ours

        if claude.installed() and not self._originals.untouched(self.settings):
            claude.install(folder)  # the file names us already and was edited since: there is no original to keep
        else:
            original = files.read(self.settings)
            self._originals.change(self.settings, lambda: claude.install(folder), self._now, original)

    def _names_plugin(self) -> bool:
        """Whether the settings say that our plugin is on."""
        enabled = self._parsed().get("enabledPlugins")
        return isinstance(enabled, dict) and enabled.get(PLUGIN) is True

    def _remove_plugin(self, report: Report, any_home: bool) -> None:
        if self.claude is None:
            if self._names_plugin():
                report.bad(f"`claude` is not on PATH: run `claude plugin uninstall {PLUGIN}` where it is")
            return
        try:
            there, folder = self.claude.installed(), self.claude.marketplace()
            if (there or folder) and (any_home or folder in ("", self._home.plugin)):
                self.claude.uninstall()
                report.good(f"Claude Code no longer has the plugin {PLUGIN}")
        except ClaudeFailed as failure:
            report.bad(str(failure))

    # --- the settings file

    def _wire_settings(self, report: Report) -> None:
        if self._names_plugin():
            if self.claude:
                raise AjError(f"{PLUGIN} is still on in {self.settings}: run `claude plugin uninstall {PLUGIN}` first")
            report.good(f"{self.settings} turns the plugin {PLUGIN} on already")
            return
        text = self._text(self.settings)
        wired = settings.wired(text or _EMPTY, links.settings_hooks(self._home, self._package))
        if wired != text:
            original = None if text is None else settings.unwired(text).encode()
            self._originals.change(
                self.settings, lambda: files.write(self.settings, wired.encode()), self._now, original
            )
        kept = ", ".join(self._originals.backups())
        report.good(f"the hooks are in {self.settings}" + (f" (backup: {kept})" if kept else ""))

    def _has_entries(self) -> bool:
        text = self._text(self.settings)
        return text is not None and bool(settings.ours(text))

    def _take_out(self, path: str, home: str | None, report: Report) -> None:
        """Remove our entries (see `settings.ours`) from the file at `path`."""
        try:
            text = self._text(path)
        except settings.BadSettings as problem:
            report.bad(str(problem))
            return
        if text is not None and settings.ours(text, home):
            files.write(path, settings.unwired(text, home).encode())
            report.good(f"our hooks are out of {path}; it was changed since, so the rest stays as it is")

    def _text(self, path: str) -> str | None:
        data = files.read(path)
        if data is None:
            return None
        try:
            text = data.decode()
            settings.parse(text)
        except UnicodeDecodeError:
            raise settings.BadSettings(f"{path} is not touched: not UTF-8") from None
        except settings.BadSettings as problem:
            raise settings.BadSettings(f"{path} is not touched: {problem}") from None
        return text

    def _parsed(self) -> dict[str, object]:
        text = self._text(self.settings)
        return {} if text is None else settings.parse(text)

    def _disabled(self) -> bool:
        return self._parsed().get("disableAllHooks") is True
