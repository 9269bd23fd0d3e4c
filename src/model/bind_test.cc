// Holds every bound struct against the table of fields: each name is there, and means the same.
#include <gtest/gtest.h>

#include "model/batch.h"
#include "model/schema.h"

namespace reprieve::model {

using document::Value;

namespace {

struct NameCollector {
  const Message& message;
  template <class M, class T>
  void Field(std::string_view name, M T::*, Presence = kOmitEmpty) {
    EXPECT_NE(message.Find(name), nullptr) << message.full_name << " has no field " << name;
  }
};

template <class T>
void Hold(std::string_view message) {
  NameCollector collector{GetMessage(message)};
  T::Fields(collector);
}

TEST(Bind, EveryBoundFieldIsAFieldOfTheTable) {
  Hold<batch::JobSpec>("batch/v1.JobSpec");
  Hold<batch::JobStatus>("batch/v1.JobStatus");
  Hold<batch::JobCondition>("batch/v1.JobCondition");
  Hold<batch::UncountedTerminatedPods>("batch/v1.UncountedTerminatedPods");
  Hold<batch::PodFailurePolicy>("batch/v1.PodFailurePolicy");
  Hold<batch::PodFailurePolicyRule>("batch/v1.PodFailurePolicyRule");
  Hold<batch::OnExitCodes>("batch/v1.PodFailurePolicyOnExitCodesRequirement");
  Hold<batch::OnPodCondition>("batch/v1.PodFailurePolicyOnPodConditionsPattern");
  Hold<batch::SuccessPolicy>("batch/v1.SuccessPolicy");
  Hold<batch::SuccessPolicyRule>("batch/v1.SuccessPolicyRule");
  Hold<core::PodSpec>("core/v1.PodSpec");
  Hold<core::PodStatus>("core/v1.PodStatus");
  Hold<core::PodCondition>("core/v1.PodCondition");
  Hold<core::Container>("core/v1.Container");
  Hold<core::ContainerPort>("core/v1.ContainerPort");
  Hold<core::Probe>("core/v1.Probe");
  Hold<core::ExecAction>("core/v1.ExecAction");
  Hold<core::HttpGetAction>("core/v1.HTTPGetAction");
  Hold<core::HttpHeader>("core/v1.HTTPHeader");
  Hold<core::TcpSocketAction>("core/v1.TCPSocketAction");
  Hold<core::ContainerStatus>("core/v1.ContainerStatus");
  Hold<core::ContainerState>("core/v1.ContainerState");
  Hold<core::ContainerStateTerminated>("core/v1.ContainerStateTerminated");
  Hold<core::Toleration>("core/v1.Toleration");
  Hold<core::EnvVar>("core/v1.EnvVar");
  Hold<core::VolumeMount>("core/v1.VolumeMount");
  Hold<meta::OwnerReference>("meta/v1.OwnerReference");
  Hold<meta::LabelSelector>("meta/v1.LabelSelector");
}

TEST(Bind, FieldsThatNobodyInterpretsSurviveARoundTrip) {
  Value container = Value::MakeObject();
  container.Set("name", Value::String("main"));
  container.Set("resources", Value::MakeObject());
  container.Set("lifecycle", Value::MakeObject()).Set("preStop", Value::Int(7));
  Value& probe = container.Set("livenessProbe", Value::MakeObject());
  probe.Set("grpc", Value::MakeObject()).Set("port", Value::Int(7));
  probe.Set("periodSeconds", Value::Int(7));
  EXPECT_TRUE(ToValue(Bind<core::Container>(container)) == container);
}

TEST(Bind, APortKeepsWhetherItIsANumberOrAName) {
  for (const Value& port : {Value::Int(80), Value::String("80"), Value::String("web")}) {
    Value probe = Value::MakeObject();
    probe.Set("tcpSocket", Value::MakeObject()).Set("port", port);
    EXPECT_TRUE(ToValue(Bind<core::Probe>(probe)) == probe);
    EXPECT_EQ(Bind<core::Probe>(probe).tcp_socket->port.kind(), port.kind());
  }
}

}  // namespace
}  // namespace reprieve::model
