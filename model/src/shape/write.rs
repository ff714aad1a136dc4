//! SDK types to JSON: a [`ShapeSerializer`] that builds a [`Value`].

use super::read::whole_number;
use super::{Dialect, ShapeError};
use aws_smithy_schema::Schema;
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeSerializer};
use aws_smithy_types::date_time::Format;
use aws_smithy_types::{BigDecimal, BigInteger, Blob, DateTime, Document, Number, base64};
use serde_json::{Map, Value};

pub(super) fn write(shape: &dyn SerializableStruct, dialect: Dialect) -> Result<Value, ShapeError> {
    let mut writer = Writer {
        dialect,
        frame: Frame::Object(Map::new()),
        path: Vec::new(),
    };
    match shape.serialize_members(&mut writer) {
        Ok(()) => Ok(writer.frame.into_value()),
        Err(error) => Err(ShapeError {
            path: writer.path.join("."),
            what: error.to_string(),
        }),
    }
}

/// The container that is being filled.
enum Frame {
    /// A structure: each value arrives with its member's schema.
    Object(Map<String, Value>),
    List(Vec<Value>),
    /// A map: keys and values arrive in turn, the key as a string.
    Entries {
        entries: Map<String, Value>,
        key: Option<String>,
    },
}

impl Frame {
    fn into_value(self) -> Value {
        match self {
            Frame::Object(object) | Frame::Entries { entries: object, .. } => Value::Object(object),
            Frame::List(elements) => Value::Array(elements),
        }
    }
}

struct Writer {
    dialect: Dialect,
    frame: Frame,
    /// The members entered, for the error; left standing when one fails.
    path: Vec<String>,
}

impl Writer {
    fn put(&mut self, schema: &Schema<'_>, value: Value) -> Result<(), SerdeError> {
        match &mut self.frame {
            Frame::Object(object) => {
                let name = schema.member_name().ok_or_else(|| {
                    SerdeError::write_failed("a value without a member name in a structure")
                })?;
                object.insert(name.to_owned(), value);
            }
            Frame::List(elements) => elements.push(value),
            Frame::Entries { entries, key } => match (key.take(), value) {
                (Some(name), value) => {
                    entries.insert(name, value);
                }
                (None, Value::String(name)) => *key = Some(name),
                (None, _) => return Err(SerdeError::write_failed("a map key that is not a string")),
            },
        }
        Ok(())
    }

    fn nest(
        &mut self,
        schema: &Schema<'_>,
        frame: Frame,
        fill: impl FnOnce(&mut dyn ShapeSerializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        if let Some(name) = schema.member_name() {
            self.path.push(name.to_owned());
        }
        let outer = std::mem::replace(&mut self.frame, frame);
        fill(self)?;
        let inner = std::mem::replace(&mut self.frame, outer).into_value();
        if schema.member_name().is_some() {
            self.path.pop();
        }
        self.put(schema, inner)
    }
}

impl ShapeSerializer for Writer {
    fn write_struct(
        &mut self,
        schema: &Schema<'_>,
        value: &dyn SerializableStruct,
    ) -> Result<(), SerdeError> {
        self.nest(schema, Frame::Object(Map::new()), |writer| {
            value.serialize_members(writer)
        })
    }

    fn write_list(
        &mut self,
        schema: &Schema<'_>,
        write_elements: &dyn Fn(&mut dyn ShapeSerializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        self.nest(schema, Frame::List(Vec::new()), |writer| write_elements(writer))
    }

    fn write_map(
        &mut self,
        schema: &Schema<'_>,
        write_entries: &dyn Fn(&mut dyn ShapeSerializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        self.nest(
            schema,
            Frame::Entries {
                entries: Map::new(),
                key: None,
            },
            |writer| write_entries(writer),
        )
    }

    fn write_boolean(&mut self, schema: &Schema<'_>, value: bool) -> Result<(), SerdeError> {
        self.put(schema, value.into())
    }

    fn write_byte(&mut self, schema: &Schema<'_>, value: i8) -> Result<(), SerdeError> {
        self.put(schema, value.into())
    }

    fn write_short(&mut self, schema: &Schema<'_>, value: i16) -> Result<(), SerdeError> {
        self.put(schema, value.into())
    }

    fn write_integer(&mut self, schema: &Schema<'_>, value: i32) -> Result<(), SerdeError> {
        self.put(schema, value.into())
    }

    fn write_long(&mut self, schema: &Schema<'_>, value: i64) -> Result<(), SerdeError> {
        self.put(schema, value.into())
    }

    fn write_float(&mut self, schema: &Schema<'_>, value: f32) -> Result<(), SerdeError> {
        self.put(schema, float(value.into()))
    }

    fn write_double(&mut self, schema: &Schema<'_>, value: f64) -> Result<(), SerdeError> {
        self.put(schema, float(value))
    }

    fn write_big_integer(&mut self, _: &Schema<'_>, _: &BigInteger) -> Result<(), SerdeError> {
        Err(SerdeError::unsupported("ECS has no big integers"))
    }

    fn write_big_decimal(&mut self, _: &Schema<'_>, _: &BigDecimal) -> Result<(), SerdeError> {
        Err(SerdeError::unsupported("ECS has no big decimals"))
    }

    fn write_string(&mut self, schema: &Schema<'_>, value: &str) -> Result<(), SerdeError> {
        self.put(schema, value.into())
    }

    fn write_blob(&mut self, schema: &Schema<'_>, value: Blob) -> Result<(), SerdeError> {
        self.put(schema, base64::encode(value).into())
    }

    fn write_timestamp(&mut self, schema: &Schema<'_>, value: &DateTime) -> Result<(), SerdeError> {
        let written = match self.dialect {
            Dialect::Wire => float(value.as_secs_f64()),
            Dialect::Kubernetes => value
                .fmt(Format::DateTime)
                .map_err(|_| SerdeError::write_failed("a time beyond the year 9999"))?
                .into(),
        };
        self.put(schema, written)
    }

    fn write_document(&mut self, schema: &Schema<'_>, value: &Document) -> Result<(), SerdeError> {
        self.put(schema, document(value))
    }

    fn write_null(&mut self, schema: &Schema<'_>) -> Result<(), SerdeError> {
        self.put(schema, Value::Null)
    }
}

/// Whole numbers print without a fraction, so that `10` that was read into a double compares equal to itself.
fn float(value: f64) -> Value {
    whole_number(value).map_or_else(|| Value::from(value), Value::from)
}

fn document(value: &Document) -> Value {
    match value {
        Document::Bool(value) => Value::Bool(*value),
        Document::String(text) => Value::String(text.clone()),
        Document::Number(Number::PosInt(number)) => Value::from(*number),
        Document::Number(Number::NegInt(number)) => Value::from(*number),
        Document::Number(Number::Float(number)) => Value::from(*number),
        Document::Array(elements) => Value::Array(elements.iter().map(document).collect()),
        Document::Object(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), document(value)))
                .collect(),
        ),
        // Null, and kinds that JSON has no word for and ECS does not use.
        _ => Value::Null,
    }
}
