"""Reading the rank column and the comparison column (spec, part 6): a reading is certain or it is `unreadable`."""

from dataclasses import dataclass
from enum import StrEnum


class RankKind(StrEnum):
    """What a rank cell says: a rank, that there is none, or nothing that can be read with certainty."""

    RANKED = "ranked"
    NONE = "none"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class RankReading:
    """What was read in one rank cell. All but `kind` are None for `unreadable`; a single rank has `best == worst`.

    `tied` and `estimated` are False for `none`. `three_district_rank` is the place stated among the three districts.
    """

    kind: RankKind
    best: int | None = None
    worst: int | None = None
    stated_field: int | None = None
    tied: bool | None = None
    estimated: bool | None = None
    three_district_rank: int | None = None


UNREADABLE = RankReading(kind=RankKind.UNREADABLE)
