// What a grpc probe sends and receives: one call of the standard health service, over HTTP/2 without TLS.
//
// Source: RFC 9113 (frames), RFC 7541 (headers: we write literals only and read none), the protocol of gRPC over
// HTTP/2, grpc.health.v1. Only SERVING is success, as in the kubelet. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reprieve::kubelet {

// The bytes that a client sends; `authority`: host:port. `service`: whose health; empty: the server's.
std::string GrpcHealthRequest(std::string_view authority, std::string_view service);

// Parses a response as its bytes arrive.
class GrpcHealthAnswer {
 public:
  enum class State : std::uint8_t { kReading, kComplete, kBroken };

  // What the protocol wants to be answered is appended to `reply`.
  State Read(std::string_view bytes, std::string& reply);

  // Once it is complete.
  bool serving() const { return status_ == kServing; }
  // For people: "SERVING", "NOT_SERVING", or that there was none.
  std::string Text() const;

 private:
  static constexpr int kNone = -1;
  static constexpr int kServing = 1;

  State ReadFrame(std::uint8_t type, std::uint8_t flags, std::string_view payload, std::string& reply);
  State ReadData(std::string_view payload);

  std::string unread_;
  std::string message_;
  int status_ = kNone;
};

}  // namespace reprieve::kubelet
