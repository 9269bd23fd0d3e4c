"""API servers of pinned versions: builds them from their Go modules, runs one with its etcd on loopback, and asks it."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import upstream

HERE = pathlib.Path(__file__).resolve().parent
ETCD = "v3.6.8"
TOKEN = "check-versions"


def build(source, go, requires, replaces, flags, out):
    """A program from one Go file and pinned modules; some minutes for an API server. What is built is kept."""
    if out.exists():
        return out
    folder = out.parent / f"{out.name}.build"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / source, folder / "main.go")
    # From Go 1.17 on, modules that nothing imports are not fetched.
    lines = ["module check", f"go {go}", *[f"require {name} {version}" for name, version in requires],
             *[f"replace {name} => {name} {version}" for name, version in replaces]]
    (folder / "go.mod").write_text("\n".join(lines) + "\n")
    print(f"building {out.name}", flush=True)
    environment = {**os.environ, "GOFLAGS": "-mod=mod"}
    for command in (["go", "mod", "tidy"], ["go", "build", *flags, "-o", f"{out}.new", "."]):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command[:3])} for {out.name}: {done.stderr[-2000:]}")
    os.rename(f"{out}.new", out)
    shutil.rmtree(folder)
    return out


def build_etcd(work):
    return build("etcd.go", "1.24.0", [("go.etcd.io/etcd/server/v3", ETCD)], [], [], work / f"etcd-{ETCD}")


def build_apiserver(work, version):
    """kube-apiserver of a version such as 1.34.4."""
    own = pathlib.Path(upstream.module("k8s.io/kubernetes", f"v{version}"), "go.mod").read_text()
    staging = "v0." + version.split(".", 1)[1]
    replaces = [(name, staging) for name in re.findall(r"(k8s\.io/[\w-]+) => \./staging", own)]
    variable = "k8s.io/component-base/version"
    flags = ["-ldflags", f"-X {variable}.gitVersion=v{version} -X {variable}.gitMajor=1 "
                         f"-X {variable}.gitMinor={version.split('.')[1]} -X {variable}.gitTreeState=clean"]
    requires = [("k8s.io/kubernetes", f"v{version}"), ("k8s.io/component-base", staging)]
    go = re.search(r"^go (\S+)", own, re.M)[1]
    return build("apiserver.go", go, requires, replaces, flags, work / f"apiserver-{version}")


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Server:
    """A running API server; a context that ends it."""

    def __init__(self, etcd, apiserver, folder):
        self.etcd, self.apiserver, self.folder = etcd, apiserver, pathlib.Path(folder)
        self.processes = []
        self.tls = ssl.create_default_context()
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def __enter__(self):
        client, peer, port = free_ports(3)
        self.url = f"https://127.0.0.1:{port}"
        key = self.folder / "sa.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        tokens = self.folder / "tokens.csv"
        tokens.write_text(f"{TOKEN},admin,1,system:masters\n")
        self.start(self.etcd, self.folder / "etcd", f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}")
        self.start(self.apiserver, f"--etcd-servers=http://127.0.0.1:{client}", f"--secure-port={port}",
                   "--bind-address=127.0.0.1", f"--cert-dir={self.folder}", f"--token-auth-file={tokens}",
                   f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
                   f"--service-account-issuer={self.url}", "--authorization-mode=AlwaysAllow",
                   "--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none",
                   "--disable-admission-plugins=ServiceAccount,Priority,TaintNodesByCondition")
        self.wait(lambda: self.ask("GET", "/readyz")[0] == 200)
        self.wait(lambda: self.ask("GET", "/api/v1/namespaces/default")[0] == 200)
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()

    def start(self, *command):
        with open(self.folder / f"{pathlib.Path(command[0]).name}.log", "w") as log:
            self.processes.append(subprocess.Popen([str(word) for word in command], stdout=log, stderr=log))

    def wait(self, condition, seconds=120):
        end = time.monotonic() + seconds
        while not condition():
            ended = [process.args[0] for process in self.processes if process.poll() is not None]
            if ended or time.monotonic() > end:
                raise RuntimeError(f"{ended or 'the server'} is not up; see the logs in {self.folder}")
            time.sleep(0.1)

    def ask(self, method, path, body=None, kind="application/json"):
        """Code and answer; code 0: it can't be reached."""
        return self.ask_for_warnings(method, path, body, kind)[:2]

    def ask_for_warnings(self, method, path, body=None, kind="application/json"):
        """And the Warning headers."""
        request = urllib.request.Request(self.url + path, method=method, data=body,
                                         headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": kind})
        try:
            with urllib.request.urlopen(request, context=self.tls) as answer:
                code, text, headers = answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            code, text, headers = error.code, error.read(), error.headers
        except OSError:
            return 0, {}, []
        warnings = headers.get_all("Warning") or []
        try:
            return code, json.loads(text), warnings
        except ValueError:
            return code, {}, warnings
