//! The command line: what can be typed, nothing of what it does.

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
    /// Agent accounts and their connector
    Agent(AgentArgs),
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
    /// Check that everything works, and say what to do where it does not
    Doctor(DoctorArgs),
    /// List all commands and their arguments
    Commands(CommandsArgs),
    /// Print the reference page of all settings
    #[command(hide = true)]
    ConfigReference,
}

impl Command {
    /// Whether the command was asked for JSON.
    pub fn wants_json(&self) -> bool {
        match self {
            Self::Serve(_) | Self::ConfigReference => false,
            Self::Init(args) => args.output.json,
            Self::Agent(args) => args.output.json,
            Self::Auth(args) => args.output.json,
            Self::Email(args) => args.output.json,
            Self::Otp(args) => args.output.json,
            Self::Contacts(args) => args.output.json,
            Self::Webhook(args) => args.output.json,
            Self::ApiKey(args) => args.output.json,
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

/// `posthouse agent`.
#[derive(Debug, Args)]
pub struct AgentArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AgentCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about agent accounts.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Create, list, change and delete agent accounts
    Account {
        /// What to do.
        #[command(subcommand)]
        command: AccountCommand,
    },
    /// Check that the connector is ready for agent accounts
    Status,
}

/// `posthouse agent account`.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Create an account: a mailbox at this address
    Create {
        /// The address, on a registered domain
        email: String,
        /// Display name, the default From name of what it sends
        #[arg(long)]
        name: Option<String>,
        /// Password for IMAP and SMTP submission, 18 to 40 characters with upper case, lower case and a digit; `-` reads it from standard input
        #[arg(long, value_name = "PASSWORD")]
        app_password: Option<String>,
        /// Workspace to place the account in, by id
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
    },
    /// List all accounts
    List,
    /// Show one account
    Get {
        /// Its id or address
        account: String,
    },
    /// Change the name, password or workspace of an account
    Update {
        /// Its id or address
        account: String,
        /// New display name
        #[arg(long)]
        name: Option<String>,
        /// New password for IMAP and SMTP submission; `-` reads it from standard input
        #[arg(long, value_name = "PASSWORD")]
        app_password: Option<String>,
        /// Workspace to move the account to, by id
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
    },
    /// Delete an account with all its mail, for good
    Delete {
        /// Its id or address
        account: String,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

/// `posthouse auth`.
#[derive(Debug, Args)]
pub struct AuthArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AuthCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about grants.
#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// List all grants
    List,
}

/// `posthouse email`.
#[derive(Debug, Args)]
pub struct EmailArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: EmailCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about mail.
#[derive(Debug, Subcommand)]
pub enum EmailCommand {
    /// List the newest messages of an account
    List {
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Folder by name or id; `all` for every folder
        #[arg(long, default_value = "inbox", value_name = "FOLDER")]
        folder: String,
        /// Only unread messages
        #[arg(long)]
        unread: bool,
        /// How many messages
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200), value_name = "COUNT")]
        limit: u32,
    },
    /// Find messages by their words, the most relevant first
    Search {
        /// Words, "phrases", OR, -not, (groups), prefix*
        #[arg(allow_hyphen_values = true)]
        query: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Folder by name or id; `all` for every folder; without it all but Junk and Trash
        #[arg(long, value_name = "FOLDER")]
        folder: Option<String>,
        /// Only unread messages
        #[arg(long)]
        unread: bool,
        /// How many messages
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200), value_name = "COUNT")]
        limit: u32,
    },
    /// Send a message
    Send {
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Recipient; repeatable or comma-separated
        #[arg(long, value_delimiter = ',', value_name = "ADDRESS", required_unless_present_any = ["cc", "bcc"])]
        to: Vec<String>,
        /// Recipient of a copy; repeatable or comma-separated
        #[arg(long, value_delimiter = ',', value_name = "ADDRESS")]
        cc: Vec<String>,
        /// Recipient of a copy that nobody else sees; repeatable or comma-separated
        #[arg(long, value_delimiter = ',', value_name = "ADDRESS")]
        bcc: Vec<String>,
        /// The subject
        #[arg(long, default_value = "", value_name = "TEXT")]
        subject: String,
        /// The text; `-` reads it from standard input
        #[arg(long, value_name = "TEXT")]
        body: Option<String>,
        /// The text is HTML
        #[arg(long)]
        html: bool,
        /// File to send along; repeatable
        #[arg(long, value_name = "FILE")]
        attach: Vec<PathBuf>,
    },
    /// Answer a message, in its thread
    Reply {
        /// Id of the message
        message: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// The text; `-` reads it from standard input
        #[arg(long, value_name = "TEXT")]
        body: Option<String>,
        /// The text is HTML
        #[arg(long)]
        html: bool,
        /// Answer everybody who got the message
        #[arg(long)]
        all: bool,
    },
    /// Show one message: headers and text
    Read {
        /// Id of the message
        message: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Show all headers
        #[arg(long)]
        headers: bool,
    },
    /// Show what the author of a message wrote: no quotes, no signature, no hidden text
    Clean {
        /// Id of the message
        message: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Write Markdown
        #[arg(long)]
        markdown: bool,
        /// Show where links lead
        #[arg(long)]
        links: bool,
    },
    /// Mark a message read or unread, with or without a star
    Mark {
        /// Id of the message
        message: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Which marks.
        #[command(flatten)]
        marks: Marks,
    },
    /// Move a message to another folder
    Move {
        /// Id of the message
        message: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Folder by name, path or id
        #[arg(long, value_name = "FOLDER", required_unless_present = "archive")]
        folder: Option<String>,
        /// Move it to Archive
        #[arg(long, conflicts_with = "folder")]
        archive: bool,
    },
    /// Move a message to Trash; one that is there goes for good
    Delete {
        /// Id of the message
        message: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Do not ask before a message goes for good
        #[arg(long)]
        yes: bool,
    },
    /// Wait for the next message and show it
    Wait {
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Seconds to wait at most
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=60), value_name = "SECONDS")]
        timeout: u32,
        /// Take messages from this Unix second on, or those after the message with this id; without it, from now on
        #[arg(long, value_name = "TIME_OR_ID")]
        since: Option<String>,
        /// Only from this address
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
        /// Only with this text in the subject
        #[arg(long, value_name = "TEXT")]
        subject: Option<String>,
        /// Folder by name or id; without it, every folder but Junk, Trash and Sent
        #[arg(long, value_name = "FOLDER")]
        folder: Option<String>,
    },
    /// Folders of an account
    Folders {
        /// What to do.
        #[command(subcommand)]
        command: FoldersCommand,
    },
    /// Conversations of an account
    Threads {
        /// What to do.
        #[command(subcommand)]
        command: ThreadsCommand,
    },
}

