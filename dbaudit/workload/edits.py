"""Changes to a function's text: a call added to a queryset, a name corrected."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from django.db.models import Model

#: Calls on a queryset that give another one to which a relation can be added. What follows others stays where it is.
GIVES_QUERYSET = {
    *("all", "filter", "exclude", "order_by", "annotate", "alias", "select_related", "prefetch_related", "distinct"),
    *("only", "defer", "using", "reverse", "select_for_update", "extra"),
}

Insert = Callable[[str], str]


def fetching(source: str, resolve: Callable[[list[str]], type[Model] | None]) -> Iterator[tuple[type[Model], Insert]]:
    """Each queryset that is built in the text from a manager, with its model and what puts a call into it.

    ``resolve`` gives the model of the manager that a dotted name stands for.
    """
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        path = _dotted(node) if isinstance(node, ast.Attribute) else None
        model = resolve(path) if path else None
        if model is not None and isinstance(node, ast.expr):
            yield model, _inserter(source, _last_call(node, parents))


def without(source: str, how: str, path: str) -> Iterator[str]:
    """The text without a relation in ``how`` (`select_related`, `prefetch_related`), once for each call that names it.

    What leads to the relation stays: of ``customer__country`` without ``customer__country`` there remains ``customer``.
    """
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == how):
            continue
        named = [(argument, _lookup(argument)) for argument in node.args]
        kept = [argument for argument, name in named if name is None or not f"{name}__".startswith(f"{path}__")]
        if len(kept) == len(node.args):
            continue
        texts = [ast.get_source_segment(source, one) or "" for one in kept]
        above = path.rpartition("__")[0]
        if above and not any(f"{_lookup(one)}__".startswith(f"{above}__") for one in kept):
            texts.append(f'"{above}"')
        yield _spliced(source, node.func.value, node, f".{how}({', '.join(texts)})" if texts else "")


def _lookup(argument: ast.expr) -> str | None:
    """The lookup that an argument names: a string, or the first argument of a `Prefetch`."""
    if isinstance(argument, ast.Call) and argument.args:
        argument = argument.args[0]
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def _spliced(source: str, after: ast.expr, until: ast.expr, text: str) -> str:
    """The source with what stands between the ends of two expressions replaced."""
    lines = source.encode().splitlines(keepends=True)
    begin = sum(map(len, lines[: (after.end_lineno or 1) - 1])) + (after.end_col_offset or 0)
    end = sum(map(len, lines[: (until.end_lineno or 1) - 1])) + (until.end_col_offset or 0)
    whole = source.encode()
    return (whole[:begin] + text.encode() + whole[end:]).decode()


def corrected(source: str, name: str, right: str) -> str:
    """The text with a name replaced where it stands in a string, or as the name of an argument."""
    pattern = rf"""(?:(?<=["'\-(\s])|(?<=__)){re.escape(name)}(?=__|["']|=[^=])"""
    return re.sub(pattern, right, source)


def _dotted(node: ast.AST) -> list[str] | None:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return [*before, node.attr] if before else None
    return None


def _last_call(node: ast.expr, parents: dict[ast.AST, ast.AST]) -> ast.expr:
    """The whole chain of calls that still give a queryset: `Book.objects.filter(...).order_by(...)`."""
    last: ast.expr = node
    while True:
        attribute = parents.get(last)
        call = parents.get(attribute) if attribute is not None else None
        if not (isinstance(attribute, ast.Attribute) and isinstance(call, ast.Call) and call.func is attribute):
            break
        if attribute.attr not in GIVES_QUERYSET:
            break
        last = call
    return last


def _inserter(source: str, after: ast.expr) -> Insert:
    lines = source.splitlines(keepends=True)
    row = (after.end_lineno or 1) - 1
    # Columns of `ast` count bytes.
    head = lines[row].encode()[: after.end_col_offset].decode()
    tail = lines[row][len(head) :]

    def insert(call: str) -> str:
        return "".join((*lines[:row], f"{head}.{call}{tail}", *lines[row + 1 :]))

    return insert
