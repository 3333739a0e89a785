"""Where a decision is made: one transaction, at one instant, under the rules in force in it."""

from dataclasses import dataclass
from datetime import datetime

from states.rules import Rules
from workflow.ports import Transaction


@dataclass(frozen=True, slots=True)
class Here:
    """The transaction under way and the rules in force in it, read once each."""

    tx: Transaction
    rules: Rules

    @property
    def now(self) -> datetime:
        """The instant of the transaction."""
        return self.tx.now
