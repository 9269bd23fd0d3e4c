"""The recorded creates and updates of Jobs and JobSets (tests/oracle/README.md) sent again, and what the API server answers."""
import copy
import http.client
import json
import re

from client import ApiError

NAMESPACE = "default"
UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONGEST_VALUE = 300


def merged(value, patch):
    """JSON merge patch."""
    if not isinstance(patch, dict):
        return patch
    out = dict(value) if isinstance(value, dict) else {}
    for key, each in patch.items():
        if each is None:
            out.pop(key, None)
        else:
            out[key] = merged(out.get(key), each)
    return out


def unquoted(warning):
    """The text of a Warning header: code, agent and a quoted text."""
    return re.sub(r"\\(.)", r"\1", warning.split(" ", 2)[2][1:-1])


def end_of_value(text, at):
    """Where the quoted text, or the structure in brackets after its type's name, ends that begins at `at`."""
    depth, quoted = 0, False
    while at < len(text):
        char = text[at]
        if quoted:
            at += char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "{[":
            depth += 1
        elif char in "}]":
            depth -= 1
        at += 1
        if depth == 0 and not quoted and char in "\"}]":
            return at
        if depth == 0 and not quoted and char in ":, ":
            return at - 1
    return at


def shortened(message):
    """Without the dumps of whole objects in it."""
    out, at, prefix = "", 0, "Invalid value: "
    while (found := message.find(prefix, at)) >= 0:
        begin = found + len(prefix)
        end = end_of_value(message, begin)
        value = message[begin:end]
        if end - begin > LONGEST_VALUE:
            bracket = next((char for char in value if char in "{[\""), "")
            value = {"{": "{...}", "[": "[...]", '"': '"..."'}.get(bracket, value)
        out += message[at:begin] + value
        at = end
    return out + message[at:]


def without_chance(value, line):
    text = UID.sub("UID", json.dumps(value))
    sent = line.get("object") or line.get("before")
    generated = sent["metadata"].get("generateName") if isinstance(sent, dict) and isinstance(sent.get("metadata"), dict) else ""
    if isinstance(generated, str) and generated:
        # A name has 63 characters at most.
        name = f"(?<![A-Za-z0-9-])({re.escape(json.dumps(generated[:58])[1:-1])})[a-z0-9]{{5}}(?![A-Za-z0-9])"
        text = re.sub(name, r"\1?????", text)
    return json.loads(text)


class AdmissionRecorder:
    """Of one API server, in an empty namespace without controllers. One thread."""

    def __init__(self, client):
        self.client = client

    def record(self, line):
        """The line with what is answered now."""
        out = {key: copy.deepcopy(value) for key, value in line.items() if key not in ("answer", "warnings")}
        resource = line["kind"].lower() + "s"
        try:
            for each in line.get("existing", ()):
                self.client.create(each["kind"].lower() + "s", each, NAMESPACE)
            answer, warnings = self.ask(resource, line)
        finally:
            self.clean_up(line, resource)
        out["answer"] = answer
        if warnings:
            out["warnings"] = warnings
        return out

    def ask(self, resource, line):
        path = self.client.path(resource, NAMESPACE)
        if line["op"] == "create":
            body = line["raw"] if "raw" in line else json.dumps(line["object"])
            return self.send("POST", path, body, line)
        stored = self.client.create(resource, line["before"], NAMESPACE)
        path += "/" + stored["metadata"]["name"]
        if "status" in line:
            self.client.ask("PUT", path + "/status", {**self.client.ask("GET", path), "status": line["status"]})
        if line["op"] == "updateStatus":
            body = self.client.ask("GET", path)
            body.pop("status", None)
            if line.get("newStatus") is not None:
                body["status"] = line["newStatus"]
            return self.send("PUT", path + "/status", json.dumps(merged(body, line.get("alsoChange", {}))), line)
        if "change" in line:
            kind = line.get("patchType", "application/merge-patch+json")
            return self.send("PATCH", path, json.dumps(line["change"]), line, kind)
        return self.send("PUT", path, json.dumps(line["object"]), line)

    def send(self, method, path, body, line, content_type="application/json"):
        query = f"?fieldValidation={line['fieldValidation']}" if "fieldValidation" in line else ""
        try:
            answer = self.client.send(method, path + query, body.encode(), {"Content-Type": content_type, **self.client.headers})
            found = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return {"code": 0, "panic": True}, []
        warnings = [unquoted(value) for name, value in answer.getheaders() if name.lower() == "warning"]
        if answer.status < 300:
            return {"code": answer.status, "object": self.shown(found, line)}, warnings
        out = {"code": answer.status, "reason": found.get("reason"), "message": shortened(found.get("message", ""))}
        causes = found.get("details", {}).get("causes")
        if causes:
            out["causes"] = [{"reason": each.get("reason", ""), "message": shortened(each.get("message", "")),
                              "field": each.get("field", "")} for each in causes]
        return without_chance(out, line), warnings

    @staticmethod
    def shown(found, line):
        for name in ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "managedFields"):
            found["metadata"].pop(name, None)
        return without_chance(found, line)

    def clean_up(self, line, resource):
        for kind in {resource} | {each["kind"].lower() + "s" for each in line.get("existing", ())}:
            for found in self.client.all(kind, NAMESPACE):
                path = self.client.path(kind, NAMESPACE, found["metadata"]["name"])
                try:
                    if found["metadata"].get("finalizers"):
                        self.client.ask("PATCH", path, {"metadata": {"finalizers": None}}, "application/merge-patch+json")
                    self.client.ask("DELETE", path, {"propagationPolicy": "Background"})
                except ApiError as error:
                    if error.code != 404:
                        raise
