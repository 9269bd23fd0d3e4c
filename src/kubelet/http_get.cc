#include "kubelet/http_get.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

constexpr std::size_t kMaxHead = std::size_t{64} << 10;
constexpr std::size_t kMaxBody = std::size_t{10} << 10;
constexpr std::string_view kHeadEnd = "\r\n\r\n";
// Servers recognise a kubelet's probes by this.
constexpr std::string_view kUserAgent = "kube-probe/1.37 (reprieve)";

std::string Authority(const HttpGet& get) {
  const bool v6 = get.host.find(':') != std::string::npos;
  return v6 ? Cat("[", get.host, "]:", get.port) : Cat(get.host, ":", get.port);
}

// The path, escaped so that it can't end the request line, without its fragment.
std::string Target(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  path = path.substr(0, path.find('#'));
  std::string out = path.starts_with('/') ? "" : "/";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f) {
      out.push_back(c);
    } else {
      AppendTo(out, '%', kHex[byte >> 4], kHex[byte & 15]);
    }
  }
  return out;
}

// Keeps a header value from starting another field.
std::string OneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  return text;
}

}  // namespace

std::string HttpGet::Url() const {
  return Cat(tls ? "https://" : "http://", Authority(*this), Target(path));
}

std::string HttpGet::Request() const {
  std::string fields;
  std::string host_field = Authority(*this);
  bool has_agent = false;
  bool has_accept = false;
  for (const core::HttpHeader& header : headers) {
    const std::string name = ToLower(header.name);
    has_agent |= name == "user-agent";
    has_accept |= name == "accept";
    if (name == "host") {
      host_field = OneLine(header.value);
    } else if (!header.value.empty()) {
      AppendTo(fields, header.name, ": ", OneLine(header.value), "\r\n");
    }
  }
  if (!has_agent) AppendTo(fields, "User-Agent: ", kUserAgent, "\r\n");
  if (!has_accept) AppendTo(fields, "Accept: */*\r\n");
  return Cat("GET ", Target(path), " HTTP/1.1\r\nHost: ", host_field, "\r\n", fields, "Connection: close\r\n\r\n");
}

std::optional<HttpGet> HttpGet::Redirected(std::string_view location) const {
  HttpGet out = *this;
  for (const std::string_view scheme : {"http:", "https:"}) {
    if (ToLower(location.substr(0, scheme.size() + 2)) != Cat(scheme, "//")) continue;
    location.remove_prefix(scheme.size());
    out.tls = scheme == "https:";
  }
  if (location.starts_with("//")) {
    location.remove_prefix(2);
    const std::string_view authority = location.substr(0, location.find_first_of("/?#"));
    location.remove_prefix(authority.size());
    out.path = std::string(location);
    // The port is what follows the last colon, unless that is inside an IPv6 address.
    const std::size_t colon = authority.rfind(':');
    const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
    std::string_view name = has_port ? authority.substr(0, colon) : authority;
    if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
    if (ToLower(name) != host && !(host == "127.0.0.1" && ToLower(name) == "localhost")) return std::nullopt;
    const auto number =
        has_port ? ParseInt32(authority.substr(colon + 1)) : std::optional<std::int32_t>(out.tls ? 443 : 80);
    if (!number || *number < 1 || *number > 65535) return std::nullopt;
    out.port = static_cast<std::uint16_t>(*number);
    return out;
  }
  if (location.substr(0, location.find_first_of("/?#")).find(':') != std::string_view::npos) return std::nullopt;
  if (location.starts_with('/')) {
    out.path = std::string(location);
    return out;
  }
  // Relative to the page with the redirect.
  const std::string target = Target(path);
  const std::string_view here = std::string_view(target).substr(0, target.find('?'));
  out.path = location.starts_with('?') ? Cat(here, location) : Cat(here.substr(0, here.rfind('/') + 1), location);
  return out;
}

HttpAnswer::State HttpAnswer::Read(std::string_view bytes) {
  (status_ == 0 ? head_ : body_).append(bytes);
  return status_ == 0 ? ReadHead() : ReadBody();
}

HttpAnswer::State HttpAnswer::End() {
  // Without a length the body ends with the connection; with one, part of it is missing.
  return status_ != 0 && !length_ && !chunked_ ? State::kComplete : State::kBroken;
}

bool HttpAnswer::IsRedirect() const {
  constexpr int kRedirects[] = {301, 302, 303, 307, 308};
  return !location_.empty() && std::find(std::begin(kRedirects), std::end(kRedirects), status_) != std::end(kRedirects);
}

HttpAnswer::State HttpAnswer::ReadHead() {
  const std::size_t end = head_.find(kHeadEnd);
  if (end == std::string::npos) return head_.size() > kMaxHead ? State::kBroken : State::kReading;
  const auto lines = Split(std::string_view(head_).substr(0, end), '\n');
  const std::string_view first = Trim(lines.front());
  const std::size_t space = first.find(' ');
  if (!first.starts_with("HTTP/1.") || space == std::string_view::npos) return State::kBroken;
  const auto status = ParseInt32(first.substr(space + 1, 3));
  if (!status || *status < 100) return State::kBroken;
  std::string rest = head_.substr(end + kHeadEnd.size());
  if (*status < 200 && *status != 101) {
    // An interim response; the final one follows.
    head_.clear();
    return Read(rest);
  }
  for (std::size_t i = 1; i < lines.size(); ++i) ReadField(lines[i]);
  status_ = *status;
  body_ = std::move(rest);
  if (status_ == 101 || status_ == 204 || status_ == 304) length_ = 0;
  return ReadBody();
}

void HttpAnswer::ReadField(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = ToLower(line.substr(0, colon));
  const std::string_view value = Trim(line.substr(colon + 1));
  if (name == "location") location_ = std::string(value);
  if (name == "transfer-encoding") chunked_ = ToLower(value).find("chunked") != std::string::npos;
  if (name == "content-length") {
    const auto length = ParseInt64(value);
    if (length && *length >= 0) length_ = static_cast<std::size_t>(*length);
  }
}

HttpAnswer::State HttpAnswer::ReadBody() {
  if (body_.size() >= kMaxBody) return State::kComplete;
  if (chunked_) {
    const bool last = body_.starts_with("0\r\n") || body_.ends_with("\r\n0\r\n\r\n");
    return last ? State::kComplete : State::kReading;
  }
  return length_ && body_.size() >= *length_ ? State::kComplete : State::kReading;
}

}  // namespace reprieve::kubelet
