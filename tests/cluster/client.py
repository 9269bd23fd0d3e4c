"""An API server's client for tests: JSON over connections that are kept, one for each thread, and watches."""
import http.client
import json
import ssl
import threading
import urllib.parse

PATHS = {"jobs": "/apis/batch/v1", "jobsets": "/apis/jobset.x-k8s.io/v1alpha2", "leases": "/apis/coordination.k8s.io/v1",
         "events.k8s.io": "/apis/events.k8s.io/v1", "deployments": "/apis/apps/v1", "replicasets": "/apis/apps/v1",
         "roles": "/apis/rbac.authorization.k8s.io/v1", "rolebindings": "/apis/rbac.authorization.k8s.io/v1",
         "poddisruptionbudgets": "/apis/policy/v1", "endpointslices": "/apis/discovery.k8s.io/v1",
         "mutatingwebhookconfigurations": "/apis/admissionregistration.k8s.io/v1",
         "validatingwebhookconfigurations": "/apis/admissionregistration.k8s.io/v1"}
# What a connection that the server has closed meanwhile ends with, before anything was answered.
STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class ApiError(Exception):
    def __init__(self, code, status):
        super().__init__(f"{code} {status.get('message', status)}")
        self.code, self.status = code, status


class Client:
    """Any thread may use it."""

    def __init__(self, port, authority, certificate=None, token=None):
        self.port = port
        self.tls = ssl.create_default_context(cafile=authority)
        if certificate:
            self.tls.load_cert_chain(*certificate)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.kept = threading.local()

    def connect(self, timeout):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=timeout)

    def send(self, method, target, body, headers):
        kept = getattr(self.kept, "connection", None)
        for connection in ([kept] if kept else []) + [self.connect(60)]:
            self.kept.connection = connection
            try:
                connection.request(method, target, body, headers)
                return connection.getresponse()
            except BaseException as error:
                self.kept.connection = None
                connection.close()
                if connection is not kept or not isinstance(error, STALE):
                    raise
        raise AssertionError("not reached")

    def ask_text(self, method, path, body=None, content_type="application/json", **query):
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        answer = self.send(method, target, body, {"Content-Type": content_type, **self.headers})
        text = answer.read()
        if answer.status >= 300:
            try:
                raise ApiError(answer.status, json.loads(text))
            except ValueError:
                raise ApiError(answer.status, {"message": text.decode(errors="replace")}) from None
        return text

    def ask(self, method, path, body=None, content_type="application/json", **query):
        text = self.ask_text(method, path, None if body is None else json.dumps(body), content_type, **query)
        try:
            return json.loads(text)
        except ValueError:
            return {"message": text.decode(errors="replace")}

    @staticmethod
    def path(resource, namespace, name="", sub=""):
        within = f"/namespaces/{namespace}" if namespace else ""
        out = f"{PATHS.get(resource, '/api/v1')}{within}/{resource.split('.')[0]}"
        return out + (f"/{name}" if name else "") + (f"/{sub}" if sub else "")

    def create(self, resource, body, namespace="default"):
        return self.ask("POST", self.path(resource, namespace), body)

    def get(self, resource, name, namespace="default"):
        try:
            return self.ask("GET", self.path(resource, namespace, name))
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def all(self, resource, namespace="default", **query):
        return self.ask("GET", self.path(resource, namespace), **query)["items"]

    def delete(self, resource, name, namespace="default", **options):
        return self.ask("DELETE", self.path(resource, namespace, name), options or None)

    def patch(self, resource, name, patch, namespace="default", sub="", kind="merge"):
        return self.ask("PATCH", self.path(resource, namespace, name, sub), patch, f"application/{kind}-patch+json")

    def set_status(self, resource, name, status, namespace="default"):
        kind = "merge" if resource == "jobsets" else "strategic-merge"
        return self.patch(resource, name, {"status": status}, namespace, "status", kind)

    def bind(self, name, node, namespace="default"):
        return self.create("pods/" + name + "/binding", {
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": {"kind": "Node", "name": node}},
            namespace)


class Watch(threading.Thread):
    """Keeps what there is of a resource, and tells of each change: changed(type, object). All of it on its own thread."""

    def __init__(self, client, resource, changed, namespace=""):
        super().__init__(daemon=True)
        self.client, self.path, self.changed = client, client.path(resource, namespace), changed
        self.stopped, self.connection, self.objects = False, None, {}
        self.version = None
        self.start()

    def run(self):
        while not self.stopped:
            try:
                self.once()
            except (OSError, ValueError, http.client.HTTPException, AttributeError, ApiError):
                # The server ended it, has restarted, or stop() has closed it.
                if not self.stopped:
                    threading.Event().wait(0.2)

    def once(self):
        if self.version is None:
            listed = self.client.ask("GET", self.path)
            self.version = listed["metadata"]["resourceVersion"]
            former, self.objects = self.objects, {}
            for found in listed["items"]:
                self.objects[found["metadata"]["uid"]] = found
                self.changed("ADDED", found)
            for uid, gone in former.items():
                if uid not in self.objects:
                    self.changed("DELETED", gone)
        self.connection = self.client.connect(None)
        query = urllib.parse.urlencode({"watch": 1, "resourceVersion": self.version, "allowWatchBookmarks": 1})
        self.connection.request("GET", f"{self.path}?{query}", headers=self.client.headers)
        answer = self.connection.getresponse()
        if answer.status != 200:
            answer.read()
            raise OSError(answer.status)
        for line in answer:
            event = json.loads(line)
            kind, found = event["type"], event["object"]
            if kind == "ERROR":
                self.version = None
                return
            self.version = found["metadata"]["resourceVersion"]
            if kind == "BOOKMARK":
                continue
            if kind == "DELETED":
                self.objects.pop(found["metadata"]["uid"], None)
            else:
                self.objects[found["metadata"]["uid"]] = found
            self.changed(kind, found)

    def stop(self):
        self.stopped = True
        while self.is_alive():
            # It may be about to open its connection.
            connection = self.connection
            if connection is not None and connection.sock is not None:
                try:
                    connection.sock.shutdown(2)
                except OSError:
                    pass  # it has ended already
            self.join(0.1)
