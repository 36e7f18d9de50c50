"""Values: small immutable records that pass between the parts, many for every event.

Takes a class, gives it back as a dataclass. Refuses nothing while the program runs: that nobody
assigns to a field is held by the type checker.
"""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(made: type[T]) -> type[T]:
    """Make a class of immutable values.

    A frozen dataclass is the same to the type checker, but sets each field by a call: one of
    twenty fields takes 2 us to make, this one 0.2 us.
    """
    return dataclass(slots=True, unsafe_hash=True)(made)
