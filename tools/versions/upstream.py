"""What the Go modules of Kubernetes say: the fields of its API types, and the stages of its feature gates."""

import json
import os
import re
import subprocess

GROUPS = ("batch/v1", "core/v1")


def module(name, version):
    """The folder of a Go module, downloaded if it is not there."""
    done = subprocess.run(["go", "mod", "download", "-json", f"{name}@{version}"], capture_output=True, text=True,
                          env={**os.environ, "GOFLAGS": "-mod=mod"}, cwd="/")
    answer = json.loads(done.stdout or "{}")
    if "Dir" not in answer:
        raise RuntimeError(f"{name} {version} can't be had: {answer.get('Error') or done.stderr.strip()}")
    return answer["Dir"]


def structures(folder):
    """{"core/v1.PodSpec": {"hostUsers": "*bool"}} of the types in a k8s.io/api module."""
    out = {}
    for group in GROUPS:
        message = None
        with open(f"{folder}/{group}/types.go") as file:
            for line in file:
                if begin := re.match(r"type (\w+) struct", line):
                    message = out.setdefault(f"{group}.{begin[1]}", {})
                elif line.startswith("}"):
                    message = None
                elif message is not None:
                    field = re.match(r'\t(?:\w+\s+)?([\w.*\[\]]+)\s+`.*json:"([^",]*)', line)
                    if field:
                        message[field[2] or f"(inline){field[1]}"] = field[1]
    return out


def fields_of(message, types):
    """Names and types, those of structures embedded in their place."""
    group = message.rpartition(".")[0]
    out = {}
    for name, kind in types.get(message, {}).items():
        if name.startswith("(inline)"):
            out.update(fields_of(full_name(group, kind), types))
        else:
            out[name] = kind
    return out


def full_name(group, kind):
    kind = re.sub(r"^(?:\*|\[\]|map\[\w+\])+", "", kind)
    package, _, name = kind.rpartition(".")
    return f"{ {'corev1': 'core/v1', 'batchv1': 'batch/v1', 'v1': 'core/v1'}.get(package, package or group) }.{name}"


ROOTS = ("batch/v1.JobSpec", "batch/v1.CronJobSpec", "core/v1.ServiceSpec", "core/v1.PersistentVolumeClaimSpec")


def reachable(types):
    """{message: {field: type}} of all that can be written below the specs of the kinds that are validated."""
    out, queue = {}, list(ROOTS)
    while queue:
        message = queue.pop()
        if message in out or message not in types:
            continue
        out[message] = fields_of(message, types)
        queue += [full_name(message.rpartition(".")[0], kind) for kind in out[message].values()]
    return out


def gates(folder, minor):
    """{"JobManagedBy": "beta"} in the words of versions.tsv, of a k8s.io/kubernetes module."""
    out = {}
    for file in ("kube_features.go", "versioned_kube_features.go"):
        path = f"{folder}/pkg/features/{file}"
        if not os.path.exists(path):
            continue
        with open(path) as source:
            text = source.read()
        for gate, body in re.findall(r"^\t(\w+): \s*\{((?:\n\t\t.*)*?)\n\t\},", text, re.M):
            specs = [spec for spec in re.findall(r"\{Version: [^}]*\}", body) if since(spec) <= minor]
            if specs:
                out[gate] = stage(max(specs, key=since))
        for gate, spec in re.findall(r"^\t(\w+): \s*(\{Default:[^}]*\})", text, re.M):
            out.setdefault(gate, stage(spec))
    return out


def since(spec):
    return int(re.search(r'MustParse\("1\.(\d+)"\)', spec)[1])


def stage(spec):
    word = (re.search(r"PreRelease: featuregate\.(\w+)", spec) or ["", "GA"])[1].lower()
    is_on = "Default: true" in spec
    return {"beta": "beta" if is_on else "beta-off"}.get(word, word)
