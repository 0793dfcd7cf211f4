//! What a person who runs `posthouse serve --dev` sees: addresses and commands to paste.

use super::ready::Ready;
use crate::output::Screen;

/// Prints the quick start.
pub fn print(ready: &Ready) {
    let screen = Screen::new(false);
    let (Some(url), Some(key)) = (ready.url(), &ready.dev_key) else {
        return;
    };
    // As it was typed, so that what is pasted runs from the same directory.
    let program = std::env::args()
        .next()
        .unwrap_or_else(|| "posthouse".to_owned());
    let domain = ready.domain.as_deref().unwrap_or("agents.localhost");
    let mut text = format!("\n  {}\n\n", screen.bold("Posthouse is running"));
    text.push_str(&format!("  API          {}\n", screen.good(&url)));
    if let Some(smtp) = ready.smtp {
        text.push_str(&format!(
            "  SMTP         {}\n",
            screen.good(&smtp.to_string())
        ));
    }
    text.push_str(&format!("  API key      {}\n", screen.caution(key)));
    text.push_str(&format!("  Application  {}\n", ready.application_id));
    text.push_str(&format!("  Domain       {domain}\n\n"));
    text.push_str(&format!(
        "  {}\n\n",
        screen.bold("Try it, in another terminal:")
    ));
    text.push_str(&format!(
        "  export POSTHOUSE_URL={url} POSTHOUSE_API_KEY={key}\n"
    ));
    text.push_str(&format!(
        "  {program} agent account create agent@{domain} --name \"First Agent\"\n"
    ));
    if let Some(smtp) = ready.smtp {
        text.push_str(&format!(
            "  printf 'From: you@example.org\\nTo: agent@{domain}\\nSubject: Hello\\n\\nIt works.\\n' |\n    curl -s --crlf smtp://{smtp} --mail-from you@example.org --mail-rcpt agent@{domain} -T -\n"
        ));
    }
    text.push_str(&format!("  {program} email list agent@{domain}\n\n"));
    text.push_str(&format!("  {}\n\n", screen.bold("The same over HTTP:")));
    text.push_str(&format!(
        "  curl -X POST {url}/v3/connect/custom -H \"Authorization: Bearer $POSTHOUSE_API_KEY\" \\\n    -H 'Content-Type: application/json' \\\n    -d '{{\"provider\":\"nylas\",\"name\":\"Second Agent\",\"settings\":{{\"email\":\"second@{domain}\"}}}}'\n"
    ));
    text.push_str("\n  Ctrl-C stops the server; everything is kept in the data directory.\n");
    screen.text(&text);
}
