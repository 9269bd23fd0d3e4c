#include "cli/secret_types.h"

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/text.h"
#include "document/json.h"

namespace reprieve::cli {
namespace {

using document::Value;

enum class Needs : std::uint8_t {
  kKeys,    // each of them; the value may be empty
  kAnyKey,  // one of them
  kText,    // each of them, and not empty
  kJson,    // each of them, a JSON object
  kAnnotation,
};

struct SecretType {
  std::string_view name;
  Needs needs = Needs::kKeys;
  std::vector<std::string_view> keys;
};

const std::vector<SecretType>& KnownTypes() {
  static const std::vector<SecretType> types = {
      {"kubernetes.io/service-account-token", Needs::kAnnotation, {"kubernetes.io/service-account.name"}},
      {"kubernetes.io/dockercfg", Needs::kJson, {".dockercfg"}},
      {"kubernetes.io/dockerconfigjson", Needs::kJson, {".dockerconfigjson"}},
      {"kubernetes.io/basic-auth", Needs::kAnyKey, {"username", "password"}},
      {"kubernetes.io/ssh-auth", Needs::kText, {"ssh-privatekey"}},
      {"kubernetes.io/tls", Needs::kKeys, {"tls.crt", "tls.key"}},
  };
  return types;
}

class TypeFaults {
 public:
  TypeFaults(const Value& secret, const SecretType& type) : secret_(secret), type_(type) {}

  std::vector<SecretFault> Find() {
    switch (type_.needs) {
      case Needs::kKeys:
        for (const std::string_view key : type_.keys) Require(Has(key), key);
        break;
      case Needs::kAnyKey:
        if (std::none_of(type_.keys.begin(), type_.keys.end(), [this](std::string_view key) { return Has(key); })) {
          for (const std::string_view key : type_.keys) Require(false, key);
        }
        break;
      case Needs::kText:
        for (const std::string_view key : type_.keys) Require(Has(key) && TextOf(key) != "", key);
        break;
      case Needs::kJson:
        for (const std::string_view key : type_.keys) RequireJson(key);
        break;
      case Needs::kAnnotation:
        for (const std::string_view key : type_.keys) RequireAnnotation(key);
        break;
    }
    return std::move(faults_);
  }

 private:
  bool Has(std::string_view key) const {
    return secret_["stringData"].Find(key) != nullptr || secret_["data"].Find(key) != nullptr;
  }
  // Nothing: it can't be read, which is an error of its own. REQUIRES: Has(key).
  std::optional<std::string> TextOf(std::string_view key) const {
    if (const Value* text = secret_["stringData"].Find(key)) return text->AsText();
    return DecodeBase64(secret_["data"][key].AsText());
  }

  void Require(bool there, std::string_view key) {
    if (!there) Add(Cat("data[", key, "]"), Cat("Required value: Secrets of type ", type_.name, " must have it"));
  }
  void RequireJson(std::string_view key) {
    if (!Has(key)) return Require(false, key);
    const std::optional<std::string> text = TextOf(key);
    if (!text) return;
    const auto json = document::ParseJson(*text);
    if (json.ok() && (json->IsObject() || json->IsNull())) return;
    // What the text says of itself could show a part of it.
    Add(Cat("data[", key, "]"), "Invalid value: \"<secret contents redacted>\": expected a JSON object");
  }
  void RequireAnnotation(std::string_view key) {
    if (!secret_["metadata"]["annotations"][key].AsText().empty()) return;
    Add(Cat("metadata.annotations[", key, "]"), Cat("Required value: Secrets of type ", type_.name, " must have it"));
  }
  void Add(std::string field, std::string message) { faults_.push_back({std::move(field), std::move(message)}); }

  const Value& secret_;
  const SecretType& type_;
  std::vector<SecretFault> faults_;
};

}  // namespace

std::vector<SecretFault> SecretTypeFaults(const Value& secret) {
  const std::string& name = secret["type"].AsText();
  for (const SecretType& type : KnownTypes()) {
    if (type.name == name) return TypeFaults(secret, type).Find();
  }
  return {};
}

}  // namespace reprieve::cli
