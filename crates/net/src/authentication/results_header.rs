//! The Authentication-Results field (RFC 8601): ours written, forged ones taken out.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::fields::Fields;
use super::verdict::{DkimVerdict, SpfIdentity, SpfVerdict, Verdicts};

/// Returns the field, folded and ended by CRLF, to stand above the message.
///
/// Everything in it is a word of ours, a number, or a domain name that was brought into canonical form.
pub fn field(hostname: &str, verdicts: &Verdicts) -> String {
    let mut field = format!("Authentication-Results: {hostname}");
    let results = results(verdicts);
    if results.is_empty() {
        field.push_str("; none");
    }
    for result in results {
        let _ = write!(field, ";\r\n\t{result}");
    }
    field.push_str("\r\n");
    field
}

fn results(verdicts: &Verdicts) -> Vec<String> {
    let mut results = Vec::new();
    for spf in verdicts.spf.iter().chain(&verdicts.helo) {
        results.push(spf_result(spf));
    }
    results.extend(verdicts.dkim.iter().map(dkim_result));
    if let Some(dmarc) = &verdicts.dmarc {
        let mut result = format!("dmarc={}", dmarc.result.word());
        if let Some(policy) = dmarc.policy {
            let _ = write!(result, " (p={})", policy.word());
        }
        push_property(&mut result, "header.from", &dmarc.domain);
        results.push(result);
    }
    if verdicts.arc.instances > 0 || verdicts.arc.reason.is_some() {
        let mut result = format!("arc={}", verdicts.arc.result.word());
        push_reason(&mut result, verdicts.arc.reason);
        if let Some(peer) = verdicts.peer {
            let _ = write!(result, " smtp.remote-ip={}", quoted_address(peer));
        }
        results.push(result);
    }
    results
}

fn spf_result(spf: &SpfVerdict) -> String {
    let mut result = format!("spf={}", spf.result.word());
    let property = match spf.identity {
        SpfIdentity::MailFrom => "smtp.mailfrom",
        SpfIdentity::Helo => "smtp.helo",
    };
    push_property(&mut result, property, &spf.domain);
    result
}

fn dkim_result(dkim: &DkimVerdict) -> String {
    let mut result = format!("dkim={}", dkim.result.word());
    push_reason(&mut result, dkim.reason);
    push_property(&mut result, "header.d", &dkim.domain);
    push_property(&mut result, "header.s", &dkim.selector);
    push_property(&mut result, "header.a", dkim.algorithm);
    if !dkim.signature_start.is_empty() {
        let _ = write!(result, " header.b=\"{}\"", dkim.signature_start);
    }
    result
}

fn push_reason(result: &mut String, reason: Option<&str>) {
    if let Some(reason) = reason {
        let _ = write!(result, " reason=\"{reason}\"");
    }
}

/// Appends a property whose value is a name; what is no plain token is quoted.
fn push_property(result: &mut String, property: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    let is_token = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if is_token {
        let _ = write!(result, " {property}={value}");
        return;
    }
    let quotable = |character: &char| character.is_ascii_graphic() && !"\"\\".contains(*character);
    let kept: String = value.chars().filter(quotable).collect();
    let _ = write!(result, " {property}=\"{kept}\"");
}

fn quoted_address(peer: IpAddr) -> String {
    match peer.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("\"{v6}\""),
    }
}

/// Returns the message without the Authentication-Results fields that claim to be this server's; `None` when there are
/// none of these, which is nearly always.
///
/// RFC 8601 5: whoever reads them trusts what bears our name. A field that cannot be read goes, too: others may read
/// it differently.
pub fn without_forged(message: &[u8], hostname: &str) -> Option<Vec<u8>> {
    let fields = Fields::of(message);
    let mut kept = Vec::new();
    let mut copied = 0;
    for field in fields.named("authentication-results") {
        if !claims_to_be(field.value, hostname) {
            continue;
        }
        let start = field.raw.as_ptr() as usize - message.as_ptr() as usize;
        kept.extend_from_slice(&message[copied..start]);
        copied = start + field.raw.len();
    }
    if copied == 0 {
        return None;
    }
    kept.extend_from_slice(&message[copied..]);
    Some(kept)
}

/// Tells whether the value starts with our name, or with something that is no name at all.
fn claims_to_be(value: &[u8], hostname: &str) -> bool {
    match server_id(value) {
        Some(id) => {
            let id = id.strip_suffix('.').unwrap_or(&id);
            id.eq_ignore_ascii_case(hostname)
        }
        None => true,
    }
}

/// Returns the authserv-id: the token or quoted string after comments and white space. `None` when there is none.
fn server_id(value: &[u8]) -> Option<String> {
    let mut rest = value;
    loop {
        rest = rest.trim_ascii_start();
        match rest.first()? {
            b'(' => rest = after_comment(rest)?,
            b'"' => return quoted_string(&rest[1..]),
            _ => break,
        }
    }
    let end = rest
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || b"();,\"=".contains(byte))
        .unwrap_or(rest.len());
    if end == 0 {
        return None;
    }
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

/// Returns what follows the comment at the start; comments nest.
fn after_comment(text: &[u8]) -> Option<&[u8]> {
    let mut depth = 0_usize;
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(&text[at + 1..]);
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns the content of a quoted string whose first quote was read.
fn quoted_string(text: &[u8]) -> Option<String> {
    let mut content = Vec::new();
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return Some(String::from_utf8_lossy(&content).trim().to_owned()),
            b'\\' => content.push(*bytes.next()?),
            b'\r' | b'\n' => {}
            _ => content.push(*byte),
        }
    }
    None
}

#[cfg(test)]
mod tests;
