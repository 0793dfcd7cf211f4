//! Standard output and standard error, with manners.

use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

use crate::client::{Answer, Failure};

/// Where results go, and whether a person or a program reads them.
#[derive(Debug)]
pub struct Screen {
    json: bool,
    colour: bool,
    error_colour: bool,
}

impl Screen {
    /// Looks at the terminal and the environment.
    pub fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|text| text.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            json,
            colour: wanted && !json && std::io::stdout().is_terminal(),
            error_colour: wanted && !json && std::io::stderr().is_terminal(),
        }
    }

    /// Whether a program reads.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether the terminal shows colour.
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// Prints the API's answer as it came.
    pub fn verbatim(&self, answer: &Answer) {
        self.text(answer.text.trim_end());
    }

    /// Prints the API's answer for programs, and a sentence for people.
    pub fn outcome(&self, answer: &Answer, sentence: &str) {
        match self.json {
            true => self.verbatim(answer),
            false => self.text(sentence),
        }
    }

    /// Prints lines, or a document for programs.
    pub fn text(&self, text: &str) {
        match self.json {
            true => write(&format!("{}\n", super::clean_json(text))),
            false => write(&format!("{text}\n")),
        }
    }

    /// Tells people on standard error what the server remarked on; programs have it in the answer.
    pub fn warnings(&self, warnings: &[String]) {
        if self.json {
            return;
        }
        let label = match self.error_colour {
            true => "\u{1b}[33mwarning:\u{1b}[0m",
            false => "warning:",
        };
        for warning in warnings {
            eprint(&format!("{label} {}\n", super::clean(warning)));
        }
    }

    /// A heading or another thing to notice.
    pub fn bold(&self, text: &str) -> String {
        self.styled(text, "1")
    }

    /// Something in order.
    pub fn good(&self, text: &str) -> String {
        self.styled(text, "32")
    }

    /// Something to look at.
    pub fn caution(&self, text: &str) -> String {
        self.styled(text, "33")
    }

    /// Something broken.
    pub fn bad(&self, text: &str) -> String {
        self.styled(text, "31")
    }

    fn styled(&self, text: &str, code: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Explains on standard error why the command did not succeed.
    pub fn failure(&self, failure: &Failure) {
        if matches!(failure, Failure::Unhealthy) {
            return;
        }
        if self.json {
            let json = failure.json();
            eprint(&format!("{}\n", super::clean_json(json.trim_end())));
            return;
        }
        let label = if self.error_colour {
            "\u{1b}[31merror:\u{1b}[0m"
        } else {
            "error:"
        };
        let mut text = format!("{label} {}\n", super::clean(&failure.message()));
        if let Some(fix) = failure.fix() {
            text.push_str(&format!("  fix: {}\n", super::clean(&fix)));
        }
        if let Some(request_id) = failure.request_id() {
            text.push_str(&format!("  request: {}\n", super::clean(request_id)));
        }
        eprint(&text);
    }
}

/// Why something that was to be printed is lost, if it is.
static LOST: OnceLock<String> = OnceLock::new();

/// Writes to standard output; a reader that went away (`| head`) is no failure.
pub fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            LOST.get_or_init(|| format!("cannot write the output: {error}"));
        }
        _ => {}
    }
}

/// Tells why something that was to be printed is lost, as on a full disk: then the command has not done its work.
pub fn lost() -> Option<String> {
    LOST.get().cloned()
}

fn eprint(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
