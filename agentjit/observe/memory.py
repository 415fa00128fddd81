"""What is known of the secrets of a session from one drain to the next: the database says it by its placeholders.

A drain in the middle of a session would otherwise take `mysql -pS` for a secret and, an hour later, a bare `S` for a
word; and a secret that is only recognised now may stand in what was stored before.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentjit.observe.redact import Redactor
from agentjit.store import Store
from agentjit.trace import Seen

_WORD = 16  # characters


class Memory:
    """One object serves one drain, or one import, with its redactor."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._asked: set[str] = set()
        self._told: set[tuple[str, str]] = set()

    def redacted(self, store: Store, records: Sequence[Seen]) -> list[Seen]:
        """The records without secrets, those included that the store has met in the same sessions."""
        new = {record.session for record in records if record.session} - self._asked
        if new:
            for session, secrets in store.secrets_of(new).items():
                self._redactor.recall(session, sorted(secrets))
            self._asked |= new
        return self._redactor.records(records)

    def news(self, records: Sequence[Seen]) -> list[tuple[str, str, str]]:
        """(session, value, placeholder) of what the redactor has learned of these sessions since the last time.

        Only values so long that they are nobody's part of a word: they go out of what was stored before as they stand.
        """
        found = [
            (session, value, placeholder)
            for session in {record.session for record in records if record.session}
            for value, placeholder in self._redactor.learned(session)
            if len(value) >= _WORD and (session, value) not in self._told
        ]
        self._told |= {(session, value) for session, value, _ in found}
        return found
