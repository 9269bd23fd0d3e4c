#include "cli/screen_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"

namespace reprieve::cli {
namespace {

// One character of UTF-8. `size` 0: these bytes are none.
struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;
};

Character FirstOf(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size || !IsValidUtf8(text.substr(0, size))) return {};
  std::uint32_t code = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) code = code << 6 | (byte(i) & 0x3F);
  return {code, size};
}

bool IsControl(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

void AppendEscaped(std::string& out, std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      AppendTo(out, "\\x", kHex[byte >> 4], kHex[byte & 15]);
    }
  }
}

std::string Escape(std::string_view text, bool keep_tabs) {
  // What most lines are.
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7F; })) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const Character character = FirstOf(text);
    const std::size_t size = std::max<std::size_t>(character.size, 1);
    const bool kept = character.size > 0 && (!IsControl(character.code) || (keep_tabs && character.code == '\t'));
    if (kept) {
      out.append(text.substr(0, size));
    } else {
      AppendEscaped(out, text.substr(0, size));
    }
    text.remove_prefix(size);
  }
  return out;
}

// The length of a sequence "ESC [ 1 ; 31 m" at the front of `text`; 0: there is none.
std::size_t ColourSequence(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const std::size_t end = text.find_first_not_of("0123456789;:", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

struct Range {
  std::uint32_t first, last;
};
constexpr std::array kNoColumn = {Range{0x0300, 0x036F}, Range{0x200B, 0x200F}, Range{0xFE00, 0xFE0F}};
constexpr std::array kTwoColumns = {Range{0x1100, 0x115F},   Range{0x2E80, 0xA4CF},   Range{0xAC00, 0xD7A3},
                                    Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},
                                    Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF},
                                    Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

std::size_t ColumnsOf(std::uint32_t code) {
  const auto in = [code](const auto& ranges) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [code](const Range& range) { return code >= range.first && code <= range.last; });
  };
  if (code < 0x300) return 1;
  return in(kNoColumn) ? 0 : in(kTwoColumns) ? 2 : 1;
}

}  // namespace

std::string Escaped(std::string_view text) {
  return Escape(text, /*keep_tabs=*/false);
}

std::string EscapedOutput(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  if (const std::size_t back = line.rfind('\r'); back != std::string_view::npos) line.remove_prefix(back + 1);
  std::string plain;
  for (std::size_t at = line.find('\x1b'); at != std::string_view::npos; at = line.find('\x1b')) {
    const std::size_t colour = ColourSequence(line.substr(at));
    plain.append(line.substr(0, at + (colour > 0 ? 0 : 1)));
    line.remove_prefix(at + std::max<std::size_t>(colour, 1));
  }
  plain.append(line);
  return Escape(plain, /*keep_tabs=*/true);
}

std::size_t ColumnsOf(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character character = FirstOf(text);
    columns += character.size == 0 ? 1 : ColumnsOf(character.code);
    text.remove_prefix(std::max<std::size_t>(character.size, 1));
  }
  return columns;
}

std::string Padded(std::string text, std::size_t columns) {
  const std::size_t has = ColumnsOf(text);
  if (has < columns) text.append(columns - has, ' ');
  return text;
}

std::string Cut(std::string_view text, std::size_t columns) {
  if (ColumnsOf(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t used = 0;
  std::size_t size = 0;
  while (size < text.size()) {
    const Character character = FirstOf(text.substr(size));
    const std::size_t more = character.size == 0 ? 1 : ColumnsOf(character.code);
    if (used + more > columns - 1) break;
    used += more;
    size += std::max<std::size_t>(character.size, 1);
  }
  std::string_view kept = text.substr(0, size);
  const std::size_t word_end = kept.rfind(' ');
  if (size < text.size() && text[size] != ' ' && word_end != std::string_view::npos && word_end * 2 >= size) {
    kept = kept.substr(0, word_end);
  }
  while (kept.ends_with(' ')) kept.remove_suffix(1);
  return Cat(kept, "…");
}

std::vector<std::string> Wrap(std::string_view text, std::size_t columns, std::string_view indent) {
  std::vector<std::string> out;
  std::string line;
  std::size_t used = 0;
  bool has_word = false;
  // What stands before the first word is kept.
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  line.append(text.substr(0, begin));
  used = begin;
  text.remove_prefix(begin);
  std::size_t blanks = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const std::size_t width = ColumnsOf(word);
    if (has_word && used + blanks + width > columns) {
      out.push_back(std::move(line));
      line = indent;
      used = ColumnsOf(indent);
      blanks = 0;
    }
    line.append(blanks, ' ').append(word);
    used += blanks + width;
    has_word = true;
    text.remove_prefix(end);
    blanks = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(blanks);
  }
  out.push_back(std::move(line));
  return out;
}

}  // namespace reprieve::cli
