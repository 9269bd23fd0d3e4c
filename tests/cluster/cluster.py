"""A real control plane on loopback (controlplane/), as strict as one in use: verified TLS, RBAC, ServiceAccounts, priority
and fairness. There are no machines: kubelet.py plays them, by a script of the test."""
import base64
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

from client import ApiError, Client
from service_network import ServiceNetwork

CONTROLLERS = ("job-controller", "garbage-collector-controller", "ttl-after-finished-controller", "serviceaccount-controller",
               "root-ca-certificate-publisher-controller", "namespace-controller", "deployment-controller",
               "replicaset-controller", "endpointslice-controller", "pod-garbage-collector-controller",
               "disruption-controller")

# What pods' ServiceAccounts ask for, but for those of the control plane.
AUDIT = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, userGroups: ["system:serviceaccounts:kube-system"]}
- {level: Metadata, userGroups: ["system:serviceaccounts"]}
- {level: None}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """`api`: further flags of the API server. `controllers`: which of kube-controller-manager's run. `waits`: what its waits
    are shortened to, such as "20ms". `qps`: its limit of requests. `audit`: for audited(); it costs the API server time."""

    def __init__(self, controlplane, api=(), controllers=CONTROLLERS, waits="", qps=500, audit=True):
        self.program = controlplane
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="reprieve-cluster-"))
        self.folder.chmod(0o711)
        self.processes = {}
        self.commands = {}
        self.waits = waits
        self.services = ServiceNetwork(self.folder)
        try:
            self.make_certificates()
            if audit:
                (self.folder / "audit.yaml").write_text(AUDIT)
                api = ("--audit-policy-file=audit.yaml", "--audit-log-path=audit.log", *api)
            self.start(api, controllers, qps)
        except BaseException:
            self.close()
            raise

    def close(self):
        for name in list(self.processes):
            self.stop(name)
        self.services.close()
        if not os.environ.get("KEEP_CLUSTER"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self, name):
        """At once, as a machine that fails; nothing of it is to be kept but what the store has."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

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
        """With the arguments of the last time, where there are none."""
        arguments = self.commands.setdefault(name, arguments)
        environment = {**os.environ, "SHORT_WAITS": self.waits}
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen([self.program, name, *arguments], cwd=self.folder, stdout=log,
                                                    stderr=log, env=environment)

    def start(self, api, controllers, qps):
        store, peer, self.port, controllers_port = (free_port() for _ in range(4))
        self.run("store", "etcd", f"http://127.0.0.1:{store}", f"http://127.0.0.1:{peer}")
        self.run("apiserver", f"--etcd-servers=http://127.0.0.1:{store}", f"--secure-port={self.port}",
                 "--bind-address=127.0.0.1", "--tls-cert-file=apiserver.crt", "--tls-private-key-file=apiserver.key",
                 "--client-ca-file=ca.crt", "--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key",
                 "--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=Node,RBAC",
                 "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
                 f"--egress-selector-config-file={self.services.config}", "--service-cluster-ip-range=10.0.0.0/24",
                 "--endpoint-reconciler-type=none", "--cert-dir=.", *api)
        self.client = Client(self.port, self.folder / "ca.crt", (self.folder / "admin.crt", self.folder / "admin.key"))
        self.services.client = self.client
        self.await_ready()
        (self.folder / "kcm.conf").write_text(self.kubeconfig("{client-certificate: kcm.crt, client-key: kcm.key}"))
        self.run("controllers", "--kubeconfig=kcm.conf", "--use-service-account-credentials=true", "--root-ca-file=ca.crt",
                 "--service-account-private-key-file=sa.key", "--leader-elect=false", f"--secure-port={controllers_port}",
                 "--bind-address=127.0.0.1", "--cert-dir=kcm", f"--controllers={','.join(controllers)}",
                 f"--kube-api-qps={qps}", f"--kube-api-burst={qps}")
        if "serviceaccount-controller" in controllers:
            # Pods are admitted once their namespace has its ServiceAccount.
            self.await_that(lambda: self.client.get("serviceaccounts", "default"), "the default ServiceAccount")
        self.client.create("nodes", {"metadata": {"name": "n1", "labels": {"zone": "a"}}}, "")

    def await_ready(self):
        def ready():
            try:
                return self.client.ask_text("GET", "/readyz")
            except (ApiError, OSError):
                return False
        self.await_that(ready, "the API server", 120)

    def await_that(self, what, says, timeout=60):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if found := what():
                return found
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise RuntimeError(f"{name} has ended; see its log in {self.folder}")
            time.sleep(0.05)
        raise RuntimeError(f"{says} did not come within {timeout} s; see the logs in {self.folder}")

    def kubeconfig(self, user, port=None):
        authority = base64.b64encode((self.folder / "ca.crt").read_bytes()).decode()
        return f"""apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: c, cluster: {{server: "https://127.0.0.1:{port or self.port}", certificate-authority-data: {authority}}}}}]
users: [{{name: u, user: {user}}}]
contexts: [{{name: test, context: {{cluster: c, user: u}}}}]
"""

    def admin_kubeconfig(self):
        path = self.folder / "admin.conf"
        path.write_text(self.kubeconfig(f"{{client-certificate: {self.folder}/admin.crt, client-key: {self.folder}/admin.key}}"))
        return path

    def apply(self, manifests):
        """What `kubectl apply --server-side` does. `manifests`: YAML, which the server reads itself."""
        for text in manifests.split("\n---\n"):
            lines = dict(line.split(": ", 1) for line in text.splitlines() if line.startswith(("apiVersion: ", "kind: ")))
            within = text[text.index("\nmetadata:"):]
            name = within.split("\n  name: ", 1)[1].split("\n", 1)[0]
            metadata = re.split(r"\n[a-z]", within[1:], maxsplit=1, flags=re.I)[0]
            found = re.search(r"^  namespace: (\S+)$", metadata, re.M)
            group = lines["apiVersion"]
            path = ("/api/" if "/" not in group else "/apis/") + group + (f"/namespaces/{found[1]}" if found else "")
            self.client.ask_text("PATCH", f"{path}/{lines['kind'].lower()}s/{name}", text.encode(),
                                 "application/apply-patch+yaml", fieldManager="test", force="true")

    def audited(self):
        """What has been asked for by ServiceAccounts, as the API server has written it down."""
        text = (self.folder / "audit.log").read_text()
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def token(self, account, namespace, seconds=3600):
        made = self.client.create(f"serviceaccounts/{account}/token",
                                  {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                                   "spec": {"expirationSeconds": seconds}}, namespace)
        return made["status"]["token"]
