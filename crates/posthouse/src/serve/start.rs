//! Puts the parts together, in the order in which each needs the ones before.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use posthouse_api::{ApiConfig, Doors, TlsDoor};
use posthouse_mailroom::Mailroom;
use posthouse_net::tls::Certificates;
use posthouse_smtp::SmtpConfig;
use posthouse_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::data_dir::DataDir;
use super::first_key::Installation;
use super::listeners::{Listeners, address};
use super::outward::Outward;
use super::parts::{self, Parts, Signals};
use super::ready::Ready;
use super::{
    arrivals, certificates, clock, crates, delivery, dmarc_reports, domains, first_key, health,
    housekeeping, local_mail, metrics, outward, private_file, quick_start, schedules, search, spam,
    tls,
};
use crate::config::{Config, OutboundMode, Role};

/// Runs the server until a signal.
///
/// # Errors
/// Why it could not start, or which part died.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    posthouse_net::tls::install_provider();
    private_file::only_for_this_user();
    let figures = metrics::install()?;
    let data_dir = DataDir::open(&config.data_dir)?;
    if let Some(path) = &config.ready_file {
        Ready::withdraw(path)?;
    }
    let listeners = Listeners::bind(&config)?;
    let store = open_store(&config, data_dir.path()).await?;
    if let Some(problem) = health::blobs_problem(&store).await {
        tracing::error!("large messages cannot be stored, see --blobs: {problem}");
    }
    let mailroom = Mailroom::new(store.clone(), crates::mailroom(&config, data_dir.path())?);
    let outward = outward::open(&config, &store)?;
    mailroom.check_arrivals_with(arrivals::checks(&config, &outward.resolver));
    mailroom.filter_spam_with(spam::settings(&config, &outward.resolver));
    mailroom.reach_out_with(outward.client.clone(), config.public_ip.clone());
    mailroom.look_around_with(domains::surroundings(&config, &outward.resolver)?);
    mailroom.ask_for_tls(config.mta_sts_mode);
    let shown = tls::certificates(&config, data_dir.path())?;
    if let Some(authority) = certificates::authority(&config, &outward, &shown) {
        mailroom.order_certificates_from(authority);
        // What was issued earlier is shown from the first connection on.
        let stored = mailroom.show_certificates().await;
        stored.context("cannot show the stored certificates")?;
    }
    mailroom.retry_for(config.outbound.retry_period);
    if !config.outbound.pauses_senders {
        mailroom.never_pause_senders();
    }
    if let Some(url) = &config.outbound.public_url {
        mailroom.reached_at(url.clone());
    }
    if let Some(rate) = config.outbound.rate_per_application {
        mailroom.send_at_most(rate);
    }
    if config.dmarc_reports {
        mailroom.report_to_domains(Arc::new(outward.resolver.clone()));
    }
    if let Some(operator) = &config.operator_email {
        mailroom.write_to(operator.clone());
    }
    let guarding = config.guarding;
    mailroom.hold_for_seconds(guarding.hold_hours.saturating_mul(3_600));
    mailroom.limit_replies(guarding.loop_thread_replies, guarding.loop_address_replies);
    mailroom.keep_audit_for_days(config.audit_days);
    mailroom.choose_plan(config.plan.clone());
    if config.hard_delete {
        mailroom.allow_hard_delete();
    }
    if config.outbound.mode == OutboundMode::Capture {
        mailroom.capture_outgoing();
    }
    let installation = first_key::install(&mailroom, data_dir.path()).await?;
    let ready = describe(&listeners, installation);

    let stop = CancellationToken::new();
    let api = crates::api(
        &config,
        health::check(
            store.clone(),
            mailroom.clone(),
            data_dir.path(),
            stop.clone(),
        ),
        &figures,
    );
    let smtp = crates::smtp(&config, &shown)?;
    let parts = start_parts(
        &config,
        listeners,
        (api, smtp),
        &mailroom,
        (outward, shown),
        figures,
        stop,
    )?;
    announce(&config, &ready, data_dir.path())?;
    let outcome = parts.run_until_signal(signals).await;
    if tokio::time::timeout(parts::STORE_CLOSE_DEADLINE, store.close())
        .await
        .is_err()
    {
        tracing::warn!("the store did not close in time; nothing acknowledged is lost");
    }
    outcome
}

