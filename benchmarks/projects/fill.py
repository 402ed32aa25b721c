"""Fill a project's tables through the ORM with rows that look like those of a small company: run inside of its process.

``python fill.py APPS ROWS SEED``, with DJANGO_SETTINGS_MODULE set. Each model of these apps gets about ROWS rows, those
that others refer to first; children of one parent get several times as many. Trees and pages are the hooks' business
(``fill_NAME.py``), which run before. A model whose rows the database refuses is named and left empty.
"""

from __future__ import annotations

import datetime as dt
import importlib
import random
import sys
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import django
from django.db import connection, models, transaction

WORDS = """
    alder amber anchor apple arrow autumn baker basil beacon birch bishop border bottle branch
    bridge bright brook cabin candle canyon carbon castle cedar cellar chapel cherry circle clover
    cobalt copper coral cotton crystal dawn delta desert eagle ember falcon feather field forest
    garden ginger glacier granite harbor hazel heron hollow iron island ivory jasper juniper kernel
    lantern laurel lemon linen lotus maple marble meadow mellow mirror misty morning mountain nectar
    north ocean olive onyx orchard otter pebble pepper pine planet plum prairie quartz raven ridge
    river saffron sage sand shadow silver slate spruce stone summer thistle timber topaz valley
    velvet violet walnut willow winter
""".split()  # noqa: SIM905 - shorter than a list
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
CHUNK = 1_000
#: A user that may see everything, for the crawl.
SECRET = "secret"  # noqa: S105 - of a database that is thrown away


def fill(labels: list[str], rows: int, seed: int) -> None:
    """Fill every table of these apps."""
    from django.apps import apps

    chance = random.Random(seed)
    wanted = [model for label in labels for model in apps.get_app_config(label).get_models() if _is_fillable(model)]
    for model in _ordered(wanted):
        count = max(3, round(rows * chance.choice((0.02, 0.3, 1, 1, 2))))
        _fill_model(model, count, chance)
    for model in wanted:
        for field in model._meta.local_many_to_many:
            through = field.remote_field.through
            if through._meta.auto_created:
                _fill_model(through, rows, chance)


def _is_fillable(model: type[models.Model]) -> bool:
    meta = model._meta
    tree = {"path", "depth", "numchild"} <= {field.name for field in meta.get_fields()}
    tree = tree or {"lft", "rght", "tree_id"} <= {field.name for field in meta.get_fields()}
    return meta.managed and not meta.proxy and not meta.swapped and not tree and not meta.parents


def _ordered(wanted: list[type[models.Model]]) -> Iterator[type[models.Model]]:
    """Those that others refer to first, as far as there is such an order."""
    left = list(wanted)
    while left:
        ready = [one for one in left if not (_needs(one) & {*left} - {one})] or left[:1]
        for one in ready:
            yield one
            left.remove(one)


def _needs(model: type[models.Model]) -> set[type[models.Model]]:
    keys = (field for field in model._meta.local_fields if isinstance(field, models.ForeignKey) and not field.null)
    return {field.related_model for field in keys}


def _fill_model(model: type[models.Model], count: int, chance: random.Random) -> None:
    manager = model._base_manager
    before = manager.count()
    if before >= count:
        return
    parents: dict[str, list[Any]] = {}
    for field in model._meta.local_fields:
        if isinstance(field, models.ForeignKey):
            target = field.remote_field.field_name or "pk"
            parents[field.name] = list(field.related_model._base_manager.values_list(target, flat=True)[:5_000])
    made = []
    for number in range(before, count):
        try:
            made.append(model(**dict(_values(model, number, parents, chance))))
        except LookupError:
            break  # nothing to refer to
    try:
        for start in range(0, len(made), CHUNK):
            with transaction.atomic():
                manager.bulk_create(made[start : start + CHUNK], ignore_conflicts=True)
    except Exception as error:  # noqa: BLE001 - the data of one model is not worth the run
        print(f"{model._meta.label}: {type(error).__name__}: {str(error)[:120]}", file=sys.stderr)


