"""Which findings the project does not want to be told of. Pure: findings and wishes go in, both sorts come out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date

from dbaudit.errors import AuditError, nearest
from dbaudit.facts import Ignore
from dbaudit.findings import Finding, StaleSuppression, Suppressed, Suppression
from dbaudit.registry import identified

_COMMENT = re.compile(r"ignore\[(?P<checks>[^\]]*)\](?P<rest>.*)")
_UNTIL = re.compile(r"(?:^|\s)until=([^\s,;]+)[,;]?")
EXAMPLE = "# dbaudit: ignore[redundant_index] the reason until=2027-01-31"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is told, and what is not."""

    kept: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]


def of_comments(comments: Iterable[Ignore]) -> tuple[Suppression, ...]:
    """The comments as suppressions. Raises `AuditError` with file and line for one that cannot be read."""
    return tuple(map(_of_comment, comments))


def verified(suppressions: Iterable[Suppression], checks: Iterable[str]) -> tuple[Suppression, ...]:
    """The suppressions, each with the ids of its checks in full.

    Raises `AuditError` with place and nearest name where one names an unknown check.
    """
    ids = set(checks)
    return tuple(_verified(suppression, ids) for suppression in suppressions)


def in_full(suppression: Suppression, ids: Collection[str]) -> Suppression:
    """The suppression with the checks' ids as they are today."""
    check, colon, rest = suppression.key.partition(":")
    names = tuple(identified(name, ids) for name in suppression.checks)
    return replace(suppression, checks=names, key=f"{identified(check, ids)}{colon}{rest}")


def _verified(suppression: Suppression, ids: Collection[str]) -> Suppression:
    found = in_full(suppression, ids)
    for name in found.checks:
        if name not in ids:
            raise AuditError(f"{found.source}: there is no check {name!r}. {nearest(name, ids)}")
    return found


def apply(findings: Iterable[Finding], suppressions: Iterable[Suppression], today: date) -> Outcome:
    """Divide the findings; each is suppressed by the first that matches and still holds on the day ``today``.

    A finding that only an expired one would suppress is kept and new, and its detail says so.
    """
    wishes = tuple(suppressions)
    kept: list[Finding] = []
    suppressed: list[Suppressed] = []
    for finding in findings:
        matching = [one for one in wishes if one.matches(finding)]
        holding = next((one for one in matching if not one.expired(today)), None)
        if holding:
            suppressed.append(Suppressed(finding, holding))
        elif matching:
            kept.append(replace(finding, detail=f"{finding.detail} {_said(matching[0])}", new=True))
        else:
            kept.append(finding)
    return Outcome(tuple(kept), tuple(suppressed))


def stale(
    suppressions: Iterable[Suppression], used: Iterable[Suppression], today: date, *, ran: Iterable[str], whole: bool
) -> tuple[StaleSuppression, ...]:
    """Those that expired, and those that matched nothing.

    Whether one matches nothing is only known after a ``whole`` audit (of all databases with their queries, and not of
    chosen applications or checks), and where the checks that it names ``ran``.
    """
    matched, done = set(used), set(ran)
    found = []
    for one in dict.fromkeys(suppressions):
        if one.expired(today):
            found.append(StaleSuppression(one, "expired"))
        elif whole and one not in matched and done.issuperset(one.checks or _checks_of_key(one)):
            found.append(StaleSuppression(one, "unused"))
    return tuple(found)


def _of_comment(comment: Ignore) -> Suppression:
    place = f"{comment.location.file}:{comment.location.line}"
    match = _COMMENT.fullmatch(comment.text)
    checks = tuple(name.strip() for name in match["checks"].split(",") if name.strip()) if match else ()
    if not match or not checks:
        raise AuditError(f"{place}: cannot read {f'dbaudit: {comment.text}'!r}; write it as {EXAMPLE!r}.")
    until = _UNTIL.search(match["rest"])
    reason = " ".join(_UNTIL.sub(" ", match["rest"]).split()).lstrip("-: ")
    if not reason:
        raise AuditError(f"{place}: the suppression gives no reason; write it as {EXAMPLE!r}.")
    try:
        expires = date.fromisoformat(until[1]) if until else None
    except ValueError:
        raise AuditError(f"{place}: until={until[1] if until else ''} is no date; write it as {EXAMPLE!r}.") from None
    # At neither a model nor a field there is nothing to suppress; the place itself lets it match no finding.
    nowhere = comment.location if not comment.models and not comment.field else None
    return Suppression(
        reason=reason,
        source=place,
        checks=checks,
        models=comment.models,
        field=comment.field or nowhere,
        expires=expires,
    )


def _checks_of_key(one: Suppression) -> tuple[str, ...]:
    return (one.key.partition(":")[0],) if one.key else ()


def _said(one: Suppression) -> str:
    return f"Its suppression at {one.source} ({one.reason}) expired on {one.expires}."
