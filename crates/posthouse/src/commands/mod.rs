//! What the client commands do: ask the API, then print; one file per command group.

mod agent_account;
mod agent_status;
mod api_key;
mod approvals;
mod audit;
mod auth;
mod catalogue;
mod confirm;
mod contacts;
mod doctor;
mod domain;
mod email;
mod governance;
mod init;
mod named;
mod otp;
mod pauses;
mod queue;
mod search_index;
mod secret;
mod suppression;
mod webhook;
mod workspace;

use crate::cli::{AgentCommand, AuthCommand, Command, RuleCommand};
use crate::client::{Api, Failure, Profile};
use crate::output::Screen;

/// Runs one client command.
///
/// # Errors
/// Why it did not succeed; nothing has been printed to standard output then, unless it is [`Failure::Unhealthy`].
pub async fn run(command: Command, screen: &Screen) -> Result<(), Failure> {
    match command {
        Command::Init(args) => init::run(&args, screen).await,
        Command::Commands(_) => {
            catalogue::run(screen);
            Ok(())
        }
        Command::Doctor(args) => doctor::run(&args, screen).await,
        Command::Agent(args) => run_agent(args.command, &connect()?, screen).await,
        Command::Workspace(args) => workspace::run(args.command, &connect()?, screen)
            .await
            .map_err(|failure| failure.look(named::WORKSPACES)),
        Command::Approvals(args) => approvals::run(args.command, &connect()?, screen)
            .await
            .map_err(|failure| failure.look("posthouse approvals list")),
        Command::Audit(args) => audit::run(args.command, &connect()?, screen).await,
        Command::Rule(args) => run_rule(args.command, &connect()?, screen).await,
        Command::Auth(args) => match args.command {
            AuthCommand::List => auth::list(&connect()?, screen).await,
        },
        Command::Email(args) => email::run(args.command, &connect()?, screen).await,
        Command::Otp(args) => otp::run(args.command, &connect()?, screen).await,
        Command::Contacts(args) => contacts::run(args.command, &connect()?, screen).await,
        Command::Domain(args) => domain::run(args.command, &connect()?, screen).await,
        Command::Webhook(args) => webhook::run(args.command, &connect()?, screen).await,
        Command::ApiKey(args) => api_key::run(args.command, &connect()?, screen).await,
        Command::Suppression(args) => suppression::run(args.command, &connect()?, screen).await,
        Command::Pauses(args) => pauses::run(args.command, &connect()?, screen).await,
        Command::Queue(args) => queue::run(args.command, &connect()?, screen).await,
        Command::Search(args) => search_index::run(args.command, &connect()?, screen).await,
        Command::Serve(_) | Command::Admin(_) | Command::ConfigReference | Command::OpenApi => {
            unreachable!("the main function runs the server's commands itself")
        }
    }
}

async fn run_agent(command: AgentCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        AgentCommand::Account { command } => agent_account::run(command, api, screen)
            .await
            .map_err(|failure| failure.look(named::ACCOUNTS)),
        AgentCommand::Status => agent_status::run(api, screen).await,
        AgentCommand::Overview => governance::overview::run(api, screen).await,
        AgentCommand::Policy { command } => governance::policy::run(command, api, screen)
            .await
            .map_err(|failure| failure.look("posthouse agent policy list")),
        AgentCommand::Rule { command } => run_rule(command, api, screen).await,
        AgentCommand::List { command } => governance::list::run(command, api, screen)
            .await
            .map_err(|failure| failure.look("posthouse agent list list")),
    }
}

async fn run_rule(command: RuleCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    governance::rule::run(command, api, screen)
        .await
        .map_err(|failure| failure.look("posthouse agent rule list"))
}

fn connect() -> Result<Api, Failure> {
    let (profile, _) = Profile::find()?;
    Api::new(&profile)
}
