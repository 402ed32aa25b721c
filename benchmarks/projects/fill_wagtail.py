"""Pages below the home page, two levels deep."""

from random import Random

from home.models import HomePage
from wagtail.models import Page


def fill(rows: int, chance: Random, words: list[str]) -> None:
    """Thirty sections of pages, some of them with a revision."""
    root = Page.objects.filter(depth=2).first() or Page.objects.first()
    for section in range(30):
        parent = root.add_child(instance=HomePage(title=f"{chance.choice(words)} {section}", slug=f"section-{section}"))
        for number in range(max(1, rows // 60)):
            page = HomePage(title=f"{chance.choice(words)} {number}", slug=f"page-{section}-{number}")
            parent.add_child(instance=page)
    for page in Page.objects.filter(depth=4)[:200]:
        page.specific.save_revision().publish()
