"""The webhooks of `reprieve controller`, asked as an API server asks them: over TLS, trusted by the bundle that the
controller has written into their configurations."""
import base64
import http.client
import json
import pathlib
import shutil
import socket
import ssl
import subprocess

from cluster_case import Controllers, jobset
from harness import main

NAME = "jobset-webhook-service.jobset-system.svc"
JOBSETS = ("/mutate-jobset-x-k8s-io-v1alpha2-jobset", "/validate-jobset-x-k8s-io-v1alpha2-jobset")
PODS = ("/mutate--v1-pod", "/validate--v1-pod")
TOPOLOGY = "alpha.jobset.sigs.k8s.io/exclusive-topology"


def pod(index, node=None, **more):
    labels = {"jobset.sigs.k8s.io/jobset-name": "train", "jobset.sigs.k8s.io/replicatedjob-name": "w",
              "jobset.sigs.k8s.io/job-index": "0", "jobset.sigs.k8s.io/job-key": "key"}
    annotations = {"jobset.sigs.k8s.io/jobset-name": "train", TOPOLOGY: "rack",
                   "batch.kubernetes.io/job-completion-index": str(index)}
    spec = {"containers": [{"name": "main", "image": "trainer", "resources": {}}], "priority": 7, **more}
    if node:
        spec["nodeName"] = node
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {
        "name": f"train-w-0-{index}-abcde", "labels": labels, "annotations": annotations, "ownerReferences": [
            {"apiVersion": "batch/v1", "kind": "Job", "name": "train-w-0", "uid": "j", "controller": True}]}, "spec": spec}


def patched(body, patch):
    """RFC 6902, as far as it is needed."""
    body = json.loads(json.dumps(body))
    for operation in patch:
        steps = [s.replace("~1", "/").replace("~0", "~") for s in operation["path"].split("/")[1:]]
        at = body
        for step in steps[:-1]:
            at = at[int(step)] if isinstance(at, list) else at[step]
        key = int(steps[-1]) if isinstance(at, list) else steps[-1]
        if operation["op"] == "remove":
            del at[key]
        else:
            at[key] = operation["value"]
    return body


class Webhooks(Controllers):
    def setUp(self):
        super().setUp()
        for kind, names in (("mutating", ("mjobset.kb.io", "mpod.kb.io")), ("validating", ("vjobset.kb.io",))):
            self.server.create(kind + "webhookconfigurations", {
                "metadata": {"name": f"jobset-{kind}-webhook-configuration"},
                "webhooks": [{"name": n, "clientConfig": {"service": {"name": "s"}}} for n in names]}, None)

    def serve(self, *arguments):
        self.port = self.free_port()
        self.start("--webhooks", "--webhook-listen", f"127.0.0.1:{self.port}", *arguments)

    def secret(self):
        found = self.server.get("secrets", "jobset-webhook-server-cert", "jobset-system")
        return {k: base64.b64decode(v).decode() for k, v in found["data"].items()} if found else None

    def bundle(self):
        found = self.server.get("mutatingwebhookconfigurations", "jobset-mutating-webhook-configuration", None)
        bundles = {w["clientConfig"].get("caBundle") for w in found["webhooks"]}
        return base64.b64decode(bundles.pop()).decode() if len(bundles) == 1 and None not in bundles else None

    def ask(self, path, body, authority=None, method="POST", announced=None):
        """Status and body; a body that is only announced does not follow."""
        context = ssl.create_default_context(cadata=authority or self.bundle())
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname=NAME) as secure:
                self.assertIn(secure.version(), ("TLSv1.2", "TLSv1.3"))
                connection = http.client.HTTPConnection("127.0.0.1")
                connection.sock = secure
                length = {"Content-Length": str(announced)} if announced else {}
                connection.request(method, path, body, {"Content-Type": "application/json", **length})
                answer = connection.getresponse()
                return answer.status, answer.read().decode()

    def review(self, path, body, operation="CREATE", old=None):
        request = {"uid": "r-1", "operation": operation, "namespace": "default", "object": body, "oldObject": old}
        status, text = self.ask(path, json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                                                  "request": request}))
        self.assertEqual(status, 200, text)
        response = json.loads(text)["response"]
        self.assertEqual(response["uid"], "r-1")
        return response

    def mutate(self, path, body):
        response = self.review(path, body)
        self.assertTrue(response["allowed"], response)
        if "patch" not in response:
            return body
        self.assertEqual(response["patchType"], "JSONPatch")
        return patched(body, json.loads(base64.b64decode(response["patch"])))

    def await_trust(self):
        self.wait_for(self.bundle, "the bundle")


