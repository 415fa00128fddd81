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
    {"service": "checkout", "ns": "staging", "hash": "6d4f-x1", "x": "a1", "n": "7", "cause": "no route to db", "more": ""},
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
$ curl -s 'http://127.0.0.1:8080/users?name={user}'
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
