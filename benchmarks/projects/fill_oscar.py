"""Categories, which are a tree."""

from random import Random

from oscar.core.loading import get_model


def fill(rows: int, chance: Random, words: list[str]) -> None:  # noqa: ARG001 - a shop of any size has as many
    """Twelve categories with ten others each."""
    category = get_model("catalogue", "Category")
    for number in range(12):
        parent = category.add_root(name=f"{chance.choice(words)} {number}")
        for child in range(10):
            parent.add_child(name=f"{chance.choice(words)} {number} {child}")
