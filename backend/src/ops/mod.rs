//! The operations of the ECS API, by family: each is an `apply` on its input structure.

pub mod account_settings;
pub mod attributes;
pub mod capacity_providers;
pub mod clusters;
pub mod container_instances;
pub mod page;
pub mod service_deployments;
pub mod services;
pub mod tags;
pub mod task_definitions;
pub mod tasks;

use aws_sdk_ecs::operation as op;
use ecs_model::shape::{self, Shape};
use serde_json::Value;

use crate::fault::Fault;
use crate::world::Realm;

/// An operation: what it takes, what it gives, what it does to a realm.
pub trait Operation: Shape {
    /// What the operation answers.
    type Output: Shape;

    /// Carries the operation out. A fault leaves the realm as it was.
    ///
    /// # Errors
    /// The API's own errors, in its words.
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault>;
}

macro_rules! operations {
    ($($name:literal => $input:path),* $(,)?) => {
        /// The operations that are carried out; any other name is answered like one that ECS does not have.
        pub const IMPLEMENTED: &[&str] = &[$($name),*];

        /// Carries out the operation of this name; `None` if it is not implemented.
        pub fn call(name: &str, body: &Value, realm: &mut Realm) -> Option<Result<Value, Fault>> {
            match name {
                $($name => Some(run::<$input>(body, realm)),)*
                _ => None,
            }
        }

        #[cfg(test)]
        fn input_shapes() -> Vec<(&'static str, &'static str)> {
            vec![$(($name, shape::name_of::<$input>())),*]
        }
    };
}

operations! {
    "CreateCapacityProvider" => op::create_capacity_provider::CreateCapacityProviderInput,
    "CreateCluster" => op::create_cluster::CreateClusterInput,
    "CreateService" => op::create_service::CreateServiceInput,
    "DeleteAccountSetting" => op::delete_account_setting::DeleteAccountSettingInput,
    "DeleteAttributes" => op::delete_attributes::DeleteAttributesInput,
    "DeleteCapacityProvider" => op::delete_capacity_provider::DeleteCapacityProviderInput,
    "DeleteCluster" => op::delete_cluster::DeleteClusterInput,
    "DeleteService" => op::delete_service::DeleteServiceInput,
    "DeleteTaskDefinitions" => op::delete_task_definitions::DeleteTaskDefinitionsInput,
    "DeregisterContainerInstance" => op::deregister_container_instance::DeregisterContainerInstanceInput,
    "DeregisterTaskDefinition" => op::deregister_task_definition::DeregisterTaskDefinitionInput,
    "DescribeCapacityProviders" => op::describe_capacity_providers::DescribeCapacityProvidersInput,
    "DescribeClusters" => op::describe_clusters::DescribeClustersInput,
    "DescribeContainerInstances" => op::describe_container_instances::DescribeContainerInstancesInput,
    "DescribeServiceDeployments" => op::describe_service_deployments::DescribeServiceDeploymentsInput,
    "DescribeServiceRevisions" => op::describe_service_revisions::DescribeServiceRevisionsInput,
    "DescribeServices" => op::describe_services::DescribeServicesInput,
    "DescribeTaskDefinition" => op::describe_task_definition::DescribeTaskDefinitionInput,
    "DescribeTasks" => op::describe_tasks::DescribeTasksInput,
    "GetTaskProtection" => op::get_task_protection::GetTaskProtectionInput,
    "ListAccountSettings" => op::list_account_settings::ListAccountSettingsInput,
    "ListAttributes" => op::list_attributes::ListAttributesInput,
    "ListClusters" => op::list_clusters::ListClustersInput,
    "ListContainerInstances" => op::list_container_instances::ListContainerInstancesInput,
    "ListServiceDeployments" => op::list_service_deployments::ListServiceDeploymentsInput,
    "ListServices" => op::list_services::ListServicesInput,
    "ListServicesByNamespace" => op::list_services_by_namespace::ListServicesByNamespaceInput,
    "ListTagsForResource" => op::list_tags_for_resource::ListTagsForResourceInput,
    "ListTaskDefinitionFamilies" => op::list_task_definition_families::ListTaskDefinitionFamiliesInput,
    "ListTaskDefinitions" => op::list_task_definitions::ListTaskDefinitionsInput,
    "ListTasks" => op::list_tasks::ListTasksInput,
    "PutAccountSetting" => op::put_account_setting::PutAccountSettingInput,
    "PutAccountSettingDefault" => op::put_account_setting_default::PutAccountSettingDefaultInput,
    "PutAttributes" => op::put_attributes::PutAttributesInput,
    "PutClusterCapacityProviders" => op::put_cluster_capacity_providers::PutClusterCapacityProvidersInput,
    "RegisterContainerInstance" => op::register_container_instance::RegisterContainerInstanceInput,
    "RegisterTaskDefinition" => op::register_task_definition::RegisterTaskDefinitionInput,
    "RunTask" => op::run_task::RunTaskInput,
    "StartTask" => op::start_task::StartTaskInput,
    "StopServiceDeployment" => op::stop_service_deployment::StopServiceDeploymentInput,
    "StopTask" => op::stop_task::StopTaskInput,
    "TagResource" => op::tag_resource::TagResourceInput,
    "UntagResource" => op::untag_resource::UntagResourceInput,
    "UpdateCapacityProvider" => op::update_capacity_provider::UpdateCapacityProviderInput,
    "UpdateCluster" => op::update_cluster::UpdateClusterInput,
    "UpdateClusterSettings" => op::update_cluster_settings::UpdateClusterSettingsInput,
    "UpdateContainerAgent" => op::update_container_agent::UpdateContainerAgentInput,
    "UpdateContainerInstancesState" => op::update_container_instances_state::UpdateContainerInstancesStateInput,
    "UpdateService" => op::update_service::UpdateServiceInput,
    "UpdateTaskProtection" => op::update_task_protection::UpdateTaskProtectionInput,
}

fn run<T: Operation>(body: &Value, realm: &mut Realm) -> Result<Value, Fault> {
    let input = shape::from_wire::<T>(body)
        .map_err(|error| Fault::common("SerializationException", error.to_string()))?;
    let output = input.apply(realm)?;
    shape::to_wire(&output).map_err(|error| Fault::server(format!("the answer cannot be written: {error}")))
}

#[cfg(test)]
mod tests {
    use ecs_model::facts;

    #[test]
    fn every_operation_is_one_of_the_api_and_reads_its_own_input() {
        for (name, shape) in super::input_shapes() {
            assert!(facts::model().operation(name).is_some(), "ECS has no {name}");
            assert_eq!(shape, format!("{name}Input"));
        }
    }
}
