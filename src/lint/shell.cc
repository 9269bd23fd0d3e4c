#include "lint/shell.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace reprieve::lint {
namespace {

struct Token {
  bool is_operator = false;
  std::string text;  // of a word, without its quotes
  std::size_t begin = 0;
  std::size_t end = 0;
  bool quoted = false;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> Run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\r') {
        ++at_;
      } else if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') {
        at_ += 2;
      } else if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == '<' || c == '>') {
        Redirection();
      } else if (std::string_view(";\n&|()").find(c) != std::string_view::npos) {
        Operator();
      } else {
        Word();
      }
    }
    return std::move(out_);
  }

 private:
  bool At(std::string_view word) const { return text_.substr(at_).starts_with(word); }

  void Operator() {
    if (At("&>")) return Redirection();
    std::string_view op = text_.substr(at_, 1);
    for (const std::string_view longer : {"&&", "||", ";;", "|&"}) {
      if (At(longer)) op = longer;
    }
    out_.push_back({true, std::string(op), at_, at_ + op.size()});
    at_ += op.size();
    if (op == "\n") SkipHereDocuments();
  }

  // It, and the word after it, which is no argument. A number before it was taken as a word.
  void Redirection() {
    if (!out_.empty() && !out_.back().is_operator && out_.back().end == at_ &&
        std::all_of(out_.back().text.begin(), out_.back().text.end(), IsDigit)) {
      out_.pop_back();
    }
    const bool here = At("<<") && !At("<<<");
    while (at_ < text_.size() && std::string_view("<>&|-").find(text_[at_]) != std::string_view::npos) ++at_;
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    if (at_ < text_.size() && text_[at_] == '(') return;  // <(command)
    const std::size_t words = out_.size();
    if (at_ < text_.size() && text_[at_] != '\n') Word();
    if (out_.size() > words) {
      if (here) here_documents_.push_back(out_.back().text);
      out_.pop_back();
    }
  }

  void SkipHereDocuments() {
    for (const std::string& end : here_documents_) {
      while (at_ < text_.size()) {
        const std::size_t stop = std::min(text_.find('\n', at_), text_.size());
        const std::string_view line = Trim(text_.substr(at_, stop - at_));
        at_ = std::min(stop + 1, text_.size());
        if (line == end) break;
      }
    }
    here_documents_.clear();
  }

  void Word() {
    Token word;
    word.begin = at_;
    while (at_ < text_.size() && std::string_view(" \t\r\n;&|()<>").find(text_[at_]) == std::string_view::npos) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        word.text += text_[at_ + 1];
        at_ += 2;
      } else if (c == '\'') {
        Take(std::min(text_.find('\'', at_ + 1), text_.size() - 1), word.text);
        word.quoted = true;
      } else if (c == '"') {
        DoubleQuotes(word.text);
        word.quoted = true;
      } else if (c == '`') {
        const std::size_t end = std::min(text_.find('`', at_ + 1), text_.size() - 1);
        word.text += text_.substr(at_, end + 1 - at_);
        at_ = end + 1;
      } else if (c == '$' && at_ + 1 < text_.size() && (text_[at_ + 1] == '(' || text_[at_ + 1] == '{')) {
        Balanced(word.text);
      } else {
        word.text += c;
        ++at_;
      }
    }
    if (at_ == word.begin) ++at_;
    word.end = at_;
    out_.push_back(std::move(word));
  }

  // What stands between this quote and the one at `end`.
  void Take(std::size_t end, std::string& out) {
    if (end > at_) out += text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
  }

  void DoubleQuotes(std::string& out) {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        out += text_[at_ + 1];
        at_ += 2;
      } else if (text_[at_] == '$' && at_ + 1 < text_.size() && text_[at_ + 1] == '(') {
        Balanced(out);
      } else {
        out += text_[at_++];
      }
    }
    at_ = std::min(at_ + 1, text_.size());
  }

  // $( ... ) or ${ ... }, nested or not.
  void Balanced(std::string& out) {
    const std::size_t begin = at_;
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '(' || c == '{') ++depth;
      if ((c == ')' || c == '}') && --depth == 0) {
        ++at_;
        break;
      }
    }
    out += text_.substr(begin, at_ - begin);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Token> out_;
  std::vector<std::string> here_documents_;
};

constexpr std::array<std::string_view, 6> kOpens = {"if", "while", "until", "for", "case", "select"};
constexpr std::array<std::string_view, 3> kCloses = {"fi", "done", "esac"};

