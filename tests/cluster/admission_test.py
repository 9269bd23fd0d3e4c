"""The webhooks, as the API server calls them through their Service: with the rights and the configurations of `reprieve
manifests`, a certificate that the controller has made, and the authority that it has written into the configurations."""
import base64
import copy

from client import ApiError
from suite import NAMESPACE, jobset, managed_job
from webhook_case import SECRET, SERVICE, Webhooks, trusted

TOPOLOGY = "alpha.jobset.sigs.k8s.io/exclusive-topology"


class JobSets(Webhooks):
    def test_without_a_controller_nobody_creates_a_jobset(self):
        def refused():
            try:
                self.client.create("jobsets", jobset("early"))
            except ApiError as error:
                return error
            self.client.delete("jobsets", "early")
        self.assertIn('failed calling webhook "mjobset.kb.io"', str(self.wait_for(refused, "a refusal")))
        self.serve()
        self.client.create("jobsets", jobset("early"))

    def test_they_are_defaulted_and_validated(self):
        process = self.serve()
        rule = {"action": "FailJobSet", "onJobFailureReasons": ["PodFailurePolicy"]}
        body = jobset("train", failurePolicy={"maxRestarts": 1, "rules": [rule]})
        made = self.client.create("jobsets", body)
        spec = made["spec"]
        self.assertEqual(spec["failurePolicy"]["rules"][0]["name"], "failurePolicyRule0")
        self.assertEqual((spec["successPolicy"]["operator"], spec["startupPolicy"]["startupPolicyOrder"]), ("All", "AnyOrder"))
        self.assertEqual(spec["network"], {"enableDNSHostnames": True, "publishNotReadyAddresses": True})
        self.wait_for(lambda: self.running_pods(2), "the pods")

        wrong = self.refused(lambda: self.client.create("jobsets", jobset("x" * 62)))
        self.assertEqual((wrong.code, wrong.status["reason"], wrong.status["details"]["kind"]), (422, "Invalid", "JobSet"))
        self.assertIn("job names generated for this JobSet will exceed 63 characters", wrong.status["message"])
        self.assertIn('admission webhook "vjobset.kb.io" denied the request', wrong.status["message"])

        changed = {"spec": {"replicatedJobs": [{**spec["replicatedJobs"][0], "replicas": 3}]}}
        self.assertIn("field is immutable", self.refused(lambda: self.client.patch("jobsets", "train", changed)).status["message"])
        self.assertTrue(self.client.patch("jobsets", "train", {"spec": {"suspend": True}})["spec"]["suspend"])
        self.assertNotIn(" cannot ", process.log.read_text())

    def test_claims_that_are_there_must_fit(self):
        process = self.serve()
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        self.client.create("persistentvolumeclaims", {"metadata": {"name": "data-train"}, "spec": {
            **claim, "accessModes": ["ReadOnlyMany"]}})
        body = jobset("train", volumeClaimPolicies=[{"templates": [{"metadata": {"name": "data"}, "spec": claim}],
                                                     "retentionPolicy": {"whenDeleted": "Retain"}}])
        template = copy.deepcopy(body["spec"]["replicatedJobs"][0]["template"])
        template["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
        body["spec"]["replicatedJobs"][0]["template"] = template
        self.assertIn("spec does not match existing PVC data-train",
                      self.refused(lambda: self.client.create("jobsets", body)).status["message"])
        self.assertNotIn(" cannot ", process.log.read_text())

    def test_jobs_of_a_labelled_namespace_get_their_manager(self):
        self.serve()
        self.client.create("namespaces", {"metadata": {"name": "ours", "labels": {"reprieve.dev/manage-jobs": "true"}}}, "")
        self.wait_for(lambda: self.client.get("serviceaccounts", "default", "ours"), "the namespace's account")
        job = managed_job("plain", suspend=True)
        del job["spec"]["managedBy"]
        self.assertEqual(self.client.create("jobs", job, "ours")["spec"]["managedBy"], "reprieve.dev/job-controller")
        self.assertNotIn("managedBy", self.client.create("jobs", job)["spec"])
        self.client.delete("namespaces", "ours", "")


class Placement(Webhooks):
    def test_followers_go_where_their_leader_is(self):
        """Racks of two nodes; the test's scheduler puts all on n1."""
        self.client.patch("nodes", "n1", {"metadata": {"labels": {"rack": "r1"}}}, "")
        process = self.serve()
        body = jobset("train", replicas=2, parallelism=2)
        body["metadata"]["annotations"] = {TOPOLOGY: "rack"}
        self.client.create("jobsets", body)
        # Followers are refused until their leader has a node; kube-controller-manager tries again.
        pods = self.wait_for(lambda: self.running_pods(4), "leaders and followers", 120)
        for pod in pods:
            index = pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]
            key = pod["metadata"]["labels"]["jobset.sigs.k8s.io/job-key"]
            affinity = pod["spec"].get("affinity", {})
            if index == "0":
                own = affinity["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
                self.assertEqual((own["topologyKey"], own["labelSelector"]["matchExpressions"][0]["values"]), ("rack", [key]))
                self.assertEqual(len(affinity["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]), 1)
            else:
                self.assertEqual((affinity, pod["spec"]["nodeSelector"]), ({}, {"rack": "r1"}))
        # A node without a rack: no follower is admitted.
        self.client.patch("nodes", "n1", {"metadata": {"labels": {"rack": None}}}, "")
        follower = next(pod for pod in pods if pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] == "1")
        again = {"metadata": {key: follower["metadata"][key] for key in ("labels", "annotations", "ownerReferences")},
                 "spec": {"containers": [{"name": "main", "image": "trainer"}], "restartPolicy": "Never"}}
        again["metadata"]["name"] = follower["metadata"]["name"] + "z"

        def denied():
            try:
                self.client.create("pods", again)
            except ApiError as error:
                return error.status["message"]
            self.client.delete("pods", again["metadata"]["name"], gracePeriodSeconds=0)
        self.assertIn('admission webhook "mpod.kb.io" denied the request: node does not have topology label: rack',
                      self.wait_for(denied, "the refusal"))
        self.assertNotIn(" cannot ", process.log.read_text())


class Certificates(Webhooks):
    def test_what_is_lost_is_made_again_and_trusted(self):
        process = self.serve()
        first = trusted(self.client)
        self.client.create("jobsets", jobset("one"))
        self.forget()
        # It looks each minute; another process, at once.
        process.kill()
        process.wait()
        self.serve()
        self.assertNotEqual(trusted(self.client), first)
        self.client.create("jobsets", jobset("two"))

    def test_one_about_to_expire_is_replaced_by_one_of_the_same_authority(self):
        process = self.serve()
        first = trusted(self.client)
        folder = self.cluster.folder
        name = f"{SERVICE}.{NAMESPACE}.svc"
        self.cluster.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
                             "-keyout", "short.key", "-out", "short.csr")
        secret = self.client.get("secrets", SECRET, NAMESPACE)
        for key in ("ca.crt", "ca.key"):
            (folder / f"hooks-{key}").write_bytes(base64.b64decode(secret["data"][key]))
        (folder / "short.ext").write_text(f"subjectAltName=DNS:{name}\n")
        self.cluster.openssl("x509", "-req", "-in", "short.csr", "-CA", "hooks-ca.crt", "-CAkey", "hooks-ca.key",
                             "-CAcreateserial", "-days", "30", "-extfile", "short.ext", "-out", "short.crt")
        short = {f"tls.{what}": base64.b64encode((folder / f"short.{what}").read_bytes()).decode() for what in ("crt", "key")}
        process.kill()
        process.wait()
        self.client.patch("secrets", SECRET, {"data": short}, NAMESPACE)
        process = self.serve()

        def replaced():
            found = self.client.get("secrets", SECRET, NAMESPACE)["data"]["tls.crt"]
            return found not in (short["tls.crt"], secret["data"]["tls.crt"])
        self.wait_for(replaced, "another certificate")
        self.assertEqual(trusted(self.client), first)  # of the same authority
        self.client.create("jobsets", jobset("after"))
        self.assertNotIn("PRIVATE KEY", process.log.read_text())
