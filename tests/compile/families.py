"""Workflow families with what each should become: the material of the compiler's tests."""

from __future__ import annotations

from agentjit.trace import Episode
from tests.support.notation import repeat

PODS = """
> why is {service} crashing in {ns}?
$ kubectl get pods -n {ns}
| NAME                     READY   STATUS             RESTARTS   AGE
| web-{x}-77c              1/1     Running            0          4d
| {service}-{hash}         0/1     CrashLoopBackOff   {n}         2h
{more}
$ kubectl logs {service}-{hash} -n {ns} --tail=20
| starting {service}
| fatal: {cause}
< {service}-{hash} is crashing: fatal: {cause}
"""

_PODS = [
    {
        "service": "checkout",
        "ns": "staging",
        "hash": "6d4f-x1",
        "x": "a1",
        "n": "7",
        "cause": "no route to db",
        "more": "",
    },
    {"service": "billing", "ns": "prod", "hash": "99ab-kk", "x": "b7", "n": "12", "cause": "bad token", "more": ""},
    {"service": "search", "ns": "dev", "hash": "01cd-zz", "x": "c3", "n": "3", "cause": "out of disk", "more": ""},
    {
        "service": "cart",
        "ns": "qa",
        "hash": "5e5e-qq",
        "x": "d9",
        "n": "44",
        "cause": "config missing",
        "more": "| api-55 1/1 Running 0 9d",
    },
    {"service": "mail", "ns": "lab", "hash": "7777-m0", "x": "e2", "n": "1", "cause": "smtp refused", "more": ""},
]


def pods(count: int = 5) -> list[Episode]:
    """Triage of a crashing pod: its name comes out of a table."""
    return repeat(PODS, *_PODS[:count])


USERS = """
> how many open orders does {user} have?
$ curl -s http://127.0.0.1:8080/users?name={user}
| {"items": [{"id": "{id}", "name": "{user}", "status": "active"}]}
$ curl -s http://127.0.0.1:8080/users/{id}/orders
| {"user": "{id}", "open": {open}, "currency": "EUR"}
< {user} has {open} open orders.
"""

_USERS = [
    {"user": "alice", "id": "u-1042", "open": "3"},
    {"user": "bob", "id": "u-77", "open": "12"},
    {"user": "carol", "id": "u-9000", "open": "1"},
    {"user": "dave", "id": "u-5", "open": "27"},
    {"user": "erin", "id": "u-311", "open": "8"},
]


def users(count: int = 5) -> list[Episode]:
    """A REST lookup: an id comes out of JSON."""
    return repeat(USERS, *_USERS[:count])


CHECKS = """
> run the checks
$ ./check-style
| style: {files} files clean
$ ./unit-tests 2>&1 | tail -3
| ran {tests} tests in {time} s
| OK
< All checks pass: {tests} tests.
"""

_CHECKS = [
    {"files": "12", "tests": "40", "time": "0.31"},
    {"files": "12", "tests": "41", "time": "0.29"},
    {"files": "13", "tests": "44", "time": "1.02"},
    {"files": "15", "tests": "44", "time": "0.40"},
    {"files": "15", "tests": "52", "time": "0.33"},
]


def checks(count: int = 5) -> list[Episode]:
    """Constant commands of unknown effect."""
    return repeat(CHECKS, *_CHECKS[:count])


DEPLOYS = """
# {cwd}
> deploy {service} to {env}
$ cd {cwd} && ./deploy.sh --service {service} --env {env} > deploy.log 2>&1; tail -1 deploy.log
| deployed {service} as release {release}
$ curl -s "http://127.0.0.1:9000/releases/{release}" | grep -o 'state=[a-z]*'
| state=live
< {service} is live on {env} as release {release}.
"""

_DEPLOYS = [
    {"cwd": "/home/a/shop", "service": "web", "env": "prod", "release": "r-100"},
    {"cwd": "/home/a/shop", "service": "api", "env": "staging", "release": "r-101"},
    {"cwd": "/home/a/bank", "service": "ledger", "env": "prod", "release": "r-7"},
    {"cwd": "/home/a/mail", "service": "relay", "env": "qa", "release": "r-5512"},
    {"cwd": "/home/a/mail", "service": "spam", "env": "prod", "release": "r-9"},
]


def deploys(count: int = 5) -> list[Episode]:
    """A script with values in redirected lists, the working directory inside a word, a release number from a text."""
    return repeat(DEPLOYS, *_DEPLOYS[:count])


READS = """
# {cwd}
> what is the version of {name}?
@ {cwd}/{name}/VERSION
| {version}
< {name} is at {version}.
"""

_READS = [
    {"cwd": f"/srv/w{i}", "name": name, "version": version}
    for i, (name, version) in enumerate(
        [("web", "1.2.3"), ("api", "2.0.0"), ("relay", "0.9.12"), ("spam", "11.4.0"), ("cart", "3.3.3")]
    )
]


def reads(count: int = 5) -> list[Episode]:
    """A file read with the agent's own tool, found from the working directory."""
    return repeat(READS, *_READS[:count])


PIPELINE = """
> how many {level} lines does {service} have?
$ grep -h 'level={level}' "logs/{service}.log" | wc -l
| {n}
< {n}
"""

