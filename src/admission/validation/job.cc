#include "admission/validation/job.h"

#include "admission/validation/names.h"
#include "admission/validation/object_meta.h"
#include "admission/validation/pod.h"
#include "base/text.h"
#include "document/json.h"
#include "model/decode.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::int64_t kMaxIndexedParallelism = 100'000;
constexpr std::int64_t kMaxFailedIndexes = 100'000;
constexpr std::int64_t kManyCompletions = 100'000;
constexpr std::int64_t kMaxParallelismOfMany = 10'000;
constexpr std::int64_t kMaxFailedIndexesOfMany = 10'000;
constexpr std::size_t kMaxManagedByBytes = 63;

struct ExpectedLabel {
  std::string_view key;
  const std::string& value;
};

void ValidateHasLabel(const Value& labels, const ExpectedLabel& label, FieldErrors& errors) {
  const FieldPath path = FieldPath("spec.template.metadata.labels").Key(label.key);
  const Value* actual = labels.Find(label.key);
  const std::string wanted = Cat("must be '", label.value, "'");
  if (actual == nullptr) {
    errors.Required(path, wanted);
  } else if (actual->AsText() != label.value) {
    errors.Invalid(path, DumpMap(labels), wanted);
  }
}

// Without manualSelector, selector and labels must be what the server generates from name and UID. Jobs stored before
// the prefixed labels existed need not have them.
void ValidateGeneratedSelector(const Value& job, bool require_prefixed_labels, FieldErrors& errors) {
  const Value& spec = job["spec"];
  if (spec["manualSelector"].AsBool() || spec["selector"].IsNull()) return;
  const std::string& name = job["metadata"]["name"].AsText();
  const std::string& uid = job["metadata"]["uid"].AsText();
  if (uid.empty()) errors.Required(FieldPath("metadata.uid"));
  std::vector<ExpectedLabel> expected = {{"controller-uid", uid}, {"job-name", name}};
  if (require_prefixed_labels) {
    expected.push_back({"batch.kubernetes.io/controller-uid", uid});
    expected.push_back({"batch.kubernetes.io/job-name", name});
  }
  Value labels = Value::MakeObject();
  for (const auto& label : expected) {
    ValidateHasLabel(spec["template"]["metadata"]["labels"], label, errors);
    labels.Set(label.key, Value::String(label.value));
  }
  const Value& selector = spec["selector"];
  if (IsUsableSelector(selector) && !SelectorMatches(selector, labels)) {
    errors.Invalid(FieldPath("spec.selector"),
                   model::DumpPrinted(&selector, model::GetMessage("meta/v1.LabelSelector")),
                   "`selector` not auto-generated");
  }
}

void ValidateNumbers(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  for (const std::string_view member : {"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
                                        "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"}) {
    ValidateNonNegative(spec[member], path / member, errors);
  }
  if (!spec["maxFailedIndexes"].IsNull() && spec["backoffLimitPerIndex"].IsNull()) {
    errors.Required(path / "backoffLimitPerIndex", "when maxFailedIndexes is specified");
  }
}

// acme.io/foo
void AtMost(const Value& number, std::int64_t limit, const FieldPath& path, std::string_view when,
            FieldErrors& errors) {
  if (number.AsInt() <= limit) return;
  errors.Invalid(path, Shown(number), Cat("must be less than or equal to ", limit, when));
}

void ValidateIndexed(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const Value& completions = spec["completions"];
  const Value& max_failed = spec["maxFailedIndexes"];
  if (completions.IsNull()) errors.Required(path / "completions", "when completion mode is Indexed");
  AtMost(spec["parallelism"], kMaxIndexedParallelism, path / "parallelism", " when completion mode is Indexed", errors);
  if (!completions.IsNull() && !max_failed.IsNull() && max_failed.AsInt() > completions.AsInt()) {
    errors.Invalid(path / "maxFailedIndexes", Shown(max_failed), "must be less than or equal to completions");
  }
  AtMost(max_failed, kMaxFailedIndexes, path / "maxFailedIndexes", "", errors);
  if (completions.AsInt() <= kManyCompletions || spec["backoffLimitPerIndex"].IsNull()) return;
  if (max_failed.IsNull()) {
    errors.Required(path / "maxFailedIndexes", Cat("must be specified when completions is above ", kManyCompletions));
  }
  const std::string when =
      Cat(" when completions are above ", kManyCompletions, " and used with backoff limit per index");
  AtMost(spec["parallelism"], kMaxParallelismOfMany, path / "parallelism", when, errors);
  AtMost(max_failed, kMaxFailedIndexesOfMany, path / "maxFailedIndexes", when, errors);
}

