#include "kubelet/volume_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <set>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "model/bind.h"
#include "runtime/no_links.h"

namespace reprieve::kubelet {
namespace {

constexpr mode_t kDefaultFileMode = 0644;
constexpr std::string_view kDataLink = "..data";

using Keys = std::map<std::string, std::string>;

mode_t ModeOf(const std::optional<std::int32_t>& own, mode_t usual) {
  return own ? static_cast<mode_t>(*own) : usual;
}

mode_t ModeOf(const core::Value& own, mode_t usual) {
  return own.IsNull() ? usual : static_cast<mode_t>(own.AsInt());
}

Status AddFile(const std::string& path, std::string bytes, mode_t mode, VolumeFiles& out) {
  if (!StaysBelow(path)) return Error{Cat("path ", Quote(path), " leaves the volume")};
  out.insert_or_assign(path, VolumeFile{std::move(bytes), mode});
  return Ok();
}

// A ConfigMap's or a Secret's. `keys`: null pointer if there is none.
Status AddKeys(const std::string& object, const std::vector<core::KeyToPath>& items, bool optional, mode_t usual_mode,
               const Keys* keys, VolumeFiles& out) {
  if (keys == nullptr) {
    if (optional) return Ok();
    return Error{Cat(object, " not found")};
  }
  if (items.empty()) {
    for (const auto& [key, value] : *keys) {
      if (!StaysBelow(key)) return Error{Cat(object, " has the key ", Quote(key), ", which cannot name a file")};
      if (auto added = AddFile(key, value, usual_mode, out); !added) return added;
    }
    return Ok();
  }
  for (const core::KeyToPath& item : items) {
    const auto at = keys->find(item.key);
    if (at == keys->end()) {
      if (optional) continue;
      return Error{Cat(object, " references non-existent key: ", item.key)};
    }
    if (auto added = AddFile(item.path, at->second, ModeOf(item.mode, usual_mode), out); !added) return added;
  }
  return Ok();
}

class Gatherer {
 public:
  Gatherer(const PodFacts& facts, const Settings& settings) : facts_(facts), settings_(settings) {}

  Result<VolumeFiles> Gather(const core::Volume& volume) {
    Status done = Ok();
    if (volume.config_map) {
      const core::ConfigMapVolumeSource& source = *volume.config_map;
      done = AddConfigMap(source.name, source.items, source.optional, ModeOf(source.default_mode, kDefaultFileMode));
    } else if (volume.secret) {
      const core::SecretVolumeSource& source = *volume.secret;
      done =
          AddSecret(source.secret_name, source.items, source.optional, ModeOf(source.default_mode, kDefaultFileMode));
    } else if (const core::Value& own = volume.rest["downwardAPI"]; own.IsObject()) {
      done = AddDownward(own["items"], ModeOf(own["defaultMode"], kDefaultFileMode));
    } else {
      done = AddProjected(volume.rest["projected"]);
    }
    if (!done) return done.error();
    return std::move(out_);
  }

 private:
  Status AddConfigMap(const std::string& name, const std::vector<core::KeyToPath>& items, std::optional<bool> optional,
                      mode_t mode) {
    const core::ConfigMap* found = settings_.FindConfigMap({facts_.metadata->namespace_, name});
    return AddKeys(Cat("configmap ", Quote(name)), items, optional.value_or(false), mode,
                   found == nullptr ? nullptr : &found->data, out_);
  }

  Status AddSecret(const std::string& name, const std::vector<core::KeyToPath>& items, std::optional<bool> optional,
                   mode_t mode) {
    const core::Secret* found = settings_.FindSecret({facts_.metadata->namespace_, name});
    return AddKeys(Cat("secret ", Quote(name)), items, optional.value_or(false), mode,
                   found == nullptr ? nullptr : &found->data, out_);
  }

