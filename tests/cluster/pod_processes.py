"""The pods of a Deployment as processes: each in a network of its own, where the API server is reached under the address that
pods know it by; with the volumes of its ServiceAccount, a read-only root, its user, and no capabilities. Needs root."""
import ctypes
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

from client import ApiError
from kubelet import now
from service_network import pump

CLONE_NEWNET = 0x40000000
SERVICE = ("10.0.0.1", 443)  # kubernetes.default.svc of this cluster
LAUNCH = """set -e
mount --make-rprivate /
echo "$POD_NAME" >/proc/sys/kernel/hostname
mount -t tmpfs none /run
cp -a "$POD_FOLDER/volumes/." /run/
touch /run/program && mount --bind "$POD_PROGRAM" /run/program
mount -o remount,bind,ro /
mount -o remount,ro /run
exec setpriv --reuid "$POD_USER" --regid "$POD_USER" --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs \
  env -i PATH=/usr/bin:/bin KUBERNETES_SERVICE_HOST=10.0.0.1 KUBERNETES_SERVICE_PORT=443 "HOSTNAME=$POD_NAME" /run/program "$@"
"""


def can_run():
    """Why this machine can't; empty: it can."""
    if os.geteuid() != 0:
        return "pods as processes need root"
    tried = subprocess.run(["unshare", "--mount", "--uts", "--net", "mount", "-t", "tmpfs", "none", "/run"], capture_output=True, text=True)
    return f"this machine refuses namespaces: {tried.stderr.strip()}" if tried.returncode else ""