void ValidateCompletionMode(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const Value& mode = spec["completionMode"];
  if (mode.IsNull() || mode.AsText() == "NonIndexed") {
    for (const std::string_view member : {"backoffLimitPerIndex", "maxFailedIndexes"}) {
      if (!spec[member].IsNull())
        errors.Invalid(path / member, Shown(spec[member]), "requires indexed completion mode");
    }
  } else if (mode.AsText() == "Indexed") {
    ValidateIndexed(spec, path, errors);
  } else {
    errors.NotSupported(path / "completionMode", mode.AsText(), {"NonIndexed", "Indexed"});
  }
}

void ValidatePodReplacementPolicy(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const Value& policy = spec["podReplacementPolicy"];
  if (policy.IsNull() || policy.AsText() == "Failed") return;
  if (!spec["podFailurePolicy"].IsNull()) {
    errors.NotSupported(path, policy.AsText(), {"Failed"});
  } else if (policy.AsText() != "TerminatingOrFailed") {
    errors.NotSupported(path, policy.AsText(), {"Failed", "TerminatingOrFailed"});
  }
}

void ValidateRestartPolicy(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const std::string& policy = spec["template"]["spec"]["restartPolicy"].AsText();
  if (policy.empty() || policy == "Always") {
    errors.Required(path, "valid values: \"OnFailure\", \"Never\"");
  } else if (policy != "OnFailure" && policy != "Never") {
    errors.NotSupported(path, policy, {"OnFailure", "Never"});
  } else if (!spec["podFailurePolicy"].IsNull() && policy != "Never") {
    errors.Invalid(path, Shown(policy), "only \"Never\" is supported when podFailurePolicy is specified");
  }
}

void ValidateSelector(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const Value& selector = spec["selector"];
  if (selector.IsNull()) {
    errors.Required(path / "selector");
  } else {
    ValidateLabelSelector(selector, path / "selector", {}, errors);
    if (!IsUsableSelector(selector)) return;
  }
  const Value& labels = spec["template"]["metadata"]["labels"];
  if (!selector.IsNull() && SelectorMatches(selector, labels)) return;
  errors.Invalid(path / "template" / "metadata" / "labels", DumpMap(labels),
                 "`selector` does not match template `labels`");
}

void ValidateWithoutSelector(const Value& spec, const FieldPath& path, const TemplateRules& rules,
                             FieldErrors& errors) {
  ValidateNumbers(spec, path, errors);
  if (!spec["managedBy"].IsNull()) ValidateManagedBy(spec["managedBy"].AsText(), path / "managedBy", errors);
  ValidateCompletionMode(spec, path, errors);
  if (!spec["podFailurePolicy"].IsNull()) ValidatePodFailurePolicy(spec, path / "podFailurePolicy", errors);
  if (!spec["successPolicy"].IsNull()) ValidateSuccessPolicy(spec, path / "successPolicy", errors);
  ValidatePodReplacementPolicy(spec, path / "podReplacementPolicy", errors);
  ValidatePodTemplate(spec["template"], path / "template", rules, errors);
  ValidateRestartPolicy(spec, path / "template" / "spec" / "restartPolicy", errors);
}

void ValidateJobSpec(const Value& spec, const FieldPath& path, const TemplateRules& rules, FieldErrors& errors) {
  ValidateWithoutSelector(spec, path, rules, errors);
  ValidateSelector(spec, path, errors);
}

// The pod of the highest index must be able to have its hostname.
void ValidateIndexedName(const Value& job, FieldErrors& errors) {
  const Value& completions = job["spec"]["completions"];
  if (job["spec"]["completionMode"].AsText() != "Indexed" || completions.AsInt() <= 0) return;
  const std::string& name = job["metadata"]["name"].AsText();
  const std::string last = Cat(name, "-", completions.AsInt() - 1);
  if (IsDnsLabel(last)) return;
  errors.Invalid(FieldPath("metadata.name"), Shown(name),
                 Cat("will not able to create pod with invalid DNS label: ", last));
}

void ValidateImmutable(const Value& spec, const Value& stored, std::string_view member, std::string_view shown,
                       FieldErrors& errors) {
  if (spec[member] == stored[member]) return;
  errors.Invalid(FieldPath("spec") / member, shown, "field is immutable");
}