bool Contains(const auto& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), tokens_(Lexer(text).Run()) {}

  ShellScript Run() {
    FindTraps();
    NewList();
    while (at_ < tokens_.size()) Step();
    while (!out_.lists.empty() && out_.lists.back().pipelines.empty()) out_.lists.pop_back();
    return std::move(out_);
  }

 private:
  void FindTraps() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].is_operator || tokens_[i].text != "trap") continue;
      ShellCommand& trap = out_.traps.emplace_back();
      for (; i < tokens_.size() && !tokens_[i].is_operator; ++i) trap.words.push_back(tokens_[i].text);
    }
  }

  void Step() {
    const Token& token = tokens_[at_];
    if (!token.is_operator) return Command();
    ++at_;
    if (token.text == "(") {
      --at_;
      Compound();
    } else if (token.text == "|" || token.text == "|&") {
      joins_ = true;
    } else if (token.text == "&&" || token.text == "||") {
      and_ = token.text == "&&";
      or_ = !and_;
    } else if (token.text == "\n" && (and_ || or_ || joins_)) {
      // The list goes on in the next line.
    } else if (token.text != ")") {
      if (token.text == "&" && !out_.lists.back().pipelines.empty()) out_.lists.back().background = true;
      NewList();
    }
  }

  void NewList() {
    if (out_.lists.empty() || !out_.lists.back().pipelines.empty()) out_.lists.emplace_back();
    and_ = or_ = joins_ = false;
  }

  void Add(ShellCommand command) {
    ShellList& list = out_.lists.back();
    if (!joins_ || list.pipelines.empty()) {
      ShellPipeline& pipeline = list.pipelines.emplace_back();
      pipeline.after_and = and_;
      pipeline.after_or = or_;
    }
    list.pipelines.back().commands.push_back(std::move(command));
    and_ = or_ = joins_ = false;
  }

  void Command() {
    const std::string& word = tokens_[at_].text;
    if (!tokens_[at_].quoted && (Contains(kOpens, word) || word == "{" || word == "[[")) return Compound();
    if (word == "!" && !tokens_[at_].quoted) ++at_;
    if (word == "function" || IsFunction()) return Function();
    ShellCommand command;
    while (at_ < tokens_.size() && !tokens_[at_].is_operator) command.words.push_back(tokens_[at_++].text);
    if (command.words.empty()) return;
    Add(std::move(command));
  }

  // name() { ... }
  bool IsFunction() const {
    return at_ + 2 < tokens_.size() && tokens_[at_ + 1].is_operator && tokens_[at_ + 1].text == "(" &&
           tokens_[at_ + 2].is_operator && tokens_[at_ + 2].text == ")";
  }

  void Function() {
    if (tokens_[at_].text == "function") ++at_;
    const std::string name = at_ < tokens_.size() ? tokens_[at_].text : std::string();
    ++at_;
    while (at_ < tokens_.size() && tokens_[at_].is_operator) ++at_;
    const std::size_t begin = at_ < tokens_.size() ? tokens_[at_].begin : text_.size();
    Skip();
    const std::size_t end = at_ > 0 && at_ <= tokens_.size() ? tokens_[at_ - 1].end : text_.size();
    out_.functions[name] = std::string(text_.substr(begin, end > begin ? end - begin : 0));
    ShellCommand command;
    command.function = true;
    Add(std::move(command));
  }

  void Compound() {
    Skip();
    Add({});
  }

  // Passes over one compound command, to the word or bracket that closes it.
  void Skip() {
    int depth = 0;
    bool first = true;  // a word here would be a command
    for (; at_ < tokens_.size(); ++at_) {
      const Token& token = tokens_[at_];
      if (token.is_operator) {
        if (token.text == "(") ++depth;
        // ) also ends a pattern of a case, which nothing opened.
        if (token.text == ")" && depth > 0 && !in_case_) --depth;
        first = true;
      } else if (!token.quoted) {
        const bool opens = first && (Contains(kOpens, token.text) || token.text == "{" || token.text == "[[");
        if (opens) {
          ++depth;
          if (token.text == "case") in_case_ = true;
        } else if ((first && (Contains(kCloses, token.text) || token.text == "}")) || token.text == "]]") {
          if (token.text == "esac") in_case_ = false;
          --depth;
        }
        first = token.text == "then" || token.text == "do" || token.text == "else" || token.text == "elif" ||
                token.text == "{" || token.text == "!" ||
                (first && opens && token.text != "for" && token.text != "case");
      } else {
        first = false;
      }
      if (depth <= 0) {
        ++at_;
        return;
      }
    }
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  ShellScript out_;
  bool and_ = false;
  bool or_ = false;
  bool joins_ = false;
  bool in_case_ = false;
};

}  // namespace

ShellScript ParseShell(std::string_view text) {
  return Parser(text).Run();
}

std::optional<ShellCall> ReadShellCall(const std::vector<std::string>& arguments) {
  constexpr std::array<std::string_view, 6> kShells = {"sh", "bash", "dash", "ash", "zsh", "ksh"};
  std::size_t at = 0;
  const auto name = [&] {
    return at < arguments.size() ? arguments[at].substr(arguments[at].rfind('/') + 1) : std::string();
  };
  // env bash -c, tini -- sh -c
  while (name() == "env" || name() == "tini" || name() == "dumb-init" || name() == "--") ++at;
  if (!Contains(kShells, name())) return std::nullopt;
  ShellCall out;
  out.shell = name();
  bool command = false;
  for (++at; at < arguments.size(); ++at) {
    const std::string& word = arguments[at];
    if (word.size() < 2 || (word[0] != '-' && word[0] != '+') || word == "--") break;
    if (word.starts_with("--")) continue;
    for (const char flag : word.substr(1)) {
      if (flag == 'c') command = true;
      if (flag == 'e') out.errexit = word[0] == '-';
      if (flag != 'o' || at + 1 >= arguments.size()) continue;
      const std::string& option = arguments[++at];
      if (option == "pipefail") out.pipefail = true;
      if (option == "errexit") out.errexit = true;
      break;
    }
  }
  if (at < arguments.size() && arguments[at] == "--") ++at;
  if (!command || at >= arguments.size()) return std::nullopt;
  out.script = at;
  return out;
}

}  // namespace reprieve::lint
