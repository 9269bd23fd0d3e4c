"""Replays one recorded history (tests/oracle/README.md) in a namespace of its own on a real cluster, with our controllers in
the place of those that were recorded."""
import contextlib
import copy
import json
import threading
import time

from client import ApiError, Watch
from pod_names import PodNames
from suite import MANAGER

DOMAIN = "jobset.sigs.k8s.io/"
JOBSETS = "jobset.x-k8s.io/v1alpha2"
# What is as recorded, and stays so for that long, is a step's end.
STEADY = 0.4
# What is not, and has not changed for that long, will not become it. Longer than the second after which a Job is looked at
# again when a write has failed.
FINAL = 15
LONGEST = 90


# How the actions of a step follow each other. The recorder sent one right after the other; whether its controller looked
# between two is chance, and both results are right. So a step that differs is tried in the two other ways: the controllers
# settle after each action, or ours sees at once what has become of all of them.
AS_SENT, ONE_BY_ONE, TOGETHER = range(3)
ENDED = ("Succeeded", "Failed")


class World:
    """All objects of the cluster, by namespace, as watches show them."""

    RESOURCES = ("jobsets", "jobs", "pods", "services")

    def __init__(self, client):
        self.client = client
        self.changed = threading.Condition()
        self.objects = {}  # by namespace, resource and UID
        self.created = {}  # pods by namespace, in order
        self.last = {}  # when a namespace's objects changed
        self.watches = [Watch(client, resource, self.noting(resource)) for resource in self.RESOURCES]

    def noting(self, resource):
        def note(kind, found):
            metadata = found["metadata"]
            namespace, uid = metadata["namespace"], metadata["uid"]
            with self.changed:
                objects = self.objects.setdefault(namespace, {name: {} for name in self.RESOURCES})[resource]
                if kind == "DELETED":
                    objects.pop(uid, None)
                else:
                    if resource == "pods" and uid not in objects:
                        self.created.setdefault(namespace, []).append(found)
                    objects[uid] = found
                self.last[namespace] = time.monotonic()
                self.changed.notify_all()
        return note

    def of(self, namespace, resource):
        with self.changed:
            return list(self.objects.get(namespace, {}).get(resource, {}).values())

    def quiet_for(self, namespace):
        with self.changed:
            return time.monotonic() - self.last.get(namespace, 0)

    def stop(self):
        for watch in self.watches:
            watch.stop()


