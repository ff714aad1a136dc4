//! JSON to SDK types: a [`ShapeDeserializer`] over a borrowed [`Value`] that remembers where it failed.

use super::{Dialect, Shape, ShapeError};
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer, capped_container_size};
use aws_smithy_schema::{Schema, prelude};
use aws_smithy_types::date_time::Format;
use aws_smithy_types::{BigDecimal, BigInteger, Blob, DateTime, Document, Number, base64};
use serde_json::Value;
use std::cell::RefCell;
use std::fmt::Write;

pub(super) fn read<T: Shape>(value: &Value, dialect: Dialect) -> Result<T, ShapeError> {
    let failed_at = RefCell::new(None);
    let mut reader = Reader {
        value,
        path: Path::Root,
        dialect,
        failed_at: &failed_at,
    };
    T::read(&mut reader).map_err(|error| ShapeError {
        path: failed_at.take().unwrap_or_default(),
        what: sentence(error),
    })
}

/// The codec's error without the codec's prefix, which says nothing to a user.
fn sentence(error: SerdeError) -> String {
    match error {
        SerdeError::TypeMismatch { message, .. }
        | SerdeError::InvalidInput { message, .. }
        | SerdeError::Custom { message, .. } => message,
        other => other.to_string(),
    }
}

/// Where a reader stands: a list on the stack, so that the good path costs no allocation.
#[derive(Clone, Copy)]
enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'p str),
    Element(&'p Path<'p>, usize),
    Key(&'p Path<'p>, &'p str),
}

impl Path<'_> {
    fn print(&self, into: &mut String) {
        match self {
            Path::Root => {}
            Path::Member(parent, name) => {
                parent.print(into);
                if !into.is_empty() {
                    into.push('.');
                }
                into.push_str(name);
            }
            Path::Element(parent, index) => {
                parent.print(into);
                // Writing to a String cannot fail.
                let _ = write!(into, "[{index}]");
            }
            Path::Key(parent, key) => {
                parent.print(into);
                let _ = write!(into, "[{key}]");
            }
        }
    }
}

struct Reader<'v, 'p> {
    value: &'v Value,
    path: Path<'p>,
    dialect: Dialect,
    /// The path of the innermost failure: whoever fails first writes it.
    failed_at: &'p RefCell<Option<String>>,
}

impl<'v> Reader<'v, '_> {
    fn mismatch(&self, expected: &str) -> SerdeError {
        SerdeError::type_mismatch(format!("expected {expected}, found {}", found(self.value)))
    }

    /// Runs `step` on a child and notes the child's path if nothing deeper failed before.
    fn descend(
        &self,
        value: &'v Value,
        path: Path<'_>,
        step: impl FnOnce(&mut Reader<'v, '_>) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let mut child = Reader {
            value,
            path,
            dialect: self.dialect,
            failed_at: self.failed_at,
        };
        step(&mut child).inspect_err(|_| {
            let mut failed_at = self.failed_at.borrow_mut();
            if failed_at.is_none() {
                let mut text = String::new();
                path.print(&mut text);
                *failed_at = Some(text);
            }
        })
    }

    fn integer<T: TryFrom<i64>>(&self, bits: u8) -> Result<T, SerdeError> {
        let Value::Number(number) = self.value else {
            return Err(self.mismatch("an integer"));
        };
        // 10.0 is how some clients print 10.
        let whole = number.as_i64().or_else(|| number.as_f64().and_then(whole_number));
        let Some(whole) = whole else {
            let too_large = number.is_u64();
            return Err(if too_large {
                out_of_range(number, bits)
            } else {
                self.mismatch("an integer")
            });
        };
        T::try_from(whole).map_err(|_| out_of_range(number, bits))
    }
}

fn out_of_range(number: &serde_json::Number, bits: u8) -> SerdeError {
    SerdeError::type_mismatch(format!("{number} is out of range for a {bits}-bit integer"))
}

/// The integer that a float stands for, where it stands for one exactly.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked first; 2^53 bounds exact integers"
)]
pub(super) fn whole_number(float: f64) -> Option<i64> {
    (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0).then_some(float as i64)
}

