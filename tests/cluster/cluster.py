"""A real control plane on loopback (controlplane/), as strict as one in use: verified TLS, RBAC, ServiceAccounts, priority
and fairness. There are no machines: Kubelet plays them, by a script of the test."""
import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse

PATHS = {"jobs": "/apis/batch/v1", "jobsets": "/apis/jobset.x-k8s.io/v1alpha2", "leases": "/apis/coordination.k8s.io/v1",
         "events.k8s.io": "/apis/events.k8s.io/v1"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ApiError(Exception):
    def __init__(self, code, status):
        super().__init__(f"{code} {status.get('message', status)}")
        self.code, self.status = code, status


class Client:
    """JSON requests, each on a connection of its own."""

    def __init__(self, port, authority, certificate):
        self.port = port
        self.tls = ssl.create_default_context(cafile=authority)
        self.tls.load_cert_chain(*certificate)

    def ask(self, method, path, body=None, content_type="application/json", **query):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=30)
        try:
            target = path + ("?" + urllib.parse.urlencode(query) if query else "")
            connection.request(method, target, None if body is None else json.dumps(body), {"Content-Type": content_type})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        try:
            content = json.loads(text)
        except ValueError:
            content = {"message": text.decode(errors="replace")}
        if answer.status >= 300:
            raise ApiError(answer.status, content)
        return content

    @staticmethod
    def path(resource, namespace, name="", sub=""):
        out = f"{PATHS.get(resource, '/api/v1')}/namespaces/{namespace}/{resource.split('.')[0]}"
        return out + (f"/{name}" if name else "") + (f"/{sub}" if sub else "")

    def create(self, resource, body, namespace="default"):
        return self.ask("POST", self.path(resource, namespace), body)

    def get(self, resource, name, namespace="default"):
        try:
            return self.ask("GET", self.path(resource, namespace, name))
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def all(self, resource, namespace="default", **query):
        return self.ask("GET", self.path(resource, namespace), **query)["items"]

    def delete(self, resource, name, namespace="default", **options):
        return self.ask("DELETE", self.path(resource, namespace, name), options or None)

    def set_status(self, resource, name, status, namespace="default"):
        kind = "merge" if resource == "jobsets" else "strategic-merge"
        return self.ask("PATCH", self.path(resource, namespace, name, "status"), {"status": status},
                        f"application/{kind}-patch+json")


class Kubelet(threading.Thread):
    """Binds pods, runs them, and ends them as `fate` says: fate(pod) is None while a pod goes on, else its exit code."""

    def __init__(self, client, fate):
        super().__init__(daemon=True)
        self.client, self.fate, self.stopped = client, fate, threading.Event()
        self.start()

    def run(self):
        while not self.stopped.wait(0.1):
            for pod in self.client.ask("GET", "/api/v1/pods", resourceVersion="0")["items"]:
                try:
                    self.look_at(pod)
                except ApiError as error:
                    if error.code not in (404, 409):
                        raise

    def stop(self):
        self.stopped.set()
        self.join()

    def look_at(self, pod):
        metadata, phase = pod["metadata"], pod["status"].get("phase")
        name, namespace = metadata["name"], metadata["namespace"]
        if not pod["spec"].get("nodeName"):
            if metadata.get("deletionTimestamp") is None:
                self.client.create("pods/" + name + "/binding", {
                    "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
                    "target": {"kind": "Node", "name": "n1"}}, namespace)
        elif phase == "Pending":
            self.report(pod, "Running", {"running": {"startedAt": now()}}, True)
        elif metadata.get("deletionTimestamp"):
            if phase == "Running":
                self.report(pod, "Failed", ended(143), False)
            self.client.delete("pods", name, namespace, gracePeriodSeconds=0)
        elif phase == "Running":
            code = self.fate(pod)
            if code is not None:
                self.report(pod, "Failed" if code else "Succeeded", ended(code), False)

    def report(self, pod, phase, state, ready):
        containers = [{"name": c["name"], "image": c["image"], "imageID": "", "ready": ready, "restartCount": 0,
                       "state": state} for c in pod["spec"]["containers"]]
        conditions = [{"type": kind, "status": str(ready), "lastTransitionTime": now()} for kind in ("Ready", "ContainersReady")]
        self.client.set_status("pods", pod["metadata"]["name"],
                               {"phase": phase, "containerStatuses": containers, "conditions": conditions},
                               pod["metadata"]["namespace"])


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def ended(code):
    return {"terminated": {"exitCode": code, "reason": "Completed" if code == 0 else "Error", "startedAt": now(),
                           "finishedAt": now()}}


