"""An API server for tests: objects in memory, with versions, watches, patches and deletion as a real one has them, and
faults on demand. tests/cluster has the real one; this one needs nothing but Python.

What it leaves out: validation, authorization, garbage collection beyond direct dependents, controllers."""
import copy
import http.server
import json
import re
import threading
import time
import urllib.parse
import uuid

PATH = re.compile(r"^(/api/v1|/apis/[^/]+/[^/]+)(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?(?:/(status))?$")
KINDS = {"jobs": "Job", "pods": "Pod", "jobsets": "JobSet", "services": "Service", "leases": "Lease", "nodes": "Node",
         "events": "Event", "persistentvolumeclaims": "PersistentVolumeClaim", "secrets": "Secret", "cronjobs": "CronJob",
         "mutatingwebhookconfigurations": "MutatingWebhookConfiguration",
         "validatingwebhookconfigurations": "ValidatingWebhookConfiguration"}


class Refused(Exception):
    def __init__(self, code, reason, message, causes=()):
        super().__init__(message)
        self.status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
                       "message": message, "details": {"causes": list(causes)}}


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # All of a controller's connections may come at once, and what does not fit is tried again after seconds.
    request_queue_size = 128


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def merge(into, patch):
    """RFC 7396."""
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict):
            merge(into.setdefault(key, {}), value)
        else:
            into[key] = copy.deepcopy(value)


def merge_strategically(into, patch):
    """Those lists that controllers patch: finalizers, owners, conditions."""
    patch = copy.deepcopy(patch)
    metadata = patch.get("metadata", {})
    target = into["metadata"]
    gone = metadata.pop("$deleteFromPrimitiveList/finalizers", [])
    target["finalizers"] = [f for f in target.get("finalizers", []) + metadata.pop("finalizers", []) if f not in gone]
    for owner in metadata.pop("ownerReferences", []):
        owners = [o for o in target.get("ownerReferences", []) if o["uid"] != owner["uid"]]
        target["ownerReferences"] = owners + ([] if owner.get("$patch") == "delete" else [owner])
    for condition in patch.get("status", {}).pop("conditions", []):
        conditions = into.setdefault("status", {}).setdefault("conditions", [])
        conditions[:] = [condition] + [c for c in conditions if c["type"] != condition["type"]]
    for name in ("finalizers", "ownerReferences"):
        if not target.get(name, True):
            del target[name]
    merge(into, patch)


def default_job(job):
    spec = job["spec"]
    for field, value in (("parallelism", 1), ("backoffLimit", 6), ("completionMode", "NonIndexed"), ("suspend", False),
                         ("podReplacementPolicy", "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed"),
                         ("manualSelector", False)):
        spec.setdefault(field, value)
    uid = job["metadata"]["uid"]
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for prefix in ("", "batch.kubernetes.io/"):
        labels[prefix + "controller-uid"] = uid
        labels[prefix + "job-name"] = job["metadata"]["name"]
    job["metadata"].setdefault("labels", {}).update({})


