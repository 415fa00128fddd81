"""Prompt templates: tokens and what stands in quotes."""

from __future__ import annotations

from agentjit.detect.prompt import template, tokens


def test_what_stands_in_quotes_is_one_token() -> None:
    assert [text for _, text in tokens('read "my file.txt", then `a b`.')] == [
        *("read", '"', "my file.txt", '"', ",", "then", "`", "a b", "`", ".")
    ]
    assert [text for _, text in tokens("don't read 'it, she said")] == ["don't", "read", "'", "it", ",", "she", "said"]
    learned = template(['count "a b.txt"', 'count "c (1).txt"', 'count "d.txt"'])
    assert learned
    assert [slot.values for slot in learned.slots] == [("a b.txt", "c (1).txt", "d.txt")]
