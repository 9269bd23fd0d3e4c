#include "net/inflate.h"

#include <zlib.h>

#include <array>

#include "base/text.h"

namespace reprieve::net {
namespace {

constexpr int kGzipOnly = 16;  // added to the window's bits: a gzip header must be there
constexpr std::size_t kPiece = std::size_t{64} << 10;

}  // namespace

struct Inflate::State {
  z_stream stream{};
  bool ended = false;
  std::string piece = std::string(kPiece, '\0');
};

Inflate::Inflate() : state_(std::make_unique<State>()) {
  const int made = inflateInit2(&state_->stream, MAX_WBITS + kGzipOnly);
  REPRIEVE_CHECK(made == Z_OK, "zlib cannot begin");
}

Inflate::~Inflate() {
  inflateEnd(&state_->stream);
}

bool Inflate::whole() const {
  return state_->ended;
}

Status Inflate::Put(std::string_view packed, const Sink& sink) {
  z_stream& stream = state_->stream;
  std::string input(packed);  // zlib takes a pointer that is not const
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  while (true) {
    // Another member may follow the first.
    if (state_->ended) {
      if (stream.avail_in == 0) return Ok();
      inflateReset(&stream);
      state_->ended = false;
    }
    stream.next_out = reinterpret_cast<Bytef*>(state_->piece.data());
    stream.avail_out = static_cast<uInt>(kPiece);
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return Error{Cat("the body is not valid gzip: ", stream.msg != nullptr ? stream.msg : "unknown error")};
    }
    const std::size_t made = kPiece - stream.avail_out;
    if (made > 0 && !sink(std::string_view(state_->piece).substr(0, made))) return Ok();
    state_->ended = result == Z_STREAM_END;
    if (!state_->ended && stream.avail_in == 0 && stream.avail_out > 0) return Ok();
  }
}

}  // namespace reprieve::net
