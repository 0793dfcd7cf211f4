//! Why a command did not succeed, and with which exit code it says so.

use serde_json::{Value, json};

/// Exit code of a command that failed.
pub const EXIT_FAILED: u8 = 1;
/// Exit code of a command that was typed wrongly.
pub const EXIT_USAGE: u8 = 2;
/// Exit code when the named thing does not exist.
pub const EXIT_NOT_FOUND: u8 = 3;
/// Exit code when the server refused: credentials, a rule, a quota.
pub const EXIT_REFUSED: u8 = 4;

/// A command that did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// The command line or the environment does not say enough, or contradicts itself.
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        fix: Option<String>,
    },
    /// Something on this machine.
    Local {
        /// What is wrong.
        message: String,
        /// What to do.
        fix: Option<String>,
    },
    /// Nobody answered.
    Unreachable {
        /// The server's base URL.
        url: String,
        /// What the network said; `None` when the connection was refused.
        cause: Option<String>,
    },
    /// Somebody answered who does not speak the API.
    NotPosthouse {
        /// The server's base URL.
        url: String,
        /// HTTP status of the answer.
        status: u16,
    },
    /// The API answered with an error.
    Api {
        /// HTTP status.
        status: u16,
        /// The body as received.
        text: String,
        /// The body's JSON.
        body: Value,
        /// The command that lists what could have been named, for what does not exist.
        look: Option<&'static str>,
    },
    /// The checks of `doctor` or `agent status` failed; everything has been printed.
    Unhealthy,
}

impl Failure {
    /// A command line that does not say enough, and what to add.
    pub fn usage(message: &str, fix: &str) -> Self {
        Self::Usage {
            message: message.to_owned(),
            fix: Some(fix.to_owned()),
        }
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => EXIT_USAGE,
            Self::Local { .. }
            | Self::Unreachable { .. }
            | Self::NotPosthouse { .. }
            | Self::Unhealthy => EXIT_FAILED,
            Self::Api { body, .. } if is_unheard_of(body) => EXIT_FAILED,
            Self::Api { status, body, .. } => match status {
                404 => EXIT_NOT_FOUND,
                401 | 403 | 423 | 429 => EXIT_REFUSED,
                400 if is_rule(body) => EXIT_REFUSED,
                _ => EXIT_FAILED,
            },
        }
    }

    /// The same failure, naming the command that lists what there is of the kind that was not found. The first one named
    /// stays, because it was nearer to the question.
    #[must_use]
    pub fn look(mut self, command: &'static str) -> Self {
        if let Self::Api {
            status: 404, look, ..
        } = &mut self
        {
            look.get_or_insert(command);
        }
        self
    }

    /// One sentence that says what went wrong.
    pub fn message(&self) -> String {
        match self {
            Self::Usage { message, .. } | Self::Local { message, .. } => message.clone(),
            Self::Unreachable { url, cause: None } => {
                format!("no Posthouse at {url}; start one with `posthouse serve --dev`")
            }
            Self::Unreachable {
                url,
                cause: Some(cause),
            } => format!("cannot reach {url}: {cause}"),
            Self::NotPosthouse { url, status } => {
                format!("{url} answered HTTP {status}, but not in the form of the Posthouse API")
            }
            Self::Api { status, body, .. } => {
                match body.pointer("/error/message").and_then(Value::as_str) {
                    Some(message) => message.to_owned(),
                    None => format!("the server answered HTTP {status}"),
                }
            }
            Self::Unhealthy => "not everything works".to_owned(),
        }
    }

    /// What to do about it, where known.
    pub fn fix(&self) -> Option<String> {
        match self {
            Self::Usage { fix, .. } | Self::Local { fix, .. } => fix.clone(),
            Self::Unreachable { .. } | Self::Unhealthy => None,
            Self::NotPosthouse { .. } => Some("check the URL: posthouse init".to_owned()),
            Self::Api { body, .. } if is_unheard_of(body) => Some(
                "the server may be older than this command: compare what `posthouse --version` says on both machines"
                    .to_owned(),
            ),
            Self::Api {
                status, body, look, ..
            } => {
                let said = body.pointer("/error/fix").and_then(Value::as_str);
                match (said, look) {
                    (Some(said), _) => Some(said.to_owned()),
                    (None, Some(command)) => Some(format!("see what there is: {command}")),
                    (None, None) => {
                        (*status == 401).then(|| "use a valid API key: posthouse init".to_owned())
                    }
                }
            }
        }
    }

    /// The request id under which the server logged it.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Api { body, .. } => body.get("request_id").and_then(Value::as_str),
            _ => None,
        }
    }

    /// The error for programs: the API's own text where it spoke, else the same shape.
    pub fn json(&self) -> String {
        let kind = match self {
            Self::Api { text, .. } => return text.clone(),
            Self::Usage { .. } => "usage",
            Self::Local { .. } => "local_error",
            Self::Unreachable { .. } => "unreachable",
            Self::NotPosthouse { .. } => "unexpected_answer",
            Self::Unhealthy => "unhealthy",
        };
        let mut error = json!({ "type": kind, "message": self.message() });
        if let Some(fix) = self.fix() {
            error["fix"] = Value::String(fix);
        }
        json!({ "error": error }).to_string()
    }
}

/// Tells whether a server does not know the request at all, as one of another version may not.
fn is_unheard_of(body: &Value) -> bool {
    let said = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    said("/error/type") == Some("method_not_allowed")
        || said("/error/message") == Some("no such path")
}

/// Errors of status 400 that a rule of the product caused, not the form of the request.
fn is_rule(body: &Value) -> bool {
    let kind = body.pointer("/error/type").and_then(Value::as_str);
    matches!(
        kind,
        Some("domain_not_verified" | "sending_paused" | "recipient_suppressed")
    )
}
