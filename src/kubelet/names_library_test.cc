#include "kubelet/names_library.h"

#include <gtest/gtest.h>

namespace reprieve::kubelet {
namespace {

using Variables = std::vector<std::string>;

Variables Preloaded(Variables environment) {
  PreloadNames("/lib/names.so", "/run/default.hosts", "w-0", environment);
  return environment;
}

TEST(NamesLibrary, IsPreloadedWithTheFileAndThePodsHostname) {
  EXPECT_EQ(Preloaded({"A=1"}), (Variables{"A=1", "LD_PRELOAD=/lib/names.so", "NSS_WRAPPER_HOSTS=/run/default.hosts",
                                           "NSS_WRAPPER_HOSTNAME=w-0"}));
}

TEST(NamesLibrary, ComesAfterWhatTheContainerPreloads) {
  EXPECT_EQ(Preloaded({"LD_PRELOAD=/lib/own.so"})[0], "LD_PRELOAD=/lib/own.so:/lib/names.so");
  EXPECT_EQ(Preloaded({"LD_PRELOAD="})[0], "LD_PRELOAD=/lib/names.so");
}

TEST(NamesLibrary, LeavesAloneAContainerThatSetsAHostsFileItself) {
  EXPECT_EQ(Preloaded({"NSS_WRAPPER_HOSTS=/own"}), Variables{"NSS_WRAPPER_HOSTS=/own"});
}

TEST(NamesLibrary, IsFoundAsAnAbsolutePathOrNotAtAll) {
  if (const auto library = FindNamesLibrary()) {
    EXPECT_TRUE(library->starts_with('/') && library->ends_with("/libnss_wrapper.so")) << *library;
  }
}

}  // namespace
}  // namespace reprieve::kubelet
