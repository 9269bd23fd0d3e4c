#include "vectors/vectors.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "document/yaml.h"

namespace reprieve::vectors {
namespace {

class VectorTest : public testing::Test {
 public:
  VectorTest(Check check, document::Value entry) : check_(check), entry_(std::move(entry)) {}
  void TestBody() override {
    SCOPED_TRACE(Cat(entry_["name"].AsText(), " (line ", entry_.mark().line, ")"));
    check_(entry_["input"], entry_["expect"]);
  }

 private:
  Check check_;
  document::Value entry_;
};

std::string TestName(std::string_view sentence) {
  std::string name;
  for (const char c : sentence) name += IsAlnum(c) ? c : '_';
  return name;
}

std::string ReadText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

bool Register(const VectorFile& file) {
  const std::string path = Cat(REPRIEVE_VECTORS, "/", file.name, ".yaml");
  const auto text = ReadText(path);
  const auto documents = document::ParseYaml(text);
  if (!documents.ok() || (*documents).empty() || (*documents)[0].size() == 0) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), documents.ok() ? "no vectors" : documents.error().message.c_str());
    return false;
  }
  std::size_t number = 0;
  for (const document::Value& entry : (*documents)[0].items()) {
    const std::string name = Cat(TestName(entry["name"].AsText()), "_", ++number);
    testing::RegisterTest(file.name, name.c_str(), nullptr, nullptr, path.c_str(), static_cast<int>(entry.mark().line),
                          [check = file.check, entry]() -> testing::Test* { return new VectorTest(check, entry); });
  }
  return true;
}

}  // namespace

document::Value Normal(const document::Value& value) {
  document::Value out = value;
  if (out.IsArray()) {
    for (document::Value& item : out.items()) item = Normal(item);
  }
  if (out.IsObject()) {
    for (auto& member : out.members()) member.value = Normal(member.value);
    std::sort(out.members().begin(), out.members().end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  }
  return out;
}

int RunAll(int argc, char** argv, std::span<const VectorFile> files) {
  testing::InitGoogleTest(&argc, argv);
  for (const VectorFile& file : files) {
    if (!Register(file)) return 1;
  }
  return RUN_ALL_TESTS();
}

}  // namespace reprieve::vectors
