"""What can go wrong with a call, as exceptions.

Problem                 nothing came of a call
├── Refused             the registry said no, and why (RFC 9457)
│   └── TooOften        too many calls; it says how long to wait
└── Unreachable         no answer, or none that a registry gives
"""


class Problem(Exception):
    """Nothing came of a call."""


class Refused(Problem):
    """The registry said no, and why.

    Attributes:
        status: HTTP status.
        code: Stable name of the kind of problem, such as `registry.not_allowed`.
        faults: What is wrong with the request, place by place: (JSON pointer, sentence).
    """

    def __init__(
        self, status: int, code: str, sentence: str, faults: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(sentence)
        self.status, self.code, self.faults = status, code, faults


class TooOften(Refused):
    """Too many calls, and no patience left for waiting."""


class Unreachable(Problem):
    """No answer, or none that a registry gives. An order sent again under its key is done once."""
