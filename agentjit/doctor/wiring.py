"""Claude Code as it is wired to this home: by plugin or by settings, current, switched on, of a tested version."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from agentjit.doctor.finding import Finding, Findings, Patient, fail, ok, warn
from agentjit.errors import AjError
from agentjit.install import files, links, settings
from agentjit.install.claude import PLUGIN, Claude, ClaudeFailed
from agentjit.install.harness import settings_path
from agentjit.kit.process import run
from agentjit.run.permission import MANAGED

TESTED = "2.1.329"
_INIT = "aj init"
_STARTS = 20.0  # seconds the client may take to say its version


def hooks(patient: Patient) -> Findings:
    """The hooks reach the client once, are those of this installation, and nothing switches them off."""
    path = settings_path(patient.env)
    try:
        text = (files.read(path) or b"{}").decode()
        parsed, entries = settings.parse(text), settings.ours(text)
    except (AjError, UnicodeDecodeError) as problem:
        yield fail("hooks", f"{path} cannot be used: {problem}", f"mend that file, then {_INIT}")
        return
    yield _wired(patient, path, parsed, entries)
    for each, value in ((path, parsed), (MANAGED, _json(MANAGED))):
        if value.get("disableAllHooks") is True:
            yield fail("hooks enabled", f"disableAllHooks is true in {each}", "take that line out of it")


def _wired(patient: Patient, path: str, parsed: dict[str, Any], entries: dict[str, Any]) -> Finding:
    enabled = parsed.get("enabledPlugins")
    plugins = enabled if isinstance(enabled, dict) else {}
    on = plugins.get(PLUGIN) is True
    if on and entries:
        return fail("hooks", f"they are wired twice: the plugin {PLUGIN} is on, and entries are in {path}", _INIT)
    if PLUGIN in plugins:
        return _plugin(patient, on)
    if not entries:
        return _unwired(patient, path)
    if entries != links.settings_hooks(patient.home, patient.package):
        return fail("hooks", f"the entries in {path} are not those of this home and version", _INIT)
    if stale := _stale(patient, patient.home.plugin):
        return fail("hooks", f"{stale} is not what this version brings", _INIT)
    return ok("hooks", f"wired by {path}, current")


def _unwired(patient: Patient, path: str) -> Finding:
    if Claude.find(patient.env) is None and not os.path.isdir(os.path.dirname(path)):
        return warn("hooks", "there is no Claude Code here to be wired", f"install it, then {_INIT}")
    return fail("hooks", "they are not wired: nothing is recorded and no prompt is answered", _INIT)


def _plugin(patient: Patient, on: bool) -> Finding:
    if not on:
        return fail("hooks", f"the plugin {PLUGIN} is switched off", f"claude plugin enable {PLUGIN}")
    folder = patient.home.plugin
    if claude := Claude.find(patient.env):
        try:
            installed = claude.installed()
        except ClaudeFailed as problem:
            return warn("hooks", f"the client cannot tell of its plugins: {problem}", _INIT)
        if installed is None:
            return fail("hooks", f"the settings turn {PLUGIN} on, but the client does not have it", _INIT)
        folder = installed.folder or folder
    if stale := _stale(patient, folder):
        return fail("hooks", f"{stale} is not what this version brings", _INIT)
    return ok("hooks", f"the plugin {PLUGIN} is on, current ({folder})")


def _stale(patient: Patient, folder: str) -> str:
    """The first file of the plugin in `folder` that differs from the packaged one, "" if none does.

    A checkout that serves as the plugin itself has hooks.json without a home in it, which is as good.
    """
    for name, content in links.plugin_files(patient.home, patient.package).items():
        found = files.read(os.path.join(folder, name))
        packaged = patient.package.parent / name
        own = folder != patient.home.plugin and packaged.is_file() and found == packaged.read_bytes()
        if found != content and not own:
            return os.path.join(folder, name)
    return ""


def client(patient: Patient) -> Findings:
    """The client's version is the one that is tested."""
    claude = Claude.find(patient.env)
    if claude is None:
        yield warn("client", "`claude` is not on PATH", "install Claude Code, or put it on PATH")
        return
    try:
        done = run([claude.program, "--version"], env=patient.env, timeout=_STARTS)
    except OSError as error:
        yield fail("client", f"{claude.program} cannot be started: {error.strerror}", "install Claude Code again")
        return
    said = done.stdout.split()
    if done.exit_code != 0 or not said:
        yield fail("client", f"`{claude.program} --version` failed", "install Claude Code again")
    elif said[0] != TESTED:
        mend = "nothing, unless something else fails; then say so with this line"
        yield warn("client", f"Claude Code {said[0]} was not tested with this version ({TESTED} was)", mend)
    else:
        yield ok("client", f"Claude Code {said[0]}, the tested version")


def _json(path: str) -> dict[str, Any]:
    try:
        value = json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
