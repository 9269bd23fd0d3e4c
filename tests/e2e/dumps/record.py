"""Records dumps for explain_test.py from a real API server with the real Job controller, kubelets played by patches.

    KUBECONFIG=... python3 record.py OUT.yaml

No scheduler and no kubelet may run there. Needs kubectl. See README.md for what was recorded.
"""
import datetime
import json
import subprocess
import sys
import time

JOBS = """
apiVersion: batch/v1
kind: Job
metadata: {name: policy}
spec:
  backoffLimit: 3
  podFailurePolicy:
    rules:
    - action: Ignore
      onPodConditions: [{type: DisruptionTarget}]
    - action: FailJob
      onExitCodes: {containerName: main, operator: NotIn, values: [0, 1, 143]}
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: trainer, env: [{name: TOKEN, value: hunter2}]}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: indexes}
spec:
  completions: 4
  parallelism: 4
  completionMode: Indexed
  backoffLimitPerIndex: 1
  maxFailedIndexes: 2
  podFailurePolicy:
    rules:
    - action: FailIndex
      onExitCodes: {operator: In, values: [42]}
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: trainer}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: gone}
spec:
  backoffLimit: 1
  parallelism: 2
  completions: 2
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: trainer}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: late}
spec:
  activeDeadlineSeconds: 6
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: trainer}]}}
---
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {password: hunter2}
"""


def kubectl(*args, stdin=None):
    done = subprocess.run(["kubectl", *args], input=stdin, text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"kubectl {' '.join(args)}: {done.stderr.strip()}")
    return done.stdout


def pods(job):
    found = json.loads(kubectl("get", "pod", "-l", f"job-name={job}", "-o", "json"))["items"]
    return sorted(found, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))


def live(job, index=None, count=1):
    """Pods of the Job that run, once there are so many."""
    for _ in range(600):
        found = [pod for pod in pods(job) if pod["status"]["phase"] in ("Pending", "Running") and "deletionTimestamp" not in pod["metadata"]]
        if index is not None:
            found = [pod for pod in found if pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] == str(index)]
        if len(found) >= count:
            return [pod["metadata"]["name"] for pod in found]
        time.sleep(0.1)
    raise RuntimeError(f"no pods of {job}")


def end(pod, code, disrupted=False):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [{"type": "Ready", "status": "False", "lastTransitionTime": now}]
    if disrupted:
        conditions.append({"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "evicted", "lastTransitionTime": now})
    exit = {"exitCode": code, "reason": "Error" if code else "Completed", "startedAt": now, "finishedAt": now}
    status = {"phase": "Failed" if code else "Succeeded", "conditions": conditions, "containerStatuses": [
        {"name": "main", "ready": False, "restartCount": 0, "image": "trainer", "imageID": "", "started": False, "state": {"terminated": exit}}]}
    kubectl("patch", "pod", pod, "--subresource=status", "-p", json.dumps({"status": status}))


def settled(job, field, value):
    for _ in range(600):
        if str(json.loads(kubectl("get", "job", job, "-o", "json"))["status"].get(field)) == str(value):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{job}: {field} is not {value}")


def finished(job):
    for _ in range(600):
        conditions = json.loads(kubectl("get", "job", job, "-o", "json"))["status"].get("conditions", [])
        if any(condition["type"] in ("Failed", "Complete") for condition in conditions):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{job} does not end")


def main(out):
    kubectl("apply", "-f", "-", stdin=JOBS)
    # policy: a counted failure, a disruption, and the exit code that the NotIn catches.
    [pod] = live("policy")
    end(pod, 1)
    settled("policy", "failed", 1)
    [pod] = live("policy")
    end(pod, 143, disrupted=True)
    time.sleep(1.2)
    [pod] = live("policy")
    end(pod, 137)
    # indexes: 0 succeeds, 1 fails twice, 2 fails for good at once, 3 fails once and waits.
    live("indexes", count=4)
    end(live("indexes", 0)[0], 0)
    end(live("indexes", 1)[0], 1)
    end(live("indexes", 2)[0], 42)
    time.sleep(1.2)
    end(live("indexes", 1)[0], 1)
    time.sleep(1.2)
    end(live("indexes", 3)[0], 7)
    # gone: a failed pod is deleted after it was counted; the next two end the Job.
    first, second = live("gone", count=2)
    end(first, 1)
    settled("gone", "failed", 1)
    kubectl("delete", "pod", first, "--wait=false")
    end(second, 2)
    for job in ("policy", "gone", "late"):
        # No kubelet ends what the controller deletes.
        for _ in range(100):
            for each in pods(job):
                if "deletionTimestamp" in each["metadata"]:
                    if each["status"]["phase"] in ("Pending", "Running"):
                        end(each["metadata"]["name"], 143)
                    if job != "late":
                        kubectl("delete", "pod", each["metadata"]["name"], "--grace-period=0", "--force")
            conditions = json.loads(kubectl("get", "job", job, "-o", "json"))["status"].get("conditions", [])
            if any(condition["type"] == "Failed" for condition in conditions):
                break
            time.sleep(0.2)
        finished(job)
    with open(out, "w") as file:
        file.write(kubectl("get", "job,pod,event,secret", "-o", "yaml", "--show-managed-fields"))


if __name__ == "__main__":
    main(sys.argv[1])
