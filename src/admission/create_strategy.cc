#include "admission/create_strategy.h"

#include "admission/admission_read.h"
#include "admission/request_path.h"
#include "admission/server_behaviour.h"
#include "base/text.h"
#include "model/decode.h"

namespace reprieve::admission {

using document::Value;

namespace {

class RulesStrategy final : public CreateStrategy {
 public:
  RulesStrategy(const CreateRules& rules, const Request& request) : rules_(rules), request_(request) {}

  const KindNames& names() const override { return rules_.kind.names; }

  Draft Read(const Value& raw, std::optional<std::string_view> text) const override {
    Draft draft = ReadBuiltinBody(rules_.kind, raw, text, request_);
    if (!draft.refusal) rules_.set_defaults(draft.object);
    return draft;
  }

  std::optional<Answer> Mutate(Value& object) const override {
    if (rules_.allocate == nullptr) return std::nullopt;
    FieldErrors errors;
    rules_.allocate(object, errors);
    if (errors.empty()) return std::nullopt;
    return InvalidAnswer(Cat(names().qualified, " ", Quote(object["metadata"]["name"].AsText())), errors);
  }

  void PrepareForCreate(Draft& draft) const override { rules_.prepare(draft.object); }

  void ValidateCreate(const Value& object, FieldErrors& errors) const override {
    rules_.validate(object, request_, errors);
    if (BehaviourOf(request_.version).lists_a_cause_once) errors.DropRepeated();
  }

  std::vector<std::string> WarningsOnCreate(const Value& object) const override { return rules_.warnings(object); }

  std::optional<Answer> Admit(const Value& /*object*/, const Value* /*stored*/) const override { return std::nullopt; }

  // Defaulting runs again when the store has given the object back.
  Value AsReturned(const Value& object) const override {
    const model::Message& message = model::GetMessage(rules_.kind.message);
    Value out = model::Stored(object, message);
    out.At("metadata").Remove("managedFields");
    rules_.set_defaults(out);
    return model::Printed(out, message);
  }

 private:
  const CreateRules& rules_;
  const Request& request_;
};

}  // namespace

Answer CreateByRules(const CreateRules& rules, const Value& body, const Request& request) {
  return CreateObject(RulesStrategy(rules, request), body, request);
}

}  // namespace reprieve::admission
