"""The install of the README, word for word, on a cluster that has nothing yet; what deploy/ has is what the binary prints."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from client import ApiError
from cluster import Cluster
from kubelet import Kubelet
from pod_processes import PodProcesses, can_run
from suite import LEASE, NAMESPACE, Programs, jobset, managed_job, printed

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PRINTED = {"crd": [], "rbac": ["--webhooks"], "deployment": ["--webhooks"], "webhooks": []}


def readme_commands():
    """The block after this sentence."""
    text = (ROOT / "README.md").read_text()
    block = re.search(r"Install it on a Kubernetes cluster[^\n]*\n\n((?:    [^\n]+\n)+)", text)
    return [re.sub(r"\s+#.*$", "", line.strip()) for line in block[1].splitlines()]


def upstreams_install():
    """Upstream's own manifests, from its module that `./dev test cluster` has built its controller of; empty: it is not there."""
    go = shutil.which("go") or "/usr/local/go/bin/go"
    if not pathlib.Path(go).exists():
        return ""
    found = subprocess.run([go, "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/jobset"], cwd=ROOT / "tests/cluster/upstream",
                           env={**os.environ, "GOPROXY": "off"}, capture_output=True, text=True)
    folder = found.stdout.strip()
    if found.returncode != 0 or not folder:
        return ""
    return subprocess.run(["kubectl", "kustomize", f"{folder}/config/default"], check=True, capture_output=True, text=True).stdout


def documents(text):
    return [document for document in re.split(r"^---\n", text, flags=re.M) if document.strip()]


