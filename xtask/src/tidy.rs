//! Looks at the tree itself: leftovers that no compiler complains about.

use std::path::Path;

use anyhow::{Result, bail};

use crate::workspace;

/// Past this many lines a reviewer asks what second thing moved into a file. It is a question, so it only warns.
const FILE_LINES_SMELL: usize = 600;

/// Text that must not stay in a file, with the reason. Written in two halves so that this file does not find itself.
const LEFTOVERS: [(&str, &str, &str); 6] = [
    (
        "todo",
        "!(",
        "finish it or say in a comment what is missing",
    ),
    ("unimplemented", "!(", "finish it or answer an error"),
    ("dbg", "!(", "remove it"),
    ("#[igno", "re", "a test that does not run proves nothing"),
    ("#[should_", "panic", "assert the error value"),
    ("#[allow", "(", "use #[expect(lint, reason = \"...\")]"),
];

/// Fails on leftovers and on files without module documentation; warns about long files.
pub fn check() -> Result<()> {
    let files = workspace::rust_files()?;
    let mut complaints = Vec::new();
    for (path, text) in &files {
        complaints.extend(complaints_about(path, text));
        let lines = text.lines().count();
        if lines > FILE_LINES_SMELL {
            println!(
                "tidy: warning: {} has {lines} lines; what second thing moved in?",
                path.display()
            );
        }
    }
    if complaints.is_empty() {
        println!("tidy: {} files", files.len());
        return Ok(());
    }
    bail!("the tree is not tidy:\n  {}", complaints.join("\n  "))
}

fn complaints_about(path: &Path, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let first_code = text
        .lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with("// "));
    if !first_code.is_some_and(|line| line.starts_with("//!")) {
        complaints.push(format!(
            "{}: does not begin with module documentation",
            path.display()
        ));
    }
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (first, second, advice) in LEFTOVERS {
            if code.contains(&format!("{first}{second}")) {
                complaints.push(format!(
                    "{}:{}: {first}{second}: {advice}",
                    path.display(),
                    number + 1
                ));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_found_with_their_line() {
        let text = format!(
            "//! Words.\n\nfn later() {{\n    {}{}\"later\");\n}}\n",
            "todo", "!("
        );
        let complaints = complaints_about(Path::new("a.rs"), &text);
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("a.rs:4:"), "{complaints:?}");
    }

    #[test]
    fn a_file_begins_with_what_it_is_for() {
        assert_eq!(
            complaints_about(Path::new("a.rs"), "fn silent() {}\n").len(),
            1
        );
        assert_eq!(
            complaints_about(Path::new("a.rs"), "//! Says something.\n").len(),
            0
        );
    }
}
