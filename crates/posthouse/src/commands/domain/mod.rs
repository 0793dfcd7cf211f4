//! `posthouse domain`.

mod publish;
mod records;
mod reports;

use serde_json::{Value, json};

use super::confirm::confirm;
use crate::cli::DomainCommand;
use crate::client::{Answer, Api, Failure, segment};
use crate::output::{Screen, details, field, moment, table};

/// What a domain is shown by, and the flag that says so.
const FLAGS: [(&str, &str); 7] = [
    ("ownership", "verified_ownership"),
    ("mx", "verified_mx"),
    ("spf", "verified_spf"),
    ("dkim", "verified_dkim"),
    ("feedback", "verified_feedback"),
    ("dmarc", "verified_dmarc"),
    ("arc", "verified_arc"),
];

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: DomainCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        DomainCommand::Add {
            domain,
            name,
            include_subdomains,
            all_applications,
        } => {
            let mut body = json!({
                "name": name.unwrap_or_else(|| domain.clone()),
                "domain_address": domain,
                "include_subdomains": include_subdomains,
            });
            if all_applications {
                body["application_id"] = Value::Null;
            }
            add(&body, api, screen).await
        }
        DomainCommand::List => list(api, screen).await,
        DomainCommand::Show { domain } => show(&domain, api, screen).await,
        DomainCommand::Set {
            domain,
            source_addresses,
            no_source_address,
            warm_up,
            no_warm_up,
        } => {
            let mut body = json!({});
            if no_source_address || !source_addresses.is_empty() {
                body["source_addresses"] = json!(source_addresses);
            }
            match warm_up {
                Some(per_day) => body["warm_up"] = json!({ "per_day": per_day }),
                None if no_warm_up => body["warm_up"] = Value::Null,
                None => {}
            }
            let answer = api.patch(&place(&domain), &body).await?;
            print(&answer, screen);
            Ok(())
        }
        DomainCommand::Dns { domain } => records::dns(&domain, api, screen).await,
        DomainCommand::Verify { domain, types } => {
            records::verify(&domain, &types, api, screen).await
        }
        DomainCommand::Zone { domain } => records::zone(&domain, api, screen).await,
        DomainCommand::Reports {
            domain,
            kind,
            limit,
        } => reports::list(&domain, kind, limit, api, screen).await,
        DomainCommand::Publish {
            domain,
            server,
            key_file,
            zone,
        } => {
            let target = publish::Target {
                zone: zone.as_deref().unwrap_or(&domain),
                server,
                key_file: &key_file,
            };
            publish::publish(&domain, &target, api, screen).await
        }
        DomainCommand::RotateDkim { domain } => records::rotate(&domain, api, screen).await,
        DomainCommand::Remove { domain, yes } => remove(&domain, yes, api, screen).await,
    }
}

fn place(domain: &str) -> String {
    format!("/v3/admin/domains/{}", segment(domain))
}

async fn add(body: &Value, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.post("/v3/admin/domains", body).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let address = field(answer.data(), "domain_address");
    screen.text(&screen.good(&format!("Registered {address}.")));
    if answer.data()["branded"] == true {
        screen.text("It is a trial domain: nothing is to be published.");
        return Ok(());
    }
    screen.text(&format!(
        "Publish its records, then look for them:\n  posthouse domain dns {address}\n  posthouse domain verify {address}"
    ));
    Ok(())
}

async fn list(api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.get("/v3/admin/domains?limit=200").await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("No domains yet. Register one:\n  posthouse domain add bots.example.org");
        return Ok(());
    }
    let rows = answer
        .rows()
        .iter()
        .map(|domain| {
            vec![
                field(domain, "domain_address"),
                readiness(domain, screen),
                missing(domain),
                field(domain, "name"),
                field(domain, "id"),
            ]
        })
        .collect();
    let headers = ["DOMAIN", "SENDING", "NOT FOUND", "NAME", "ID"];
    screen.text(&table(screen, &headers, rows));
    Ok(())
}

async fn show(domain: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.get(&place(domain)).await?;
    print(&answer, screen);
    Ok(())
}

fn print(answer: &Answer, screen: &Screen) {
    if screen.is_json() {
        screen.verbatim(answer);
        return;
    }
    let shown = answer.data();
    let owner = match shown["application_id"].is_null() {
        true => "all applications".to_owned(),
        false => field(shown, "application_id"),
    };
    let pairs = [
        ("Domain", screen.bold(&field(shown, "domain_address"))),
        ("Name", field(shown, "name")),
        ("ID", field(shown, "id")),
        ("Application", owner),
        ("Subdomains", field(shown, "include_subdomains")),
        ("Catch-all", field(shown, "catch_all_grant_id")),
        ("Sending", readiness(shown, screen)),
        (
            "Leaves from",
            listed(&shown["source_addresses"], "any address"),
        ),
        ("Warm-up", listed(&shown["warm_up"]["per_day"], "none")),
        ("Last look", moment(&shown["last_checked_at"])),
    ];
    screen.text(&details(screen, &pairs));
    let rows = FLAGS
        .iter()
        .map(|(name, flag)| {
            let found = match shown[*flag] == true {
                true => screen.good("found"),
                false => screen.caution("not found"),
            };
            vec![(*name).to_owned(), found]
        })
        .collect();
    screen.text("");
    screen.text(&table(screen, &["TYPE", "RECORD"], rows));
}

async fn remove(domain: &str, yes: bool, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let found = api.get(&place(domain)).await?;
    let address = field(found.data(), "domain_address");
    confirm(
        &format!("Give {address} up? Its signing keys are lost."),
        yes,
    )?;
    let answer = api.delete(&place(domain)).await?;
    screen.outcome(&answer, &format!("Gave {address} up."));
    Ok(())
}

fn listed(values: &Value, none: &str) -> String {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<String> = values
        .iter()
        .map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
        .collect();
    match texts.is_empty() {
        true => none.to_owned(),
        false => texts.join(", "),
    }
}

fn readiness(domain: &Value, screen: &Screen) -> String {
    match domain["sending_ready"] == true {
        true => screen.good("ready"),
        false => screen.caution("not ready"),
    }
}

fn missing(domain: &Value) -> String {
    let missing = FLAGS
        .iter()
        .filter(|(_, flag)| domain[*flag] != true)
        .map(|(name, _)| *name);
    missing.collect::<Vec<_>>().join(", ")
}
