// What is read straight from text is what is read through a tree: of every object of the recordings, and of others made
// from them at random.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/text.h"
#include "model/decode.h"
#include "model/read.h"
#include "property/decode_through_tree.h"

namespace reprieve {
namespace {

using document::Value;

constexpr int kRandom = 500;

void Collect(const Value& value, std::vector<Value>& out) {
  if (value.IsObject()) out.push_back(value);
  for (const Value& item : value.items()) Collect(item, out);
  for (const Value::Member& member : value.members()) Collect(member.value, out);
}

// Each object of each recording once.
const std::vector<Value>& Recorded() {
  static const std::vector<Value> objects = [] {
    std::vector<Value> all;
    for (const auto& file : std::filesystem::recursive_directory_iterator(REPRIEVE_RECORDINGS)) {
      if (file.path().extension() != ".jsonl") continue;
      std::ifstream lines(file.path());
      int number = 0;
      for (std::string line; std::getline(lines, line);) {
        // Neighbours are much the same.
        if (number++ % 31 != 0) continue;
        if (const auto parsed = document::ParseJson(line); parsed.ok()) Collect(*parsed, all);
      }
    }
    return all;
  }();
  return objects;
}

using model::Read;
using model::ToValue;

template <class T>
std::string Bound(const Value& value) {
  return document::WriteJson(ToValue(model::Bind<T>(value)));
}

template <class T>
std::string FromText(std::string_view text) {
  document::JsonCursor in(text);
  T out;
  Read(in, out);
  in.End();
  return in.ok() ? document::WriteJson(ToValue(out)) : in.error();
}

template <class T>
void Same(const std::string& text, const Value& parsed) {
  EXPECT_EQ(FromText<T>(text), Bound<T>(parsed)) << text;
}

// Whatever the object is: what does not fit must read the same, too.
void AllSame(const std::string& text) {
  const auto parsed = document::ParseJson(text);
  ASSERT_TRUE(parsed.ok()) << text;
  Same<batch::JobSpec>(text, *parsed);
  Same<batch::JobStatus>(text, *parsed);
  Same<core::PodSpec>(text, *parsed);
  Same<core::PodStatus>(text, *parsed);
  Same<core::PodTemplateSpec>(text, *parsed);
  Same<core::Container>(text, *parsed);
  Same<core::ContainerStatus>(text, *parsed);
  Same<jobset::JobSetSpec>(text, *parsed);
  Same<jobset::JobSetStatus>(text, *parsed);
  Same<meta::ObjectMeta>(text, *parsed);
  Same<meta::Labels>(text, *parsed);
  Same<meta::LabelSelector>(text, *parsed);
}

void ClusterObjectsSame(kube::Decoder& decoder, const std::string& text) {
  EXPECT_EQ(testing::JobFromText(decoder, text), testing::FromParsed(text, testing::JobThroughTree)) << text;
  EXPECT_EQ(testing::PodFromText(decoder, text), testing::FromParsed(text, testing::PodThroughTree)) << text;
}

// The same object with some members exchanged, repeated, or of another kind.
class Mutation {
 public:
  explicit Mutation(Random& random) : random_(random) {}

  Value Of(const Value& value, int depth = 0) {
    if (Once(depth == 0 ? 1000 : 40)) return Other();
    if (value.IsArray()) {
      Value out = Value::MakeArray();
      for (const Value& item : value.items()) {
        if (!Once(20)) out.Append(Of(item, depth + 1));
      }
      return out;
    }
    if (!value.IsObject()) return value;
    Value out = Value::MakeObject();
    for (const Value::Member& member : value.members()) {
      if (Once(30)) continue;
      out.members().push_back({Once(30) ? "unknown" : member.key, Of(member.value, depth + 1), {}});
      if (Once(12)) out.members().push_back({member.key, Once(2) ? Other() : Of(member.value, depth + 1), {}});
    }
    if (Once(15)) out.members().push_back({"metadata", Other(), {}});
    return out;
  }

 private:
  bool Once(std::int64_t in) { return random_.Between(1, in) == 1; }
  Value Other() {
    switch (random_.Between(0, 8)) {
      case 0:
        return Value::Null();
      case 1:
        return Value::Bool(true);
      case 2:
        return Value::Int(random_.Between(-3, 3000000000));
      case 3:
        return Value::Number("1.5");
      case 4:
        return Value::String("12");
      case 5:
        return Value::String("2024-02-03T04:05:06Z \" \\ \xC3\xA9 <");
      case 6:
        return Value::MakeArray({Value::Null(), Value::String("x"), Value::MakeObject()});
      case 7:
        return Value::MakeArray();
      default:
        return Recorded()[static_cast<std::size_t>(
            random_.Between(0, static_cast<std::int64_t>(Recorded().size()) - 1))];
    }
  }

  Random& random_;
};

TEST(Decoding, OfEveryRecordedObjectIsTheSameFromTextAndThroughATree) {
  ASSERT_GT(Recorded().size(), 1000U);
  kube::Decoder decoder;
  for (std::size_t i = 0; i < Recorded().size() && !HasFailure(); i += 3) {
    const std::string text = document::WriteJson(Recorded()[i]);
    AllSame(text);
    ClusterObjectsSame(decoder, text);
  }
}

TEST(Decoding, OfEveryRecordedJobSetIsTheSameFromTextAndThroughATree) {
  kube::Decoder decoder;
  int jobsets = 0;
  for (const Value& object : Recorded()) {
    if (object["kind"].AsText() != "JobSet" || model::Decode(object, model::JobSetMessage()).error) continue;
    const std::string text = document::WriteJson(object);
    ASSERT_EQ(testing::JobSetFromText(decoder, text), testing::FromParsed(text, testing::JobSetThroughTree)) << text;
    ++jobsets;
  }
  EXPECT_GT(jobsets, 5);
}

TEST(Decoding, OfRandomObjectsIsTheSameFromTextAndThroughATree) {
  const char* given = std::getenv("REPRIEVE_SEED");
  const std::uint64_t seed = given == nullptr ? 20261130 : std::strtoull(given, nullptr, 10);
  SCOPED_TRACE(Cat("REPRIEVE_SEED=", seed));
  Random random(seed);
  Mutation mutation(random);
  kube::Decoder decoder;
  std::vector<const Value*> large;  // such as have something to change
  for (const Value& object : Recorded()) {
    if (object.size() > 2 && object["spec"].size() + object["status"].size() > 2) large.push_back(&object);
  }
  ASSERT_GT(large.size(), 30U);
  for (int i = 0; i < kRandom && !HasFailure(); ++i) {
    const Value& object =
        *large[static_cast<std::size_t>(random.Between(0, static_cast<std::int64_t>(large.size()) - 1))];
    const Value mutated = mutation.Of(object);
    ClusterObjectsSame(decoder, document::WriteJson(mutated));
    for (const char* part : {"spec", "status", "metadata"}) {
      if (const Value* value = mutated.Find(part)) AllSame(document::WriteJson(*value));
    }
  }
}

}  // namespace
}  // namespace reprieve
