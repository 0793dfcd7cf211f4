//! Messages to deliver.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine;

/// Envelope and content of a message that a stranger sends.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Envelope sender; empty is the null sender.
    pub sender: String,
    /// Envelope recipients.
    pub recipients: Vec<String>,
    /// `From` header.
    pub from: String,
    /// `Subject` header.
    pub subject: String,
    /// `Message-ID` header, with angle brackets.
    pub message_id: String,
    /// Further header lines, without line ends.
    pub headers: Vec<String>,
    /// Plain text, lines ended by `\n`.
    pub text: String,
    /// HTML, none by default.
    pub html: Option<String>,
    /// Attached files: name, content type, bytes.
    pub files: Vec<(String, String, Vec<u8>)>,
}

impl Letter {
    /// Begins a letter to one recipient.
    pub fn to(recipient: &str) -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        Self {
            sender: "buyer@shop.example".to_owned(),
            recipients: vec![recipient.to_owned()],
            from: "Buyer <buyer@shop.example>".to_owned(),
            subject: format!("Letter {count}"),
            message_id: format!(
                "<{}.{count}.{:08x}@shop.example>",
                std::process::id(),
                rand::random::<u32>()
            ),
            headers: Vec::new(),
            text: "Hello from outside.\n".to_owned(),
            html: None,
            files: Vec::new(),
        }
    }

    /// Adds an envelope recipient.
    pub fn and_to(mut self, recipient: &str) -> Self {
        self.recipients.push(recipient.to_owned());
        self
    }

    /// Sets envelope sender and `From`.
    pub fn from(mut self, address: &str) -> Self {
        self.sender = address.to_owned();
        self.from = address.to_owned();
        self
    }

    /// Sets the subject.
    pub fn subject(mut self, subject: &str) -> Self {
        self.subject = subject.to_owned();
        self
    }

    /// Sets the text.
    pub fn text(mut self, text: &str) -> Self {
        self.text = text.to_owned();
        self
    }

    /// Adds an HTML form of the text.
    pub fn html(mut self, html: &str) -> Self {
        self.html = Some(html.to_owned());
        self
    }

    /// Adds a header line.
    pub fn header(mut self, line: &str) -> Self {
        self.headers.push(line.to_owned());
        self
    }

    /// Attaches a file.
    pub fn file(mut self, name: &str, content_type: &str, bytes: &[u8]) -> Self {
        self.files
            .push((name.to_owned(), content_type.to_owned(), bytes.to_vec()));
        self
    }

    /// Returns the message as it goes over the wire, before dot-stuffing and without the final dot.
    pub fn wire(&self) -> Vec<u8> {
        let mut lines = vec![
            format!("From: {}", self.from),
            format!("To: {}", self.recipients.join(", ")),
            format!("Subject: {}", self.subject),
            format!("Message-ID: {}", self.message_id),
            "Date: Mon, 21 Sep 2026 10:15:00 +0000".to_owned(),
            "MIME-Version: 1.0".to_owned(),
        ];
        lines.extend(self.headers.iter().cloned());
        if self.files.is_empty() {
            lines.extend(self.body_lines());
        } else {
            lines.push("Content-Type: multipart/mixed; boundary=\"mixed-boundary\"".to_owned());
            lines.push(String::new());
            lines.push("--mixed-boundary".to_owned());
            lines.extend(self.body_lines());
            for (name, content_type, bytes) in &self.files {
                lines.push("--mixed-boundary".to_owned());
                lines.extend(file_lines(name, content_type, bytes));
            }
            lines.push("--mixed-boundary--".to_owned());
        }
        let mut wire = lines.join("\r\n").into_bytes();
        wire.extend_from_slice(b"\r\n");
        wire
    }

    /// Returns the lines of the text, or of text and HTML, with their headers.
    fn body_lines(&self) -> Vec<String> {
        let text = part_lines("text/plain", &self.text);
        let Some(html) = &self.html else { return text };
        let mut lines = vec![
            "Content-Type: multipart/alternative; boundary=\"both-boundary\"".to_owned(),
            String::new(),
        ];
        for part in [text, part_lines("text/html", html)] {
            lines.push("--both-boundary".to_owned());
            lines.extend(part);
        }
        lines.push("--both-boundary--".to_owned());
        lines
    }
}

fn part_lines(content_type: &str, text: &str) -> Vec<String> {
    let mut lines = vec![format!("Content-Type: {content_type}; charset=utf-8")];
    lines.push("Content-Transfer-Encoding: 8bit".to_owned());
    lines.push(String::new());
    lines.extend(text.lines().map(str::to_owned));
    lines
}

fn file_lines(name: &str, content_type: &str, bytes: &[u8]) -> Vec<String> {
    let mut lines = vec![
        format!("Content-Type: {content_type}; name=\"{name}\""),
        "Content-Transfer-Encoding: base64".to_owned(),
        format!("Content-Disposition: attachment; filename=\"{name}\""),
        String::new(),
    ];
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    let wrapped = encoded.as_bytes().chunks(76);
    lines.extend(wrapped.map(|line| String::from_utf8(line.to_vec()).expect("base64 is ASCII")));
    lines
}
