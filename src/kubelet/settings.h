// Settings: the ConfigMaps and Secrets that pods take values and files from, and the variables of Services.
//
// They come from the manifests; a later one of the same name replaces an earlier one. One owner, the engine's thread.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "kubelet/service_variables.h"
#include "model/core.h"

namespace reprieve::kubelet {

// A Secret with its type, which decides whether its text has logins to registries.
struct TypedSecret : core::Secret {
  std::string type;  // kubernetes.io/dockerconfigjson
};
inline void FromValue(const document::Value& value, TypedSecret& out) {
  core::FromValue(value, out);
  out.type = value["type"].AsText();
}

class Settings {
 public:
  void Add(core::ConfigMap config_map) {
    const meta::ObjectKey key = meta::KeyOf(config_map.metadata);
    config_maps_.insert_or_assign(key, std::move(config_map));
  }
  void Add(TypedSecret secret) {
    const meta::ObjectKey key = meta::KeyOf(secret.metadata);
    secrets_.insert_or_assign(key, std::move(secret));
  }
  ServiceVariables& services() { return services_; }
  const ServiceVariables& services() const { return services_; }
  // Null if there is none.
  const core::ConfigMap* FindConfigMap(const meta::ObjectKey& key) const { return Find(config_maps_, key); }
  const TypedSecret* FindSecret(const meta::ObjectKey& key) const { return Find(secrets_, key); }

 private:
  template <class T>
  static const T* Find(const std::map<meta::ObjectKey, T>& from, const meta::ObjectKey& key) {
    const auto at = from.find(key);
    return at == from.end() ? nullptr : &at->second;
  }

  std::map<meta::ObjectKey, core::ConfigMap> config_maps_;
  std::map<meta::ObjectKey, TypedSecret> secrets_;
  ServiceVariables services_;
};

}  // namespace reprieve::kubelet
