#include "runtime/netlink.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstring>

#include "base/text.h"

namespace reprieve::runtime {
namespace {

template <class T>
T At(const std::string& bytes, std::size_t at) {
  T out{};
  std::memcpy(&out, bytes.data() + at, sizeof out);
  return out;
}

Ipv4Range Range(const std::string& address, std::uint8_t prefix) {
  return {Ipv4(address), prefix};
}

TEST(Ipv4Range, OverlapsWhatHoldsItAndWhatItHolds) {
  const Ipv4Range block = Range("100.64.0.0", 16);
  for (const Ipv4Range& other : {Range("100.64.0.0", 16), Range("100.64.255.255", 32), Range("100.0.0.0", 8),
                                 Range("100.64.7.0", 10), Range("0.0.0.0", 0)}) {
    EXPECT_TRUE(block.Overlaps(other)) << int{other.prefix};
    EXPECT_TRUE(other.Overlaps(block)) << int{other.prefix};
  }
  for (const Ipv4Range& other : {Range("100.65.0.0", 16), Range("100.63.255.255", 32), Range("10.0.0.0", 8)}) {
    EXPECT_FALSE(block.Overlaps(other)) << int{other.prefix};
    EXPECT_FALSE(other.Overlaps(block)) << int{other.prefix};
  }
}

TEST(NetlinkBatch, ARouteIsTheBytesOfTheProtocol) {
  NetlinkBatch batch;
  batch.AddRoute(Range("100.64.0.7", 32), 1007);
  const std::string& bytes = batch.bytes();
  ASSERT_EQ(bytes.size(), std::size_t{NLMSG_LENGTH(sizeof(rtmsg)) + 2 * RTA_SPACE(4)});
  const auto header = At<nlmsghdr>(bytes, 0);
  EXPECT_EQ(header.nlmsg_len, bytes.size());
  EXPECT_EQ(header.nlmsg_type, RTM_NEWROUTE);
  EXPECT_EQ(header.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
  const auto route = At<rtmsg>(bytes, NLMSG_HDRLEN);
  EXPECT_EQ(route.rtm_dst_len, 32);
  EXPECT_EQ(route.rtm_scope, RT_SCOPE_LINK);
  const std::size_t first = NLMSG_LENGTH(sizeof(rtmsg));
  EXPECT_EQ(At<rtattr>(bytes, first).rta_type, RTA_DST);
  EXPECT_EQ(At<in_addr>(bytes, first + RTA_LENGTH(0)).s_addr, Ipv4("100.64.0.7").s_addr);
  EXPECT_EQ(At<rtattr>(bytes, first + RTA_SPACE(4)).rta_type, RTA_OIF);
  EXPECT_EQ(At<int>(bytes, first + RTA_SPACE(4) + RTA_LENGTH(0)), 1007);
}

TEST(NetlinkBatch, WaysAreTablesAndTypes) {
  const auto route = [](Way way) {
    NetlinkBatch batch;
    batch.AddRoute(Range("100.64.0.0", 10), 1, way);
    return At<rtmsg>(batch.bytes(), NLMSG_HDRLEN);
  };
  EXPECT_EQ(route(Way::kOut).rtm_table, RT_TABLE_MAIN);
  EXPECT_EQ(route(Way::kOutFirst).rtm_table, RT_TABLE_LOCAL);
  EXPECT_EQ(route(Way::kOutFirst).rtm_type, RTN_UNICAST);
  EXPECT_EQ(route(Way::kHere).rtm_table, RT_TABLE_LOCAL);
  EXPECT_EQ(route(Way::kHere).rtm_type, RTN_LOCAL);
}

TEST(NetlinkBatch, ADefaultRouteNamesNoDestination) {
  NetlinkBatch batch;
  batch.AddRoute({{}, 0}, 100);
  EXPECT_EQ(At<rtattr>(batch.bytes(), NLMSG_LENGTH(sizeof(rtmsg))).rta_type, RTA_OIF);
}

TEST(NetlinkBatch, EachRequestHasItsOwnLengthAndTheNestsOfAPairEndWithIt) {
  NetlinkBatch batch;
  batch.AddPair({"p7", 1007}, {"eth0", 100}, 5);
  batch.SetUp(1);
  const std::string& bytes = batch.bytes();
  const auto pair = At<nlmsghdr>(bytes, 0);
  EXPECT_EQ(pair.nlmsg_type, RTM_NEWLINK);
  EXPECT_EQ(At<ifinfomsg>(bytes, NLMSG_HDRLEN).ifi_index, 1007);
  EXPECT_EQ(At<ifinfomsg>(bytes, NLMSG_HDRLEN).ifi_flags, unsigned{IFF_UP | IFF_NOARP});
  // name, hardware address, and the nest of the kind, which is all of the rest.
  const std::size_t nest = NLMSG_LENGTH(sizeof(ifinfomsg)) + RTA_SPACE(3) + RTA_SPACE(6);
  EXPECT_EQ(At<rtattr>(bytes, nest).rta_type, IFLA_LINKINFO | 1U << 15);
  EXPECT_EQ(nest + At<rtattr>(bytes, nest).rta_len, pair.nlmsg_len);
  const auto up = At<nlmsghdr>(bytes, pair.nlmsg_len);
  EXPECT_EQ(pair.nlmsg_len + up.nlmsg_len, bytes.size());
  EXPECT_EQ(At<ifinfomsg>(bytes, pair.nlmsg_len + NLMSG_HDRLEN).ifi_index, 1);
}

TEST(NetlinkRoutes, DefaultsInAnyGuiseAreNoRoutesAndTheEndIsSeen) {
  std::string answer;
  // A request to add a route looks as an answer does that tells of one.
  for (const Ipv4Range& range :
       {Range("192.0.2.0", 24), Range("0.0.0.0", 0), Range("128.0.0.0", 1), Range("10.1.2.3", 32)}) {
    NetlinkBatch batch;
    batch.AddRoute(range, 1);
    answer += batch.bytes();
  }
  std::vector<Ipv4Range> routes;
  bool done = false;
  int error = 0;
  ReadRoutes(answer, routes, done, error);
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].prefix, 24);
  EXPECT_EQ(routes[1].address.s_addr, Ipv4("10.1.2.3").s_addr);
  EXPECT_FALSE(done);
  nlmsghdr end{};
  end.nlmsg_len = sizeof end;
  end.nlmsg_type = NLMSG_DONE;
  ReadRoutes({reinterpret_cast<const char*>(&end), sizeof end}, routes, done, error);
  EXPECT_TRUE(done);
  EXPECT_EQ(error, 0);
}

TEST(NetlinkRoutes, BrokenAnswersAreRead) {
  NetlinkBatch batch;
  batch.AddRoute(Range("10.1.2.3", 32), 1);
  for (std::size_t size = 0; size < batch.bytes().size(); ++size) {
    std::vector<Ipv4Range> routes;
    bool done = false;
    int error = 0;
    ReadRoutes(std::string_view(batch.bytes()).substr(0, size), routes, done, error);
    EXPECT_TRUE(routes.empty()) << size;
  }
}

TEST(NetlinkSocket, TellsThisMachinesRoutesAndWhatTheKernelRefuses) {
  auto socket = NetlinkSocket::Open();
  ASSERT_TRUE(socket.ok());
  const auto routes = socket->Routes();
  ASSERT_TRUE(routes.ok()) << routes.error().message;
  bool loopback = false;
  for (const Ipv4Range& route : *routes) loopback = loopback || route.Overlaps(Range("127.0.0.1", 32));
  EXPECT_TRUE(loopback);
  NetlinkBatch batch;
  batch.AddAddress(Ipv4("192.0.2.77"), 0x7ffffff0);
  const Status done = socket->Do(std::move(batch));
  ASSERT_FALSE(done.ok());
  EXPECT_TRUE(done.error().message.starts_with("cannot add an address: ")) << done.error().message;
}

}  // namespace
}  // namespace reprieve::runtime
