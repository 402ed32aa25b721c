"""Write the page of the public names: `python docs/reference.py > docs/reference.md`."""

from __future__ import annotations

import inspect
import os
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any

import django

import dbaudit

HEAD = """# Public names

What `import dbaudit` gives. Checks of your own, tests and scripts may rely on these names; everything else may change
with any version. Values are frozen. `None` means *not seen*, an empty text or tuple means *absent*.
"""


def page() -> str:
    """The page in Markdown: functions, what an audit is asked for and gives, then what it reads."""
    values = {name: getattr(dbaudit, name) for name in dbaudit.__all__}
    sections = {
        "Functions": [name for name, value in values.items() if inspect.isfunction(value) or _is_from(value, "live")],
        "What an audit concludes": [name for name, value in values.items() if _is_from(value, "findings", "options")],
        "What an audit reads": [name for name, value in values.items() if _is_from(value, "facts")],
    }
    listed = {name for names in sections.values() for name in names}
    sections["Other"] = [name for name in values if name not in listed]
    parts = [HEAD]
    for title, names in sections.items():
        if names:
            parts += [f"## {title}\n", *(_entry(name, values[name]) for name in names)]
    return "\n".join(parts)


def _is_from(value: Any, *rooms: str) -> bool:
    module = getattr(value, "__module__", "")
    return inspect.isclass(value) and module.startswith(tuple(f"dbaudit.{room}" for room in rooms))


def _entry(name: str, value: Any) -> str:
    text = _docstring(value)
    if inspect.isfunction(value):
        return f"### `{name}`\n\n```text\n{name}{_signature(value)}\n```\n\n{text}\n"
    if is_dataclass(value):
        rows = [f"| `{one.name}` | `{_cell(str(one.type))}` | {_default(one)} |" for one in fields(value)]
        table = "\n".join(["| field | type | default |", "|---|---|---|", *rows])
        return f"### `{name}`\n\n{text}\n\n{table}\n"
    if inspect.isclass(value) and issubclass(value, Enum):
        words = ", ".join(f"`{member.value}`" for member in value)
        return f"### `{name}`\n\n{text}\n\nOne of {words}.\n"
    if inspect.isclass(value):
        members = {member: found for member, found in vars(value).items() if not member.startswith("_")}
        rows = [f"| `{member}` | {' '.join(_docstring(found).split())} |" for member, found in members.items()]
        return f"### `{name}`\n\n{text}\n\n" + "\n".join(["| member | |", "|---|---|", *rows]) + "\n"
    return f"### `{name}`\n\n`{_cell(_type(value))}`\n"


def _signature(function: Any) -> str:
    """The parameters, a line each; defaults as they are written in code."""
    signature = inspect.signature(function)
    lines = [
        f"    {parameter.name}: {parameter.annotation}"
        + ("" if parameter.default is parameter.empty else f" = {_value(parameter.default)}")
        for parameter in signature.parameters.values()
    ]
    return "(\n" + ",\n".join(lines) + f"\n) -> {signature.return_annotation}"


def _docstring(value: Any) -> str:
    """In Markdown: one mark for code, also where a role of reStructuredText would link."""
    return (inspect.getdoc(value) or "").replace("``", "`")


def _type(value: Any) -> str:
    return str(value).replace("typing.", "").replace("dbaudit.findings.remedy.", "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(one: Field[Any]) -> str:
    if one.default_factory is not MISSING:
        return f"`{_cell(repr(one.default_factory()))}`"
    if one.default is MISSING:
        return "required"
    return f"`{_cell(_value(one.default))}`"


def _value(value: Any) -> str:
    if isinstance(value, Enum):
        return repr(str(value.value))
    return getattr(value, "__name__", None) or repr(value)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "context7.settings")
    django.setup()
    print(page(), end="")
