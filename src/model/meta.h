// meta/v1: what every object has: its name, its identity, its owners, its labels.
//
// Source: meta/v1 ObjectMeta, OwnerReference, LabelSelector. Plain values.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/shared_string.h"
#include "base/time.h"
#include "model/bind.h"
#include "model/boxed.h"

namespace reprieve::meta {

using document::Value;
using model::kAlwaysWritten;

// A version of the whole store; a later write has a greater one. 0: not stored yet.
using ResourceVersion = std::uint64_t;

// Who an object is, and no later one of its name.
using Uid = SharedString;

// Labels or annotations. Thousands of pods of one template share its entries; each holds only its own beside them, and
// of a key that the shared entries have only the value.
class Labels {
 public:
  using Entries = std::vector<std::pair<SharedString, SharedString>>;  // sorted by key

  Labels() = default;
  // Shares `base`, which is sorted by key.
  explicit Labels(std::shared_ptr<const Entries> base) : base_(std::move(base)), stamp_(NextStamp()) {}
  // Likewise, but for the entry at `position`, whose value here is `value`. REQUIRES: there is such an entry.
  Labels(std::shared_ptr<const Entries> base, std::uint32_t position, SharedString value);

  // Null pointer if there is none.
  const SharedString* Find(std::string_view key) const;
  // Nothing if there is none.
  std::optional<std::string_view> TextOf(std::string_view key) const;
  void Set(std::string_view key, SharedString value);
  // True if it was there.
  bool Remove(std::string_view key);
  bool empty() const { return !own_ && (!base_ || base_->empty()); }
  // All entries, sorted by key.
  Entries All() const;
  // Differs whenever the entries may differ: equal stamps mean equal entries.
  std::uint64_t stamp() const { return stamp_; }
  // The same entries in a form to share.
  std::shared_ptr<const Entries> Share() const;

  friend bool operator==(const Labels& a, const Labels& b) { return a.All() == b.All(); }

 private:
  // What only few have.
  struct Own {
    std::vector<std::pair<std::uint32_t, SharedString>> values;  // further ones, as value_ is
    Entries entries;                                             // of keys that base_ does not have
  };
  static constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();

  const SharedString& ValueAt(std::uint32_t position) const;
  void SetValue(std::uint32_t position, SharedString value);
  Own& MakeOwn();
  static std::uint64_t NextStamp();

  std::shared_ptr<const Entries> base_;
  // Most often one entry differs between pods of a template, the index: its position in base_, and what stands there.
  std::uint32_t position_ = kNowhere;
  SharedString value_;
  model::Boxed<Own> own_;
  std::uint64_t stamp_ = 0;
};

void FromValue(const document::Value& value, Labels& out);
document::Value ToValue(const Labels& value);

// The finalizers of an object. Pods of one template share the list until one of them loses one.
class Finalizers {
 public:
  bool Contains(std::string_view name) const;
  // Nothing happens if it is there already.
  void Add(std::string_view name);
  // True if it was there.
  bool Remove(std::string_view name);
  bool empty() const { return !names_; }
  const std::vector<std::string>& names() const;
  // Both have the very same list: what is so of one is so of the other.
  bool SharesWith(const Finalizers& other) const { return names_ == other.names_; }

  friend bool operator==(const Finalizers& a, const Finalizers& b) { return a.names() == b.names(); }

 private:
  std::shared_ptr<const std::vector<std::string>> names_;  // null: none
};

void FromValue(const document::Value& value, Finalizers& out);
document::Value ToValue(const Finalizers& value);

struct OwnerReference {
  using BoundTag = void;
  std::string api_version;
  std::string kind;
  std::string name;
  Uid uid;
  std::optional<bool> controller;
  std::optional<bool> block_owner_deletion;
  model::Rest rest;

  template <class V>
  static void Fields(V& v) {
    v.Field("apiVersion", &OwnerReference::api_version, kAlwaysWritten);
    v.Field("kind", &OwnerReference::kind, kAlwaysWritten);
    v.Field("name", &OwnerReference::name, kAlwaysWritten);
    v.Field("uid", &OwnerReference::uid, kAlwaysWritten);
    v.Field("controller", &OwnerReference::controller);
    v.Field("blockOwnerDeletion", &OwnerReference::block_owner_deletion);
  }
  bool operator==(const OwnerReference&) const = default;
};

struct ObjectMeta {
  SharedString name;
  SharedString generate_name;
  SharedString namespace_;
  Uid uid;
  ResourceVersion resource_version = 0;
  std::int64_t generation = 0;
  std::optional<Time> creation_timestamp;
  std::optional<Time> deletion_timestamp;
  std::optional<std::int64_t> deletion_grace_period_seconds;
  Labels labels;
  Labels annotations;
  // Shared among the pods of one Job: the same owner, the same finalizer.
  std::shared_ptr<const std::vector<OwnerReference>> owner_references;
  Finalizers finalizers;
  model::Rest rest;

  bool deleting() const { return deletion_timestamp.has_value(); }
  bool HasFinalizer(std::string_view finalizer) const { return finalizers.Contains(finalizer); }
  // The one owner with controller: true; null pointer if there is none.
  const OwnerReference* Controller() const;
  void SetOwners(std::vector<OwnerReference> owners);
};

void FromValue(const document::Value& value, ObjectMeta& out);
document::Value ToValue(const ObjectMeta& value);

struct LabelSelectorRequirement {
  using BoundTag = void;
  std::string key;
  std::string op;  // In, NotIn, Exists, DoesNotExist
  std::vector<std::string> values;
  model::Rest rest;

  template <class V>
  static void Fields(V& v) {
    v.Field("key", &LabelSelectorRequirement::key, kAlwaysWritten);
    v.Field("operator", &LabelSelectorRequirement::op, kAlwaysWritten);
    v.Field("values", &LabelSelectorRequirement::values);
  }
};

struct LabelSelector {
  using BoundTag = void;
  std::map<std::string, std::string> match_labels;
  std::vector<LabelSelectorRequirement> match_expressions;
  model::Rest rest;

  template <class V>
  static void Fields(V& v) {
    v.Field("matchLabels", &LabelSelector::match_labels);
    v.Field("matchExpressions", &LabelSelector::match_expressions);
  }
  // An empty selector matches everything.
  bool Matches(const Labels& labels) const;
};

// namespace/name: how a controller's work queue names an object.
struct ObjectKey {
  SharedString namespace_;
  SharedString name;
  auto operator<=>(const ObjectKey&) const = default;
  bool operator==(const ObjectKey&) const = default;
};

inline ObjectKey KeyOf(const ObjectMeta& meta) {
  return {meta.namespace_, meta.name};
}

}  // namespace reprieve::meta
