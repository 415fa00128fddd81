"""`aj backtest`: what AgentJIT would have done with one's history, and what it would have been worth."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from agentjit.backtest.compare import Backtest, backtest
from agentjit.backtest.report import Fate, Ran, Score, Walked
from agentjit.cli.fresh import home, try_drained
from agentjit.cli.terminal import as_json, bar, console, counted, line, local, print_json, print_table
from agentjit.data import folder
from agentjit.errors import BadInput
from agentjit.home import Home
from agentjit.observe.importer import import_paths
from agentjit.store import Store
from agentjit.trace import Episode

_RULES = 10  # shown without --verbose
_WHEN = {
    "prompt": "at the prompt {}",
    "anywhere": "at the prompt {} in any project",
    "skill": "the skill for {}",
    "told": "where a command or a sub-agent's order is {}",
    "after": "after {}",
    "opening": "when {}",
}
_QUOTED = ("prompt", "anywhere", "skill", "told")
_NAMES = {
    "last_prompt": "last identical prompt",
    "next_call_1": "usual call after 1",
    "next_call_2": "usual call after 2",
    "next_call_3": "usual call after 3",
    "ngram_replay": "n-gram replay",
}
_PROJECT = 28  # characters of a project's name


@click.command("backtest")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("-v", "--verbose", is_flag=True, help="Say for every episode what would have been run, and when.")
@as_json
def command(paths: tuple[Path, ...], verbose: bool, as_json: bool) -> None:
    """Walk through your history in time order and say what AgentJIT would have saved, learning only from the past.

    The history is what was recorded and imported, or else the transcripts at PATHS, which are not kept. Nothing is run:
    a call counts as saved if the model made it later and nothing written in between could have changed its result.

    \b
    Example:  aj backtest
              aj backtest ~/.claude/projects --json | jq .precision
    """
    for path in paths:
        if not os.path.lexists(path):
            raise BadInput(f"{path} does not exist; give a transcript or a folder of them")
    episodes = _read(paths) if paths else _recorded()
    with bar("walking") as progress:
        found = backtest(episodes, str(folder("skills_templates")), progress)
    if as_json:
        print_json(_figures(found, episodes, verbose))
    elif not episodes:
        click.echo("There is no history yet. `aj import` loads past sessions; new ones are recorded as you work.")
    else:
        _print(found, episodes, verbose)


def _recorded() -> list[Episode]:
    where = home()
    try_drained(where)
    with Store.open(where, write=False) as store:
        return store.episodes()


def _read(paths: Sequence[Path]) -> list[Episode]:
    """The episodes of transcripts, read by way of a home that is gone afterwards."""
    with _terminable(), tempfile.TemporaryDirectory(prefix="aj-backtest-") as root:
        where = Home(root)
        where.ensure()
        with bar("reading") as progress:
            done = import_paths(where, list(paths), os.environ, progress=progress)
        if not (done.files or done.unchanged):
            raise BadInput(f"no transcripts at {', '.join(map(str, paths))}; `aj import --help` says whose can be read")
        with Store.open(where, write=False) as store:
            return store.episodes()


@contextmanager
def _terminable() -> Iterator[None]:
    """While it lasts, who ends this program by a signal ends it tidily: nothing of a history is left behind."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _figures(found: Backtest, episodes: Sequence[Episode], verbose: bool) -> dict[str, object]:
    own = found.own
    figures: dict[str, object] = {
        **own.total.figures(),
        "baselines": {name: walked.total.figures() for name, walked in found.baselines.items()},
        "by_hotspot": [rule.figures() for rule in own.rules()],
        "by_project": [{"project": name, **score.figures()} for name, score in _projects(own)],
        "with_checks": {
            **found.approved.total.figures(),
            "by_hotspot": [rule.figures() for rule in found.approved.rules()],
            "by_project": [{"project": name, **score.figures()} for name, score in _projects(found.approved)],
        },
    }
    if verbose:
        figures["log"] = [
            {"episode": each.episode, "before_call": each.at, "ran": each.text, "kind": each.kind, "when": each.rule}
            | {"fate": each.fate}
            for each in own.ran
        ]
    return figures


def _projects(walked: Walked) -> list[tuple[str, Score]]:
    return sorted(walked.projects.items(), key=lambda item: (-item[1].calls, item[0]))