def differences(expected, actual, path="$"):
    """[(path, expected, actual)], as deep as both reach."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return [each for key in sorted(expected.keys() | actual.keys())
                for each in differences(expected.get(key, Absent), actual.get(key, Absent), f"{path}.{key}")]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [each for i, (one, other) in enumerate(zip(expected, actual)) for each in differences(one, other, f"{path}[{i}]")]
    return [] if expected == actual and type(expected) is type(actual) else [(path, shown(expected), shown(actual))]


class Absent:
    pass


def shown(value):
    return "(absent)" if value is Absent else json.dumps(value, sort_keys=True)


def with_now(value):
    if value == "NOW":
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if isinstance(value, dict):
        return {key: with_now(each) for key, each in value.items()}
    if isinstance(value, list):
        return [with_now(each) for each in value]
    return value


class Differs(Exception):
    def __init__(self, step, found):
        super().__init__(f"step {step}: {found}")
        self.step, self.found = step, found


class History:
    def __init__(self, world, line, namespace, paces=None, hold=contextlib.nullcontext, manager=MANAGER):
        """`paces`: of steps by number, of all others by None, else AS_SENT. `hold` is a context in which the controller
        does nothing."""
        self.world, self.client, self.line, self.namespace = world, world.client, line, namespace
        self.paces, self.hold, self.manager = paces or {}, hold, manager
        self.names = PodNames()
        self.named = 0  # of world.created
        self.known_jobs, self.last_labels, self.new_jobs = set(), {}, set()
        self.stored = {}
        self.racing, self.last_pods = set(), {}
        self.is_job = "job" in line
        self.name = line["job" if self.is_job else "jobset"]["metadata"]["name"]

    # --- the course of it ---

    def run(self):
        """[(step, path, expected, actual)]"""
        self.client.create("namespaces", {"metadata": {"name": self.namespace}}, "")
        try:
            try:
                self.create()
            except ApiError as error:
                raise Differs(1, [("$", "accepted", str(error))]) from None
            for number, step in enumerate(self.line["steps"], 1):
                self.note_racing(step)
                pace = self.paces.get(number, self.paces.get(None, AS_SENT))
                with self.hold() if pace == TOGETHER and self.only_pods(step) else contextlib.nullcontext():
                    for action in step["do"]:
                        self.do(number, action)
                        if pace == ONE_BY_ONE:
                            self.settle(None)
                    if pace == TOGETHER:
                        self.settle(None)
                found = self.settle(step["then"])
                if found:
                    raise Differs(number, found)
            found = self.await_events()
            if found:
                raise Differs("events", found)
            found = self.differences_of_created()
            if found:
                raise Differs("created", found)
            return None
        except Differs as differs:
            return differs
        finally:
            self.clean_up()

    @staticmethod
    def only_pods(step):
        """A patch of a JobSet has to pass the controller's webhooks."""
        return all("pod" in action or action.get("kind") == "Pod" for action in step["do"])

    def note_racing(self, step):
        """Of pods of one Job that end in one step the first may make the Job fail, which deletes the others: each may
        have ended before that, and be gone, or after, and stay as one that is being deleted. Which is chance, for it is
        between the recorder and the Job controller."""
        ends = {}
        for action in step["do"]:
            patch = action.get("patch", {})
            phase = patch.get("status", patch).get("phase") if action["op"] == "status" else None
            if phase in ENDED:
                job = self.last_pods.get(action["pod"], {}).get("job", "")
                ends.setdefault(job, set()).add(action["pod"])
        for pods in ends.values():
            if len(pods) > 1:
                self.racing |= pods
        self.last_pods = step["then"]["pods"]

    def without_races(self, expected, actual):
        """Both without the pods of which it is chance whether they are still there."""
        def over(pod):
            return pod is None or (pod["phase"] in ENDED and "finalizer" not in pod)
        chance = {name for name in self.racing if over(expected.get(name)) and over(actual.get(name))}
        return ({name: pod for name, pod in pods.items() if name not in chance} for pods in (expected, actual))

    def create(self):
        if self.is_job:
            body = copy.deepcopy(self.line["job"])
            if self.manager:
                body["spec"]["managedBy"] = self.manager
            return self.client.create("jobs", body, self.namespace)
        return self.client.create("jobsets", self.line["jobset"], self.namespace)

    def clean_up(self):
        """So that nothing goes on in the background; the namespace stays, as nobody removes it."""
        with_finalizers = self.world.of(self.namespace, "pods")
        for resource in ("jobsets", "jobs"):
            for found in self.world.of(self.namespace, resource):
                self.tolerating(lambda: self.client.delete(resource, found["metadata"]["name"], self.namespace,
                                                           propagationPolicy="Orphan"))
                if found["metadata"].get("finalizers") or resource == "jobs":
                    self.tolerating(lambda: self.client.patch(resource, found["metadata"]["name"],
                                                              {"metadata": {"finalizers": None}}, self.namespace))
        for pod in with_finalizers:
            name = pod["metadata"]["name"]
            self.tolerating(lambda: self.client.patch("pods", name, {"metadata": {"finalizers": None}}, self.namespace))
            self.tolerating(lambda: self.client.delete("pods", name, self.namespace, gracePeriodSeconds=0))

    @staticmethod
    def tolerating(what):
        try:
            what()
        except ApiError as error:
            if error.code not in (404, 409):
                raise

    def do(self, number, action):
        op = action["op"]
        refused = None
        try:
            if op == "patch":
                kind = {"Job": "jobs", "JobSet": "jobsets", "Pod": "pods"}[action["kind"]]
                name = self.names.ours(action["name"]) if kind == "pods" else action["name"]
                self.client.patch(kind, name, action["patch"], self.namespace)
            elif op == "deleteJob":
                self.client.delete("jobs", action["name"], self.namespace, propagationPolicy="Background")
            else:
                self.do_to_pod(number, op, action)
        except ApiError as error:
            refused = error
        if "rejected" in action:
            said = refused.status.get("message") if refused else "accepted"
            if said != action["rejected"]:
                raise Differs(number, [("$.do.rejected", action["rejected"], said)])
        elif refused and not (op == "remove" and refused.code == 404):
            raise Differs(number, [("$.do", f"{op} succeeds", str(refused))])

    def do_to_pod(self, number, op, action):
        pod = self.names.ours(action["pod"])
        if not pod:
            raise Differs(number, [("$.do", f"{op} succeeds", f"no pod of ours corresponds to {action['pod']}")])
        if op == "bind":
            self.client.bind(pod, action["node"], self.namespace)
        elif op == "status":
            patch = action["patch"] if not self.is_job else {"status": action["patch"]}
            self.client.patch("pods", pod, with_now(patch), self.namespace, "status", "strategic-merge")
        elif op == "delete":
            self.client.delete("pods", pod, self.namespace)
        elif op == "remove":
            self.client.delete("pods", pod, self.namespace, gracePeriodSeconds=0)

    # --- what there is ---

    def settle(self, then):
        """Waits until what there is is `then`, or does not change any more; the differences."""
        begun = time.monotonic()
        while True:
            quiet = min(self.world.quiet_for(self.namespace), time.monotonic() - begun)
            if then is None:
                if quiet >= STEADY:
                    return []
            elif quiet >= STEADY:
                found = self.compare(then)
                if not found or quiet >= FINAL:
                    if not found:
                        self.take()
                    return found
            if time.monotonic() - begun > LONGEST:
                return [("$", "quiet", "never quiet")] if then is None else self.compare(then)
            with self.world.changed:
                self.world.changed.wait(0.1)

    def compare(self, then):
        """Pods get their names only once the step is as recorded, or has not changed for long: as in a trial."""
        names = copy.deepcopy(self.names)
        try:
            self.name_new_pods()
            return self.differences_to(then)
        finally:
            self.after, self.names = self.names, names

    def take(self):
        self.names = self.after
        self.named = len(self.world.created.get(self.namespace, []))
        for job in self.world.of(self.namespace, "jobs"):
            self.known_jobs.add(job["metadata"]["uid"])
            self.last_labels[job["metadata"]["name"]] = self.domain_keys(job["metadata"].get("labels", {}), self.jobset_uid())

    def name_new_pods(self):
        created = []
        there = {pod["metadata"]["uid"] for pod in self.world.of(self.namespace, "pods")}
        for pod in self.world.created.get(self.namespace, [])[self.named:]:
            metadata = pod["metadata"]
            # Of a JobSet's history: what was created and removed within a step is in no snapshot and has no name.
            if not self.is_job and metadata["uid"] not in there:
                continue
            owner = next((o["name"] for o in metadata.get("ownerReferences", []) if o.get("controller")), "")
            index = metadata.get("annotations", {}).get("batch.kubernetes.io/job-completion-index", "-1")
            created.append(("" if self.is_job else owner, int(index), metadata["name"]))
            self.stored[metadata["name"]] = pod
        self.names.add_step(created)

    def differences_to(self, then):
        ours = {pod["metadata"]["name"]: self.show_pod(pod) for pod in self.world.of(self.namespace, "pods")}
        self.names.match(then["pods"], ours)
        expected, actual = copy.deepcopy(then), self.snapshot(then, ours)
        expected["pods"], actual["pods"] = self.without_races(expected["pods"], actual["pods"])
        if not self.is_job and actual["jobset"].get("status", {}).get("terminalState"):
            for snapshot in (expected, actual):
                for condition in snapshot["jobset"].get("status", {}).get("conditions", []):
                    if condition["type"].startswith("StartupPolicy"):
                        condition.pop("status", None)
        return differences(expected, actual)

    def snapshot(self, like, pods):
        """What there is, as the recorder writes it; `pods` by our names. It has the members that `like` has."""
        pods = self.names.shown(pods)
        if self.is_job:
            job = next(iter(self.world.of(self.namespace, "jobs")), None)
            return {"job": {"status": self.named_in_messages(self.job_status(job)) if job else None}, "pods": pods}
        out = {"pods": pods, "jobset": self.show_jobset(like), "jobs": {}}
        for job in self.world.of(self.namespace, "jobs"):
            out["jobs"][job["metadata"]["name"]] = self.show_job(job)
        services = sorted(each["metadata"]["name"] for each in self.world.of(self.namespace, "services"))
        if services or "services" in like:
            out["services"] = services
        for member, resource in (("jobSpecs", "jobs"), ("serviceSpecs", "services")):
            if member in like:
                there = {each["metadata"]["name"]: each for each in self.world.of(self.namespace, resource)}
                out[member] = {name: self.whole(there.get(name, {})) for name in like[member]}
        return out

    def show_pod(self, pod):
        metadata, annotations = pod["metadata"], pod["metadata"].get("annotations", {})
        out = {"phase": pod["status"]["phase"]}
        for key, name in (("batch.kubernetes.io/job-completion-index", "index"),
                          ("batch.kubernetes.io/job-index-failure-count", "failureCount"),
                          ("batch.kubernetes.io/job-index-ignored-failure-count", "ignoredFailureCount"),
                          (DOMAIN + "in-place-restart-attempt", "inPlaceRestartAttempt")):
            if key in annotations:
                out[name] = annotations[key]
        if "batch.kubernetes.io/job-tracking" in metadata.get("finalizers", []):
            out["finalizer"] = True
        if "deletionTimestamp" in metadata:
            out["deleting"] = True
        if not self.is_job:
            if "index" in out:
                out["index"] = int(out["index"])
            owner = next((o["name"] for o in metadata.get("ownerReferences", []) if o.get("controller")), "")
            if owner:
                out["job"] = owner
            if pod["spec"].get("nodeSelector"):
                out["nodeSelector"] = self.recorded_selector(pod["spec"]["nodeSelector"])
        return out

    def recorded_selector(self, selector):
        prefix = self.namespace + "_"
        return {key: "NS_" + value[len(prefix):] if value.startswith(prefix) else value for key, value in selector.items()}

    @staticmethod
    def job_status(job):
        status = copy.deepcopy(job.get("status", {}))
        if not status.get("uncountedTerminatedPods"):
            status.pop("uncountedTerminatedPods", None)
        for name in ("startTime", "completionTime"):
            if name in status:
                status[name] = True
        for condition in status.get("conditions", []):
            condition.pop("lastProbeTime", None)
            condition.pop("lastTransitionTime", None)
        return status

    def named_in_messages(self, status):
        for condition in status.get("conditions", []):
            if "message" in condition:
                condition["message"] = self.recorded(condition["message"])
        return status

    def recorded(self, text):
        return self.names.recorded(text).replace(self.namespace + "/", "ns/" if self.is_job else "NS/")

    def jobset_uid(self):
        return next((each["metadata"]["uid"] for each in self.world.of(self.namespace, "jobsets")), "")

    def show_jobset(self, expected):
        found = next(iter(self.world.of(self.namespace, "jobsets")), None)
        out = {}
        status = self.named_in_messages(copy.deepcopy((found or {}).get("status", {})))
        recorded = expected["jobset"].get("status", {}).get("conditions", [])
        for i, condition in enumerate(status.get("conditions", [])):
            condition["lastTransitionTime"] = True
            # Of two Jobs that failed in one step the recordings named one or the other.
            if i < len(recorded) and recorded[i].get("message", "").endswith("job: *)"):
                condition["message"] = any_job(condition["message"])
        if status.get("conditions") or status.get("replicatedJobsStatus"):
            out["status"] = status
        if found and "deletionTimestamp" in found["metadata"]:
            out["deleting"] = True
        return out

    @staticmethod
    def domain_keys(values, uid):
        out = {}
        for key, value in values.items():
            if key.startswith("alpha." + DOMAIN):
                out[key] = value
            elif key.startswith(DOMAIN):
                name = key.removeprefix(DOMAIN)
                out[name] = "KEY" if name == "job-key" else "UID" if value == uid else value
        return out

    def show_job(self, job):
        metadata, spec = job["metadata"], job["spec"]
        uid = self.jobset_uid()
        out = {}
        labels = self.domain_keys(metadata.get("labels", {}), uid)
        annotations = self.domain_keys(metadata.get("annotations", {}), uid)
        if metadata["uid"] not in self.known_jobs:
            if labels != annotations:
                out["annotations"] = annotations
            out["new"] = True
            last = self.last_labels.get(metadata["name"], {})
            fresh = {key: value for key, value in labels.items() if last.get(key) != value}
            if fresh:
                out["labels"] = fresh
        if spec.get("suspend"):
            out["suspended"] = True
        if "deletionTimestamp" in metadata:
            out["deleting"] = True
        if spec.get("parallelism") != 1:
            out["parallelism"] = spec.get("parallelism")
        if spec.get("completions") != spec.get("parallelism"):
            out["completions"] = spec.get("completions")
        selector = spec["template"]["spec"].get("nodeSelector")
        if selector:
            out["nodeSelector"] = self.recorded_selector(selector)
        out["status"] = self.named_in_messages(self.job_status(job))
        return out

    def whole(self, found):
        """An object as the recorder writes it: without status, and with values that depend on the cluster hidden."""
        out = copy.deepcopy(found)
        for name in ("status", "apiVersion", "kind"):
            out.pop(name, None)
        metadata = out.get("metadata", {})
        for name in ("resourceVersion", "managedFields"):
            metadata.pop(name, None)
        metadata["creationTimestamp"] = True
        return self.without_identity(out)

    def without_identity(self, value):
        if isinstance(value, list):
            return [self.without_identity(each) for each in value]
        if not isinstance(value, dict):
            return value
        out = {}
        for key, each in value.items():
            each = self.without_identity(each)
            if key == "uid" or key.endswith("-uid"):
                each = "UID"
            elif key == "namespace" and each == self.namespace:
                each = "NS"
            elif key == DOMAIN + "job-key":
                each = "KEY"
            elif key == "nodeSelector":
                each = self.recorded_selector(each)
            out[key] = each
        return out

    # --- at the end ---

    def await_events(self):
        """Events come late."""
        end = time.monotonic() + FINAL
        while (found := self.differences_of_events()) and time.monotonic() < end:
            time.sleep(0.2)
        return found

    def own_events(self):
        """[(event, its message with the recording's names)]; not those that upstream's controllers do not write."""
        for event in self.client.all("events", self.namespace):
            about = event["involvedObject"]
            message = self.recorded(event.get("message", ""))
            own = (about["kind"], about["name"]) == ("Job" if self.is_job else "JobSet", self.name)
            if own and event["reason"] != "Judged" and \
                    not (event["reason"] == "JobCreationFailed" and "already exists" in message):
                yield event, message

    def differences_of_events(self):
        names = copy.deepcopy(self.names)
        self.names.bind_rest()
        # What comes after nine of one reason is combined into one that has the last's message; which are the nine is chance.
        combined = "(combined from similar events)"
        expected = {f"{each['type']} {each['reason']}: {combined if each['message'].startswith(combined) else each['message']}"
                    for each in self.line["events"]}
        many = {each["reason"] for each in self.line["events"] if each["message"].startswith(combined)}
        actual = set()
        for event, message in self.own_events():
            text = f"{event['type']} {event['reason']}: {combined if message.startswith(combined) else message}"
            if event["reason"] in many and text not in expected:
                continue
            varying = any_job(text)
            actual.add(varying if varying in expected else text)
        self.names = names
        return [("$.events", text, "(absent)") for text in sorted(expected - actual)] + \
               [("$.events", "(absent)", text) for text in sorted(actual - expected)]

    def differences_of_created(self):
        """The first pod as the API server stored it."""
        return differences(self.line["created"], self.first_created()) if "created" in self.line else []

    def first_created(self):
        if self.names.ours("p1") not in self.stored:
            raise Differs("created", [("$.created", "a pod", "none was created")])
        pod = copy.deepcopy(self.stored[self.names.ours("p1")])
        uid = self.world.of(self.namespace, "jobs")[0]["metadata"]["uid"]
        for name in ("apiVersion", "kind", "status"):
            pod.pop(name, None)
        for name in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
            pod["metadata"].pop(name, None)
        pod["metadata"].update(name="p1", namespace="ns")
        # How often the spec has changed, which pods did not show in 1.36.
        if "generation" not in self.line["created"]["metadata"]:
            pod["metadata"].pop("generation", None)
        return json.loads(json.dumps(pod).replace(uid, "UID"))


def any_job(text):
    because = "(first failed job: "
    at = text.find(because)
    return text if at < 0 else text[:at] + because + "*)"
