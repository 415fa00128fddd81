"""Order: reads that change places, and reads that some runs leave out."""

from __future__ import annotations

import pytest

from tests.compile.structures import calls, compiled, filled, history, plans, ran

STATUS, LOG, FETCH = "$ git status --short\n| M f{n}.py", "$ git log -1 --format=%s\n| word{n} said", "$ git fetch"


def runs(*steps: tuple[str, ...]) -> list[str]:
    return [
        filled("> where are we?\n" + "\n".join(own) + "\n< word{n} said, and f{n}.py is changed.", n=i)
        for i, own in enumerate(steps)
    ]


def test_reads_in_another_order_are_the_same_run() -> None:
    made = compiled(history(*runs((STATUS, LOG), (LOG, STATUS), (STATUS, LOG), (STATUS, LOG), (LOG, STATUS))))
    assert made.plan, made.reason
    assert made.plan.support.occurrences == 5
    world = {"git status --short": "M f9.py", "git log -1 --format=%s": "word9 said"}
    run = ran(made, world)
    assert calls(run) == ["git status --short", "git log -1 --format=%s"]
    assert run.answer == "word9 said, and f9.py is changed."


def test_a_read_stays_behind_the_write_before_it() -> None:
    """What was read before and after a fetch may not be the same: no run is put into the order of another."""
    rows = runs(*[(LOG, FETCH, STATUS) if i % 2 else (FETCH, LOG, STATUS) for i in range(8)])
    for made in plans(history(*rows)):
        assert made.plan is None or made.plan.support.occurrences <= 4


@pytest.mark.parametrize("looked", [(1,), (1, 4), (0, 2, 5)])
def test_reads_that_some_runs_left_out_are_left_out(looked: tuple[int, ...]) -> None:
    rows = runs(*[(STATUS, "$ ls docs\n| a\n| b", LOG) if i in looked else (STATUS, LOG) for i in range(6)])
    made = compiled(history(*rows))
    assert made.plan, made.reason
    assert made.plan.support.occurrences == 6
    assert len(made.plan.steps) == 2


def test_a_read_that_is_needed_later_is_not_left_out() -> None:
    """Half of the runs looked for the port, the others were told: only they know which port it was."""
    rows = [
        filled("> ping it\n$ cat port\n| 80{n}1\n$ ./ping 80{n}1\n| ok\n< It answers.", n=i)
        if i % 2
        else filled("> ping it\n$ ./ping 80{n}1\n| ok\n< It answers.", n=i)
        for i in range(8)
    ]
    for made in plans(history(*rows)):
        assert made.plan is None or calls(ran(made, {"cat port": "8041", "./ping 8041": "ok"}))[0] == "cat port"