class PodProcess:
    def __init__(self, cluster, pod, program):
        self.cluster, self.pod, self.program = cluster, pod, program
        self.folder = cluster.folder / "pods" / pod["metadata"]["uid"]
        self.log = self.folder / "log"
        self.process = None
        self.started, self.ready, self.error = threading.Event(), False, ""
        self.listening = None
        self.write_volumes()
        threading.Thread(target=self.run, daemon=True).start()
        self.started.wait(30)

    def write_volumes(self):
        """Those of the ServiceAccount, as admission has put them into the pod: token, authority, namespace."""
        metadata, spec = self.pod["metadata"], self.pod["spec"]
        client, namespace = self.cluster.client, metadata["namespace"]
        mounts = {mount["name"]: mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
        for volume in spec["volumes"]:
            # /var/run is /run.
            into = self.folder / "volumes" / mounts[volume["name"]].removeprefix("/var/run/").lstrip("/")
            into.mkdir(parents=True)
            for source in volume["projected"]["sources"]:
                if token := source.get("serviceAccountToken"):
                    made = client.create(f"serviceaccounts/{spec['serviceAccountName']}/token", {
                        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                        "spec": {"expirationSeconds": token["expirationSeconds"], "boundObjectRef": {
                            "apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}}}, namespace)
                    (into / token["path"]).write_text(made["status"]["token"])
                elif config := source.get("configMap"):
                    data = client.get("configmaps", config["name"], namespace)["data"]
                    for item in config["items"]:
                        (into / item["path"]).write_text(data[item["key"]])
                elif fields := source.get("downwardAPI"):
                    for item in fields["items"]:
                        assert item["fieldRef"]["fieldPath"] == "metadata.namespace"
                        (into / item["path"]).write_text(namespace)

    def run(self):
        """On a thread of its own, which moves into a network of its own; what it starts is there, too."""
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            self.error = os.strerror(ctypes.get_errno())
            self.started.set()
            return
        for command in (("link", "set", "lo", "up"), ("addr", "add", f"{SERVICE[0]}/32", "dev", "lo")):
            subprocess.run(["ip", *command], check=True)
        self.listening = socket.create_server(SERVICE)
        threading.Thread(target=self.forward, daemon=True).start()
        spec = self.pod["spec"]
        user = str(spec["securityContext"]["runAsUser"])
        environment = {"PATH": os.environ["PATH"], "POD_FOLDER": str(self.folder), "POD_PROGRAM": str(self.program),
                       "POD_USER": user, "POD_NAME": self.pod["metadata"]["name"]}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["unshare", "--mount", "--uts", "sh", "-c", LAUNCH, "pod", *spec["containers"][0]["args"]],
                                            env=environment, stdout=log, stderr=log)
        self.started.set()
        while self.process.poll() is None:
            self.ready = self.probe("readinessProbe")
            time.sleep(0.2)
        self.ready = False
        self.listening.close()

    def probe(self, name):
        container = self.pod["spec"]["containers"][0]
        get = container[name]["httpGet"]
        port = next(each["containerPort"] for each in container["ports"] if each["name"] == get["port"])
        return self.ask(port, get["path"])[0] == 200

    def ask(self, port, path):
        """Only on the thread that is in the pod's network."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return 0, str(error)
        finally:
            connection.close()

    def forward(self):
        """What the network of Services does. A socket stays in the network that it was made in; this makes new ones on a thread
        that has never left the machine's: see Forwarder."""
        while True:
            try:
                inside, _ = self.listening.accept()
            except OSError:
                return  # the pod has ended
            FORWARDER.take(inside, self.cluster.port)

    def facts(self):
        """Of the process: user, capabilities, whether it may write to its root."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        mounts = pathlib.Path(f"/proc/{self.process.pid}/mountinfo").read_text().splitlines()
        root = next(line.split() for line in mounts if line.split()[4] == "/")
        return {"user": lines["Uid"].split()[0], "capabilities": int(lines["CapEff"], 16) | int(lines["CapBnd"], 16),
                "no_new_privileges": lines["NoNewPrivs"], "root": root[5].split(",")[0]}

    def connect(self, port):
        """To a port of the pod, from outside of its network; on a thread that moves into it for this, as only threads can."""
        made = []

        def inside():
            try:
                with open(f"/proc/{self.process.pid}/ns/net") as network:
                    if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                made.append(socket.create_connection(("127.0.0.1", port), 5))
            except OSError as error:
                made.append(error)
        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        made[0].settimeout(None)
        return made[0]

    def end(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Forwarder(threading.Thread):
    """In the machine's own network."""

    def __init__(self):
        super().__init__(daemon=True)
        self.wanted = []
        self.changed = threading.Condition()
        self.start()

    def take(self, inside, port):
        with self.changed:
            self.wanted.append((inside, port))
            self.changed.notify()

    def run(self):
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.wanted)
                inside, port = self.wanted.pop()
            try:
                outside = socket.create_connection(("127.0.0.1", port))
            except OSError:
                inside.close()
                continue
            for one, other in ((inside, outside), (outside, inside)):
                threading.Thread(target=pump, args=(one, other), daemon=True).start()


FORWARDER = Forwarder()


class PodProcesses:
    """The part of a kubelet that runs those pods: starts what is bound to n1, reports it, ends it when it is deleted."""

    def __init__(self, cluster, namespace, image, program):
        self.cluster, self.namespace, self.image, self.program = cluster, namespace, image, program
        self.running = {}  # by UID
        self.problem = ""
        self.addresses = (f"10.244.0.{i}" for i in range(1, 255))
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def stop(self):
        self.stopped.set()
        self.thread.join()
        for each in self.running.values():
            each.end(signal.SIGKILL)

    def work(self):
        while not self.stopped.wait(0.1):
            try:
                for pod in self.cluster.client.all("pods", self.namespace):
                    self.look_at(pod)
            except ApiError as error:
                if error.code not in (404, 409, 422):
                    self.problem = str(error)

    def look_at(self, pod):
        client, metadata = self.cluster.client, pod["metadata"]
        if pod["spec"]["containers"][0]["image"] != self.image:
            self.problem = f"an image that is not there: {pod['spec']['containers'][0]['image']}"
            return
        if not pod["spec"].get("nodeName"):
            return client.bind(metadata["name"], "n1", self.namespace)
        mine = self.running.get(metadata["uid"])
        if "deletionTimestamp" in metadata:
            if mine:
                mine.end()
                self.report(pod, mine)
            return client.delete("pods", metadata["name"], self.namespace, gracePeriodSeconds=0)
        if mine is None:
            mine = self.running[metadata["uid"]] = PodProcess(self.cluster, pod, self.program)
            mine.address = next(self.addresses)
            self.cluster.services.reach[mine.address] = mine.connect
            if mine.error:
                self.problem = mine.error
        self.report(pod, mine)

    def report(self, pod, mine):
        alive = mine.process is not None and mine.process.poll() is None
        was = next((c["status"] for c in pod["status"].get("conditions", []) if c["type"] == "Ready"), "")
        phase = "Running" if alive else "Failed"
        if (pod["status"].get("phase"), was) == (phase, str(mine.ready)):
            return
        state = {"running": {"startedAt": now()}} if alive else {"terminated": {"exitCode": 1, "reason": "Error"}}
        container = pod["spec"]["containers"][0]
        self.cluster.client.patch("pods", pod["metadata"]["name"], {"metadata": {"uid": pod["metadata"]["uid"]}, "status": {
            "phase": phase, "podIP": mine.address, "podIPs": [{"ip": mine.address}],
            "conditions": [{"type": kind, "status": str(mine.ready), "lastTransitionTime": now()}
                           for kind in ("Ready", "ContainersReady")],
            "containerStatuses": [{"name": container["name"], "image": container["image"], "imageID": "", "ready": mine.ready,
                                   "restartCount": 0, "state": state}]}}, self.namespace, "status", "strategic-merge")
