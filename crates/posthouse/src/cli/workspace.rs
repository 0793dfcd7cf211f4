//! `posthouse workspace`.

use clap::{Args, Subcommand};

use super::OutputArgs;

/// `posthouse workspace`.
#[derive(Debug, Args)]
pub struct WorkspaceArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: WorkspaceCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about groups of accounts that policies and rules apply to.
#[derive(Debug, Subcommand)]
pub enum WorkspaceCommand {
    /// List all workspaces
    List,
    /// Show one workspace
    Get {
        /// Its id or domain
        workspace: String,
    },
    /// Create a workspace
    Create {
        /// A name for people
        #[arg(long)]
        name: String,
        /// Domain whose accounts it is for
        #[arg(long)]
        domain: Option<String>,
        /// Put new accounts of the domain into it
        #[arg(long, requires = "domain")]
        auto_group: bool,
        /// What governs its accounts.
        #[command(flatten)]
        governance: GovernanceArgs,
    },
    /// Change a workspace; what is not named stays
    Update {
        /// Its id or domain
        workspace: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        /// Put new accounts of its domain into it, or not
        #[arg(long, value_name = "BOOL")]
        auto_group: Option<bool>,
        /// What governs its accounts.
        #[command(flatten)]
        governance: GovernanceArgs,
        /// Take its policy off
        #[arg(long, conflicts_with = "policy")]
        no_policy: bool,
        /// Take all its rules off
        #[arg(long, conflicts_with = "rule")]
        no_rules: bool,
        /// Rule that acts in it too, by id; repeatable
        #[arg(long, value_name = "ID", conflicts_with_all = ["rule", "no_rules"])]
        add_rule: Vec<String>,
        /// Rule that acts in it no more, by id; repeatable
        #[arg(long, value_name = "ID", conflicts_with_all = ["rule", "no_rules"])]
        remove_rule: Vec<String>,
    },
    /// Delete a workspace; its accounts go to the default one
    Delete {
        /// Its id or domain
        workspace: String,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Move accounts into a workspace
    Assign {
        /// Its id or domain
        workspace: String,
        /// Accounts that go into it, by id or address
        #[arg(value_name = "ACCOUNT", required_unless_present = "remove")]
        accounts: Vec<String>,
        /// Account that goes back to the default workspace; repeatable
        #[arg(long, value_name = "ACCOUNT")]
        remove: Vec<String>,
    },
    /// Move accounts of the default workspace to those of their domains
    AutoGroup {
        /// Only accounts of this domain
        #[arg(long)]
        domain: Option<String>,
        /// Also accounts whose domain failed its ownership check
        #[arg(long)]
        invalid_also: bool,
    },
}

/// What governs the accounts of a workspace.
#[derive(Debug, Args)]
pub struct GovernanceArgs {
    /// Its policy, by id
    #[arg(long, value_name = "ID")]
    pub policy: Option<String>,
    /// Rule that acts in it, by id, in place of all that did; repeatable
    #[arg(long, value_name = "ID")]
    pub rule: Vec<String>,
}
