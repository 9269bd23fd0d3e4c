#include "runtime/netlink.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace reprieve::runtime {
namespace {

// Both ends have the same: without ARP an interface takes its own address for its peer's.
constexpr std::array<unsigned char, 6> kHardwareAddress = {0x02, 0, 0, 0, 0, 0x01};
constexpr std::size_t kAnswerBytes = 32 * 1024;
// Routes with shorter prefixes are parts of a default route: VPNs split it into 0.0.0.0/1 and 128.0.0.0/1.
constexpr std::uint8_t kShortestPrefix = 8;
constexpr std::uint16_t kNested = 1U << 15;

template <class T>
T Read(std::string_view bytes, std::size_t at) {
  T out{};
  std::memcpy(&out, bytes.data() + at, sizeof out);
  return out;
}

std::uint32_t FirstAddress(const Ipv4Range& range) {
  return ntohl(range.address.s_addr) & (range.prefix == 0 ? 0 : ~0U << (32 - range.prefix));
}

std::uint32_t LastAddress(const Ipv4Range& range) {
  return FirstAddress(range) | (range.prefix == 32 ? 0 : ~0U >> range.prefix);
}

Error Refused(std::string_view what, int error) {
  return Error{Cat("cannot ", what, ": ", strerrordesc_np(error))};
}

void ReadRoute(std::string_view message, std::vector<Ipv4Range>& out) {
  if (message.size() < sizeof(nlmsghdr) + sizeof(rtmsg)) return;
  const auto route = Read<rtmsg>(message, NLMSG_HDRLEN);
  if (route.rtm_family != AF_INET || route.rtm_dst_len < kShortestPrefix) return;
  std::size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(rtmsg));
  while (at + sizeof(rtattr) <= message.size()) {
    const auto attribute = Read<rtattr>(message, at);
    if (attribute.rta_len < sizeof(rtattr) || at + attribute.rta_len > message.size()) return;
    if (attribute.rta_type == RTA_DST && attribute.rta_len >= sizeof(rtattr) + sizeof(in_addr)) {
      out.push_back({Read<in_addr>(message, at + RTA_LENGTH(0)), route.rtm_dst_len});
    }
    at += RTA_ALIGN(attribute.rta_len);
  }
}

}  // namespace

bool Ipv4Range::Overlaps(const Ipv4Range& other) const {
  return FirstAddress(*this) <= LastAddress(other) && FirstAddress(other) <= LastAddress(*this);
}

in_addr Ipv4(const std::string& text) {
  in_addr out{};
  REPRIEVE_CHECK(inet_pton(AF_INET, text.c_str(), &out) == 1, Cat("not an address: ", text));
  return out;
}

// Requests as bytes.

void NetlinkBatch::Begin(std::uint16_t type, std::uint16_t flags, std::string what) {
  requests_.push_back({bytes_.size(), std::move(what)});
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  PutHeader(header);
}

template <class Header>
void NetlinkBatch::PutHeader(const Header& header) {
  const std::size_t at = bytes_.size();
  bytes_.resize(at + NLMSG_ALIGN(sizeof header));
  std::memcpy(bytes_.data() + at, &header, sizeof header);
}

void NetlinkBatch::Put(std::uint16_t attribute, const void* value, std::size_t size) {
  const rtattr header{static_cast<std::uint16_t>(RTA_LENGTH(size)), attribute};
  const std::size_t at = bytes_.size();
  bytes_.resize(at + RTA_SPACE(size));
  std::memcpy(bytes_.data() + at, &header, sizeof header);
  if (size > 0) std::memcpy(bytes_.data() + at + RTA_LENGTH(0), value, size);
}

std::size_t NetlinkBatch::OpenNest(std::uint16_t attribute) {
  Put(static_cast<std::uint16_t>(attribute | kNested), nullptr, 0);
  return bytes_.size() - RTA_LENGTH(0);
}

void NetlinkBatch::CloseNest(std::size_t at) {
  const auto size = static_cast<std::uint16_t>(bytes_.size() - at);
  std::memcpy(bytes_.data() + at, &size, sizeof size);
}

void NetlinkBatch::End() {
  const std::size_t at = requests_.back().at;
  const auto size = static_cast<std::uint32_t>(bytes_.size() - at);
  std::memcpy(bytes_.data() + at + offsetof(nlmsghdr, nlmsg_len), &size, sizeof size);
}

void NetlinkBatch::AddPair(const Interface& here, const Interface& there, int namespace_fd) {
  const auto header = [](int index, unsigned flags) {
    ifinfomsg out{};
    out.ifi_index = index;
    out.ifi_flags = out.ifi_change = flags;
    return out;
  };
  const auto describe = [&](const Interface& interface) {
    Put(IFLA_IFNAME, interface.name.c_str(), interface.name.size() + 1);
    Put(IFLA_ADDRESS, kHardwareAddress.data(), kHardwareAddress.size());
  };
  Begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, Cat("add the network interface ", here.name));
  PutHeader(header(here.index, IFF_UP | IFF_NOARP));
  describe(here);
  const std::size_t link = OpenNest(IFLA_LINKINFO);
  Put(IFLA_INFO_KIND, "veth", 4);
  const std::size_t data = OpenNest(IFLA_INFO_DATA);
  const std::size_t peer = OpenNest(VETH_INFO_PEER);
  // Not up: the kernel opens it before it has joined the two, and that fails (ENOTCONN).
  PutHeader(header(there.index, IFF_NOARP));
  describe(there);
  Put(IFLA_NET_NS_FD, &namespace_fd, sizeof namespace_fd);
  CloseNest(peer);
  CloseNest(data);
  CloseNest(link);
  End();
}

