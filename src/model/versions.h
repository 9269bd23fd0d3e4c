// What a server of one version of Kubernetes or JobSet makes of a field, or of one of its values, by default.
//
// Source: src/model/schema/versions.tsv, parsed at first use and never changed after; docs/VERSIONS.md is made from it,
// and tools/check-versions compares it with real API servers. What has no row is served by every known version.
// Immutable; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/pattern.h"
#include "model/feature_gates.h"
#include "model/jobset_version.h"
#include "model/kubernetes_version.h"

namespace reprieve::model {

enum class Product : std::uint8_t { kKubernetes, kJobSet };

enum class Stage : std::uint8_t {
  kAbsent,
  kAlpha,  // off by default, as is kBetaOff
  kBetaOff,
  kBeta,    // on by default
  kStable,  // GA, or without a gate
};

enum class Treatment : std::uint8_t {
  kServed,
  kUnknown,  // an unknown field: refused if fields are validated strictly, else dropped
  kDropped,  // without a word
  kRefused,  // with an error
};

// One step from a message to what a row is about.
struct PathStep {
  std::string_view field;
  bool is_list = false;
  std::size_t first_item = 0;  // of a list: this one and all after it
};

class VersionRow {
 public:
  // Of a line of the table. REQUIRES: it is well-formed.
  explicit VersionRow(std::string_view line);

  Product product() const { return product_; }
  std::string_view message() const { return message_; }  // core/v1.PodSpec
  const std::vector<PathStep>& path() const { return path_; }
  std::string_view gate() const { return gate_; }  // empty: there is none
  bool is_about_value() const { return pattern_ || !values_.empty(); }
  // Dropping it drops the volume that it is in, and its mounts.
  bool drops_volume() const { return drops_volume_; }

  // Whether the row is about a member with this text (of a scalar).
  bool Covers(std::string_view text) const;

  Stage StageIn(int minor) const;
  // With its gate off unless it is on by default.
  Treatment TreatmentIn(int minor) const;
  // What a version makes of it that does not have it.
  Treatment before() const { return before_; }
  // The first of the known versions that has it, and the last if later ones do not have it any more.
  int first_minor() const { return stages_.front().first; }
  std::optional<int> last_minor() const;
  // The first version from which on the gate is on by default.
  std::optional<int> served_since() const;

 private:
  Product product_;
  std::string_view message_;
  std::vector<PathStep> path_;
  std::vector<std::string_view> values_;
  std::optional<Pattern> pattern_;
  std::string_view gate_;
  std::vector<std::pair<int, Stage>> stages_;
  Treatment off_ = Treatment::kServed;
  Treatment before_ = Treatment::kUnknown;
  bool drops_volume_ = false;
};

// Those of a message ("core/v1.PodSpec"), in the order of the table: that of a field before that of its values.
const std::vector<VersionRow>& VersionRowsOf(std::string_view message);

// All of them.
std::vector<const VersionRow*> VersionRows();

// Whose types a JobSet's Job templates have: no field that came later is in its CustomResourceDefinition.
KubernetesVersion JobTypesOf(JobSetVersion version);

}  // namespace reprieve::model
