"""The catalogue of what programs change: `effects.json` and a user's own files over it, read once.

A file is `{"programs": {NAMES: RULE}, "environment": {…}, "tools": {TOOL: EFFECT}, "reach": {REACH: NAMES}}`; NAMES are
separated by blanks.
RULE is an effect (`"reads"`, `"writes-here"`, `"writes-elsewhere"`, `"unknown"`, or `"paths"`: it writes its operands)
or an object of the fields of `Rule`, where a list of names is one string, and `verdicts` maps an effect to its flags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from agentjit.errors import BadInput
from agentjit.trace import Effect, Reach

PATH = "path"
"""Verdict on a flag: the file it names is written."""
DIRECTORY = "directory"
"""Verdict on a flag: the program works in the directory it names."""
_PATHS = "paths"
_VERDICTS = frozenset((*Effect, PATH, DIRECTORY))


@dataclass(frozen=True, slots=True)
class Rule:
    """What is known of a program or a subcommand. With `flags`, a flag not named anywhere makes the call unknown.

    `values` take a value, `glued` may have one in the same word, `verdicts` say what a flag does; `needs`: one of these
    flags must be there, or the call is unknown. `operands` is how many words that are no flags it may have, `pattern`
    what each must look like, `first` what the first word must look like. `only` are whole argument lists that read,
    whatever the rest says. `posix`: the first operand ends the flags; `single`: one dash begins a long flag. `runs`:
    it runs its words from that operand on. `check` names a function of `effects.py`; `inherit`: subcommands take its
    flags. `via` are flags whose value is a program that runs the words after it (`python -m`).
    """

    effect: Effect = Effect.READS
    paths: bool = False
    flags: frozenset[str] | None = None
    values: frozenset[str] = frozenset()
    glued: frozenset[str] = frozenset()
    verdicts: Mapping[str, str] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()
    operands: int | None = None
    pattern: re.Pattern[str] | None = None
    first: re.Pattern[str] | None = None
    only: frozenset[tuple[str, ...]] = frozenset()
    posix: bool = False
    single: bool = False
    runs: int | None = None
    via: frozenset[str] = frozenset()
    check: str = ""
    inherit: bool = False
    subcommands: Mapping[str, Rule] = field(default_factory=dict)

    @property
    def guarded(self) -> bool:
        """Whether a word nobody can read might be a flag that matters."""
        return self.flags is not None or bool(self.verdicts)

    def known(self, flag: str) -> bool:
        return flag in self.values or flag in self.glued or (self.flags is not None and flag in self.flags)

    def subcommand(self, name: str) -> Rule | None:
        """The rule for `name`; keys written `/…/` are regular expressions, tried last."""
        if name in self.subcommands:
            return self.subcommands[name]
        patterns = ((key[1:-1], rule) for key, rule in self.subcommands.items() if key.startswith("/"))
        return next((rule for pattern, rule in patterns if re.fullmatch(pattern, name)), None)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rules. `harmless` and `harmless_values` are about environment variables, `tools` about other tools than Bash.

    `levels`: how many words after a program name what it does (`gh pr view`: 2), by program or `program-subcommand`.
    `names`: flags whose value says what is done (`tox -e lint`), by program. `reach`: how far a program or a tool looks
    that only reads, by program, `program-subcommand` or `program:--flag`; ANYWHERE for all others. `doing` are verbs:
    an address with one of them in it may act when it is fetched.
    """

    programs: Mapping[str, Rule]
    harmless: re.Pattern[str]
    harmless_values: Mapping[str, frozenset[str]]
    tools: Mapping[str, str]
    levels: Mapping[str, int]
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reach: Mapping[str, Reach] = field(default_factory=dict)
    doing: frozenset[str] = frozenset()


def load(*paths: Path) -> Catalogue:
    """The built-in catalogue with the files `paths` merged over it, later ones last; `BadInput` names a wrong file."""
    raw: dict[str, Any] = json.loads(resources.files("agentjit.detect").joinpath("effects.json").read_text("utf-8"))
    raw["programs"], raw["reach"] = split_names(raw["programs"]), _by_name(raw["reach"])
    for path in paths:
        try:
            extra = json.loads(path.read_text("utf-8"))
            extra["programs"], extra["reach"] = split_names(extra.get("programs", {})), _by_name(extra.get("reach", {}))
            raw = merged(raw, extra)
            _catalogue(raw)
        except (OSError, ValueError, TypeError, AttributeError, KeyError, re.error) as error:
            raise BadInput(f"{path} is not a catalogue of effects: {error}; mend it or move it away") from error
    return _catalogue(raw)


