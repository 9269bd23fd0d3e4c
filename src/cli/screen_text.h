// Text made fit for a screen: control characters made visible, columns counted, lines broken between words.
//
// Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace reprieve::cli {

// Control characters and bytes that are no UTF-8 as \n, \t, \x1b: nothing that a program wrote can steer a terminal.
std::string Escaped(std::string_view text);
// A line of a program's output, as a terminal would show it: without its colours, after a carriage return only what
// overwrites the rest; tabs stay. All else as Escaped.
std::string EscapedOutput(std::string_view line);

// How many columns a terminal needs for it. REQUIRES: no control characters.
std::size_t ColumnsOf(std::string_view text);
std::string Padded(std::string text, std::size_t columns);
// At most so many columns; what is too long ends in … after a whole word, if a word ends in the last half.
std::string Cut(std::string_view text, std::size_t columns);
// Lines of at most so many columns, broken between words; a longer word has a line of its own. All but the first begin
// with `indent`.
std::vector<std::string> Wrap(std::string_view text, std::size_t columns, std::string_view indent);

}  // namespace reprieve::cli
