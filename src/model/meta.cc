#include "model/meta.h"

#include <algorithm>
#include <atomic>

#include "base/text.h"
#include "model/label_requirement.h"

namespace reprieve::meta {

using document::Value;

namespace {

auto LowerBound(auto& entries, std::string_view key) {
  return std::lower_bound(entries.begin(), entries.end(), key,
                          [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
}

// Of few entries it is quicker to look at the length of each than to order by content.
constexpr std::size_t kFewEntries = 16;

const std::pair<SharedString, SharedString>* FindIn(const Labels::Entries& entries, std::string_view key) {
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

Labels::Labels(std::shared_ptr<const Entries> base, std::uint32_t position, SharedString value)
    : base_(std::move(base)), position_(position), value_(std::move(value)), stamp_(NextStamp()) {}

const SharedString* Labels::Find(std::string_view key) const {
  if (base_) {
    if (const auto* entry = FindIn(*base_, key)) return &ValueAt(static_cast<std::uint32_t>(entry - base_->data()));
  }
  const auto* own = own_ ? FindIn(own_->entries, key) : nullptr;
  return own != nullptr ? &own->second : nullptr;
}

std::optional<std::string_view> Labels::TextOf(std::string_view key) const {
  const SharedString* value = Find(key);
  return value != nullptr ? std::optional<std::string_view>(value->view()) : std::nullopt;
}

const SharedString& Labels::ValueAt(std::uint32_t position) const {
  if (position == position_) return value_;
  if (own_) {
    for (const auto& [at, value] : own_->values) {
      if (at == position) return value;
    }
  }
  return (*base_)[position].second;
}

void Labels::SetValue(std::uint32_t position, SharedString value) {
  if (position_ == kNowhere) position_ = position;
  if (position_ == position) {
    value_ = std::move(value);
    return;
  }
  auto& values = MakeOwn().values;
  const auto at =
      std::find_if(values.begin(), values.end(), [position](const auto& own) { return own.first == position; });
  if (at == values.end()) {
    values.emplace_back(position, std::move(value));
  } else {
    at->second = std::move(value);
  }
}

Labels::Own& Labels::MakeOwn() {
  return own_ ? *own_ : own_.emplace();
}

std::uint64_t Labels::NextStamp() {
  static std::atomic<std::uint64_t> last = 0;
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

void Labels::Set(std::string_view key, SharedString value) {
  stamp_ = NextStamp();
  if (const auto* shared = base_ ? FindIn(*base_, key) : nullptr) {
    return SetValue(static_cast<std::uint32_t>(shared - base_->data()), std::move(value));
  }
  Entries& entries = MakeOwn().entries;
  const auto at = LowerBound(entries, key);
  if (at != entries.end() && at->first == key) {
    at->second = std::move(value);
  } else {
    entries.emplace(at, key, std::move(value));
  }
}

bool Labels::Remove(std::string_view key) {
  if (Find(key) == nullptr) return false;
  Entries rest = All();
  rest.erase(LowerBound(rest, key));
  *this = Labels();
  if (!rest.empty()) MakeOwn().entries = std::move(rest);
  stamp_ = NextStamp();
  return true;
}

Labels::Entries Labels::All() const {
  Entries out;
  if (base_) {
    out = *base_;
    for (std::uint32_t at = 0; at < out.size(); ++at) out[at].second = ValueAt(at);
  }
  if (!own_ || own_->entries.empty()) return out;
  out.insert(out.end(), own_->entries.begin(), own_->entries.end());
  std::sort(out.begin(), out.end());
  return out;
}

std::shared_ptr<const Labels::Entries> Labels::Share() const {
  if (base_ && position_ == kNowhere && !own_) return base_;
  return std::make_shared<const Entries>(All());
}

void FromValue(const Value& value, Labels& out) {
  out = {};
  for (const Value::Member& member : value.members()) out.Set(member.key, member.value.AsText());
}

Value ToValue(const Labels& value) {
  Value out = Value::MakeObject();
  for (const auto& [key, text] : value.All()) out.members().push_back({key.str(), Value::String(text.str()), {}});
  return out;
}

bool Finalizers::Contains(std::string_view name) const {
  return names_ && std::find(names_->begin(), names_->end(), name) != names_->end();
}

void Finalizers::Add(std::string_view name) {
  if (Contains(name)) return;
  std::vector<std::string> all = names();
  all.emplace_back(name);
  names_ = std::make_shared<const std::vector<std::string>>(std::move(all));
}

bool Finalizers::Remove(std::string_view name) {
  if (!Contains(name)) return false;
  if (names_->size() == 1) {
    names_.reset();
    return true;
  }
  std::vector<std::string> rest = *names_;
  std::erase(rest, name);
  names_ = std::make_shared<const std::vector<std::string>>(std::move(rest));
  return true;
}

const std::vector<std::string>& Finalizers::names() const {
  static const std::vector<std::string> kNone;
  return names_ ? *names_ : kNone;
}

void FromValue(const Value& value, Finalizers& out) {
  out = {};
  for (const Value& name : value.items()) out.Add(name.AsText());
}

Value ToValue(const Finalizers& value) {
  return model::ToValue(value.names());
}

const OwnerReference* ObjectMeta::Controller() const {
  if (!owner_references) return nullptr;
  for (const OwnerReference& owner : *owner_references) {
    if (owner.controller.value_or(false)) return &owner;
  }
  return nullptr;
}

void ObjectMeta::SetOwners(std::vector<OwnerReference> owners) {
  owner_references = owners.empty() ? nullptr : std::make_shared<const std::vector<OwnerReference>>(std::move(owners));
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
  std::vector<OwnerReference> owner_references;
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

}  // namespace

void FromValue(const Value& value, ObjectMeta& out) {
  WireMeta wire;
  model::FromValue(value, wire);
  out.name = std::move(wire.name);
  out.generate_name = std::move(wire.generate_name);
  out.namespace_ = std::move(wire.namespace_);
  out.uid = std::move(wire.uid);
  out.resource_version = static_cast<ResourceVersion>(ParseInt64(wire.resource_version).value_or(0));
  out.generation = wire.generation;
  out.creation_timestamp = wire.creation_timestamp;
  out.deletion_timestamp = wire.deletion_timestamp;
  out.deletion_grace_period_seconds = wire.deletion_grace_period_seconds;
  out.labels = std::move(wire.labels);
  out.annotations = std::move(wire.annotations);
  out.SetOwners(std::move(wire.owner_references));
  out.finalizers = std::move(wire.finalizers);
  out.rest = std::move(wire.rest);
}

Value ToValue(const ObjectMeta& value) {
  WireMeta wire;
  wire.name = value.name;
  wire.generate_name = value.generate_name;
  wire.namespace_ = value.namespace_;
  wire.uid = value.uid;
  if (value.resource_version != 0) wire.resource_version = Cat(value.resource_version);
  wire.generation = value.generation;
  wire.creation_timestamp = value.creation_timestamp;
  wire.deletion_timestamp = value.deletion_timestamp;
  wire.deletion_grace_period_seconds = value.deletion_grace_period_seconds;
  wire.labels = value.labels;
  wire.annotations = value.annotations;
  if (value.owner_references) wire.owner_references = *value.owner_references;
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
