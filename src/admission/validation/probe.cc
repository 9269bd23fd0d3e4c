#include "admission/validation/job.h"
#include "admission/validation/pod_parts.h"
#include "base/text.h"

namespace reprieve::admission {

using document::Value;

namespace {

void ValidateHttpGet(const Value& get, const FieldPath& path, FieldErrors& errors) {
  if (get["path"].AsText().empty()) errors.Required(path / "path");
  ValidatePortNumberOrName(get["port"], path / "port", errors);
  const std::string& scheme = get["scheme"].AsText();
  if (scheme != "HTTP" && scheme != "HTTPS") errors.NotSupported(path / "scheme", scheme, {"HTTP", "HTTPS"});
  for (const Value& header : get["httpHeaders"].items()) {
    const std::string& name = header["name"].AsText();
    AddFaults(HttpHeaderNameFaults(name), path / "httpHeaders", name, errors);
  }
}

void ValidateSleep(const Value& sleep, const Value& grace, const FieldPath& path, FieldErrors& errors) {
  const std::int64_t seconds = sleep["seconds"].AsInt();
  if (seconds >= 0 && seconds <= grace.AsInt()) return;
  errors.Invalid(path, Shown(seconds),
                 Cat("must be non-negative and less than terminationGracePeriodSeconds (", grace.AsInt(), ")"));
}

void ValidateHandler(const Value& handler, const Value& grace, const FieldPath& path, FieldErrors& errors) {
  int handlers = 0;
  for (const std::string_view kind : {"exec", "httpGet", "tcpSocket", "grpc", "sleep"}) {
    const Value& action = handler[kind];
    if (action.IsNull()) continue;
    const FieldPath at = path / kind;
    if (handlers++ > 0) {
      errors.Forbidden(at, "may not specify more than 1 handler type");
    } else if (kind == "exec") {
      if (action["command"].size() == 0) errors.Required(at / "command");
    } else if (kind == "httpGet") {
      ValidateHttpGet(action, at, errors);
    } else if (kind == "sleep") {
      ValidateSleep(action, grace, at, errors);
    } else {
      ValidatePortNumberOrName(action["port"], at / "port", errors);
    }
  }
  if (handlers == 0) errors.Required(path, "must specify a handler type");
}

void ValidateProbe(const Value& probe, const Value& grace, const FieldPath& path, FieldErrors& errors) {
  ValidateHandler(probe, grace, path, errors);
  for (const std::string_view member :
       {"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"}) {
    ValidateNonNegative(probe[member], path / member, errors);
  }
  const Value& own_grace = probe["terminationGracePeriodSeconds"];
  if (!own_grace.IsNull() && own_grace.AsInt() <= 0) {
    errors.Invalid(path / "terminationGracePeriodSeconds", Shown(own_grace), "must be greater than 0");
  }
}

// Of probes whose first success settles the matter.
void ValidateSuccessOnce(const Value& probe, const FieldPath& path, FieldErrors& errors) {
  const std::int64_t threshold = probe["successThreshold"].AsInt();
  if (threshold != 1) errors.Invalid(path / "successThreshold", Shown(threshold), "must be 1");
}

}  // namespace

void ValidateProbesAndLifecycle(const Value& container, const Value& pod_spec, const FieldPath& path,
                                FieldErrors& errors) {
  const Value& grace = pod_spec["terminationGracePeriodSeconds"];
  for (const std::string_view hook : {"postStart", "preStop"}) {
    const Value& handler = container["lifecycle"][hook];
    if (!handler.IsNull()) ValidateHandler(handler, grace, path / "lifecycle" / hook, errors);
  }
  if (const Value& probe = container["livenessProbe"]; !probe.IsNull()) {
    ValidateProbe(probe, grace, path / "livenessProbe", errors);
    ValidateSuccessOnce(probe, path / "livenessProbe", errors);
  }
  if (const Value& probe = container["readinessProbe"]; !probe.IsNull()) {
    ValidateProbe(probe, grace, path / "readinessProbe", errors);
    const Value& own_grace = probe["terminationGracePeriodSeconds"];
    if (!own_grace.IsNull()) {
      errors.Invalid(path / "readinessProbe" / "terminationGracePeriodSeconds", Shown(own_grace),
                     "must not be set for readinessProbes");
    }
  }
  if (const Value& probe = container["startupProbe"]; !probe.IsNull()) {
    ValidateProbe(probe, grace, path / "startupProbe", errors);
    ValidateSuccessOnce(probe, path / "startupProbe", errors);
  }
}

}  // namespace reprieve::admission