/// Commands about threads.
#[derive(Debug, Subcommand)]
pub enum ThreadsCommand {
    /// List threads, the one with the newest message first
    List {
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Folder by name or id; `all` for every folder; without it all but Junk and Trash
        #[arg(long, value_name = "FOLDER")]
        folder: Option<String>,
        /// Only threads with unread messages
        #[arg(long)]
        unread: bool,
        /// How many threads
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200), value_name = "COUNT")]
        limit: u32,
    },
    /// Show one thread and a line for each of its newest messages
    Show {
        /// Id of the thread
        thread: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
    },
    /// Mark all messages of a thread read or unread, with or without a star
    Mark {
        /// Id of the thread
        thread: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Which marks.
        #[command(flatten)]
        marks: Marks,
    },
    /// Move all messages of a thread to Trash
    Delete {
        /// Id of the thread
        thread: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
    },
}

/// Marks of a message; what is not named stays.
#[derive(Debug, Args)]
pub struct Marks {
    /// Mark it read
    #[arg(long, conflicts_with = "unread")]
    pub read: bool,
    /// Mark it unread
    #[arg(long)]
    pub unread: bool,
    /// Give it a star
    #[arg(long, conflicts_with = "unstar")]
    pub star: bool,
    /// Take its star away
    #[arg(long)]
    pub unstar: bool,
}

