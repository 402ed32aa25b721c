"""What a walk up one stack gathers."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import CodeType
from typing import TYPE_CHECKING, Any

from dbaudit.facts import Apart, Asker

if TYPE_CHECKING:
    from dbaudit.workload.recording.origins import Row


@dataclass(slots=True)
class Trace:
    """What a walk up one stack gathers: places as (code or file, line), innermost first, and who asked.

    ``calls`` are the instructions at which the project's functions stood: two calls on one line are two. ``asked`` and
    ``related`` hold live objects (a field, a relation); they become text when the run is resolved. ``row`` is what is
    known of the instance that asked, ``hinted`` the identity of the one that its queryset names, ``lookup`` the name
    under which a prefetch keeps its rows. ``method`` is the ORM's function that the code called to look a row up or to
    write. ``direct`` says that no package stands between it and the project. ``work`` numbers the request or job.
    """

    places: list[tuple[CodeType | str, int]] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    asked: tuple[Any, Any, Asker] | None = None
    related: tuple[type[Any] | None, Any, tuple[Any, ...], str, type[Any]] | None = None
    row: Row | None = None
    hinted: int = 0
    lookup: str = ""
    part: bool = False
    method: str = ""
    written_at: int = 0
    direct: bool = True
    apart: Apart = ""
    via: tuple[str, Any, str] | None = None
    template: bool = False
    work: Any = None
