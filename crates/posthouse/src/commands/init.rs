//! `posthouse init`: finds out which server and which key, tries them, and writes the profile.

use std::io::IsTerminal;
use std::path::Path;

use dialoguer::{Confirm, Input, Password};
use serde_json::Value;

use super::secret;
use crate::cli::InitArgs;
use crate::client::{Api, Failure, Profile};
use crate::output::{Screen, details, field};

/// Where `posthouse serve --dev` listens when told nothing else.
const DEFAULT_URL: &str = "http://127.0.0.1:8025";
/// What `posthouse serve --dev` leaves behind when told nothing else.
const DEV_FILE: &str = "posthouse-data/dev.json";

/// Runs the command.
///
/// # Errors
/// What was missing, or how the server refused the key; no profile is written then.
pub async fn run(args: &InitArgs, screen: &Screen) -> Result<(), Failure> {
    let (url, key) = ask(args)?;
    let profile = Profile::new(&url, &key)?;
    let api = Api::new(&profile)?;
    let application = api.get("/v3/applications").await?;
    let path = profile.save()?;
    if screen.is_json() {
        screen.verbatim(&application);
        return Ok(());
    }
    let data = application.data();
    screen.text(&screen.good("Connected."));
    let pairs = [
        ("Server", profile.url.clone()),
        ("Application", field(data, "application_id")),
        ("Name", field(&data["branding"], "name")),
        ("Region", field(data, "region")),
        ("Environment", field(data, "environment")),
        ("Profile", path.display().to_string()),
    ];
    screen.text(&details(screen, &pairs));
    screen.text(&format!(
        "\n{}\n  posthouse agent status\n  posthouse agent account create agent@agents.localhost\n  posthouse doctor",
        screen.bold("Next:")
    ));
    Ok(())
}

fn ask(args: &InitArgs) -> Result<(String, String), Failure> {
    let key = args.api_key.as_deref().map(secret::resolve).transpose()?;
    if let (Some(url), Some(key)) = (&args.url, &key) {
        return Ok((url.clone(), key.clone()));
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() || args.output.json {
        return Err(Failure::usage(
            "there is no terminal to ask on",
            "posthouse init --url http://127.0.0.1:8025 --api-key KEY",
        ));
    }
    if args.url.is_none()
        && key.is_none()
        && let Some(found) = dev_server(Path::new(DEV_FILE))
        && confirm_dev_server(&found.0)?
    {
        return Ok(found);
    }
    let url = match &args.url {
        Some(url) => url.clone(),
        None => Input::new()
            .with_prompt("Server")
            .default(DEFAULT_URL.to_owned())
            .interact_text()
            .map_err(cannot_ask)?,
    };
    let key = match key {
        Some(key) => key,
        None => Password::new()
            .with_prompt("API key")
            .interact()
            .map_err(cannot_ask)?,
    };
    Ok((url, key))
}

fn confirm_dev_server(url: &str) -> Result<bool, Failure> {
    let question = format!("{DEV_FILE} is of a development server at {url}; use it?");
    Confirm::new()
        .with_prompt(question)
        .default(true)
        .interact()
        .map_err(cannot_ask)
}

/// URL and key that a development server in this directory left.
fn dev_server(path: &Path) -> Option<(String, String)> {
    let text = std::fs::read_to_string(path).ok()?;
    let stored: Value = serde_json::from_str(&text).ok()?;
    let key = stored["api_key"].as_str()?.to_owned();
    let url = stored["url"].as_str().unwrap_or(DEFAULT_URL).to_owned();
    Some((url, key))
}

fn cannot_ask(error: dialoguer::Error) -> Failure {
    Failure::Local {
        message: format!("cannot ask: {error}"),
        fix: Some("use --url and --api-key".to_owned()),
    }
}
