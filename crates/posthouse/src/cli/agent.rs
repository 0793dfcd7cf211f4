//! `posthouse agent` and `posthouse auth`.

use clap::{Args, Subcommand};

use super::{ListCommand, OutputArgs, PolicyCommand, RuleCommand};

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
    /// Show accounts, their workspaces, and what governs them; what is missing or unused is marked
    Overview,
    /// What accounts may send, receive and keep
    Policy {
        /// What to do.
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// What becomes of messages
    Rule {
        /// What to do.
        #[command(subcommand)]
        command: RuleCommand,
    },
    /// Lists that rules look into
    List {
        /// What to do.
        #[command(subcommand)]
        command: ListCommand,
    },
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
        /// Workspace to place the account in, by id or domain
        #[arg(long, value_name = "WORKSPACE")]
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
        /// Workspace to move the account to, by id or domain
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
    },
    /// Move an account to another workspace
    Move {
        /// Its id or address
        account: String,
        /// The workspace, by id or domain
        #[arg(long, value_name = "WORKSPACE")]
        workspace: String,
    },
    /// Keep an account from sending and from being changed, until it is resumed
    Suspend {
        /// Its id or address
        account: String,
        /// Why, for the record
        #[arg(long)]
        reason: Option<String>,
        /// What becomes of mail for it: accept, defer or reject
        #[arg(long, value_name = "WHAT")]
        inbound: Option<String>,
    },
    /// Let a suspended account work again
    Resume {
        /// Its id or address
        account: String,
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
