//! The registered domain as the document shows it.

use posthouse_mailroom::limits::NAME_CHARACTERS_MAX;

use crate::openapi::schema::{Component, Schema, flag, integer, list, object, text, time, uuid};

/// What a domain is answered as.
pub(crate) const DOMAIN: Component = Component::new("Domain", domain);

fn domain() -> Schema {
    object([
        ("id", uuid()),
        ("name", text()),
        ("branded", flag().about("A trial domain of this server.")),
        ("domain_address", text().example("agents.example")),
        ("organization_id", uuid()),
        (
            "application_id",
            uuid()
                .nullable()
                .about("The one application that it is for; `null` for all."),
        ),
        ("region", text()),
        ("verified_ownership", flag()),
        ("verified_mx", flag()),
        ("verified_spf", flag()),
        ("verified_dkim", flag()),
        ("verified_feedback", flag()),
        ("verified_dmarc", flag()),
        ("verified_arc", flag()),
        ("sending_ready", flag()),
        (
            "source_addresses",
            list(text()).about("Addresses of this host that its mail leaves from; none: whatever the host chooses."),
        ),
        (
            "warm_up",
            object([("per_day", list(integer())), ("started_at", time())])
                .nullable()
                .about("How many recipients of other servers it sends to on each day; behind the last one, as many as there are."),
        ),
        ("catch_all_grant_id", uuid().nullable()),
        ("include_subdomains", flag()),
        ("last_checked_at", time().nullable()),
        ("created_at", time()),
        ("updated_at", time()),
    ])
}

/// A name for people.
pub(super) fn name() -> Schema {
    text().at_least(1).at_most(NAME_CHARACTERS_MAX)
}