_PIPELINE = [
    {"level": "error", "service": "web", "n": "12"},
    {"level": "warn", "service": "api", "n": "7"},
    {"level": "info", "service": "relay", "n": "1200"},
    {"level": "error", "service": "cart", "n": "3"},
    {"level": "debug", "service": "web", "n": "44"},
]


def pipeline(count: int = 5) -> list[Episode]:
    """Values inside quoted words of a pipeline."""
    return repeat(PIPELINE, *_PIPELINE[:count])


BRANCHES = """
> who touched {file} last?
$ git log -1 --format='%an <%ae>' -- {file}
| {author} <{mail}>
< {author} ({mail})
"""

_BRANCHES = [
    {"file": "src/app.py", "author": "Ann Lee", "mail": "ann@example.org"},
    {"file": "README.md", "author": "Bo", "mail": "bo@example.org"},
    {"file": "docs/a/b.md", "author": "Cy Young", "mail": "cy.y@example.com"},
    {"file": "Makefile", "author": "Di", "mail": "di@example.net"},
    {"file": "tests/test_x.py", "author": "Ed Poe", "mail": "ed@example.org"},
]


def branches(count: int = 5) -> list[Episode]:
    """An answer that takes a line apart: more than the finders know, so the model concludes."""
    return repeat(BRANCHES, *_BRANCHES[:count])


HEALTH = """
> is {s} healthy on {e}?
$ curl -s http://127.0.0.1:9/{e}/{s}/health
| {"status": "ok", "version": "{v}", "uptime": {u}}
< {s} is healthy on {e} (version {v}).
"""

_HEALTH = [
    {"s": "web", "e": "prod", "v": "1.2.3", "u": "100"},
    {"s": "api", "e": "prod", "v": "2.0.0", "u": "55"},
    {"s": "cart", "e": "staging", "v": "0.1.9", "u": "7"},
    {"s": "web", "e": "qa", "v": "1.2.4", "u": "8812"},
    {"s": "mail", "e": "dev", "v": "3.3.0", "u": "1"},
]


def health(count: int = 5) -> list[Episode]:
    """JSON that must say `ok`."""
    return repeat(HEALTH, *_HEALTH[:count])


FENCE = """
> top errors in {f}
$ grep -o 'code=[0-9]*' logs/{f}.log | sort | uniq -c | sort -rn | head -3
|       {a} code=500
|       {b} code=404
< Top errors in `{f}`:
<
< ```
< {a} code=500
<       {b} code=404
< ```
"""

_FENCE = [
    {"f": "web", "a": "12", "b": "5"},
    {"f": "api", "a": "99", "b": "33"},
    {"f": "cart", "a": "7", "b": "2"},
    {"f": "mail", "a": "41", "b": "40"},
    {"f": "spam", "a": "6", "b": "3"},
]


def fence(count: int = 5) -> list[Episode]:
    """An output quoted whole, in a code fence."""
    return repeat(FENCE, *_FENCE[:count])


RESTARTS = """
> restart count of {p} in {n}
$ kubectl get pods -n {n}
| NAME   READY   STATUS    RESTARTS      AGE
| {p}-1  1/1     Running   {r} (2m ago)  3d
| zed-9  1/1     Running   0             3d
< {p}-1 has restarted {r} times.
"""

_RESTARTS = [
    {"p": "web", "n": "a", "r": "5"},
    {"p": "api", "n": "b", "r": "7"},
    {"p": "cart", "n": "c", "r": "12"},
    {"p": "mail", "n": "d", "r": "3"},
    {"p": "spam", "n": "e", "r": "9"},
]


def restarts(count: int = 5) -> list[Episode]:
    """A row found by how its first cell begins."""
    return repeat(RESTARTS, *_RESTARTS[:count])


THREEHOP = """
> trace request {r}
$ grep {r} gateway.log
| 2026-01-0{d} INFO req={r} upstream={u} took={ms}ms
$ grep {r} {u}.log | tail -1
| 2026-01-0{d} ERROR req={r} trace={t} {msg}
$ cat traces/{t}.json
| {"trace": "{t}", "root": {"span": "{sp}", "cause": "{msg}"}}
< Request {r} failed in {u}: {msg} (span {sp})
"""

_THREEHOP = [
    {"r": "r-1001", "d": "1", "u": "pay", "ms": "31", "t": "ab12", "msg": "card declined", "sp": "s1"},
    {"r": "r-2002", "d": "2", "u": "ship", "ms": "77", "t": "cd34", "msg": "no route", "sp": "s22"},
    {"r": "r-3003", "d": "3", "u": "pay", "ms": "12", "t": "ef56", "msg": "timeout after retry", "sp": "s9"},
    {"r": "r-4004", "d": "4", "u": "mail", "ms": "5", "t": "0a9b", "msg": "relay refused", "sp": "s40"},
    {"r": "r-5005", "d": "5", "u": "cart", "ms": "900", "t": "77cc", "msg": "lock lost", "sp": "s5"},
]


def threehop(count: int = 5) -> list[Episode]:
    """Three commands, each fed by the one before; an answer of several values, one of them a phrase."""
    return repeat(THREEHOP, *_THREEHOP[:count])