class Cluster:
    def __init__(self, controlplane):
        self.program = controlplane
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="reprieve-cluster-"))
        self.processes = []
        try:
            self.make_certificates()
            self.start()
        except BaseException:
            self.close()
            raise

    def close(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if not os.environ.get("KEEP_CLUSTER"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def make_certificates(self):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-subj", "/CN=test-ca", "-keyout", "ca.key", "-out", "ca.crt")
        self.openssl("genrsa", "-out", "sa.key", "2048")
        self.openssl("rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub")
        for name, subject, extra in (
                ("apiserver", "/CN=kube-apiserver", "subjectAltName=IP:127.0.0.1,IP:10.0.0.1,DNS:kubernetes.default.svc"),
                ("admin", "/O=system:masters/CN=admin", "extendedKeyUsage=clientAuth"),
                ("kcm", "/CN=system:kube-controller-manager", "extendedKeyUsage=clientAuth")):
            self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                         "-keyout", f"{name}.key", "-out", f"{name}.csr")
            (self.folder / f"{name}.ext").write_text(extra + "\n")
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                         "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt")

    def run(self, name, *arguments):
        with open(self.folder / f"{name}.log", "wb") as log:
            self.processes.append(subprocess.Popen([self.program, name, *arguments], cwd=self.folder, stdout=log, stderr=log))

    def start(self):
        store, peer, self.port, controllers = (free_port() for _ in range(4))
        self.run("store", "etcd", f"http://127.0.0.1:{store}", f"http://127.0.0.1:{peer}")
        self.run("apiserver", f"--etcd-servers=http://127.0.0.1:{store}", f"--secure-port={self.port}",
                 "--bind-address=127.0.0.1", "--tls-cert-file=apiserver.crt", "--tls-private-key-file=apiserver.key",
                 "--client-ca-file=ca.crt", "--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key",
                 "--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=Node,RBAC",
                 "--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none", "--cert-dir=.")
        self.client = Client(self.port, self.folder / "ca.crt", (self.folder / "admin.crt", self.folder / "admin.key"))
        self.await_ready()
        (self.folder / "kcm.conf").write_text(self.kubeconfig("{client-certificate: kcm.crt, client-key: kcm.key}"))
        self.run("controllers", "--kubeconfig=kcm.conf", "--use-service-account-credentials=true", "--root-ca-file=ca.crt",
                 "--service-account-private-key-file=sa.key", "--leader-elect=false", f"--secure-port={controllers}",
                 "--bind-address=127.0.0.1", "--cert-dir=kcm",
                 "--controllers=job-controller,garbage-collector-controller,ttl-after-finished-controller,"
                 "serviceaccount-controller,root-ca-certificate-publisher-controller,namespace-controller,"
                 "deployment-controller,replicaset-controller,endpointslice-controller,pod-garbage-collector-controller",
                 "--kube-api-qps=500", "--kube-api-burst=500")
        # Pods are admitted once their namespace has its ServiceAccount.
        self.await_that(lambda: self.client.get("serviceaccounts", "default"), "the default ServiceAccount")
        self.client.ask("POST", "/api/v1/nodes", {"metadata": {"name": "n1", "labels": {"zone": "a"}}})

    def await_ready(self):
        def ready():
            try:
                self.client.ask("GET", "/readyz")
            except ApiError as error:
                return "ok" in str(error) and error.code == 200
            except OSError:
                return False
            return True
        self.await_that(ready, "the API server")

    def await_that(self, what, says, timeout=120):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if found := what():
                return found
            for process in self.processes:
                if process.poll() is not None:
                    raise RuntimeError(f"{process.args[1]} has ended; see its log in {self.folder}")
            time.sleep(0.1)
        raise RuntimeError(f"{says} did not come within {timeout} s; see the logs in {self.folder}")

    def kubeconfig(self, user):
        authority = base64.b64encode((self.folder / "ca.crt").read_bytes()).decode()
        return f"""apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: c, cluster: {{server: "https://127.0.0.1:{self.port}", certificate-authority-data: {authority}}}}}]
users: [{{name: u, user: {user}}}]
contexts: [{{name: test, context: {{cluster: c, user: u}}}}]
"""

    def apply(self, manifests):
        """What `kubectl apply --server-side` does. `manifests`: YAML, which the server reads itself."""
        for text in manifests.split("\n---\n"):
            lines = dict(line.split(": ", 1) for line in text.splitlines() if line.startswith(("apiVersion: ", "kind: ")))
            within = text[text.index("\nmetadata:"):]
            name = within.split("\n  name: ", 1)[1].split("\n", 1)[0]
            metadata = re.split(r"\n[a-z]", within[1:], maxsplit=1, flags=re.I)[0]
            found = re.search(r"^  namespace: (\S+)$", metadata, re.M)
            namespace = found[1] if found else ""
            group = lines["apiVersion"]
            path = ("/api/" if "/" not in group else "/apis/") + group
            if namespace:
                path += f"/namespaces/{namespace}"
            kind = lines["kind"].lower()
            path += f"/{kind}s/{name}"
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.client.tls, timeout=60)
            connection.request("PATCH", path + "?fieldManager=test&force=true", text.encode(),
                               {"Content-Type": "application/apply-patch+yaml"})
            answer = connection.getresponse()
            said = answer.read().decode()
            connection.close()
            if answer.status >= 300:
                raise RuntimeError(f"{path}: {answer.status} {said[:2000]}")

    def token(self, account, namespace):
        made = self.client.create(f"serviceaccounts/{account}/token",
                                  {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                                   "spec": {"expirationSeconds": 3600}}, namespace)
        return made["status"]["token"]
