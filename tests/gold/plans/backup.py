#!/usr/bin/env python3
"""Compiled by AgentJIT from what an agent did; changed by hand it does not run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".kit"))
from ajkit import (
    Param,
    answer,
    ask,
    count,
    date,
    ensure,
    extract_all,
    has_file,
    lines,
    literal,
    main,
    on_path,
    shell,
    skill,
)


@skill(
    "back-up",
    params={"database": Param(r"[A-Za-z_][A-Za-z0-9_]*", seen=["shop", "ledger"])},
    requires=[on_path("psql"), has_file("dump")],
)
def back_up(database):
    """`back up {database}`, compiled from 6 runs in 5 sessions."""
    today = (yield ask("today")).stdout
    tables = yield shell(
        "psql -d \"$1\" -Atc 'select tablename from pg_tables where schemaname = current_schema()'", database
    )  # reads
    ensure(tables, exit_code=0)
    tables_ = extract_all(tables.stdout, lines(), kind=r"[A-Za-z_][A-Za-z0-9_]*")
    dumped = yield shell(
        './dump --to backup-"$1"-"$2".sql "$1" "${@:3}" 2>&1 | tail -1', database, date(today, "%Y%m%d"), *tables_
    )  # effect unknown
    ensure(
        dumped,
        exit_code=0,
        shape=(
            r"(0*[1-9][0-9]*) tables, ([0-9]+(?:\.[0-9]+)?) MB to "
            rf"backup-{literal(database)}-{literal(date(today, '%Y%m%d'))}\.sql"
        ),
        within=[(3, 40), (0.5, 812.5)],
    )
    return answer(f"{count(tables_)} tables of {database} are in backup-{database}-{date(today, '%Y%m%d')}.sql.")


if __name__ == "__main__":
    raise SystemExit(main(back_up))
