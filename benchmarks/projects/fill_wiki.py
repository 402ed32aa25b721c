"""Articles of a wiki, which are a tree."""

from random import Random

from django.contrib.sites.models import Site
from wiki.models import URLPath


def fill(rows: int, chance: Random, words: list[str]) -> None:
    """Thirty sections of articles, each with a text."""
    site, _ = Site.objects.get_or_create(id=1, defaults={"domain": "example.com", "name": "example"})
    root = URLPath.create_root(site=site, title="Wiki")
    for section in range(30):
        text = {"title": f"{chance.choice(words)} {section}", "content": " ".join(chance.choices(words, k=60))}
        parent = URLPath.create_urlpath(root, f"section-{section}", site=site, **text)
        for number in range(max(1, rows // 100)):
            text = {"title": f"{chance.choice(words)} {number}", "content": " ".join(chance.choices(words, k=60))}
            URLPath.create_urlpath(parent, f"page-{number}", site=site, **text)
