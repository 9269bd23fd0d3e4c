#include <algorithm>

#include "admission/default.h"
#include "base/text.h"
#include "model/image.h"
#include "model/quantity.h"

namespace reprieve::admission {

using document::Value;

namespace {

void SetIfAbsent(Value& object, std::string_view key, Value value) {
  Value& slot = object.At(key);
  if (slot.IsNull()) slot = std::move(value);
}

void SetIfZero(Value& object, std::string_view key, Value value) {
  Value& slot = object.At(key);
  if (slot.IsEmpty()) slot = std::move(value);
}

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

// Calls `visit` on the member if it is an object.
template <class Visit>
void With(Value& object, std::string_view key, Visit visit) {
  if (Value* member = object.Find(key); member != nullptr && member->IsObject()) visit(*member);
}

template <class Visit>
void ForEach(Value& object, std::string_view key, Visit visit) {
  Value* list = object.Find(key);
  if (list == nullptr || !list->IsArray()) return;
  for (Value& item : list->items()) visit(item);
}

// Quantities of resources count in whole thousandths, and are held in canonical form.
void RoundQuantities(Value& list) {
  for (auto& member : list.members()) {
    auto quantity = model::Quantity::Parse(member.value.AsText());
    if (!quantity.ok()) continue;
    (*quantity).RoundUpToMilli();
    member.value = Value::String((*quantity).text());
  }
}

void DefaultHttpGet(Value& get) {
  SetIfZero(get, "path", Text("/"));
  SetIfZero(get, "scheme", Text("HTTP"));
}

void DefaultProbe(Value& probe) {
  SetIfZero(probe, "timeoutSeconds", Value::Int(1));
  SetIfZero(probe, "periodSeconds", Value::Int(10));
  SetIfZero(probe, "successThreshold", Value::Int(1));
  SetIfZero(probe, "failureThreshold", Value::Int(3));
  With(probe, "httpGet", DefaultHttpGet);
  With(probe, "grpc", [](Value& grpc) { SetIfAbsent(grpc, "service", Text("")); });
}

void DefaultFieldRef(Value& holder) {
  With(holder, "fieldRef", [](Value& ref) { SetIfZero(ref, "apiVersion", Text("v1")); });
}

void DefaultContainer(Value& container) {
  SetIfZero(container, "imagePullPolicy",
            Text(model::MeansLatest(container["image"].AsText()) ? "Always" : "IfNotPresent"));
  SetIfZero(container, "terminationMessagePath", Text("/dev/termination-log"));
  SetIfZero(container, "terminationMessagePolicy", Text("File"));
  ForEach(container, "ports", [](Value& port) { SetIfZero(port, "protocol", Text("TCP")); });
  ForEach(container, "env", [](Value& variable) {
    With(variable, "valueFrom", [](Value& source) {
      DefaultFieldRef(source);
      With(source, "fileKeyRef", [](Value& file) { SetIfAbsent(file, "optional", Value::Bool(false)); });
    });
  });
  With(container, "resources", RoundResources);
  for (const std::string_view probe : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    With(container, probe, DefaultProbe);
  }
  With(container, "lifecycle", [](Value& lifecycle) {
    for (const std::string_view hook : {"postStart", "preStop"}) {
      With(lifecycle, hook, [](Value& handler) { With(handler, "httpGet", DefaultHttpGet); });
    }
  });
}

constexpr std::int64_t kFileMode = 0644;

void DefaultProjection(Value& projection) {
  With(projection, "serviceAccountToken",
       [](Value& token) { SetIfAbsent(token, "expirationSeconds", Value::Int(3600)); });
  With(projection, "downwardAPI", [](Value& source) { ForEach(source, "items", DefaultFieldRef); });
}

void DefaultVolume(Value& volume) {
  const auto is_source = [](const Value::Member& member) { return member.key != "name" && !member.value.IsNull(); };
  if (std::none_of(volume.members().begin(), volume.members().end(), is_source)) {
    volume.Set("emptyDir", Value::MakeObject());
  }
  for (const std::string_view source : {"secret", "configMap", "downwardAPI", "projected"}) {
    With(volume, source, [](Value& files) { SetIfAbsent(files, "defaultMode", Value::Int(kFileMode)); });
  }
  With(volume, "downwardAPI", [](Value& source) { ForEach(source, "items", DefaultFieldRef); });
  With(volume, "projected", [](Value& source) { ForEach(source, "sources", DefaultProjection); });
  With(volume, "hostPath", [](Value& source) { SetIfAbsent(source, "type", Text("")); });
  With(volume, "iscsi", [](Value& source) { SetIfZero(source, "iscsiInterface", Text("default")); });
  With(volume, "rbd", [](Value& source) {
    SetIfZero(source, "pool", Text("rbd"));
    SetIfZero(source, "user", Text("admin"));
    SetIfZero(source, "keyring", Text("/etc/ceph/keyring"));
  });
  With(volume, "azureDisk", [](Value& source) {
    SetIfAbsent(source, "cachingMode", Text("ReadWrite"));
    SetIfAbsent(source, "kind", Text("Shared"));
    SetIfAbsent(source, "fsType", Text("ext4"));
    SetIfAbsent(source, "readOnly", Value::Bool(false));
  });
  With(volume, "scaleIO", [](Value& source) {
    SetIfZero(source, "storageMode", Text("ThinProvisioned"));
    SetIfZero(source, "fsType", Text("xfs"));
  });
  With(volume, "image", [](Value& source) {
    SetIfZero(source, "pullPolicy", Text(model::MeansLatest(source["reference"].AsText()) ? "Always" : "IfNotPresent"));
  });
  With(volume, "ephemeral", [](Value& source) {
    With(source, "volumeClaimTemplate", [](Value& claim) {
      SetIfAbsent(claim.At("spec"), "volumeMode", Text("Filesystem"));
      With(claim, "spec", [](Value& spec) { With(spec, "resources", RoundResources); });
    });
  });
}

// On the host's network a container's port is the host's: in a pod, not in the template of a Job that is stored.
void UseHostPorts(Value& spec) {
  for (const std::string_view list : {"containers", "initContainers"}) {
    ForEach(spec, list, [](Value& container) {
      ForEach(container, "ports", [](Value& port) {
        const std::int64_t number = port["containerPort"].AsInt();
        if (number != 0) SetIfZero(port, "hostPort", Value::Int(number));
      });
    });
  }
}

// Limits without a request of the same resource ask for as much.
void RequestWhatIsLimited(Value& container) {
  const Value limits = container["resources"]["limits"];
  if (limits.size() == 0) return;
  Value& requests = container.At("resources").At("requests");
  for (const auto& limit : limits.members()) SetIfAbsent(requests, limit.key, limit.value);
}

void Tolerate(Value& spec, std::string_view taint) {
  for (const Value& toleration : spec["tolerations"].items()) {
    const std::string& key = toleration["key"].AsText();
    const std::string& effect = toleration["effect"].AsText();
    if ((key == taint || key.empty()) && (effect == "NoExecute" || effect.empty())) return;
  }
  Value toleration = Value::MakeObject();
  toleration.Set("key", Text(taint));
  toleration.Set("operator", Text("Exists"));
  toleration.Set("effect", Text("NoExecute"));
  toleration.Set("tolerationSeconds", Value::Int(300));
  spec.At("tolerations").Append(std::move(toleration));
}

}  // namespace

void RoundResources(Value& resources) {
  With(resources, "limits", RoundQuantities);
  With(resources, "requests", RoundQuantities);
}

void DefaultPodSpec(Value& spec) {
  ForEach(spec, "volumes", DefaultVolume);
  ForEach(spec, "initContainers", DefaultContainer);
  ForEach(spec, "containers", DefaultContainer);
  ForEach(spec, "ephemeralContainers", DefaultContainer);
  SetIfZero(spec, "dnsPolicy", Text("ClusterFirst"));
  SetIfZero(spec, "restartPolicy", Text("Always"));
  SetIfAbsent(spec, "securityContext", Value::MakeObject());
  SetIfAbsent(spec, "terminationGracePeriodSeconds", Value::Int(30));
  SetIfZero(spec, "schedulerName", Text("default-scheduler"));
  With(spec, "overhead", RoundQuantities);
  With(spec, "resources", RoundResources);
  // Two names of one thing; the newer wins.
  const std::string account =
      spec[spec["serviceAccountName"].AsText().empty() ? "serviceAccount" : "serviceAccountName"].AsText();
  if (!account.empty()) {
    spec.Set("serviceAccountName", Text(account));
    spec.Set("serviceAccount", Text(account));
  }
}

void DropDisabledFields(Value& pod_template) {
  With(pod_template, "metadata", [](Value& meta) {
    With(meta, "annotations", [](Value& annotations) {
      for (const std::string_view stage : {"alpha", "beta"}) {
        for (const std::string_view what : {"init-containers", "init-container-statuses"}) {
          annotations.Remove(Cat("pod.", stage, ".kubernetes.io/", what));
        }
      }
    });
  });
  Value& pod_spec = pod_template.At("spec");
  for (const std::string_view list : {"containers", "initContainers"}) {
    ForEach(pod_spec, list, [](Value& container) {
      Value* lifecycle = container.Find("lifecycle");
      if (lifecycle == nullptr || !lifecycle->Remove("stopSignal") || lifecycle->size() > 0) return;
      container.Remove("lifecycle");
    });
  }
}

void DefaultPodTemplate(Value& pod_template) {
  Value& spec = pod_template.At("spec");
  if (spec.IsNull()) spec = Value::MakeObject();
  DefaultPodSpec(spec);
}

void DefaultPod(Value& pod) {
  Value& spec = pod.At("spec");
  if (spec.IsNull()) spec = Value::MakeObject();
  // A template may have less than nothing; a pod has a second then.
  if (spec["terminationGracePeriodSeconds"].AsInt() < 0) spec.Set("terminationGracePeriodSeconds", Value::Int(1));
  ForEach(spec, "initContainers", RequestWhatIsLimited);
  ForEach(spec, "containers", RequestWhatIsLimited);
  DefaultPodSpec(spec);
  if (spec["hostNetwork"].AsBool()) UseHostPorts(spec);
  SetIfAbsent(spec, "enableServiceLinks", Value::Bool(true));
  Tolerate(spec, "node.kubernetes.io/not-ready");
  Tolerate(spec, "node.kubernetes.io/unreachable");
}

}  // namespace reprieve::admission
