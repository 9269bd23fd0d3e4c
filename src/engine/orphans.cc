#include "engine/orphans.h"

namespace reprieve::engine {
namespace {

template <class Index, class Key, class Member>
void EraseFrom(Index& index, const Key& key, const Member& member) {
  const auto at = index.find(key);
  if (at == index.end()) return;
  at->second.erase(member);
  if (at->second.empty()) index.erase(at);
}

}  // namespace

bool Selects(const batch::Job& job, const core::Pod& pod) {
  return job.metadata.namespace_ == pod.metadata.namespace_ && job.spec->selector &&
         job.spec->selector->Matches(pod.metadata.labels);
}

std::vector<Orphans::Term> Orphans::TermsOf(const core::Pod& pod) {
  std::vector<Term> out = {{pod.metadata.namespace_, {}, {}}};
  for (const auto& [key, value] : pod.metadata.labels.All()) out.push_back({pod.metadata.namespace_, key, value});
  return out;
}

Orphans::Term Orphans::TermOf(const batch::Job& job) {
  Term term{job.metadata.namespace_, {}, {}};
  if (!job.spec->selector || job.spec->selector->match_labels.empty()) return term;
  // A selector that was made for the Job has a label that no other Job's has.
  const auto& labels = job.spec->selector->match_labels;
  auto at = labels.find("batch.kubernetes.io/controller-uid");
  if (at == labels.end()) at = labels.begin();
  term.key = at->first;
  term.value = at->second;
  return term;
}

void Orphans::AddPod(const core::Pod& pod) {
  RemovePod(pod);
  std::vector<Term> terms = TermsOf(pod);
  for (const Term& term : terms) pods_[term].insert(&pod);
  terms_.emplace(&pod, std::move(terms));
  if (pod.metadata.HasFinalizer(batch::kTrackingFinalizer)) tracked_.insert(&pod);
}

void Orphans::RemovePod(const core::Pod& pod) {
  if (terms_.empty()) return;
  const auto at = terms_.find(&pod);
  if (at == terms_.end()) return;
  for (const Term& term : at->second) EraseFrom(pods_, term, &pod);
  terms_.erase(at);
  tracked_.erase(&pod);
}

void Orphans::AddJob(const batch::Job& job) {
  RemoveJob(job.metadata.uid);
  const Term term = TermOf(job);
  jobs_[term].insert(job.metadata.uid);
  term_of_job_.emplace(job.metadata.uid, term);
}

void Orphans::RemoveJob(const meta::Uid& uid) {
  const auto at = term_of_job_.find(uid);
  if (at == term_of_job_.end()) return;
  EraseFrom(jobs_, at->second, uid);
  term_of_job_.erase(at);
}

std::vector<const core::Pod*> Orphans::PodsFor(const batch::Job& job) const {
  std::vector<const core::Pod*> out;
  if (pods_.empty()) return out;
  const auto at = pods_.find(TermOf(job));
  if (at == pods_.end()) return out;
  for (const core::Pod* pod : at->second) {
    if (Selects(job, *pod)) out.push_back(pod);
  }
  return out;
}

std::vector<meta::Uid> Orphans::JobsFor(const core::Pod& pod) const {
  std::vector<meta::Uid> out;
  for (const Term& term : TermsOf(pod)) {
    const auto at = jobs_.find(term);
    if (at != jobs_.end()) out.insert(out.end(), at->second.begin(), at->second.end());
  }
  return out;
}

std::vector<const core::Pod*> Orphans::Tracked() const {
  return {tracked_.begin(), tracked_.end()};
}

}  // namespace reprieve::engine
