//! Serde for the SDK's structures, through [`ecs_model::shape`]: used with `#[serde(with = "shaped")]`, and
//! `#[serde(with = "shaped::list")]` for a list of them, in the records that the snapshot keeps.

use ecs_model::shape::{self, Shape};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::Value;

/// Writes one structure.
pub fn serialize<T: Shape, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    shape::to_value(value).map_err(ser::Error::custom)?.serialize(to)
}

/// Reads what [`serialize`] wrote.
pub fn deserialize<'de, T: Shape, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    shape::from_value(&Value::deserialize(from)?).map_err(de::Error::custom)
}

/// The same for a list of structures.
pub mod list {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Shape, Value, de, ser, shape};

    /// Writes the structures as a list.
    pub fn serialize<T: Shape, S: Serializer>(values: &[T], to: S) -> Result<S::Ok, S::Error> {
        let written: Result<Vec<Value>, _> = values.iter().map(|value| shape::to_value(value)).collect();
        written.map_err(ser::Error::custom)?.serialize(to)
    }

    /// Reads what [`serialize`] wrote.
    pub fn deserialize<'de, T: Shape, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
        let values = Vec::<Value>::deserialize(from)?;
        values
            .iter()
            .map(|value| shape::from_value(value))
            .collect::<Result<_, _>>()
            .map_err(de::Error::custom)
    }
}
