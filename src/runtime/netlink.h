// Netlink: the part of rtnetlink that a pod's network needs: pairs of joined interfaces, addresses, routes, and a list
// of this machine's routes.
//
// NetlinkBatch encodes requests; NetlinkSocket sends them. A socket belongs to the network namespace of the thread that
// opened it, whatever namespace that thread enters later.
//
// Source: rtnetlink(7), linux/if_link.h; spec/runtime.md 2.  Thread rules: a batch is a plain value; a socket has one
// user at a time. Errors: the first request that the kernel refuses, and why.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/fd.h"

namespace reprieve::runtime {

// One of two joined interfaces. Neither uses ARP: there is only one peer.
struct Interface {
  std::string name;
  // Chosen by us, so that it need not be looked up afterwards; 0: the kernel chooses.
  int index = 0;
};

// Addresses a.b.c.d / prefix.
struct Ipv4Range {
  in_addr address{};
  std::uint8_t prefix = 32;

  bool Overlaps(const Ipv4Range& other) const;
};

// Where a route leads: out by an interface, as most do; the same in the table that is looked at first, where the
// namespace's own addresses are; or nowhere else: whatever comes for it is answered here.
enum class Way : std::uint8_t { kOut, kOutFirst, kHere };

// REQUIRES: `text` is an address.
in_addr Ipv4(const std::string& text);

class NetlinkBatch {
 public:
  // `here` in the socket's namespace, `there` in that of `namespace_fd`, where it is to be set up yet.
  void AddPair(const Interface& here, const Interface& there, int namespace_fd);
  // REQUIRES: `index` is an interface of the socket's namespace, as in those below.
  void SetUp(int index);
  void AddAddress(in_addr address, int index);
  // Straight to the interface; one that was there for the same range is replaced. REQUIRES: for kHere the loopback's.
  void AddRoute(const Ipv4Range& to, int index, Way way = Way::kOut);

  bool empty() const { return requests_.empty(); }
  const std::string& bytes() const { return bytes_; }

 private:
  friend class NetlinkSocket;
  struct Request {
    std::size_t at;
    std::string what;  // for people: "add a route"
  };
  void Begin(std::uint16_t type, std::uint16_t flags, std::string what);
  template <class Header>
  void PutHeader(const Header& header);
  void Put(std::uint16_t attribute, const void* value, std::size_t size);
  std::size_t OpenNest(std::uint16_t attribute);
  void CloseNest(std::size_t at);
  void End();

  std::string bytes_;
  std::vector<Request> requests_;
};

class NetlinkSocket {
 public:
  static Result<NetlinkSocket> Open();

  // All of them, in order; those after one that fails are tried too.
  Status Do(NetlinkBatch batch);
  // The destinations of the routes in all tables, without default routes.
  Result<std::vector<Ipv4Range>> Routes();

 private:
  explicit NetlinkSocket(Fd fd) : fd_(std::move(fd)) {}

  Fd fd_;
  std::uint32_t sequence_ = 0;
};

// The routes in the messages of one answer. Public for the tests.
void ReadRoutes(std::string_view answer, std::vector<Ipv4Range>& out, bool& done, int& error);

}  // namespace reprieve::runtime
