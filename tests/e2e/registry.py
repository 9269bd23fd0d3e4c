"""A registry of the tests' own on loopback (docker-registry of Debian), with a password, behind a proxy that can be slow
or break layers."""
import base64
import contextlib
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

USER, PASSWORD = "alice", "secret-42"
# bcrypt of PASSWORD, which htpasswd makes.
HTPASSWD = "alice:$2b$04$KW02jrIbK/KERqk8a6WFC.2fuEV0kYwgy/ULpG0wGkSF.foR0Jx0G\n"


def image(*layers, architecture=None, **config):
    """For push: `layers` are tars; `config`: Entrypoint, Cmd, Env, User, WorkingDir, StopSignal."""
    machine = "amd64" if os.uname().machine == "x86_64" else "arm64"
    digests = ["sha256:" + hashlib.sha256(each).hexdigest() for each in layers]
    return {"layers": layers, "digests": digests, "config": {
        "architecture": architecture or machine, "os": "linux", "config": config,
        "rootfs": {"type": "layers", "diff_ids": digests}}}


def why_no_registry():
    return "" if shutil.which("docker-registry") else "docker-registry is not installed"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Registry:
    """A context manager. `host` is what images are named with; it leads to the proxy.

    slow: bytes a second of each layer; broken: digests of layers whose last bytes are other ones; cut: digests of layers
    that break off in the middle. `pulls` counts requests for manifests by name and tag."""

    def __init__(self, password=False):
        self._directory = tempfile.TemporaryDirectory(prefix="reprieve-registry-")
        folder = pathlib.Path(self._directory.name)
        self._port = free_port()
        self._headers = {}
        config = f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\nhttp: {{addr: '127.0.0.1:{self._port}'}}\n"
        if password:
            (folder / "htpasswd").write_text(HTPASSWD)
            config += f"auth: {{htpasswd: {{realm: tests, path: {folder}/htpasswd}}}}\n"
            token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            self._headers = {"Authorization": f"Basic {token}"}
        (folder / "config.yml").write_text(config)
        self._config = str(folder / "config.yml")
        self._log = folder / "log"
        self.slow, self.broken, self.cut = None, set(), set()
        self.pulls = {}
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        with open(self._log, "w") as log:
            self._process = subprocess.Popen(["docker-registry", "serve", self._config], stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                break
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the registry does not serve: " + self._log.read_text())
            time.sleep(0.02)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._process.kill()
        self._process.wait()
        self._directory.cleanup()

    def _ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        connection.request(method, path, body=body, headers={**self._headers, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text}")
        return answer

    def _put_blob(self, name, content):
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        where = self._ask("POST", f"/v2/{name}/blobs/uploads/").getheader("Location")
        where = where[where.index("/v2/"):]
        self._ask("PUT", f"{where}{'&' if '?' in where else '?'}digest={digest}", content,
                  {"Content-Type": "application/octet-stream"})
        return {"size": len(content), "digest": digest}

    def push(self, name, tag, image):
        """Returns the manifest's digest."""
        config = self._put_blob(name, json.dumps(image["config"]).encode())
        kind = "application/vnd.docker"
        layers = [self._put_blob(name, each) for each in image["layers"]]
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": f"{kind}.distribution.manifest.v2+json",
            "config": {"mediaType": f"{kind}.container.image.v1+json", **config},
            "layers": [{"mediaType": f"{kind}.image.rootfs.diff.tar", **each} for each in layers]}).encode()
        self._ask("PUT", f"/v2/{name}/manifests/{tag}", manifest,
                  {"Content-Type": f"{kind}.distribution.manifest.v2+json"})
        return "sha256:" + hashlib.sha256(manifest).hexdigest()

    def _handler(registry):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.forward()

            def do_GET(self):
                self.forward()

            def forward(self):
                connection = http.client.HTTPConnection("127.0.0.1", registry._port)
                # A client has several headers Accept: without all of them the registry converts the manifest.
                connection.request(self.command, self.path, headers={
                    key: ", ".join(self.headers.get_all(key)) for key in self.headers if key.lower() not in ("host", "accept-encoding")})
                answer = connection.getresponse()
                body = answer.read()
                connection.close()
                # A pull asks for its tag once: Podman by GET, Docker by HEAD, before it gets what that says by its digest.
                if "/manifests/" in self.path and "sha256:" not in self.path and answer.status == 200:
                    registry.pulls[self.path[4:]] = registry.pulls.get(self.path[4:], 0) + 1
                self.send_response(answer.status)
                for key, value in answer.getheaders():
                    if key.lower() not in ("transfer-encoding", "connection", "date"):
                        self.send_header(key, value)
                self.end_headers()
                digest = self.path.rsplit("/", 1)[-1]
                blob = "/blobs/" in self.path
                if blob and digest in registry.broken:
                    body = body[:-16] + b"x" * 16
                if blob and digest in registry.cut:
                    self.wfile.write(body[:len(body) // 2])
                    self.close_connection = True
                    return
                with contextlib.suppress(OSError):
                    self.send_body(body, blob)

            def send_body(self, body, blob):
                if not (blob and registry.slow) or len(body) < registry.slow // 10:
                    self.wfile.write(body)
                    return
                piece = max(registry.slow // 20, 1)
                for at in range(0, len(body), piece):
                    self.wfile.write(body[at:at + piece])
                    self.wfile.flush()
                    time.sleep(0.05)
        return Handler
