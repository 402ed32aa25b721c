"""Shell commands that a report prints. Every word is quoted: a table or an alias may have any name."""

from __future__ import annotations

import shlex


def manage(*words: str) -> str:
    """``python manage.py`` with these words, to be copied into a shell."""
    return shlex.join(("python", "manage.py", *words))
