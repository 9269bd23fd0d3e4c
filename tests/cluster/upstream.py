"""Upstream's JobSet controller as a process, built from its module (upstream/), with its webhooks."""
import base64
import pathlib
import subprocess

from client import ApiError
from cluster import free_port
from suite import NAMESPACE

HOOKS = "/apis/admissionregistration.k8s.io/v1"
MUTATING, VALIDATING = "mutatingwebhookconfigurations", "validatingwebhookconfigurations"


class Upstream:
    """Reached by its own address where its Service would be: there is no network of Services."""

    def __init__(self, program, cluster, log, qps=500, gates=()):
        self.cluster, self.log, self.port = cluster, pathlib.Path(log), free_port()
        self.make_certificate()
        config = cluster.folder / "upstream.yaml"
        config.write_text(f"""apiVersion: config.jobset.x-k8s.io/v1alpha1
kind: Configuration
leaderElection: {{leaderElect: true, resourceNamespace: {NAMESPACE}}}
internalCertManagement: {{enable: false}}
webhook: {{port: {self.port}, host: 127.0.0.1, certDir: {cluster.folder}/upstream}}
metrics: {{bindAddress: "0"}}
health: {{healthProbeBindAddress: "0"}}
clientConnection: {{qps: {qps}, burst: {qps}}}
featureGates: {{{", ".join(f"{gate}: true" for gate in gates)}}}
""")
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                [program, "--config", config, "--kubeconfig", cluster.admin_kubeconfig(), "--health-probe-bind-address", "0",
                 "--metrics-bind-address", "0"], cwd=cluster.folder, stdout=out, stderr=out)
        self.register()

    def make_certificate(self):
        folder = self.cluster.folder / "upstream"
        if folder.exists():
            return
        folder.mkdir()
        self.cluster.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                             "/CN=webhook", "-keyout", "upstream/tls.key", "-out", "upstream/tls.csr")
        (folder / "tls.ext").write_text("subjectAltName=IP:127.0.0.1\n")
        self.cluster.openssl("x509", "-req", "-in", "upstream/tls.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                             "-days", "2", "-extfile", "upstream/tls.ext", "-out", "upstream/tls.crt")

    def hook(self, name, path, group, resource, operations):
        authority = base64.b64encode((self.cluster.folder / "ca.crt").read_bytes()).decode()
        version = "v1alpha2" if group else "v1"
        return {"name": name, "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
                "clientConfig": {"url": f"https://127.0.0.1:{self.port}{path}", "caBundle": authority},
                "rules": [{"apiGroups": [group], "apiVersions": [version], "operations": operations, "resources": [resource]}]}

    def register(self):
        """JobSets' webhooks; those of pods are for exclusive placement alone."""
        group = "jobset.x-k8s.io"
        for resource, kind, name, word, operations in (
                (MUTATING, "MutatingWebhookConfiguration", "mjobset.kb.io", "mutate", ["CREATE"]),
                (VALIDATING, "ValidatingWebhookConfiguration", "vjobset.kb.io", "validate", ["CREATE", "UPDATE"])):
            hook = self.hook(name, f"/{word}-jobset-x-k8s-io-v1alpha2-jobset", group, "jobsets", operations)
            self.cluster.client.ask("PATCH", f"{HOOKS}/{resource}/upstream",
                                    {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
                                     "metadata": {"name": "upstream"}, "webhooks": [hook]},
                                    "application/apply-patch+yaml", fieldManager="test", force="true")

    def unregister(self):
        for resource in (MUTATING, VALIDATING):
            try:
                self.cluster.client.ask("DELETE", f"{HOOKS}/{resource}/upstream")
            except ApiError as error:
                if error.code != 404:
                    raise

    def serves(self):
        return "Serving webhook server" in self.log.read_text()

    def leads(self):
        return "Successfully acquired lease" in self.log.read_text()
