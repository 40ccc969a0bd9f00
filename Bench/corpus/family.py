"""What a kind of corpus is made of."""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Family:
    """Lines of one group of programs: `write(slice)` adds one session of them."""

    write: typing.Callable
    share: float  # per cent of all lines
    office: bool = False  # follows office hours; otherwise the same day and night
