//! The command line: what can be typed, nothing of what it does.

mod admin;
mod agent;
mod api_key;
mod approvals;
mod attachments;
mod audit;
mod compose;
mod contacts;
mod domain;
mod drafts;
mod email;
mod folders;
mod list;
mod otp;
mod pauses;
mod policy;
mod queue;
mod rule;
mod scheduled;
mod search_index;
mod suppression;
mod threads;
mod webhook;
mod when;
mod workspace;

pub use admin::*;
pub use agent::*;
pub use api_key::*;
pub use approvals::*;
pub use attachments::*;
pub use audit::*;
pub use compose::*;
pub use contacts::*;
pub use domain::*;
pub use drafts::*;
pub use email::*;
pub use folders::*;
pub use list::*;
pub use otp::*;
pub use pauses::*;
pub use policy::*;
pub use queue::*;
pub use rule::*;
pub use scheduled::*;
pub use search_index::*;
pub use suppression::*;
pub use threads::*;
pub use webhook::*;
pub use workspace::*;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::ServeFlags;

/// Real mailboxes for AI agents on domains you own.
#[derive(Debug, Parser)]
#[command(
    name = "posthouse",
    version,
    max_term_width = 110,
    after_help = "Start here:\n  posthouse serve --dev      a server on this machine\n  posthouse init             point this command at a server\n  posthouse agent account create agent@agents.localhost\n\nClient commands read POSTHOUSE_URL and POSTHOUSE_API_KEY, else the profile that `posthouse init` wrote.\nExit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 refused (auth, rule, quota)."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The command groups.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    Serve(Box<ServeFlags>),
    /// Write the profile that client commands use
    Init(InitArgs),
    /// Domains of your own, and their DNS
    Domain(DomainArgs),
    /// Agent accounts and their connector
    Agent(AgentArgs),
    /// Groups of accounts that policies and rules apply to
    Workspace(WorkspaceArgs),
    /// Messages that wait for somebody to let them go
    Approvals(ApprovalsArgs),
    /// What was decided, by whom and why
    Audit(AuditArgs),
    /// What becomes of messages: the same as `agent rule`
    #[command(hide = true)]
    Rule(RuleArgs),
    /// Grants of the application
    Auth(AuthArgs),
    /// Read and send mail
    Email(EmailArgs),
    /// One-time codes that arrived
    Otp(OtpArgs),
    /// The address book of an account
    Contacts(ContactsArgs),
    /// Webhook destinations
    Webhook(WebhookArgs),
    /// API keys of the application
    ApiKey(ApiKeyArgs),
    /// Addresses that nothing is sent to
    Suppression(SuppressionArgs),
    /// Senders that are paused for what became of their mail
    Pauses(PausesArgs),
    /// Outgoing mail that is not finished
    Queue(QueueArgs),
    /// The index behind searches
    Search(SearchIndexArgs),
    /// Check that everything works, and say what to do where it does not
    Doctor(DoctorArgs),
    /// What an operator does on the server's own store
    Admin(AdminArgs),
    /// List all commands and their arguments
    Commands(CommandsArgs),
    /// Print the reference page of all settings
    #[command(hide = true)]
    ConfigReference,
    /// Print the OpenAPI document of the API
    #[command(hide = true)]
    OpenApi,
}

impl Command {
    /// Whether the command was asked for JSON.
    pub fn wants_json(&self) -> bool {
        match self {
            Self::Serve(_) | Self::Admin(_) | Self::ConfigReference | Self::OpenApi => false,
            Self::Init(args) => args.output.json,
            Self::Domain(args) => args.output.json,
            Self::Agent(args) => args.output.json,
            Self::Workspace(args) => args.output.json,
            Self::Approvals(args) => args.output.json,
            Self::Audit(args) => args.output.json,
            Self::Rule(args) => args.output.json,
            Self::Auth(args) => args.output.json,
            Self::Email(args) => args.output.json,
            Self::Otp(args) => args.output.json,
            Self::Contacts(args) => args.output.json,
            Self::Webhook(args) => args.output.json,
            Self::ApiKey(args) => args.output.json,
            Self::Suppression(args) => args.output.json,
            Self::Pauses(args) => args.output.json,
            Self::Queue(args) => args.output.json,
            Self::Search(args) => args.output.json,
            Self::Doctor(args) => args.output.json,
            Self::Commands(args) => args.output.json,
        }
    }
}

/// How to print.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Print the API's JSON and nothing else; errors go to standard error as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// `posthouse init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Where the server is, for example http://127.0.0.1:8025
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The API key, or `-` to read it from standard input
    #[arg(long, value_name = "KEY")]
    pub api_key: Option<String>,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Whose mailbox a command is about.
#[derive(Debug, Args)]
pub struct Mailbox {
    /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
    pub account: Option<String>,
}

/// `posthouse doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Also check a server's data directory on this machine
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Also check what mail needs: addresses that point back to a name, outbound port 25. Run it where the server runs
    #[arg(long)]
    pub mail: bool,
    /// Name server to ask instead of the system's
    #[arg(long, value_name = "ADDR:PORT", requires = "mail")]
    pub dns: Option<SocketAddr>,
    /// Mail server that everybody can reach, to try port 25 with
    #[arg(
        long,
        value_name = "HOST[:PORT]",
        requires = "mail",
        default_value = "gmail-smtp-in.l.google.com"
    )]
    pub probe: String,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `posthouse commands`.
#[derive(Debug, Args)]
pub struct CommandsArgs {
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}