void ValidateCompletionsUpdate(const Value& spec, const Value& stored, FieldErrors& errors) {
  const Value& completions = spec["completions"];
  if (spec["completionMode"].AsText() != "Indexed") {
    ValidateImmutable(spec, stored, "completions", Shown(completions), errors);
    return;
  }
  if (completions == stored["completions"] || completions.IsNull()) return;
  if (completions == spec["parallelism"]) return;
  errors.Invalid(FieldPath("spec.completions"), Shown(completions),
                 "can only be modified in tandem with spec.parallelism");
}

bool HasTrueCondition(const Value& status, std::string_view type) {
  for (const Value& condition : status["conditions"].items()) {
    if (condition["type"].AsText() == type) return condition["status"].AsText() == "True";
  }
  return false;
}

// A suspended Job without active pods may get other resources and be scheduled elsewhere.
bool IsTemplateMutable(const Value& stored) {
  const Value& status = stored["status"];
  return stored["spec"]["suspend"].AsBool() && status["active"].AsInt() == 0 &&
         (HasTrueCondition(status, "Suspended") || status["startTime"].IsNull());
}

void CopyMember(const Value& from, std::string_view member, Value& to) {
  if (from[member].IsNull()) {
    to.Remove(member);
  } else {
    to.Set(member, from[member]);
  }
}

void CopyNodeAffinity(const Value& affinity, Value& spec) {
  Value copy = spec["affinity"];
  if (affinity.IsNull()) {
    copy.Remove("nodeAffinity");
    // It may be cleared where it held nothing else.
    if (copy.size() == 0) spec.Remove("affinity");
    if (copy.size() > 0) spec.Set("affinity", std::move(copy));
    return;
  }
  if (copy.IsNull()) copy = Value::MakeObject();
  CopyMember(affinity, "nodeAffinity", copy);
  spec.Set("affinity", std::move(copy));
}

void CopyResources(const Value& from, std::string_view list, Value& to) {
  if (from[list].size() != to[list].size() || to[list].size() == 0) return;
  std::size_t index = 0;
  for (Value& container : to.Find(list)->items()) {
    CopyMember(from[list][index++], "resources", container);
  }
}

// What the stored template would be with all that may change already changed.
Value WithMutableParts(const Value& stored_template, const Value& pod_template) {
  Value out = stored_template;
  CopyMember(pod_template, "metadata", out);
  Value& spec = out.At("spec");
  const Value& wanted = pod_template["spec"];
  CopyNodeAffinity(wanted["affinity"], spec);
  for (const std::string_view member : {"nodeSelector", "tolerations", "schedulingGates"}) {
    CopyMember(wanted, member, spec);
  }
  CopyResources(wanted, "containers", spec);
  CopyResources(wanted, "initContainers", spec);
  return out;
}

void ValidateTemplateUpdate(const Value& job, const Value& stored, FieldErrors& errors) {
  const model::Message& message = model::GetMessage("core/v1.PodTemplateSpec");
  const Value pod_template = model::Stored(job["spec"]["template"], message);
  const Value before = model::Stored(stored["spec"]["template"], message);
  if (!IsTemplateMutable(stored)) {
    if (pod_template == before) return;
    errors.Invalid(FieldPath("spec.template"), model::Dump(&pod_template, message), "field is immutable");
    return;
  }
  if (model::Stored(WithMutableParts(before, pod_template), message) == pod_template) return;
  errors.Invalid(FieldPath("spec.template.spec"),
                 model::Dump(&pod_template["spec"], model::GetMessage("core/v1.PodSpec")), "field is immutable");
}

void ValidateSpecUpdate(const Value& job, const Value& stored_job, FieldErrors& errors) {
  const model::Message& message = model::GetMessage("batch/v1.JobSpec");
  const Value spec = model::Stored(job["spec"], message);
  const Value stored = model::Stored(stored_job["spec"], message);
  ValidateCompletionsUpdate(spec, stored, errors);
  ValidateImmutable(spec, stored, "selector",
                    model::DumpPrinted(spec.Find("selector"), model::GetMessage("meta/v1.LabelSelector")), errors);
  ValidateTemplateUpdate(job, stored_job, errors);
  ValidateImmutable(spec, stored, "completionMode", Shown(spec["completionMode"]), errors);
  ValidateImmutable(spec, stored, "podFailurePolicy",
                    model::Dump(job["spec"].Find("podFailurePolicy"), model::GetMessage("batch/v1.PodFailurePolicy")),
                    errors);
  ValidateImmutable(spec, stored, "backoffLimitPerIndex", Shown(spec["backoffLimitPerIndex"]), errors);
  ValidateImmutable(spec, stored, "managedBy", Shown(spec["managedBy"]), errors);
  ValidateImmutable(spec, stored, "successPolicy",
                    model::Dump(job["spec"].Find("successPolicy"), model::GetMessage("batch/v1.SuccessPolicy")),
                    errors);
}