class FakeApiServer:
    def __init__(self):
        self.changed = threading.Condition(threading.RLock())
        self.objects = {}  # by (resource, namespace, name)
        self.history = []  # (version, type, resource, namespace, object)
        self.version = 1
        self.oldest = 0  # a watch from before it is refused
        self.faults = []
        self.requests = []  # (method, path)
        self.tokens = None  # a set: only these are taken
        self.epoch = 0  # a watch of an older one ends
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (ConnectionError, ValueError):
                    self.close_connection = True

            def do_GET(self):
                outer.serve(self)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        self.http = Listener(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.end_watches()
        self.http.shutdown()
        self.http.server_close()

    # --- what tests do ---

    def fail(self, method, path, code=500, times=1, takes_effect=False, cut=False):
        """The next requests that match are answered by `code`, or not at all."""
        self.faults.append({"method": method, "path": re.compile(path), "code": code, "left": times,
                            "takes_effect": takes_effect, "cut": cut})

    def end_watches(self):
        with self.changed:
            self.epoch += 1
            self.changed.notify_all()

    def forget(self):
        """Watches from before now get 410."""
        with self.changed:
            self.oldest = self.version
            self.end_watches()

    def all(self, resource, namespace="default"):
        with self.changed:
            return [copy.deepcopy(o) for (r, n, _), o in sorted(self.objects.items()) if (r, n) == (resource, namespace)]

    def get(self, resource, name, namespace="default"):
        with self.changed:
            return copy.deepcopy(self.objects.get((resource, namespace, name)))

    def create(self, resource, body, namespace="default"):
        with self.changed:
            return self.do_create(resource, namespace, copy.deepcopy(body))

    def set_status(self, resource, name, status, namespace="default"):
        with self.changed:
            found = copy.deepcopy(self.objects[(resource, namespace, name)])
            merge(found.setdefault("status", {}), status)
            self.store("MODIFIED", resource, namespace, found)

    def delete(self, resource, name, namespace="default"):
        with self.changed:
            self.do_delete(resource, namespace, name, {})

    # --- requests ---

    def serve(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        url = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.requests.append((handler.command, url.path))
        fault = next((f for f in self.faults if f["left"] and f["method"] == handler.command and f["path"].search(url.path)),
                     None)
        try:
            if self.tokens is not None:
                token = (handler.headers.get("Authorization") or "").removeprefix("Bearer ")
                if token not in self.tokens:
                    raise Refused(401, "Unauthorized", "Unauthorized")
            if fault:
                fault["left"] -= 1
                if fault["takes_effect"]:
                    self.answer_of(handler, url.path, query, body)
                if fault["cut"]:
                    handler.close_connection = True
                    return
                missing = "the server could not find the requested resource"
                raise Refused(fault["code"], "Fault", missing if fault["code"] == 404 else "a fault of the test")
            match = PATH.match(url.path)
            if match and handler.command == "GET" and "watch" in query:
                return self.watch(handler, match, query)
            answer = self.answer_of(handler, url.path, query, body)
            self.send(handler, 201 if handler.command == "POST" else 200, answer)
        except Refused as refused:
            self.send(handler, refused.status["code"], refused.status)

    @staticmethod
    def send(handler, code, answer):
        text = json.dumps(answer).encode()
        handler.send_response(code)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    @staticmethod
    def selected(found, query):
        """Equality alone; events by what they are about."""
        about = found.get("involvedObject") or found.get("regarding") or {}
        fields = {"metadata.name": found["metadata"]["name"], **{f"involvedObject.{k}": v for k, v in about.items()}}
        for selector, values in (("labelSelector", found["metadata"].get("labels", {})), ("fieldSelector", fields)):
            for term in filter(None, query.get(selector, "").split(",")):
                key, value = term.split("=")
                if values.get(key) != value:
                    return False
        return True

    def answer_of(self, handler, path, query, body):
        match = PATH.match(path)
        if not match:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        _, namespace, resource, name, sub = match.groups()
        content = json.loads(body) if body else {}
        with self.changed:
            if handler.command == "POST":
                return copy.deepcopy(self.do_create(resource, namespace, content))
            if handler.command == "GET" and not name:
                items = [copy.deepcopy(o) for (r, n, _), o in self.objects.items()
                         if r == resource and namespace in (None, n) and self.selected(o, query)]
                for item in items:
                    item.pop("kind", None)  # as a real server's, of kinds that it has built in
                return {"kind": KINDS[resource] + "List", "metadata": {"resourceVersion": str(self.version)}, "items": items}
            found = self.objects.get((resource, namespace, name))
            if found is None:
                raise Refused(404, "NotFound", f'{resource} "{name}" not found')
            if handler.command == "PUT":
                found = self.do_put(resource, namespace, found, content, sub)
            elif handler.command == "PATCH":
                found = self.do_patch(resource, namespace, found, content, sub, handler.headers["Content-Type"])
            elif handler.command == "DELETE":
                found = self.do_delete(resource, namespace, name, content)
            return copy.deepcopy(found)

    def do_create(self, resource, namespace, body):
        metadata = body.setdefault("metadata", {})
        if not metadata.get("name"):
            metadata["name"] = metadata["generateName"] + uuid.uuid4().hex[:5]
        key = (resource, namespace, metadata["name"])
        if key in self.objects:
            raise Refused(409, "AlreadyExists", f'{resource} "{metadata["name"]}" already exists')
        body["kind"] = KINDS[resource]
        metadata.update(namespace=namespace, uid=str(uuid.uuid4()), creationTimestamp=now(), generation=1)
        if resource != "leases" and resource != "events":
            body.pop("status", None)
        if resource == "jobs":
            default_job(body)
            body["status"] = {}
        if resource == "pods":
            body["status"] = {"phase": "Pending"}
        return self.store("ADDED", resource, namespace, body)

    @staticmethod
    def check(found, metadata):
        if metadata.get("uid") and metadata["uid"] != found["metadata"]["uid"]:
            raise Refused(409, "Conflict", f"Precondition failed: UID in precondition: {metadata['uid']}")
        version = metadata.get("resourceVersion")
        if version and version != found["metadata"]["resourceVersion"]:
            raise Refused(409, "Conflict", "the object has been modified")

    def do_put(self, resource, namespace, found, body, sub):
        self.check(found, body["metadata"])
        new = copy.deepcopy(found if sub else body)
        for field in ("labels", "annotations", "finalizers", "ownerReferences"):
            if field in body["metadata"] or not sub:
                new["metadata"][field] = copy.deepcopy(body["metadata"].get(field, {} if "s" == field[-1] and field[0] in "la" else []))
        if sub:
            new["status"] = copy.deepcopy(body.get("status", {}))
        else:
            new["metadata"] = {**found["metadata"], **new["metadata"]}
            new["status"] = found.get("status", {})
        return self.replace(resource, namespace, found, new)

    def do_patch(self, resource, namespace, found, patch, sub, content_type):
        metadata = patch.get("metadata", {})
        if metadata.get("uid") and metadata["uid"] != found["metadata"]["uid"]:
            raise Refused(422, "Invalid", "metadata.uid: field is immutable", [{"field": "metadata.uid"}])
        self.check(found, metadata)
        if resource == "jobsets" and "strategic" in content_type:
            raise Refused(415, "UnsupportedMediaType", "custom resources have no strategic merge")
        new = copy.deepcopy(found)
        (merge_strategically if "strategic" in content_type else merge)(new, patch)
        if not sub:
            new["status"] = found.get("status", {})
        return self.replace(resource, namespace, found, new)

    def replace(self, resource, namespace, found, new):
        new["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
        if new == found:
            return found
        if new.get("spec") != found.get("spec"):
            new["metadata"]["generation"] = found["metadata"].get("generation", 0) + 1
        if new["metadata"].get("deletionTimestamp") and not new["metadata"].get("finalizers"):
            if resource != "pods" or new["metadata"].get("deletionGracePeriodSeconds") == 0:
                return self.remove(resource, namespace, new)
        return self.store("MODIFIED", resource, namespace, new)

    def do_delete(self, resource, namespace, name, options):
        found = self.objects.get((resource, namespace, name))
        if found is None:
            raise Refused(404, "NotFound", f'{resource} "{name}" not found')
        self.check(found, options.get("preconditions") or {})
        new = copy.deepcopy(found)
        bound = resource == "pods" and new.get("spec", {}).get("nodeName") and \
            new.get("status", {}).get("phase") not in ("Succeeded", "Failed") and options.get("gracePeriodSeconds") != 0
        if not bound and not new["metadata"].get("finalizers"):
            return self.remove(resource, namespace, new)
        if not new["metadata"].get("deletionTimestamp"):
            new["metadata"]["deletionTimestamp"] = now()
        new["metadata"]["deletionGracePeriodSeconds"] = 30 if bound else 0
        return self.store("MODIFIED", resource, namespace, new)

    def remove(self, resource, namespace, found):
        found = self.store("DELETED", resource, namespace, found)
        uid = found["metadata"]["uid"]
        for (r, n, name), other in list(self.objects.items()):
            owners = other["metadata"].get("ownerReferences", [])
            if any(o["uid"] == uid for o in owners) and not other["metadata"].get("deletionTimestamp"):
                self.do_delete(r, n, name, {"gracePeriodSeconds": 0})
        return found

    def store(self, change, resource, namespace, body):
        self.version += 1
        body = copy.deepcopy(body)
        body["metadata"]["resourceVersion"] = str(self.version)
        key = (resource, namespace, body["metadata"]["name"])
        if change == "DELETED":
            self.objects.pop(key, None)
        else:
            self.objects[key] = body
        self.history.append((self.version, change, resource, namespace, body))
        self.changed.notify_all()
        return body

    # --- watches ---

    def watch(self, handler, match, query):
        _, namespace, resource, _, _ = match.groups()
        with self.changed:
            epoch, at = self.epoch, self.version
            if query.get("sendInitialEvents"):
                lines = [("ADDED", o) for (r, n, _), o in self.objects.items() if r == resource and namespace in (None, n)]
                bookmark = {"kind": KINDS[resource], "metadata": {"resourceVersion": str(at), "annotations": {
                    "k8s.io/initial-events-end": "true"}}}
                lines.append(("BOOKMARK", bookmark))
            else:
                at = int(query["resourceVersion"])
                lines = []
                if at < self.oldest:
                    lines = [("ERROR", {"kind": "Status", "code": 410, "message": "too old resource version"})]
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.close_connection = True
        while True:
            for change, body in lines:
                text = json.dumps({"type": change, "object": body}).encode() + b"\n"
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            if lines and lines[-1][0] == "ERROR":
                break
            with self.changed:
                self.changed.wait_for(lambda: self.epoch != epoch or self.version > at, timeout=60)
                if self.epoch != epoch:
                    break
                lines = [(c, b) for v, c, r, n, b in self.history if v > at and r == resource and namespace in (None, n)]
                at = self.version
        handler.wfile.write(b"0\r\n\r\n")
