"""Models edited as text: what is not meant stays as it was, to the comment."""

from __future__ import annotations

import ast
import textwrap

import pytest

from dbaudit.codemods import fields, meta
from dbaudit.codemods.classes import NotEditableError
from dbaudit.codemods.meta import Inherited

ENTRY = 'models.Index(fields=["a", "-b"], name="new")'


def model(body: str, head: str = "from django.db import models\n\n\n") -> str:
    return f"{head}class Order(models.Model):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"


def added(text: str, inherited: Inherited | None = None, imports: tuple[str, ...] = ()) -> str:
    new = meta.add_index(text, "Order", ENTRY, imports, inherited or Inherited())
    ast.parse(new)
    return new


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "a = 1\n\nclass Meta:\n    ordering = ['a']",
            f"a = 1\n\nclass Meta:\n    ordering = ['a']\n    indexes = [\n        {ENTRY},\n    ]",
        ),
        (
            "class Meta:\n    indexes = []  # none yet",
            f"class Meta:\n    indexes = [\n        {ENTRY},\n    ]  # none yet",
        ),
        (
            "class Meta:\n    indexes = [X]",
            f"class Meta:\n    indexes = [\n        X,\n        {ENTRY},\n    ]",
        ),
        (
            "class Meta:\n    indexes = [\n        X,  # why\n        # last words\n    ]",
            f"class Meta:\n    indexes = [\n        X,  # why\n        # last words\n        {ENTRY},\n    ]",
        ),
        (
            "class Meta:\n    indexes = [\n        X\n    ]",
            f"class Meta:\n    indexes = [\n        X,\n        {ENTRY},\n    ]",
        ),
        (
            "class Meta:\n    indexes = (X,)",
            f"class Meta:\n    indexes = (\n        X,\n        {ENTRY},\n    )",
        ),
        (
            "class Meta:\n    indexes = X,",
            f"class Meta:\n    indexes = [\n        X,\n        {ENTRY},\n    ]",
        ),
        (
            "class Meta:\n    indexes = COMMON + [X]",
            f"class Meta:\n    indexes = [\n        *COMMON + [X],\n        {ENTRY},\n    ]",
        ),
        (
            "class Meta:\n    indexes = A if B else C",
            f"class Meta:\n    indexes = [\n        *(A if B else C),\n        {ENTRY},\n    ]",
        ),
        (
            "class Meta:\n    indexes: list[models.Index] = [X]",
            f"class Meta:\n    indexes: list[models.Index] = [\n        X,\n        {ENTRY},\n    ]",
        ),
        (
            "a = 1\n\ndef __str__(self):\n    return 'x'",
            f"a = 1\n\nclass Meta:\n    indexes = [\n        {ENTRY},\n    ]\n\ndef __str__(self):\n    return 'x'",
        ),
    ],
)
def test_an_entry_is_added_and_the_rest_stays(before: str, after: str) -> None:
    assert added(model(before)) == model(after)


def test_a_new_meta_keeps_what_the_abstract_models_gave() -> None:
    text = added(model("a = 1"), Inherited(meta="Dated.Meta", indexes=True))
    assert (
        f"    class Meta(Dated.Meta):\n        indexes = [\n            *Dated.Meta.indexes,\n            {ENTRY},\n"
        in text
    )


def test_a_meta_that_inherits_keeps_the_indexes_that_it_inherits() -> None:
    text = added(model("class Meta(core.Dated.Meta):\n    ordering = ['a']"), Inherited(indexes=True))
    assert "*core.Dated.Meta.indexes," in text


def test_only_the_class_of_that_name_is_edited() -> None:
    text = model("class Meta:\n    indexes = [X]") + model("class Meta:\n    indexes = [Y]", head="\n\n").replace(
        "class Order", "class Other"
    )
    assert "indexes = [Y]" in added(text)


def test_a_nested_class_of_that_name_is_another_one() -> None:
    text = model("class Order:\n    class Meta:\n        indexes = [X]\n\nclass Meta:\n    indexes = [Y]")
    assert "indexes = [X]" in added(text)
    assert "indexes = [Y]" not in added(text)


def test_imports_that_are_missing_are_added_once() -> None:
    upper = "from django.db.models.functions import Upper"
    text = added(model("a = 1"), imports=(upper, f"{upper}  # with a remark"))
    assert text.count("import Upper") == 1
    assert added(text, imports=(upper,)).count("import Upper") == 1


def test_a_name_that_the_file_has_from_elsewhere_is_left_to_it() -> None:
    text = model("a = 1", head="from django.contrib.gis.db import models\n\n\n")
    assert "from django.db import models" not in added(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("class Order(", "does not parse"),
        ("class Other: ...\n", "There is no class Order in its file."),
        ("class Order(Base): pass\n", "Order is written on one line."),
    ],
)
def test_what_is_not_understood_is_refused_in_one_sentence(text: str, reason: str) -> None:
    with pytest.raises(NotEditableError, match=reason):
        meta.add_index(text, "Order", ENTRY, (), Inherited())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[\n        X,\n        I(name="gone"),  # bye\n    ]', "[\n        X,\n    ]"),
        ('[\n        I(name="gone"),  # bye\n        X,  # stays\n    ]', "[\n        X,  # stays\n    ]"),
        ('[I(name="gone"), X]', "[X]"),
        ('[X, I(name="gone")]', "[X]"),
        ('[I(fields=["a"], name="gone")]', "[]"),
        ('(X, I(name="gone"))', "(X,)"),
    ],
)
def test_an_entry_goes_with_its_comment(before: str, after: str) -> None:
    text = model(f"class Meta:\n    indexes = {before}")
    assert meta.remove_index(text, "Order", "gone") == model(f"class Meta:\n    indexes = {after}")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("a = 1", "has no indexes in its Meta"),
        ("class Meta:\n    indexes = COMMON", "are no plain list"),
        ("class Meta:\n    indexes = [X]", "No entry in the indexes of Order is named 'gone'"),
    ],
)
def test_an_entry_that_is_not_found_is_refused(body: str, reason: str) -> None:
    with pytest.raises(NotEditableError, match=reason):
        meta.remove_index(model(body), "Order", "gone")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('a = models.ForeignKey("C", models.CASCADE)', 'a = models.ForeignKey("C", models.CASCADE, db_index=False)'),
        ("a = ForeignKey(C, CASCADE, db_index=True)", "a = ForeignKey(C, CASCADE, db_index=False)"),
        (
            'a = models.ForeignKey(\n    "C",\n    models.CASCADE,\n)',
            'a = models.ForeignKey(\n    "C",\n    models.CASCADE,\n    db_index=False,\n)',
        ),
        ("a = models.CharField(max_length=9, db_index=True)  # why", "a = models.CharField(max_length=9)  # why"),
        ("a: Any = models.DateField(db_index=True)", "a: Any = models.DateField()"),
        ("a = models.SlugField()", "a = models.SlugField(db_index=False)"),
        ("a = models.SlugField(db_index=True)", "a = models.SlugField(db_index=False)"),
        ("a = AutoSlugField('b')", "a = AutoSlugField('b', db_index=False)"),
    ],
)
def test_a_field_asks_for_no_index_any_more(before: str, after: str) -> None:
    assert fields.no_index(model(before), "Order", "a") == model(after)


@pytest.mark.parametrize("body", ["b = models.ForeignKey(C)", "a = make_field()", "a = models.CharField(max_length=9)"])
def test_a_field_that_is_written_elsewhere_is_refused(body: str) -> None:
    with pytest.raises(NotEditableError):
        fields.no_index(model(body), "Order", "a")
