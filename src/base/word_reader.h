// WordReader: reads a sentence word by word, and says which word is wrong.
//
// For the small languages of incidents and expectations. The first error counts; after it everything reads as empty.
// One owner; the text must outlive it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace reprieve {

// What cannot be read: the word that is wrong, and what was expected.
struct WordError {
  std::string message;
  std::size_t at = 0;  // where in the text the word begins
  std::size_t length = 0;
};

struct Word {
  std::string_view text;
  std::size_t at = 0;
};

class WordReader {
 public:
  explicit WordReader(std::string_view text);

  bool AtEnd() const { return next_ >= words_.size(); }
  // The next word; empty: there is none.
  std::string_view Peek() const { return AtEnd() ? std::string_view() : words_[next_].text; }
  // The next word where it stands, or the end.
  Word Here() const { return AtEnd() ? Word{{}, text_.size()} : words_[next_]; }
  Word Next(std::string_view expected);
  // Takes the word if it is the next one.
  bool Take(std::string_view word);
  // Takes the word, or fails. `expected`: what to say instead of the word.
  bool Expect(std::string_view word, std::string_view expected = {});
  // A time since the beginning.
  Nanoseconds Duration();
  // At least 0.
  std::int64_t Count(std::string_view expected);
  // Nothing may follow.
  void End(std::string_view why);

  // All words up to the next `stop`, or to the end, with one blank between them.
  std::string Phrase(std::string_view stop);
  // Where the last word that was read ends.
  std::size_t read_to() const;

  void Fail(const Word& word, std::string message);
  const std::optional<WordError>& error() const { return error_; }

 private:
  std::string_view text_;
  std::vector<Word> words_;
  std::size_t next_ = 0;
  std::optional<WordError> error_;
};

}  // namespace reprieve
