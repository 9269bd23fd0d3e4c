// Security contexts: what they say together, what a machine can't give of them, and what containers are made of them.
#include "kubelet/security.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "base/text.h"
#include "document/yaml.h"
#include "kubelet/container_spec.h"
#include "kubelet/machine_rights.h"
#include "kubelet/start_obstacles.h"
#include "model/bind.h"

namespace reprieve::kubelet {
namespace {

core::PodSpec SpecOf(const std::string& yaml) {
  core::PodSpec out;
  model::FromValue(document::ParseYaml(yaml).value().front(), out);
  return out;
}

// Of a pod with one container, whose security contexts these are.
core::PodSpec PodWith(const std::string& pod, const std::string& container) {
  return SpecOf(Cat("{securityContext: ", pod, ", containers: [{name: main, image: x, command: [\"true\"], ",
                    "securityContext: ", container, "}]}"));
}

Security Of(const std::string& pod, const std::string& container, std::uint32_t user = 0) {
  const core::PodSpec spec = PodWith(pod, container);
  return SecurityOf(spec, spec.containers.front(), user);
}

TEST(Security, TheContainersWordIsBeforeThePods) {
  const Security both = Of("{runAsUser: 1, runAsGroup: 2, runAsNonRoot: true}", "{runAsUser: 3}");
  EXPECT_EQ(both.user, 3U);
  EXPECT_EQ(both.group, 2U);
  EXPECT_TRUE(both.non_root);
  EXPECT_FALSE(Of("{runAsNonRoot: true}", "{runAsNonRoot: false}").non_root);
  EXPECT_EQ(Of("{}", "{}").user, std::nullopt);
}

TEST(Security, CapabilitiesAreThoseLeftByDropAndThoseAdded) {
  const auto of = [](const std::string& capabilities) {
    return Of("{}", Cat("{capabilities: ", capabilities, "}")).privileges.capabilities;
  };
  EXPECT_EQ(of("{}"), 0xa80425fbU);
  EXPECT_EQ(of("{add: [NET_ADMIN]}"), 0xa80435fbU);
  EXPECT_EQ(of("{add: [ALL]}"), ~std::uint64_t{0} >> 1);
  EXPECT_EQ(of("{drop: [ALL]}"), 0U);
  EXPECT_EQ(of("{add: [all], drop: [All]}"), 0U);
  EXPECT_EQ(of("{add: [ALL, chown], drop: [ALL]}"), 1U);
  EXPECT_EQ(of("{drop: [ALL], add: [NET_BIND_SERVICE, CAP_CHOWN]}"), 0x401U);
  EXPECT_EQ(of("{drop: [ALL, CHOWN], add: [CHOWN]}"), 0U);
  EXPECT_EQ(of("{drop: [NET_RAW]}"), 0xa80405fbU);
  EXPECT_EQ(Of("{}", "{privileged: true, capabilities: {drop: [ALL]}}").privileges.capabilities, std::nullopt);
}

TEST(Security, AnOrdinaryUsersProgramsKeepWhatTheyHave) {
  EXPECT_EQ(Of("{}", "{}", 1000).privileges.capabilities, std::nullopt);
  EXPECT_EQ(Of("{}", "{capabilities: {drop: [ALL]}}", 1000).privileges.capabilities, 0U);
}

TEST(Security, GroupsAreThoseOfThePodAndItsFsGroup) {
  EXPECT_EQ(Of("{supplementalGroups: [3000, 4000], fsGroup: 2000}", "{}").groups,
            (std::vector<std::uint32_t>{3000, 4000, 2000}));
  EXPECT_TRUE(Of("{}", "{}").groups_of_account);
  EXPECT_FALSE(Of("{supplementalGroupsPolicy: Strict}", "{}").groups_of_account);
}

TEST(Security, CapabilitiesHaveTheNumbersOfLinux) {
  EXPECT_EQ(CapabilityNumber("CHOWN"), 0);
  EXPECT_EQ(CapabilityNumber("CAP_SYS_ADMIN"), 21);
  EXPECT_EQ(CapabilityNumber("CHECKPOINT_RESTORE"), 40);
  EXPECT_EQ(CapabilityNumber("net_admin"), 12);
  EXPECT_EQ(CapabilityNumber("ALL"), std::nullopt);
}

TEST(Security, PrivilegesMayNotGrowOnlyIfThatIsSaid) {
  EXPECT_TRUE(Of("{}", "{allowPrivilegeEscalation: false}").privileges.no_new);
  EXPECT_FALSE(Of("{}", "{allowPrivilegeEscalation: true}").privileges.no_new);
  EXPECT_FALSE(Of("{}", "{}").privileges.no_new);
}

TEST(Security, NonRootIsJudgedByWhoWouldRun) {
  const auto why = [](const std::string& pod, std::uint32_t user) { return WhyRoot(Of(pod, "{}"), user).value_or(""); };
  EXPECT_EQ(why("{runAsNonRoot: true}", 0), "container has runAsNonRoot and image will run as root");
  EXPECT_EQ(why("{runAsNonRoot: true, runAsUser: 0}", 1000), "container's runAsUser breaks non-root policy");
  EXPECT_EQ(why("{runAsNonRoot: true}", 1000), "");
  EXPECT_EQ(why("{runAsNonRoot: true, runAsUser: 5}", 0), "");
  EXPECT_EQ(why("{}", 0), "");
}

class ContainerSpecTest : public ::testing::Test {
 protected:
  Result<runtime::ContainerSpec> Make(const core::PodSpec& spec, std::uint32_t user = 0) {
    metadata_.name = "p";
    metadata_.namespace_ = "ns";
    metadata_.uid = "u";
    const PodFacts facts{&metadata_, &spec, nullptr, {}, {}, nullptr};
    volumes_ = PodVolumes::Make(facts, {"/tmp", "/tmp", "/tmp"}, settings_).value();
    return MakeContainerSpec(spec.containers.front(), {.facts = facts,
                                                       .hostname = "p",
                                                       .gpus = gpus_,
                                                       .volumes = volumes_,
                                                       .settings = settings_,
                                                       .images = images_,
                                                       .base_environment = environment_,
                                                       .working_directory = directory_,
                                                       .user = user});
  }
  meta::ObjectMeta metadata_;
  PodVolumes volumes_;
  Settings settings_;
  ImageMap images_;
  Environment environment_;
  std::vector<int> gpus_;
  std::string directory_ = "/";
};

TEST_F(ContainerSpecTest, AContainerThatWouldBeRootIsNotMade) {
  EXPECT_EQ(Make(PodWith("{runAsNonRoot: true}", "{}")).error().message,
            "container has runAsNonRoot and image will run as root (pod: \"p_ns(u)\", container: main)");
  EXPECT_TRUE(Make(PodWith("{runAsNonRoot: true}", "{}"), 1000).ok());
}

TEST_F(ContainerSpecTest, GpusAreNamedToProgramsOfThisMachineAndInAnImageLeftToTheEngine) {
  core::PodSpec spec = SpecOf(
      "{containers: [{name: main, image: x, command: [a], resources: {limits: {nvidia.com/gpu: 2}}}, "
      "{name: other, image: x, command: [b], resources: {limits: {nvidia.com/gpu: 1}}}]}");
  gpus_ = {3, 5, 7};
  const auto environment = [&] { return Join(Make(spec)->environment, " "); };
  EXPECT_EQ(environment(), "CUDA_VISIBLE_DEVICES=3,5 HOSTNAME=p NVIDIA_VISIBLE_DEVICES=3,5");
  images_.set_engine(true, {});
  EXPECT_EQ(environment(), "HOSTNAME=p");
  EXPECT_EQ(Make(spec)->image->gpus, (std::vector<int>{3, 5}));
  std::swap(spec.containers[0], spec.containers[1]);
  EXPECT_EQ(Make(spec)->image->gpus, (std::vector<int>{3}));
  // Said to be there by --node-resource alone.
  gpus_ = {};
  EXPECT_EQ(environment(), "CUDA_VISIBLE_DEVICES= HOSTNAME=p NVIDIA_VISIBLE_DEVICES=");
  EXPECT_TRUE(Make(spec)->image->gpus.empty());
}

TEST_F(ContainerSpecTest, WhatTheContextSaysIsHandedOn) {
  const auto made = Make(PodWith("{runAsUser: 7}",
                                 "{readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, "
                                 "capabilities: {drop: [ALL]}}"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->uid, 7U);
  EXPECT_TRUE(made->read_only_root);
  EXPECT_TRUE(made->privileges.no_new);
  EXPECT_EQ(made->privileges.capabilities, 0U);
}

TEST_F(ContainerSpecTest, AUserOfAnotherNumberHasItsOwnGroupsAndHome) {
  const auto made = Make(PodWith("{runAsUser: 123456, fsGroup: 7}", "{}"));
  EXPECT_EQ(made->gid, 0U);  // without an entry in /etc/passwd: root's
  EXPECT_EQ(made->groups, std::vector<std::uint32_t>{7});
  EXPECT_EQ(made->environment, (std::vector<std::string>{"HOME=/", "HOSTNAME=p"}));
}

TEST_F(ContainerSpecTest, MessageAndSignalAreThoseAskedFor) {
  const auto made =
      Make(SpecOf("{containers: [{name: a, image: b, command: [c], terminationMessagePolicy: "
                  "FallbackToLogsOnError, lifecycle: {stopSignal: SIGUSR1}}]}"));
  EXPECT_TRUE(made->message_from_output);
  EXPECT_EQ(made->stop_signal, SIGUSR1);
  EXPECT_EQ(Make(PodWith("{}", "{}"))->stop_signal, SIGTERM);
}

TEST_F(ContainerSpecTest, ALimitOfZeroIsNone) {
  const auto made = Make(
      SpecOf("{containers: [{name: a, image: b, command: [c], resources: {limits: {memory: \"0\", cpu: \"0\"}}}]}"));
  EXPECT_FALSE(made->limits.any());
}

TEST_F(ContainerSpecTest, PathsWithoutTheirSlashBeginAtTheRoot) {
  const auto made =
      Make(SpecOf("{volumes: [{name: v, hostPath: {path: /usr}}], containers: [{name: a, image: b, command: [c], "
                  "volumeMounts: [{name: v, mountPath: data/x}], terminationMessagePath: log}]}"));
  EXPECT_EQ(made->mounts.front().container_path, "/data/x");
  EXPECT_EQ(made->termination_message_path, "/log");
}

// "refused securityContext.runAsUser, ..."
std::string Listed(const std::vector<FieldFinding>& findings) {
  std::vector<std::string> out;
  out.reserve(findings.size());
  for (const FieldFinding& finding : findings) {
    out.push_back(Cat(finding.support == model::Support::kWarned ? "warned " : "refused ", finding.path));
  }
  return Join(out, ", ");
}

const MachineRights kRoot = {};
const MachineRights kUser = {.may_change_user = false, .user = 1000, .group = 1000};
const MachineRights kPlain = {.own_mounts = false, .why_no_mounts = "cannot mount /proc"};

std::string Beyond(const core::PodSpec& spec, const MachineRights& rights) {
  return Listed(BeyondRights(spec, rights));
}

TEST(BeyondRights, OnlyRootMayRunPodsOfOthers) {
  const core::PodSpec spec = PodWith("{runAsUser: 5, runAsGroup: 1000}", "{runAsGroup: 7}");
  EXPECT_EQ(Beyond(spec, kRoot), "");
  EXPECT_EQ(Beyond(spec, kUser), "refused securityContext.runAsUser, refused containers[0].securityContext.runAsGroup");
  EXPECT_EQ(Beyond(PodWith("{runAsUser: 1000, runAsGroup: 1000}", "{}"), kUser), "");
}

TEST(BeyondRights, RootOfAUserNamespaceIsNotToldToBecomeRoot) {
  const MachineRights rights = {.may_change_user = false};
  const auto findings = BeyondRights(PodWith("{runAsUser: 5}", "{privileged: true}"), rights);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].reason,
            "this machine lets its containers have no other user than reprieve's own, 0; remove the field");
  EXPECT_EQ(findings[1].reason,
            "root of a user namespace has no privileges to give; start reprieve where root is the machine's, or remove "
            "the field");
}

TEST(BeyondRights, AFieldOfThePodIsToldOnce) {
  const core::PodSpec spec =
      SpecOf("{securityContext: {runAsUser: 5}, containers: [{name: a}, {name: b}], initContainers: [{name: c}]}");
  EXPECT_EQ(Beyond(spec, kUser), "refused securityContext.runAsUser");
}

TEST(BeyondRights, APodThatWouldRunAsRootAgainstItsWordIsWarnedOfForItWaits) {
  const core::PodSpec spec = PodWith("{runAsNonRoot: true}", "{}");
  EXPECT_EQ(Beyond(spec, kRoot), "warned securityContext.runAsNonRoot");
  EXPECT_EQ(Beyond(spec, kUser), "");
  EXPECT_EQ(Beyond(PodWith("{runAsNonRoot: true}", "{runAsUser: 0}"), kRoot),
            "warned containers[0].securityContext.runAsUser");
}

TEST(BeyondRights, AnOrdinaryUserHasNothingToGiveAndNothingToDrop) {
  EXPECT_EQ(Beyond(PodWith("{}", "{privileged: true}"), kUser), "refused containers[0].securityContext.privileged");
  EXPECT_EQ(Beyond(PodWith("{}", "{capabilities: {drop: [ALL], add: [NET_ADMIN]}}"), kUser),
            "warned containers[0].securityContext.capabilities.add");
  EXPECT_EQ(Beyond(PodWith("{}", "{capabilities: {drop: [ALL]}, allowPrivilegeEscalation: false}"), kUser), "");
  EXPECT_EQ(Beyond(PodWith("{}", "{privileged: true, capabilities: {add: [NET_ADMIN, NONSENSE]}}"), kRoot),
            "refused containers[0].securityContext.capabilities.add[1]");
}

TEST(BeyondRights, PlainProcessesHaveNoMounts) {
  EXPECT_EQ(Beyond(PodWith("{}", "{readOnlyRootFilesystem: true}"), kPlain),
            "refused containers[0].securityContext.readOnlyRootFilesystem");
  const core::PodSpec spec = SpecOf(
      "{volumes: [{name: e, emptyDir: {}}, {name: h, hostPath: {path: /data/}}], containers: [{name: a, volumeMounts: "
      "[{name: e, mountPath: /e}, {name: h, mountPath: /data}, {name: h, mountPath: /data/x, subPath: x, readOnly: "
      "true}, {name: h, mountPath: /other}]}]}");
  EXPECT_EQ(Beyond(spec, kPlain),
            "refused containers[0].volumeMounts[0].mountPath, warned containers[0].volumeMounts[2].readOnly, "
            "refused containers[0].volumeMounts[3].mountPath");
  EXPECT_EQ(Beyond(spec, kRoot), "");
}

TEST(BeyondRights, APodThatAsksForNothingNeedsNoProbeOfTheMachine) {
  EXPECT_FALSE(AsksForRights(SpecOf("{volumes: [{name: v}], containers: [{name: a, command: [b]}]}")));
  EXPECT_TRUE(AsksForRights(PodWith("{}", "{}")));
  EXPECT_TRUE(AsksForRights(SpecOf("{initContainers: [{name: a, volumeMounts: [{name: v, mountPath: /v}]}]}")));
}

std::string Obstacles(const std::string& yaml, bool indexed = false) {
  Settings settings;
  core::ConfigMap config_map;
  config_map.metadata.namespace_ = "ns";
  config_map.metadata.name = "conf";
  config_map.data = {{"a.conf", "1"}, {"b.conf", "2"}};
  settings.Add(std::move(config_map));
  return Listed(StartObstacles(SpecOf(yaml), {"ns", indexed}, settings, "/"));
}

TEST(StartObstacles, MountPathsLieBelowTheRoot) {
  EXPECT_EQ(Obstacles("{containers: [{name: a, volumeMounts: [{name: v, mountPath: /}, {name: v, mountPath: /a/..}, "
                      "{name: v, mountPath: x/y}, {name: v, mountPath: ../b}, {name: v, mountPath: /x}]}]}"),
            "refused containers[0].volumeMounts[0].mountPath, refused containers[0].volumeMounts[1].mountPath");
}

TEST(StartObstacles, HugePagesCanNotBeMounted) {
  EXPECT_EQ(
      Obstacles("{volumes: [{name: a, emptyDir: {medium: HugePages-2Mi}}, {name: b, emptyDir: {medium: Memory}}]}"),
      "refused volumes[0].emptyDir.medium");
}

TEST(StartObstacles, AHookByTcpIsToldToFail) {
  EXPECT_EQ(Obstacles("{containers: [{name: a, lifecycle: {postStart: {tcpSocket: {port: 1}}, preStop: {exec: {}}}}, "
                      "{name: b, lifecycle: {preStop: {tcpSocket: {port: 1}}}}]}"),
            "warned containers[0].lifecycle.postStart.tcpSocket, warned containers[1].lifecycle.preStop.tcpSocket");
}

TEST(StartObstacles, ASubPathOfAConfigMapIsOneOfItsFiles) {
  const auto with = [](const std::string& items, const std::string& sub_path) {
    return Obstacles(Cat("{volumes: [{name: v, configMap: {name: conf", items, "}}], containers: [{name: a, ",
                         "volumeMounts: [{name: v, mountPath: /x, subPath: ", sub_path, "}]}]}"));
  };
  EXPECT_EQ(with("", "a.conf"), "");
  EXPECT_EQ(with("", "c.conf"), "warned containers[0].volumeMounts[0].subPath");
  EXPECT_EQ(with(", items: [{key: a.conf, path: deep/down}]", "deep"), "");
  EXPECT_EQ(with(", items: [{key: a.conf, path: deep/down}]", "a.conf"),
            "warned containers[0].volumeMounts[0].subPath");
}

TEST(StartObstacles, ASubPathNamesVariablesThatThereAre) {
  const auto with = [](const std::string& expression, bool indexed) {
    return Obstacles(Cat("{containers: [{name: a, env: [{name: A, value: b}], volumeMounts: [{name: v, mountPath: /x, ",
                         "subPathExpr: ", expression, "}]}]}"),
                     indexed);
  };
  EXPECT_EQ(with("logs/$(A)", false), "");
  EXPECT_EQ(with("$(JOB_COMPLETION_INDEX)", true), "");
  EXPECT_EQ(with("$(JOB_COMPLETION_INDEX)", false), "warned containers[0].volumeMounts[0].subPathExpr");
  EXPECT_EQ(with("$$(NOPE)", false), "");
}

TEST(BeyondRights, AWorkingDirectoryThatIsNotThereNeedsMounts) {
  const core::PodSpec spec = SpecOf("{containers: [{name: a, workingDir: /no-such}]}");
  EXPECT_TRUE(AsksForRights(spec));
  EXPECT_EQ(Beyond(spec, kRoot), "");
  EXPECT_EQ(Beyond(spec, kPlain), "refused containers[0].workingDir");
  EXPECT_EQ(Beyond(SpecOf("{containers: [{name: a, workingDir: /usr}]}"), kPlain), "");
  EXPECT_EQ(Beyond(SpecOf("{initContainers: [{name: i}], containers: [{name: a, workingDir: /no-such}]}"), kPlain), "");
}

TEST(BeyondRights, GroupsAreRootsToGive) {
  const core::PodSpec spec = PodWith("{fsGroup: 5, supplementalGroups: [6]}", "{}");
  EXPECT_EQ(Beyond(spec, kRoot), "");
  EXPECT_EQ(Beyond(spec, kUser), "warned securityContext.fsGroup, warned securityContext.supplementalGroups");
}

TEST(StartObstacles, AHostPortLeadsNowhereElse) {
  EXPECT_EQ(Obstacles("{containers: [{name: a, ports: [{containerPort: 80, hostPort: 80}]}]}"), "");
  EXPECT_EQ(Obstacles("{containers: [{name: a, ports: [{containerPort: 80, hostPort: 8080}]}]}"),
            "warned containers[0].ports[0].hostPort");
}

TEST(StartObstacles, AUserWhoMayNotEnterTheUsualDirectoryIsToldWhereHeWorks) {
  EXPECT_TRUE(MayEnter("/usr/bin", 1234, 1234));
  EXPECT_FALSE(MayEnter("/proc/no-such", 1234, 1234));
  std::string directory = "/tmp/start-obstacles-XXXXXX";  // mode 0700
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const auto with = [&](const std::string& context) {
    return Listed(StartObstacles(PodWith(context, "{}"), {"ns", false}, {}, directory));
  };
  EXPECT_EQ(with("{runAsUser: 4321}"), "warned containers[0]");
  EXPECT_EQ(with(Cat("{runAsUser: ", geteuid(), "}")), "");
  EXPECT_EQ(with("{}"), "");
  rmdir(directory.c_str());
}

TEST(StartObstacles, AHostPathIsAbsolute) {
  EXPECT_EQ(Obstacles("{volumes: [{name: v, hostPath: {path: a/b}}]}"), "refused volumes[0].hostPath.path");
  EXPECT_EQ(Obstacles("{volumes: [{name: v, hostPath: {path: /proc/no-such/x, type: Directory}}]}"), "");
}

}  // namespace
}  // namespace reprieve::kubelet
