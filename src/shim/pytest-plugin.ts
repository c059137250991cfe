export const PYTEST_PLUGIN_FILE = "nightwarden_report.py";

/**
 * A plugin of pytest that writes a line for each test, and one at the end of the session. It takes what it needs when it
 * is loaded, before any file of the tree, and tells nobody where it writes.
 */
export const PYTEST_PLUGIN = `\
import json as _json
import os as _os

_path = _os.environ.pop("NIGHTWARDEN_TEST_REPORT", None)
_dumps, _open = _json.dumps, open
_seen = {}


def _write(entry):
    with _open(_path, "a", encoding="utf-8") as report:
        report.write(_dumps(entry) + "\\n")


def pytest_configure(config):
    global _path
    if hasattr(config, "workerinput"):
        _path = None  # a worker of xdist: the one who started it tells


def pytest_runtest_logreport(report):
    if report.failed or (report.when == "call" and report.nodeid not in _seen):
        _seen[report.nodeid] = "failed" if report.failed else "skipped" if report.skipped else "passed"
    elif report.skipped and report.nodeid not in _seen:
        _seen[report.nodeid] = "skipped"


def pytest_collectreport(report):
    if report.failed:
        _seen[report.nodeid] = "failed"


def pytest_sessionfinish(session):
    if _path is None:
        return
    for nodeid, status in _seen.items():
        file, _, name = nodeid.partition("::")
        _write({"file": file, "name": name.replace("::", " > "), "status": status})
    _write({"end": True})
`;
