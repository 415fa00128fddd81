"""Permission parity: the harness's own rules (deny, ask, allow), read from its settings and asked call by call.

What a hook runs, the harness does not check; so it is checked here, and in doubt the stricter way. A rule that forbids
fits wherever its words stand in a part of a command, whatever stands before or between them; a rule that allows must
fit each part from its beginning. Denying too much only means that the model does the work. Rules given on the harness's
command line cannot be seen from a hook. On the prompt hook's path: standard library only.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

from agentjit import kit

MANAGED = "/etc/claude-code/managed-settings.json"
_PARTS = re.compile(r"&&|\|\||[;|&\n()`]|\$\(")
_WRAPPERS = re.compile(r"^(?:(?:timeout(?:\s+-\S+)*\s+\S+|time|nice(?:\s+-n\s*\S+)?|nohup|stdbuf(?:\s+-\S+)+)\s+)+")
_RULE = re.compile(r"(?s)(\*|[A-Za-z_][\w*.-]*)(?:\((.*)\))?")
_SPACE = re.compile(r"[\s;|&(){}<>`!$]+")
_COARSE = re.compile(r"[;|&\n]+")
_FINE = re.compile(r"\s\d*[<>]|[;|&\n(){}<>`!$#]")
_LITTER = re.compile(r"\\\n|[\"'\\]")  # a continued line, quotes and escapes: gone before a program sees a word
_TOKEN = re.compile(r"(?:\"(?:\\.|[^\"\\])*\"|'[^']*'|\\.|[^\s;|&(){}<>`!\"'\\])+", re.DOTALL)
_BRACES = re.compile(r"\{[^{}]*\}")
_HOME = re.compile(r"\$(?:HOME\b|\{HOME\})")
_FILE_URL = re.compile(r"file://[^/\s]*/", re.IGNORECASE)
_UNTOLD = re.compile(r"[$*?\[{`]|~[^/\s\"']|file:\S*%", re.IGNORECASE)
_OF_SERVER = re.compile(r"mcp__[^*]+?(?:__|\Z)")  # a rule that allows must name the server
_JOINTS = re.compile(r"[=:,@]")
_RECURSIVE = frozenset(("rg", "ag", "ack", "rgrep"))
_GLUED = 8  # letters of short options before a glued value: `-rnf.env`

_EDITING = frozenset(("Edit", "Write", "MultiEdit", "NotebookEdit"))
_READING = frozenset(("Bash", "Read"))
_WRITING = re.compile(
    r">|-delete\b|\b(?:chmod|chown|cp|dd|install|ln|mkdir|mkfifo|mktemp|mv|patch|perl|python\w*|rm|rmdir|rsync|sed|shred|sponge|sort"
    r"|split|tar|tee|touch|truncate|unlink|unzip|git|ed|ex|vi|vim)\b"
)
_OWN = re.compile(  # files that decide what programs will do: the agent always asks before it changes one
    r"(?:.*/)?(?:(?:\.git|\.claude|\.vscode|\.idea|\.husky|\.config/git|\.aj|\.ssh|\.cargo|\.devcontainer)(?:/.*)?"
    r"|\.mcp\.json|\.claude\.json|\.gitconfig|\.gitmodules|\.npmrc|\.ripgreprc"
    r"|\.(?:bash|zsh|k?sh)rc|\.(?:bash_|z)?profile|\.bash_(?:aliases|login|logout)|\.z(?:shenv|login|logout))",
    re.IGNORECASE,
)

Rule = tuple[str, str, str]  # tool, pattern, folder the pattern is relative to


class Rules:
    """The rules in force for one working directory. `broken` names a settings file that could not be read."""

    __slots__ = ("allow", "ask", "broken", "deny", "home")

    def __init__(self) -> None:
        self.deny: list[Rule] = []
        self.ask: list[Rule] = []
        self.allow: list[Rule] = []
        self.broken = ""
        self.home = os.path.expanduser("~")

    @classmethod
    def of_claude_code(cls, cwd: str, env: Mapping[str, str]) -> Rules:
        """Rules from managed, local, project and user settings; a rule counts wherever it stands."""
        rules = cls()
        project = env.get("CLAUDE_PROJECT_DIR") or cwd
        rules.home = env.get("HOME") or rules.home
        user = env.get("CLAUDE_CONFIG_DIR") or os.path.join(rules.home, ".claude")
        names = ("settings.local.json", "settings.json")
        folders = dict.fromkeys((project, cwd))
        paths = [os.path.join(folder, ".claude", name) for folder in folders for name in names]
        for path in (MANAGED, *paths, os.path.join(user, "settings.json")):
            rules._read(path)
        return rules

    def _read(self, path: str) -> None:
        try:
            with open(path, "rb") as file:
                settings = json.loads(file.read() or b"{}")
            given = settings.get("permissions", {})
            for name in ("deny", "ask", "allow"):
                own = getattr(self, name)
                for rule in given.get(name, ()):
                    matched = _RULE.fullmatch(rule.strip())
                    if matched:
                        own.append((matched[1], matched[2] or "", os.path.dirname(os.path.dirname(path))))
                    elif name != "allow":
                        self.broken = path  # it forbids something, and nobody can tell what
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, ValueError, AttributeError, TypeError):
            self.broken = path

    def objection(self, call: kit.Call, cwd: str, *, mode: str, approved: bool) -> str:
        """Why `call` may not be run, "" if it may. `approved`: a person approved the skill that makes it."""
        if self.broken:
            return f"the permission rules in {self.broken} cannot be read"
        if rule := _forbidding(self.deny, call, cwd, self.home):
            return f"the rule deny {rule} forbids it"
        if not approved and (rule := _forbidding(self.ask, call, cwd, self.home)):
            return f"the rule ask {rule} wants a person to be asked"
        if mode == "plan" and call.tool not in _READING:
            return "the permission mode is plan"
        if call.tool in _EDITING and any(map(_OWN.fullmatch, _full(_path_of(call), cwd, self.home))):
            return "it is a file that decides what programs do, and a person is to change it"
        if approved and mode != "dontAsk":
            return ""
        if _allowed(self.allow, call, cwd, self.home):
            return ""
        if mode == "dontAsk":
            return "no rule allows it, and the permission mode is dontAsk"
        if call.tool in _READING or self._accepted(call, cwd, mode):
            return ""
        return "no rule allows it, and nobody approved it"

    def _accepted(self, call: kit.Call, cwd: str, mode: str) -> bool:
        """Whether the permission mode allows a call about which a person would be asked in the default one."""
        if mode == "bypassPermissions":
            return True
        inside = os.path.realpath(cwd).rstrip("/") + "/"
        path = os.path.realpath(os.path.join(cwd, _path_of(call)))
        return mode == "acceptEdits" and call.tool in _EDITING and path.startswith(inside)


def _shown(rule: Rule) -> str:
    return f"{rule[0]}({rule[1]})" if rule[1] else rule[0]


def _forbidding(rules: list[Rule], call: kit.Call, cwd: str, home: str) -> str:
    """The first rule that stands against `call`, as a person reads it, "" if none does."""
    if call.tool != "Bash":
        return next((_shown(rule) for rule in rules if _forbids(rule, call, cwd, home)), "")
    command = call.text
    for rule in rules:
        if rule[0] in ("Bash", "*") and _stands_in(rule[1], command):
            return _shown(rule)
    writes = _WRITING.search(command) is not None
    about = [rule for rule in rules if rule[1] and (rule[0] == "Read" or (writes and rule[0] in _EDITING))]
    return _touched(about, command, cwd, home) if about else ""


def _allowed(rules: list[Rule], call: kit.Call, cwd: str, home: str) -> bool:
    """Whether a rule allows `call`; for a command, whether one does for each of its parts."""
    if call.tool != "Bash":
        return any(_allows(rule, call, cwd, home) for rule in rules)
    patterns = [pattern for tool, pattern, _ in rules if tool == "Bash"]
    parts = [_WRAPPERS.sub("", part.strip()) for part in _PARTS.split(call.text) if part.strip()]
    return bool(parts) and all(any(_begins(pattern, part) for pattern in patterns) for part in parts)


def _forbids(rule: Rule, call: kit.Call, cwd: str, home: str) -> bool:
    """A rule about reading a file forbids changing it too, and one about changing it forbids it in every way."""
    tool, pattern, folder = rule
    if call.tool not in _EDITING and call.tool != "Read":
        return _tool_fits(tool, call.tool)
    about = tool == call.tool or (call.tool in _EDITING and (tool in _EDITING or tool == "Read"))
    if not about:
        return tool != "Read" and _tool_fits(tool, call.tool)
    if not pattern:
        return tool != "Read" or call.tool == "Read"
    wanted = _wanted(pattern, folder, cwd, home)
    return any(_path_fits(wanted, path) for path in _full(_path_of(call), cwd, home))


def _allows(rule: Rule, call: kit.Call, cwd: str, home: str) -> bool:
    """As the agent does it: a bare name allows that tool alone, and which files may be changed only `Edit(…)` says.

    Every name that a file has must be allowed.
    """
    tool, pattern, folder = rule
    if not pattern:
        return tool == call.tool or (_OF_SERVER.match(tool) is not None and _tool_fits(tool, call.tool))
    if tool != ("Edit" if call.tool in _EDITING else call.tool) or tool not in ("Edit", "Read"):
        return False
    wanted = _wanted(pattern, folder, cwd, home)
    return all(_path_fits(wanted, path) for path in _full(_path_of(call), cwd, home))


def _tool_fits(named: str, tool: str) -> bool:
    """`mcp__server`, `mcp__server__*`, `mcp__server__tool`; a star stands for anything."""
    expression = ".*".join(map(re.escape, named.split("*")))
    whole = named.startswith("mcp__") and "__" not in named.removeprefix("mcp__") and "*" not in named
    return re.fullmatch(expression + ("(?:__.*)?" if whole else ""), tool, re.DOTALL) is not None


def _path_of(call: kit.Call) -> str:
    return str(call.input.get("file_path", ""))


# --- rules about commands


def _begins(pattern: str, text: str) -> bool:
    """`npm run test:*` and `npm run test *` fit the bare command and any arguments; `*` fits anything elsewhere."""
    if pattern in ("", "*"):
        return True
    if pattern.endswith(":*"):
        pattern = pattern[:-2] + " *"
    tail = ""
    if pattern.endswith(" *"):
        pattern, tail = pattern[:-2], r"(?:\s.*)?"
    body = ".*".join(re.escape(piece).replace(r"\ ", r"\s+") for piece in pattern.split("*"))
    return re.fullmatch(body + tail, text, re.DOTALL) is not None


def _stands_in(pattern: str, command: str) -> bool:
    """Whether the words of `pattern` stand in order in one part of `command`, the first perhaps under a folder.

    A pattern without a star at its end must end where a part ends. Words of quoted text count like all others.
    """
    if _begins(pattern, command):
        return True
    loose = pattern.endswith("*")
    body = pattern.removesuffix("*").removesuffix(":").rstrip() if pattern.endswith((":*", " *")) else pattern
    bare = _LITTER.sub("", _BRACES.sub(lambda place: place[0].replace(",", " "), command))
    texts = _COARSE.split(bare) if loose else _FINE.split(bare)
    if re.search(r"[\"'\\]", command) or _COARSE.search(body):
        texts.append(bare)  # an operator may be text, and what follows it an argument
    # a star inside a word may stand for white space too
    forms = [_words(form) for form in dict.fromkeys((body, body.replace("*", "* *")))]
    return any(_in_order(wanted, _words(text), loose) for wanted in forms for text in texts)


def _words(text: str) -> list[str]:
    return [word for word in _SPACE.split(_LITTER.sub("", text)) if word]


def _in_order(wanted: list[str], words: list[str], loose: bool) -> bool:
    stars = [at for at, word in enumerate(wanted) if set(word) == {"*"}]
    if not loose:  # what follows the last star must end the part
        last = wanted[stars[-1] + 1 :] if stars else wanted
        if len(words) < len(last) or not all(map(_same, last, words[len(words) - len(last) :])):
            return False
        words, wanted = words[: len(words) - len(last)], wanted[: len(wanted) - len(last)]
    rest = iter(words)
    return all(any(_same(word, each) for each in rest) for word in wanted if set(word) != {"*"})


def _same(wanted: str, word: str) -> bool:
    """Whether two words are the same, or name the same program in whatever folder."""
    expression = ".*".join(map(re.escape, wanted.split("*")))
    bare = ".*".join(map(re.escape, wanted.rpartition("/")[2].split("*")))
    if re.fullmatch(expression, word, re.DOTALL):
        return True
    return bool(bare) and re.fullmatch(bare, word.rpartition("/")[2], re.DOTALL) is not None


# --- rules about files


def _touched(rules: list[Rule], command: str, cwd: str, home: str) -> str:
    """The first of these rules about files that a command may break, "" if it can be told that it breaks none."""
    text = _FILE_URL.sub("/", _HOME.sub(lambda _: home, command))
    if _UNTOLD.search(_FILE_URL.sub("file:/", command) if "%" in command else text) or _UNTOLD.search(text):
        return f"{_shown(rules[0])}, as it cannot be told which files the command reads,"
    paths = _paths(text)
    folders = [path for path in paths if os.path.isdir(os.path.join(cwd, _expanded(path, home)))]
    for rule in rules:
        wanted = _wanted(rule[1], rule[2], cwd, home)
        if any(_path_fits(wanted, full) for path in paths for full in _full(path, cwd, home)):
            return _shown(rule)
        if any(_lies_below(wanted, folder, cwd, home) for folder in folders):
            return _shown(rule)
    return ""


def _paths(command: str) -> list[str]:
    """Whatever in a command may be the name of a file."""
    words = [_LITTER.sub("", word) for word in _TOKEN.findall(command)] + _words(command)
    found = dict.fromkeys(words)
    for word in words:
        for place in _JOINTS.finditer(word):
            found[word[place.end() :]] = None
        found.update(dict.fromkeys(_JOINTS.split(word)))
        if word.startswith("-"):
            found.update(dict.fromkeys(word[at:] for at in range(1, _GLUED)))
    if _RECURSIVE & {word.rpartition("/")[2] for word in words} or _searches(words):
        found["."] = None
    return [path for path in found if path]


def _searches(words: list[str]) -> bool:
    """A grep that goes through folders, for which the working directory need not be named."""
    deep = any(re.fullmatch(r"-\w*[rR]\w*|--(?:dereference-)?recursive|--directories.*", word) for word in words)
    names = {word.rpartition("/")[2] for word in words}
    return bool(names & {"grep", "egrep", "fgrep"}) and (deep or "git" in names)


def _expanded(path: str, home: str) -> str:
    return home + path[1:] if path == "~" or path.startswith("~/") else path


def _wanted(pattern: str, folder: str, cwd: str, home: str) -> str:
    """Gitignore-like: `//abs`, `~/home`, `/from the settings' folder`, else anywhere below the working directory."""
    if pattern.startswith("//"):
        return pattern[1:]
    if pattern.startswith("~/"):
        return _expanded(pattern, home)
    if pattern.startswith("/"):
        return folder + pattern
    bare = pattern.removeprefix("./")
    return os.path.join(cwd, bare) if "/" in bare.rstrip("/") else os.path.join(cwd, "**", bare)


def _full(path: str, cwd: str, home: str) -> set[str]:
    full = os.path.normpath(os.path.join(cwd, _expanded(path, home)))
    return {full, os.path.realpath(full)}


def _path_fits(wanted: str, full: str) -> bool:
    expression = re.escape(wanted.rstrip("/"))
    expression = expression.replace(r"/\*\*/", "/(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.fullmatch(expression + "(?:/.*)?", full, re.DOTALL) is not None


def _lies_below(wanted: str, folder: str, cwd: str, home: str) -> bool:
    """Whether files that `wanted` names may lie in `folder` or below it."""
    fixed = wanted.split("*")[0]
    fixed = fixed.rpartition("/")[0] if "*" in wanted else fixed.rstrip("/")
    for each in _full(folder, cwd, home):
        below = each.rstrip("/") + "/"
        if any((root + "/").startswith(below) for root in (fixed, os.path.realpath(fixed))):
            return True
        if "*" in wanted and below.startswith(fixed + "/"):
            return True
    return False
