//! The `Authorization` header.

use http::{HeaderMap, header};

use crate::limits::BEARER_BYTES_MAX;

/// Returns the bearer token of a request: exactly one header, no other scheme, no key in the query string.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim_start();
    let plausible = !token.is_empty() && token.len() <= BEARER_BYTES_MAX && !token.contains(' ');
    (plausible && scheme.eq_ignore_ascii_case("bearer")).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        bearer(&headers).map(str::to_owned)
    }

    #[test]
    fn only_one_plain_bearer_token_counts() {
        assert_eq!(read(&["Bearer phk_abc"]).as_deref(), Some("phk_abc"));
        assert_eq!(read(&["bearer   phk_abc "]).as_deref(), Some("phk_abc"));
        for bad in [
            &[][..],
            &["phk_abc"],
            &["Basic cGhrOg=="],
            &["Bearer"],
            &["Bearer "],
            &["Bearer a b"],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(
            read(&[&format!("Bearer {}", "a".repeat(BEARER_BYTES_MAX))]).map(|token| token.len()),
            Some(256)
        );
        assert_eq!(
            read(&[&format!("Bearer {}", "a".repeat(BEARER_BYTES_MAX + 1))]),
            None
        );
    }
}
