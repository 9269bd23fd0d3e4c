#include "admission/version_message.h"

#include <optional>

#include "base/text.h"

namespace reprieve::admission {
namespace {

using model::JobSetVersion;
using model::Product;
using model::Stage;
using model::Treatment;
using model::VersionRow;

std::string VersionOf(Product product, int minor) {
  return product == Product::kJobSet ? Cat("0.", minor) : Cat("1.", minor);
}

std::string ServerOf(Product product, int minor) {
  return Cat(product == Product::kJobSet ? "JobSet " : "Kubernetes ", VersionOf(product, minor));
}

std::string_view Subject(const VersionRow& row) {
  if (row.drops_volume()) return "this volume and its mounts";
  if (row.is_about_value()) return "this value";
  return row.path().back().is_list ? "this item" : "this field";
}

std::string_view StageWord(Stage stage) {
  return stage == Stage::kAlpha ? "alpha" : "beta";
}

// On from a later version on.
std::string Later(const VersionRow& row, int minor) {
  const std::optional<int> since = row.served_since();
  return since && *since > minor ? Cat(", on from ", VersionOf(row.product(), *since)) : std::string();
}

std::string WhileOff(const VersionRow& row, int minor, Owner owner) {
  const bool drops = row.TreatmentIn(minor) == Treatment::kDropped;
  return Cat(ServerOf(row.product(), minor), drops ? " drops " : " refuses ", Subject(row),
             owner == Owner::kJobsOfJobSet ? " in the JobSet's Jobs" : "", " unless the gate ", row.gate(), " is on (",
             StageWord(row.StageIn(minor)), " there, off by default", Later(row, minor), ")");
}

// "; it came with 1.34 (gate HostnameOverride, alpha), on by default from 1.35"
std::string History(const VersionRow& row, int minor) {
  const Product product = row.product();
  if (const auto last = row.last_minor(); last && *last < minor) {
    return Cat("; ", VersionOf(product, *last), " was the last that did");
  }
  const int first = row.first_minor();
  const bool gated = row.StageIn(first) != Stage::kStable && !row.gate().empty();
  const std::optional<int> since = row.served_since();
  return Cat("; it came with ", VersionOf(product, first),
             gated ? Cat(" (gate ", row.gate(), ", ", StageWord(row.StageIn(first)), ")") : std::string(),
             since && *since > first ? Cat(" and is on by default from ", VersionOf(product, *since)) : std::string(),
             since ? "" : " and is off by default");
}

}  // namespace

std::string VersionMessage(const VersionRow& row, int minor, Owner owner, Treatment treatment) {
  if (row.StageIn(minor) != Stage::kAbsent) return WhileOff(row, minor, owner);
  const std::string server = ServerOf(row.product(), minor);
  if (treatment == Treatment::kRefused) {
    return Cat(server, " refuses ", Subject(row), owner == Owner::kJobsOfJobSet ? " in the JobSet's Jobs" : "",
               History(row, minor));
  }
  const std::string_view consequence = treatment == Treatment::kDropped ? ": the JobSet's Jobs lose it" : "";
  return Cat(server, " does not know ", Subject(row), consequence, History(row, minor));
}

std::string TypesMessage(const VersionRow& row, JobSetVersion jobset) {
  const model::KubernetesVersion types = model::JobTypesOf(jobset);
  std::optional<JobSetVersion> first;
  for (int minor = JobSetVersion::kNewestMinor; minor >= JobSetVersion::kOldestMinor; --minor) {
    if (row.StageIn(model::JobTypesOf({minor}).minor) != Stage::kAbsent) first = JobSetVersion{minor};
  }
  std::string out = Cat("JobSet ", jobset.ToString(),
                        " does not know this field: its Job templates have those of Kubernetes ", types.ToString());
  if (first && *first > jobset) AppendTo(out, "; JobSet ", first->ToString(), " is the first with it");
  return out;
}

}  // namespace reprieve::admission
