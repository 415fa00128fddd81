#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import Param, answer, bash, ensure, extract, json_path, literal, main, on_path, pattern, shell, skill


@skill(
    "trace-request",
    params={"name": Param(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=["r-1001", "r-2002", "r-3003", "r-4004", "r-5005"])},
    requires=[on_path("grep"), on_path("tail"), on_path("cat")],
)
def trace_request(name):
    """`trace request {name}`, compiled from 5 runs in 5 sessions."""
    gateway_log = yield bash("grep", name, "gateway.log")  # reads
    ensure(gateway_log, exit_code=0)
    upstream = extract(gateway_log.stdout, pattern(r"(?<!\w)upstream=(\S+)"), kind=r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
    ensure(
        gateway_log,
        shape=(
            rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} INFO req={literal(name)} upstream={literal(upstream)} "
            r"took=0*[1-9][0-9]*ms"
        ),
    )
    grep = yield shell('grep "$1" "$2".log | tail -1', name, upstream)  # reads
    ensure(grep, exit_code=0, lines=1)
    trace = extract(grep.stdout, pattern(r"(?<!\w)trace=(\S+)"), kind=r"[A-Za-z0-9][A-Za-z0-9_.-]*")
    ensure(grep, says=[rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} ERROR req={literal(name)} trace={literal(trace)} .+"])
    cat = yield bash("cat", f"traces/{trace}.json")  # reads
    ensure(cat, exit_code=0, form={"trace": trace, "root": {"span": str, "cause": str}})
    cause = extract(cat.stdout, json_path("root", "cause"), kind=r".+")
    span = extract(cat.stdout, json_path("root", "span"), kind=r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
    return answer(f"Request {name} failed in {upstream}: {cause} (span {span})")


if __name__ == "__main__":
    raise SystemExit(main(trace_request))
