"""Models and their fields as the app registry has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dbaudit.facts.ownership import Location, Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelField:
    """A concrete field of a model, with its relation where it is one.

    ``relation`` is ``""``, ``"foreign key"`` or ``"one to one"``; ``on_delete`` is Django's word (``CASCADE``).
    ``auto_now`` is written anew by every save. ``counter`` looks like one: an integer that begins at 0, no choices.
    """

    name: str
    column: str
    kind: str
    null: bool = False
    unique: bool = False
    indexed: bool = False
    primary_key: bool = False
    relation: Literal["", "foreign key", "one to one"] = ""
    related_model: str = ""
    related_table: str = ""
    related_columns: tuple[str, ...] = ()
    on_delete: str = ""
    constrained: bool = True
    parent_link: bool = False
    auto_now: bool = False
    counter: bool = False
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericKey:
    """A ``GenericForeignKey`` of a model: a row's content type in one column and its key in another."""

    name: str
    type_field: str
    type_column: str
    key_field: str
    key_column: str
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model as ``apps.get_models()`` gives it. ``fields`` are those whose columns lie in its own table.

    ``generic_relations`` are the labels of the models that it has a ``GenericRelation`` to: Django deletes their rows
    with its own.
    """

    label: str
    app: str
    name: str
    table: str
    schema: str = ""
    owner: Owner
    location: Location | None = None
    managed: bool = True
    proxy: bool = False
    swapped: bool = False
    auto_created: bool = False
    routed: bool = True
    fields: tuple[ModelField, ...] = ()
    generic_keys: tuple[GenericKey, ...] = ()
    generic_relations: tuple[str, ...] = ()

    @property
    def stored(self) -> bool:
        """Whether this database is meant to have a table of its own for it."""
        return self.managed and self.routed and not self.proxy and not self.swapped
