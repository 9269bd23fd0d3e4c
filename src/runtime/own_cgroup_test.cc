#include "runtime/own_cgroup.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace reprieve::runtime {
namespace {

namespace fs = std::filesystem;

class OwnCgroups : public testing::Test {
 protected:
  OwnCgroups() {
    std::string pattern = "/tmp/own-cgroup-test-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~OwnCgroups() override { fs::remove_all(directory_); }
  void Write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(directory_ + "/" + name).parent_path());
    std::ofstream(directory_ + "/" + name) << text << '\n';
  }
  // As the kernel writes a mount of `type` whose root is `root` at `name` in our folder.
  std::string Mounted(const std::string& root, const std::string& name, const std::string& type,
                      const std::string& options) const {
    return Cat("30 24 0:27 ", root, " ", directory_, "/", name, " rw,relatime shared:9 - ", type, " ", type, " rw,",
               options, "\n");
  }

  std::string directory_;
};

TEST_F(OwnCgroups, OfVersion2AreBoundedByThoseAboveThemToo) {
  Write("2/memory.max", "max");
  Write("2/slurm/memory.max", "4294967296");
  Write("2/slurm/cpu.max", "150000 100000");
  Write("2/slurm/job_7/memory.max", "8589934592");
  Write("2/slurm/job_7/cpu.max", "max 100000");
  const OwnLimits limits = ReadOwnLimits(Mounted("/", "2", "cgroup2", "nsdelegate"), "0::/slurm/job_7\n");
  EXPECT_EQ(limits.memory_bytes, std::int64_t{4} << 30);
  EXPECT_EQ(limits.cpu_milli, 1500);
}

TEST_F(OwnCgroups, OfAContainerBeginAtTheRootOfTheirMount) {
  Write("mem/memory.limit_in_bytes", "1073741824");
  Write("cpu/cpu.cfs_quota_us", "50000");
  Write("cpu/cpu.cfs_period_us", "100000");
  const std::string mounts =
      Mounted("/docker/0123", "mem", "cgroup", "memory") + Mounted("/docker/0123", "cpu", "cgroup", "cpu,cpuacct");
  const OwnLimits limits = ReadOwnLimits(mounts, "9:memory:/docker/0123\n3:cpu,cpuacct:/docker/0123\n");
  EXPECT_EQ(limits.memory_bytes, std::int64_t{1} << 30);
  EXPECT_EQ(limits.cpu_milli, 500);
}

TEST_F(OwnCgroups, OfVersion1KnowOfLimitsAboveTheirMount) {
  Write("mem/memory.limit_in_bytes", "9223372036854771712");
  Write("mem/memory.stat", "cache 0\nhierarchical_memory_limit 2147483648");
  EXPECT_EQ(ReadOwnLimits(Mounted("/job", "mem", "cgroup", "memory"), "9:memory:/job\n").memory_bytes,
            std::int64_t{2} << 30);
}

TEST_F(OwnCgroups, ThatCannotBeSeenAreBoundedByWhatIsMounted) {
  Write("2/memory.max", "1048576");
  for (const std::string own : {"0::/elsewhere\n", "0::/../outside\n", "0::/jobs-of-others\n"}) {
    EXPECT_EQ(ReadOwnLimits(Mounted("/job", "2", "cgroup2", "x"), own).memory_bytes, 1 << 20) << own;
    EXPECT_EQ(OwnCgroup(ParseCgroupMounts(Mounted("/job", "2", "cgroup2", "x")).front(), "", own), "") << own;
  }
}

TEST_F(OwnCgroups, MayBeMountedAtAPathWithABlank) {
  const auto mounts = ParseCgroupMounts("30 24 0:27 / /mnt/a\\040b rw - cgroup2 cgroup2 rw\n");
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts.front().path, "/mnt/a b");
}

TEST_F(OwnCgroups, WithoutLimitsBoundNothing) {
  const OwnLimits limits = ReadOwnLimits("", "");
  EXPECT_FALSE(limits.memory_bytes);
  EXPECT_FALSE(limits.cpu_milli);
}

}  // namespace
}  // namespace reprieve::runtime
