"""Models and their fields as the app registry has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dbaudit.facts.ownership import Location, Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelField:
    """A concrete field of a model, with its relation where it is one.

    ``relation`` is ``""``, ``"foreign key"`` or ``"one to one"``; ``on_delete`` is Django's word (``CASCADE``).
    ``spelled`` is how a file of models writes its class (``models.SlugField``), which may be one of a package.
    ``owner`` is set where code that is not the project's put it on a model of the project's.
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
    spelled: str = ""
    owner: Owner | None = None
    location: Location | None = None

    @property
    def written(self) -> str:
        """How a file of models writes its class."""
        return self.spelled or f"models.{self.kind}"


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
class SortKey:
    """One column that a list is ordered by. ``table`` is another table where the order goes through foreign keys, and
    ``outer`` says that rows without a partner there are kept, so that no index of it can lead the way."""

    column: str
    descending: bool = False
    table: str = ""
    outer: bool = False

    def __str__(self) -> str:
        name = f"{self.table}.{self.column}" if self.table else self.column
        return f"{name} DESC" if self.descending else name


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminPage:
    """A model's list in the default admin site, as far as its class says it: columns of the model's own table.

    ``ordering`` has the tie-break that the admin adds and is None where it is not understood. ``search`` are columns
    with the lookup that is asked (``icontains``); ``list_per_page`` is a number of rows. ``joins`` are the foreign keys
    that the list joins today: those that ``list_select_related`` names, and where that says nothing, those that Django
    joins by itself because one stands in ``list_display``.
    """

    ordering: tuple[SortKey, ...] | None = ()
    date_hierarchy: str = ""
    list_filter: tuple[str, ...] = ()
    search: tuple[tuple[str, str], ...] = ()
    list_per_page: int = 100
    joins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueFor:
    """A field's ``unique_for_date``, ``_month`` or ``_year`` (``period``): columns that only forms keep unique."""

    field: str
    column: str
    date_column: str
    period: Literal["date", "month", "year"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a field's choices, or one of its validators, let into its column. NULL is always let in.

    ``lookup`` says it as an argument of ``Q`` (``rating__gte=1``), ``condition`` in this database's SQL.
    """

    field: str
    column: str
    by: Literal["choices", "minimum", "maximum"]
    lookup: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultFilter:
    """What a default manager keeps out of nearly every query: rows whose column is not NULL, or not false."""

    field: str
    column: str
    asks: Literal["null", "false"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model as ``apps.get_models()`` gives it. ``fields`` are those whose columns lie in its own table.

    ``generic_relations`` are the labels of the models that it has a ``GenericRelation`` to: Django deletes their rows
    with its own. ``ordering`` is that of its Meta, expanded through foreign keys, None where it is not understood.
    ``admin`` is its list in the admin, None where it has none. ``through`` are the two columns by which a
    many-to-many field goes through it. ``default_filters`` are what its default manager filters on, ``limits`` what
    its fields let in.
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
    ordering: tuple[SortKey, ...] | None = ()
    admin: AdminPage | None = None
    through: tuple[str, ...] = ()
    unique_for: tuple[UniqueFor, ...] = ()
    default_filters: tuple[DefaultFilter, ...] = ()
    limits: tuple[Limit, ...] = ()

    @property
    def stored(self) -> bool:
        """Whether this database is meant to have a table of its own for it."""
        return self.managed and self.routed and not self.proxy and not self.swapped
