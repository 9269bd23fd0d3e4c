#include "kubelet/environment.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "kubelet/downward.h"
#include "kubelet/env_file.h"
#include "kubelet/expand.h"

namespace reprieve::kubelet {
namespace {

constexpr std::string_view kInherited[] = {"PATH", "LD_LIBRARY_PATH", "HOME",     "USER", "LOGNAME",
                                           "LANG", "LC_ALL",          "LC_CTYPE", "TZ"};

bool IsVariableName(std::string_view name) {
  return !name.empty() && name.find('=') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

using Keys = std::map<std::string, std::string>;

// Null pointer: there is no such object.
const Keys* KeysOf(bool secret, const meta::ObjectKey& key, const Settings& settings) {
  if (secret) {
    const core::Secret* found = settings.FindSecret(key);
    return found == nullptr ? nullptr : &found->data;
  }
  const core::ConfigMap* found = settings.FindConfigMap(key);
  return found == nullptr ? nullptr : &found->data;
}

std::string NotFound(bool secret, const std::string& name) {
  return Cat(secret ? "secret " : "configmap ", Quote(name), " not found");
}

std::string NoSuchKey(bool secret, const meta::ObjectKey& object, const std::string& key) {
  return Cat("couldn't find key ", key, " in ", secret ? "Secret " : "ConfigMap ", object.namespace_, "/", object.name);
}

// Nothing: an optional one that is not there.
Result<std::optional<std::string>> ValueOf(bool secret, const core::KeySelector& selector,
                                           const std::string& name_space, const Settings& settings) {
  const meta::ObjectKey object{name_space, selector.name};
  const Keys* keys = KeysOf(secret, object, settings);
  const bool optional = selector.optional.value_or(false);
  if (keys == nullptr) {
    if (optional) return std::optional<std::string>();
    return Error{NotFound(secret, selector.name)};
  }
  const auto at = keys->find(selector.key);
  if (at != keys->end()) return std::optional<std::string>(at->second);
  if (optional) return std::optional<std::string>();
  return Error{NoSuchKey(secret, object, selector.key)};
}

Result<std::optional<std::string>> ValueFrom(const core::EnvVarSource& source, const core::Container& container,
                                             const PodFacts& facts, const Settings& settings) {
  const auto always = [](Result<std::string> value) -> Result<std::optional<std::string>> {
    if (!value) return value.error();
    return std::optional<std::string>(std::move(*value));
  };
  if (source.field_ref) return always(FieldOf(source.field_ref->field_path, facts));
  if (source.resource_field_ref) return always(ResourceOf(*source.resource_field_ref, &container, facts));
  const std::string name_space = facts.metadata->namespace_.str();
  if (source.config_map_key_ref) return ValueOf(false, *source.config_map_key_ref, name_space, settings);
  if (source.secret_key_ref) return ValueOf(true, *source.secret_key_ref, name_space, settings);
  const core::Value& file = source.rest["fileKeyRef"];
  if (file.IsObject()) return ValueOfFile(file, facts);
  return Error{"valueFrom names a source that is not supported"};
}

Status AddWhole(bool secret, const core::SourceReference& reference, const std::string& prefix,
                const std::string& name_space, const Settings& settings, Environment& out) {
  const Keys* keys = KeysOf(secret, {name_space, reference.name}, settings);
  if (keys == nullptr) {
    if (reference.optional.value_or(false)) return Ok();
    return Error{NotFound(secret, reference.name)};
  }
  for (const auto& [key, value] : *keys) {
    // What no environment can hold is left out, as the kubelet does.
    if (IsVariableName(prefix + key) && value.find('\0') == std::string::npos)
      out.insert_or_assign(prefix + key, value);
  }
  return Ok();
}

class ReferenceCheck {
 public:
  ReferenceCheck(const std::string& name_space, const Settings& settings)
      : name_space_(name_space), settings_(settings) {}

  void Whole(const std::string& who, bool secret, const std::string& name, bool optional) {
    if (optional || KeysOf(secret, {name_space_, name}, settings_) != nullptr) return;
    Say(who, secret, name, "");
  }
  void Key(const std::string& who, bool secret, const std::string& name, const std::string& key, bool optional) {
    if (optional) return;
    const Keys* keys = KeysOf(secret, {name_space_, name}, settings_);
    if (keys == nullptr) return Say(who, secret, name, "");
    if (!keys->contains(key)) Say(who, secret, name, key);
  }
  std::vector<std::string> Take() { return std::move(missing_); }

 private:
  void Say(const std::string& who, bool secret, const std::string& name, const std::string& key) {
    const std::string object = Cat(secret ? "Secret " : "ConfigMap ", Quote(name), " in namespace ", name_space_);
    if (key.empty()) {
      missing_.push_back(
          Cat(who, " needs ", object, ", which is not among the manifests; add it, or mark it optional"));
    } else {
      missing_.push_back(
          Cat(who, " needs key ", Quote(key), " of ", object, ", which has no such key; add it, or mark it optional"));
    }
  }

  const std::string& name_space_;
  const Settings& settings_;
  std::vector<std::string> missing_;
};

void CheckContainer(const core::Container& container, ReferenceCheck& check) {
  for (const core::EnvFromSource& from : container.env_from) {
    const std::string who = Cat("envFrom of container ", container.name);
    if (from.config_map_ref) {
      check.Whole(who, false, from.config_map_ref->name, from.config_map_ref->optional.value_or(false));
    }
    if (from.secret_ref) check.Whole(who, true, from.secret_ref->name, from.secret_ref->optional.value_or(false));
  }
  for (const core::EnvVar& variable : container.env) {
    if (!variable.value_from) continue;
    const std::string who = Cat("variable ", variable.name, " of container ", container.name);
    for (const bool secret : {false, true}) {
      const auto& key = secret ? variable.value_from->secret_key_ref : variable.value_from->config_map_key_ref;
      if (key) check.Key(who, secret, key->name, key->key, key->optional.value_or(false));
    }
  }
}

template <class Source>
void CheckVolume(const std::string& who, bool secret, const std::string& name, const Source& source,
                 ReferenceCheck& check) {
  const bool optional = source.optional.value_or(false);
  if (source.items.empty()) return check.Whole(who, secret, name, optional);
  for (const core::KeyToPath& item : source.items) check.Key(who, secret, name, item.key, optional);
}

}  // namespace

Environment BaseEnvironment(const char* const* environment) {
  Environment out;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = entry.substr(0, equals);
    if (std::find(std::begin(kInherited), std::end(kInherited), name) == std::end(kInherited)) continue;
    out.emplace(name, entry.substr(equals + 1));
  }
  out.try_emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  return out;
}

Result<Environment> ContainerEnvironment(const core::Container& container, const PodFacts& facts,
                                         const Settings& settings) {
  const std::string name_space = facts.metadata->namespace_.str();
  const core::Value& links = facts.spec->rest["enableServiceLinks"];
  Environment out = settings.services().Of(name_space, links.IsNull() || links.AsBool());
  for (const core::EnvFromSource& from : container.env_from) {
    for (const bool secret : {false, true}) {
      const auto& reference = secret ? from.secret_ref : from.config_map_ref;
      if (!reference) continue;
      if (auto added = AddWhole(secret, *reference, from.prefix, name_space, settings, out); !added)
        return added.error();
    }
  }
  const Variables so_far = [&out](std::string_view name) -> const std::string* {
    const auto at = out.find(name);
    return at == out.end() ? nullptr : &at->second;
  };
  for (const core::EnvVar& variable : container.env) {
    std::string value;
    if (!variable.value.empty()) {
      value = Expand(variable.value, so_far);
    } else if (variable.value_from) {
      auto from = ValueFrom(*variable.value_from, container, facts, settings);
      if (!from) return from.error();
      if (!*from) continue;
      value = std::move(**from);
    }
    if (IsVariableName(variable.name)) out.insert_or_assign(variable.name, std::move(value));
  }
  return out;
}

std::vector<std::string> MissingReferences(const core::PodSpec& spec, const std::string& name_space,
                                           const Settings& settings) {
  ReferenceCheck check(name_space, settings);
  for (const core::Container& container : spec.init_containers) CheckContainer(container, check);
  for (const core::Container& container : spec.containers) CheckContainer(container, check);
  for (const core::Volume& volume : spec.volumes) {
    const std::string who = Cat("volume ", volume.name);
    if (volume.config_map) CheckVolume(who, false, volume.config_map->name, *volume.config_map, check);
    if (volume.secret) CheckVolume(who, true, volume.secret->secret_name, *volume.secret, check);
  }
  return check.Take();
}

}  // namespace reprieve::kubelet
