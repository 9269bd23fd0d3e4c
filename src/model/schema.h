// The API types, described once: which fields a message has, of what type, and how each is read, printed and patched.
//
// Source: src/model/schema/fields.tsv, parsed at first use and never changed after. Decoding, encoding, strict errors,
// patches and dumps all come from here. Immutable; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reprieve::model {

struct Message;

enum class Shape : std::uint8_t {
  kString,
  kBool,
  kInt32,
  kInt64,
  kBytes,
  kQuantity,
  kIntOrString,
  kTime,
  kMicroTime,
  kRaw,  // kept as it is: RawExtension, FieldsV1
  kMessage,
  kList,
  kMap,
};

struct Type {
  Shape shape = Shape::kString;
  bool pointer = false;              // absent when null, printed even when zero
  std::string go_name;               // v1.RestartPolicy, []v1.Container: what a type error calls it
  const Message* message = nullptr;  // of kMessage
  const Type* element = nullptr;     // of kList and kMap
};

// What `run` makes of a field of a pod template.
enum class Support : std::uint8_t {
  kNone,  // it is in no pod template, or below a field that is not honoured
  kHonoured,
  kNoEffect,  // nothing differs for it here
  kWarned,
  kRefused,  // a verdict or the machine's safety could differ
};

struct FieldSupport {
  Support kind = Support::kNone;
  // Why, or what to do; continues a sentence that begins with the field.
  std::string_view reason;
  // Values that ask for nothing else than what pods get.
  std::vector<std::string_view> neutral;
  // Even false, 0 and {} ask for something.
  bool always = false;
  // Only these members are warned of or refused, the others are honoured; empty: all of it.
  std::vector<std::string_view> only;
};

struct Field {
  std::string name;     // in JSON
  std::string go_name;  // in dumps of Go structures
  Type type;
  bool omitempty = false;
  bool omitzero = false;
  bool required = false;  // of custom resources, though Go may leave it out
  // Of strategic merge patches: merged by merge_key (lists of objects) or as a set, or replaced whole.
  bool patch_merge = false;
  bool patch_retain_keys = false;
  std::string merge_key;
  // Of custom resources: a list is a map by these keys, or a set.
  std::vector<std::string> list_map_keys;
  bool list_set = false;
  bool map_atomic = false;  // a map or a structure that is replaced whole
  // The Go structures embedded on the way to the field: Go's type errors name them.
  std::vector<std::string> embedded;
  FieldSupport support;
};

struct Message {
  std::string full_name;      // core/v1.PodSpec
  std::string name;           // PodSpec
  std::vector<Field> fields;  // in the order of printing; fields of embedded structures in their place

  // Null pointer: no such field.
  const Field* Find(std::string_view field) const;

  std::vector<std::uint32_t> by_name;  // indexes of fields, sorted by name
};

// REQUIRES: the table has it ("core/v1.PodSpec").
const Message& GetMessage(std::string_view full_name);
// Null pointer: the table doesn't have it.
const Message* FindMessage(std::string_view full_name);

// How Go calls a package: the last part of its path.
std::string_view PackageName(std::string_view path);

const Message& JobMessage();     // batch/v1.Job
const Message& PodMessage();     // core/v1.Pod
const Message& JobSetMessage();  // jobset.x-k8s.io/v1alpha2.JobSet

}  // namespace reprieve::model
