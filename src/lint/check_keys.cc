// RP025: labels and annotations that nearly are ones that a controller reads, or stand where it does not look.
//
// Source: spec/jobset.md 2.9, 4; the documentation of Kueue and of the cluster autoscaler.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "lint/checks.h"
#include "model/jobset.h"

namespace reprieve::lint {
namespace {

using document::Value;

// Where a key may stand, as bits.
enum Place : unsigned {
  kJob = 1,
  kJobSet = 2,
  kReplicatedJob = 4,  // the Job template of a replicated job
  kPod = 8,            // the pod template
};

struct KnownKey {
  std::string_view key;
  bool is_label;
  unsigned places;
  std::string_view reader;
};

constexpr auto kKeys = std::to_array<KnownKey>({
    {jobset::kExclusiveTopology, false, kJobSet | kReplicatedJob, "JobSet"},
    {jobset::kNodeSelector, false, kJobSet | kReplicatedJob, "JobSet"},
    {jobset::kDisableInPlaceRestart, false, kJobSet, "JobSet's agent"},
    {"kueue.x-k8s.io/queue-name", true, kJob | kJobSet, "Kueue"},
    {"kueue.x-k8s.io/priority-class", true, kJob | kJobSet, "Kueue"},
    {"cluster-autoscaler.kubernetes.io/safe-to-evict", false, kPod, "the cluster autoscaler"},
});

// What JobSet writes itself: harmless, and no misspelling of anything.
constexpr std::array kWritten = {jobset::kJobSetName,     jobset::kJobSetUid,         jobset::kReplicatedJobName,
                                 jobset::kRestartAttempt, jobset::kJobRestartAttempt, jobset::kReplicatedJobReplicas,
                                 jobset::kGlobalReplicas, jobset::kJobIndex,          jobset::kJobKey,
                                 jobset::kJobGlobalIndex, jobset::kGroupName,         jobset::kGroupReplicas,
                                 jobset::kJobGroupIndex,  jobset::kCoordinator,       jobset::kPriority,
                                 jobset::kNamespacedJob,  jobset::kNoSchedule,        jobset::kInPlaceRestartAttempt};

std::string_view DomainOf(std::string_view key) {
  const std::size_t slash = key.find('/');
  return slash == std::string_view::npos ? std::string_view() : key.substr(0, slash);
}

std::string_view NameOf(std::string_view key) {
  return key.substr(key.find('/') + 1);
}

// The word that all spellings of a product's domain have.
std::string_view ProductOf(std::string_view domain) {
  for (const std::string_view word : {"jobset", "kueue", "autoscaler"}) {
    if (domain.find(word) != std::string_view::npos) return word;
  }
  return {};
}

// The key that this one was meant to be; null pointer: it is none of these.
const KnownKey* Meant(std::string_view key) {
  const std::string_view product = ProductOf(DomainOf(key));
  if (product.empty()) return nullptr;
  for (const KnownKey& known : kKeys) {
    if (known.key == key || ProductOf(DomainOf(known.key)) != product) continue;
    const bool same_domain = DomainOf(known.key) == DomainOf(key);
    const bool same_name = NameOf(known.key) == NameOf(key);
    const bool near_name = !NearestWord(NameOf(key), {NameOf(known.key)}).empty();
    if (same_name || (near_name && (same_domain || product == "jobset"))) return &known;
  }
  return nullptr;
}

std::string PlacesOf(const KnownKey& key) {
  std::vector<std::string> places;
  if (key.places & kJob) places.push_back("a Job");
  if (key.places & kJobSet) places.push_back("a JobSet");
  if (key.places & kReplicatedJob) places.push_back("a replicated job's template");
  if (key.places & kPod) places.push_back("the pod template");
  return Join(places, " or ");
}

class KeyCheck {
 public:
  explicit KeyCheck(Findings& out) : out_(out) {}

  void Check(const Value& metadata, const std::string& field, Place place) {
    for (const bool is_label : {true, false}) {
      const char* list = is_label ? "labels" : "annotations";
      for (const Value::Member& member : metadata[list].members()) {
        One(member.key, Cat(field, ".", list, "[", member.key, "]"), is_label, place);
      }
    }
  }

 private:
  void One(std::string_view key, const std::string& field, bool is_label, Place place) {
    if (std::find(kWritten.begin(), kWritten.end(), key) != kWritten.end()) return;
    const auto known = std::find_if(kKeys.begin(), kKeys.end(), [&](const KnownKey& each) { return each.key == key; });
    if (known != kKeys.end()) {
      if (known->is_label == is_label && (known->places & place) != 0) return;
      out_.Add(Code::kAlmostKnownKey, field,
               Cat(known->reader, " reads this only as ", known->is_label ? "a label" : "an annotation", " of ",
                   PlacesOf(*known), ", so here it is silently ignored."),
               Cat("Move it to the ", known->is_label ? "labels" : "annotations", " of ", PlacesOf(*known), "."));
      return;
    }
    if (const KnownKey* meant = Meant(key)) {
      out_.Add(
          Code::kAlmostKnownKey, field,
          Cat("Nothing reads this ", is_label ? "label" : "annotation", ", so it is silently ignored."),
          Cat("Write ", meant->key,
              meant->is_label == is_label ? std::string() : Cat(", as ", meant->is_label ? "a label" : "an annotation"),
              "."));
    }
  }

  Findings& out_;
};

}  // namespace

void CheckKeys(const Value& manifest, Findings& out) {
  KeyCheck check(out);
  const std::string& kind = manifest["kind"].AsText();
  if (kind == "CronJob") {
    const Value& job = manifest["spec"]["jobTemplate"];
    check.Check(job["metadata"], "spec.jobTemplate.metadata", kJob);
    check.Check(job["spec"]["template"]["metadata"], "spec.jobTemplate.spec.template.metadata", kPod);
    return;
  }
  check.Check(manifest["metadata"], "metadata", kind == "JobSet" ? kJobSet : kJob);
  if (kind != "JobSet") {
    check.Check(manifest["spec"]["template"]["metadata"], "spec.template.metadata", kPod);
    return;
  }
  const Value& jobs = manifest["spec"]["replicatedJobs"];
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const std::string prefix = Cat("spec.replicatedJobs[", i, "].template.");
    check.Check(jobs[i]["template"]["metadata"], Cat(prefix, "metadata"), kReplicatedJob);
    check.Check(jobs[i]["template"]["spec"]["template"]["metadata"], Cat(prefix, "spec.template.metadata"), kPod);
  }
}

}  // namespace reprieve::lint
