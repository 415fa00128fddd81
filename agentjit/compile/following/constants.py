"""Values of the prompt that happened to be the same on one path: still the prompt's, not constants."""

from __future__ import annotations

from agentjit.compile.explaining.explain import occurrences
from agentjit.compile.following.build import Build, Draft
from agentjit.errors import NotCompilable
from agentjit.piece import Argument, Piece, Ref, Text
from agentjit.step import AnyCall, BashStep, EditStep, ReadStep, Spread, WriteStep


def fixed(build: Build) -> dict[str, str]:
    """What varies over all traces and is the same in those of this group: value -> name, the longest first."""
    found = {}
    for name in build.shared.varying:
        values = set(build.values.sources.get(name, ()))
        if len(values) == 1 and (value := values.pop()):
            found[value] = name
    return dict(sorted(found.items(), key=lambda each: -len(each[0])))


def generalised(build: Build) -> None:
    """Put names for such values into the newest step; `NotCompilable` where a script has no room for one."""
    known = fixed(build)
    last = build.drafts[-1] if build.drafts else None
    if not known or last is None:
        return
    if not isinstance(last, Draft):
        for draft in last.drafts:
            _none(draft.call, known)
        return
    call = _call(last.call, known, build)
    made = Draft(last.aligned, call, last.effect)
    build.drafts[-1] = build.owners[-1] = made


def _call(call: AnyCall, known: dict[str, str], build: Build) -> AnyCall:
    if isinstance(call, BashStep):
        argv = (each if isinstance(each, Spread) else named(each, known, build) for each in call.argv)
        return BashStep(argv=tuple(argv))
    if isinstance(call, ReadStep):
        return call.model_copy(update={"path": named(call.path, known, build)})
    if isinstance(call, WriteStep):
        given = {"path": named(call.path, known, build), "content": named(call.content, known, build)}
        return call.model_copy(update=given)
    if isinstance(call, EditStep):
        fields = {key: named(getattr(call, key), known, build) for key in ("path", "old", "new")}
        return call.model_copy(update=fields)
    _none(call, known)
    return call


def _none(call: AnyCall, known: dict[str, str]) -> None:
    text = call.model_dump_json()
    for value, name in known.items():
        if occurrences(text, value):
            raise NotCompilable(f"on one path {{{name}}} was always {value}: whether that matters is not known")


def named(argument: Argument, known: dict[str, str], build: Build) -> Argument:
    """The argument with names where its constants are such values."""
    pieces: list[Piece] = []
    for piece in argument:
        pieces += _split(piece.text, known, build) if isinstance(piece, Text) else [piece]
    return tuple(pieces)


def _split(text: str, known: dict[str, str], build: Build) -> list[Piece]:
    for value, name in known.items():
        if places := occurrences(text, value):
            build.values.used.add(name)
            before, after = text[: places[0]], text[places[0] + len(value) :]
            return [*_split(before, known, build), Ref(name=name), *_split(after, known, build)]
    return [Text(text=text)] if text else []
