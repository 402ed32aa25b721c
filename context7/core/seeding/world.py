"""What every seeding step shares: the dice, the calendar, the volumes and the loader."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import TypeVar

from django.db import models

from .loader import Loader, Row
from .volumes import VOLUMES

T = TypeVar("T")

# The analysis was completed on 13 July 2025 at 17:30 in Istanbul; the data ends there, whenever it is made.
NOW = dt.datetime(2025, 7, 13, 14, 30, tzinfo=dt.UTC)
TODAY = NOW.date()
DAYS = 3 * 365


class World:
    """The state of one seeding at one scale."""

    def __init__(self, scale: int, random: Random, loader: Loader) -> None:
        self.scale = scale
        self.random = random
        self.loader = loader

    # Rows

    def count(self, model: type[models.Model]) -> int:
        """How many rows ``model`` gets at this scale."""
        return VOLUMES[model._meta.label].at(self.scale)

    def ids(self, model: type[models.Model]) -> range:
        """The keys of ``model``: keys count up from 1."""
        return range(1, self.count(model) + 1)

    def add(self, model: type[models.Model], rows: Iterable[Row]) -> None:
        """Write the rows of ``model``; there must be as many as its volume says."""
        wanted, written = self.count(model), self.loader.load(model, rows)
        if written != wanted:
            raise ValueError(f"{model._meta.label} got {written} rows instead of {wanted}")

    # Dice

    def pick(self, choices: Sequence[T]) -> T:
        return self.random.choice(choices)

    def maybe(self, choices: Sequence[T], probability: float) -> T | None:
        return self.random.choice(choices) if choices and self.random.random() < probability else None

    def weighted(self, weights: Mapping[T, float]) -> T:
        return self.random.choices(list(weights), list(weights.values()))[0]

    def skewed(self, choices: Sequence[T], number: int, exponent: float = 0.9) -> list[T]:
        """``number`` choices, of which the first few take most (Zipf's law with ``exponent``)."""
        weights = list(accumulate((rank + 1) ** -exponent for rank in range(len(choices))))
        return self.random.choices(choices, cum_weights=weights, k=number)

    def split(self, total: int, parents: int, largest: int = 0) -> list[int]:
        """How many of ``total`` children each parent has: at least one if possible.

        With ``largest``, one parent in 2,000 has that many.
        """
        sizes = [1] * min(parents, total) + [0] * max(parents - total, 0)
        giants = range(0, parents, 2_000) if largest else range(0)
        for giant in giants:
            sizes[giant] = largest
        rest = total - sum(sizes)
        others = [parent for parent in range(parents) if not largest or parent % 2_000]
        for parent in self.random.choices(others, k=rest) if rest > 0 else []:
            sizes[parent] += 1
        return sizes

    def company(self) -> int:
        """The company of a document: mostly the parent, sometimes its subsidiary."""
        return 1 if self.random.random() < 0.85 else 2

    def money(self, low: int, high: int) -> Decimal:
        """An amount between ``low`` and ``high``, in whole cents."""
        return Decimal(self.random.randint(low * 100, high * 100)).scaleb(-2)

    def quantity(self, low: int, high: int) -> Decimal:
        return Decimal(self.random.randint(low, high))

    def note(self, probability: float, *sentences: str) -> str:
        """A remark, as people write them: seldom."""
        return self.random.choice(sentences) if self.random.random() < probability else ""

    # Calendar

    def moment(self) -> dt.datetime:
        """Some moment in working hours of the last three years; the later the likelier."""
        day = int(DAYS * self.random.random() ** 0.7)
        seconds = self.random.randrange(5 * 3600, 16 * 3600)
        return dt.datetime.combine(TODAY - dt.timedelta(days=DAYS - day), dt.time(), dt.UTC) + dt.timedelta(
            seconds=seconds
        )

    def moments(self, number: int) -> list[dt.datetime]:
        """``number`` moments in order, as rows of a growing company come in."""
        return sorted(self.moment() for _ in range(number))

    def later(self, day: dt.date, low: int, high: int) -> dt.date:
        """``day`` and between ``low`` and ``high`` days."""
        return day + dt.timedelta(days=self.random.randint(low, high))


def age(moment: dt.datetime) -> int:
    """Days between ``moment`` and the end of the data."""
    return (NOW - moment).days
