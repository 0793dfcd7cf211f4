//! Files that are written into plain text, as was usual before MIME: `begin 644 name`, lines of letters, `end`.

/// Octets of a file that are read.
const FILE_BYTES_MAX: usize = 8 << 20;
/// Octets that a line has at most.
const LINE_OCTETS_MAX: usize = 63;

/// Returns the contents of such files, in order.
pub(super) fn files(text: &str) -> impl Iterator<Item = Vec<u8>> + '_ {
    let mut lines = text.lines();
    std::iter::from_fn(move || {
        lines.by_ref().find(|line| begins(line))?;
        let mut content = Vec::new();
        for line in lines.by_ref() {
            if content.len() > FILE_BYTES_MAX || !push_line(line.as_bytes(), &mut content) {
                break;
            }
        }
        Some(content)
    })
}

/// Tells whether a line begins a file: the word, permissions, a name.
pub(super) fn begins(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("begin ") else {
        return false;
    };
    let Some((mode, name)) = rest.split_once(' ') else {
        return false;
    };
    (3..=4).contains(&mode.len())
        && mode.bytes().all(|byte| matches!(byte, b'0'..=b'7'))
        && !name.trim().is_empty()
}

/// Appends what a line says; `false` when it is the last one, or none.
fn push_line(line: &[u8], content: &mut Vec<u8>) -> bool {
    let Some((&length, letters)) = line.split_first() else {
        return false;
    };
    let value = |letter: u8| match letter {
        0x20..=0x60 => Some((letter - 0x20) & 0x3f),
        _ => None,
    };
    let Some(length @ 1..) = value(length).map(usize::from) else {
        return false;
    };
    debug_assert!(length <= LINE_OCTETS_MAX);
    let start = content.len();
    for group in letters.chunks(4) {
        let mut bits = 0_u32;
        for place in 0..4 {
            let Some(six) = value(group.get(place).copied().unwrap_or(b' ')) else {
                content.truncate(start + length.min(content.len() - start));
                return true;
            };
            bits = bits << 6 | u32::from(six);
        }
        content.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    content.truncate(start + length.min(content.len() - start));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_plain_text_are_decoded() {
        let text = "Hello\nbegin 644 a.txt\n#0V%T\n`\nend\nand\nbegin 0644 b c.txt\n$0V%T<P \n \nend\nbegin now\nbegin 99x name\n";
        let found: Vec<Vec<u8>> = files(text).collect();
        assert_eq!(found, [b"Cat".to_vec(), b"Cats".to_vec()]);
    }
}
