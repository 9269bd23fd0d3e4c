// The API server's answer to one request on a Job: decoding, defaulting, generation of names and selectors, validation,
// warnings. `run`, `validate` and `serve` all ask here.
//
// Source: spec/job.md 1.4 to 1.10, 10, 11; the recordings of admission.jsonl. Time, UIDs, random suffixes and the
// server's version come in as arguments. Pure: no clock, no randomness, no store; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "document/value.h"
#include "model/decode.h"
#include "model/kubernetes_version.h"
#include "model/time_zones.h"

namespace reprieve::admission {

struct Cause {
  std::string reason;      // FieldValueInvalid
  std::string message;     // Invalid value: -1: must be ...
  std::string field;       // spec.parallelism
  std::string place = {};  // where users correct it, if `field` does not say
};

// What comes back. With 200 and 201 there is an object, else a message.
struct Answer {
  int code = 0;
  document::Value object;  // as printed
  std::string reason;      // Invalid, BadRequest, Conflict; empty where the server gives none
  std::string message;
  std::vector<Cause> causes;
  std::vector<std::string> warnings;
  // For the user's file: unknown and repeated fields with their places, and the place of a value of the wrong type
  // (line 0: none). The place of a cause is Locate's to find (document/locate.h).
  std::vector<model::FieldIssue> issues;
  document::Mark mark;

  bool ok() const { return code == 200 || code == 201; }
};

struct Request {
  std::string_view name_space = "default";
  // Ignore, Warn or Strict; empty is Warn.
  std::string_view field_validation;
  // For creates: the new object's UID and time, and the characters after a generateName.
  std::string_view uid;
  std::string_view name_suffix;
  Time now;
  model::KubernetesVersion version = {};
  // Of CronJobs: time zones beyond the known ones that a server may have.
  model::HasTimeZone has_time_zone = {};
};

enum class PatchType { kMerge, kJson, kStrategic };

// POST of `body`. The object of the answer has no resourceVersion yet.
[[nodiscard]] Answer CreateJob(std::string_view body, const Request& request);
[[nodiscard]] Answer CreateJob(const document::Value& body, const Request& request);

// PUT of `body` over `stored`, an object of an earlier answer with its resourceVersion. The answer's object keeps that
// version; whoever stores it gives it the next.
[[nodiscard]] Answer UpdateJob(const document::Value& stored, std::string_view body, const Request& request);
[[nodiscard]] Answer UpdateJob(const document::Value& stored, const document::Value& body, const Request& request);
[[nodiscard]] Answer PatchJob(const document::Value& stored, PatchType type, const document::Value& patch,
                              const Request& request);

// The same on the subresource /status: the specification stays, the status changes.
[[nodiscard]] Answer UpdateJobStatus(const document::Value& stored, const document::Value& body,
                                     const Request& request);
[[nodiscard]] Answer PatchJobStatus(const document::Value& stored, PatchType type, const document::Value& patch,
                                    const Request& request);

}  // namespace reprieve::admission
