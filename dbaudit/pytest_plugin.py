"""``pytest --dbaudit``: records the statements of each test. Without the option it does nothing.

Nothing of Django is imported here before a test asks for it: pytest loads this module in every project of the
environment.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dbaudit import capture

DEFAULT_FILE = ".dbaudit/tests.jsonl"
MARKER = "dbaudit(max_queries): with --dbaudit, fail the test if it runs more statements than this"
_SHOWN = 10


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options."""
    group = parser.getgroup("dbaudit", "database audit")
    group.addoption("--dbaudit", action="store_true", help="record the statements of each test, for `dbaudit report`")
    group.addoption(
        "--dbaudit-file",
        metavar="FILE",
        default=DEFAULT_FILE,
        help=f"where they are written, anew in each session (default: {DEFAULT_FILE})",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Know the marker always; record only when asked to."""
    config.addinivalue_line("markers", MARKER)
    if config.getoption("--dbaudit"):
        config.pluginmanager.register(_Session(config), "dbaudit-session")


@pytest.fixture
def dbaudit_capture() -> Iterator[capture]:
    """What the test runs from here on, as ``dbaudit.capture()`` gives it."""
    import dbaudit  # noqa: PLC0415 - as the module's docstring says

    with dbaudit.capture() as run:
        yield run


class _Session:
    """Records and writes. Under xdist each worker writes a file of its own, and the controller joins them."""

    def __init__(self, config: pytest.Config) -> None:
        self._path = Path(config.rootpath, config.getoption("--dbaudit-file"))
        self._worker = getattr(config, "workerinput", {}).get("workerid", "")
        self._own = self._path.with_name(f"{self._path.name}.{self._worker}") if self._worker else self._path
        self._problem = ""
        self._installed = False
        try:
            self._own.parent.mkdir(parents=True, exist_ok=True)
            self._own.write_bytes(b"")
        except OSError as error:
            raise pytest.UsageError(f"--dbaudit-file: {self._own} cannot be written: {error.strerror}.") from error
        if not self._worker:
            for left in self._parts():
                left.unlink()

    def _parts(self) -> list[Path]:
        return sorted(self._path.parent.glob(f"{self._path.name}.gw*"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        # What fixtures load is marked as well: an instance without a mark is one that the tests made themselves.
        if not self._installed:
            from dbaudit.workload.recording.recorder import keep_installed  # noqa: PLC0415 - as the docstring says

            keep_installed(always=True)
            self._installed = True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        from dbaudit.workload.recording.capture_file import Captured, append  # noqa: PLC0415 - as the module's docstring says
        from dbaudit.workload.recording.recorder import Recorder  # noqa: PLC0415 - as above
        from dbaudit.workload.wrong_names import raised  # noqa: PLC0415 - as above

        recorder, wrong = Recorder(threads=True), None
        try:
            with recorder.recording():
                result = yield
        except BaseException as error:
            wrong = raised(error)
            raise
        finally:
            statements = tuple(one for one in recorder.statements if one.kind != "transaction")
            captured = Captured(
                id=item.nodeid,
                label=item.nodeid,
                ms=None,
                statements=statements,
                dropped=recorder.dropped,
                is_test=True,
                wrong=wrong or recorder.wrong_name,
            )
            try:
                if statements or captured.wrong:
                    append(self._own, captured)
            except OSError as error:
                # No test fails by it. A worker of xdist cannot say it, but what it wrote before is used.
                self._problem = f"{self._own} could not be written any more: {error.strerror}"
        self._hold_to_marker(item, statements, len(statements) + recorder.dropped)
        return result

    def _hold_to_marker(self, item: pytest.Item, statements: Any, count: int) -> None:
        marker = item.get_closest_marker("dbaudit")
        if marker is None:
            return
        unknown = set(marker.kwargs) - {"max_queries"}
        limit = marker.kwargs.get("max_queries")
        if marker.args or unknown or not isinstance(limit, int):
            pytest.fail("The marker is written @pytest.mark.dbaudit(max_queries=<a whole number>).", pytrace=False)
        if count > limit:
            lines = [
                f"  {one.location.file}:{one.location.line}: {one.template}" if one.location else f"  {one.template}"
                for one in statements[:_SHOWN]
            ]
            more = [f"  and {count - _SHOWN} more"] if count > _SHOWN else []
            text = f"{count} queries, where at most {limit} are allowed:\n" + "\n".join(lines + more)
            pytest.fail(text, pytrace=False)

    def pytest_sessionfinish(self) -> None:
        if self._worker:
            return
        with self._path.open("ab") as whole:
            for part in self._parts():
                data = part.read_bytes()
                # A worker that crashed may have left half a line.
                whole.write(data if not data or data.endswith(b"\n") else data + b"\n")
                part.unlink()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._worker:
            return
        tests = self._path.read_bytes().count(b"\n")
        terminalreporter.section("dbaudit")
        terminalreporter.write_line(f"{tests} tests asked the database; what they ran is in {self._path}")
        if self._problem:
            terminalreporter.write_line(self._problem)
        terminalreporter.write_line(f"manage.py dbaudit report --workload {self._path}")
