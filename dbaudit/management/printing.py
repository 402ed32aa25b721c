"""Standard output, whose reader may have seen enough."""

from __future__ import annotations

import os
import sys

from django.core.management.base import BaseCommand


def printed(command: BaseCommand, text: str, ending: str = "\n") -> None:
    """Write to standard output. A reader that is gone (``| head``, a pager that was left) ends no run: the rest goes
    nowhere, and what is under way comes to its end and its exit status."""
    try:
        command.stdout.write(text, ending=ending)
        command.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
