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
#include "base/shared_vector.h"
#include "base/time.h"
#include "model/bind.h"
#include "model/boxed.h"
#include "model/compact.h"

namespace reprieve::meta {

using document::Value;  // for who includes this. NOLINT(misc-unused-using-decls)
using model::kAlwaysWritten;

// A version of the whole store; a later write has a greater one. 0: not stored yet.
using ResourceVersion = std::uint64_t;

// Who an object is, and no later one of its name.
using Uid = SharedString;

// Labels or annotations. Thousands of pods of one template share its entries, of which one may have another value in
// each pod; what differs in more has entries of its own.
class Labels {
 public:
  using Entry = std::pair<SharedString, SharedString>;
  using Entries = std::vector<Entry>;  // sorted by key

  Labels() = default;
  // Shares `base`, which is sorted by key.
  explicit Labels(SharedVector<Entry> base) : base_(std::move(base)), stamp_(NextStamp()) {}
  // Likewise, but for the entry at `position`, whose value here is `value`. REQUIRES: there is such an entry.
  Labels(SharedVector<Entry> base, std::uint32_t position, SharedString value);

  // Null pointer if there is none.
  const SharedString* Find(std::string_view key) const;
  // Nothing if there is none.
  std::optional<std::string_view> TextOf(std::string_view key) const;
  void Set(std::string_view key, SharedString value);
  // True if it was there.
  bool Remove(std::string_view key);
  bool empty() const { return base_.empty(); }
  // All entries, sorted by key.
  Entries All() const;
  // Differs whenever the entries may differ: equal stamps mean equal entries. It comes again after four billion
  // changes.
  std::uint32_t stamp() const { return stamp_; }
  // The same entries in a form to share.
  SharedVector<Entry> Share() const;

  friend bool operator==(const Labels& a, const Labels& b) { return a.All() == b.All(); }

 private:
  static constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();

  // The entries for editing, no longer shared.
  Entries& Edit();
  static std::uint32_t NextStamp();

  SharedVector<Entry> base_;
  // Most often one entry differs between pods of a template, the index: its position in base_, and what stands there.
  SharedString value_;
  std::uint32_t position_ = kNowhere;
  std::uint32_t stamp_ = 0;
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
  bool empty() const { return names_.empty(); }
  const SharedVector<std::string>& names() const { return names_; }
  // Both have the very same list: what is so of one is so of the other.
  bool SharesWith(const Finalizers& other) const { return names_.SharesWith(other.names_); }

  friend bool operator==(const Finalizers& a, const Finalizers& b) { return a.names_ == b.names_; }

 private:
  SharedVector<std::string> names_;
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

// A text that most often is the beginning of an object's generated name, and then takes no memory of its own:
// generateName, and the host name of a pod of an Indexed Job.
class NameBeginning {
 public:
  NameBeginning() = default;
  NameBeginning(SharedString text) : text_(std::move(text)) {}  // NOLINT(google-explicit-constructor): it is a text

  bool empty() const { return text_.empty(); }
  // The text. REQUIRES: `name` is that of the last TakeFrom, if there was one.
  std::string_view In(const SharedString& name) const;
  // Keeps no text of its own any more if the name begins with it and has few characters more.
  void TakeFrom(const SharedString& name);

 private:
  // The API server appends five characters to generateName; a host name has no dash before them.
  static constexpr std::size_t kSuffix = 5;
  static constexpr std::size_t kMostCut = kSuffix + 1;

  SharedString text_;  // or a control character, which no name has: how many characters less than the name
};

// That an object is to go: at what time, and what is left of its grace period.
struct Deletion {
  std::optional<Time> timestamp;
  std::optional<std::int64_t> grace_period_seconds;
  bool operator==(const Deletion&) const = default;
};

struct ObjectMeta {
  SharedString name;
  NameBeginning generate_name;
  SharedString namespace_;
  Uid uid;
  ResourceVersion resource_version = 0;
  std::int64_t generation = 0;
  model::Compact<Time> creation_timestamp;
  model::Boxed<Deletion> deletion;
  Labels labels;
  Labels annotations;
  // Shared among the pods of one Job: the same owner, the same finalizer.
  SharedVector<OwnerReference> owner_references;
  Finalizers finalizers;
  model::Rest rest;

  bool deleting() const { return deletion && deletion->timestamp; }
  std::optional<Time> deletion_timestamp() const { return deletion ? deletion->timestamp : std::nullopt; }
  std::optional<std::int64_t> deletion_grace_period_seconds() const {
    return deletion ? deletion->grace_period_seconds : std::nullopt;
  }
  Deletion& EditDeletion() { return deletion ? *deletion : deletion.emplace(); }
  bool HasFinalizer(std::string_view finalizer) const { return finalizers.Contains(finalizer); }
  // The one owner with controller: true; null pointer if there is none.
  const OwnerReference* Controller() const;
  // A new list, at another address than the one before.
  void SetOwners(std::vector<OwnerReference> owners) { owner_references = std::move(owners); }
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
