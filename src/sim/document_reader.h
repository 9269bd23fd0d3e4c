// DocumentReader: reads the fields of policy tests and scenarios, and notes all that is wrong with them.
//
// Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "document/value.h"

namespace reprieve::sim {

struct DocumentError {
  document::Mark mark;
  std::string path;  // cases[1].when[0]
  std::string message;
  std::string advice;
};

// Something of the file, and where it stands.
template <class T>
struct Placed {
  T value;
  document::Mark mark;
};

// The place of a word of a sentence, whose mark is that of its first character.
inline document::Mark WordAt(document::Mark sentence, std::size_t at) {
  return {sentence.line, sentence.column + static_cast<std::uint32_t>(at)};
}

class DocumentReader {
 public:
  // What is wrong is added to `errors`, in the order in which it is found.
  explicit DocumentReader(std::vector<DocumentError>& errors) : errors_(errors) {}

  void Fail(document::Mark mark, std::string path, std::string message, std::string advice = {});

  // False: it is no object, and that was said. Fields that are not among these, or are there twice, are errors.
  bool IsObject(const document::Value& value, const std::string& path, std::initializer_list<std::string_view> fields);
  bool IsArray(const document::Value& value, const std::string& path, std::string_view of);

  // Empty: it is no text, and that was said.
  std::string Text(const document::Value& value, const std::string& path, std::string_view expected);
  // 10s, 1m30s, 2h, 30d.
  std::optional<Nanoseconds> Duration(const document::Value& value, const std::string& path);
  std::optional<double> Number(const document::Value& value, const std::string& path, double least, double most);
  std::optional<std::int64_t> Count(const document::Value& value, const std::string& path, std::int64_t least,
                                    std::int64_t most);

  // The same of a member, if it is there.
  void Read(const document::Value& object, std::string_view name, const std::string& path, Nanoseconds& out);
  void Read(const document::Value& object, std::string_view name, const std::string& path, double least, double most,
            double& out);
  void Read(const document::Value& object, std::string_view name, const std::string& path, std::int64_t least,
            std::int64_t most, std::int32_t& out);

 private:
  std::vector<DocumentError>& errors_;
};

}  // namespace reprieve::sim
