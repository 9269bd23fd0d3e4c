"""Reads src/model/schema/versions.tsv and fields.tsv, as src/model/versions.h and schema.h do."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "src/model/schema"
KUBERNETES = range(31, 38)
JOBSET = range(8, 14)
PACKAGES = {"metav1": "meta/v1", "corev1": "core/v1", "batchv1": "batch/v1"}
ON = {"beta", "ga", "on"}


def rows_of(file):
    for line in (SCHEMA / file).read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def steps(text):
    """[(31, "alpha"), (33, "beta")] of "1.31=alpha 1.33=beta"."""
    out = []
    for step in text.split(" "):
        version, word = step.split("=")
        out.append((int(version.split(".")[1]), word))
    return out


class Row:
    def __init__(self, cells):
        self.message, self.path, self.value, self.gate, stages, self.off, self.before, self.source = cells
        self.stages = steps(stages)
        self.name = " ".join(filter(None, (self.message, self.path, self.value)))
        self.is_jobset = self.message.startswith("jobset.x-k8s.io/")
        self.versions = JOBSET if self.is_jobset else KUBERNETES
        self.field = self.path.split(".")[-1].split("[")[0]

    def stage(self, minor):
        words = ["absent"] + [word for since, word in self.stages if since <= minor]
        return words[-1]

    def treatment(self, minor):
        """served, drops, drops-volume, refuses or unknown."""
        stage = self.stage(minor)
        if stage == "absent":
            return self.before
        return "served" if stage in ON else self.off

    def is_about_field(self):
        """Of a whole field that the types of a version have or don't have."""
        return self.before == "unknown" and not self.value


def read_rows():
    return [Row(cells) for cells in rows_of("versions.tsv") if cells[1] != "="]


def job_types():
    """The minor version of Kubernetes that the Job templates of each minor version of JobSet have their fields from."""
    (cells,) = [cells for cells in rows_of("versions.tsv") if cells[1] == "="]
    known = [(since, int(version.split(".")[1])) for since, version in steps(cells[4])]
    return {minor: [types for since, types in known if since <= minor][-1] for minor in JOBSET}


class Fields:
    """The messages of fields.tsv."""

    def __init__(self):
        self.messages, self.aliases = {}, {}
        for cells in rows_of("fields.tsv"):
            message, name, _, kind = cells[:4]
            if name == "=":
                self.aliases[message] = kind
            elif not name.startswith("("):
                self.messages.setdefault(message, {})[name] = kind
            elif name == "(inline)":
                self.messages.setdefault(message, {})[f"(inline){kind}"] = kind

    def message_of(self, group, kind):
        """The message that a type is made of; None for scalars and for messages that the table does not have."""
        kind = re.sub(r"^(?:\*|\[\]|map\[\w+\])+", "", kind)
        package, _, name = kind.rpartition(".")
        full = f"{PACKAGES.get(package, package) or group}.{name}"
        if full in self.aliases:
            return self.message_of(full.rpartition(".")[0], self.aliases[full])
        return full if full in self.messages else None

    def message_at(self, message, path):
        """The message that the last step of a row's path is a field of."""
        for step in path.split(".")[:-1]:
            kind = self.fields(message)[step.split("[")[0]]
            message = self.message_of(message.rpartition(".")[0], kind)
        return message

    def fields(self, message):
        """Names and types, those of messages written inline in their place."""
        out = {}
        for name, kind in self.messages[message].items():
            if name.startswith("(inline)"):
                out.update(self.fields(self.message_of(message.rpartition(".")[0], kind)))
            else:
                out[name] = kind
        return out
