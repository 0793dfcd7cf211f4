//! Reads the path of MAIL and RCPT: angle brackets, quoted strings, nothing interpreted.

use super::command::SyntaxError;

/// What stands between the angle brackets of MAIL FROM or RCPT TO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path<'a> {
    /// `<>`
    Null,
    /// `<postmaster>` without a domain, in any case.
    Postmaster,
    /// Anything else, still to be parsed as an address.
    Mailbox(&'a str),
}

/// Splits `FROM:<path> parameters` into path and parameters, after `keyword` was found (`FROM:` or `TO:`).
pub(super) fn split<'a>(
    arguments: &'a str,
    keyword: &str,
) -> Result<(Path<'a>, &'a str), SyntaxError> {
    let (found, rest) = arguments
        .split_at_checked(keyword.len())
        .ok_or(SyntaxError::Arguments)?;
    if !found.eq_ignore_ascii_case(keyword) {
        return Err(SyntaxError::Arguments);
    }
    // RFC 5321 3.3 deviation: spaces behind the colon are not permitted, but common, and mean nothing else.
    let inner = rest
        .trim_start_matches(' ')
        .strip_prefix('<')
        .ok_or(SyntaxError::Brackets)?;
    let close = closing_bracket(inner).ok_or(SyntaxError::Brackets)?;
    let (path, tail) = inner.split_at_checked(close).ok_or(SyntaxError::Brackets)?;
    let parameters = tail.strip_prefix('>').ok_or(SyntaxError::Brackets)?;
    if !parameters.is_empty() && !parameters.starts_with(' ') {
        return Err(SyntaxError::Arguments);
    }
    Ok((classify(path)?, parameters))
}

fn classify(path: &str) -> Result<Path<'_>, SyntaxError> {
    if path.is_empty() {
        return Ok(Path::Null);
    }
    // RFC 5321 4.1.1.3: the special case `<postmaster>` is matched in any case and needs no domain.
    if path.eq_ignore_ascii_case("postmaster") {
        return Ok(Path::Postmaster);
    }
    // RFC 5321 3.6.1 deviation: source routes are refused, not stripped: nobody uses them but relay scanners.
    if path.starts_with('@') {
        return Err(SyntaxError::SourceRoute);
    }
    Ok(Path::Mailbox(path))
}

/// Finds the `>` that ends the path; one inside a quoted local part does not.
fn closing_bracket(inner: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cut_at_the_right_bracket() {
        assert_eq!(split("FROM:<>", "FROM:"), Ok((Path::Null, "")));
        assert_eq!(
            split("from:<a@b> SIZE=1", "FROM:"),
            Ok((Path::Mailbox("a@b"), " SIZE=1"))
        );
        assert_eq!(split("TO:<PostMaster>", "TO:"), Ok((Path::Postmaster, "")));
        assert_eq!(
            split(r#"TO:<"a>\"b"@c>"#, "TO:"),
            Ok((Path::Mailbox(r#""a>\"b"@c"#), ""))
        );
    }

    #[test]
    fn spaces_behind_the_colon_mean_nothing() {
        assert_eq!(
            split("TO:  <a@b> X", "TO:"),
            Ok((Path::Mailbox("a@b"), " X"))
        );
        assert_eq!(split("FROM: <>", "FROM:"), Ok((Path::Null, "")));
    }

    #[test]
    fn odd_paths_are_refused() {
        assert_eq!(split("TO : <a@b>", "TO:"), Err(SyntaxError::Arguments));
        assert_eq!(split("TO:a@b", "TO:"), Err(SyntaxError::Brackets));
        assert_eq!(split("TO:<a@b", "TO:"), Err(SyntaxError::Brackets));
        assert_eq!(split("TO:<\"a>@b", "TO:"), Err(SyntaxError::Brackets));
        assert_eq!(split("TO:<a@b>x", "TO:"), Err(SyntaxError::Arguments));
        assert_eq!(split("TO <a@b>", "TO:"), Err(SyntaxError::Arguments));
        assert_eq!(split("T", "TO:"), Err(SyntaxError::Arguments));
        assert_eq!(
            split("TO:<@a,@b:c@d>", "TO:"),
            Err(SyntaxError::SourceRoute)
        );
    }
}
