"""Every family of workflows, taught, compiled and tried on held-back runs: `python -m bench.proof [SEED] [NAME …]`."""

from __future__ import annotations

import sys

from agentjit.data import folder
from tests.proof.judge import judge, table
from tests.proof.test_proof import FAMILIES


def main() -> None:
    """Print the table, then what was wrong, what was handed back and what was not compiled."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
        return
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    wanted = set(sys.argv[2:])
    chosen = [family for family in FAMILIES if not wanted or family.name in wanted]
    verdicts = [judge(family, str(folder("skills_templates")), seed=seed) for family in chosen]
    print(table(verdicts))
    for each in verdicts:
        notes = [*each.wrong[:2], *(each.stopped[:2] if each.usual["handed back"] else ())]
        notes += each.reasons[:2]
        notes += [f"left: {left}" for plan in each.plans for left in (*plan.remains, *plan.support.ambiguous)]
        if not each.passed or wanted:
            print(f"\n{each.family.name}:", *(f"  {note}" for note in notes), sep="\n")


if __name__ == "__main__":
    main()
