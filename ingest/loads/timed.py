"""What is done again after so many seconds, and what is said of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_PAUSE = 60.0


@dataclass
class Timed:
    """What is done again after so many seconds, later where something is wrong with it.

    Attributes:
        name: what it is, as a sentence begins with it.
        say: says a sentence.
        seconds: between two times.
        due: when it is done next, on the clock that never goes back.
        pause: how long it rests after a failure; 0 where all is well.
    """

    name: str
    say: Callable[[str], object]
    seconds: float
    due: float = 0.0
    pause: float = 0.0

    @property
    def is_due(self) -> bool:
        """Whether its time has come."""
        return time.monotonic() >= self.due

    def done(self, problem: str | None = None) -> None:
        """Note how it went: a problem is said when it begins, and when it is over.

        Args:
            problem: one sentence, if there is one.
        """
        if problem and not self.pause:
            self.say(f"{problem} I go on trying.")
        if self.pause and not problem:
            self.say(f"{self.name}: all is well again.")
        self.pause = min(max(1.0, 2 * self.pause), LONGEST_PAUSE) if problem else 0.0
        self.wait(max(self.seconds, self.pause))

    def wait(self, seconds: float) -> None:
        """Let it be due after some seconds."""
        self.due = time.monotonic() + seconds
