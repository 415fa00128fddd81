"""Plans built by hand, one for each thing that the nouns can say: the material of the renderer's tests."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agentjit.contract import Contract
from agentjit.piece import (
    Cell,
    Every,
    JsonPath,
    Kind,
    Lines,
    Pattern,
    Ref,
    ShapePiece,
    Text,
    Whole,
)
from agentjit.skill import Need, Plan
from agentjit.step import (
    EditStep,
    Ending,
    Fork,
    Guard,
    Loop,
    Path,
    ReadStep,
    ToolField,
    ToolStep,
    WriteStep,
)
from agentjit.trace import Effect
from tests.compile.plan_notation import FILE, PLACE, VERSION, WORD, argument, bound, param, plan, run, script, step

GIT = Need(kind="program", name="git")
REPOSITORY = Need(kind="repository")


def release() -> Plan:
    """Files read, written and edited; a version out of a project file, transformed."""
    return plan(
        "cut-release",
        "cut a release",
        step("tags", run("git tag --sort=-creatordate"), bound("tag", Cell(column=0, row=0), like=VERSION)),
        step(
            "notes",
            script("git log --oneline {tag}..HEAD | grep -v '^Merge'"),
            bound("changes", Whole(), like=r"(?s).+"),
        ),
        step(
            "edit_init",
            EditStep(
                path=argument("{cwd}/src/app/__init__.py"),
                old=argument('__version__ = "{version}"'),
                new=argument('__version__ = "{version|next_minor}"'),
            ),
            effect=Effect.WRITES_HERE,
            contract=Contract(seen=6),
        ),
        step(
            "write_notes",
            WriteStep(
                path=argument("{cwd}/notes/{version|next_minor}.md"),
                content=argument("# {version|next_minor}, {today|date:%d %B %Y}\n\n{changes}\n"),
                new=True,
            ),
            effect=Effect.WRITES_HERE,
            contract=Contract(seen=6),
        ),
        step("diff", run("git diff --stat")),
        asked=("cwd", "today", "project:pyproject.toml#version"),
        requires=(GIT, REPOSITORY, Need(kind="file", name="src/app/__init__.py")),
    )


def issue() -> Plan:
    """Tools of an MCP server: nested input, a number that varies, constants of every type."""
    fields = (
        ToolField(path=("owner",), type="string", value=argument("acme")),
        ToolField(path=("repo",), type="string", value=argument("{repo}")),
        ToolField(path=("issue_number",), type="integer", value=argument("{issue}")),
    )
    comment = (
        *fields,
        ToolField(path=("body",), type="string", value=argument("Taken up on branch `{issue}-{title|kebab}`.")),
        ToolField(path=("options", "labels", 0), type="string", value=argument("in progress")),
        ToolField(path=("options", "labels", 1), type="string", value=argument("agent")),
        ToolField(path=("options", "notify"), type="boolean", value=argument("false")),
        ToolField(path=("options", "weight"), type="number", value=argument("1.5")),
        ToolField(path=("options", "milestone"), type="null", value=argument("null")),
        ToolField(path=("options", "assignees"), type="array", value=argument("[]")),
    )
    open_ = Contract(seen=6, holds=((JsonPath(path=("state",)), argument("open")),))
    return plan(
        "take-issue",
        "take issue {issue} of {repo}",
        step(
            "issue_text",
            ToolStep(tool="mcp__github__get_issue", fields=fields),
            bound("title", JsonPath(path=("title",)), like=r".+"),
            contract=open_,
        ),
        step("checkout", run("git checkout -b {issue}-{title|kebab}"), effect=Effect.WRITES_HERE),
        step(
            "comment",
            ToolStep(tool="mcp__github__add_issue_comment", fields=comment),
            effect=Effect.WRITES_ELSEWHERE,
            contract=Contract(seen=6),
        ),
        answer="I have taken issue {issue}: {title}.",
        parameters=(
            param("issue", r"[0-9]+", "17", "204", "9"),
            param("repo", WORD, "shop", "bank"),
        ),
        requires=(GIT, REPOSITORY),
    )


def commit() -> Plan:
    """A fork with a hole: a clean tree is an answer, a dirty one is committed with a message only a model can say."""
    clean = Path(
        guard=Guard(of="status", by="empty"),
        seen=2,
        contract=Contract(seen=2, exit_codes=(0,)),
        ending=Ending.ANSWERED,
        answer=argument("There is nothing to commit."),
    )
    dirty = Path(
        guard=Guard(of="status", by="printed"),
        seen=4,
        contract=Contract(seen=4, exit_codes=(0,)),
        bindings=(bound("paths", Cell(column=1), like=FILE, many=True),),
        steps=(
            step("diff", run("git diff HEAD"), contract=Contract(seen=4, exit_codes=(0,))),
            step(
                "add",
                run("git add -- {*paths}"),
                effect=Effect.WRITES_HERE,
                contract=Contract(seen=4, exit_codes=(0,)),
            ),
            step(
                "made",
                run("git commit -m {message}"),
                bound("commit", Pattern(expression=r"^\[\S+ ([0-9a-f]{7,})\]"), like=r"[0-9a-f]{7,64}"),
                effect=Effect.WRITES_HERE,
                contract=Contract(seen=4, exit_codes=(0,)),
            ),
        ),
        ending=Ending.ANSWERED,
        answer=argument("Committed {paths|count} files as {commit}."),
    )
    return plan(
        "commit",
        "commit this",
        step("status", run("git status --porcelain"), contract=Contract(seen=6)),
        fork=Fork(paths=(clean, dirty)),
        parameters=(param("message", r"(?s).+", "Fix the login", "Add a test", hole=True),),
        requires=(GIT, REPOSITORY),
        also=("commit", "commit what you have"),
    )


def formatting() -> Plan:
    """A loop over the files that were changed, and a list given to one command."""
    changed = bound("paths", Lines(), like=r"[A-Za-z0-9_./-]+\.py", many=True)
    loop = Loop(
        over="paths",
        item="path",
        steps=(
            step(
                "fixed",
                run("ruff check --fix {path}"),
                effect=Effect.WRITES_HERE,
                contract=Contract(seen=14, exit_codes=(0,), shape=(Text(text="All checks passed!"),)),
            ),
            step(
                "tested",
                script("pytest -q tests/test_{path|stem}.py 2>&1 | tail -1"),
                effect=Effect.UNKNOWN,
                contract=Contract(seen=14, exit_codes=(0,), calm=True),
            ),
        ),
        most=6,
    )
    return plan(
        "tidy",
        "tidy up what changed",
        step("changed", run("git diff --name-only HEAD"), changed),
        loop,
        step("diff", run("git diff --stat -- {*paths}")),
        answer="Tidied {paths|joined:, }.",
        requires=(GIT, Need(kind="program", name="ruff"), Need(kind="program", name="pytest"), REPOSITORY),
    )


def overview() -> Plan:
    """Three reads at the same time."""
    nodes = Contract(seen=6, exit_codes=(0,), header="NAME STATUS ROLES AGE VERSION", words=((1, ("Ready",)),))
    return plan(
        "cluster-overview",
        "how is {cluster} doing?",
        step(
            "nodes",
            run("kubectl --context {cluster} get nodes"),
            contract=nodes,
        ),
        step(
            "pods", run("kubectl --context {cluster} get pods -A --field-selector=status.phase!=Running"), beside=True
        ),
        step(
            "events",
            script("kubectl --context {cluster} get events -A --sort-by=.lastTimestamp | tail -20"),
            beside=True,
        ),
        parameters=(param("cluster", WORD, "prod", "staging", "lab"),),
        requires=(Need(kind="program", name="kubectl"), Need(kind="program", name="tail")),
        also=("is anything wrong on {cluster}?",),
    )


def incident() -> Plan:
    """Nested forks over exit status and words, with contracts of their own."""
    seen = Contract(seen=3, exit_codes=(1,))
    restarted = Path(
        guard=Guard(of="health", by="says", expression=r"^status: down$"),
        seen=2,
        contract=Contract(
            seen=2, shape=(Text(text="status: down\nsince: "), Kind(expression="[0-9]+"), Text(text="s"))
        ),
        steps=(
            step(
                "restart",
                run("systemctl restart {service}"),
                effect=Effect.WRITES_ELSEWHERE,
                contract=Contract(seen=2, exit_codes=(0,)),
            ),
        ),
        ending=Ending.ANSWERED,
        answer=argument("{service} was down; I restarted it."),
    )
    slow = Path(
        guard=Guard(of="health", by="says", expression=r"^status: degraded$"),
        seen=1,
        contract=Contract(seen=1),
        steps=(step("logs", run("journalctl -u {service} -n 50"), contract=Contract(seen=1, exit_codes=(0,))),),
        ending=Ending.GATHERED,
    )
    bad = Path(
        guard=Guard(of="health", by="exit", codes=(1, 2)),
        seen=3,
        contract=seen,
        fork=Fork(paths=(restarted, slow)),
        ending=Ending.GATHERED,
    )
    good = Path(
        guard=Guard(of="health", by="exit", codes=(0,)),
        seen=3,
        contract=Contract(seen=3, exit_codes=(0,), calm=True),
        ending=Ending.ANSWERED,
        answer=argument("{service} is up."),
    )
    return plan(
        "service-up",
        "is {service} up?",
        step("health", run("./health {service}"), contract=Contract(seen=6, exit_codes=(0, 1, 2))),
        fork=Fork(paths=(good, bad)),
        parameters=(param("service", WORD, "web", "mail"),),
        requires=(Need(kind="file", name="health"), Need(kind="program", name="systemctl")),
    )


def backup() -> Plan:
    """Dates and names made of others, a list in a script behind a value."""
    shape: tuple[ShapePiece, ...] = (
        Kind(expression=r"0*[1-9][0-9]*", low=3, high=40),
        Text(text=" tables, "),
        Kind(expression=r"[0-9]+(?:\.[0-9]+)?", low=0.5, high=812.5),
        Text(text=" MB to backup-"),
        Ref(name="database"),
        Text(text="-"),
        Ref(name="today", by=("date:%Y%m%d",)),
        Text(text=".sql"),
    )
    return plan(
        "back-up",
        "back up {database}",
        step(
            "tables",
            script("psql -d {database} -Atc 'select tablename from pg_tables where schemaname = current_schema()'"),
            bound("tables_", Lines(), like=r"[A-Za-z_][A-Za-z0-9_]*", many=True),
        ),
        step(
            "dumped",
            script("./dump --to backup-{database}-{today|date:%Y%m%d}.sql {database} {*tables_} 2>&1 | tail -1"),
            effect=Effect.UNKNOWN,
            contract=Contract(seen=6, exit_codes=(0,), shape=shape),
        ),
        answer="{tables_|count} tables of {database} are in backup-{database}-{today|date:%Y%m%d}.sql.",
        parameters=(param("database", r"[A-Za-z_][A-Za-z0-9_]*", "shop", "ledger"),),
        asked=("today",),
        requires=(Need(kind="program", name="psql"), Need(kind="file", name="dump")),
    )


def failing() -> Plan:
    """What failed, by name, out of JSON: a list, a loop that reads, an ending for the model."""
    return plan(
        "failing-checks",
        "why does the build of {branch} fail?",
        step(
            "runs",
            run("gh run list --branch {branch} --limit 1 --json databaseId,conclusion"),
            bound("run_id", JsonPath(path=(0, "databaseId")), like=r"0*[1-9][0-9]*"),
            contract=Contract(
                seen=6, exit_codes=(0,), holds=((JsonPath(path=(0, "conclusion")), argument("failure")),)
            ),
        ),
        step(
            "jobs",
            run("gh run view {run_id} --json jobs"),
            bound("failed", JsonPath(path=("jobs", Every(), "databaseId")), like=r"0*[1-9][0-9]*", many=True),
        ),
        Loop(
            over="failed",
            item="job",
            steps=(
                step(
                    "log",
                    script("gh run view --job {job} --log-failed | tail -50"),
                    contract=Contract(seen=9, exit_codes=(0,)),
                ),
            ),
            most=4,
        ),
        parameters=(param("branch", FILE, "main", "fix/login", "feature/pay"),),
        requires=(Need(kind="program", name="gh"), Need(kind="program", name="tail")),
    )


def rename() -> Plan:
    """Where a name stands, and its change in every place of one file."""
    return plan(
        "rename",
        "rename {old} to {new}",
        step(
            "found",
            run("grep -rln -w {old} src"),
            bound("path", Whole(), like=FILE),
        ),
        step("text", ReadStep(path=argument("{cwd}/{path}")), contract=Contract(seen=6)),
        step(
            "edited",
            EditStep(path=argument("{cwd}/{path}"), old=argument("{old}"), new=argument("{new}"), every=True),
            effect=Effect.WRITES_HERE,
            contract=Contract(seen=6),
        ),
        step(
            "tests",
            script("python -m pytest -q tests/test_{path|stem}.py 2>&1 | tail -1"),
            bound("passed", Cell(column=0, row=-1), like=r"0*[1-9][0-9]*"),
            effect=Effect.UNKNOWN,
            contract=Contract(
                seen=6,
                exit_codes=(0,),
                shape=(
                    Ref(name="passed"),
                    Text(text=" passed in "),
                    Kind(expression=r"[0-9]+\.[0-9]+"),
                    Text(text="s"),
                ),
            ),
        ),
        answer="Renamed `{old}` to `{new}` in {path}; {passed} tests pass.",
        parameters=(
            param("old", r"[A-Za-z_][A-Za-z0-9_]*", "load", "parse_all"),
            param("new", r"[A-Za-z_][A-Za-z0-9_]*", "read", "parse"),
        ),
        asked=("cwd",),
    )


def component() -> Plan:
    """A new file from what the prompt said, in the words of the project: a long text with values in it."""
    content = (
        'import React from "react";\nimport styles from "./{name|pascal}.module.css";\n\n'
        "export function {name|pascal}() {\n"
        '  return <section className={styles.root} data-testid="{name|kebab}">{name|pascal}</section>;\n}\n'
    )
    pieces: list[Text | Ref] = []
    for part in re.split(r"(\{name\|\w+\})", content):
        place = PLACE.fullmatch(part)
        pieces.append(Ref(name="name", by=(place[3][1:],)) if place else Text(text=part))
    return plan(
        "new-component",
        "add a component called {name}",
        step(
            "write_component",
            WriteStep(path=argument("{repo}/src/components/{name|pascal}.tsx"), content=tuple(pieces), new=True),
            effect=Effect.WRITES_HERE,
            contract=Contract(seen=6),
        ),
        step(
            "write_style",
            WriteStep(
                path=argument("{repo}/src/components/{name|pascal}.module.css"),
                content=argument(".root {\n}\n"),
                new=True,
            ),
            effect=Effect.WRITES_HERE,
            contract=Contract(seen=6),
            beside=True,
        ),
        step("lint", run("npm run lint --silent"), effect=Effect.UNKNOWN, contract=Contract(seen=6, exit_codes=(0,))),
        answer="`{name|pascal}` is in src/components.",
        parameters=(param("name", WORD, "login-form", "price-tag"),),
        asked=("repo",),
        requires=(Need(kind="program", name="npm"), REPOSITORY),
    )


def who() -> Plan:
    """The environment: who, where, which branch, and a variable that is a secret."""
    return plan(
        "whoami",
        "who am I here?",
        step(
            "account",
            script('curl -s -H "Authorization: Bearer "{API_TOKEN} https://api.example.org/me'),
            bound("login", JsonPath(path=("login",)), like=WORD),
            contract=Contract(seen=6, exit_codes=(0,), calm=True),
        ),
        answer="You are {login} there, {user} here and {email} to git, on {branch} of {remote}.",
        asked=("user", "email", "branch", "remote", "$API_TOKEN"),
        requires=(Need(kind="program", name="curl"), REPOSITORY),
    )


def review() -> Plan:
    """A reply that only a model can write is needed in the last of five steps, and at the end."""
    pull = ToolField(path=("pull_number",), type="integer", value=argument("{number}"))
    return plan(
        "review",
        "review pull request {number}",
        step("pull", ToolStep(tool="mcp__github__get_pull_request", fields=(pull,)), contract=Contract(seen=6)),
        step(
            "files",
            ToolStep(tool="mcp__github__get_pull_request_files", fields=(pull,)),
            contract=Contract(seen=6),
            beside=True,
        ),
        step("fetched", run("git fetch origin pull/{number}/head"), effect=Effect.WRITES_HERE),
        step("diff", run("git diff main...FETCH_HEAD")),
        step(
            "reviewed",
            ToolStep(
                tool="mcp__github__create_pull_request_review",
                fields=(
                    pull,
                    ToolField(path=("event",), type="string", value=argument("COMMENT")),
                    ToolField(path=("body",), type="string", value=argument("{reply}")),
                ),
            ),
            effect=Effect.WRITES_ELSEWHERE,
            contract=Contract(seen=5),
        ),
        answer="{reply}",
        parameters=(
            param("number", r"[0-9]+", "12", "407"),
            param("reply", r"(?s).+", hole=True),
        ),
        requires=(GIT, REPOSITORY),
    )


PLANS: Mapping[str, Plan] = {
    made.__name__: made()
    for made in (
        *(release, issue, commit, formatting, overview, incident, backup, failing, rename, component, who, review),
    )
}
