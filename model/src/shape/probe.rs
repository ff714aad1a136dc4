//! What a structure of the SDK can hold, to the last leaf.
//!
//! The SDK's schemas do not link a member to the structure it holds, so the tree is found by driving the generated
//! reading code with a reader that says yes to everything and writes down what it was asked for.

use super::Shape;
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer};
use aws_smithy_schema::{Schema, ShapeType};
use aws_smithy_types::{BigDecimal, BigInteger, Blob, DateTime, Document};
use std::collections::BTreeMap;

/// A node of the tree of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// A structure or union with its members.
    Structure {
        /// The shape's name in the API, such as `ContainerDefinition`.
        shape: String,
        /// The members by their names in JSON.
        members: BTreeMap<String, Probe>,
    },
    /// A list and what its elements are.
    List(Box<Probe>),
    /// A map from strings, and what its values are.
    Map(Box<Probe>),
    /// A scalar, by the Smithy type's name in lower case: `string`, `integer`, `boolean`, `timestamp` …
    Scalar(&'static str),
}

impl Probe {
    /// The paths of all members, such as `containerDefinitions[].portMappings[].name`, without the containers' own.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect("", &mut paths);
        paths
    }

    fn collect(&self, at: &str, paths: &mut Vec<String>) {
        match self {
            Probe::Structure { members, .. } => {
                for (name, member) in members {
                    let path = if at.is_empty() {
                        name.clone()
                    } else {
                        format!("{at}.{name}")
                    };
                    member.collect(&path, paths);
                    paths.push(path);
                }
            }
            Probe::List(element) => element.collect(&format!("{at}[]"), paths),
            Probe::Map(value) => value.collect(&format!("{at}{{}}"), paths),
            Probe::Scalar(_) => {}
        }
    }
}

/// The tree of everything that `T` can hold. A structure that contains itself is entered once.
pub fn probe<T: Shape>() -> Probe {
    let mut recorder = Recorder {
        found: Probe::Scalar("structure"),
        inside: Vec::new(),
    };
    // A value that the generated code refuses (a missing enum, say) is refused after all members were asked for.
    let _ = T::read(&mut recorder);
    recorder.found
}

struct Recorder {
    found: Probe,
    /// The structures being read, outermost first: the guard against recursion.
    inside: Vec<String>,
}

impl Recorder {
    fn child(&self) -> Self {
        Self {
            found: Probe::Scalar("structure"),
            inside: self.inside.clone(),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "every reading method ends with it")]
    fn scalar<T>(&mut self, name: &'static str, value: T) -> Result<T, SerdeError> {
        self.found = Probe::Scalar(name);
        Ok(value)
    }
}

impl ShapeDeserializer for Recorder {
    fn read_struct(
        &mut self,
        schema: &Schema<'_>,
        state: &mut dyn FnMut(&Schema<'_>, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let shape = schema.shape_id().shape_name().to_owned();
        let mut members = BTreeMap::new();
        if !self.inside.contains(&shape) {
            self.inside.push(shape.clone());
            for member in schema.members() {
                let Some(name) = member.member_name() else {
                    continue;
                };
                let mut child = self.child();
                // The second variant of a union is refused before it is read; its type is then all that is known.
                child.found = Probe::Scalar(type_name(member.shape_type()));
                let _ = state(member, &mut child);
                members.insert(name.to_owned(), child.found);
            }
            self.inside.pop();
        }
        self.found = Probe::Structure { shape, members };
        Ok(())
    }

    fn read_list(
        &mut self,
        _: &Schema<'_>,
        state: &mut dyn FnMut(&mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let mut child = self.child();
        let _ = state(&mut child);
        self.found = Probe::List(Box::new(child.found));
        Ok(())
    }

    fn read_map(
        &mut self,
        _: &Schema<'_>,
        state: &mut dyn FnMut(String, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let mut child = self.child();
        let _ = state(String::new(), &mut child);
        self.found = Probe::Map(Box::new(child.found));
        Ok(())
    }

    fn read_boolean(&mut self, _: &Schema<'_>) -> Result<bool, SerdeError> {
        self.scalar("boolean", false)
    }

    fn read_byte(&mut self, _: &Schema<'_>) -> Result<i8, SerdeError> {
        self.scalar("integer", 0)
    }

    fn read_short(&mut self, _: &Schema<'_>) -> Result<i16, SerdeError> {
        self.scalar("integer", 0)
    }

    fn read_integer(&mut self, _: &Schema<'_>) -> Result<i32, SerdeError> {
        self.scalar("integer", 0)
    }

    fn read_long(&mut self, _: &Schema<'_>) -> Result<i64, SerdeError> {
        self.scalar("long", 0)
    }

    fn read_float(&mut self, _: &Schema<'_>) -> Result<f32, SerdeError> {
        self.scalar("float", 0.0)
    }

    fn read_double(&mut self, _: &Schema<'_>) -> Result<f64, SerdeError> {
        self.scalar("double", 0.0)
    }

    fn read_big_integer(&mut self, _: &Schema<'_>) -> Result<BigInteger, SerdeError> {
        Err(SerdeError::unsupported("ECS has no big integers"))
    }

    fn read_big_decimal(&mut self, _: &Schema<'_>) -> Result<BigDecimal, SerdeError> {
        Err(SerdeError::unsupported("ECS has no big decimals"))
    }

    fn read_string(&mut self, _: &Schema<'_>) -> Result<String, SerdeError> {
        self.scalar("string", String::new())
    }

    fn read_blob(&mut self, _: &Schema<'_>) -> Result<Blob, SerdeError> {
        self.scalar("blob", Blob::new(Vec::new()))
    }

    fn read_timestamp(&mut self, _: &Schema<'_>) -> Result<DateTime, SerdeError> {
        self.scalar("timestamp", DateTime::from_secs(0))
    }

    fn read_document(&mut self, _: &Schema<'_>) -> Result<Document, SerdeError> {
        self.scalar("document", Document::Null)
    }

    fn is_null(&self) -> bool {
        false
    }

    fn skip_value(&mut self) -> Result<(), SerdeError> {
        Ok(())
    }

    fn container_size(&self) -> Option<usize> {
        None
    }
}

fn type_name(shape: ShapeType) -> &'static str {
    match shape {
        ShapeType::Structure | ShapeType::Union => "structure",
        ShapeType::List => "list",
        ShapeType::Map => "map",
        ShapeType::Boolean => "boolean",
        ShapeType::Integer => "integer",
        ShapeType::Long => "long",
        ShapeType::Double => "double",
        ShapeType::Timestamp => "timestamp",
        ShapeType::Document => "document",
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;

    #[test]
    fn the_tree_reaches_the_leaves() {
        let paths = probe::<RegisterTaskDefinitionInput>().paths();
        for expected in [
            "family",
            "containerDefinitions[].portMappings[].containerPort",
            "containerDefinitions[].linuxParameters.devices[].permissions",
            "volumes[].efsVolumeConfiguration.authorizationConfig.iam",
            "tags[].key",
        ] {
            assert!(paths.iter().any(|path| path == expected), "{expected} is missing");
        }
        assert!(paths.len() > 160, "{}", paths.len());
    }
}
