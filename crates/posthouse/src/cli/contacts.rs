//! `posthouse contacts`.

use clap::{Args, Subcommand};

use super::{Mailbox, OutputArgs};

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
    List(ContactsListArgs),
    /// Show one contact
    Get(ContactsGetArgs),
    /// Create a contact
    Create(ContactsCreateArgs),
    /// Change a contact; what is not named stays
    Update(ContactsUpdateArgs),
    /// Delete a contact
    Delete(ContactsDeleteArgs),
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

/// What `list` takes.
#[derive(Debug, Args)]
pub struct ContactsListArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Only those with this address
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// How many contacts
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200), value_name = "COUNT")]
    pub limit: u32,
}

/// What `get` takes.
#[derive(Debug, Args)]
pub struct ContactsGetArgs {
    /// Id of the contact
    pub contact: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// What `create` takes.
#[derive(Debug, Args)]
pub struct ContactsCreateArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// What it says.
    #[command(flatten)]
    pub members: ContactMembers,
}

/// What `update` takes.
#[derive(Debug, Args)]
pub struct ContactsUpdateArgs {
    /// Id of the contact
    pub contact: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// What it says.
    #[command(flatten)]
    pub members: ContactMembers,
}

/// What `delete` takes.
#[derive(Debug, Args)]
pub struct ContactsDeleteArgs {
    /// Id of the contact
    pub contact: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Do not ask
    #[arg(long, short = 'y')]
    pub yes: bool,
}