def _print(found: Backtest, episodes: Sequence[Episode], verbose: bool) -> None:
    total, approved = found.own.total, found.approved.total
    first, last = min(each.at for each in episodes), max(each.at for each in episodes)
    projects = counted(len(found.own.projects), "project")
    out = console()
    out.print(
        f"{counted(total.episodes, 'episode')}, {counted(total.calls, 'call')} in {projects},"
        f" {local(first)[:10]} to {local(last)[:10]}."
    )
    out.print(
        f"{_percent(total.ceiling_calls, total.calls)} of the calls repeat, word for word, what two or more earlier"
        f" sessions had done; {_percent(total.ceiling_reads, total.calls)} repeat and only read."
    )
    click.echo()
    rows = [("AgentJIT", total), ("AgentJIT, with checks", approved)]
    rows += [(_NAMES[name], walked.total) for name, walked in found.baselines.items()]
    print_table(
        ("WHAT RUNS", "RUN", "SAVED", "WASTED", "WRITES", "PRECISION", "OF CALLS", "TURNS"),
        [
            (
                name,
                str(score.fired),
                str(score.saved),
                str(score.wasted),
                str(score.wrong_writes),
                _percent(score.saved, score.saved + score.wasted),
                _percent(score.calls_saved, score.calls),
                str(score.turns_saved),
            )
            for name, score in rows
        ],
    )
    out.print("WRITES: run, could have changed something, and were not asked for. TURNS: model requests not needed.")
    click.echo()
    _print_worth(total)
    _print_rules("What AgentJIT would have run", found.own, verbose)
    _print_rules(
        "With your checks approved (tests, linters, builds that are run again and again)", found.approved, verbose
    )
    if len(found.own.projects) > 1:
        _print_projects(found)
    if verbose:
        _print_log(found.own.ran, episodes)


def _print_worth(total: Score) -> None:
    """What the saved turns would have cost, in a sentence."""
    if not total.fired:
        return
    out = console()
    turns = counted(total.turns_saved, "model request")
    worth = f"That is {turns} fewer, {_tokens(total.tokens_saved)} and {total.seconds_saved:.0f} s;"
    out.print(f"{worth} what was run in vain would have cost {_tokens(total.tokens_wasted)}.")
    if total.answered:
        wrong = f", {total.wrong_answers} of them in other words than the model's" if total.wrong_answers else ""
        out.print(f"{counted(total.answered, 'prompt')} would have been answered without the model{wrong}.")


def _print_rules(title: str, walked: Walked, verbose: bool) -> None:
    rules = walked.rules()
    if not rules:
        return
    click.echo(f"\n{title}:")
    for rule in rules if verbose else rules[:_RULES]:
        runs = ", ".join(line(text)[:80] for text, _ in rule.runs.most_common(4))
        saved = rule.fates[Fate.SAVED]
        quoted = f"“{line(rule.when)[:80]}”"
        when = _WHEN.get(rule.kind, "{}").format(quoted if rule.kind in _QUOTED else line(rule.when)[:100])
        console().print(f"  {when}: {runs}  ({saved} of {rule.fates.total()} were wanted)")
    if not verbose and len(rules) > _RULES:
        click.echo(f"  … and {len(rules) - _RULES} more: aj backtest --verbose")


def _print_projects(found: Backtest) -> None:
    click.echo()
    print_table(
        ("PROJECT", "CALLS", "REPEAT", "RUN", "SAVED", "WASTED", "CHECKS: SAVED", "WASTED"),
        [
            (
                _short(name),
                str(score.calls),
                _percent(score.ceiling_calls, score.calls),
                str(score.fired),
                str(score.saved),
                str(score.wasted),
                str(found.approved.projects[name].saved),
                str(found.approved.projects[name].wasted),
            )
            for name, score in _projects(found.own)
            if score.calls
        ],
    )


def _short(project: str) -> str:
    """A folder's last parts, as many as fit into a narrow table."""
    if not project:
        return "(unknown)"
    return project if len(project) <= _PROJECT else f"…{project[1 - _PROJECT :]}"


def _print_log(ran: Iterable[Ran], episodes: Sequence[Episode]) -> None:
    known = {episode.id: episode for episode in episodes}
    last = ""
    for each in ran:
        if each.episode != last:
            episode = known[each.episode]
            console().print(f"\n{local(episode.at)}  {line(episode.prompt)[:100]}", style="bold")
            last = each.episode
        when = "at the prompt" if each.at == 0 else f"after call {each.at}"
        console().print(f"    {when}: {line(each.text)[:100]}  ({each.fate})")


def _tokens(count: float) -> str:
    return "1 token" if round(count) == 1 else f"{count:,.0f} tokens"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
