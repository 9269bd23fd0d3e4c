// What the sources of this module share of the loop: Asio's context. Internal: whoever includes it compiles for long.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "net/loop.h"

namespace reprieve::net {

namespace asio = boost::asio;

struct Loop::Implementation {
  asio::io_context context{1};
  asio::signal_set signals{context};
  std::function<void(int)> on_termination;

  void AwaitSignal();
};

}  // namespace reprieve::net
