//! `limit`, `page_token` and `offset`.

use super::Query;
use crate::error::ApiError;
use crate::limits::OFFSET_MAX;

/// How many rows a page of a collection has.
#[derive(Debug, Clone, Copy)]
pub struct PageSize {
    /// Without a `limit`.
    pub default: u32,
    /// At most; a larger `limit` is clamped.
    pub max: u32,
}

impl PageSize {
    /// Messages, drafts, domains and most other collections.
    pub const COMMON: Self = Self {
        default: 50,
        max: 200,
    };
    /// Threads.
    pub const THREADS: Self = Self {
        default: 20,
        max: 200,
    };
    /// Folders.
    pub const FOLDERS: Self = Self {
        default: 200,
        max: 200,
    };
    /// Contacts.
    pub const CONTACTS: Self = Self {
        default: 30,
        max: 200,
    };
    /// Grants, which page by offset.
    pub const GRANTS: Self = Self {
        default: 10,
        max: 200,
    };
}

/// Where a page starts and how long it may be.
#[derive(Debug, PartialEq, Eq)]
pub struct Paging {
    /// Rows, at least 1.
    pub limit: u32,
    /// A former `next_cursor`, still sealed.
    pub page_token: Option<String>,
    /// Rows to skip; 0 when a page token is given.
    pub offset: u32,
}

impl Paging {
    /// Reads `limit` and `page_token` for a collection with this page size.
    pub fn without_offset(query: &Query, size: PageSize) -> Result<Self, ApiError> {
        let limit = match query.text("limit") {
            None => size.default,
            Some(text) => match whole_number(text) {
                Some(limit) if limit >= 1 => limit.min(size.max),
                _ => {
                    return Err(ApiError::invalid(
                        "limit",
                        "expected an integer of at least 1",
                    ));
                }
            },
        };
        Ok(Self {
            limit,
            page_token: query.text("page_token").map(str::to_owned),
            offset: 0,
        })
    }

    /// Reads all three parameters.
    pub fn read(query: &Query, size: PageSize) -> Result<Self, ApiError> {
        let paging = Self::without_offset(query, size)?;
        let offset = match query.text("offset") {
            None => 0,
            Some(text) => match whole_number(text) {
                Some(offset) if offset <= OFFSET_MAX => offset,
                _ => {
                    return Err(ApiError::invalid(
                        "offset",
                        format!("expected an integer from 0 to {OFFSET_MAX}"),
                    )
                    .with_fix("continue with page_token"));
                }
            },
        };
        let is_continued = paging.page_token.is_some();
        Ok(Self {
            offset: if is_continued { 0 } else { offset },
            ..paging
        })
    }
}

/// Reads digits alone; numbers beyond `u32` saturate, since they are clamped or refused anyway.
fn whole_number(text: &str) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(raw: &str) -> Result<Paging, ApiError> {
        Paging::read(&Query::parse(Some(raw)).unwrap(), PageSize::COMMON)
    }

    #[test]
    fn limits_are_defaulted_clamped_or_refused() {
        assert_eq!(paging("").unwrap().limit, 50);
        assert_eq!(paging("limit=").unwrap().limit, 50);
        assert_eq!(paging("limit=1").unwrap().limit, 1);
        assert_eq!(paging("limit=200").unwrap().limit, 200);
        assert_eq!(paging("limit=201").unwrap().limit, 200);
        assert_eq!(paging("limit=9223372036854775808").unwrap().limit, 200);
        for bad in [
            "limit=0",
            "limit=-1",
            "limit=ten",
            "limit=1.5",
            "limit=%2B5",
        ] {
            let error = paging(bad).unwrap_err();
            assert_eq!(
                error.message(),
                "limit: expected an integer of at least 1",
                "{bad}"
            );
        }
    }

    #[test]
    fn an_offset_counts_only_without_a_page_token() {
        assert_eq!(paging("offset=10000").unwrap().offset, 10_000);
        assert!(paging("offset=10001").is_err());
        let both = paging("offset=5&page_token=abc").unwrap();
        assert_eq!((both.offset, both.page_token.as_deref()), (0, Some("abc")));
    }
}