fn found(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if text.chars().count() <= 40 => format!("the string {text:?}"),
        Value::String(_) => "a long string".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

impl ShapeDeserializer for Reader<'_, '_> {
    fn read_struct(
        &mut self,
        schema: &Schema<'_>,
        state: &mut dyn FnMut(&Schema<'_>, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let Value::Object(object) = self.value else {
            return Err(self.mismatch("an object"));
        };
        for (name, value) in object {
            if value.is_null() {
                continue;
            }
            let member = match schema.member_schema(name) {
                Some(member) => member,
                // A union reports variants it does not know, so that they are not taken for an empty union.
                None if schema.is_union() => &prelude::DOCUMENT,
                None => continue,
            };
            self.descend(value, Path::Member(&self.path, name), |child| {
                state(member, child)
            })?;
        }
        Ok(())
    }

    fn read_list(
        &mut self,
        _: &Schema<'_>,
        state: &mut dyn FnMut(&mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let Value::Array(elements) = self.value else {
            return Err(self.mismatch("a list"));
        };
        for (index, element) in elements.iter().enumerate() {
            self.descend(element, Path::Element(&self.path, index), |child| state(child))?;
        }
        Ok(())
    }

    fn read_map(
        &mut self,
        _: &Schema<'_>,
        state: &mut dyn FnMut(String, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let Value::Object(entries) = self.value else {
            return Err(self.mismatch("an object"));
        };
        for (key, value) in entries {
            self.descend(value, Path::Key(&self.path, key), |child| {
                state(key.clone(), child)
            })?;
        }
        Ok(())
    }

    fn read_boolean(&mut self, _: &Schema<'_>) -> Result<bool, SerdeError> {
        self.value.as_bool().ok_or_else(|| self.mismatch("true or false"))
    }

    fn read_byte(&mut self, _: &Schema<'_>) -> Result<i8, SerdeError> {
        self.integer(8)
    }

    fn read_short(&mut self, _: &Schema<'_>) -> Result<i16, SerdeError> {
        self.integer(16)
    }

    fn read_integer(&mut self, _: &Schema<'_>) -> Result<i32, SerdeError> {
        self.integer(32)
    }

    fn read_long(&mut self, _: &Schema<'_>) -> Result<i64, SerdeError> {
        self.integer(64)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the model says the member is a 32-bit float"
    )]
    fn read_float(&mut self, schema: &Schema<'_>) -> Result<f32, SerdeError> {
        self.read_double(schema).map(|double| double as f32)
    }

    fn read_double(&mut self, _: &Schema<'_>) -> Result<f64, SerdeError> {
        self.value.as_f64().ok_or_else(|| self.mismatch("a number"))
    }

    fn read_big_integer(&mut self, _: &Schema<'_>) -> Result<BigInteger, SerdeError> {
        Err(SerdeError::unsupported("ECS has no big integers"))
    }

    fn read_big_decimal(&mut self, _: &Schema<'_>) -> Result<BigDecimal, SerdeError> {
        Err(SerdeError::unsupported("ECS has no big decimals"))
    }

    fn read_string(&mut self, _: &Schema<'_>) -> Result<String, SerdeError> {
        match (self.value, self.dialect) {
            (Value::String(text), _) => Ok(text.clone()),
            (Value::Number(number), Dialect::Kubernetes) => Ok(number.to_string()),
            _ => Err(self.mismatch("a string")),
        }
    }

    fn read_blob(&mut self, _: &Schema<'_>) -> Result<Blob, SerdeError> {
        let text = self.value.as_str().ok_or_else(|| self.mismatch("base64 text"))?;
        base64::decode(text)
            .map(Blob::new)
            .map_err(|_| self.mismatch("base64 text"))
    }

    fn read_timestamp(&mut self, _: &Schema<'_>) -> Result<DateTime, SerdeError> {
        match self.value {
            Value::Number(seconds) => {
                let seconds = seconds
                    .as_f64()
                    .ok_or_else(|| self.mismatch("seconds since the epoch"))?;
                // Through milliseconds, the precision of the API: as a binary fraction .123 would become .12299999.
                let millis = whole_number((seconds * 1000.0).round());
                millis
                    .map(DateTime::from_millis)
                    .ok_or_else(|| self.mismatch("seconds since the epoch"))
            }
            Value::String(text) => DateTime::from_str(text, Format::DateTimeWithOffset)
                .map_err(|_| self.mismatch("an RFC 3339 time such as 2026-11-22T02:12:41Z")),
            _ => Err(self.mismatch("an RFC 3339 time or seconds since the epoch")),
        }
    }

    fn read_document(&mut self, _: &Schema<'_>) -> Result<Document, SerdeError> {
        Ok(document(self.value))
    }

    fn is_null(&self) -> bool {
        self.value.is_null()
    }

    fn skip_value(&mut self) -> Result<(), SerdeError> {
        Ok(())
    }

    fn container_size(&self) -> Option<usize> {
        match self.value {
            Value::Array(elements) => Some(capped_container_size(elements.len())),
            Value::Object(entries) => Some(capped_container_size(entries.len())),
            _ => None,
        }
    }
}

fn document(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(value) => Document::Bool(*value),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(elements) => Document::Array(elements.iter().map(document).collect()),
        Value::Object(entries) => Document::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), document(value)))
                .collect(),
        ),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(positive), _) => Number::PosInt(positive),
            (None, Some(negative)) => Number::NegInt(negative),
            (None, None) => Number::Float(number.as_f64().unwrap_or_default()),
        }),
    }
}
