//! The SDK's structures as parts of specs: one newtype instead of generated types and conversions.

use ecs_model::shape::{Shape, from_value, to_value};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The members that name the resource itself, at the top of the create inputs. The SDK reads them as `""` where a
/// manifest leaves them to `metadata.name`, so `""` is unset.
const NAMES: [&str; 4] = ["serviceName", "family", "name", "clusterName"];

/// A structure of the ECS API inside a custom resource, usually flattened into `spec`.
///
/// It reads and writes the Kubernetes form of [`ecs_model::shape`]: RFC 3339 times, numbers allowed where ECS takes a
/// string. Reading fails with the path of what does not fit, and skips unknown members (the API server prunes them).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ecs<T>(pub T);

impl<T: Shape> Serialize for Ecs<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = to_value(&self.0).map_err(S::Error::custom)?;
        if let Value::Object(members) = &mut value {
            for name in NAMES {
                if members.get(name).is_some_and(|value| value == "") {
                    members.remove(name);
                }
            }
        }
        value.serialize(serializer)
    }
}

impl<'de, T: Shape> Deserialize<'de> for Ecs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        from_value(&value).map(Self).map_err(D::Error::custom)
    }
}

/// The name that ECS is to use: the one that the spec gives, else the object's own.
pub(crate) fn name_or(given: Option<&str>, object: &impl kube::ResourceExt) -> String {
    match given {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => object.name_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::operation::create_service::CreateServiceInput;
    use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
    use serde_json::json;

    #[test]
    fn what_is_unset_stays_out() {
        let read: Ecs<CreateServiceInput> = serde_json::from_value(json!({"desiredCount": 2})).unwrap();
        assert_eq!(read.0.service_name(), Some(""));
        assert_eq!(serde_json::to_value(&read).unwrap(), json!({"desiredCount": 2}));
    }

    #[test]
    fn refusals_name_the_path() {
        let given =
            json!({"containerDefinitions": [{"name": "a", "portMappings": [{"containerPort": "http"}]}]});
        let refused = serde_json::from_value::<Ecs<RegisterTaskDefinitionInput>>(given).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "containerDefinitions[0].portMappings[0].containerPort: expected an integer, found the string \"http\""
        );
    }
}
