//! Sending a ready-made SDK input: `target.call(CreateServiceInput { .. }).await?`.
//!
//! The SDK's fluent builders cannot be made from an input, and ours come ready from the custom resource's spec. So an
//! interceptor replaces the (empty) input of the builder before it is serialised (engineering.md §3.4).

use std::fmt::Debug;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::interceptors::BeforeSerializationInterceptorContextMut;
use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ecs::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;

use crate::aws::error::AwsError;
use crate::aws::operation::repeatable;

/// An operation of ECS, known by its input.
pub trait Operation: Send + Sized {
    /// What it answers.
    type Output: Send;
    /// Its name, as `CreateService`.
    const NAME: &'static str;
    /// Sends it.
    fn send(self, ecs: &Client) -> impl Future<Output = Result<Self::Output, AwsError>> + Send;
}

/// Puts a ready-made input in the place of the builder's.
#[derive(Debug)]
struct Replace<T>(T);

#[dyn_dispatch_hint]
impl<T: Clone + Debug + Send + Sync + 'static> Intercept for Replace<T> {
    fn name(&self) -> &'static str {
        "ReplaceInput"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *context.input_mut() = Input::erase(self.0.clone());
        Ok(())
    }
}

/// What is overridden for one operation: no second attempt where a replay would be a second effect.
fn overrides(operation: &str) -> Builder {
    if repeatable(operation) {
        Builder::new()
    } else {
        Builder::new().retry_config(RetryConfig::standard().with_max_attempts(1))
    }
}

macro_rules! operations {
    ($($method:ident($input:ident) -> $output:ident = $name:literal;)*) => {
        $(
            impl Operation for aws_sdk_ecs::operation::$method::$input {
                type Output = aws_sdk_ecs::operation::$method::$output;
                const NAME: &'static str = $name;

                async fn send(self, ecs: &Client) -> Result<Self::Output, AwsError> {
                    let request = ecs
                        .$method()
                        .customize()
                        .interceptor(Replace(self))
                        .config_override(overrides(Self::NAME));
                    Box::pin(request.send()).await.map_err(|error| AwsError::from_sdk(Self::NAME, &error))
                }
            }
        )*

        /// The operations that the operator can send; what its IAM policy has to allow.
        pub const SENT: &[&str] = &[$($name),*];
    };
}

operations! {
    create_cluster(CreateClusterInput) -> CreateClusterOutput = "CreateCluster";
    update_cluster(UpdateClusterInput) -> UpdateClusterOutput = "UpdateCluster";
    update_cluster_settings(UpdateClusterSettingsInput) -> UpdateClusterSettingsOutput = "UpdateClusterSettings";
    put_cluster_capacity_providers(PutClusterCapacityProvidersInput) -> PutClusterCapacityProvidersOutput = "PutClusterCapacityProviders";
    delete_cluster(DeleteClusterInput) -> DeleteClusterOutput = "DeleteCluster";
    describe_clusters(DescribeClustersInput) -> DescribeClustersOutput = "DescribeClusters";

    register_task_definition(RegisterTaskDefinitionInput) -> RegisterTaskDefinitionOutput = "RegisterTaskDefinition";
    describe_task_definition(DescribeTaskDefinitionInput) -> DescribeTaskDefinitionOutput = "DescribeTaskDefinition";
    list_task_definitions(ListTaskDefinitionsInput) -> ListTaskDefinitionsOutput = "ListTaskDefinitions";
    deregister_task_definition(DeregisterTaskDefinitionInput) -> DeregisterTaskDefinitionOutput = "DeregisterTaskDefinition";
    delete_task_definitions(DeleteTaskDefinitionsInput) -> DeleteTaskDefinitionsOutput = "DeleteTaskDefinitions";

    create_service(CreateServiceInput) -> CreateServiceOutput = "CreateService";
    update_service(UpdateServiceInput) -> UpdateServiceOutput = "UpdateService";
    delete_service(DeleteServiceInput) -> DeleteServiceOutput = "DeleteService";
    describe_services(DescribeServicesInput) -> DescribeServicesOutput = "DescribeServices";
    list_service_deployments(ListServiceDeploymentsInput) -> ListServiceDeploymentsOutput = "ListServiceDeployments";
    describe_service_deployments(DescribeServiceDeploymentsInput) -> DescribeServiceDeploymentsOutput = "DescribeServiceDeployments";
    stop_service_deployment(StopServiceDeploymentInput) -> StopServiceDeploymentOutput = "StopServiceDeployment";
    describe_service_revisions(DescribeServiceRevisionsInput) -> DescribeServiceRevisionsOutput = "DescribeServiceRevisions";

    list_tasks(ListTasksInput) -> ListTasksOutput = "ListTasks";
    describe_tasks(DescribeTasksInput) -> DescribeTasksOutput = "DescribeTasks";

    list_container_instances(ListContainerInstancesInput) -> ListContainerInstancesOutput = "ListContainerInstances";
    describe_container_instances(DescribeContainerInstancesInput) -> DescribeContainerInstancesOutput = "DescribeContainerInstances";

    create_capacity_provider(CreateCapacityProviderInput) -> CreateCapacityProviderOutput = "CreateCapacityProvider";
    update_capacity_provider(UpdateCapacityProviderInput) -> UpdateCapacityProviderOutput = "UpdateCapacityProvider";
    delete_capacity_provider(DeleteCapacityProviderInput) -> DeleteCapacityProviderOutput = "DeleteCapacityProvider";
    describe_capacity_providers(DescribeCapacityProvidersInput) -> DescribeCapacityProvidersOutput = "DescribeCapacityProviders";

    tag_resource(TagResourceInput) -> TagResourceOutput = "TagResource";
    untag_resource(UntagResourceInput) -> UntagResourceOutput = "UntagResource";
}

/// An input that its builder has finished.
///
/// # Errors
/// [`Class::Invalid`](crate::aws::error::Class::Invalid) when a required member is missing.
pub fn built<T>(
    operation: &'static str,
    input: Result<T, aws_sdk_ecs::error::BuildError>,
) -> Result<T, AwsError> {
    input.map_err(|error| {
        AwsError::local(
            operation,
            crate::aws::error::Class::Invalid,
            "Unsendable",
            error.to_string(),
        )
    })
}
