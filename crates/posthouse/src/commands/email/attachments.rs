//! `posthouse email attachments`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::account;
use crate::cli::{
    AttachmentArgs, AttachmentsCommand, AttachmentsDownloadArgs, AttachmentsListArgs,
};
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, details, field, file_name, size, table};

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: AttachmentsCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        AttachmentsCommand::List(args) => list(args, api, screen).await,
        AttachmentsCommand::Show(args) => show(args, api, screen).await,
        AttachmentsCommand::Download(args) => download(args, api, screen).await,
    }
}

async fn list(args: AttachmentsListArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let grant = format!(
        "/v3/grants/{}",
        segment(&account::choose(args.mailbox, api).await?)
    );
    let id = segment(&args.message);
    let answer = match api.get(&format!("{grant}/messages/{id}")).await {
        // Not a message: it may be a draft.
        Err(Failure::Api { status: 404, .. }) => api.get(&format!("{grant}/drafts/{id}")).await?,
        other => other?,
    };
    let attachments = answer.data()["attachments"].clone();
    if screen.is_json() {
        screen.text(&attachments.to_string());
        return Ok(());
    }
    let attachments = attachments.as_array().map_or(&[][..], Vec::as_slice);
    if attachments.is_empty() {
        screen.text("No attachments.");
        return Ok(());
    }
    let rows = attachments.iter().map(|attachment| {
        vec![
            field(attachment, "filename"),
            field(attachment, "content_type"),
            size(&attachment["size"]),
            field(attachment, "id"),
        ]
    });
    screen.text(&table(
        screen,
        &["NAME", "TYPE", "SIZE", "ID"],
        rows.collect(),
    ));
    Ok(())
}

async fn show(args: AttachmentArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let answer = api
        .get(&path(&account, &args.attachment, "", &args.message))
        .await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let attachment = answer.data();
    let pairs = [
        ("Name", field(attachment, "filename")),
        ("Type", field(attachment, "content_type")),
        ("Size", size(&attachment["size"])),
        ("Content-ID", field(attachment, "content_id")),
        ("ID", field(attachment, "id")),
    ];
    screen.text(&details(screen, &pairs));
    Ok(())
}

async fn download(
    args: AttachmentsDownloadArgs,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let account = account::choose(args.which.mailbox, api).await?;
    let (attachment, message) = (&args.which.attachment, &args.which.message);
    let content = path(&account, attachment, "/download", message);
    if args.output.as_deref() == Some(Path::new("-")) {
        return api.download(&content, &mut tokio::io::stdout()).await;
    }
    let found = api.get(&path(&account, attachment, "", message)).await?;
    let target = target(args.output, found.data());
    if target.exists() && !args.force {
        return Err(Failure::Local {
            message: format!("{} is there already", target.display()),
            fix: Some("name another file with --output, or replace it with --force".to_owned()),
        });
    }
    save(&content, &target, api).await?;
    if screen.is_json() {
        screen.verbatim(&found);
    } else {
        let size = size(&found.data()["size"]);
        screen.text(&screen.good(&format!("Saved {} ({size}).", target.display())));
    }
    Ok(())
}

/// Where the file goes. Its own name was chosen by a stranger: of it, only what names a file here is taken.
fn target(output: Option<PathBuf>, attachment: &Value) -> PathBuf {
    let name = file_name(attachment["filename"].as_str().unwrap_or_default());
    match output {
        None => PathBuf::from(name),
        Some(directory) if directory.is_dir() => directory.join(name),
        Some(file) => file,
    }
}

/// Writes beside the target and renames, so that the target is never half a file.
async fn save(path: &str, target: &Path, api: &Api) -> Result<(), Failure> {
    let lost = |error: std::io::Error| Failure::Local {
        message: format!("cannot write {}: {error}", target.display()),
        fix: None,
    };
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = target.with_file_name(name);
    let mut file = tokio::fs::File::create_new(&part).await.map_err(lost)?;
    let mut saved = api.download(path, &mut file).await;
    if saved.is_ok() {
        saved = file.sync_all().await.map_err(lost);
    }
    if saved.is_ok() {
        saved = std::fs::rename(&part, target).map_err(lost);
    }
    if saved.is_err() {
        // The reason for the failure is told, not that of this.
        let _ = std::fs::remove_file(&part);
    }
    saved
}

fn path(account: &str, attachment: &str, suffix: &str, message: &str) -> String {
    format!(
        "/v3/grants/{}/attachments/{}{suffix}?message_id={}",
        segment(account),
        segment(attachment),
        segment(message)
    )
}
