//! The text of an HTML body, for reading in a terminal. No rendering: tags go, blocks break lines, entities are resolved.

/// Elements whose content nobody reads.
const SILENT: [&str; 4] = ["script", "style", "head", "title"];
/// Elements that begin a new line.
const BLOCKS: [&str; 15] = [
    "br",
    "p",
    "div",
    "tr",
    "li",
    "table",
    "ul",
    "ol",
    "h1",
    "h2",
    "h3",
    "h4",
    "blockquote",
    "pre",
    "hr",
];

/// Bytes of the longest entity that is resolved, ampersand and semicolon included.
const ENTITY_BYTES_MAX: usize = 11;

/// Turns a message body into text; a body without markup is returned as it is.
pub fn plain_text(body: &str) -> String {
    if !looks_like_html(body) {
        return body.to_owned();
    }
    let mut text = String::with_capacity(body.len() / 2);
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        push_collapsed(&mut text, &rest[..start]);
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(end) = rest.find('>') else {
            break;
        };
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        let name = tag_name(tag);
        if SILENT.contains(&name.as_str()) && !tag.starts_with('/') {
            rest = after_closing(rest, &name);
        } else if BLOCKS.contains(&name.as_str()) && !text.ends_with("\n\n") {
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
    }
    if !rest.starts_with('<') {
        push_collapsed(&mut text, rest);
    }
    text.trim().to_owned()
}

fn looks_like_html(body: &str) -> bool {
    let start: String = body
        .trim_start()
        .chars()
        .take(200)
        .collect::<String>()
        .to_ascii_lowercase();
    start.starts_with('<')
        && (start.contains("html")
            || body.contains("</")
            || body.contains("/>")
            || start.contains("<br"))
}

fn tag_name(tag: &str) -> String {
    let name = tag.trim_start_matches('/');
    name.chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase()
}

/// What follows `</name>`; nothing when it is never closed.
fn after_closing<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut position = 0;
    while let Some(found) = rest[position..].find("</") {
        let start = position + found;
        if tag_name(&rest[start + 1..]) == name {
            return rest[start..]
                .find('>')
                .map_or("", |end| &rest[start + end + 1..]);
        }
        position = start + 2;
    }
    ""
}

fn push_collapsed(text: &mut String, raw: &str) {
    let decoded = entities(raw);
    for word in decoded.split_inclusive(char::is_whitespace) {
        let trimmed = word.trim_end();
        text.push_str(trimmed);
        let had_space = trimmed.len() < word.len();
        if had_space && !text.is_empty() && !text.ends_with([' ', '\n']) {
            text.push(' ');
        }
    }
}

fn entities(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(start) = rest.find('&') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        // Only so far: behind every one of a million lone ampersands the search would go through all of the rest.
        let named = rest
            .bytes()
            .take(ENTITY_BYTES_MAX)
            .position(|byte| byte == b';')
            .and_then(|end| Some((end, entity(&rest[1..end])?)));
        match named {
            Some((end, character)) => {
                text.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                text.push('&');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "euro" => '€',
        "copy" => '©',
        "rsquo" => '’',
        "lsquo" => '‘',
        "rdquo" => '”',
        "ldquo" => '“',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_body_is_untouched() {
        assert_eq!(plain_text("a < b &amp; c\n  d"), "a < b &amp; c\n  d");
    }

    #[test]
    fn tags_go_blocks_break_and_entities_resolve() {
        let html = "<html><head><title>T</title><style>p{}</style></head><body><p>Hello&nbsp;<b>you</b>,</p>\n<p>1 &lt; 2 &#8364;<br/>bye</p><!-- x --></body></html>";
        assert_eq!(plain_text(html), "Hello you,\n\n1 < 2 €\nbye");
    }

    #[test]
    fn a_body_of_lone_ampersands_is_read_once() {
        let many = "&".repeat(4_000_000);
        assert_eq!(plain_text(&format!("<html>{many}</html>")), many);
    }

    #[test]
    fn broken_markup_ends_quietly() {
        assert_eq!(plain_text("<html><p>a<b"), "a");
        assert_eq!(plain_text("<html><script>never closed"), "");
        assert_eq!(
            plain_text("<html>&unknown; &#x110000; <!-- open"),
            "&unknown; &#x110000;"
        );
    }
}
