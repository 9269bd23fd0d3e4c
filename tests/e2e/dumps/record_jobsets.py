"""Records a dump of JobSets for explain_test.py from a real API server with the real controllers of Jobs and JobSets,
kubelets played by patches.

    KUBECONFIG=... python3 record_jobsets.py OUT.yaml

No scheduler and no kubelet may run there. Needs kubectl. See README.md for what was recorded.
"""
import json
import sys
import time

from record import end, kubectl, pods

JOB = {"spec": {
    "backoffLimit": 0, "completions": 1, "parallelism": 1,
    "podFailurePolicy": {"rules": [
        {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}}]},
    "template": {"spec": {"restartPolicy": "Never", "containers": [
        {"name": "main", "image": "trainer", "env": [{"name": "TOKEN", "value": "hunter2"}]}]}}}}


def jobset(name, failure_policy, **replicas):
    return {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": name}, "spec": {
        "failurePolicy": failure_policy,
        "replicatedJobs": [{"name": job, "replicas": count, "template": JOB} for job, count in replicas.items()]}}


TRAIN = jobset("train", {"maxRestarts": 2, "rules": [
    {"name": "badConfig", "action": "FailJobSet", "onJobFailureReasons": ["PodFailurePolicy"],
     "onJobFailureMessagePatterns": ["^.* exit code 42 .*$"]},
    {"name": "drain", "action": "RestartJobSetAndIgnoreMaxRestarts", "onJobFailureReasons": ["PodFailurePolicy"]},
]}, driver=1, workers=2)
AGAIN = jobset("again", {"maxRestarts": 3}, w=2)


def attempt(name, number, count):
    """The pods that live, by their Jobs, once all are of that attempt of the JobSet."""
    for _ in range(600):
        found = [pod for pod in json.loads(kubectl("get", "pod", "-l", f"jobset.sigs.k8s.io/jobset-name={name}", "-o", "json"))["items"]
                 if pod["metadata"]["labels"]["jobset.sigs.k8s.io/restart-attempt"] == str(number)
                 and pod["status"]["phase"] in ("Pending", "Running") and "deletionTimestamp" not in pod["metadata"]]
        if len(found) == count:
            return {pod["metadata"]["labels"]["job-name"]: pod["metadata"]["name"] for pod in found}
        time.sleep(0.1)
    raise RuntimeError(f"attempt {number} of {name} does not begin")


def failed(name):
    for _ in range(600):
        conditions = json.loads(kubectl("get", "jobset", name, "-o", "json")).get("status", {}).get("conditions", [])
        if any(condition["type"] == "Failed" for condition in conditions):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{name} does not fail")


def main(out):
    kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": [TRAIN, AGAIN]}))
    # train: a failure that counts, a disruption that does not, and the exit code that ends it.
    end(attempt("train", 0, 3)["train-workers-1"], 1)
    end(attempt("train", 1, 3)["train-driver-0"], 143, disrupted=True)
    end(attempt("train", 2, 3)["train-workers-0"], 42)
    # again: restarted once, and runs.
    end(attempt("again", 0, 2)["again-w-0"], 7)
    attempt("again", 1, 2)
    failed("train")
    time.sleep(1)
    with open(out, "w") as file:
        file.write(kubectl("get", "jobset,job,pod,service,event", "-o", "yaml", "--show-managed-fields"))


if __name__ == "__main__":
    main(sys.argv[1])
