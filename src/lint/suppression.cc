#include "lint/suppression.h"

#include <algorithm>

#include "base/text.h"
#include "model/jobset_extensions.h"

namespace reprieve::lint {
namespace {

constexpr std::string_view kMarker = "reprieve:ignore";

BadSuppression NoReason(document::Mark mark, std::string_view code) {
  return {mark, Cat(code, " is suppressed here without a reason, so it is reported all the same."),
          "Write after the code why the finding does not matter here."};
}

BadSuppression NoSuchCode(document::Mark mark, std::string_view word) {
  std::vector<std::string_view> ids;
  for (const CodeFacts& facts : AllCodes()) ids.push_back(facts.id);
  const std::string_view near = NearestWord(word, ids);
  return {
      mark, Cat("There is no code ", word.empty() ? "here" : word, ", so nothing is suppressed."),
      near.empty() || word.empty() ? "Write a code such as RP007, then the reason." : Cat("Did you mean ", near, "?")};
}

// Where a comment begins in a line of YAML; npos: nowhere. A # inside quotes is none.
std::size_t CommentOf(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if ((c == '"' || c == '\'') &&
               (i == 0 || std::string_view(" \t[{,:").find(line[i - 1]) != std::string_view::npos)) {
      quote = c;
    } else if (c == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return i;
    }
  }
  return std::string_view::npos;
}

// "RP007: why", "RP007 why", "RP007 - why".
struct CodeWithReason {
  std::string_view code;
  std::string_view reason;
};
CodeWithReason CodeAndReason(std::string_view text) {
  text = Trim(text);
  const std::size_t end = std::min(text.find_first_of(" \t:"), text.size());
  std::string_view reason = Trim(text.substr(end));
  while (reason.starts_with(':') || reason.starts_with('-')) reason = Trim(reason.substr(1));
  return {text.substr(0, end), reason};
}

bool IsComment(std::string_view line) {
  return Trim(line).starts_with('#');
}

}  // namespace

CommentSuppressions::CommentSuppressions(std::string_view text) {
  if (text.find(kMarker) == std::string_view::npos) return;
  const std::vector<std::string_view> lines = Split(text, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t begin = CommentOf(lines[i]);
    if (begin == std::string_view::npos) continue;
    std::string_view comment = Trim(lines[i].substr(begin + 1));
    if (!comment.starts_with(kMarker)) continue;
    comment.remove_prefix(kMarker.size());
    // A comment on a line of its own is about the next line that is none.
    std::size_t about = i;
    if (IsComment(lines[i])) {
      while (about + 1 < lines.size() && (IsComment(lines[about]) || Trim(lines[about]).empty())) ++about;
    }
    Read(comment, {static_cast<std::uint32_t>(i + 1), static_cast<std::uint32_t>(begin + 1)},
         static_cast<std::uint32_t>(about + 1));
  }
}

void CommentSuppressions::Read(std::string_view comment, document::Mark mark, std::uint32_t applies_to) {
  const auto [codes, reason] = CodeAndReason(comment);
  for (const std::string_view word : Split(codes, ',')) {
    const auto code = CodeNamed(word);
    if (!code) {
      bad_.push_back(NoSuchCode(mark, word));
    } else if (reason.empty()) {
      bad_.push_back(NoReason(mark, word));
    } else {
      entries_.push_back({mark, applies_to, *code, false});
    }
  }
}

bool CommentSuppressions::Covers(Code code, std::uint32_t line) {
  bool covers = false;
  for (Entry& entry : entries_) {
    if (entry.code != code || (entry.applies_to != line && entry.mark.line != line)) continue;
    entry.used = covers = true;
  }
  return covers;
}

std::vector<BadSuppression> CommentSuppressions::Bad(bool with_unused) const {
  std::vector<BadSuppression> out = bad_;
  for (const Entry& entry : entries_) {
    if (entry.used || !with_unused) continue;
    out.push_back({entry.mark, Cat("There is no finding ", FactsOf(entry.code).id, " at this line to suppress."),
                   "Remove the comment.", Severity::kInfo});
  }
  return out;
}

AnnotationSuppressions::AnnotationSuppressions(const document::Value& manifest) {
  Read(manifest["metadata"], "");
  Read(manifest["spec"]["jobTemplate"]["metadata"], "spec.jobTemplate.");
  const document::Value& jobs = manifest["spec"]["replicatedJobs"];
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Read(jobs[i]["template"]["metadata"], Cat("spec.replicatedJobs[", i, "].template."));
  }
}

void AnnotationSuppressions::Read(const document::Value& metadata, const std::string& prefix) {
  const document::Value* value = metadata["annotations"].Find(jobset::kLintIgnore);
  if (value == nullptr) return;
  std::string text = value->AsText();
  std::replace(text.begin(), text.end(), '\n', ';');
  for (std::string_view item : Split(text, ';')) {
    item = Trim(item);
    if (item.empty()) continue;
    const auto [word, reason] = CodeAndReason(item);
    const auto code = CodeNamed(word);
    if (!code) {
      bad_.push_back(NoSuchCode(value->mark(), word));
    } else if (reason.empty()) {
      bad_.push_back(NoReason(value->mark(), word));
    } else {
      entries_.push_back({prefix, *code});
    }
  }
}

bool AnnotationSuppressions::Covers(Code code, std::string_view field) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.code == code && field.starts_with(entry.prefix); });
}

}  // namespace reprieve::lint
