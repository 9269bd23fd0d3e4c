"""Plays scheduler and kubelets: binds pods, runs them, and ends them as a script of the test says."""
import queue
import threading
import time

from client import ApiError, Watch


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def ended(code):
    return {"terminated": {"exitCode": code, "reason": "Completed" if code == 0 else "Error", "startedAt": now(),
                           "finishedAt": now()}}


class Kubelet:
    """`fate(pod)` is None while a pod runs on, else its exit code. Pods for which `other(pod)` is true are left to others."""

    def __init__(self, client, fate, other=lambda pod: False):
        self.client, self.fate, self.other = client, fate, other
        self.stopped = threading.Event()
        self.lock = threading.Lock()
        self.pods = {}  # as they were seen last, by UID
        self.todo = queue.SimpleQueue()
        self.watch = Watch(client, "pods", self.changed)
        self.worker = threading.Thread(target=self.work, daemon=True)
        self.worker.start()

    def changed(self, kind, pod):
        uid = pod["metadata"]["uid"]
        with self.lock:
            if kind == "DELETED":
                self.pods.pop(uid, None)
                return
            self.pods[uid] = pod
        self.todo.put(uid)

    def work(self):
        while not self.stopped.is_set():
            try:
                uids = [self.todo.get(timeout=0.1)]
            except queue.Empty:
                uids = list(self.pods)  # their fate may have changed
            for uid in uids:
                pod = self.pods.get(uid)
                if pod is None or self.other(pod):
                    continue
                try:
                    self.look_at(pod)
                except ApiError as error:
                    if error.code not in (404, 409, 422) and "because it is being terminated" not in str(error):
                        raise
                except OSError:
                    self.todo.put(uid)  # the server is away
                    self.stopped.wait(0.1)

    def stop(self):
        self.stopped.set()
        self.watch.stop()
        self.worker.join()

    def look_at(self, pod):
        metadata, phase = pod["metadata"], pod["status"].get("phase")
        name, namespace = metadata["name"], metadata["namespace"]
        if not pod["spec"].get("nodeName"):
            if metadata.get("deletionTimestamp") is None:
                self.client.bind(name, "n1", namespace)
        elif metadata.get("deletionTimestamp"):
            if phase in ("Pending", "Running"):
                self.report(pod, "Failed", ended(143), False)
            self.client.delete("pods", name, namespace, gracePeriodSeconds=0,
                               preconditions={"uid": metadata["uid"]})
        elif phase == "Pending":
            self.report(pod, "Running", {"running": {"startedAt": now()}}, True)
        elif phase == "Running":
            code = self.fate(pod)
            if code is not None:
                self.report(pod, "Failed" if code else "Succeeded", ended(code), False)

    def report(self, pod, phase, state, ready):
        metadata = pod["metadata"]
        containers = [{"name": c["name"], "image": c["image"], "imageID": "", "ready": ready, "restartCount": 0,
                       "state": state} for c in pod["spec"]["containers"]]
        conditions = [{"type": kind, "status": str(ready), "lastTransitionTime": now()} for kind in ("Ready", "ContainersReady")]
        status = {"phase": phase, "containerStatuses": containers, "conditions": conditions}
        # The UID: a later pod of this name is another one.
        answer = self.client.patch("pods", metadata["name"], {"metadata": {"uid": metadata["uid"]}, "status": status},
                                   metadata["namespace"], "status", "strategic-merge")
        with self.lock:
            if metadata["uid"] in self.pods:
                self.pods[metadata["uid"]] = answer
