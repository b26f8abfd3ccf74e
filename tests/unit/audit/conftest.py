"""What the locks of the project consist of, and databases of vulnerabilities on 127.0.0.1."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from audit import sbom

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def environment():
    return sbom.installed()


@pytest.fixture(scope="session")
def python(environment):
    return sbom.of_python(ROOT / "requirements.txt", environment)


@pytest.fixture(scope="session")
def npm():
    return sbom.of_npm()


@pytest.fixture(scope="session")
def page():
    return sbom.of_npm(ROOT / "page")


@pytest.fixture(scope="session")
def everything(python, npm, page):
    return sbom.together(sbom.together(python, npm), page)


@pytest.fixture(scope="session")
def function(environment):
    return sbom.of_python(ROOT / "lambdas/ingest/requirements.txt", environment, root="aitrail-function")


class Databases(BaseHTTPRequestHandler):
    """OSV at /v1/query, and the part of npm's registry that npm audit asks."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = json.loads(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        if self.path == "/v1/query":
            pin = (asked["package"]["name"], asked["version"])
            self.server.asked.append(pin)
            self._answer({"vulns": vulns} if (vulns := self.server.osv.get(pin)) else {})
        else:
            self.server.asked += [(name, version) for name, versions in asked.items() for version in versions]
            self._answer({name: self.server.npm[name] for name in asked if name in self.server.npm})

    def do_GET(self):
        self.send_error(404)  # what npm asks of packages in which others are vulnerable, and does without

    def _answer(self, content):
        text = self.server.instead if self.server.instead is not None else json.dumps(content)
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def databases(monkeypatch, tmp_path):
    """Databases that know of nothing, unless `osv` or `npm` say so; `instead` is a text in the place of any answer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Databases)
    server.osv, server.npm, server.asked, server.status, server.instead = {}, {}, [], 200, None
    address = f"http://127.0.0.1:{server.server_port}"
    server.query = f"{address}/v1/query"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("npm_config_registry", f"{address}/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def nowhere(databases):
    """The address of a database that nothing answers at."""
    databases.socket.close()
    return databases.query
