"""The models' Python, edited so that everything else in it stays as it was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst
from libcst import matchers
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor

from dbaudit.declaring.lists import appended, without


class NotEditableError(Exception):
    """A model that is written in a way which is not understood; the text is the reason, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """What a model without ``indexes`` of its own takes from the abstract models before it.

    ``meta`` is the expression of the ``Meta`` that a new one must inherit from (``Dated.Meta``), ``""`` for none; a
    ``Meta`` that stands has its own. ``indexes`` says whether indexes are inherited, which a new list would hide.
    """

    meta: str = ""
    indexes: bool = False


def add_index(source: str, model: str, entry: str, imports: Iterable[str], inherited: Inherited) -> str:
    """The source with an entry more in the ``Meta.indexes`` of a model, given by its qualified name.

    Raises:
        NotEditableError: the source does not parse, or the class is not in it.
    """
    new = cst.parse_expression(entry)

    def edit(body: cst.ClassDef) -> cst.ClassDef:
        at = _meta_of(body)
        if at is None:
            statements = [*_statements(body)]
            methods = (number for number, one in enumerate(statements) if isinstance(one, cst.FunctionDef))
            statements.insert(next(methods, len(statements)), _new_meta(inherited, new))
            return _with_statements(body, statements)
        statements = [*body.body.body]
        meta = statements[at]
        assert isinstance(meta, cst.ClassDef)  # noqa: S101 - as _meta_of found it
        statements[at] = _meta_with(meta, inherited, new)
        return _with_statements(body, statements)

    module = _edited(source, model, edit)
    return _imported(module, ("from django.db import models", *imports)).code


def remove_index(source: str, model: str, name: str) -> str:
    """The source without the entry of ``Meta.indexes`` that has this name.

    Raises:
        NotEditableError: there is no such entry in a plain list.
    """

    def edit(body: cst.ClassDef) -> cst.ClassDef:
        at = _meta_of(body)
        meta = body.body.body[at] if at is not None else None
        found = _indexes_of(meta) if isinstance(meta, cst.ClassDef) else None
        if at is None or not isinstance(meta, cst.ClassDef) or found is None:
            raise NotEditableError(f"{model} has no indexes in its Meta.")
        place, value = found
        if not isinstance(value, cst.List | cst.Tuple):
            raise NotEditableError(f"The indexes of {model} are no plain list.")
        gone = next((one for one in value.elements if _is_named(one.value, name)), None)
        if gone is None:
            raise NotEditableError(f"No entry in the indexes of {model} is named {name!r}.")
        # An empty list stays: it hides the indexes of an abstract model, as the list before it did.
        return _replaced(body, at, _with_indexes(meta, place, without(value, gone)))

    return _edited(source, model, edit).code


def no_index(source: str, model: str, field: str) -> str:
    """The source with ``db_index=False`` on a relation, or without ``db_index=True`` on another field.

    Raises:
        NotEditableError: the field is not assigned in the class's own body.
    """

    def edit(body: cst.ClassDef) -> cst.ClassDef:
        for at, statement in enumerate(body.body.body):
            call = _assigned(statement, field)
            if call is None:
                continue
            kept = [one for one in call.args if one.keyword is None or one.keyword.value != "db_index"]
            relation = matchers.matches(
                call.func,
                matchers.OneOf(
                    matchers.Attribute(attr=matchers.Name(matchers.MatchRegex(".*(ForeignKey|OneToOneField)"))),
                    matchers.Name(matchers.MatchRegex(".*(ForeignKey|OneToOneField)")),
                ),
            )
            asked = next((one for one in call.args if one.keyword and one.keyword.value == "db_index"), None)
            if asked is not None:
                new = [one.with_changes(value=cst.Name("False")) if one is asked else one for one in call.args]
                changed = call.with_changes(args=new) if relation else call.with_changes(args=_closed(kept))
            elif relation:
                changed = call.with_changes(args=_with_argument(call.args, "db_index", "False"))
            else:
                raise NotEditableError(f"{model}.{field} does not say db_index=True.")
            return _replaced(body, at, statement.deep_replace(call, changed))
        raise NotEditableError(f"{field} is not assigned in the body of {model}.")

    return _edited(source, model, edit).code


