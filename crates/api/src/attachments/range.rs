//! Single byte ranges of a download.

use std::ops::Range;

use http::{HeaderMap, header};

/// What a `Range` header asks of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The whole file: no range, several ranges, or one that is not understood.
    All,
    /// These bytes, at least one.
    Part(Range<usize>),
    /// Bytes behind the end.
    Nothing,
}

/// Reads the `Range` header for a file of `size_bytes`.
// RFC 9110 14.2: a range that is not understood is ignored; `If-Range` never matches, since files have no validator here.
pub fn wanted(headers: &HeaderMap, size_bytes: usize) -> Wanted {
    let mut values = headers.get_all(header::RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Wanted::All;
    };
    if headers.contains_key(header::IF_RANGE) {
        return Wanted::All;
    }
    let Some(range) = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().strip_prefix("bytes="))
    else {
        return Wanted::All;
    };
    let Some((first, last)) = range.trim().split_once('-') else {
        return Wanted::All;
    };
    match (number(first), number(last)) {
        (Number::Value(first), Number::Value(last)) if first <= last => {
            within(first, last, size_bytes)
        }
        (Number::Value(first), Number::Missing) => within(first, usize::MAX, size_bytes),
        // RFC 9110 14.1.2: a suffix longer than the file is the whole file, an empty one is not satisfiable.
        (Number::Missing, Number::Value(0)) => Wanted::Nothing,
        (Number::Missing, Number::Value(_)) if size_bytes == 0 => Wanted::Nothing,
        (Number::Missing, Number::Value(length)) => {
            Wanted::Part(size_bytes.saturating_sub(length)..size_bytes)
        }
        _ => Wanted::All,
    }
}

fn within(first: usize, last: usize, size_bytes: usize) -> Wanted {
    if first >= size_bytes {
        return Wanted::Nothing;
    }
    Wanted::Part(first..last.saturating_add(1).min(size_bytes))
}

enum Number {
    Missing,
    Value(usize),
    Malformed,
}

fn number(text: &str) -> Number {
    if text.is_empty() {
        return Number::Missing;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Number::Malformed;
    }
    // Larger than any file is as good as the largest number.
    Number::Value(text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(value: &str, size_bytes: usize) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_str(value).unwrap());
        wanted(&headers, size_bytes)
    }

    #[test]
    fn single_ranges_are_cut_to_the_file() {
        assert_eq!(read("bytes=0-3", 10), Wanted::Part(0..4));
        assert_eq!(read("bytes=8-99", 10), Wanted::Part(8..10));
        assert_eq!(read("bytes=3-", 10), Wanted::Part(3..10));
        assert_eq!(read("bytes=-4", 10), Wanted::Part(6..10));
        assert_eq!(read("bytes=-40", 10), Wanted::Part(0..10));
        assert_eq!(
            read("bytes=0-99999999999999999999999", 10),
            Wanted::Part(0..10)
        );
    }

    #[test]
    fn ranges_behind_the_end_are_refused() {
        assert_eq!(read("bytes=10-", 10), Wanted::Nothing);
        assert_eq!(read("bytes=-0", 10), Wanted::Nothing);
        assert_eq!(read("bytes=-5", 0), Wanted::Nothing);
    }

    #[test]
    fn what_is_not_one_plain_range_is_ignored() {
        for odd in [
            "bytes=0-1,3-4",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=",
            "bytes=-",
            "lines=1-2",
            "0-3",
        ] {
            assert_eq!(read(odd, 10), Wanted::All, "{odd}");
        }
        assert_eq!(wanted(&HeaderMap::new(), 10), Wanted::All);
    }
}
