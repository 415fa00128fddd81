"""Edge: what the harness and its hooks find by absolute path: interpreter, package, `aj` launcher, the plugin."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

from agentjit import data
from agentjit.errors import AjError
from agentjit.home import Home
from agentjit.install import files, hooks

_PLUGIN: tuple[data.Name, ...] = (".claude-plugin", "hooks")

_LAUNCHER = """\
#!/bin/sh
# Made by `aj init`: AgentJIT with the home it was set up for, unless AJ_HOME says another. Neither the working
# directory nor PYTHONPATH may change what is imported: people run `aj` inside code they do not trust.
[ -n "${{AJ_HOME:-}}" ] || AJ_HOME={home}
export AJ_HOME
exec {python} -E -P -c 'import sys
sys.path.append(sys.argv.pop(1))
sys.argv[0] = "aj"
from agentjit.cli import main
main()' {lib} "$@"
"""


def link(home: Home, *, python: str, base: str, package: Path) -> bool:
    """Point `bin/python3`, `lib` and `bin/aj` at this very installation; False if they did already.

    `python` runs `aj` (it has the dependencies). `base` is the interpreter the hooks start: no virtual environment's
    wrapper and no version manager's shim, which cost more than all the hook does. `package` is the `agentjit` folder.
    """
    launcher = _LAUNCHER.format(
        home=shlex.quote(home.root), python=shlex.quote(python), lib=shlex.quote(str(package.parent))
    )
    changed = _symlink(os.path.join(home.bin, "python3"), os.path.realpath(base))
    changed |= _symlink(home.lib, str(package.parent))
    aj = os.path.join(home.bin, "aj")
    if files.read(aj) != launcher.encode() or not os.access(aj, os.X_OK):
        files.delete(aj)
        files.write(aj, launcher.encode(), mode=0o700)
        changed = True
    return changed


def _symlink(path: str, target: str) -> bool:
    """Make `path` a link to `target` in one step; False if it is."""
    try:
        if os.path.islink(path) and os.readlink(path) == target:
            return False
        temporary = f"{path}.{os.getpid()}.tmp"
        os.symlink(target, temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise AjError(f"cannot link {path}: {error.strerror}") from None
    return True


def copy_plugin(home: Home, package: Path = data.PACKAGE) -> bool:
    """Copy the plugin to `home.plugin`, so that moving or deleting the clone breaks nothing; False if it is current."""
    if is_current(home, package):
        return False
    fresh, old = f"{home.plugin}.{os.getpid()}.new", f"{home.plugin}.{os.getpid()}.old"
    for name, content in plugin_files(home, package).items():
        files.write(os.path.join(fresh, name), content)
    # Between the two renames there is no plugin: the hook commands pass over a script that is not there.
    if os.path.lexists(home.plugin):
        os.rename(home.plugin, old)
    os.rename(fresh, home.plugin)
    files.delete(old)
    return True


def is_current(home: Home, package: Path = data.PACKAGE) -> bool:
    """Whether the copy in `home.plugin` is what `copy_plugin` would make."""
    return plugin_files(home, package) == _present(Path(home.plugin))


def plugin_files(home: Home, package: Path = data.PACKAGE) -> dict[str, bytes]:
    """The plugin for this home: path inside the plugin to content."""
    found = {
        f"{name}/{path.relative_to(folder)}": path.read_bytes()
        for name in _PLUGIN
        for folder in [data.folder(name, package)]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    found["hooks/hooks.json"] = _json(hooks.for_plugin(json.loads(found["hooks/hooks.json"]), home.root))
    return found


def settings_hooks(home: Home, package: Path = data.PACKAGE) -> hooks.Groups:
    """The hooks for a settings file; the scripts they name are those of `home.plugin`."""
    template = (data.folder("hooks", package) / "hooks.json").read_bytes()
    return hooks.for_settings(json.loads(template), home.plugin, home.root)


def _present(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"
