"""The rights of `reprieve manifests rbac`: everything works with exactly these, none of them is idle, and without any one of
them the log says which is missing."""
import base64
import copy
import itertools

from client import ApiError
from kubelet import Kubelet
from suite import OnTheCluster, TEMPLATE, jobset, managed_job, printed
from webhook_case import Webhooks

GATES = ("--feature-gates", "ElasticJobSet=true", "--backoff", "200ms")
# Controllers at a time.
BATCH = 12
# Asked of a server that knows no streaming lists (before 1.34 by default).
NOT_ASKED_HERE = "list"
# Not asked for as such: setting blockOwnerDeletion needs them, where OwnerReferencesPermissionEnforcement is on.
IMPLIED = ("jobsets/finalizers", "jobs/finalizers")


def with_a_claim(name):
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
                                                    "resources": {"requests": {"storage": "1Gi"}}}}
    mounting = copy.deepcopy(TEMPLATE)
    mounting["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    out = jobset(name, replicas=1, volumeClaimPolicies=[{"templates": [claim]}])
    out["spec"]["replicatedJobs"][0]["template"]["spec"]["template"] = mounting
    return out


def rights_of(rules):
    return {(group, resource, verb) for rule in rules
            for group, resource, verb in itertools.product(rule["apiGroups"], rule["resources"], rule["verbs"])}


def without(rules, right):
    """The rules but for one right, of which the rule may be one of several resources and verbs."""
    return [{**rule, "apiGroups": [one[0]], "resources": [one[1]], "verbs": [one[2]]} for rule in rules
            for one in itertools.product(rule["apiGroups"], rule["resources"], rule["verbs"]) if one != right]


def used_by(entries):
    out = set()
    for entry in entries:
        about = entry["objectRef"]
        resource = about["resource"] + (f"/{about['subresource']}" if "subresource" in about else "")
        out.add((about.get("apiGroup", ""), resource, entry["verb"]))
    return out


def all_kinds_of_work():
    """[(resource, object)] that take every kind of write."""
    refused = jobset("refused", replicas=1)
    refused["spec"]["replicatedJobs"][0]["template"]["spec"]["backoffLimit"] = -1
    homeless = copy.deepcopy(TEMPLATE)
    homeless["spec"]["serviceAccountName"] = "nosuch"
    fail = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
    stuck = jobset("stuck", replicas=1)
    stuck["metadata"]["annotations"] = {"reprieve.dev/pending-limit": "1s"}
    return [
        ("jobsets", jobset("again", failurePolicy={"maxRestarts": 1})),
        ("jobsets", jobset("ttl", replicas=1, ttlSecondsAfterFinished=0)),
        ("jobsets", jobset("paused", replicas=1, suspend=True)),
        ("jobsets", jobset("elastic", replicas=1)),
        ("jobsets", with_a_claim("volumes")),
        ("jobsets", refused),
        ("jobs", managed_job("policy", parallelism=2, completions=2, completionMode="Indexed",
                             podFailurePolicy={"rules": [fail]})),
        ("jobs", managed_job("homeless", template=homeless)),
        ("jobsets", stuck),
    ]


class Rights(OnTheCluster):
    def setUp(self):
        super().setUp()
        self.kubelet.stop()
        self.kubelet = Kubelet(self.client, self.fate, other=lambda pod: "stuck" in pod["metadata"]["name"])
        self.exit_codes = {"again-w-1-0": 1, "ttl-w": 0, "policy-0": 42}
        self.namespaces = []

    def tearDown(self):
        for process in self.running:
            process.kill()
            process.wait()
        for namespace in self.namespaces:
            for resource in ("pods", "jobs"):
                for found in self.client.all(resource, namespace):
                    if found["metadata"].get("finalizers"):
                        self.ignoring_404(lambda: self.client.patch(resource, found["metadata"]["name"],
                                                                    {"metadata": {"finalizers": None}}, namespace))
            self.client.delete("namespaces", namespace, "")
        super().tearDown()

    def roles_in(self, namespace):
        """The roles of `manifests rbac` for a controller of that namespace alone, which is in it, as the server has them."""
        self.client.create("namespaces", {"metadata": {"name": namespace}}, "")
        self.namespaces.append(namespace)
        self.cluster.apply(printed("rbac", "--namespace", namespace, "--install-namespace", namespace))
        return self.client.all("roles", namespace)

    def work_in(self, namespace):
        self.wait_for(lambda: self.client.get("serviceaccounts", "default", namespace), "the namespace's account")
        for resource, body in all_kinds_of_work():
            self.client.create(resource, body, namespace)

    def change_in(self, namespace):
        """Once its Jobs are there: a JobSet that is resumed, and one that is resized."""
        self.client.patch("jobsets", "paused", {"spec": {"suspend": False}}, namespace)
        # A patch, since the controller may write its status at any time.
        groups = self.client.get("jobsets", "elastic", namespace)["spec"]["replicatedJobs"]
        groups[0]["template"]["spec"].update(parallelism=2, completions=2)
        self.client.patch("jobsets", "elastic", {"spec": {"replicatedJobs": groups}}, namespace)

    def has_jobs_to_change(self, namespace):
        names = {found["metadata"]["name"] for found in self.client.all("jobs", namespace)}
        return {"paused-w-0", "elastic-w-0"} <= names

    def test_none_is_idle_and_no_other_is_asked_for(self):
        granted = rights_of(rule for role in self.roles_in("all-rights") for rule in role["rules"])
        process = self.start("--namespace", "all-rights", *GATES, namespace="all-rights")
        self.work_in("all-rights")
        self.wait_for(lambda: self.has_jobs_to_change("all-rights"), "the Jobs")
        self.change_in("all-rights")
        expected = {right for right in granted if right[2] != NOT_ASKED_HERE and right[1] not in IMPLIED}

        def used():
            return used_by(self.audit_of(process))
        try:
            self.wait_for(lambda: expected <= used(), "the use of every right", 40)
        except AssertionError:
            self.fail(f"not used: {sorted(expected - used())}\n{process.log.read_text()[-3000:]}")
        self.assertEqual(used() - granted, set())
        self.assertNotIn(" cannot ", process.log.read_text())

    def test_what_is_missing_is_said(self):
        without = sorted(right for right in rights_of(
            rule for role in self.roles_in("counted") for rule in role["rules"]) if right[2] != NOT_ASKED_HERE)
        self.assertGreater(len(without), 20)
        for begin in range(0, len(without), BATCH):
            self.look_at(without[begin:begin + BATCH], begin)

    def look_at(self, rights, begin):
        started = []
        for i, right in enumerate(rights):
            namespace = f"without-{begin + i}"
            self.take(right, namespace)
            self.work_in(namespace)
            started.append((namespace, right, self.start("--namespace", namespace, *GATES, namespace=namespace)))
        for namespace, right, _ in started:
            if right[1] == "jobs" and right[2] in ("update", "patch"):
                self.wait_for(lambda: self.has_jobs_to_change(namespace), "the Jobs")
                self.change_in(namespace)
        for _, (group, resource, verb), process in started:
            said = "cannot set blockOwnerDeletion" if resource in IMPLIED else f'cannot {verb} resource "{resource}"'

            def warned():
                lines = [line for line in process.log.read_text().splitlines() if said in line.replace('\\"', '"')]
                return any(resource in IMPLIED or f'API group "{group}"' in line.replace('\\"', '"') for line in lines)
            with self.subTest(group=group, resource=resource, verb=verb):
                self.wait_for(warned, f"a word about {verb} of {group}/{resource}", 60)
        for _, _, process in started:
            process.kill()
            process.wait()

    def take(self, right, namespace):
        taken = False
        for role in self.roles_in(namespace):
            taken = taken or right in rights_of(role["rules"])
            role["rules"] = without(role["rules"], right)
            self.client.ask("PUT", self.client.path("roles", namespace, role["metadata"]["name"]), role)
        self.assertTrue(taken)

    def test_without_the_nodes_of_the_cluster_nothing_begins_and_the_log_says_so(self):
        role = self.client.ask("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/reprieve-controller")
        former = copy.deepcopy(role["rules"])
        role["rules"] = [rule for rule in role["rules"] if "nodes" not in rule["resources"]]
        path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/reprieve-controller"
        try:
            role = self.client.ask("PUT", path, role)
            process = self.start()
            self.says(process, "cannot watch resource \\\"nodes\\\"")
            self.assertNotIn("everything is listed", process.log.read_text())
        finally:
            role["rules"] = former
            self.client.ask("PUT", path, role)
        self.says(process, "everything is listed")


class WebhookRights(Webhooks):
    """Those that `--webhooks` adds, of which none can be one of a namespace alone."""
    ROLES = "/apis/rbac.authorization.k8s.io/v1"
    ROLE_PATHS = (f"{ROLES}/namespaces/jobset-system/roles/reprieve-controller-lease",
                  f"{ROLES}/clusterroles/reprieve-controller-webhooks")
    SECRETS = {("", "secrets", verb) for verb in ("create", "get", "update")}
    CONFIGURATIONS = {("admissionregistration.k8s.io", f"{kind}webhookconfigurations", verb)
                      for kind in ("mutating", "validating") for verb in ("get", "update")}
    CLAIMS = ("", "persistentvolumeclaims", "get")
    NO_GOOD = {"tls.crt": base64.b64encode(b"nothing").decode()}

    def setUp(self):
        super().setUp()
        self.roles = [self.client.ask("GET", path) for path in self.ROLE_PATHS]

    def set_rules(self, change):
        for path, role in zip(self.ROLE_PATHS, self.roles):
            self.client.ask("PUT", path, {**role, "rules": change(role["rules"]),
                                          "metadata": {"name": role["metadata"]["name"], "labels": role["metadata"]["labels"]}})

    def tearDown(self):
        self.set_rules(lambda rules: rules)
        super().tearDown()

    def test_none_is_idle_and_no_other_is_asked_for(self):
        granted = rights_of(rule for role in self.roles for rule in role["rules"])
        added = granted - {right for right in granted if right[1] == "leases"}
        self.assertEqual(added, self.SECRETS | self.CONFIGURATIONS | {self.CLAIMS})
        used = set()
        for secret in (None, self.NO_GOOD):
            self.forget(secret)
            process = self.serve()
            self.client.create("jobsets", with_a_claim("volumes" if secret else "first"))
            used |= used_by(self.audit_of(process))
            self.assertNotIn(" cannot ", process.log.read_text())
            process.kill()
            process.wait()
        self.assertEqual(added - used, set())
        kinds = {resource for _, resource, _ in added}
        self.assertEqual({right for right in used if right[1] in kinds - {"persistentvolumeclaims"}} - added, set())

    def test_what_is_missing_is_said(self):
        for right in sorted(self.SECRETS | self.CONFIGURATIONS):
            with self.subTest(right=right):
                self.forget(self.NO_GOOD if right == ("", "secrets", "update") else None)
                self.set_rules(lambda rules: without(rules, right))
                process = self.begin()
                self.says(process, f'cannot {right[2]} resource \\"{right[1]}\\"')
                process.kill()
                process.wait()

    def test_without_the_claims_a_jobset_that_has_some_is_refused(self):
        self.serve()
        self.set_rules(lambda rules: without(rules, self.CLAIMS))

        def refused():
            try:
                self.client.create("jobsets", with_a_claim("volumes"))
            except ApiError as error:
                return str(error)
            self.client.delete("jobsets", "volumes")
        said = self.wait_for(refused, "the refusal")
        self.assertIn("failed to check for existing PVC", said)
        self.assertIn('cannot get resource "persistentvolumeclaims"', said)