class Certificates(Webhooks):
    def test_it_makes_a_certificate_and_whoever_comes_later_uses_it(self):
        self.serve()
        self.await_trust()
        made = self.secret()
        self.assertEqual(self.bundle(), made["ca.crt"])
        self.assertEqual(self.ask("/nonsense", b"{}")[0], 400)
        self.assertNotIn("PRIVATE KEY", self.log())
        self.assertEqual(self.stop(), 0)
        self.serve()
        self.wait_for(lambda: self.answers(made["ca.crt"]), "the second's answer")
        self.assertEqual(self.secret(), made)

    def answers(self, authority):
        try:
            return self.ask("/nonsense", b"{}", authority)[0] == 400
        except OSError:
            return False

    def test_one_that_is_no_good_is_replaced(self):
        self.server.create("secrets", {"metadata": {"name": "jobset-webhook-server-cert"}, "type": "Opaque"}, "jobset-system")
        self.serve()
        self.await_trust()
        self.assertIn("BEGIN CERTIFICATE", self.secret()["tls.crt"])

    def test_one_from_a_folder_is_read_again_when_it_changes(self):
        if shutil.which("openssl") is None:
            self.skipTest("openssl is not installed")
        folder = pathlib.Path(self.cwd) / "certificates"
        folder.mkdir()
        first = self.make(folder)
        self.serve("--cert-dir", "certificates")
        self.wait_for(lambda: self.answers(first), "an answer")
        second = self.make(folder)
        self.wait_for(lambda: self.answers(second), "the new certificate")
        self.assertIsNone(self.secret())
        self.assertIsNone(self.bundle())

    @staticmethod
    def make(folder):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "2", "-subj", "/CN=x", "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", folder / "tls.key",
                        "-out", folder / "tls.crt"], check=True, capture_output=True)
        return (folder / "tls.crt").read_text()