async fn open_store(config: &Config, data_dir: &Path) -> anyhow::Result<Store> {
    let place = crates::store(config, data_dir);
    Store::open(&place, clock::clock())
        .await
        .context("cannot open the store")
}

fn start_parts(
    config: &Config,
    listeners: Listeners,
    (api, smtp): (ApiConfig, SmtpConfig),
    mailroom: &Mailroom,
    (outward, shown): (Outward, Arc<Certificates>),
    figures: PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<Parts> {
    let mut parts = Parts::new(stop.clone());
    parts.add("metrics", metrics::keep_up(figures, stop.clone()));
    certificates::start(config, &mut parts, mailroom, &shown, &stop);
    if listeners.http.is_some() || listeners.https.is_some() {
        let doors = api_doors(listeners.http, listeners.https, &shown)?;
        parts.add(
            "the API",
            serve_api(doors, api, mailroom.clone(), stop.clone()),
        );
    }
    if let Some(listener) = listeners.smtp {
        let mx = posthouse_smtp::serve(listener, Arc::new(smtp), mailroom.clone(), stop.clone());
        parts.add("SMTP", mx);
        parts.add(
            "receipts",
            housekeeping::drop_receipts(mailroom.clone(), stop.clone()),
        );
        parts.add(
            "what DMARC reports tell",
            dmarc_reports::keep(mailroom.clone(), stop.clone()),
        );
    }
    if config.roles.include(Role::Webhooks) {
        let worker = posthouse_webhooks::run(
            mailroom.clone(),
            outward.client.clone(),
            crates::webhooks(config),
            stop.clone(),
        );
        parts.add("webhooks", worker);
    }
    if config.roles.include(Role::Delivery) {
        let worker = local_mail::deliver(mailroom.clone(), stop.clone());
        parts.add("mail between mailboxes here", worker);
        delivery::start(config, &mut parts, mailroom, &outward, &stop)?;
    }
    if config.roles.include(Role::Jobs) {
        parts.add("lessons", spam::learn(mailroom.clone(), stop.clone()));
        parts.add("search", search::index(mailroom.clone(), stop.clone()));
        parts.add(
            "scheduled mail",
            schedules::release(mailroom.clone(), stop.clone()),
        );
        parts.add("jobs", housekeeping::expire(mailroom.clone(), stop.clone()));
        parts.add(
            "records of domains",
            domains::recheck(mailroom.clone(), stop.clone()),
        );
        parts.add(
            "DMARC reports",
            dmarc_reports::send(mailroom.clone(), stop.clone()),
        );
        parts.add(
            "orphans",
            housekeeping::remove_orphans(mailroom.clone(), stop),
        );
    }
    Ok(parts)
}

fn api_doors(
    plain: Option<TcpListener>,
    tls: Option<TcpListener>,
    shown: &Arc<Certificates>,
) -> anyhow::Result<Doors> {
    let tls = match tls {
        Some(listener) => Some(TlsDoor {
            listener,
            config: tls::for_http(shown).context("cannot set up --https")?,
        }),
        None => None,
    };
    Ok(Doors { plain, tls })
}

async fn serve_api(doors: Doors, config: ApiConfig, mailroom: Mailroom, stop: CancellationToken) {
    if let Err(error) = posthouse_api::serve_doors(doors, config, mailroom, stop).await {
        tracing::error!(%error, "the API stopped: {error}");
    }
}

fn describe(listeners: &Listeners, installation: Installation) -> Ready {
    Ready {
        http: address(listeners.http.as_ref()),
        https: address(listeners.https.as_ref()),
        smtp: address(listeners.smtp.as_ref()),
        dev_key: installation.dev_key,
        application_id: installation.application_id,
        domain: installation.domain,
    }
}

/// Tells people, then supervisors: whoever has seen the ready file finds everything else said.
fn announce(config: &Config, ready: &Ready, data_dir: &Path) -> anyhow::Result<()> {
    if config.dev {
        first_key::write_dev_file(ready, data_dir)?;
    }
    let shown = |address: Option<SocketAddr>| {
        address.map_or_else(|| "off".to_owned(), |address| address.to_string())
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        http = shown(ready.http),
        https = shown(ready.https),
        smtp = shown(ready.smtp),
        "Posthouse is ready"
    );
    if config.dev {
        quick_start::print(ready);
    }
    if let Some(path) = &config.ready_file {
        ready.write(path)?;
    }
    Ok(())
}
