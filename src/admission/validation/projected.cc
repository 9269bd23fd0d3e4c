// Projected volumes: files from several sources.
#include <algorithm>

#include "admission/validation/object_meta.h"
#include "admission/validation/pod_parts.h"
#include "base/text.h"
#include "model/decode.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::int64_t kMinTokenSeconds = 600;
constexpr std::int64_t kMaxTokenSeconds = std::int64_t{1} << 32;
constexpr std::int64_t kMinCertificateSeconds = 3600;
constexpr std::int64_t kMaxCertificateSeconds = std::int64_t{91} * 24 * 60 * 60;
constexpr std::int64_t kMaxKubernetesCertificateSeconds = std::int64_t{24} * 60 * 60;
constexpr std::size_t kMaxDomainBytes = 253;
constexpr std::size_t kMaxSignerBytes = 571;
constexpr std::size_t kMaxAnnotationBytes = 262144;

void AddLabelFaults(std::string_view segment, Faults (*faults)(std::string_view), const FieldPath& path,
                    FieldErrors& errors) {
  for (const std::string_view label : Split(segment, '.')) {
    const Faults found = faults(label);
    for (const auto& fault : found) {
      errors.Invalid(path, Shown(segment), Cat("validating label ", Quote(label), ": ", fault));
    }
    if (!found.empty()) return;
  }
}

