#include "cli/controller_config.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <set>
#include <string_view>

#include "base/text.h"
#include "cli/text_file.h"
#include "document/yaml.h"
#include "model/feature_gates.h"

namespace reprieve::cli {
namespace {

using document::Value;

// What is wrong with a value; empty: it was taken.
using Take = std::string (*)(const Value& value, ControllerConfig& out);

struct Field {
  std::string_view path;
  Take take;
};

std::string Expected(std::string_view what) {
  return Cat("expected ", what);
}

template <auto Member>
std::string TakeText(const Value& value, ControllerConfig& out) {
  if (!value.IsString()) return Expected("text");
  out.*Member = value.AsText();
  return {};
}

template <auto Member>
std::string TakeBool(const Value& value, ControllerConfig& out) {
  if (!value.IsBool()) return Expected("true or false");
  out.*Member = value.AsBool();
  return {};
}

template <auto Member>
std::string TakeDuration(const Value& value, ControllerConfig& out) {
  const auto duration = value.IsString() ? ParseDuration(value.AsText()) : std::nullopt;
  if (!duration || *duration <= Nanoseconds(0)) return Expected("a duration such as 15s");
  out.*Member = *duration;
  return {};
}

std::optional<std::int32_t> Number(const Value& value, std::int32_t most) {
  const auto number = value.IsNumber() ? ParseInt32(value.AsText()) : std::nullopt;
  return number && *number >= 0 && *number <= most ? number : std::nullopt;
}

std::string TakePort(const Value& value, ControllerConfig& out) {
  out.webhook_port = Number(value, 65535);
  return out.webhook_port ? std::string() : Expected("a port, 0 to 65535");
}

std::string TakeBurst(const Value& value, ControllerConfig& out) {
  out.burst = Number(value, 1'000'000);
  return out.burst ? std::string() : Expected("a whole number, 0 to 1000000");
}

std::string TakeQps(const Value& value, ControllerConfig& out) {
  char* end = nullptr;
  const double qps = value.IsNumber() ? std::strtod(value.AsText().c_str(), &end) : -1;
  // A negative number switches client-go's limit off.
  if (!value.IsNumber() || *end != '\0' || !(qps <= 1e9)) return Expected("a number of requests a second");
  out.qps = std::max(qps, 0.0);
  return {};
}

std::string TakeLock(const Value& value, ControllerConfig&) {
  return value.AsText() == "leases" ? std::string() : Expected("leases, the only lock there is");
}

std::string TakeTlsVersion(const Value& value, ControllerConfig& out) {
  if (value.AsText() != "VersionTLS12" && value.AsText() != "VersionTLS13") {
    return Expected("VersionTLS12 or VersionTLS13");
  }
  out.only_tls13 = value.AsText() == "VersionTLS13";
  return {};
}

std::string TakeCiphers(const Value& value, ControllerConfig& out) {
  if (!value.IsArray()) return Expected("a list of cipher suites");
  if (value.size() > 0) {
    out.without_effect.emplace_back("tls.cipherSuites has no effect: the suites that OpenSSL thinks safe are offered");
  }
  return {};
}

std::string TakeGates(const Value& value, ControllerConfig& out) {
  if (!value.IsObject()) return Expected("a mapping of feature gates to true or false");
  std::vector<std::string> gates;
  for (const Value::Member& member : value.members()) {
    if (!member.value.IsBool()) return Cat(member.key, ": expected true or false");
    // Upstream's is locked, and so is ours: the settings of `tls` always count.
    if (member.key == "TLSOptions") {
      if (!member.value.AsBool()) return "TLSOptions cannot be switched off";
      continue;
    }
    gates.push_back(Cat(member.key, member.value.AsBool() ? "=true" : "=false"));
  }
  out.feature_gates = Join(gates, ",");
  const auto parsed = model::ParseFeatureGates(out.feature_gates);
  return out.feature_gates.empty() || parsed.ok() ? std::string() : parsed.error().message;
}

std::string TakeNothing(const Value&, ControllerConfig&) {
  return {};
}

constexpr auto kFields = std::to_array<Field>({
    {"apiVersion", TakeNothing},
    {"kind", TakeNothing},
    {"webhook.port", TakePort},
    {"webhook.host", TakeText<&ControllerConfig::webhook_host>},
    {"webhook.certDir", TakeText<&ControllerConfig::webhook_folder>},
    {"leaderElection.leaderElect", TakeBool<&ControllerConfig::leader_elect>},
    {"leaderElection.leaseDuration", TakeDuration<&ControllerConfig::lease_duration>},
    {"leaderElection.renewDeadline", TakeDuration<&ControllerConfig::renew_deadline>},
    {"leaderElection.retryPeriod", TakeDuration<&ControllerConfig::retry_period>},
    {"leaderElection.resourceLock", TakeLock},
    {"leaderElection.resourceName", TakeText<&ControllerConfig::lease_name>},
    {"leaderElection.resourceNamespace", TakeText<&ControllerConfig::lease_namespace>},
    {"metrics.bindAddress", TakeText<&ControllerConfig::metrics_address>},
    {"metrics.certDir", TakeText<&ControllerConfig::metrics_folder>},
    {"health.healthProbeBindAddress", TakeText<&ControllerConfig::health_address>},
    {"health.readinessEndpointName", TakeText<&ControllerConfig::readiness_name>},
    {"health.livenessEndpointName", TakeText<&ControllerConfig::liveness_name>},
    {"tls.minVersion", TakeTlsVersion},
    {"tls.cipherSuites", TakeCiphers},
    {"internalCertManagement.enable", TakeBool<&ControllerConfig::own_certificates>},
    {"internalCertManagement.webhookServiceName", TakeText<&ControllerConfig::webhook_service>},
    {"internalCertManagement.webhookSecretName", TakeText<&ControllerConfig::webhook_secret>},
    {"clientConnection.qps", TakeQps},
    {"clientConnection.burst", TakeBurst},
    {"featureGates", TakeGates},
});

class Reader {
 public:
  Reader(std::shared_ptr<const admission::ManifestFile> source, ControllerConfig& out)
      : source_(std::move(source)), out_(out) {}