class Files(unittest.TestCase):
    def test_deploy_has_what_the_binary_prints(self):
        for what, flags in PRINTED.items():
            self.assertEqual((ROOT / "deploy" / f"{what}.yaml").read_text(), printed(what, *flags),
                             f"run: reprieve manifests {' '.join([what, *flags])} >deploy/{what}.yaml")
        self.assertEqual((ROOT / "deploy/helm/reprieve/crds/crd.yaml").read_text(), printed("crd"),
                         "run: reprieve manifests crd >deploy/helm/reprieve/crds/crd.yaml")


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        why = "kubectl is not installed" if not shutil.which("kubectl") else can_run()
        if why:
            raise unittest.SkipTest(why)
        cls.cluster = Cluster(Programs.controlplane)
        cls.client = cls.cluster.client
        cls.environment = {**os.environ, "KUBECONFIG": str(cls.cluster.admin_kubeconfig())}
        cls.exit_codes = {}
        cls.kubelet = Kubelet(cls.client, lambda pod: next(
            (code for word, code in cls.exit_codes.items() if word in pod["metadata"]["name"]), None),
            other=lambda pod: pod["metadata"]["namespace"] == NAMESPACE)
        cls.pods = PodProcesses(cls.cluster, NAMESPACE, "reprieve:latest", Programs.reprieve)

    @classmethod
    def tearDownClass(cls):
        cls.kubelet.stop()
        cls.pods.stop()
        cls.cluster.close()

    def kubectl(self, *arguments, **more):
        return subprocess.run(["kubectl", *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=180,
                              **more)

    def await_that(self, what, says, timeout=60):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if found := what():
                return found
            time.sleep(0.1)
        logs = "\n".join(each.log.read_text()[-2000:] for each in self.pods.running.values())
        self.fail(f"{says} did not come; {self.pods.problem}\n{logs}")

    def has_condition(self, resource, name, kind):
        found = self.client.get(resource, name) or {}
        return any((c["type"], c["status"]) == (kind, "True") for c in found.get("status", {}).get("conditions", []))

    def test_the_readme_word_for_word(self):
        commands = readme_commands()
        self.assertEqual(len(commands), 2)
        for command in commands:
            done = subprocess.run(command, shell=True, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=180)
            logs = "\n".join(each.log.read_text()[-2000:] for each in self.pods.running.values())
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}{self.pods.problem}\n{logs}")
        # The Deployment's own pods work: one leads.
        rule = {"action": "FailJobSet", "onJobFailureReasons": ["PodFailurePolicy"]}
        made = self.client.create("jobsets", jobset("train", failurePolicy={"rules": [rule]}))
        self.assertEqual(made["spec"]["failurePolicy"]["rules"][0]["name"], "failurePolicyRule0")
        with self.assertRaises(ApiError) as refused:
            self.client.create("jobsets", jobset("x" * 62))
        self.assertIn('admission webhook "vjobset.kb.io" denied the request', str(refused.exception))
        self.client.create("jobs", managed_job("solo"))
        self.exit_codes.update({"train": 0, "solo": 0})
        self.await_that(lambda: self.has_condition("jobsets", "train", "Completed"), "the JobSet's end")
        self.await_that(lambda: self.has_condition("jobs", "solo", "Complete"), "the Job's end")
        self.look_at_the_pods()
        # Applied once more, the authority stays.
        again = self.kubectl("apply", "--server-side", "-k", "deploy/")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.client.create("jobsets", jobset("again"))
        self.end_the_leader()
        self.remove()

    def test_upstreams_install_is_taken_over_and_given_back(self):
        """What docs/CLUSTER.md says of the objects that both have; of the Lease, see takeover_test.py. Upstream's pods are never
        there."""
        theirs = upstreams_install()
        if not theirs:
            self.skipTest("upstream's module is not there: ./dev test cluster fetches it")
        for command, given in ((("apply", "--server-side", "-f", "-"), theirs),
                               (("apply", "--server-side", "--force-conflicts", "-k", "deploy/"), None),
                               (("rollout", "status", "-n", NAMESPACE, "deployment/reprieve-controller", "--timeout=2m"), None)):
            done = self.kubectl(*command, input=given)
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stderr}")
        spec = self.await_that(lambda: self.created("jobsets", jobset("taken", replicas=1)), "an answer of the webhooks")["spec"]
        self.assertEqual(spec["successPolicy"]["operator"], "All")
        self.exit_codes["taken"] = 0
        self.await_that(lambda: self.has_condition("jobsets", "taken", "Completed"), "the JobSet's end")
        for command, given in ((("scale", "-n", NAMESPACE, "deployment/reprieve-controller", "--replicas=0"), None),
                               (("apply", "--server-side", "--force-conflicts", "-f", "-"), theirs)):
            done = self.kubectl(*command, input=given)
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stderr}")
        selector = self.client.get("services", "jobset-webhook-service", NAMESPACE)["spec"]["selector"]
        self.assertNotIn("reprieve-controller", selector.values())
        # The authority that Reprieve has made is in the Secret, for upstream to use.
        secret = self.client.get("secrets", "jobset-webhook-server-cert", NAMESPACE)["data"]
        hooks = self.client.get("validatingwebhookconfigurations", "jobset-validating-webhook-configuration", "")["webhooks"]
        self.assertEqual({hook["clientConfig"]["caBundle"] for hook in hooks}, {secret["ca.crt"]})

    def created(self, resource, body):
        try:
            return self.client.create(resource, body)
        except ApiError as error:
            if "failed calling webhook" not in str(error):
                raise
            return None

    def look_at_the_pods(self):
        running = [each for each in self.pods.running.values() if each.process.poll() is None]
        self.assertEqual(len(running), 2)
        for each in running:
            self.assertEqual(each.facts(), {"user": "65532", "capabilities": 0, "no_new_privileges": "1", "root": "ro"})
        budget = self.await_that(lambda: self.budget_of(2), "the PodDisruptionBudget's count")
        self.assertEqual(budget["status"]["disruptionsAllowed"], 1)

    def budget_of(self, healthy):
        budget = self.client.get("poddisruptionbudgets", "reprieve-controller", NAMESPACE)
        return budget if budget.get("status", {}).get("currentHealthy") == healthy else None

    def end_the_leader(self):
        """As an eviction does: the other goes on, and the Deployment makes another."""
        holder = self.client.get("leases", LEASE, NAMESPACE)["spec"]["holderIdentity"]
        leader = next(each for each in self.pods.running.values() if holder.startswith(each.pod["metadata"]["name"] + "_"))
        self.client.create(f"pods/{leader.pod['metadata']['name']}/eviction", {
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": leader.pod["metadata"]["name"]}}, NAMESPACE)
        self.await_that(lambda: self.client.get("leases", LEASE, NAMESPACE)["spec"]["holderIdentity"] not in ("", holder),
                        "another leader")
        self.await_that(lambda: self.budget_of(2), "the pod in its place")
        # The API server may still try the one that is gone.
        self.await_that(lambda: self.created("jobsets", jobset("later")), "an answer of the webhooks")
        self.exit_codes["later"] = 0
        self.await_that(lambda: self.has_condition("jobsets", "later", "Completed"), "the end of what began later")

    def remove(self):
        """As docs/CLUSTER.md says; JobSets stay, as their definition does."""
        done = self.kubectl("delete", "-f", "deploy/webhooks.yaml", "-f", "deploy/deployment.yaml", "-f", "deploy/rbac.yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.await_that(lambda: not self.client.all("pods", NAMESPACE), "the pods' end")
        self.assertIsNotNone(self.client.get("jobsets", "train"))
        self.client.create("jobsets", jobset("unattended"))


class Image(unittest.TestCase):
    NAME = "localhost/reprieve-test:1"

    def setUp(self):
        if not shutil.which("podman") or not shutil.which("buildah") or os.geteuid() != 0:
            self.skipTest("the image's test needs root, buildah and podman")
        self.folder = tempfile.TemporaryDirectory()
        # Of its own, so that the machine's images stay as they are.
        config = pathlib.Path(self.folder.name) / "containers.conf"
        config.write_text('[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
                          '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n')
        storage = pathlib.Path(self.folder.name) / "storage.conf"
        storage.write_text(f'[storage]\ndriver = "vfs"\nrunroot = "{self.folder.name}/run"\n'
                           f'graphroot = "{self.folder.name}/images"\n')
        self.environment = {**os.environ, "CONTAINERS_CONF": str(config), "CONTAINERS_STORAGE_CONF": str(storage)}

    def tearDown(self):
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def test_it_is_built_and_runs_without_rights(self):
        built = subprocess.run([ROOT / "tools/image", Programs.reprieve, self.NAME], env=self.environment, capture_output=True,
                               text=True, timeout=300)
        self.assertEqual(built.returncode, 0, built.stdout + built.stderr)
        ran = subprocess.run(["podman", "run", "--rm", "--read-only", "--cap-drop", "all", "--network", "none",
                              "--security-opt", "no-new-privileges", self.NAME, "manifests", "rbac"],
                             env=self.environment, capture_output=True, text=True, timeout=120)
        self.assertEqual((ran.returncode, ran.stdout), (0, printed("rbac")), ran.stderr)
        inspected = subprocess.run(["podman", "image", "inspect", self.NAME], env=self.environment, capture_output=True, text=True)
        self.assertEqual(json.loads(inspected.stdout)[0]["Config"]["User"], "65532:65532")


class Charts(unittest.TestCase):
    CHART = ROOT / "deploy/helm/reprieve"

    @classmethod
    def setUpClass(cls):
        cls.helm = shutil.which("helm") or (Programs.helm if pathlib.Path(Programs.helm or "/nowhere").exists() else "")
        if not cls.helm:
            raise unittest.SkipTest("helm is neither installed nor built: ./dev test cluster --helm")

    def run_helm(self, *arguments):
        done = subprocess.run([self.helm, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "HOME": "/tmp"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_chart_is_clean(self):
        self.assertIn("0 chart(s) failed", self.run_helm("lint", "--strict", str(self.CHART)))

    def rendered(self, *arguments):
        return documents(self.run_helm("template", "reprieve", str(self.CHART), "--namespace", NAMESPACE,
                                       "--kube-version", "1.37.2", *arguments))

    def as_stored(self, document):
        """By the API server, which reads the YAML, and stores nothing."""
        kind = re.search(r"^kind: (\w+)", document, re.M)[1].lower()
        version = re.search(r"^apiVersion: (\S+)", document, re.M)[1]
        metadata = re.search(r"^metadata:\n((?:  .*\n)+)", document, re.M)[1]
        name = re.search(r"^  name: (\S+)", metadata, re.M)[1]
        namespace = re.search(r"^  namespace: (\S+)", metadata, re.M)
        path = ("/apis/" if "/" in version else "/api/") + version
        path += (f"/namespaces/{namespace[1]}" if namespace else "") + f"/{kind}s/{name}"
        text = self.client.ask_text("PATCH", path, document.encode(), "application/apply-patch+yaml", fieldManager="chart",
                                    force="true", dryRun="All")
        found = json.loads(text)
        for key in ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"):
            found["metadata"].pop(key, None)
        found.pop("status", None)
        return (kind, name), found

    def test_it_renders_what_the_binary_prints(self):
        from suite import shared_cluster
        self.client = shared_cluster().client
        for flags, values in ((("webhooks", "--webhooks"), []),
                              ([], ["--set", "webhooks.enabled=false"]),
                              (("--namespace", "default"), ["--set", "onlyNamespace=default"])):
            expected = dict(self.as_stored(document) for document in documents(printed("rbac", "deployment", *flags))
                            if "kind: Namespace\n" not in document)
            actual = dict(self.as_stored(document) for document in self.rendered(*values))
            self.assertEqual(actual.keys(), expected.keys())
            for key, found in expected.items():
                self.assertEqual(actual[key], found, key)
        self.assertIn("kind: PodMonitor", "".join(self.rendered("--set", "podMonitor.enabled=true")))
