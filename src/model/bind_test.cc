// Holds every bound struct against the table of fields: each name is there, and means the same.
#include <gtest/gtest.h>

#include "model/batch.h"
#include "model/schema.h"

namespace reprieve::model {
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
  container.Set("livenessProbe", Value::MakeObject()).Set("periodSeconds", Value::Int(7));
  EXPECT_TRUE(ToValue(Bind<core::Container>(container)) == container);
}

}  // namespace
}  // namespace reprieve::model
