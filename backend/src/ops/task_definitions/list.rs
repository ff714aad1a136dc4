//! `ListTaskDefinitions` and `ListTaskDefinitionFamilies`.

use aws_sdk_ecs::operation::list_task_definition_families::{
    ListTaskDefinitionFamiliesInput, ListTaskDefinitionFamiliesOutput,
};
use aws_sdk_ecs::operation::list_task_definitions::{ListTaskDefinitionsInput, ListTaskDefinitionsOutput};
use aws_sdk_ecs::types::{SortOrder, TaskDefinitionFamilyStatus, TaskDefinitionStatus};

use crate::fault::Fault;
use crate::ops::Operation;
use crate::ops::page::page;
use crate::world::{DefinitionRecord, Family, Realm};

impl Operation for ListTaskDefinitionsInput {
    type Output = ListTaskDefinitionsOutput;

    /// `familyPrefix` is a whole family here; only ACTIVE revisions unless the call says otherwise (ecs-semantics.md §1.3).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let status = self.status().unwrap_or(&TaskDefinitionStatus::Active);
        let wanted = self.family_prefix().filter(|family| !family.is_empty());
        let families = realm
            .families
            .iter()
            .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == name.as_str()));
        let mut arns: Vec<String> = families
            .flat_map(|(_, family)| family.revisions.values())
            .filter(|record| record.definition.status() == Some(status))
            .filter_map(|record| record.definition.task_definition_arn.clone())
            .collect();
        if self.sort() == Some(&SortOrder::Desc) {
            arns.reverse();
        }
        let (arns, next) = page(arns, self.next_token(), self.max_results(), 100)?;
        Ok(ListTaskDefinitionsOutput::builder()
            .set_task_definition_arns(Some(arns))
            .set_next_token(next)
            .build())
    }
}

impl Operation for ListTaskDefinitionFamiliesInput {
    type Output = ListTaskDefinitionFamiliesOutput;

    /// `familyPrefix` is a prefix here. A family is ACTIVE while one of its revisions is (ecs-semantics.md §2.13).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let prefix = self.family_prefix().unwrap_or_default();
        let listed = |family: &Family| {
            let active = family.revisions.values().any(DefinitionRecord::is_active);
            match self.status() {
                Some(TaskDefinitionFamilyStatus::Active) => active,
                Some(TaskDefinitionFamilyStatus::Inactive) => !active,
                _ => true,
            }
        };
        let families = realm.families.iter().filter(|(name, family)| {
            name.starts_with(prefix) && !family.revisions.is_empty() && listed(family)
        });
        let families = families.map(|(name, _)| name.clone()).collect();
        let (families, next) = page(families, self.next_token(), self.max_results(), 100)?;
        Ok(ListTaskDefinitionFamiliesOutput::builder()
            .set_families(Some(families))
            .set_next_token(next)
            .build())
    }
}
