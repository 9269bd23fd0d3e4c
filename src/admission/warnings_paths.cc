#include "admission/warnings_paths.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace reprieve::admission {

using document::Value;

namespace {

struct File {
  std::string path;
  std::string source;  // empty: that of the volume

  std::string Text() const { return source.empty() ? Quote(path) : Cat(Quote(path), " (", source, ")"); }
};
using Files = std::vector<File>;

std::string Named(std::string_view kind, const Value& name) {
  return Cat(kind, " ", Quote(name.AsText()));
}

void AddItems(const Value& items, const std::string& source, Files& files) {
  for (const Value& item : items.items()) files.push_back({item["path"].AsText(), source});
}

// One on the path to the other, or both the same.
bool Overlap(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return false;
  return Cat(a, "/").starts_with(Cat(b, "/")) || Cat(b, "/").starts_with(Cat(a, "/"));
}

class VolumeFiles {
 public:
  VolumeFiles(const Value& volume, std::vector<std::string>& out) : name_(volume["name"].AsText()), out_(out) {}

  void Warn(Files files, const std::string& description) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      std::string& path = files[i].path;
      path.resize(path.find_last_not_of('/') + 1);
      for (std::size_t j = 0; j < i; ++j) {
        if (!Overlap(files[j].path, path)) continue;
        out_.push_back(Cat("volume ", Quote(name_), " (", description, "): overlapping paths: ", files[i].Text(),
                           " with ", files[j].Text()));
      }
    }
  }

  void WarnOfProjected(const Value& sources) {
    Files files;
    for (const Value& source : sources.items()) {
      if (IsEmpty(source)) {
        out_.push_back(Cat("volume ", Quote(name_), " (Projected) has no sources provided"));
      } else {
        AddSource(source, files);
      }
    }
    Warn(std::move(files), "Projected");
  }

 private:
  static bool IsEmpty(const Value& source) {
    const auto& members = source.members();
    return std::all_of(members.begin(), members.end(),
                       [](const Value::Member& member) { return member.value.IsNull(); });
  }

  // The first that it has: one may have no more.
  static void AddSource(const Value& source, Files& files) {
    const Value& bundle = source["clusterTrustBundle"];
    const Value& certificate = source["podCertificate"];
    if (!source["configMap"]["items"].IsNull()) {
      AddItems(source["configMap"]["items"], Named("ConfigMap", source["configMap"]["name"]), files);
    } else if (!source["secret"]["items"].IsNull()) {
      AddItems(source["secret"]["items"], Named("Secret", source["secret"]["name"]), files);
    } else if (!source["downwardAPI"]["items"].IsNull()) {
      AddItems(source["downwardAPI"]["items"], "DownwardAPI", files);
    } else if (!source["serviceAccountToken"].IsNull()) {
      files.push_back({source["serviceAccountToken"]["path"].AsText(), "ServiceAccountToken"});
    } else if (!bundle.IsNull()) {
      files.push_back({bundle["path"].AsText(),
                       Named("ClusterTrustBundle", bundle[bundle["name"].IsNull() ? "signerName" : "name"])});
    } else if (!certificate.IsNull()) {
      AddCertificate(certificate, files);
    }
  }

  static void AddCertificate(const Value& certificate, Files& files) {
    struct Part {
      std::string_view member;
      std::string_view source;
    };
    constexpr Part kParts[] = {{"certificateChainPath", "PodCertificate chain"},
                               {"keyPath", "PodCertificate key"},
                               {"credentialBundlePath", "PodCertificate credential bundle"}};
    for (const Part& part : kParts) {
      const std::string& path = certificate[part.member].AsText();
      if (!path.empty()) files.push_back({path, std::string(part.source)});
    }
  }

  const std::string& name_;
  std::vector<std::string>& out_;
};

}  // namespace

void AppendPathWarnings(const Value& volumes, std::vector<std::string>& out) {
  for (const Value& volume : volumes.items()) {
    VolumeFiles files(volume, out);
    const auto warn = [&](std::string_view source, const std::string& description) {
      Files items;
      AddItems(volume[source]["items"], "", items);
      files.Warn(std::move(items), description);
    };
    warn("configMap", Named("ConfigMap", volume["configMap"]["name"]));
    warn("secret", Named("Secret", volume["secret"]["secretName"]));
    warn("downwardAPI", "DownwardAPI");
    files.WarnOfProjected(volume["projected"]["sources"]);
  }
}

}  // namespace reprieve::admission
