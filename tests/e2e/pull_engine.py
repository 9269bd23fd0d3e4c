"""A container engine of the tests' own, and images made for it: Podman's service on a socket in a folder of its own."""
import contextlib
import hashlib
import http.client
import io
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time

from machine import ROOT

BUSYBOX = shutil.which("busybox")

CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def why_no_podman():
    """Empty, or why Podman can't serve here."""
    if not ROOT:
        return "needs root, for Podman with runc"
    for program in ("podman", "runc"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if BUSYBOX is None:
        return "busybox-static is not installed, of which the images are made"
    return ""


class Podman:
    """Podman's service; `insecure`: registries that it asks by plain HTTP. A context manager."""

    def __init__(self, insecure=()):
        self._directory = tempfile.TemporaryDirectory(prefix="reprieve-podman-")
        self.folder = pathlib.Path(self._directory.name)
        self.socket = str(self.folder / "podman.sock")
        (self.folder / "containers.conf").write_text(CONTAINERS_CONF)
        (self.folder / "registries.conf").write_text("".join(
            f'[[registry]]\nlocation = "{host}"\ninsecure = true\n' for host in insecure))
        self.environment = {**os.environ, "CONTAINERS_CONF": str(self.folder / "containers.conf"),
                            "CONTAINERS_REGISTRIES_CONF": str(self.folder / "registries.conf"),
                            "REGISTRY_AUTH_FILE": str(self.folder / "no-auth.json"), "HOME": str(self.folder)}
        self.process = None

    def _command(self, *args):
        return ["podman", "--root", str(self.folder / "root"), "--runroot", str(self.folder / "run"), *args]

    def __enter__(self):
        self.start()
        return self

    def start(self):
        self.process = subprocess.Popen(self._command("system", "service", "--time=0", f"unix://{self.socket}"),
                                        env=self.environment, stdout=subprocess.DEVNULL,
                                        stderr=open(self.folder / "service.log", "a"))
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(self.socket)
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("Podman does not serve: " + (self.folder / "service.log").read_text())
            time.sleep(0.02)

    def stop(self, signal="TERM"):
        """Ends the service alone; containers go on."""
        if self.process is None:
            return
        (self.process.kill if signal == "KILL" else self.process.terminate)()
        self.process.wait(timeout=30)
        self.process = None

    def __exit__(self, *_):
        self.stop()
        self.podman("rm", "--force", "--all", check=False)
        self.podman("rmi", "--force", "--all", check=False)
        with contextlib.suppress(OSError):
            self._directory.cleanup()

    def podman(self, *args, input=None, check=True):
        return subprocess.run(self._command(*args), env=self.environment, input=input, capture_output=True, check=check,
                              timeout=120)

    def load(self, name, image):
        """`image`: of make_image."""
        self.podman("load", input=docker_archive(name, image))

    def remove_images(self):
        self.podman("rmi", "--force", "--all", check=False)

    def images(self):
        return self.podman("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.decode().split()

    def api(self, method, path, body=None):
        """(status, body) of a request to its Docker API."""
        connection = http.client.HTTPConnection("engine")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.socket)
        connection.request(method, f"/v1.41{path}", body=body)
        answer = connection.getresponse()
        return answer.status, answer.read()


def layer(files):
    """A tar of files: path to text, bytes, or (bytes, mode)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, content in files.items():
            content, mode = content if isinstance(content, tuple) else (content, 0o644)
            content = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def busybox_files():
    """A shell and its usual commands."""
    out = {"bin/busybox": (pathlib.Path(BUSYBOX).read_bytes(), 0o755), "etc/passwd": "root:x:0:0::/:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\n",
           "etc/group": "root:x:0:\nbob:x:1000:\n", "tmp/.keep": ""}
    for name in ("sh", "sleep", "cat", "true", "false", "env", "id", "ls", "echo", "hostname", "kill", "nc", "wget", "head", "yes"):
        out[f"bin/{name}"] = ("#!/bin/busybox sh\nexec /bin/busybox " + name + ' "$@"\n', 0o755)
    return out


def make_image(files=None, layers=None, architecture="amd64", **config):
    """An image as {"layers": [tar], "config": {...}}; `config`: Entrypoint, Cmd, Env, User, WorkingDir, StopSignal."""
    layers = layers if layers is not None else [layer(files if files is not None else busybox_files())]
    return {"layers": layers, "config": {
        "architecture": architecture, "os": "linux", "config": config,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(each).hexdigest() for each in layers]},
        "history": [{"created_by": "test"} for _ in layers]}}


def docker_archive(name, image):
    """What `docker load` takes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        def add(path, content):
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        names = []
        for each in image["layers"]:
            names.append(hashlib.sha256(each).hexdigest() + ".tar")
            add(names[-1], each)
        add("config.json", json.dumps(image["config"]).encode())
        add("manifest.json", json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": names}]).encode())
    return out.getvalue()
