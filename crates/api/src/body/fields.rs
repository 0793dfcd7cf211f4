//! Typed reading of a JSON object: a wrong type is a 400 that names the field path, unknown fields become warnings.
//!
//! ```text
//! let mut body = call.fields();
//! let name = body.required::<String>("name")?;
//! let branding = body.object("branding")?;     // nested, has its own reader
//! let warnings = body.unknown();               // every name that was never asked for
//! ```

use std::collections::BTreeMap;

use posthouse_mailroom::organise::Metadata;
use serde_json::{Map, Value};

use super::path::FieldPath;
use crate::error::ApiError;
use crate::openapi::Described;

/// What an update says about an optional field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// The field is absent and keeps its value.
    Keep,
    /// The field is `null` and is cleared.
    Clear,
    /// The field has a new value.
    Set(T),
}

/// A type that a field can be read as.
pub trait FieldValue: Sized {
    /// Reads a value that is not `null`.
    fn read(value: &Value, path: &FieldPath) -> Result<Self, ApiError>;
}

/// Reads the fields of one object and remembers which were asked for.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: FieldPath,
    known: Vec<&'static str>,
    described: Described,
}

impl<'a> Fields<'a> {
    /// Reads the top-level object of a body.
    #[must_use]
    pub fn of_body(object: &'a Map<String, Value>) -> Self {
        Self {
            object,
            path: FieldPath::default(),
            known: Vec::new(),
            described: Described::default(),
        }
    }

    /// Reads an object at some path.
    #[must_use]
    pub fn at(object: &'a Map<String, Value>, path: FieldPath) -> Self {
        Self {
            object,
            path,
            known: Vec::new(),
            described: Described::default(),
        }
    }

    /// Holds the reader to what a route's description names.
    pub(crate) fn described(self, described: Described) -> Self {
        Self { described, ..self }
    }

    fn below(&self, object: &'a Map<String, Value>, path: FieldPath) -> Self {
        Self::at(object, path).described(self.described.clone())
    }

    /// Reads a field that must be there and not `null`.
    pub fn required<T: FieldValue>(&mut self, name: &'static str) -> Result<T, ApiError> {
        match self.value(name) {
            None | Some(Value::Null) => Err(self.wrong(name, "required")),
            Some(value) => T::read(value, &self.path.child(name)),
        }
    }

    /// Reads a field that may be absent or `null`.
    pub fn optional<T: FieldValue>(&mut self, name: &'static str) -> Result<Option<T>, ApiError> {
        match self.value(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::read(value, &self.path.child(name)).map(Some),
        }
    }

    /// Reads a field of an update that may be cleared with `null`.
    pub fn change<T: FieldValue>(&mut self, name: &'static str) -> Result<Change<T>, ApiError> {
        match self.value(name) {
            None => Ok(Change::Keep),
            Some(Value::Null) => Ok(Change::Clear),
            Some(value) => T::read(value, &self.path.child(name)).map(Change::Set),
        }
    }

    /// Reads a field of an update that cannot be cleared: absent keeps it, `null` is refused.
    pub fn replacement<T: FieldValue>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Null) => Err(self.wrong(name, "must not be null")),
            Some(value) => T::read(value, &self.path.child(name)).map(Some),
        }
    }

    /// Reads a nested object with a reader of its own; `null` equals absent.
    pub fn object(&mut self, name: &'static str) -> Result<Option<Fields<'a>>, ApiError> {
        match self.value(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(self.below(object, self.path.child(name)))),
            Some(other) => Err(expected(&self.path.child(name), "an object", other)),
        }
    }

    /// Reads an array of objects, each with a reader of its own; `null` equals absent.
    pub fn objects(&mut self, name: &'static str) -> Result<Option<Vec<Fields<'a>>>, ApiError> {
        let path = self.path.child(name);
        match self.value(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => {
                let mut objects = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let place = path.item(index);
                    let Value::Object(object) = item else {
                        return Err(expected(&place, "an object", item));
                    };
                    objects.push(self.below(object, place));
                }
                Ok(Some(objects))
            }
            Some(other) => Err(expected(&path, "an array", other)),
        }
    }

    /// Marks fields as known that are accepted whatever they are and have no effect. Where their type is known,
    /// [`Fields::unused`] is for them.
    pub fn ignore(&mut self, names: &[&'static str]) {
        for name in names {
            self.described.check_field(&self.path, name);
        }
        self.known.extend_from_slice(names);
    }

    /// Returns whether a field is there, `null` included.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// Makes a 400 about a field of this object.
    #[must_use]
    pub fn wrong(&self, name: &str, message: impl AsRef<str>) -> ApiError {
        ApiError::invalid(self.path.child(name).to_string(), message)
    }

    /// Returns a warning for each field that was never asked for.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        let names = self
            .object
            .keys()
            .filter(|name| !self.known.contains(&name.as_str()));
        names
            .take(WARNINGS_MAX)
            .map(|name| format!("unknown field ignored: {}", self.path.child(name)))
            .collect()
    }

    /// Adds a warning for each field that was never asked for, as long as an answer has room for it.
    pub fn warn_of_unknown(&self, warnings: &mut Vec<String>) {
        let room = WARNINGS_MAX.saturating_sub(warnings.len());
        warnings.extend(self.unknown().into_iter().take(room));
    }

    /// Reads a field that has no effect: of the wrong type it is a mistake all the same.
    pub fn unused<T: FieldValue>(&mut self, name: &'static str) -> Result<(), ApiError> {
        self.optional::<T>(name).map(drop)
    }

    fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.described.check_field(&self.path, name);
        self.known.push(name);
        self.object.get(name)
    }
}

