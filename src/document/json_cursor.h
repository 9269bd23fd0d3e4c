// JsonCursor: goes through JSON text value by value, without a tree, for readers that know what they look for.
//
//   if (in.BeginObject()) {
//     std::string_view key;
//     while (in.NextMember(key)) {
//       if (key == "name") name = in.ReadText(); else in.Skip();
//     }
//   }
//
// After NextMember or NextItem has said true, exactly one value is read or skipped. Once the text is no JSON (ok()
// says so) everything reads as nothing and every loop ends; what was read until then is not to be used. What one does
// not ask for is looked at as far as grammar goes: a text that was read to its End is one that ParseJson takes, and an
// error is told in the same words. Nesting is bounded as there. Pure; one owner, and the text must outlive it.
#pragma once

#include <string>
#include <string_view>

#include "document/json_lexer.h"
#include "document/value.h"

namespace reprieve::document {

class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text);

  bool ok() const { return lexer_.failure().empty(); }
  // Empty: nothing is wrong.
  const std::string& error() const { return lexer_.failure(); }

  // Of the value that comes; null if there is none.
  Value::Kind Peek();

  // False: it is something else, and has been skipped.
  bool BeginObject() { return Begin('{'); }
  bool BeginArray() { return Begin('['); }
  // False: that was the last. `key` is valid until the next call.
  bool NextMember(std::string_view& key);
  bool NextItem();

  // The text of a string or a number, as Value::AsText has it; anything else is skipped and reads as "". Valid until
  // the next call.
  std::string_view ReadText();
  // True of `true` alone.
  bool ReadBool();
  // The value as a tree. Its marks mean nothing.
  Value ReadValue();
  void Skip();
  // The text of the value, which is skipped.
  std::string_view Raw();

  // Nothing but white space may follow the value that was the whole.
  void End();

 private:
  bool Begin(char bracket);
  void SkipScalar();
  void SkipKey();
  void CloseSkipped();

  JsonLexer lexer_;
  bool first_ = false;     // of a container that has just begun
  std::size_t depth_ = 0;  // containers that are open
  std::string decoded_;    // of the last key or text that is not written as it is meant
  std::string skipped_;    // brackets that are open in what is skipped
};

}  // namespace reprieve::document
