//! `select`: each returned object reduced to some of its top-level fields.

use serde_json::Value;

use super::Query;

/// Fields that are kept whatever was selected: the Python SDK cannot decode objects without them.
const ALWAYS: [&str; 3] = ["id", "grant_id", "object"];

/// The fields that the caller asked for, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select(Option<Vec<String>>);

impl Select {
    /// Reads the parameter; names that no object has are ignored.
    #[must_use]
    pub fn read(query: &Query) -> Self {
        let names = query.list("select");
        Self((!names.is_empty()).then_some(names))
    }

    /// Returns whether nothing was selected, so that objects stay whole.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.0.is_none()
    }

    /// Returns whether a top-level field stays.
    #[must_use]
    pub fn keeps(&self, field: &str) -> bool {
        match &self.0 {
            None => true,
            Some(names) => ALWAYS.contains(&field) || names.iter().any(|name| name == field),
        }
    }

    /// Reduces an object; anything else is returned as it is.
    #[must_use]
    pub fn reduce(&self, mut object: Value) -> Value {
        if let (Some(_), Value::Object(fields)) = (&self.0, &mut object) {
            fields.retain(|name, _| self.keeps(name));
        }
        object
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(raw: &str) -> Select {
        Select::read(&Query::parse(Some(raw)).unwrap())
    }

    #[test]
    fn identity_fields_survive_every_selection() {
        let object = serde_json::json!({"id": "1", "grant_id": "2", "object": "folder", "name": "x", "path": "x"});
        let reduced = select("select=name,unknown").reduce(object);
        assert_eq!(
            reduced,
            serde_json::json!({"id": "1", "grant_id": "2", "object": "folder", "name": "x"})
        );
    }

    #[test]
    fn an_empty_selection_keeps_everything() {
        let object = serde_json::json!({"name": "x", "path": "x"});
        assert_eq!(select("select=").reduce(object.clone()), object);
        assert!(select("").is_everything());
    }
}
