"""In whose turn a store with one writer is written: callers who wait share one transaction, and one sync of the disk.

Of those who wait the first one leads. It takes all who came until then, in the order they came, and serves them in
one transaction; only when that is committed is anybody answered, and the first of those who came meanwhile leads
next. Whoever comes alone leads at once, in its own thread, and waits for nobody.

The instant of the transaction is read after all in it have come, so that no act is dated before it was asked for.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Generic, TypeVar

from workflow.here import Here
from workflow.ports import Question, StoreFault

AT_ONCE = 64
"""How many one transaction serves: few enough that the first of them is answered soon."""

A = TypeVar("A")


class Turn(Generic[A]):
    """What one caller wants done, and what it came to."""

    __slots__ = ("_act", "_answer", "_context", "_fault", "foreseen", "gate", "is_over")

    def __init__(self, act: Callable[[Here], A], foreseen: Sequence[Question] = ()) -> None:
        self._act = act
        self.foreseen = foreseen
        self._context = copy_context()  # another's thread may do it; what is logged of it is logged as its own
        self._answer: A | None = None
        self._fault: BaseException | None = None
        self.gate = threading.Lock()
        self.is_over = False

    def take(self, here: Here) -> None:
        """Do it. Whatever is raised undoes all there is."""
        self._answer = self._fault = None
        self._answer = self._context.run(self._act, here)

    def take_beside_others(self, here: Here) -> None:
        """Do it. What it is refused with undoes itself alone; a fault of the store is everybody's."""
        try:
            with here.tx.apart():
                self.take(here)
        except StoreFault:
            raise
        except Exception as refused:  # noqa: BLE001  whatever it is, it is told to its own caller
            self._fault = refused

    def end(self, fault: BaseException | None = None) -> None:
        """It is durable, or failed with that: its caller may be told."""
        if fault is not None:
            self._fault = fault
        self.is_over = True

    def told(self) -> A:
        """What it came to. Raises what it was refused with."""
        if self._fault is not None:
            raise self._fault
        return self._answer  # type: ignore[return-value]  # it was taken, so there is one


class Turns(Generic[A]):
    """Lets callers take turns. `serve` does what several of them want in one transaction, and commits."""

    def __init__(self, serve: Callable[[Sequence[Turn[A]]], None]) -> None:
        self._serve = serve
        self._lock = threading.Lock()
        self._line: deque[Turn[A]] = deque()  # the first of them leads, as long as there is one
        self._leader: Turn[A] | None = None

    @property
    def waiting(self) -> int:
        """How many wait whom nobody serves yet."""
        return len(self._line)

    def take(self, act: Callable[[Here], A], foreseen: Sequence[Question] = ()) -> A:
        """Do it in its turn. Returns once it is durable; raises what it was refused with, or the store's fault.

        `foreseen` is what it is going to ask of the store.
        """
        turn = Turn(act, foreseen)
        with self._lock:
            self._line.append(turn)
            if self._leader is None:
                self._leader = turn
            else:
                turn.gate.acquire()
        if self._leader is not turn:
            self._wait(turn)
        if not turn.is_over:
            self._lead()
        return turn.told()

    def _wait(self, turn: Turn[A]) -> None:
        """Until it was served, or leads."""
        try:
            turn.gate.acquire()
        except BaseException:  # the waiting was broken off, as by Ctrl-C: nobody must wait for this caller
            with self._lock:
                if turn in self._line:
                    self._line.remove(turn)
                if self._leader is turn:
                    self._hand_on()
            raise

    def _lead(self) -> None:
        with self._lock:
            group = [self._line.popleft() for _ in range(min(len(self._line), AT_ONCE))]
        try:
            self._served(group)
        finally:
            with self._lock:
                # Where the leader itself was broken off, the others are undone with it, and served by another.
                self._line.extendleft(turn for turn in reversed(group[1:]) if not turn.is_over)
                self._hand_on()
            for turn in group[1:]:
                if turn.is_over:
                    turn.gate.release()

    def _hand_on(self) -> None:
        self._leader = self._line[0] if self._line else None
        if self._leader is not None:
            self._leader.gate.release()

    def _served(self, group: Sequence[Turn[A]]) -> None:
        try:
            self._serve(group)
        except StoreFault as fault:
            for turn in group:
                turn.end(fault)
        except Exception as fault:  # noqa: BLE001  told to the caller it concerns
            if len(group) == 1:
                group[0].end(fault)
                return
            # Whose it is shows when each is served alone: a database may refuse only at the commit.
            for turn in group:
                self._served([turn])
        else:
            for turn in group:
                turn.end()