# -- classes -------------------------------------------------------------------------------------------------------


def _edited(source: str, model: str, edit: Callable[[cst.ClassDef], cst.ClassDef]) -> cst.Module:
    try:
        module = cst.parse_module(source)
    except cst.ParserSyntaxError as error:
        raise NotEditableError(f"The file of {model} does not parse: {error.message}.") from error
    changer = _ClassChanger(model.split("."), edit)
    changed = module.visit(changer)
    if not changer.found:
        raise NotEditableError(f"There is no class {model} in its file.")
    return changed


class _ClassChanger(cst.CSTTransformer):
    """Changes the one class of a qualified name."""

    def __init__(self, path: Sequence[str], edit: Callable[[cst.ClassDef], cst.ClassDef]) -> None:
        super().__init__()
        self._path, self._edit, self._at = [*path], edit, list[str]()
        self.found = False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802 - libcst calls it so
        self._at.append(node.name.value)
        return True

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:  # noqa: N802
        del original_node
        self._at.pop()
        return updated_node

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:  # noqa: N802
        self._at.append(node.name.value)
        return True

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:  # noqa: N802
        del original_node
        here = self._at == self._path and not self.found
        self._at.pop()
        if not here:
            return updated_node
        self.found = True
        return self._edit(updated_node)


def _statements(body: cst.ClassDef) -> Sequence[Any]:
    if not isinstance(body.body, cst.IndentedBlock):
        raise NotEditableError(f"{body.name.value} is written on one line.")
    return body.body.body


def _with_statements(body: cst.ClassDef, statements: Sequence[Any]) -> cst.ClassDef:
    _statements(body)
    return body.with_changes(body=body.body.with_changes(body=statements))


def _replaced(body: cst.ClassDef, at: int, statement: Any) -> cst.ClassDef:
    statements = [*_statements(body)]
    statements[at] = statement
    return _with_statements(body, statements)


def _meta_of(body: cst.ClassDef) -> int | None:
    """The place of the class's own ``Meta`` in its body."""
    found = (
        number
        for number, one in enumerate(_statements(body))
        if isinstance(one, cst.ClassDef) and one.name.value == "Meta"
    )
    return next(found, None)


def _new_meta(inherited: Inherited, new: cst.BaseExpression) -> cst.ClassDef:
    bases = [cst.Arg(cst.parse_expression(inherited.meta))] if inherited.meta else []
    return cst.ClassDef(
        name=cst.Name("Meta"),
        bases=bases,
        lpar=cst.LeftParen() if bases else cst.MaybeSentinel.DEFAULT,
        rpar=cst.RightParen() if bases else cst.MaybeSentinel.DEFAULT,
        body=cst.IndentedBlock([_assignment(inherited, new)]),
        leading_lines=[cst.EmptyLine(indent=False)],
    )


def _assignment(inherited: Inherited, new: cst.BaseExpression) -> cst.SimpleStatementLine:
    hidden = [cst.StarredElement(cst.parse_expression(f"{inherited.meta}.indexes"))] if inherited.indexes else []
    value = appended(cst.List(hidden), cst.Element(new))
    return cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name("indexes"))], value)])


def _meta_with(meta: cst.ClassDef, inherited: Inherited, new: cst.BaseExpression) -> cst.ClassDef:
    found = _indexes_of(meta)
    if found is None:
        if meta.bases:
            inherited = Inherited(meta=cst.Module([]).code_for_node(meta.bases[0].value), indexes=inherited.indexes)
        return _with_statements(meta, [*_statements(meta), _assignment(inherited, new)])
    at, value = found
    if isinstance(value, cst.List | cst.Tuple):
        return _with_indexes(meta, at, appended(value, cst.Element(new)))
    if isinstance(value, cst.IfExp | cst.BooleanOperation | cst.Comparison | cst.UnaryOperation) and not value.lpar:
        value = value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return _with_indexes(meta, at, appended(cst.List([cst.StarredElement(value)]), cst.Element(new)))


