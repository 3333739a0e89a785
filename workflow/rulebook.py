"""The rules in force: made of the definitions the database holds, and kept until these change (spec, part 2.1)."""

from collections.abc import Callable, Sequence

from states.definitions import Bodies, Definitions, definitions_of
from states.errors import NotFounded
from states.rules import Rules
from workflow.ports import DefinitionRow, Transaction

Make = Callable[[Definitions], Rules]


class RuleBook:
    """Rules by the event since which they are in force.

    `founding` are those of an office that has defined nothing yet, None where it must have; without `make` they are
    the only ones there are.
    """

    def __init__(self, founding: Rules | None, make: Make | None = None) -> None:
        self._make = make
        self._founding = founding
        self._known: tuple[int, Rules | None] = (0, founding)
        self._last_made: tuple[Bodies, Rules] | None = None

    def in_force(self, tx: Transaction) -> Rules:
        """The rules every decision of that transaction is made by. Raises NotFounded."""
        if self._make is not None and tx.defines:
            # Not yet committed, and perhaps never: such rules are not kept.
            return self.made_of({row.kind: row.body for row in tx.definitions()})
        seq = tx.defined_seq if self._make is not None else 0
        known_seq, rules = self._known  # read as one: another thread may learn of newer ones meanwhile
        return rules if rules is not None and seq == known_seq else self.of(tx.definitions())

    def of(self, rows: Sequence[DefinitionRow]) -> Rules:
        """The rules that those records define, one version of each kind. Raises NotFounded."""
        seq = max((row.since_seq for row in rows), default=0)
        if self._make is None or seq == 0:
            if self._founding is None:
                raise NotFounded("nothing_began")
            return self._founding
        known_seq, rules = self._known
        if rules is None or seq != known_seq:
            rules = self.made_of({row.kind: row.body for row in rows})
            self._known = (seq, rules)
        return rules

    def made_of(self, bodies: Bodies) -> Rules:
        """The rules that such records would define."""
        if self._make is None:
            raise TypeError("these rules are fixed: there is nothing to make others with")
        last = self._last_made  # read as one, as above
        if last is None or last[0] != bodies:
            self._last_made = last = (dict(bodies), self._make(definitions_of(bodies)))
        return last[1]
