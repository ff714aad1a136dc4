//! `DeleteService` (ecs-semantics.md §3.15).

use aws_sdk_ecs::operation::delete_service::{DeleteServiceInput, DeleteServiceOutput};

use super::{not_found, require, shown};
use crate::engine::scheduler;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

impl Operation for DeleteServiceInput {
    type Output = DeleteServiceOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let key = require(realm, self.cluster(), self.service())?;
        let record = realm.services.get_mut(&key).ok_or_else(not_found)?;
        if record.is_inactive() {
            return Err(not_found());
        }
        if record.is_active() {
            if self.force != Some(true) && record.service.desired_count > 0 {
                return Err(Fault::invalid(
                    "The service cannot be stopped while it is scaled above 0.",
                ));
            }
            record.service.status = Some("DRAINING".to_owned());
            record.service.desired_count = 0;
            scheduler::wake(realm, &key);
        }
        let deleted = realm.services.get(&key).map(|record| shown(realm, record, true));
        Ok(DeleteServiceOutput::builder().set_service(deleted).build())
    }
}
