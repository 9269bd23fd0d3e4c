#include "net/response_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "base/text.h"
#include "net/inflate.h"

namespace reprieve::net {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

class ResponseParser::Parser : public http::basic_parser<false> {
 public:
  explicit Parser(Sink body) : body_(std::move(body)) {
    header_limit(static_cast<std::uint32_t>(kMaxHead));
    // The sink counts, after unpacking.
    body_limit(boost::none);
    eager(true);
  }

  std::string left;  // of an incomplete head
  Response response;
  std::optional<Failure> failure;

 private:
  void on_request_impl(http::verb, beast::string_view, beast::string_view, int, error_code&) override {}
  void on_response_impl(int code, beast::string_view, int, error_code&) override { response.status = code; }
  void on_field_impl(http::field, beast::string_view name, beast::string_view value, error_code&) override {
    response.headers.Add({name.data(), name.size()}, {value.data(), value.size()});
  }
  void on_header_impl(error_code& error) override {
    const std::string encoding = ToLower(response.headers.Find("Content-Encoding"));
    if (encoding == "gzip") {
      inflate_ = std::make_unique<Inflate>();
    } else if (!encoding.empty() && encoding != "identity") {
      Fail(Failure::Kind::kMalformed, Cat("the answer is packed as \"", encoding, "\", which was not asked for"),
           error);
    }
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code& error) override { return Take(body, error); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code& error) override {
    return Take(body, error);
  }
  void on_finish_impl(error_code& error) override {
    if (inflate_ && packed_ && !inflate_->whole()) Fail(Failure::Kind::kCut, "the gzip body ends in the middle", error);
  }

  std::size_t Take(beast::string_view body, error_code& error) {
    const std::string_view bytes(body.data(), body.size());
    bool refused = false;
    const Inflate::Sink sink = [&](std::string_view piece) {
      refused = !body_(piece);
      return !refused;
    };
    if (!inflate_) {
      sink(bytes);
    } else {
      packed_ = true;
      if (const Status put = inflate_->Put(bytes, sink); !put) {
        Fail(Failure::Kind::kMalformed, put.error().message, error);
        return bytes.size();
      }
    }
    if (refused) Fail(Failure::Kind::kTooLarge, "the answer is larger than allowed", error);
    return bytes.size();
  }

  void Fail(Failure::Kind kind, std::string message, error_code& error) {
    failure = Failure{kind, std::move(message), true};
    error = http::make_error_code(http::error::body_limit);  // any: it ends the parser
  }

  Sink body_;
  std::unique_ptr<Inflate> inflate_;
  bool packed_ = false;
};

ResponseParser::ResponseParser(Sink body) : parser_(std::make_unique<Parser>(std::move(body))) {}
ResponseParser::~ResponseParser() = default;

bool ResponseParser::head_done() const {
  return parser_->is_header_done();
}
bool ResponseParser::done() const {
  return parser_->is_done();
}
bool ResponseParser::keep_alive() const {
  return parser_->keep_alive() && parser_->left.empty();
}
Response& ResponseParser::response() {
  return parser_->response;
}

std::optional<Failure> ResponseParser::Put(std::string_view bytes) {
  Parser& parser = *parser_;
  std::string joined;
  if (!parser.left.empty()) {
    joined = std::exchange(parser.left, {});
    joined += bytes;
    bytes = joined;
  }
  while (!bytes.empty() && !parser.is_done()) {
    error_code error;
    const std::size_t taken = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (parser.failure) return parser.failure;
    bytes.remove_prefix(taken);
    if (error == http::error::need_more) break;
    if (error == http::error::header_limit) return Failure{Failure::Kind::kTooLarge, "the head is too large", true};
    if (error) return Failure{Failure::Kind::kMalformed, Cat("no HTTP answer: ", error.message()), true};
    if (taken == 0) break;
  }
  parser.left = bytes;
  return std::nullopt;
}

std::optional<Failure> ResponseParser::PutEnd() {
  Parser& parser = *parser_;
  if (parser.is_done()) return std::nullopt;
  error_code error;
  if (parser.got_some()) parser.put_eof(error);
  if (parser.failure) return parser.failure;
  if (!error && parser.is_done()) return std::nullopt;
  return Failure{Failure::Kind::kCut, "the connection was closed in the middle of the answer", true};
}

}  // namespace reprieve::net