  Status AddDownward(const core::Value& items, mode_t usual_mode) {
    for (const core::Value& item : items.items()) {
      Result<std::string> text =
          Error{Cat("item ", Quote(item["path"].AsText()), " names neither a field nor a resource")};
      if (item["fieldRef"].IsObject()) {
        text = FieldOf(item["fieldRef"]["fieldPath"].AsText(), facts_);
      } else if (item["resourceFieldRef"].IsObject()) {
        core::ResourceFieldSelector selector;
        model::FromValue(item["resourceFieldRef"], selector);
        text = ResourceOf(selector, nullptr, facts_);
      }
      if (!text) return text.error();
      auto added = AddFile(item["path"].AsText(), std::move(*text), ModeOf(item["mode"], usual_mode), out_);
      if (!added) return added;
    }
    return Ok();
  }

  Status AddProjected(const core::Value& projected) {
    const mode_t mode = ModeOf(projected["defaultMode"], kDefaultFileMode);
    for (const core::Value& source : projected["sources"].items()) {
      Status added = Ok();
      core::ConfigMapVolumeSource reference;  // a Secret is referred to by the same fields here
      if (source["configMap"].IsObject()) {
        model::FromValue(source["configMap"], reference);
        added = AddConfigMap(reference.name, reference.items, reference.optional, mode);
      } else if (source["secret"].IsObject()) {
        model::FromValue(source["secret"], reference);
        added = AddSecret(reference.name, reference.items, reference.optional, mode);
      } else if (source["downwardAPI"].IsObject()) {
        added = AddDownward(source["downwardAPI"]["items"], mode);
      }
      if (!added) return added;
    }
    return Ok();
  }

  const PodFacts& facts_;
  const Settings& settings_;
  VolumeFiles out_;
};

// ..2026_11_29_22_40_00.123456789
std::string DatedName() {
  const auto now = std::chrono::time_point_cast<Nanoseconds>(std::chrono::system_clock::now());
  std::string out = Cat("..", FormatRfc3339Nano(now));
  for (char& c : out) {
    if (c == '-' || c == ':' || c == 'T') c = '_';
  }
  if (out.ends_with('Z')) out.pop_back();
  return out;
}

}  // namespace

bool StaysBelow(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  for (const std::string_view part : Split(path, '/')) {
    if (part == "..") return false;
  }
  return true;
}

bool IsOfFiles(const core::Volume& volume) {
  return volume.config_map || volume.secret || volume.rest["downwardAPI"].IsObject() ||
         volume.rest["projected"].IsObject();
}

Result<VolumeFiles> FilesOf(const core::Volume& volume, const PodFacts& facts, const Settings& settings) {
  return Gatherer(facts, settings).Gather(volume);
}

Status WriteVolumeFiles(const std::string& directory, const VolumeFiles& files) {
  const std::string dated = DatedName();
  const std::string inner = Cat(directory, "/", dated);
  if (const int error = runtime::MakeDirectories(inner)) {
    return Error{Cat("directory ", inner, " cannot be made: ", runtime::FileErrorText(error))};
  }
  std::set<std::string_view> names;
  for (const auto& [path, file] : files) {
    if (const int error = runtime::WriteNewFile(Cat(inner, "/", path), file.bytes, file.mode)) {
      return Error{Cat("file ", directory, "/", path, " cannot be written: ", runtime::FileErrorText(error))};
    }
    names.insert(std::string_view(path).substr(0, path.find('/')));
  }
  const auto link = [&](const std::string& target, std::string_view name) -> Status {
    if (symlink(target.c_str(), Cat(directory, "/", name).c_str()) == 0) return Ok();
    return Error{Cat("link ", directory, "/", name, " cannot be made: ", runtime::FileErrorText(errno))};
  };
  if (auto made = link(dated, kDataLink); !made) return made;
  for (const std::string_view name : names) {
    if (auto made = link(Cat(kDataLink, "/", name), name); !made) return made;
  }
  return Ok();
}

}  // namespace reprieve::kubelet