def _indexes_of(meta: cst.ClassDef) -> tuple[int, cst.BaseExpression] | None:
    """The statement of a ``Meta`` that assigns its indexes, and the value."""
    for at, statement in enumerate(_statements(meta)):
        if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
            small = statement.body[0]
            if isinstance(small, cst.Assign) and matchers.matches(small.targets[0].target, matchers.Name("indexes")):
                return at, small.value
            if (
                isinstance(small, cst.AnnAssign)
                and small.value
                and matchers.matches(small.target, matchers.Name("indexes"))
            ):
                return at, small.value
    return None


def _with_indexes(meta: cst.ClassDef, at: int, value: cst.BaseExpression) -> cst.ClassDef:
    line = _statements(meta)[at]
    return _replaced(meta, at, line.with_changes(body=[line.body[0].with_changes(value=value)]))


def _is_named(value: cst.BaseExpression, name: str) -> bool:
    if not isinstance(value, cst.Call):
        return False
    named = (one.value for one in value.args if one.keyword is not None and one.keyword.value == "name")
    return any(isinstance(one, cst.SimpleString) and one.evaluated_value == name for one in named)


# -- fields --------------------------------------------------------------------------------------------------------


def _assigned(statement: Any, field: str) -> cst.Call | None:
    """The call whose result a statement assigns to the field."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return None
    small = statement.body[0]
    target = small.targets[0].target if isinstance(small, cst.Assign) else getattr(small, "target", None)
    value = getattr(small, "value", None)
    if isinstance(target, cst.Name) and target.value == field and isinstance(value, cst.Call):
        return value
    return None


def _with_argument(arguments: Sequence[cst.Arg], keyword: str, value: str) -> list[cst.Arg]:
    """The arguments with one more, laid out as the last one was."""
    new = cst.Arg(
        cst.Name(value),
        cst.Name(keyword),
        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
    )
    if not arguments:
        return [new]
    last = arguments[-1]
    if isinstance(last.comma, cst.Comma):  # a magic trailing comma: one argument a line
        before = arguments[-2].comma if len(arguments) > 1 else last.comma
        return [*arguments[:-1], last.with_changes(comma=before), new.with_changes(comma=last.comma)]
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    return [
        *arguments[:-1],
        last.with_changes(comma=comma, whitespace_after_arg=cst.SimpleWhitespace("")),
        new.with_changes(whitespace_after_arg=last.whitespace_after_arg),
    ]


def _closed(arguments: list[cst.Arg]) -> list[cst.Arg]:
    """The arguments without a comma that nothing follows, unless each has a line of its own."""
    if arguments and isinstance(arguments[-1].comma, cst.Comma):
        space = arguments[-1].comma.whitespace_after
        if not isinstance(space, cst.ParenthesizedWhitespace):
            arguments = [*arguments[:-1], arguments[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)]
    return arguments


# -- imports -------------------------------------------------------------------------------------------------------


def _imported(module: cst.Module, imports: Iterable[str]) -> cst.Module:
    """With what the entry needs imported; a name that the module has already is left to mean what it means there."""
    bound = _bound(module)
    context = CodemodContext()
    for text in imports:
        package, _, names = text.partition("#")[0].removeprefix("from ").partition(" import ")
        for name in names.split(","):
            if name.strip() not in bound:
                AddImportsVisitor.add_needed_import(context, package.strip(), name.strip())
    return AddImportsVisitor(context).transform_module(module)


def _bound(module: cst.Module) -> set[str]:
    """The names that imports bind at the module's top."""
    found: set[str] = set()
    for line in module.body:
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(small, cst.Import | cst.ImportFrom) and not isinstance(small.names, cst.ImportStar):
                found |= {one.evaluated_alias or one.evaluated_name for one in small.names}
    return found