/// Unknown fields that are named in one answer.
const WARNINGS_MAX: usize = 20;

/// Integers are exact in a double up to this magnitude.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

fn expected(path: &FieldPath, wanted: &str, got: &Value) -> ApiError {
    let got = match got {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    ApiError::invalid(path.to_string(), format!("expected {wanted}, got {got}"))
}

impl FieldValue for String {
    fn read(value: &Value, path: &FieldPath) -> Result<Self, ApiError> {
        match value {
            Value::String(text) => Ok(text.clone()),
            other => Err(expected(path, "a string", other)),
        }
    }
}

impl FieldValue for bool {
    fn read(value: &Value, path: &FieldPath) -> Result<Self, ApiError> {
        match value {
            Value::Bool(flag) => Ok(*flag),
            other => Err(expected(path, "a boolean", other)),
        }
    }
}

impl FieldValue for i64 {
    fn read(value: &Value, path: &FieldPath) -> Result<Self, ApiError> {
        if let Some(integer) = value.as_i64() {
            return Ok(integer);
        }
        // Clients in languages with one number type send 1790000000.0.
        match value.as_f64() {
            Some(number) if number.fract() == 0.0 && number.abs() <= EXACT_MAX => {
                Ok(number as Self)
            }
            Some(_) => Err(ApiError::invalid(path.to_string(), "expected an integer")),
            None => Err(expected(path, "an integer", value)),
        }
    }
}

impl FieldValue for u32 {
    fn read(value: &Value, path: &FieldPath) -> Result<Self, ApiError> {
        let number = i64::read(value, path)?;
        Self::try_from(number)
            .map_err(|_| ApiError::invalid(path.to_string(), "expected an integer of at least 0"))
    }
}

impl FieldValue for u64 {
    fn read(value: &Value, path: &FieldPath) -> Result<Self, ApiError> {
        let number = i64::read(value, path)?;
        Self::try_from(number)
            .map_err(|_| ApiError::invalid(path.to_string(), "expected an integer of at least 0"))
    }
}

impl FieldValue for Map<String, Value> {
    fn read(value: &Value, path: &FieldPath) -> Result<Self, ApiError> {
        match value {
            Value::Object(object) => Ok(object.clone()),
            other => Err(expected(path, "an object", other)),
        }
    }
}

impl FieldValue for Metadata {
    fn read(value: &Value, path: &FieldPath) -> Result<Self, ApiError> {
        let Value::Object(object) = value else {
            return Err(expected(path, "an object", value));
        };
        let mut pairs = BTreeMap::new();
        for (key, value) in object {
            pairs.insert(key.clone(), String::read(value, &path.child(key))?);
        }
        Ok(Self::new(pairs)?)
    }
}

impl<T: FieldValue> FieldValue for Vec<T> {
    fn read(value: &Value, path: &FieldPath) -> Result<Self, ApiError> {
        let Value::Array(items) = value else {
            return Err(expected(path, "an array", value));
        };
        let mut list = Self::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            list.push(T::read(item, &path.item(index))?);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(object) => object,
            _ => panic!("tests pass objects"),
        }
    }

    #[test]
    fn wrong_types_name_the_field_path() {
        let body =
            object(serde_json::json!({"settings": {"email": 7}, "ids": ["a", 1], "n": "12"}));
        let mut fields = Fields::of_body(&body);
        let mut settings = fields.object("settings").unwrap().unwrap();
        let error = settings.required::<String>("email").unwrap_err();
        assert_eq!(
            error.message(),
            "settings.email: expected a string, got a number"
        );
        let error = fields.optional::<Vec<String>>("ids").unwrap_err();
        assert_eq!(error.message(), "ids[1]: expected a string, got a number");
        let error = fields.optional::<i64>("n").unwrap_err();
        assert_eq!(error.message(), "n: expected an integer, got a string");
    }

    #[test]
    fn integers_may_be_written_as_whole_fractions() {
        let body = object(serde_json::json!({"a": 1_790_000_000.0, "b": 1.5, "c": 1e300, "d": -1}));
        let mut fields = Fields::of_body(&body);
        assert_eq!(fields.required::<i64>("a").unwrap(), 1_790_000_000);
        assert!(fields.required::<i64>("b").is_err());
        assert!(fields.required::<i64>("c").is_err());
        assert!(fields.required::<u32>("d").is_err());
    }

    #[test]
    fn null_clears_what_is_optional_and_is_refused_where_it_is_not() {
        let body = object(serde_json::json!({"gone": null, "set": "x"}));
        let mut fields = Fields::of_body(&body);
        assert_eq!(fields.change::<String>("absent").unwrap(), Change::Keep);
        assert_eq!(fields.change::<String>("gone").unwrap(), Change::Clear);
        assert_eq!(
            fields.change::<String>("set").unwrap(),
            Change::Set("x".to_owned())
        );
        assert_eq!(
            fields.replacement::<String>("gone").unwrap_err().message(),
            "gone: must not be null"
        );
        assert_eq!(
            fields.required::<String>("gone").unwrap_err().message(),
            "gone: required"
        );
    }

    #[test]
    fn fields_that_nobody_asked_for_become_warnings() {
        let body = object(serde_json::json!({"name": "x", "colour": 1, "state": "y"}));
        let mut fields = Fields::of_body(&body);
        fields.required::<String>("name").unwrap();
        fields.ignore(&["state"]);
        assert_eq!(fields.unknown(), ["unknown field ignored: colour"]);
        let mut warnings = vec![String::new(); WARNINGS_MAX - 1];
        fields.warn_of_unknown(&mut warnings);
        fields.warn_of_unknown(&mut warnings);
        assert_eq!(warnings.len(), WARNINGS_MAX);
    }
}