void NetlinkBatch::SetUp(int index) {
  Begin(RTM_NEWLINK, 0, "switch on a network interface");
  ifinfomsg header{};
  header.ifi_index = index;
  header.ifi_flags = header.ifi_change = IFF_UP;
  PutHeader(header);
  End();
}

void NetlinkBatch::AddAddress(in_addr address, int index) {
  Begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "add an address");
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = 32;
  header.ifa_scope = RT_SCOPE_UNIVERSE;
  header.ifa_index = static_cast<std::uint32_t>(index);
  PutHeader(header);
  Put(IFA_LOCAL, &address, sizeof address);
  Put(IFA_ADDRESS, &address, sizeof address);
  End();
}

void NetlinkBatch::AddRoute(const Ipv4Range& to, int index, Way way) {
  Begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, "add a route");
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = to.prefix;
  header.rtm_table = way == Way::kOut ? RT_TABLE_MAIN : RT_TABLE_LOCAL;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = way == Way::kHere ? RT_SCOPE_HOST : RT_SCOPE_LINK;
  header.rtm_type = way == Way::kHere ? RTN_LOCAL : RTN_UNICAST;
  PutHeader(header);
  if (to.prefix > 0) Put(RTA_DST, &to.address, sizeof to.address);
  Put(RTA_OIF, &index, sizeof index);
  End();
}

// The socket.

Result<NetlinkSocket> NetlinkSocket::Open() {
  Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.ok()) return Refused("open a netlink socket", errno);
  return NetlinkSocket(std::move(fd));
}

Status NetlinkSocket::Do(NetlinkBatch batch) {
  const std::uint32_t first = sequence_ + 1;
  for (const NetlinkBatch::Request& request : batch.requests_) {
    ++sequence_;
    std::memcpy(batch.bytes_.data() + request.at + offsetof(nlmsghdr, nlmsg_seq), &sequence_, sizeof sequence_);
  }
  if (send(fd_.get(), batch.bytes_.data(), batch.bytes_.size(), 0) < 0) return Refused("ask the kernel", errno);
  Status out = Ok();
  std::string answer(kAnswerBytes, '\0');
  for (std::size_t answered = 0; answered < batch.requests_.size();) {
    const ssize_t n = recv(fd_.get(), answer.data(), answer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Refused("hear of the kernel", errno);
    const std::string_view heard(answer.data(), static_cast<std::size_t>(n));
    for (std::size_t at = 0; at + NLMSG_LENGTH(sizeof(nlmsgerr)) <= heard.size();) {
      const auto header = Read<nlmsghdr>(heard, at);
      if (header.nlmsg_len < sizeof header) break;
      const std::uint32_t number = header.nlmsg_seq - first;
      if (header.nlmsg_type == NLMSG_ERROR && number < batch.requests_.size()) {
        ++answered;
        const int error = -Read<nlmsgerr>(heard, at + NLMSG_HDRLEN).error;
        if (error != 0 && out.ok()) out = Refused(batch.requests_[number].what, error);
      }
      at += NLMSG_ALIGN(header.nlmsg_len);
    }
  }
  return out;
}

Result<std::vector<Ipv4Range>> NetlinkSocket::Routes() {
  struct {
    nlmsghdr header{};
    rtmsg route{};
  } request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETROUTE;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.header.nlmsg_seq = ++sequence_;
  request.route.rtm_family = AF_INET;
  if (send(fd_.get(), &request, sizeof request, 0) < 0) return Refused("ask for the routes", errno);
  std::vector<Ipv4Range> out;
  std::string answer(kAnswerBytes, '\0');
  bool done = false;
  int error = 0;
  while (!done) {
    const ssize_t n = recv(fd_.get(), answer.data(), answer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Refused("read the routes", errno);
    ReadRoutes({answer.data(), static_cast<std::size_t>(n)}, out, done, error);
  }
  if (error != 0) return Refused("read the routes", error);
  return out;
}

void ReadRoutes(std::string_view answer, std::vector<Ipv4Range>& out, bool& done, int& error) {
  for (std::size_t at = 0; at + sizeof(nlmsghdr) <= answer.size();) {
    const auto header = Read<nlmsghdr>(answer, at);
    if (header.nlmsg_len < sizeof header || at + header.nlmsg_len > answer.size()) break;
    done = done || header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR;
    if (header.nlmsg_type == NLMSG_ERROR && header.nlmsg_len >= NLMSG_LENGTH(sizeof(nlmsgerr))) {
      error = -Read<nlmsgerr>(answer, at + NLMSG_HDRLEN).error;
    }
    if (header.nlmsg_type == RTM_NEWROUTE) ReadRoute(answer.substr(at, header.nlmsg_len), out);
    at += NLMSG_ALIGN(header.nlmsg_len);
  }
}

}  // namespace reprieve::runtime