def _values(
    model: type[models.Model], number: int, parents: dict[str, list[Any]], chance: random.Random
) -> Iterator[tuple[str, Any]]:
    for field in model._meta.local_fields:
        if isinstance(field, models.AutoField) or getattr(field, "generated", False):
            continue
        if isinstance(field, models.ForeignKey):
            known = parents[field.name]
            if isinstance(field, models.OneToOneField):
                known = known[number : number + 1]
            if known and not (field.null and chance.random() < 0.2):
                # A few have most of the children, as in life.
                yield field.attname, known[min(int(chance.expovariate(4) * len(known)), len(known) - 1)]
            elif not field.null:
                raise LookupError(field.name)
            continue
        if field.null and not field.unique and chance.random() < 0.25:
            continue
        value = _value(field, number, chance)
        if value is not None:
            yield field.attname, value


def _value(field: Any, number: int, chance: random.Random) -> Any:
    if field.choices:
        flat = [key for key, name in field.flatchoices if key not in ("", None)]
        return chance.choice(flat) if flat else None
    unique = field.unique or field.name in ("slug", "code", "number", "identifier", "reference", "username")
    words = " ".join(chance.choices(WORDS, k=3))
    match field.get_internal_type():
        case "BooleanField" | "NullBooleanField":
            return chance.random() < (0.9 if str(field.default) == "True" else 0.1)
        case "CharField" | "SlugField" | "EmailField" | "URLField" | "TextField" | "FileField" | "ImageField":
            return _text(field, number, words, unique=unique)
        case "UUIDField":
            return uuid.UUID(int=chance.getrandbits(128))
        case "DateField":
            return (NOW - dt.timedelta(days=chance.randrange(1_000))).date()
        case "DateTimeField":
            return NOW - dt.timedelta(minutes=chance.randrange(1_500_000))
        case "TimeField":
            return dt.time(chance.randrange(24), chance.randrange(60))
        case "DurationField":
            return dt.timedelta(minutes=chance.randrange(5, 240))
        case "DecimalField":
            return Decimal(chance.randrange(1, 10 ** min(4, field.max_digits - field.decimal_places))).quantize(
                Decimal(1).scaleb(-field.decimal_places)
            )
        case "FloatField":
            return round(chance.uniform(0, 100), 2)
        case "JSONField":
            return {"note": words}
        case "GenericIPAddressField" | "IPAddressField":
            return f"10.{number // 65_536 % 256}.{number // 256 % 256}.{number % 256}"
        case "IntegerField" | "BigIntegerField" | "PositiveBigIntegerField" | "PositiveIntegerField":
            return number if unique else chance.randrange(1, 500)
        case "SmallIntegerField" | "PositiveSmallIntegerField":
            return chance.randrange(1, 100)
        case "BinaryField":
            return words.encode()
    return None


def _text(field: Any, number: int, words: str, *, unique: bool) -> str:
    kind = field.get_internal_type()
    text = f"{words} {number}" if unique else words
    if isinstance(field, models.EmailField) or "email" in field.name:
        text = f"{words.replace(' ', '.')}.{number}@example.com"
    elif kind == "SlugField" or field.name in ("slug", "code", "identifier", "username"):
        text = f"{words.partition(' ')[0]}-{number}"
    elif kind == "URLField" or isinstance(field, models.URLField):
        text = f"https://example.com/{number}/"
    elif kind in ("FileField", "ImageField"):
        text = f"files/{number}.png"
    elif "locale" in field.name or "language" in field.name:
        text = "en"
    elif "currency" in field.name:
        text = "EUR"
    elif "timezone" in field.name:
        text = "UTC"
    most = field.max_length
    return text[-most:] if most and len(text) > most else text


def superuser() -> None:
    """A user whom the crawl logs in as."""
    from django.contrib.auth import get_user_model

    user_model = get_user_model()
    fields = {user_model.USERNAME_FIELD: "admin@example.com", "is_superuser": True, "is_staff": True, "is_active": True}
    known = {field.name for field in user_model._meta.fields}
    fields |= {
        name: value for name, value in {"email": "admin@example.com", "is_administrator": True}.items() if name in known
    }
    user = user_model(**{name: value for name, value in fields.items() if name in known})
    user.set_password(SECRET)
    user.save()


def main(apps: str, rows: str, seed: str, hook: str = "") -> None:
    """Run the hook, a module beside this one, then fill the rest."""
    django.setup()
    superuser()
    if hook:
        importlib.import_module(hook).fill(int(rows), random.Random(int(seed)), WORDS)
    fill(apps.split(","), int(rows), int(seed))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


if __name__ == "__main__":
    main(*sys.argv[1:])
