//! How far something is: a bar for a person, a line now and then for a log, nothing for a program.

use std::io::IsTerminal;

use super::{Screen, write};

/// Characters of the bar.
const BAR_CHARACTERS: u64 = 30;

/// Percent between two lines of a log.
const LINE_PERCENT: u64 = 10;

/// One thing that is under way.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    form: Form,
    /// What was shown last, in percent.
    shown: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Bar,
    Lines,
    Nothing,
}

impl Progress {
    /// Looks at who reads.
    pub fn new(screen: &Screen, what: &'static str) -> Self {
        let form = if screen.is_json() {
            Form::Nothing
        } else if std::io::stdout().is_terminal() {
            Form::Bar
        } else {
            Form::Lines
        };
        Self {
            what,
            form,
            shown: None,
        }
    }

    /// Shows how much is done.
    pub fn show(&mut self, done: u64, total: u64) {
        if let Some(text) = self.text(done, total) {
            write(&text);
        }
    }

    /// Makes room for what comes next.
    pub fn end(&mut self) {
        if self.form == Form::Bar && self.shown.is_some() {
            write("\r\u{1b}[K");
        }
    }

    fn text(&mut self, done: u64, total: u64) -> Option<String> {
        let percent = done.min(total) * 100 / total.max(1);
        let what = self.what;
        match self.form {
            Form::Nothing => None,
            Form::Bar => {
                self.shown = Some(percent);
                let filled = percent * BAR_CHARACTERS / 100;
                let (filled, empty) = (filled as usize, (BAR_CHARACTERS - filled) as usize);
                let (filled, empty) = ("█".repeat(filled), "░".repeat(empty));
                Some(format!(
                    "\r\u{1b}[K{what} {filled}{empty} {percent:>3} %  {done} of {total}"
                ))
            }
            Form::Lines => {
                let due = self.shown.is_none_or(|last| percent >= last + LINE_PERCENT);
                due.then(|| {
                    self.shown = Some(percent);
                    format!("{what}: {percent} %, {done} of {total}\n")
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(form: Form) -> Progress {
        Progress {
            what: "Indexing",
            form,
            shown: None,
        }
    }

    #[test]
    fn a_log_gets_a_line_for_every_tenth_and_a_person_a_bar() {
        let mut lines = progress(Form::Lines);
        let shown: Vec<String> = (0..=250).filter_map(|done| lines.text(done, 250)).collect();
        assert_eq!(shown.len(), 11);
        assert_eq!(shown[0], "Indexing: 0 %, 0 of 250\n");
        assert_eq!(shown[10], "Indexing: 100 %, 250 of 250\n");
        let bar = progress(Form::Bar).text(125, 250).unwrap_or_default();
        assert!(
            bar.contains("███░") && bar.ends_with("░  50 %  125 of 250"),
            "{bar}"
        );
        assert_eq!(progress(Form::Nothing).text(1, 2), None);
        assert!(progress(Form::Bar).text(0, 0).is_some(), "nothing to do");
    }
}
