//! JSON text to a value tree, stricter than the parser alone: bounded depth, no name given twice, no NUL.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::body::path::FieldPath;
use crate::error::ApiError;
use crate::limits::JSON_DEPTH_MAX;

/// Parses a body that must be one JSON object. Errors name the path at which reading stopped.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let place = RefCell::new(FieldPath::default());
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = Node {
        place: &place,
        depth: 0,
    };
    let outcome = seed
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    match outcome {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(ApiError::bad_request("the body must be a JSON object")),
        Err(error) => Err(refused(&error, &place.borrow())),
    }
}

fn refused(error: &serde_json::Error, place: &FieldPath) -> ApiError {
    if error.is_data() {
        // Ours: the text is one of the constants below, followed by the parser's position.
        let text = error.to_string();
        let reason = [TOO_DEEP, TWICE, NUL]
            .into_iter()
            .find(|reason| text.starts_with(reason))
            .unwrap_or(MALFORMED);
        return ApiError::invalid(place.to_string(), reason);
    }
    let position = position(error.line(), error.column());
    if place.is_root() {
        return ApiError::bad_request(format!("the body is {position}"));
    }
    ApiError::invalid(place.to_string(), position)
}

/// Tells where the text stopped being JSON, unless that looks like the status of a failure, which clients would repeat.
fn position(line: usize, column: usize) -> String {
    let position = format!("{MALFORMED} at line {line} column {column}");
    if ["429", "500", "502", "503"]
        .iter()
        .any(|status| position.contains(status))
    {
        return MALFORMED.to_owned();
    }
    position
}

const MALFORMED: &str = "malformed JSON";
const TOO_DEEP: &str = "nested deeper than 32 levels";
const TWICE: &str = "given twice";
const NUL: &str = "text must not contain NUL";

/// Reads one value and keeps `place` at the path being read, so that an error leaves it where it happened.
#[derive(Clone, Copy)]
struct Node<'a> {
    place: &'a RefCell<FieldPath>,
    depth: usize,
}

impl Node<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == JSON_DEPTH_MAX {
            return Err(E::custom(TOO_DEEP));
        }
        Ok(Self {
            place: self.place,
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        if value.contains('\0') {
            return Err(E::custom(NUL));
        }
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        loop {
            self.place.borrow_mut().push_index(array.len());
            let Some(item) = items.next_element_seed(inner)? else {
                break;
            };
            array.push(item);
            self.place.borrow_mut().pop();
        }
        self.place.borrow_mut().pop();
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let twice = object.contains_key(&name);
            let nul = name.contains('\0');
            self.place.borrow_mut().push_name(&name);
            // HTTP-08: two readers of one body must not see two values.
            if twice {
                return Err(A::Error::custom(TWICE));
            }
            if nul {
                return Err(A::Error::custom(NUL));
            }
            let value = entries.next_value_seed(inner)?;
            self.place.borrow_mut().pop();
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> (Option<String>, String) {
        let error = parse_object(text.as_bytes()).unwrap_err();
        assert_eq!(error.status().as_u16(), 400);
        (error.field().map(str::to_owned), error.message().to_owned())
    }

    #[test]
    fn values_of_every_type_survive() {
        let text = r#"{"a":null,"b":[true,-1,2.5,18446744073709551615],"c":{"d":"\u00e9"}}"#;
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            Value::Object(parse_object(text.as_bytes()).unwrap()),
            expected
        );
    }

    #[test]
    fn malformed_json_is_refused_at_its_path() {
        let (field, message) = refusal(r#"{"settings":{"email": oops}}"#);
        assert_eq!(field.as_deref(), Some("settings.email"));
        assert!(
            message.starts_with("settings.email: malformed JSON at line 1"),
            "{message}"
        );
        assert!(!message.contains("oops"), "{message}");
        let (field, message) = refusal("{");
        assert_eq!(
            (field, message.as_str()),
            (None, "the body is malformed JSON at line 1 column 1")
        );
        assert_eq!(
            refusal(r#"{"to":[{"email":"a"},}"#).0.as_deref(),
            Some("to[1]")
        );
    }

    #[test]
    fn a_position_that_looks_like_the_status_of_a_failure_is_left_out() {
        let (_, message) = refusal(&format!("{{{}x", " ".repeat(500)));
        assert_eq!(message, "the body is malformed JSON");
        let (_, message) = refusal(&format!("{{{}x", " ".repeat(600)));
        assert!(message.ends_with("column 602"), "{message}");
    }

    #[test]
    fn bodies_that_are_no_object_are_refused() {
        for text in ["[]", "\"x\"", "1", "null"] {
            assert_eq!(refusal(text).1, "the body must be a JSON object");
        }
        assert!(parse_object(b"{} {}").is_err());
        assert!(parse_object(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn http_08_a_name_given_twice_is_refused() {
        assert_eq!(
            refusal(r#"{"settings":{"email":"a","email":"b"}}"#).1,
            "settings.email: given twice"
        );
    }

    #[test]
    fn http_08_nesting_is_bounded() {
        let nested = |levels: usize| {
            format!(
                "{{\"a\":{}{}}}",
                "[".repeat(levels - 1),
                "]".repeat(levels - 1)
            )
        };
        assert!(parse_object(nested(JSON_DEPTH_MAX).as_bytes()).is_ok());
        let (_, message) = refusal(&nested(JSON_DEPTH_MAX + 1));
        assert!(message.ends_with(TOO_DEEP), "{message}");
        assert!(TOO_DEEP.contains(&JSON_DEPTH_MAX.to_string()));
        // Far beyond, the answer is the same and the stack is not used up.
        assert!(parse_object(nested(400_000).as_bytes()).is_err());
    }

    #[test]
    fn http_08_huge_numbers_are_refused_or_kept_as_numbers() {
        assert!(parse_object(br#"{"a":1e999}"#).is_err());
        assert!(parse_object(br#"{"a":123456789012345678901234567890}"#).unwrap()["a"].is_f64());
    }

    #[test]
    fn nul_in_text_is_refused() {
        assert_eq!(
            refusal(r#"{"name":"a\u0000b"}"#).1,
            "name: text must not contain NUL"
        );
    }
}
