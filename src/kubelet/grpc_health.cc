#include "kubelet/grpc_health.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kFrameHead = 9;
// Larger ones than this no server may send to who has not asked for it.
constexpr std::size_t kMostFrame = 16384;
constexpr std::size_t kMessageHead = 5;
constexpr std::size_t kMostMessage = 4096;

enum Type : std::uint8_t { kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kGoAway = 7 };
enum Flag : std::uint8_t { kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8 };

std::uint8_t ByteAt(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

void AppendFrame(std::uint8_t type, std::uint8_t flags, std::uint8_t stream, std::string_view payload,
                 std::string& out) {
  const std::size_t size = payload.size();
  for (const std::size_t byte : {size >> 16, size >> 8, size}) out.push_back(static_cast<char>(byte & 0xff));
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  out.append(3, '\0').push_back(static_cast<char>(stream));
  out += payload;
}

// RFC 7541 5.1, with a prefix of seven bits.
void AppendLength(std::size_t length, std::string& out) {
  constexpr std::size_t kPrefix = 127;
  if (length < kPrefix) return out.push_back(static_cast<char>(length));
  out.push_back(static_cast<char>(kPrefix));
  for (length -= kPrefix; length >= 128; length /= 128) out.push_back(static_cast<char>(length % 128 + 128));
  out.push_back(static_cast<char>(length));
}

// A literal that is not to be indexed, its name new.
void AppendHeader(std::string_view name, std::string_view value, std::string& out) {
  out.push_back('\0');
  for (const std::string_view text : {name, value}) {
    AppendLength(text.size(), out);
    out += text;
  }
}

// HealthCheckRequest{service}.
std::string RequestMessage(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message.push_back('\x0a');  // field 1, a text
    std::size_t length = service.size();
    for (; length >= 128; length /= 128) message.push_back(static_cast<char>(length % 128 + 128));
    message.push_back(static_cast<char>(length));
    message += service;
  }
  std::string out(1, '\0');  // not compressed
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>(message.size() >> shift & 0xff));
  return out + message;
}

}  // namespace

std::string GrpcHealthRequest(std::string_view authority, std::string_view service) {
  std::string headers;
  AppendHeader(":method", "POST", headers);
  AppendHeader(":scheme", "http", headers);
  AppendHeader(":path", "/grpc.health.v1.Health/Check", headers);
  AppendHeader(":authority", authority, headers);
  AppendHeader("te", "trailers", headers);
  AppendHeader("content-type", "application/grpc", headers);
  AppendHeader("user-agent", "kube-probe/1.37 (reprieve)", headers);
  std::string out(kPreface);
  AppendFrame(kSettings, 0, 0, {}, out);
  AppendFrame(kHeaders, kEndHeaders, 1, headers, out);
  AppendFrame(kData, kEndStream, 1, RequestMessage(service), out);
  return out;
}

GrpcHealthAnswer::State GrpcHealthAnswer::Read(std::string_view bytes, std::string& reply) {
  unread_ += bytes;
  while (unread_.size() >= kFrameHead) {
    const std::size_t size =
        std::size_t{ByteAt(unread_, 0)} << 16 | std::size_t{ByteAt(unread_, 1)} << 8 | ByteAt(unread_, 2);
    if (size > kMostFrame) return State::kBroken;
    if (unread_.size() < kFrameHead + size) return State::kReading;
    const std::string payload = unread_.substr(kFrameHead, size);
    const std::uint8_t type = ByteAt(unread_, 3);
    const std::uint8_t flags = ByteAt(unread_, 4);
    unread_.erase(0, kFrameHead + size);
    const State state = ReadFrame(type, flags, payload, reply);
    if (state != State::kReading) return state;
  }
  return State::kReading;
}

GrpcHealthAnswer::State GrpcHealthAnswer::ReadFrame(std::uint8_t type, std::uint8_t flags, std::string_view payload,
                                                    std::string& reply) {
  if (type == kSettings && (flags & kAck) == 0) AppendFrame(kSettings, kAck, 0, {}, reply);
  if (type == kPing && (flags & kAck) == 0) AppendFrame(kPing, kAck, 0, payload, reply);
  if (type == kReset || type == kGoAway) return State::kComplete;
  if (type == kData) {
    if ((flags & kPadded) != 0) {
      if (payload.empty() || ByteAt(payload, 0) >= payload.size()) return State::kBroken;
      const std::size_t padding = ByteAt(payload, 0);
      payload = payload.substr(1, payload.size() - 1 - padding);
    }
    if (const State state = ReadData(payload); state != State::kReading) return state;
  }
  // Trailers without a message: the call has failed.
  const bool ends = (type == kData || type == kHeaders) && (flags & kEndStream) != 0;
  return ends ? State::kComplete : State::kReading;
}

GrpcHealthAnswer::State GrpcHealthAnswer::ReadData(std::string_view payload) {
  message_ += payload;
  if (message_.size() < kMessageHead) return State::kReading;
  std::size_t size = 0;
  for (std::size_t i = 1; i < kMessageHead; ++i) size = size << 8 | ByteAt(message_, i);
  if (message_[0] != 0 || size > kMostMessage) return State::kBroken;
  if (message_.size() < kMessageHead + size) return State::kReading;
  // HealthCheckResponse: field 1 is the status, a number; 0 is not sent.
  status_ = 0;
  for (std::size_t at = kMessageHead; at + 1 < kMessageHead + size; ++at) {
    if (ByteAt(message_, at) != 0x08) return State::kBroken;
    status_ = ByteAt(message_, ++at);
  }
  return State::kComplete;
}

std::string GrpcHealthAnswer::Text() const {
  constexpr std::string_view kNames[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  if (status_ == kNone) return "no health status: the server may not have the service grpc.health.v1.Health";
  return status_ < static_cast<int>(std::size(kNames)) ? std::string(kNames[status_]) : Cat("status ", status_);
}

}  // namespace reprieve::kubelet
