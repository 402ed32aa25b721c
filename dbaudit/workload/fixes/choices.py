"""A change to a function's text: what each row chooses of a prefetched relation is prefetched by itself.

Only where it says the same for every row: the choice names nothing of the function's own, and what came of it is read
as a list is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from django.db.models import Model, Prefetch

from dbaudit.workload.fixes.edits import offset

#: What may stand between the relation and its end.
_CHOOSES = {"filter", "exclude", "order_by"}
#: How the first row, the number and the presence of rows are read of a list.
_ENDS = {"first": "next(iter({}), None)", "count": "len({})", "exists": "bool({})"}
#: Functions to which a list is what a queryset is.
_READERS = {
    "list",
    "tuple",
    "set",
    "frozenset",
    "sorted",
    "len",
    "bool",
    "any",
    "all",
    "sum",
    "min",
    "max",
    "enumerate",
}
_EXPRESSIONS = {"Q", "F"}

_Change = tuple[ast.expr, str]


def prefetching(source: str, name: str, model: type[Model], names: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Each choice made of the relation ``name`` to ``model``, as (the call, the whole text with it).

    ``names`` are those of the function's module: the model must be among them, under its manager ``objects``.
    """
    tree = ast.parse(source)
    called = next((key for key, value in names.items() if value is model), None)
    prefetched = list(_prefetched(tree, name))
    if called is None or len(prefetched) != 1 or getattr(model, "objects", None) != model._default_manager:
        return
    found: dict[str, list[_Change]] = {}
    for expression, choice, text in _choices(source, tree, name, ordered=bool(model._meta.ordering)):
        found.setdefault(choice, []).append((expression, text))
    known = next((key for key, value in names.items() if value is Prefetch), None)
    for choice, changes in found.items():
        new = f'{known or "Prefetch"}("{name}", queryset={called}.objects{choice}, to_attr="chosen_{name}")'
        changed = _replaced(source, [(prefetched[0], new), *changes])
        yield f"prefetch_related({new})", changed if known else _importing(changed)


def _choices(source: str, tree: ast.AST, name: str, *, ordered: bool) -> Iterator[tuple[ast.expr, str, str]]:
    """What is asked of the relation of a row, as (the expression, what it chooses, what it is to become)."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    local = {one.arg for one in ast.walk(tree) if isinstance(one, ast.arg)}
    local |= {one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)}
    for root in ast.walk(tree):
        if not (isinstance(root, ast.Attribute) and root.attr == name and isinstance(root.value, ast.Name)):
            continue
        calls, last = _calls(root, parents)
        end = ""
        if calls and calls[-1][0] in _ENDS and not calls[-1][1].args and not calls[-1][1].keywords:
            end, _ = calls.pop()
        if (not calls and end != "first") or any(
            how not in _CHOOSES or not _constant(call, local) for how, call in calls
        ):
            continue
        if not end and not _read_as_list(last, parents.get(last)):
            continue
        until = calls[-1][1] if calls else root
        choice = source.encode()[offset(source, root, end=True) : offset(source, until, end=True)].decode()
        if end == "first" and not ordered and "order_by" not in [how for how, _ in calls]:
            choice += '.order_by("pk")'
        yield last, choice or ".all()", _ENDS.get(end, "{}").format(f"{root.value.id}.chosen_{name}")


def _calls(root: ast.expr, parents: dict[ast.AST, ast.AST]) -> tuple[list[tuple[str, ast.Call]], ast.expr]:
    """The methods called one after the other on an expression, and the whole of it."""
    calls: list[tuple[str, ast.Call]] = []
    last = root
    while isinstance(attribute := parents.get(last), ast.Attribute):
        call = parents.get(attribute)
        if not (isinstance(call, ast.Call) and call.func is attribute):
            return [], attribute
        calls.append((attribute.attr, call))
        last = call
    return calls, last


def _constant(call: ast.Call, local: set[str]) -> bool:
    """Whether a call's arguments are the same for every row."""
    for argument in (*call.args, *(one.value for one in call.keywords)):
        for node in ast.walk(argument):
            if isinstance(node, ast.Name) and node.id in local:
                return False
            if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in _EXPRESSIONS):
                return False
            if isinstance(node, ast.Await | ast.Lambda | ast.NamedExpr):
                return False
    return True


def _read_as_list(expression: ast.expr, parent: ast.AST | None) -> bool:
    if isinstance(parent, ast.For | ast.comprehension):
        return parent.iter is expression
    return isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id in _READERS


def _prefetched(tree: ast.AST, name: str) -> Iterator[ast.expr]:
    """The arguments of `prefetch_related` that are the relation's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "prefetch_related":
            yield from (one for one in node.args if isinstance(one, ast.Constant) and one.value == name)


def _replaced(source: str, changes: list[_Change]) -> str:
    """The source with expressions replaced, the last first, so that the places of the others stay."""
    whole = source.encode()
    for node, text in sorted(changes, key=lambda one: offset(source, one[0]), reverse=True):
        whole = whole[: offset(source, node)] + text.encode() + whole[offset(source, node, end=True) :]
    return whole.decode()


def _importing(source: str) -> str:
    """The function with the import of `Prefetch` as its first statement."""
    function = ast.parse(source).body[0]
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return source
    documented = ast.get_docstring(function) is not None and len(function.body) > 1
    first = function.body[1 if documented else 0]
    lines = source.splitlines(keepends=True)
    lines.insert(first.lineno - 1, f"{' ' * first.col_offset}from django.db.models import Prefetch\n\n")
    return "".join(lines)
