// Kinds that the API server itself serves: how a body becomes an object in Go structures.
//
// Source: the recordings with `raw` bodies; spec/job.md 10.11. Internal to the module. Pure; safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admission/strategy.h"
#include "model/schema.h"

namespace reprieve::admission {

struct BuiltinKind {
  KindNames names;
  std::string_view group;  // batch; empty for the core kinds
  std::string_view version;
  std::string_view message;  // batch/v1.CronJob

  std::string GroupVersion() const;
};

// A draft without defaults, or the text of its refusal.
struct Reading {
  Draft draft;
  std::optional<std::string> fault;
  document::Mark mark;  // of the fault
};
Reading ReadBuiltin(const BuiltinKind& kind, const document::Value& raw, const Request& request);

// The draft of a create or a PUT. `text`: the body as it came; absent: as it would be written.
Draft ReadBuiltinBody(const BuiltinKind& kind, const document::Value& raw, std::optional<std::string_view> text,
                      const Request& request);

Draft Refused(Reading reading, Answer answer);

}  // namespace reprieve::admission