// example.com/signer-name
void ValidateSigner(const std::string& name, const FieldPath& path, FieldErrors& errors) {
  if (name.empty()) return errors.Required(path);
  const auto segments = Split(name, '/');
  if (segments.size() != 2) {
    return errors.Invalid(path, Shown(name),
                          "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  }
  if (segments[0].size() > kMaxDomainBytes) errors.TooLong(path, kMaxDomainBytes);
  AddLabelFaults(segments[0], DnsLabelFaults, path, errors);
  if (segments[0].find('.') == std::string_view::npos) {
    errors.Invalid(path, Shown(segments[0]), "should be a domain with at least two segments separated by dots");
  }
  AddLabelFaults(segments[1], DnsSubdomainFaults, path, errors);
  if (name.size() > kMaxSignerBytes) errors.TooLong(path, kMaxSignerBytes);
}

// A bundle that belongs to a signer has the signer's name before its own, with colons: a.io:b:bundle.
Faults BundleNameFaults(const std::string& name) {
  if (const std::size_t colon = name.rfind(':'); colon != std::string::npos && colon > 0) {
    std::string signer = name.substr(0, colon);
    if (signer.find('/') != std::string::npos) {
      std::string prefix = signer;
      std::replace(signer.begin(), signer.end(), ':', '/');
      std::replace(prefix.begin(), prefix.end(), '/', ':');
      return {Cat("ClusterTrustBundle for signerName ", signer, " must be named with prefix ", prefix, ":")};
    }
    return ObjectNameFaults(name.substr(colon + 1), /*prefix=*/false);
  }
  if (!name.empty() && name.front() == ':') {
    return {"ClusterTrustBundle without signer name must not have \":\" in its name"};
  }
  return ObjectNameFaults(name, /*prefix=*/false);
}

// The paths that a volume's files have so far, over all sources.
class Projection {
 public:
  Projection(const FieldPath& path, FieldErrors& errors) : path_(path), errors_(errors) {}

  void Source(const Value& source, const FieldPath& path) {
    int kinds = 0;
    const auto with = [&](std::string_view kind, auto validate) {
      if (source[kind].IsNull()) return;
      ++kinds;
      validate(source[kind], path / kind);
    };
    const auto files = [&](const Value& part, const FieldPath& at) { Files(part, at); };
    with("secret", files);
    with("configMap", files);
    with("downwardAPI", [&](const Value& part, const FieldPath& at) { Downward(part, at); });
    with("serviceAccountToken", [&](const Value& part, const FieldPath& at) { Token(part, at); });
    with("clusterTrustBundle", [&](const Value& part, const FieldPath& at) { Bundle(part, at); });
    with("podCertificate", [&](const Value& part, const FieldPath& at) { Certificate(part, at); });
    if (kinds > 1) errors_.Forbidden(path, "may not specify more than 1 volume type per source");
  }

 private:
  // `shown`: what the error prints as the value.
  void Take(const std::string& file, std::string_view shown) {
    if (!paths_.insert(file).second) errors_.Invalid(path_, Shown(shown), "conflicting duplicate paths");
  }

  void Files(const Value& part, const FieldPath& path) {
    const std::string& name = part["name"].AsText();
    if (name.empty()) errors_.Required(path / "name");
    const Value& items = part["items"];
    for (std::size_t i = 0; i < items.size(); ++i) {
      ValidateKeyToPath(items[i], (path / "items")[i], errors_);
      if (!items[i]["path"].AsText().empty()) Take(items[i]["path"].AsText(), name);
    }
  }

  void Downward(const Value& part, const FieldPath& path) {
    for (const Value& file : part["items"].items()) {
      ValidateDownwardFile(file, path, errors_);
      const std::string& name = file["path"].AsText();
      if (!name.empty()) Take(name, name);
    }
  }

  void Token(const Value& part, const FieldPath& path) {
    const Value& seconds = part["expirationSeconds"];
    const FieldPath at = path / "expirationSeconds";
    if (!seconds.IsNull() && seconds.AsInt() < kMinTokenSeconds) {
      errors_.Invalid(at, Shown(seconds), "may not specify a duration less than 10 minutes");
    }
    if (seconds.AsInt() > kMaxTokenSeconds) {
      errors_.Invalid(at, Shown(seconds), "may not specify a duration larger than 2^32 seconds");
    }
    // The paths of these two are the volume's.
    const std::string& file = part["path"].AsText();
    if (file.empty()) return errors_.Required(path_ / "path");
    ValidateFilePath(file, path_ / "path", errors_);
  }

  void Bundle(const Value& part, const FieldPath& path) {
    const Value& name = part["name"];
    const Value& signer = part["signerName"];
    const Value& selector = part["labelSelector"];
    if (!name.IsNull() && !signer.IsNull()) {
      errors_.Invalid(path, model::Dump(&part, model::GetMessage("core/v1.ClusterTrustBundleProjection")),
                      "only one of name and signerName may be used");
    } else if (!name.IsNull()) {
      if (name.AsText().empty()) errors_.Required(path / "name", "must be a valid object name");
      for (const auto& fault : BundleNameFaults(name.AsText())) {
        errors_.Invalid(path / "name", Shown(name), Cat("not a valid clustertrustbundlename: ", fault));
      }
      if (!selector.IsNull()) {
        errors_.Invalid(path / "labelSelector",
                        model::DumpPrinted(&selector, model::GetMessage("meta/v1.LabelSelector")),
                        "labelSelector must be unset if name is specified");
      }
    } else if (!signer.IsNull()) {
      if (signer.AsText().empty()) errors_.Required(path / "signerName", "must be a valid signer name");
      ValidateSigner(signer.AsText(), path / "signerName", errors_);
      ValidateLabelSelector(selector, path / "labelSelector", {}, errors_);
    } else {
      errors_.Required(path, "either name or signerName must be specified");
    }
    const std::string& file = part["path"].AsText();
    if (file.empty()) errors_.Required(path / "path");
    ValidateFilePath(file, path / "path", errors_);
    Take(file, file);
  }

  void Certificate(const Value& part, const FieldPath& path) {
    const std::string& signer = part["signerName"].AsText();
    ValidateSigner(signer, path / "signerName", errors_);
    ValidateUserAnnotations(part["userAnnotations"], path / "userAnnotations");
    const std::vector<std::string_view> types = {"RSA3072",   "RSA4096",   "ECDSAP256",
                                                 "ECDSAP384", "ECDSAP521", "ED25519"};
    const std::string& type = part["keyType"].AsText();
    if (std::find(types.begin(), types.end(), type) == types.end()) errors_.NotSupported(path / "keyType", type, types);
    ValidateLifetime(part["maxExpirationSeconds"], signer, path / "maxExpirationSeconds");
    bool any = false;
    for (const std::string_view member : {"credentialBundlePath", "keyPath", "certificateChainPath"}) {
      const std::string& file = part[member].AsText();
      if (file.empty()) continue;
      any = true;
      ValidateFilePath(file, path / member, errors_);
      Take(file, file);
    }
    if (!any) errors_.Required(path, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath");
  }

  void ValidateLifetime(const Value& seconds, std::string_view signer, const FieldPath& path) {
    if (seconds.IsNull()) return;
    if (seconds.AsInt() < kMinCertificateSeconds) {
      errors_.Invalid(path, Shown(seconds), "if provided, maxExpirationSeconds must be >= 3600");
    }
    const std::string_view host = signer.substr(0, signer.find('/'));
    const bool kubernetes = host == "kubernetes.io" || host.ends_with(".kubernetes.io");
    const std::int64_t longest = kubernetes ? kMaxKubernetesCertificateSeconds : kMaxCertificateSeconds;
    if (seconds.AsInt() > longest) {
      errors_.Invalid(path, Shown(seconds), Cat("if provided, maxExpirationSeconds must be <= ", longest));
    }
  }

  void ValidateUserAnnotations(const Value& annotations, const FieldPath& path) {
    std::size_t bytes = 0;
    for (const Value::Member& member : annotations.members()) {
      bytes += member.key.size() + member.value.AsText().size();
      const std::string key = ToLower(member.key);
      if (key.empty()) {
        errors_.Required(path);
        continue;
      }
      const Faults faults = QualifiedNameFaults(key);
      AddFaults(faults, path, key, errors_);
      if (faults.empty() && key.find('/') == std::string::npos) {
        errors_.Invalid(path, Shown(key), "must be a domain-prefixed key (such as \"acme.io/foo\")");
      }
    }
    if (bytes > kMaxAnnotationBytes) errors_.TooLong(path, kMaxAnnotationBytes);
  }

  const FieldPath& path_;
  FieldErrors& errors_;
  Names paths_;
};

}  // namespace

void ValidateProjected(const Value& volume, const FieldPath& path, FieldErrors& errors) {
  ValidateMode(volume["defaultMode"], path / "defaultMode", errors);
  Projection projection(path, errors);
  const Value& sources = volume["sources"];
  for (std::size_t i = 0; i < sources.size(); ++i) projection.Source(sources[i], (path / "sources")[i]);
}

}  // namespace reprieve::admission
