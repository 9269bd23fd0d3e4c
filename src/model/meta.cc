#include "model/meta.h"

#include <algorithm>
#include <atomic>

#include "base/text.h"
#include "model/label_requirement.h"
#include "model/read.h"

namespace reprieve::meta {

using document::Value;

namespace {

auto LowerBound(auto& entries, std::string_view key) {
  return std::lower_bound(entries.begin(), entries.end(), key,
                          [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
}

// Of few entries it is quicker to look at the length of each than to order by content.
constexpr std::size_t kFewEntries = 16;

const Labels::Entry* FindIn(const SharedVector<Labels::Entry>& entries, std::string_view key) {
  if (entries.size() <= kFewEntries) {
    for (const auto& entry : entries) {
      if (entry.first.size() == key.size() && entry.first == key) return &entry;
    }
    return nullptr;
  }
  const auto at = LowerBound(entries, key);
  return at != entries.end() && at->first == key ? &*at : nullptr;
}

}  // namespace

bool Holds(const LabelSelectorRequirement& requirement, std::optional<std::string_view> value) {
  const auto listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), *value) != requirement.values.end();
  };
  if (requirement.op == "In") return value && listed();
  if (requirement.op == "NotIn") return !value || !listed();
  if (requirement.op == "Exists") return value.has_value();
  if (requirement.op == "DoesNotExist") return !value;
  return false;
}

Labels::Labels(SharedVector<Entry> base, std::uint32_t position, SharedString value)
    : base_(std::move(base)), value_(std::move(value)), position_(position), stamp_(NextStamp()) {}

const SharedString* Labels::Find(std::string_view key) const {
  const Entry* entry = FindIn(base_, key);
  if (entry == nullptr) return nullptr;
  return static_cast<std::uint32_t>(entry - base_.begin()) == position_ ? &value_ : &entry->second;
}

std::optional<std::string_view> Labels::TextOf(std::string_view key) const {
  const SharedString* value = Find(key);
  return value != nullptr ? std::optional<std::string_view>(value->view()) : std::nullopt;
}

std::uint32_t Labels::NextStamp() {
  static std::atomic<std::uint32_t> last = 0;
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

Labels::Entries& Labels::Edit() {
  Entries& entries = base_.Edit();
  if (position_ < entries.size()) entries[position_].second = std::move(value_);
  position_ = kNowhere;
  return entries;
}

void Labels::Set(std::string_view key, SharedString value) {
  stamp_ = NextStamp();
  if (const Entry* shared = FindIn(base_, key)) {
    const auto position = static_cast<std::uint32_t>(shared - base_.begin());
    if (position_ != kNowhere && position_ != position) {
      Edit()[position].second = std::move(value);
    } else {
      position_ = position;
      value_ = std::move(value);
    }
    return;
  }
  Entries& entries = Edit();
  entries.emplace(LowerBound(entries, key), key, std::move(value));
}

bool Labels::Remove(std::string_view key) {
  if (Find(key) == nullptr) return false;
  stamp_ = NextStamp();
  Entries& entries = Edit();
  entries.erase(LowerBound(entries, key));
  return true;
}

Labels::Entries Labels::All() const {
  Entries out(base_.begin(), base_.end());
  if (position_ < out.size()) out[position_].second = value_;
  return out;
}

SharedVector<Labels::Entry> Labels::Share() const {
  return position_ == kNowhere ? base_ : SharedVector<Entry>(All());
}

void FromValue(const Value& value, Labels& out) {
  out = {};
  for (const Value::Member& member : value.members()) out.Set(member.key, member.value.AsText());
}

void Read(model::JsonCursor& in, Labels& out) {
  Labels::Entries entries;
  if (in.BeginObject()) {
    std::string_view key;
    while (in.NextMember(key)) {
      entries.emplace_back(key, SharedString());
      entries.back().second = in.ReadText();
    }
  }
  const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(entries.begin(), entries.end(), by_key)) std::stable_sort(entries.begin(), entries.end(), by_key);
  // Of repeated keys the last counts.
  const auto first = std::unique(entries.rbegin(), entries.rend(),
                                 [](const auto& later, const auto& former) { return later.first == former.first; });
  entries.erase(entries.begin(), first.base());
  entries.shrink_to_fit();
  out = entries.empty() ? Labels() : Labels(SharedVector(std::move(entries)));
}

Value ToValue(const Labels& value) {
  Value out = Value::MakeObject();
  for (const auto& [key, text] : value.All()) out.members().push_back({key.str(), Value::String(text.str()), {}});
  return out;
}

