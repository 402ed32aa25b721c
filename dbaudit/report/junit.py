"""The report as JUnit XML, which every build server shows: a test suite a database, a test case a check and object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from dbaudit.findings import DatabaseReport, Finding, Report, Severity
from dbaudit.report import remedies, words


def render(report: Report) -> str:
    """Errors and warnings fail. What passes: remarks, with their text as output, and checks that found nothing.

    Findings that a baseline knows or that are suppressed, and what was not examined, are skipped with the reason; a
    check that crashed is an error.
    """
    root = ET.Element("testsuites", name="dbaudit")
    for database in report.databases:
        root.append(_suite(report, database))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{report.duration_seconds:.3f}")
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(report: Report, database: DatabaseReport) -> ET.Element:
    cases = list(_cases(report, database))
    suite = ET.Element("testsuite", name=words.printable(database.snapshot.alias))
    suite.set("timestamp", report.generated_at.replace("+00:00", ""))
    suite.set("tests", str(len(cases)))
    for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", "0")
    suite.extend(cases)
    return suite


def _cases(report: Report, database: DatabaseReport) -> Iterator[ET.Element]:
    for finding in sorted(database.findings, key=lambda one: one.order):
        case = _case_of(finding)
        if finding.new is False:
            known = report.baseline.file if report.baseline else "the baseline"
            _tell(case, "skipped", f"Known to {known}: {finding.subject}")
        elif finding.severity is Severity.INFO:
            ET.SubElement(case, "system-out").text = _body(finding)
        else:
            _tell(case, "failure", finding.subject, _body(finding)).set("type", finding.severity.value)
        yield case
    for one in sorted(database.suppressed, key=lambda one: one.finding.order):
        case = _case_of(one.finding)
        _tell(case, "skipped", f"Suppressed at {one.suppression.source}: {one.suppression.reason}")
        yield case
    told = {one.check for one in database.findings} | {one.finding.check for one in database.suppressed}
    told |= {one.what for one in (*database.skipped, *database.crashed)}
    for check in sorted({*database.ran} - told):
        yield _case(check, "all")
    reasons: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    for skipped in database.skipped:
        reasons[skipped.what, skipped.kind in ("check", "vendor")].append(skipped.reason)
    for (what, is_check), why in reasons.items():
        case = _case(what, "not examined") if is_check else _case("not_examined", what)
        _tell(case, "skipped", " ".join(dict.fromkeys(why)))
        yield case
    for crashed in database.crashed:
        case = _case(crashed.what, "all")
        _tell(case, "error", crashed.reason).set("type", "crash")
        yield case


def _case_of(finding: Finding) -> ET.Element:
    """The check with the object: what the finding's key says besides the check."""
    case = _case(finding.check, finding.key.partition(":")[2] or "all")
    if finding.location:
        case.set("file", words.printable(finding.location.file))
        case.set("line", str(finding.location.line))
    return case


def _case(check: str, name: str) -> ET.Element:
    return ET.Element("testcase", classname=f"dbaudit.{words.printable(check)}", name=words.printable(name), time="0")


def _tell(case: ET.Element, tag: str, message: str, body: str = "") -> ET.Element:
    element = ET.SubElement(case, tag, message=words.printable(message))
    element.text = body or None
    return element


def _body(finding: Finding) -> str:
    """What was seen and what to do, as lines; nothing in it that XML cannot hold."""
    remedy = finding.remedy
    facts = [f"{one.what}: {words.measure(one.value, one.unit)}" for one in finding.evidence]
    parts = [finding.subject, finding.detail, *facts]
    if not remedy.failed:
        parts += [f"{remedies.action(remedy.action)}.", *filter(None, (remedy.orm, remedy.conflicts, remedy.sql))]
    parts.append(remedies.verification(remedy))
    return "\n".join(words.printable(line.expandtabs(4)) for part in parts for line in part.splitlines())