class JobSets(Webhooks):
    def setUp(self):
        super().setUp()
        self.serve()
        self.await_trust()

    def test_defaults_are_filled_in_on_creation_alone(self):
        body = jobset(failurePolicy={"rules": [{"name": "", "action": "FailJobSet"}]})
        del body["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]["spec"]["restartPolicy"]
        new = self.mutate(JOBSETS[0], body)
        spec = new["spec"]
        self.assertEqual((spec["successPolicy"]["operator"], spec["startupPolicy"]["startupPolicyOrder"]), ("All", "AnyOrder"))
        self.assertEqual(spec["network"], {"enableDNSHostnames": True, "publishNotReadyAddresses": True})
        self.assertEqual(spec["failurePolicy"]["rules"][0]["name"], "failurePolicyRule0")
        job = spec["replicatedJobs"][0]["template"]["spec"]
        self.assertEqual((job["completionMode"], job["template"]["spec"]["restartPolicy"]), ("Indexed", "OnFailure"))
        self.assertNotIn("patch", self.review(JOBSETS[0], new, "UPDATE", new))
        self.assertNotIn("patch", self.review(JOBSETS[0], new))  # once is enough

    def test_what_is_invalid_is_refused_with_its_causes(self):
        body = self.mutate(JOBSETS[0], jobset("x" * 62))
        refused = self.review(JOBSETS[1], body)
        self.assertFalse(refused["allowed"])
        status = refused["status"]
        self.assertEqual((status["code"], status["reason"], status["details"]["kind"]), (422, "Invalid", "JobSet"))
        self.assertTrue(status["message"].startswith('JobSet.jobset.x-k8s.io "xxx'), status["message"])
        self.assertIn("job names generated for this JobSet will exceed 63 characters", status["details"]["causes"][0]["message"])
        self.assertTrue(self.review(JOBSETS[1], self.mutate(JOBSETS[0], jobset()))["allowed"])

    def test_updates_keep_what_is_immutable(self):
        old = self.mutate(JOBSETS[0], jobset())
        new = json.loads(json.dumps(old))
        new["spec"]["replicatedJobs"][0]["replicas"] = 3
        refused = self.review(JOBSETS[1], new, "UPDATE", old)
        self.assertIn("field is immutable", refused["status"]["message"])
        new = {**old, "spec": {**old["spec"], "suspend": True}}
        self.assertTrue(self.review(JOBSETS[1], new, "UPDATE", old)["allowed"])

    def test_claims_that_are_there_must_fit(self):
        claim = {"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem", "resources": {"requests": {"storage": "1Gi"}}}
        body = jobset(volumeClaimPolicies=[{"templates": [{"metadata": {"name": "data"}, "spec": claim}],
                                            "retentionPolicy": {"whenDeleted": "Retain"}}])
        containers = body["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]["spec"]["containers"]
        containers[0] = {**containers[0], "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
        body = self.mutate(JOBSETS[0], body)
        self.assertTrue(self.review(JOBSETS[1], body)["allowed"])
        self.server.create("persistentvolumeclaims", {"metadata": {"name": "data-train"}, "spec": {**claim, "accessModes": ["X"]}})
        self.assertIn("spec does not match existing PVC data-train", self.review(JOBSETS[1], body)["status"]["message"])
        self.server.fail("GET", "persistentvolumeclaims/data-train", code=403)
        self.assertIn("failed to check for existing PVC", self.review(JOBSETS[1], body)["status"]["message"])


class Pods(Webhooks):
    def setUp(self):
        super().setUp()
        for name, rack in (("n1", "r1"), ("n2", None)):
            self.server.create("nodes", {"metadata": {"name": name, "labels": {"rack": rack} if rack else {}}}, None)
        port = self.free_port()
        self.serve("--listen", f"127.0.0.1:{port}")
        self.await_trust()
        self.wait_for(lambda: self.get(port, "/readyz")[0] == 200, "the lists")

    def start(self, *arguments, **_):
        super().start(*arguments, listen=None)

    def test_a_leader_keeps_others_away(self):
        body = pod(0)
        new = self.mutate(PODS[0], body)
        self.assertEqual(new["metadata"]["labels"]["jobset.sigs.k8s.io/priority"], "7")
        affinity = new["spec"]["affinity"]
        own = affinity["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
        self.assertEqual(own["topologyKey"], "rack")
        self.assertEqual(own["labelSelector"]["matchExpressions"],
                         [{"key": "jobset.sigs.k8s.io/job-key", "operator": "In", "values": ["key"]}])
        self.assertEqual(len(affinity["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]), 1)
        # Nothing else changes.
        del new["spec"]["affinity"], new["metadata"]["labels"]["jobset.sigs.k8s.io/priority"]
        self.assertEqual(new, body)
        self.assertTrue(self.review(PODS[1], body)["allowed"])

    def test_followers_wait_for_their_leader_and_go_where_it_is(self):
        follower = pod(1)
        self.assertIn("follower pod node selector not set", self.refused(follower))
        self.server.create("pods", pod(0, "n1"))
        new = self.wait_for(lambda: self.placed(follower), "the leader's place")
        self.assertEqual(new["spec"]["nodeSelector"], {"rack": "r1"})
        self.assertTrue(self.review(PODS[1], new)["allowed"])
        self.server.delete("pods", "train-w-0-0-abcde")
        self.wait_for(lambda: not self.review(PODS[1], new)["allowed"], "the leader's absence")
        self.assertIn("expected 1 leader pod (train-w-0-0), but got 0", self.review(PODS[1], new)["status"]["message"])

    def placed(self, follower):
        new = self.mutate(PODS[0], follower)
        return new if "nodeSelector" in new["spec"] else None

    def refused(self, body):
        response = self.review(PODS[1], self.mutate(PODS[0], body))
        self.assertFalse(response["allowed"])
        self.assertEqual((response["status"]["code"], response["status"]["reason"]), (403, "Forbidden"))
        return response["status"]["message"]

    def test_a_node_without_the_label_is_refused(self):
        self.server.create("pods", pod(0, "n2"))
        response = self.wait_for(lambda: self.denied(pod(1)), "the refusal")
        self.assertEqual(response["status"]["message"], "node does not have topology label: rack")

    def denied(self, body):
        response = self.review(PODS[0], body)
        return None if response["allowed"] else response

    def test_other_pods_are_left_alone(self):
        plain = {"metadata": {"name": "p"}, "spec": {"containers": []}}
        for path in PODS:
            response = self.review(path, plain)
            self.assertTrue(response["allowed"])
            self.assertNotIn("patch", response)

    def test_jobs_get_their_manager_where_they_name_none(self):
        path = "/mutate-batch-v1-job"
        self.assertEqual(self.mutate(path, {"spec": {}})["spec"]["managedBy"], "reprieve.dev/job-controller")
        self.assertNotIn("patch", self.review(path, {"spec": {"managedBy": "kueue.x-k8s.io/multikueue"}}))
        self.assertNotIn("patch", self.review(path, {"spec": {}}, "UPDATE", {"spec": {}}))

    def test_what_is_no_review_is_refused(self):
        for body in (b"", b"[]", b"{", b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"x"}}',
                     b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}',
                     b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":"CREATE"}}'):
            self.assertEqual(self.ask(PODS[0], body)[0], 400, body)
        self.assertEqual(self.ask(PODS[0], None, method="GET")[0], 405)
        self.assertEqual(self.ask(PODS[0], None, announced=8 << 20)[0], 413)
        self.assertFalse(self.review(PODS[0], {"metadata": {}})["allowed"])
        self.assertTrue(self.review(PODS[0], pod(0))["allowed"])


if __name__ == "__main__":
    main()
