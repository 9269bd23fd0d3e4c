#include "kubelet/pod_names.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

std::string NewDirectory() {
  std::string pattern = ::testing::TempDir() + "pod_namesXXXXXX";
  return mkdtemp(pattern.data());
}

class PodNamesTest : public ::testing::Test {
 protected:
  PodNamesTest() : names_(directory_) {}
  ~PodNamesTest() override { std::filesystem::remove_all(directory_); }

  // The names that have this address for a pod of the namespace, as a resolver reads the file.
  std::string Find(const std::string& address, const std::string& name_space = "default") {
    std::ifstream file(*names_.HostsFile(name_space));
    std::string out;
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line.substr(0, line.find('#')));
      std::string first;
      words >> first;
      if (first != address) continue;
      for (std::string word; words >> word;) out += out.empty() ? word : " " + word;
    }
    return out;
  }

  const std::string directory_ = NewDirectory();
  PodNames names_;
  const PodNames::Name worker_{"default", "js", "js-w-0-1"};
};

TEST_F(PodNamesTest, AllFormsOfAPublishedName) {
  ASSERT_TRUE(names_.Set(worker_, 7, true).ok());
  EXPECT_EQ(Find(names_.AddressOf(worker_)),
            "js-w-0-1.js.default.svc.cluster.local js-w-0-1.js.default.svc js-w-0-1.js.default js-w-0-1.js js-w-0-1");
}

TEST_F(PodNamesTest, WhatIsNotPublishedHasItsOwnHostnameOnly) {
  ASSERT_TRUE(names_.Set(worker_, 7, false).ok());
  EXPECT_EQ(Find(names_.AddressOf(worker_)), "js-w-0-1");
}

TEST_F(PodNamesTest, OtherNamespacesNeedTheLongForms) {
  ASSERT_TRUE(names_.Set(worker_, 7, true).ok());
  EXPECT_EQ(Find(names_.AddressOf(worker_), "other"),
            "js-w-0-1.js.default.svc.cluster.local js-w-0-1.js.default.svc js-w-0-1.js.default");
}

TEST_F(PodNamesTest, ASuccessorKeepsTheAddress) {
  ASSERT_TRUE(names_.Set(worker_, 7, true).ok());
  const std::string address = names_.AddressOf(worker_);
  ASSERT_TRUE(names_.Remove(worker_, 7).ok());
  EXPECT_EQ(Find(address), "");
  ASSERT_TRUE(names_.Set(worker_, 8, true).ok());
  EXPECT_NE(Find(address), "");
}

TEST_F(PodNamesTest, APodThatGoesLateTakesNothingFromItsSuccessor) {
  ASSERT_TRUE(names_.Set(worker_, 7, true).ok());
  ASSERT_TRUE(names_.Set(worker_, 8, true).ok());
  ASSERT_TRUE(names_.Remove(worker_, 7).ok());
  EXPECT_NE(Find(names_.AddressOf(worker_)), "");
}

TEST_F(PodNamesTest, AddressesDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(names_.AddressOf({"default", "js", Cat("w-", i)}));
  EXPECT_EQ(seen.size(), 1000U);
}

TEST_F(PodNamesTest, TwoRunsGiveNoAddressTwice) {
  PodNames other(directory_ + "/other");
  std::set<std::string> seen;
  for (int i = 0; i < 300; ++i) {
    seen.insert(names_.AddressOf({"default", "js", Cat("w-", i)}));
    seen.insert(other.AddressOf({"default", "js", Cat("w-", i)}));
  }
  EXPECT_EQ(seen.size(), 600U);
}

TEST_F(PodNamesTest, APodOnThisMachinesNetworkIsFoundAtItsAddress) {
  EXPECT_EQ(names_.AddressOf(worker_, "100.64.255.1"), "100.64.255.1");
  ASSERT_TRUE(names_.Set(worker_, 7, true).ok());
  EXPECT_TRUE(Find("100.64.255.1").starts_with("js-w-0-1.js"));
  EXPECT_EQ(names_.AddressOf(worker_), "100.64.255.1");
}

TEST_F(PodNamesTest, AnAddressIsTakenAgainOnceItWasGivenBack) {
  const std::string first = names_.TakeAddress();
  const std::string second = names_.TakeAddress();
  EXPECT_NE(first, second);
  names_.GiveBack(first);
  EXPECT_EQ(names_.TakeAddress(), first);
  EXPECT_NE(names_.TakeAddress(), second);
}

TEST_F(PodNamesTest, AddressesAreOfTheBlocksThatAreClaimed) {
  int claims = 0;
  PodNames names(directory_ + "/claims", [&claims] {
    ++claims;
    return std::optional(runtime::AddressBlock::Unclaimed());
  });
  EXPECT_EQ(claims, 0);
  EXPECT_EQ(names.AddressOf(worker_), "127.255.0.1");
  EXPECT_EQ(names.TakeAddress(), "127.255.0.2");
  EXPECT_EQ(claims, 1);
}

// What the library that reads for plain processes gets: it takes any line for a name, and a comment for an error.
class NamesForALibrary : public ::testing::Test {
 protected:
  NamesForALibrary() : names_(directory_, runtime::AddressBlock::Unclaimed, PodNames::Reader::kLibrary) {}
  ~NamesForALibrary() override { std::filesystem::remove_all(directory_); }

  std::string Text() const {
    std::ifstream file(names_.PathOf("default"));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::string directory_ = NewDirectory();
  PodNames names_;
  const PodNames::Name worker_{"default", "js", "w"};
  static constexpr std::string_view kAlways = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
};

TEST_F(NamesForALibrary, HoldNoCommentAndOnlyWhatHolds) {
  ASSERT_TRUE(names_.Set(worker_, 7, true).ok());
  ASSERT_TRUE(names_.HostsFile("default").ok());
  EXPECT_EQ(Text(),
            Cat(kAlways, " 127.255.0.1\tw.js.default.svc.cluster.local w.js.default.svc w.js.default w.js w\n"));
  ASSERT_TRUE(names_.Set(worker_, 7, false).ok());
  ASSERT_TRUE(names_.Show().ok());
  EXPECT_EQ(Text(), Cat(kAlways, " 127.255.0.1\tw\n"));
  ASSERT_TRUE(names_.Remove(worker_, 7).ok());
  ASSERT_TRUE(names_.Show().ok());
  EXPECT_EQ(Text(), kAlways);
}

TEST_F(NamesForALibrary, AreReplacedAsAFileOnlyIfTheyHaveChanged) {
  ASSERT_TRUE(names_.Set(worker_, 7, true).ok());
  ASSERT_TRUE(names_.Show().ok());
  const std::string path = names_.PathOf("default");
  // A name for the file as it was: as long as it has two, it has not been replaced.
  std::filesystem::create_hard_link(path, path + ".before");
  ASSERT_TRUE(names_.Set(worker_, 7, true).ok());
  ASSERT_TRUE(names_.Show().ok());
  EXPECT_EQ(std::filesystem::hard_link_count(path), 2U);
  ASSERT_TRUE(names_.Remove(worker_, 7).ok());
  ASSERT_TRUE(names_.Show().ok());
  EXPECT_EQ(std::filesystem::hard_link_count(path), 1U);
}

}  // namespace
}  // namespace reprieve::kubelet