@cache
def built_in() -> Catalogue:
    """The catalogue that comes with AgentJIT."""
    return load()


def split_names(programs: Mapping[str, Any]) -> dict[str, Any]:
    """An entry for each of the names that share one, separated by blanks."""
    return {name: rule for names, rule in programs.items() for name in names.split()}


def _by_name(reach: Mapping[str, str]) -> dict[str, str]:
    return {name: how for how, names in reach.items() for name in names.split()}


def merged(under: Any, over: Any) -> Any:
    """`over` laid over `under`, object by object; anything else of `over` wins."""
    if isinstance(under, dict) and isinstance(over, dict):
        return {**under, **{key: merged(under.get(key), value) for key, value in over.items()}}
    return over


def _catalogue(raw: Mapping[str, Any]) -> Catalogue:
    if unknown := set(raw) - {"about", "programs", "environment", "tools", "levels", "names", "reach", "doing"}:
        raise ValueError(f"no such part: {', '.join(sorted(unknown))}")
    environment = raw["environment"]
    harmless = re.compile(environment["harmless"])
    values = {name: frozenset(map(str, allowed)) for name, allowed in environment["values"].items()}
    for effect in raw["tools"].values():
        if not effect.startswith("path:"):
            Effect(effect)  # raises for a word that is none
    programs = {name: _rule(rule) for name, rule in raw["programs"].items()}
    levels = {name: int(level) for name, level in split_names(raw["levels"]).items()}
    names = {name: frozenset(flags.split()) for name, flags in split_names(raw["names"]).items()}
    reach = {name: Reach(how) for name, how in raw["reach"].items()}
    doing = frozenset(raw["doing"].split())
    return Catalogue(programs, harmless, values, dict(raw["tools"]), levels, names, reach, doing)


def _rule(raw: Any) -> Rule:
    if isinstance(raw, str):
        raw = {"effect": raw}
    if unknown := set(raw) - set(Rule.__dataclass_fields__) - {"about"}:
        raise ValueError(f"no such field of a rule: {', '.join(sorted(unknown))}")
    effect = raw.get("effect", "reads")
    listed = ("values", "glued", "needs", "via")
    fields: dict[str, Any] = {name: frozenset(raw.get(name, "").split()) for name in listed}
    fields |= {name: re.compile(raw[name], re.DOTALL) for name in ("pattern", "first") if name in raw}
    fields |= {name: bool(raw[name]) for name in ("posix", "single", "inherit") if name in raw}
    fields |= {name: int(raw[name]) for name in ("operands", "runs") if name in raw}
    rule = Rule(
        effect=Effect.WRITES_HERE if effect == _PATHS else Effect(effect),
        paths=effect == _PATHS,
        flags=frozenset(raw["flags"].split()) if "flags" in raw else None,
        verdicts=_verdicts(raw.get("verdicts", {})),
        only=frozenset(tuple(words.split()) for words in raw.get("only", ())),
        check=str(raw.get("check", "")),
        **fields,
    )
    inner = {name: _rule(inner) for name, inner in split_names(raw.get("subcommands", {})).items()}
    if rule.inherit:
        inner = {name: _inheriting(inner_rule, rule) for name, inner_rule in inner.items()}
    return replace(rule, subcommands=inner)


def _verdicts(raw: Mapping[str, str]) -> dict[str, str]:
    if unknown := set(raw) - _VERDICTS:
        raise ValueError(f"no such verdict: {', '.join(sorted(unknown))}")
    return {flag: verdict for verdict, flags in raw.items() for flag in flags.split()}


def _inheriting(rule: Rule, parent: Rule) -> Rule:
    """`rule` with the flags of its parent, which may stand behind the subcommand too; a flag of its own wins."""
    values = parent.values - (rule.flags or frozenset())
    flags = rule.flags
    if parent.flags is not None and rule.effect is Effect.READS:
        flags = (rule.flags or frozenset()) | parent.flags
    verdicts = {**parent.verdicts, **rule.verdicts}
    inner = {name: _inheriting(inner, parent) for name, inner in rule.subcommands.items()}
    return replace(rule, values=rule.values | values, flags=flags, verdicts=verdicts, subcommands=inner)
