#include "controllers/job/prototype.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::controllers {
namespace {

constexpr std::string_view kIndexVariable = "JOB_COMPLETION_INDEX";
// The API server appends five characters to a prefix of at most 58, so that the name stays a DNS label.
constexpr std::size_t kLongestGenerateName = 58;

void AddIndexVariable(std::vector<core::Container>& containers) {
  for (core::Container& container : containers) {
    const bool has = std::any_of(container.env.begin(), container.env.end(),
                                 [](const core::EnvVar& variable) { return variable.name == kIndexVariable; });
    if (has) continue;
    core::EnvVar variable;
    variable.name = kIndexVariable;
    variable.value_from.emplace().field_ref.emplace().field_path =
        Cat("metadata.labels['", batch::kCompletionIndex, "']");
    container.env.push_back(std::move(variable));
  }
}

std::shared_ptr<const core::PodSpec> WithIndexVariable(const core::PodSpec& spec) {
  auto out = std::make_shared<core::PodSpec>(spec);
  AddIndexVariable(out->init_containers);
  AddIndexVariable(out->containers);
  return out;
}

}  // namespace

PodPrototype::PodPrototype(const batch::Job& job)
    : job_name_(job.metadata.name), generate_name_(Cat(job.metadata.name, "-")), namespace_(job.metadata.namespace_) {
  const core::PodTemplateSpec& pod_template = job.spec->pod_template;
  spec_ = job.spec->indexed() ? WithIndexVariable(*pod_template.spec) : pod_template.spec;
  labels_ = Share(pod_template.metadata.labels, job.spec->indexed());
  annotations_ = Share(pod_template.metadata.annotations, job.spec->indexed());
  finalizers_ = pod_template.metadata.finalizers;
  finalizers_.Add(batch::kTrackingFinalizer);
  meta::OwnerReference owner;
  owner.api_version = "batch/v1";
  owner.kind = "Job";
  owner.name = job.metadata.name;
  owner.uid = job.metadata.uid;
  owner.controller = true;
  owner.block_owner_deletion = true;
  owners_.push_back(owner);
  owner_ = std::make_shared<const meta::OwnerReference>(std::move(owner));
}

PodPrototype::Shared PodPrototype::Share(const meta::Labels& of_template, bool indexed) {
  if (!indexed) return {of_template.Share()};
  meta::Labels labels = of_template;
  labels.Set(batch::kCompletionIndex, "");
  Shared out{labels.Share()};
  while (out.entries[out.index_at].first != batch::kCompletionIndex) ++out.index_at;
  return out;
}

std::unique_ptr<core::Pod> PodPrototype::MakeBare() const {
  auto made = std::make_unique<core::Pod>();
  core::Pod& pod = *made;
  pod.metadata.namespace_ = namespace_;
  pod.metadata.owner_references = owners_;
  pod.metadata.finalizers = finalizers_;
  pod.spec = spec_;
  return made;
}

std::unique_ptr<core::Pod> PodPrototype::MakePod() const {
  std::unique_ptr<core::Pod> made = MakeBare();
  made->metadata.generate_name = generate_name_;
  made->metadata.labels = meta::Labels(labels_.entries);
  made->metadata.annotations = meta::Labels(annotations_.entries);
  made->hostname = SharedString(spec_->hostname);
  return made;
}

std::unique_ptr<core::Pod> PodPrototype::MakePod(policy::CompletionIndex index,
                                                 const std::optional<policy::IndexFailures>& failures) const {
  std::unique_ptr<core::Pod> made = MakeBare();
  core::Pod& pod = *made;
  const IndexTexts& texts = TextsOf(index);
  pod.metadata.generate_name = texts.generate_name;
  pod.metadata.labels = meta::Labels(labels_.entries, labels_.index_at, texts.number);
  pod.metadata.annotations = meta::Labels(annotations_.entries, annotations_.index_at, texts.number);
  pod.hostname = texts.hostname;
  if (failures) {
    pod.metadata.annotations.Set(batch::kIndexFailureCount, Cat(failures->counted));
    if (failures->ignored > 0) pod.metadata.annotations.Set(batch::kIndexIgnoredFailureCount, Cat(failures->ignored));
  }
  return made;
}

const PodPrototype::IndexTexts& PodPrototype::TextsOf(policy::CompletionIndex index) const {
  const std::size_t at = static_cast<std::size_t>(index) % kKeptIndexes;
  if (at >= texts_.size()) texts_.resize(at + 1);
  IndexTexts& texts = texts_[at];
  if (texts.index != index) {
    texts.index = index;
    texts.number = Cat(index);
    const std::size_t room = kLongestGenerateName - texts.number.size() - 2;
    texts.generate_name = SharedString::Join({job_name_.view().substr(0, room), "-", texts.number, "-"});
    texts.hostname = SharedString::Join({job_name_, "-", texts.number});
  }
  return texts;
}

}  // namespace reprieve::controllers
