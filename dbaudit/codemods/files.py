"""The files that the edits change, as texts before and after; nothing is written here."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.apps.registry import Apps
from django.db.models import Model

from dbaudit.codemods import fields, meta
from dbaudit.codemods.changed import Changed
from dbaudit.codemods.classes import NotEditableError
from dbaudit.codemods.edits import AddToMeta, Edit, NoIndexOfField, Refused, RemoveFromMeta
from dbaudit.places import source_file


@dataclass(frozen=True, slots=True)
class Models:
    """The changed files of models, the edits that are in them, and those that could not be made."""

    files: tuple[Changed, ...]
    edits: tuple[Edit, ...]
    refused: tuple[Refused, ...]


def models(edits: Iterable[Edit], apps: Apps) -> Models:
    """The models' files with these edits."""
    before: dict[Path, str] = {}
    after: dict[Path, str] = {}
    made: list[Edit] = []
    refused: list[Refused] = []
    for edit in edits:
        cls: type[Model] = apps.get_model(edit.model)
        try:
            path = _file(cls)
            if path not in before:
                before[path] = after[path] = path.read_bytes().decode()
            after[path] = _edited(after[path], cls, edit)
            made.append(edit)
        except (NotEditableError, OSError, UnicodeDecodeError) as error:
            refused.append(Refused(name=edit.index, reason=str(error)))
    files = tuple(Changed(path, before[path], text) for path, text in sorted(after.items()) if text != before[path])
    return Models(files, tuple(made), tuple(refused))


def _file(cls: type[Model]) -> Path:
    path = source_file(cls)
    if path is None:
        raise NotEditableError(f"The file of {cls.__name__} is not known.")
    return path


def _edited(text: str, cls: type[Model], edit: Edit) -> str:
    name = cls.__qualname__
    match edit:
        case AddToMeta():
            return meta.add_index(text, name, edit.entry.code, edit.entry.imports, _inherited(cls))
        case RemoveFromMeta():
            return meta.remove_index(text, name, edit.name, edit.fields)
        case NoIndexOfField():
            _refuse_inherited(cls, edit.field)
            return fields.no_index(text, name, edit.field)


def _refuse_inherited(cls: type[Model], field: str) -> None:
    """Raise `NotEditableError` for a field that is written in an abstract model, for all that inherit from it."""
    for base in cls.__mro__[1:]:
        options = getattr(base, "_meta", None)
        if options is not None and options.abstract and any(one.name == field for one in options.local_fields):
            raise NotEditableError(
                f"{cls.__name__}.{field} is inherited from the abstract model {base.__name__}: set db_index=False "
                "there, for all models that inherit from it, or define the field again in this one."
            )


def _inherited(cls: type[Model]) -> meta.Inherited:
    """What the model's ``Meta`` has from abstract models. Raises `NotEditableError` where they have no name here."""
    indexes = bool(cls._meta.original_attrs.get("indexes"))
    base = next((one for one in cls.__bases__ if hasattr(one, "Meta")), None)
    if base is None:
        return meta.Inherited(indexes=indexes)
    bound = vars(sys.modules[cls.__module__])
    name = next((name for name, value in bound.items() if value is base), "")
    if not name:
        raise NotEditableError(f"{cls.__name__} inherits its Meta from {base.__name__}, which has no name in its file.")
    return meta.Inherited(meta=f"{name}.Meta", indexes=indexes)
