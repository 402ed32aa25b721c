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
    tree = ast.parse(source)
    followed = {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == how):
            continue
        named = [(argument, _lookup(argument)) for argument in node.args]
        kept = [argument for argument, name in named if name is None or not f"{name}__".startswith(f"{path}__")]
        if len(kept) == len(node.args):
            continue
        texts = [_text(source, one) for one in kept]
        above = path.rpartition("__")[0]
        if above and not any(f"{_lookup(one)}__".startswith(f"{above}__") for one in kept):
            texts.append(f'"{above}"')
        begin = offset(source, node.func.value, end=True)
        # A manager by itself is no queryset.
        nothing = "" if node in followed or isinstance(node.func.value, ast.Call) else ".all()"
        yield _spliced(source, begin, node, f".{how}({', '.join(texts)})" if texts else nothing)


def counting(source: str) -> Iterator[tuple[str, str]]:
    """Each place that takes the length or the truth of something, changed to ask the database for that alone.

    As (the change in words, the whole text): ``len(books)`` becomes ``books.count()``, a test ``books.exists()``.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1 and not node.keywords:
            question = {"len": "count", "bool": "exists"}.get(node.func.id)
            if question:
                yield _replaced(source, node, f"{_text(source, node.args[0])}.{question}()")
    for test in _tests(tree):
        if isinstance(test, ast.Name | ast.Call | ast.Subscript):
            yield _replaced(source, test, f"{_text(source, test)}.exists()")


def fetching_at_once(source: str) -> Iterator[tuple[str, str]]:
    """Each ``count()`` and ``exists()`` of a name, changed to fetch its rows, which are then there for what follows.

    As (the change in words, the whole text): ``books.count()`` becomes ``len(books)``.
    """
    tree = ast.parse(source)
    tests = list(_tests(tree))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            name = node.func.value.id
            if node.func.attr == "count" and not node.args:
                yield _replaced(source, node, f"len({name})")
            elif node.func.attr == "exists":
                yield _replaced(source, node, name if node in tests else f"bool({name})")


def _tests(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions whose truth alone decides."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.IfExp | ast.While):
            yield from _operands(node.test)


def _operands(test: ast.expr) -> Iterator[ast.expr]:
    if isinstance(test, ast.BoolOp):
        for one in test.values:
            yield from _operands(one)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _operands(test.operand)
    else:
        yield test


def _text(source: str, node: ast.expr) -> str:
    return ast.get_source_segment(source, node) or ""


def _replaced(source: str, node: ast.expr, text: str) -> tuple[str, str]:
    """The change in words, and the source with the expression replaced."""
    return f"{text} in place of {_text(source, node)}", _spliced(source, offset(source, node), node, text)


def naming(source: str, how: str, name: str) -> Iterator[tuple[str, str]]:
    """The text with a name added to each call of ``how`` (`only`), as (the call, the whole text)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == how:
            names = (*(_text(source, one) for one in node.args), f'"{name}"')
            call = f"{how}({', '.join(names)})"
            yield call, _spliced(source, offset(source, node.func.value, end=True), node, f".{call}")


def _lookup(argument: ast.expr) -> str | None:
    """The lookup that an argument names: a string, or the first argument of a `Prefetch`."""
    if isinstance(argument, ast.Call) and argument.args:
        argument = argument.args[0]
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def _spliced(source: str, begin: int, until: ast.expr, text: str) -> str:
    """The source with what stands from an offset in bytes to an expression's end replaced."""
    whole = source.encode()
    return (whole[:begin] + text.encode() + whole[offset(source, until, end=True) :]).decode()


def offset(source: str, node: ast.expr, *, end: bool = False) -> int:
    """Where an expression begins or ends, in bytes."""
    row, column = (node.end_lineno, node.end_col_offset) if end else (node.lineno, node.col_offset)
    lines = source.encode().split(b"\n")
    return sum(len(line) + 1 for line in lines[: (row or 1) - 1]) + (column or 0)


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