bool Finalizers::Contains(std::string_view name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

void Finalizers::Add(std::string_view name) {
  if (!Contains(name)) names_.emplace_back(name);
}

bool Finalizers::Remove(std::string_view name) {
  if (!Contains(name)) return false;
  if (names_.size() == 1) {
    names_.clear();
  } else {
    std::erase(names_.Edit(), name);
  }
  return true;
}

void FromValue(const Value& value, Finalizers& out) {
  out = {};
  for (const Value& name : value.items()) out.Add(name.AsText());
}

void Read(model::JsonCursor& in, Finalizers& out) {
  out = {};
  if (!in.BeginArray()) return;
  while (in.NextItem()) out.Add(in.ReadText());
}

Value ToValue(const Finalizers& value) {
  return model::ToValue(value.names());
}

std::string_view NameBeginning::In(const SharedString& name) const {
  const std::string_view text = text_;
  const bool taken = text.size() == 1 && static_cast<std::size_t>(text.front()) <= kMostCut;
  return taken ? name.view().substr(0, name.size() - static_cast<std::size_t>(text.front())) : text;
}

void NameBeginning::TakeFrom(const SharedString& name) {
  if (text_.empty() || !name.view().starts_with(text_.view())) return;
  const std::size_t cut = name.size() - text_.size();
  if (cut == kSuffix) text_ = "\5"_shared;
  if (cut == kSuffix + 1) text_ = "\6"_shared;
}

const OwnerReference* ObjectMeta::Controller() const {
  for (const OwnerReference& owner : owner_references) {
    if (owner.controller.value_or(false)) return &owner;
  }
  return nullptr;
}

namespace {

// ObjectMeta with the wire's types; ObjectMeta itself has a number for its version and shares its owners.
struct WireMeta {
  using BoundTag = void;
  SharedString name, generate_name, namespace_, uid;
  std::string resource_version;
  std::int64_t generation = 0;
  std::optional<Time> creation_timestamp, deletion_timestamp;
  std::optional<std::int64_t> deletion_grace_period_seconds;
  Labels labels, annotations;
  SharedVector<OwnerReference> owner_references;
  Finalizers finalizers;
  model::Rest rest;

  template <class V>
  static void Fields(V& v) {
    v.Field("name", &WireMeta::name);
    v.Field("generateName", &WireMeta::generate_name);
    v.Field("namespace", &WireMeta::namespace_);
    v.Field("uid", &WireMeta::uid);
    v.Field("resourceVersion", &WireMeta::resource_version);
    v.Field("generation", &WireMeta::generation);
    v.Field("creationTimestamp", &WireMeta::creation_timestamp);
    v.Field("deletionTimestamp", &WireMeta::deletion_timestamp);
    v.Field("deletionGracePeriodSeconds", &WireMeta::deletion_grace_period_seconds);
    v.Field("labels", &WireMeta::labels);
    v.Field("annotations", &WireMeta::annotations);
    v.Field("ownerReferences", &WireMeta::owner_references);
    v.Field("finalizers", &WireMeta::finalizers);
  }
};

void Take(WireMeta&& wire, ObjectMeta& out) {
  out.name = std::move(wire.name);
  out.generate_name = std::move(wire.generate_name);
  out.namespace_ = std::move(wire.namespace_);
  out.uid = std::move(wire.uid);
  out.resource_version = static_cast<ResourceVersion>(ParseInt64(wire.resource_version).value_or(0));
  out.generation = wire.generation;
  out.creation_timestamp = wire.creation_timestamp;
  out.deletion.reset();
  if (wire.deletion_timestamp || wire.deletion_grace_period_seconds) {
    out.deletion = Deletion{wire.deletion_timestamp, wire.deletion_grace_period_seconds};
  }
  out.labels = std::move(wire.labels);
  out.annotations = std::move(wire.annotations);
  out.owner_references = std::move(wire.owner_references);
  out.finalizers = std::move(wire.finalizers);
  out.rest = std::move(wire.rest);
}

}  // namespace

void FromValue(const Value& value, ObjectMeta& out) {
  WireMeta wire;
  model::FromValue(value, wire);
  Take(std::move(wire), out);
}

void Read(model::JsonCursor& in, ObjectMeta& out, std::initializer_list<std::string_view> without) {
  WireMeta wire;
  model::ReadMembers(in, wire, [&](std::string_view key) {
    if (std::find(without.begin(), without.end(), key) == without.end()) return false;
    in.Skip();
    return true;
  });
  Take(std::move(wire), out);
}

Value ToValue(const ObjectMeta& value) {
  WireMeta wire;
  wire.name = value.name;
  wire.generate_name = value.generate_name.In(value.name);
  wire.namespace_ = value.namespace_;
  wire.uid = value.uid;
  if (value.resource_version != 0) wire.resource_version = Cat(value.resource_version);
  wire.generation = value.generation;
  wire.creation_timestamp = value.creation_timestamp;
  wire.deletion_timestamp = value.deletion_timestamp();
  wire.deletion_grace_period_seconds = value.deletion_grace_period_seconds();
  wire.labels = value.labels;
  wire.annotations = value.annotations;
  wire.owner_references = value.owner_references;
  wire.finalizers = value.finalizers;
  wire.rest = value.rest;
  return model::ToValue(wire);
}

bool LabelSelector::Matches(const Labels& labels) const {
  for (const auto& [key, wanted] : match_labels) {
    const SharedString* value = labels.Find(key);
    if (value == nullptr || *value != wanted) return false;
  }
  return std::all_of(match_expressions.begin(), match_expressions.end(),
                     [&](const auto& requirement) { return Holds(requirement, labels.TextOf(requirement.key)); });
}

}  // namespace reprieve::meta
