// Findings that the manifest's author has seen and wants kept quiet, each with the reason.
//
//   values: [137]  # reprieve:ignore RP007 memory is never short here
//   # reprieve:ignore RP007,RP016 on the line above does the same
//   metadata: {annotations: {reprieve.dev/lint-ignore: "RP007: memory is never short here; RP016: ..."}}
//
// The annotation of a Job or a JobSet holds for all of it, that of a Job template for the template. Without a reason
// nothing is suppressed. One owner, no lock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "document/value.h"
#include "lint/code.h"

namespace reprieve::lint {

// What is wrong with a suppression.
struct BadSuppression {
  document::Mark mark;
  std::string why;
  std::string change;
  Severity severity = Severity::kWarning;
};

// The comments of one file.
class CommentSuppressions {
 public:
  explicit CommentSuppressions(std::string_view text);

  // Whether a finding of this code at that line is suppressed.
  bool Covers(Code code, std::uint32_t line);
  // Those that can't be read; `with_unused`: and those that nothing asked for.
  std::vector<BadSuppression> Bad(bool with_unused) const;

 private:
  struct Entry {
    document::Mark mark;
    std::uint32_t applies_to = 0;  // this line too
    Code code{};
    bool used = false;
  };
  void Read(std::string_view comment, document::Mark mark, std::uint32_t applies_to);

  std::vector<Entry> entries_;
  std::vector<BadSuppression> bad_;
};

// The annotations of one Job or JobSet.
class AnnotationSuppressions {
 public:
  explicit AnnotationSuppressions(const document::Value& manifest);

  // Whether a finding of this code about that field is suppressed.
  bool Covers(Code code, std::string_view field) const;
  const std::vector<BadSuppression>& bad() const { return bad_; }

 private:
  struct Entry {
    std::string prefix;  // of the fields that it is about
    Code code{};
  };
  void Read(const document::Value& metadata, const std::string& prefix);

  std::vector<Entry> entries_;
  std::vector<BadSuppression> bad_;
};

}  // namespace reprieve::lint
