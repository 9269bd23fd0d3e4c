"""A container engine for tests: `podman system service` with folders of its own, and images that are made here."""
import contextlib
import functools
import hashlib
import http.client
import io
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
import urllib.parse

from machine import ROOT, processes_with

# Below what an engine without CAP_SYS_RESOURCE may give; no daemon of the machine's has a part in it.
CONF = """
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(120)
        self.sock.connect(self.path)


class Podman:
    """One service; it can be killed and started again over the same folders."""

    def __init__(self, driver="overlay", insecure=(), prepare=lambda folder: None):
        """`insecure`: registries that it asks by plain HTTP; `prepare`: called with its folder before it starts."""
        # A short path: those of sockets are limited.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rpe", dir="/var/tmp"))
        self.driver = driver
        self.socket = str(self.folder / "s.sock")
        # Networks too: runs of other tests remove those of dead runs that they see.
        (self.folder / "containers.conf").write_text(CONF + f'[network]\nnetwork_config_dir = "{self.folder}/networks"\n')
        (self.folder / "registries.conf").write_text("".join(
            f'[[registry]]\nlocation = "{host}"\ninsecure = true\n' for host in insecure))
        prepare(self.folder)
        self.process = None
        self.start()

    def podman(self, *args):
        return ["podman", "--root", str(self.folder / "root"), "--runroot", str(self.folder / "run"), "--tmpdir",
                str(self.folder / "tmp"), "--storage-driver", self.driver, *args]

    def environment(self):
        # It has no logins of its own, whoever runs the tests.
        return {**os.environ, "CONTAINERS_CONF": str(self.folder / "containers.conf"),
                "CONTAINERS_REGISTRIES_CONF": str(self.folder / "registries.conf"),
                "REGISTRY_AUTH_FILE": str(self.folder / "auth.json")}

    def command(self):
        return self.podman("system", "service", "--time", "0", "unix://" + self.socket)

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(self.command(), env=self.environment(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)
        deadline = time.monotonic() + 20
        while True:
            try:
                if self.ask("GET", "/_ping")[0] == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.process.kill()
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-500:])
            time.sleep(0.02)

    def stop(self):
        """The service alone: containers go on."""
        self.process.kill()
        self.process.wait()

    def close(self):
        with contextlib.suppress(OSError, RuntimeError):
            if self.process.poll() is not None:
                self.start()
            for container in self.containers():
                self.ask("DELETE", f"/containers/{container['Id']}?force=1")
        self.end()
        self.end_monitors()
        shutil.rmtree(self.folder, ignore_errors=True)

    def end_monitors(self):
        """An engine that was killed in the middle of a start forgets the container, whose monitor waits for good."""
        for monitor in processes_with(str(self.folder)):
            with contextlib.suppress(OSError):
                children = pathlib.Path(f"/proc/{monitor}/task/{monitor}/children").read_text().split()
                for process in [*map(int, children), monitor]:
                    os.kill(process, signal.SIGKILL)

    def end(self):
        self.stop()
        subprocess.run(self.podman("system", "reset", "--force"), env=self.environment(), stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=60)

    def ask(self, method, path, body=None, content_type="application/json"):
        """Status, and the answer: a value if it is JSON."""
        data = json.dumps(body) if isinstance(body, dict) else body
        with contextlib.closing(_Connection(self.socket)) as connection:
            connection.request(method, "/v1.41" + path, data, {"Content-Type": content_type} if data is not None else {})
            answer = connection.getresponse()
            text = answer.read()
        with contextlib.suppress(ValueError):
            return answer.status, json.loads(text)
        return answer.status, text

    def containers(self):
        return self.ask("GET", "/containers/json?all=1")[1] or []

    def images(self):
        """Their names with tags."""
        return [name for image in self.ask("GET", "/images/json")[1] for name in image["RepoTags"] or []]

    def remove_images(self):
        for image in self.ask("GET", "/images/json?all=1")[1]:
            self.ask("DELETE", f"/images/{image['Id']}?force=1")

    def load(self, name, files, config):
        """An image of these files (path: bytes, or a file of this machine)."""
        status, answer = self.ask("POST", "/images/load?quiet=1", image_archive(name, files, config), "application/x-tar")
        if status != 200 or self.ask("GET", f"/images/{urllib.parse.quote(name, safe='')}/json")[0] != 200:
            raise RuntimeError(f"the image {name} can't be loaded: {answer}")


class Docker(Podman):
    """One dockerd, with a containerd of its own."""

    def command(self):
        return ["dockerd", "--host", "unix://" + self.socket, "--data-root", str(self.folder / "root"), "--exec-root",
                str(self.folder / "run"), "--pidfile", str(self.folder / "pid"), "--storage-driver", "vfs", "--bridge", "none",
                "--iptables=false", "--ip6tables=false", "--max-download-attempts", "1"]

    def stop(self):
        """Its containers end with it."""
        self.process.terminate()
        self.process.wait(timeout=60)

    def end(self):
        self.stop()
        # It leaves the network that it gives to host's containers mounted.
        subprocess.run(["umount", str(self.folder / "run/netns/default")], capture_output=True)


def tar_of(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        # Docker makes directories that an image leaves out such that only root may enter them.
        parents = {str(parent) for name in files for parent in pathlib.PurePath(name).parents} - {".", *files}
        for name in sorted(parents):
            entry = tarfile.TarInfo(name)
            entry.mode = 0o755
            entry.type = tarfile.DIRTYPE
            tar.addfile(entry)
        for name, content in files.items():
            if isinstance(content, pathlib.Path):
                tar.add(content.resolve(), arcname=name)
                continue
            entry = tarfile.TarInfo(name)
            entry.mode = 0o755
            if content is None:
                entry.type = tarfile.DIRTYPE
                entry.mode = 0o1777
                tar.addfile(entry)
            elif isinstance(content, str):
                entry.type = tarfile.SYMTYPE
                entry.linkname = content
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def image_archive(name, files, config):
    layer = tar_of(files)
    text = json.dumps({"architecture": "amd64" if os.uname().machine == "x86_64" else "arm64", "os": "linux",
                       "config": config, "rootfs": {"type": "layers",
                                                    "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
    config_name = hashlib.sha256(text).hexdigest() + ".json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
    return tar_of({config_name: text, "layer.tar": layer, "manifest.json": manifest})


APPLETS = ("sh", "sleep", "echo", "cat", "true", "false", "hostname", "id", "ls", "pwd", "env", "touch", "test", "seq",
           "head", "tail", "tee", "wc", "kill", "mkdir", "readlink", "stat", "dd", "grep", "date", "nc", "ip", "ulimit")


def busybox():
    """What an image of busybox has: its programs, /tmp, and a few users."""
    program = pathlib.Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    files = {"bin/busybox": program, "tmp": None}
    files.update({f"bin/{name}": "busybox" for name in APPLETS})
    files["etc/passwd"] = b"root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n"
    files["etc/group"] = b"root:x:0:\napp:x:1000:\n"
    return files


def machine(program):
    """An image's files as this machine's: bash, Python and `program` with the libraries that they need."""
    files = busybox()
    python = shutil.which("python3", path="/usr/bin:/bin") or shutil.which("python3")
    for name, path in (("bin/bash", "/bin/bash"), ("usr/bin/python3", python), ("usr/bin/reprieve", program)):
        files[name] = pathlib.Path(path)
        for library in re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", path], text=True, capture_output=True).stdout):
            files[library.lstrip("/")] = pathlib.Path(library)
    library = subprocess.run([python, "-c", "import os; print(os.path.dirname(os.__file__))"], text=True,
                             capture_output=True, check=True).stdout.strip()
    files[library.lstrip("/")] = pathlib.Path(library)
    return files


@functools.lru_cache
def why_no_network(kind):
    """Why that engine puts no container on a network of its own here; empty: it does."""
    if why_none(kind):
        return why_none(kind)
    engine = kind()
    try:
        engine.load("localhost/probe:1", busybox(), {"Cmd": ["true"]})
        status, made = engine.ask("POST", "/networks/create", {"Name": "probe", "Driver": "bridge"})
        if status != 201:
            return f"{kind.__name__} makes no network here: {made}"
        made = engine.ask("POST", "/containers/create", {"Image": "localhost/probe:1", "HostConfig": {"NetworkMode": "probe"}})[1]
        status, answer = engine.ask("POST", f"/containers/{made['Id']}/start")
        return "" if status == 204 else f"{kind.__name__} connects no container to a network here: {answer}"
    finally:
        engine.close()


@functools.lru_cache
def why_none(kind):
    """Why no engine of that kind can run here; empty: one can."""
    if not ROOT:
        return "needs root, for a container engine of the test's own"
    for program in ("podman" if kind is Podman else "dockerd", "runc", "busybox"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    try:
        engine = kind()
    except (OSError, RuntimeError) as error:
        return f"{kind.__name__} can't run here: {error}"
    try:
        engine.load("localhost/probe:1", busybox(), {"Cmd": ["true"]})
        status, made = engine.ask("POST", "/containers/create", {"Image": "localhost/probe:1", "HostConfig": {"NetworkMode": "host"}})
        if status != 201:
            return f"{kind.__name__} makes no containers here: {made}"
        status, answer = engine.ask("POST", f"/containers/{made['Id']}/start")
        return "" if status == 204 else f"{kind.__name__} starts no containers here: {answer}"
    except (OSError, RuntimeError) as error:
        return f"{kind.__name__} can't run containers here: {error}"
    finally:
        engine.close()
