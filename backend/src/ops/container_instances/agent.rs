//! `UpdateContainerAgent`.

use aws_sdk_ecs::operation::update_container_agent::{UpdateContainerAgentInput, UpdateContainerAgentOutput};
use aws_sdk_ecs::types::error::NoUpdateAvailableException;

use super::find;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

impl Operation for UpdateContainerAgentInput {
    type Output = UpdateContainerAgentOutput;

    /// No agent is there, so its version is always the newest (ecs-semantics.md §1.2).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        find(realm, self.container_instance().unwrap_or_default(), &cluster)?
            .ok_or_else(|| Fault::invalid("The referenced container instance was not found."))?;
        let text = "There is no update available for your container agent.";
        Err(Fault::of(
            &NoUpdateAvailableException::builder().message(text).build(),
        ))
    }
}
