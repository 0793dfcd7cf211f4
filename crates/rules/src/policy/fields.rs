//! One JSON object read member by member; what nobody asked for is told.

use serde_json::{Map, Value};

use super::document::Fault;

/// The members of one object, and where it is.
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    path: String,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Reads an object; `path` is empty for the whole document.
    pub(super) fn of(value: &'a Value, path: &str) -> Result<Self, Fault> {
        match value {
            Value::Object(members) => Ok(Self {
                members,
                path: path.to_owned(),
                asked: Vec::new(),
            }),
            _ => Err(Fault::invalid(path, "expected an object")),
        }
    }

    /// Where a member is.
    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Returns a member; one that is `null` is not there.
    pub(super) fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.asked.push(name);
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn object(&mut self, name: &'static str) -> Result<Option<Self>, Fault> {
        let path = self.path_of(name);
        self.value(name)
            .map(|value| Self::of(value, &path))
            .transpose()
    }

    pub(super) fn array(&mut self, name: &'static str) -> Result<Option<&'a [Value]>, Fault> {
        let path = self.path_of(name);
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(Fault::invalid(&path, "expected an array")),
        }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<&'a str>, Fault> {
        let path = self.path_of(name);
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Fault::invalid(&path, "expected a string")),
        }
    }

    pub(super) fn texts(&mut self, name: &'static str) -> Result<Option<Vec<&'a str>>, Fault> {
        let path = self.path_of(name);
        let Some(items) = self.array(name)? else {
            return Ok(None);
        };
        let texts = items.iter().map(Value::as_str).collect::<Option<Vec<_>>>();
        texts
            .ok_or_else(|| Fault::invalid(&path, "expected an array of strings"))
            .map(Some)
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, Fault> {
        let path = self.path_of(name);
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Fault::invalid(&path, "expected true or false")),
        }
    }

    /// Reads an integer, which may be spelled `7.0`.
    pub(super) fn integer(&mut self, name: &'static str) -> Result<Option<i64>, Fault> {
        let path = self.path_of(name);
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let spelled = value
            .as_f64()
            .filter(|number| number.fract() == 0.0 && number.abs() < 9e15)
            .map(|number| number as i64);
        value
            .as_i64()
            .or(spelled)
            .ok_or_else(|| Fault::invalid(&path, "expected an integer"))
            .map(Some)
    }

    pub(super) fn number(&mut self, name: &'static str) -> Result<Option<f64>, Fault> {
        let path = self.path_of(name);
        match self.value(name) {
            None => Ok(None),
            Some(value) => value
                .as_f64()
                .ok_or_else(|| Fault::invalid(&path, "expected a number"))
                .map(Some),
        }
    }

    /// Returns the paths of members that nobody asked for.
    pub(super) fn unknown(&self) -> impl Iterator<Item = String> {
        self.members
            .keys()
            .filter(|name| !self.asked.contains(&name.as_str()))
            .map(|name| self.path_of(name))
    }
}
