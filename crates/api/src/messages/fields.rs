//! `fields`: what a message shows beyond its standard members.

use posthouse_mailroom::read::{Detail, HeaderDetail};

use crate::error::ApiError;
use crate::query::Query;

/// The combination that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageFields {
    /// Which header fields are shown.
    pub headers: Option<HeaderDetail>,
    /// Whether `tracking_options` is shown.
    pub tracking_options: bool,
    /// Whether `extracted` is shown.
    pub extracted: bool,
    /// Whether `security` is shown.
    pub security: bool,
    /// Whether the object is the source and its identity alone.
    pub raw_mime: bool,
}

impl MessageFields {
    /// Reads the parameter; combinations may be comma-joined or repeated, except with `raw_mime`.
    pub fn read(query: &Query) -> Result<Self, ApiError> {
        let mut fields = Self::default();
        let names = query.list("fields");
        for name in &names {
            match name.as_str() {
                "standard" => {}
                "include_headers" => fields.headers = Some(HeaderDetail::All),
                "include_basic_headers" => {
                    fields.headers.get_or_insert(HeaderDetail::Basic);
                }
                "include_tracking_options" => fields.tracking_options = true,
                "include_extracted" => fields.extracted = true,
                "include_security" => fields.security = true,
                "raw_mime" => fields.raw_mime = true,
                _ => {
                    return Err(ApiError::invalid(
                        "fields",
                        format!("expected one of {}", WORDS.join(", ")),
                    ));
                }
            }
        }
        if fields.raw_mime && names.iter().any(|name| name != "raw_mime") {
            return Err(ApiError::invalid(
                "fields",
                "raw_mime cannot be combined with other values",
            ));
        }
        Ok(fields)
    }

    /// Returns what the mailroom has to add to its objects.
    #[must_use]
    pub fn detail(self) -> Detail {
        if self.raw_mime {
            return Detail::RawMime;
        }
        if self == Self::default() {
            return Detail::Standard;
        }
        Detail::With {
            headers: self.headers,
            tracking: self.tracking_options,
            extracted: self.extracted,
            security: self.security,
        }
    }
}

/// Every value there is.
pub(super) const WORDS: [&str; 7] = [
    "standard",
    "include_headers",
    "include_basic_headers",
    "include_tracking_options",
    "raw_mime",
    "include_extracted",
    "include_security",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(raw: &str) -> Result<MessageFields, ApiError> {
        MessageFields::read(&Query::parse(Some(raw)).unwrap())
    }

    #[test]
    fn combinations_are_comma_joined() {
        assert_eq!(fields("").unwrap(), MessageFields::default());
        assert_eq!(fields("fields=standard").unwrap(), MessageFields::default());
        let both = fields("fields=include_basic_headers,include_tracking_options").unwrap();
        assert_eq!(
            (both.headers, both.tracking_options),
            (Some(HeaderDetail::Basic), true)
        );
        let more = fields("fields=include_headers,include_basic_headers").unwrap();
        assert_eq!(more.headers, Some(HeaderDetail::All));
    }

    #[test]
    fn raw_mime_stands_alone_and_unknown_values_are_refused() {
        assert!(fields("fields=raw_mime").unwrap().raw_mime);
        assert!(fields("fields=raw_mime,include_headers").is_err());
        assert_eq!(
            fields("fields=everything").unwrap_err().field(),
            Some("fields")
        );
    }
}
