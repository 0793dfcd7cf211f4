//! `posthouse agent rule` and `posthouse rule`.

use clap::{Args, Subcommand, ValueEnum};

use super::{DataArgs, OutputArgs};

/// `posthouse rule`.
#[derive(Debug, Args)]
pub struct RuleArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: RuleCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about what becomes of messages.
#[derive(Debug, Subcommand)]
pub enum RuleCommand {
    /// List rules, and the workspaces they act in
    List {
        /// Only rules of this workspace, by id or domain
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
    },
    /// Show one rule
    #[command(visible_alias = "read")]
    Get {
        /// Its id
        rule: String,
    },
    /// Create a rule and let it act in a workspace
    Create {
        /// What it says.
        #[command(flatten)]
        rule: RuleWords,
        /// Workspace it acts in, by id or domain; the default one when nothing is said
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
        /// Let it act nowhere yet
        #[arg(long, conflicts_with = "workspace")]
        detached: bool,
    },
    /// Change a rule; what is not named stays
    Update {
        /// Its id
        rule: String,
        /// What it says from now on.
        #[command(flatten)]
        words: RuleWords,
    },
    /// Delete a rule; it acts nowhere any more
    Delete {
        /// Its id
        rule: String,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Try rules on a message without storing or sending anything
    Test(RuleTest),
}

/// What a rule says.
#[derive(Debug, Args)]
pub struct RuleWords {
    /// A name for people; refusals quote it
    #[arg(long)]
    pub name: Option<String>,
    /// A text for people
    #[arg(long)]
    pub description: Option<String>,
    /// Condition such as from.domain,is,spam.example or from.address,in_list,LIST_ID; repeatable
    #[arg(long, value_name = "FIELD,OPERATOR,VALUE")]
    pub condition: Vec<String>,
    /// Whether all conditions are needed or any one is enough
    #[arg(long, value_name = "ALL|ANY", ignore_case = true)]
    pub match_operator: Option<MatchOperator>,
    /// Action such as block, mark_as_read or assign_to_folder=Leads; repeatable
    #[arg(long, value_name = "ACTION[=VALUE]")]
    pub action: Vec<String>,
    /// Which way messages go that it looks at
    #[arg(long)]
    pub trigger: Option<RuleTrigger>,
    /// From 0, which is first, to 1000
    #[arg(long, value_name = "N")]
    pub priority: Option<i64>,
    /// Let it act
    #[arg(long, conflicts_with = "disabled")]
    pub enabled: bool,
    /// Keep it from acting
    #[arg(long)]
    pub disabled: bool,
    /// The rest of it.
    #[command(flatten)]
    pub data: DataArgs,
}

/// Whether all conditions are needed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum MatchOperator {
    /// All of them
    All,
    /// Any one
    Any,
}

/// Which way a message goes.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RuleTrigger {
    /// It arrives
    Inbound,
    /// It is sent
    Outbound,
}

/// `posthouse agent rule test`.
#[derive(Debug, Args)]
pub struct RuleTest {
    /// Rule to try, by id; repeatable
    #[arg(long, value_name = "ID", group = "rules")]
    pub rule: Vec<String>,
    /// Try the rules of this workspace, by id
    #[arg(long, value_name = "ID", group = "rules")]
    pub workspace: Option<String>,
    /// Try the rules of this account's workspace, by id or address
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Which way the message goes
    #[arg(long, default_value = "inbound")]
    pub trigger: RuleTrigger,
    /// Stored message of the account to try them on, by id
    #[arg(long, value_name = "ID", requires = "account")]
    pub message: Option<String>,
    /// Sender of a made-up message
    #[arg(long, value_name = "EMAIL")]
    pub from: Option<String>,
    /// Recipient of a made-up message; repeatable
    #[arg(long, value_name = "EMAIL")]
    pub to: Vec<String>,
    /// Subject of a made-up message
    #[arg(long)]
    pub subject: Option<String>,
    /// Spam score of a made-up message
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub spam_score: Option<f64>,
    /// The message as the API takes it: from, to, headers, attachments and so on.
    #[command(flatten)]
    pub data: DataArgs,
}