  void Read(const Value& root) {
    if (!root.IsObject()) return Complain(root.mark(), "", "expected a Configuration");
    if (root["apiVersion"].AsText() != "config.jobset.x-k8s.io/v1alpha1") {
      Complain(root["apiVersion"].mark(), "apiVersion", "expected config.jobset.x-k8s.io/v1alpha1");
    }
    if (root["kind"].AsText() != "Configuration") {
      Complain(root["kind"].mark(), "kind", "expected Configuration");
    }
    ReadMembers(root, "");
    CheckTogether(root);
  }
  Refusal Take() {
    SortByPlace(errors_, {source_->name});
    return {errors_.empty() ? kCompleted : kBadInput, std::move(errors_), {}};
  }

 private:
  void Complain(document::Mark mark, std::string path, std::string message, std::string advice = "") {
    errors_.push_back({source_, mark, std::move(path), std::move(message), std::move(advice)});
  }

  void ReadMembers(const Value& object, const std::string& prefix) {
    std::set<std::string_view> seen;
    for (const Value::Member& member : object.members()) {
      const std::string path = Cat(prefix, member.key);
      if (!seen.insert(member.key).second) {
        Complain(member.mark, path, "this field is here twice; only one can count", "Remove one of them.");
        continue;
      }
      ReadMember(member, path);
    }
  }

  void ReadMember(const Value::Member& member, const std::string& path) {
    bool is_section = false;
    for (const Field& field : kFields) {
      if (field.path == path) {
        // As Go's decoder has it: null is as if it were not there.
        if (member.value.IsNull()) return;
        if (std::string wrong = field.take(member.value, out_); !wrong.empty()) {
          Complain(member.value.mark(), path, std::move(wrong));
        }
        return;
      }
      is_section = is_section || field.path.starts_with(path + ".");
    }
    if (!is_section) return Unknown(member.mark, path);
    if (member.value.IsNull()) return;
    if (!member.value.IsObject()) return Complain(member.value.mark(), path, "expected a mapping of fields");
    ReadMembers(member.value, path + ".");
  }

  void Unknown(document::Mark mark, const std::string& path) {
    std::vector<std::string_view> names;
    for (const Field& field : kFields) {
      names.push_back(field.path);
      names.push_back(field.path.substr(0, field.path.find('.')));
    }
    const std::string_view near = NearestWord(path, names);
    Complain(mark, path, "there is no such field", near.empty() ? "" : Cat("Did you mean ", near, "?"));
  }

  // Rules of client-go's leader election.
  void CheckTogether(const Value& root) {
    const Nanoseconds lease = out_.lease_duration.value_or(Seconds(15));
    const Nanoseconds renew = out_.renew_deadline.value_or(Seconds(10));
    const Nanoseconds retry = out_.retry_period.value_or(Seconds(2));
    const Value& section = root["leaderElection"];
    if (renew >= lease) {
      Complain(section.mark(), "leaderElection.renewDeadline", "must be less than leaseDuration");
    }
    if (retry * 6 / 5 >= renew) {
      Complain(section.mark(), "leaderElection.retryPeriod",
               "must be less than renewDeadline, by a sixth of it or more");
    }
  }

  const std::shared_ptr<const admission::ManifestFile> source_;
  ControllerConfig& out_;
  std::vector<Diagnostic> errors_;
};

}  // namespace

Refusal ReadControllerConfig(const std::string& path, ControllerConfig& out) {
  auto text = ReadTextFile(path);
  if (!text.ok()) return BadInput(text.error());
  const auto source = std::make_shared<const admission::ManifestFile>(admission::ManifestFile{path, std::move(*text)});
  std::vector<Value> documents;
  if (const auto error = document::ParseYaml(source->text, documents)) {
    return {kBadInput, {{source, error->mark, "", error->message, ""}}, {}};
  }
  if (documents.size() != 1)
    return BadInput(Error{Cat(path, ": expected one Configuration, and there are ", documents.size())});
  Reader reader(source, out);
  reader.Read(documents.front());
  return reader.Take();
}

}  // namespace reprieve::cli