/// Commands about folders.
#[derive(Debug, Subcommand)]
pub enum FoldersCommand {
    /// List all folders with their counts
    List {
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
    },
    /// Create a folder; missing folders of its path are created too
    Create {
        /// Name, or path such as Clients/Acme
        path: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
    },
    /// Rename or move a folder
    Rename {
        /// Name, path or id
        folder: String,
        /// New name below the same folder, or new path such as Clients/Acme
        path: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
    },
    /// Delete a folder with all folders and messages in it, for good
    Delete {
        /// Name, path or id
        folder: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// `posthouse otp`.
#[derive(Debug, Args)]
pub struct OtpArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: OtpCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about one-time codes.
#[derive(Debug, Subcommand)]
pub enum OtpCommand {
    /// Print the code of the newest message that has one
    Get {
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
    },
}

/// `posthouse contacts`.
#[derive(Debug, Args)]
pub struct ContactsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ContactsCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about contacts.
#[derive(Debug, Subcommand)]
pub enum ContactsCommand {
    /// List contacts by surname, then given name
    List {
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Only those with this address
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// How many contacts
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200), value_name = "COUNT")]
        limit: u32,
    },
    /// Show one contact
    Get {
        /// Id of the contact
        contact: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
    },
    /// Create a contact
    Create {
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// What it says.
        #[command(flatten)]
        members: ContactMembers,
    },
    /// Change a contact; what is not named stays
    Update {
        /// Id of the contact
        contact: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// What it says.
        #[command(flatten)]
        members: ContactMembers,
    },
    /// Delete a contact
    Delete {
        /// Id of the contact
        contact: String,
        /// Id or address of the account; may be left out with POSTHOUSE_ACCOUNT set, or when there is only one account
        account: Option<String>,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

/// What a contact says.
#[derive(Debug, Args)]
pub struct ContactMembers {
    /// Given name
    #[arg(long, value_name = "NAME")]
    pub given_name: Option<String>,
    /// Surname
    #[arg(long, value_name = "NAME")]
    pub surname: Option<String>,
    /// Company
    #[arg(long, value_name = "NAME")]
    pub company: Option<String>,
    /// Job title
    #[arg(long, value_name = "TITLE")]
    pub job_title: Option<String>,
    /// Birthday as YYYY-MM-DD, or --MM-DD without a year
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    pub birthday: Option<String>,
    /// Notes
    #[arg(long, value_name = "TEXT")]
    pub notes: Option<String>,
    /// Address; repeatable, and all of them together replace the former ones
    #[arg(long, value_name = "ADDRESS")]
    pub email: Vec<String>,
    /// Telephone number; repeatable, and all of them together replace the former ones
    #[arg(long, value_name = "NUMBER")]
    pub phone: Vec<String>,
}

/// `posthouse webhook`.
#[derive(Debug, Args)]
pub struct WebhookArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: WebhookCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about webhook destinations.
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// List all destinations
    List,
    /// Create a destination; it must answer the challenge at once
    Create {
        /// Where notifications are sent
        #[arg(long, value_name = "URL")]
        url: String,
        /// Trigger such as message.created; repeatable or comma-separated
        #[arg(
            long,
            visible_alias = "triggers",
            required = true,
            value_delimiter = ',',
            value_name = "TRIGGER"
        )]
        trigger: Vec<String>,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Send gzip-compressed bodies
        #[arg(long)]
        compressed: bool,
    },
    /// Delete a destination
    Delete {
        /// Its id
        webhook: String,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

/// `posthouse api-key`.
#[derive(Debug, Args)]
pub struct ApiKeyArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ApiKeyCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about API keys.
#[derive(Debug, Subcommand)]
pub enum ApiKeyCommand {
    /// Create a key; it is shown once
    Create {
        /// What it is for
        #[arg(required_unless_present = "name_flag")]
        name: Option<String>,
        /// The same as a flag
        #[arg(
            id = "name_flag",
            long = "name",
            value_name = "NAME",
            conflicts_with = "name"
        )]
        name_flag: Option<String>,
        /// Days until it expires; without it, never
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        expires_in: Option<u32>,
        /// Reach one account only, by id
        #[arg(long, value_name = "ID", conflicts_with = "workspace")]
        account: Option<String>,
        /// Reach the accounts of one workspace only, by id
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
        /// Allow reading only
        #[arg(long, conflicts_with = "admin")]
        read_only: bool,
        /// Give the operator's permission
        #[arg(long, conflicts_with_all = ["account", "workspace"])]
        admin: bool,
    },
    /// List all keys
    List,
    /// Revoke a key at once
    Revoke {
        /// Its id
        key: String,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

/// `posthouse doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Also check a server's data directory on this machine
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
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
