//! Custom attributes of container instances (ecs-semantics.md §1.10).

use aws_sdk_ecs::operation::delete_attributes::{DeleteAttributesInput, DeleteAttributesOutput};
use aws_sdk_ecs::operation::list_attributes::{ListAttributesInput, ListAttributesOutput};
use aws_sdk_ecs::operation::put_attributes::{PutAttributesInput, PutAttributesOutput};
use aws_sdk_ecs::types::error::{AttributeLimitExceededException, TargetNotFoundException};
use aws_sdk_ecs::types::{Attribute, TargetType};

use crate::engine::hooks;
use crate::fault::Fault;
use crate::ops::page::page;
use crate::ops::{Operation, container_instances};
use crate::world::Realm;

/// The most attributes in a call, and the most custom ones of an instance.
const LIMIT: usize = 10;

impl Operation for PutAttributesInput {
    type Output = PutAttributesOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        let targets = targets(realm, self.attributes(), &cluster)?;
        for (id, attribute) in &targets {
            require_room(realm, id, &targets, attribute)?;
        }
        for (id, attribute) in &targets {
            change(realm, id, attribute, true);
        }
        Ok(PutAttributesOutput::builder()
            .set_attributes(Some(self.attributes().to_vec()))
            .build())
    }
}

impl Operation for DeleteAttributesInput {
    type Output = DeleteAttributesOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        let targets = targets(realm, self.attributes(), &cluster)?;
        for (_, attribute) in &targets {
            require_custom(attribute)?;
        }
        for (id, attribute) in &targets {
            change(realm, id, attribute, false);
        }
        Ok(DeleteAttributesOutput::builder()
            .set_attributes(Some(self.attributes().to_vec()))
            .build())
    }
}

impl Operation for ListAttributesInput {
    type Output = ListAttributesOutput;

    /// Built-in attributes are listed too; a value is only looked for together with a name (ecs-semantics.md §1.10).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        let (name, value) = (self.attribute_name(), self.attribute_value());
        if value.is_some() && name.is_none() {
            return Err(Fault::invalid(
                "An attribute value can only be specified together with an attribute name.",
            ));
        }
        let instances = realm
            .container_instances
            .values()
            .filter(|record| record.cluster == cluster);
        let listed = instances.flat_map(|record| {
            let wanted = |attribute: &&Attribute| {
                name.is_none_or(|name| name == attribute.name())
                    && value.is_none_or(|value| Some(value) == attribute.value())
            };
            let arn = record.instance.container_instance_arn();
            record
                .instance
                .attributes()
                .iter()
                .filter(wanted)
                .map(move |attribute| {
                    let mut listed = attribute.clone();
                    listed.target_type = Some(TargetType::ContainerInstance);
                    listed.target_id = arn.map(str::to_owned);
                    listed
                })
        });
        let (attributes, next) = page(listed.collect(), self.next_token(), self.max_results(), 100)?;
        Ok(ListAttributesOutput::builder()
            .set_attributes(Some(attributes))
            .set_next_token(next)
            .build())
    }
}

/// The instance that each attribute is for.
fn targets(
    realm: &Realm,
    attributes: &[Attribute],
    cluster: &str,
) -> Result<Vec<(String, Attribute)>, Fault> {
    if attributes.is_empty() {
        return Err(Fault::invalid("Attributes cannot be empty."));
    }
    if attributes.len() > LIMIT {
        return Err(Fault::invalid("Attributes cannot have more than 10 elements."));
    }
    attributes
        .iter()
        .map(|attribute| Ok((target(realm, attribute, cluster)?, attribute.clone())))
        .collect()
}

fn target(realm: &Realm, attribute: &Attribute, cluster: &str) -> Result<String, Fault> {
    let name = attribute.name();
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "-_./\\".contains(letter);
    if name.is_empty() || name.len() > 128 || !name.chars().all(legal) {
        return Err(Fault::invalid(format!(
            "Invalid attribute name '{name}': it has 1 to 128 letters, digits and - _ . / \\."
        )));
    }
    if let Some(value) = attribute.value().filter(|value| !is_value(value)) {
        return Err(Fault::invalid(format!(
            "Invalid attribute value '{value}': it has 1 to 128 letters, digits and - _ . / \\ @ :, and spaces between them."
        )));
    }
    let reference = attribute.target_id().unwrap_or_default();
    container_instances::find(realm, reference, cluster)?.ok_or_else(|| {
        let text = format!("The specified target {reference} was not found.");
        Fault::of(&TargetNotFoundException::builder().message(text).build())
    })
}

/// Whether an attribute may have this value (ecs-semantics.md §5.2).
fn is_value(text: &str) -> bool {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "-_./\\@: ".contains(letter);
    (1..=128).contains(&text.len()) && text.trim() == text && text.chars().all(legal)
}

fn require_room(
    realm: &Realm,
    id: &str,
    all: &[(String, Attribute)],
    attribute: &Attribute,
) -> Result<(), Fault> {
    require_custom(attribute)?;
    let attributes = realm
        .container_instances
        .get(id)
        .map(|record| record.instance.attributes())
        .unwrap_or_default();
    let mut custom: std::collections::BTreeSet<&str> = attributes
        .iter()
        .map(Attribute::name)
        .filter(|name| !is_built_in(name))
        .collect();
    custom.extend(
        all.iter()
            .filter(|(other, _)| other == id)
            .map(|(_, attribute)| attribute.name()),
    );
    if custom.len() > LIMIT {
        let text = "You can apply up to 10 custom attributes for each resource.";
        return Err(Fault::of(
            &AttributeLimitExceededException::builder().message(text).build(),
        ));
    }
    Ok(())
}

/// Only custom attributes are put and deleted: the others are ECS's and the agent's (ecs-semantics.md §5.2).
fn require_custom(attribute: &Attribute) -> Result<(), Fault> {
    if is_built_in(attribute.name()) {
        return Err(Fault::invalid(format!(
            "The attribute {} is one of ECS's own.",
            attribute.name()
        )));
    }
    Ok(())
}

fn is_built_in(name: &str) -> bool {
    name.starts_with("ecs.") || name.starts_with("com.amazonaws.ecs.")
}

fn change(realm: &mut Realm, id: &str, attribute: &Attribute, put: bool) {
    let Some(record) = realm.container_instances.get_mut(id) else {
        return;
    };
    let attributes = record.instance.attributes.get_or_insert_default();
    let gone = |known: &Attribute| {
        let same_value = put || attribute.value.is_none() || known.value == attribute.value;
        known.name == attribute.name && same_value
    };
    attributes.retain(|known| !gone(known));
    if put {
        let mut kept = attribute.clone();
        (kept.target_id, kept.target_type) = (None, None);
        attributes.push(kept);
    }
    record.instance.version += 1;
    hooks::instance_changed(realm, id);
}
