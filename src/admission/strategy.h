// What differs between kinds of objects on the path of a request, which is one (request_path.h): how a body is read,
// what is generated, which rules hold, what the webhooks of a kind say.
//
// Internal to the module. Strategies keep no state but their request; safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admission/admission.h"
#include "admission/validation/errors.h"
#include "document/value.h"

namespace reprieve::admission {

// Which part of an object an update may change: all but the status, or the status alone (the subresource).
enum class Part : std::uint8_t { kMain, kStatus };

// An object between reading and answer, and what was found while reading it.
struct Draft {
  document::Value object;
  // (Job) Defaulting made the Job's labels those of the template: one map under two names.
  bool shares_labels = false;
  std::vector<std::string> warnings;
  std::vector<model::FieldIssue> issues;
  std::optional<Answer> refusal;  // the body can't be read
};

struct KindNames {
  std::string_view kind;       // Job
  std::string_view qualified;  // Job.batch
  std::string_view resource;   // jobs.batch
  std::string_view registry;   // jobs: where the store keeps them
};

// What a create needs.
class CreateStrategy {
 public:
  virtual ~CreateStrategy() = default;

  virtual const KindNames& names() const = 0;

  // `text`: the body as it came; absent: as it would be written.
  virtual Draft Read(const document::Value& raw, std::optional<std::string_view> text) const = 0;

  // Mutating webhooks of a create.
  virtual std::optional<Answer> Mutate(document::Value& object) const = 0;
  // Metadata is prepared already.
  virtual void PrepareForCreate(Draft& draft) const = 0;
  virtual void ValidateCreate(const document::Value& object, FieldErrors& errors) const = 0;
  virtual std::vector<std::string> WarningsOnCreate(const document::Value& object) const = 0;
  // Validating webhooks; `stored` is a null pointer on create.
  virtual std::optional<Answer> Admit(const document::Value& object, const document::Value* stored) const = 0;

  // What a client reads.
  virtual document::Value AsReturned(const document::Value& object) const = 0;
};

// And updates.
class Strategy : public CreateStrategy {
 public:
  // Whose fields say how a strategic merge patch merges; null pointer: the kind takes none.
  virtual const model::Message* patch_message() const = 0;
  // PUT without a resourceVersion means whichever there is.
  virtual bool allows_unconditional_update() const = 0;

  // A stored object after a patch: refusals speak of the patch.
  virtual Draft ReadPatched(const document::Value& patched, const document::Value& stored) const = 0;
  // The stored object in the form of a draft.
  virtual document::Value ReadStored(const document::Value& printed) const = 0;

  // Metadata is prepared already.
  virtual void PrepareForUpdate(document::Value& object, const document::Value& stored, Part part) const = 0;
  virtual bool IsSpecChanged(const document::Value& object, const document::Value& stored) const = 0;

  virtual void ValidateUpdate(const document::Value& object, const document::Value& stored, Part part,
                              FieldErrors& errors) const = 0;
  virtual std::vector<std::string> WarningsOnUpdate(const document::Value& object,
                                                    const document::Value& stored) const = 0;
};

// Copies a member, or its absence.
void KeepMember(const document::Value& from, std::string_view member, document::Value& to);

}  // namespace reprieve::admission
