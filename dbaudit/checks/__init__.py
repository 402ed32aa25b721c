"""Checks: a snapshot goes in, findings come out. One file a check, named after the defect; none touches a database."""

from __future__ import annotations

import importlib
import pkgutil
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.apps.registry import Apps
from django.utils.module_loading import module_has_submodule

from dbaudit.connection.exceptions import summary
from dbaudit.errors import AuditError, place
from dbaudit.facts import Skipped, Snapshot
from dbaudit.findings import Finding, Severity
from dbaudit.findings.accept import UnusableError, accepted
from dbaudit.registry import Check, registered

#: The module of an app in which a project keeps its own checks.
PROJECT_MODULE = "dbaudit_checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What running the checks gave: ``ran`` finished, ``skipped`` could not judge, ``crashed`` raised."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    crashed: tuple[Skipped, ...]
    ran: tuple[Check, ...]


def load(apps: Apps) -> tuple[Check, ...]:
    """Import the built-in checks and every app's ``dbaudit_checks``; all that is registered, in order of id.

    Raises `AuditError` with file and line when a project's module does not import.
    """
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, PROJECT_MODULE):
            _import(f"{config.name}.{PROJECT_MODULE}")
    return registered()


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except AuditError:
        raise
    except SyntaxError as error:
        raise AuditError(f"{place(error.filename, error.lineno)}: {error.msg}; correct it.") from error
    except Exception as error:
        own = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename.endswith(f"{PROJECT_MODULE}.py")
        ]
        where = place(own[-1].filename, own[-1].lineno) if own else name
        raise AuditError(f"{where}: {summary(error)}; correct it.") from error


def run(snapshot: Snapshot, checks: Iterable[Check]) -> Outcome:
    """Run the checks on a snapshot. One that raises is named with its error, and the others still run."""
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    crashed: list[Skipped] = []
    ran: list[Check] = []
    for check in checks:
        if not check.works_on(snapshot.vendor):
            skipped.append(Skipped(check.id, f"Works on {' and '.join(check.vendors)} only.", "vendor"))
            continue
        try:
            results = [*_results(check, snapshot)]
        except UnusableError as error:
            crashed.append(Skipped(check.id, f"The check yielded what is no finding: {error}", "check"))
            continue
        except Exception as error:  # noqa: BLE001 - a broken check, perhaps the project's own, must not hide the others
            crashed.append(Skipped(check.id, f"The check raised {summary(error)} ({_where(error, check)}).", "check"))
            continue
        ran.append(check)
        skipped += [_of_check(result, check) for result in results if isinstance(result, Skipped)]
        findings += [_stamped(result, check) for result in results if isinstance(result, Finding)]
    return Outcome(
        findings=tuple(sorted(_told_apart(findings), key=lambda finding: finding.order)),
        skipped=tuple(skipped),
        crashed=tuple(crashed),
        ran=tuple(ran),
    )


def _results(check: Check, snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """What the check yields. A project's results are looked at first: nothing has proved their types."""
    results = check.function(snapshot)
    if check.function.__module__.startswith(f"{__name__}."):
        yield from results
        return
    for result in results:
        try:
            known = _known(result)
        except UnusableError as error:
            frame = getattr(results, "gi_frame", None)
            where = place(frame.f_code.co_filename, frame.f_lineno) if frame else check.place
            raise UnusableError(f"{error} ({where})") from error
        yield known


def _known(result: object) -> Finding | Skipped:
    if isinstance(result, Finding):
        return accepted(result)
    if isinstance(result, Skipped):
        return Skipped(str(result.what), str(result.reason))
    raise UnusableError(f"{result!r} is neither a Finding nor a Skipped")


def _told_apart(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Number the findings that a check could not tell apart (a third copy of one index), so that every key is
    unique."""
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding.key] += 1
        count = seen[finding.key]
        yield replace(finding, identity=(*finding.identity, str(count))) if count > 1 else finding


def _stamped(finding: Finding, check: Check) -> Finding:
    severity = check.severity if finding.severity is Severity.DEFAULT else finding.severity
    return replace(finding, check=check.id, severity=severity, category=check.category)


def _of_check(skipped: Skipped, check: Check) -> Skipped:
    """A check that could not judge says so under its own id."""
    return replace(skipped, kind="check") if skipped.what == check.id else skipped


def _where(error: Exception, check: Check) -> str:
    """The innermost line; the check's own where it only gave what is no finding."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return check.place if frame.filename == __file__ else place(frame.filename, frame.lineno)
