#!/usr/bin/env python3
"""trace-request: trace request {name}"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import (  # noqa: E402
    Param,
    answer,
    bash,
    ensure,
    extract,
    json_keys,
    json_path,
    literal,
    main,
    on_path,
    pattern,
    shell,
    skill,
)


@skill(
    "trace-request",
    params={
        "name": Param(
            r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
            seen=["r-1001", "r-2002", "r-3003", "r-4004", "r-5005"],
        ),
    },
    requires=[on_path("grep"), on_path("tail"), on_path("cat")],
)
def trace_request(name):
    """`trace request {name}`, compiled from 5 runs in 5 sessions."""
    gateway_log = yield bash("grep", name, "gateway.log")  # reads
    ensure(gateway_log, exit_code=0, seen=5)
    upstream = extract(
        gateway_log.stdout,
        pattern(r"(?<!\w)upstream=(\S+)"),
        kind=r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
        seen=5,
    )
    ensure(
        gateway_log,
        shape=rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} INFO req={literal(name)} upstream={literal(upstream)} took=0*[1-9][0-9]*ms",
        seen=5,
    )
    grep = yield shell('grep "$1" "$2".log | tail -1', name, upstream)  # reads
    ensure(grep, exit_code=0, seen=5)
    trace = extract(grep.stdout, pattern(r"(?<!\w)trace=(\S+)"), kind=r"[A-Za-z0-9][A-Za-z0-9_.-]*", seen=5)
    cat = yield bash("cat", f"traces/{trace}.json")  # reads
    ensure(
        cat,
        exit_code=0,
        holds=[(json_keys(), "root,trace"), (json_keys("root"), "cause,span"), (json_path("trace"), trace)],
        seen=5,
    )
    cause = extract(cat.stdout, json_path("root", "cause"), kind=r".+", seen=5)
    span = extract(cat.stdout, json_path("root", "span"), kind=r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", seen=5)
    return answer(f"Request {name} failed in {upstream}: {cause} (span {span})")


if __name__ == "__main__":
    raise SystemExit(main(trace_request))
