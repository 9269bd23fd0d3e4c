"""Small manifests, one for each row of versions.tsv, and what an API server's answer to one says."""

import json
import pathlib
import re

JOB_SPEC = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "image"}]}}}
PROBES = json.loads((pathlib.Path(__file__).resolve().parent / "probes.json").read_text())


def merged(base, more):
    """Objects by their members, lists by their places."""
    if isinstance(base, dict) and isinstance(more, dict):
        return {key: merged(base.get(key), more.get(key)) if key in base and key in more else more.get(key, base.get(key))
                for key in {**base, **more}}
    if isinstance(base, list) and isinstance(more, list):
        return [merged(a, b) for a, b in zip(base, more)] + base[len(more):] + more[len(base):]
    return more


def job(probe):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "probe"},
            "spec": merged(JOB_SPEC, probe["spec"])}


# Of what stands beside Jobs: where it goes, and the least of it.
OTHERS = {"Service": ("services", {"ports": [{"port": 80}]}),
          "PersistentVolumeClaim": ("persistentvolumeclaims", {"accessModes": ["ReadWriteOnce"],
                                                                "resources": {"requests": {"storage": "1Gi"}}})}


def request(probe):
    """The path below the API server's root, the manifest, and where in it the row is tried."""
    if "kind" not in probe:
        return "/apis/batch/v1/namespaces/default/jobs", job(probe), f"spec.{probe['at']}"
    resource, spec = OTHERS[probe["kind"]]
    manifest = {"apiVersion": "v1", "kind": probe["kind"], "metadata": probe.get("metadata", {"name": "probe"}),
                "spec": merged(spec, probe["spec"])}
    return f"/api/v1/namespaces/default/{resource}", manifest, probe["at"]


def jobset(spec):
    jobs = [{"template": {"spec": JOB_SPEC}, **each} for each in spec.get("replicatedJobs", [{"name": "a"}])]
    return {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": "probe"},
            "spec": {**spec, "replicatedJobs": jobs}}


def value_at(value, path):
    for step in re.findall(r"[^.\[\]]+", path):
        try:
            value = value[int(step) if isinstance(value, list) else step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def holds(stored, posted):
    """Whether all that was posted is there, perhaps with defaults."""
    if isinstance(posted, dict):
        return isinstance(stored, dict) and all(holds(stored.get(key), value) for key, value in posted.items())
    if isinstance(posted, list):
        return isinstance(stored, list) and len(stored) == len(posted) and all(map(holds, stored, posted))
    return stored == posted


def related(a, b):
    return a.startswith(b) or b.startswith(a)


def outcome(manifest, at, code, answer):
    """served, drops, refuses or unknown, of the field `at` (spec.template.spec.hostUsers); else the server's words."""
    if code in (200, 201):
        return "served" if holds(value_at(answer, at), value_at(manifest, at)) else "drops"
    message = answer.get("message", "")
    unknown = re.findall(r'unknown field "([^"]+)"', message)
    if code == 400 and unknown and all(related(field, at) for field in unknown):
        return "unknown"
    causes = [cause.get("field", "") for cause in answer.get("details", {}).get("causes", [])]
    if code == 422 and any(related(field, at) for field in causes):
        return "refuses"
    return f"{code} {message}"