bool HasPrefixedLabels(const Value& job) {
  const Value& labels = job["spec"]["template"]["metadata"]["labels"];
  return labels.Find("batch.kubernetes.io/job-name") != nullptr &&
         labels.Find("batch.kubernetes.io/controller-uid") != nullptr;
}

void ValidateAsCreate(const Value& job, bool require_prefixed_labels, const TemplateRules& rules, FieldErrors& errors) {
  const FieldPath path("metadata");
  ValidateMeta(job["metadata"], NameRule::kSubdomain, path, rules.server, errors);
  ValidateStandardFinalizers(job["metadata"], path, errors);
  ValidateGeneratedSelector(job, require_prefixed_labels, errors);
  ValidateJobSpec(job["spec"], FieldPath("spec"), rules, errors);
  ValidateIndexedName(job, errors);
}

}  // namespace

void ValidateManagedBy(const std::string& name, const FieldPath& path, FieldErrors& errors) {
  const std::size_t slash = name.find('/');
  if (name.empty()) {
    errors.Required(path);
  } else if (slash == std::string::npos || slash == 0 || slash + 1 == name.size()) {
    errors.Invalid(path, Shown(name), "must be a domain-prefixed path (such as \"acme.io/foo\")");
  } else {
    const std::string domain = name.substr(0, slash);
    for (const auto& fault : DnsSubdomainFaults(domain)) errors.Invalid(path, Shown(domain), fault);
    const std::string rest = name.substr(slash + 1);
    if (!IsHttpPath(rest)) {
      errors.Invalid(path, Shown(rest),
                     "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
    }
  }
  if (name.size() > kMaxManagedByBytes) errors.TooLong(path, kMaxManagedByBytes);
}

void ValidateNonNegative(const Value& number, const FieldPath& path, FieldErrors& errors) {
  if (number.AsInt() < 0) errors.Invalid(path, Shown(number), "must be greater than or equal to 0");
}

void ValidateJobTemplate(const Value& spec, const FieldPath& path, const TemplateRules& rules, FieldErrors& errors) {
  ValidateWithoutSelector(spec, path, rules, errors);
  if (!spec["selector"].IsNull()) {
    errors.Invalid(path / "selector",
                   model::DumpPrinted(spec.Find("selector"), model::GetMessage("meta/v1.LabelSelector")),
                   "`selector` will be auto-generated");
  }
  if (spec["manualSelector"].AsBool()) errors.NotSupportedShown(path / "manualSelector", "true", {"nil", "false"});
}

void ValidateJobCreate(const Value& job, const ServerBehaviour& server, FieldErrors& errors) {
  ValidateAsCreate(job, /*require_prefixed_labels=*/true, RulesForCreate(server), errors);
  if (server.lists_a_cause_once) errors.DropRepeated();
}

void ValidateJobUpdate(const Value& job, const Value& stored, const ServerBehaviour& server, FieldErrors& errors) {
  const FieldPath path("metadata");
  const TemplateRules rules = RulesForUpdate(stored["spec"]["template"], server);
  // The server checks metadata in general first, then the Job, and says much of it twice or more.
  ValidateMeta(job["metadata"], NameRule::kAny, path, server, errors);
  ValidateMetaUpdate(job["metadata"], stored["metadata"], path, server, errors);
  if (server.updates_like_a_create) ValidateAsCreate(job, HasPrefixedLabels(stored), rules, errors);
  ValidateMetaUpdate(job["metadata"], stored["metadata"], path, server, errors);
  ValidateStandardFinalizers(job["metadata"], path, errors);
  ValidateJobSpec(job["spec"], FieldPath("spec"), rules, errors);
  ValidateSpecUpdate(job, stored, errors);
  if (!server.updates_like_a_create) ValidateIndexedName(job, errors);
  if (server.lists_a_cause_once) errors.DropRepeated();
}

}  // namespace reprieve::admission
