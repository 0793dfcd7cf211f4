//! Further addresses of accounts.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::domains::{DomainChanges, NewDomain};
use posthouse_mailroom::provision::NewAccount;
use posthouse_mailroom::receive::RecipientRefusal;
use posthouse_mailroom::send::Outgoing;
use posthouse_types::address::{DisplayAddress, EmailAddress};

use crate::support::{Office, every_engine, message};

async fn register(office: &Office, address: &str) {
    let new = NewDomain {
        name: "Domain".to_owned(),
        domain_address: address.to_owned(),
        ..NewDomain::default()
    };
    office
        .mailroom
        .register_domain(&office.actor, new)
        .await
        .unwrap();
}

async fn add(office: &Office, grant: &GrantRef, address: &str) -> Result<String, Refusal> {
    let added = office.mailroom.add_alias(&office.actor, grant, address);
    added.await.map(|alias| alias.address)
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_to_an_alias_and_its_plus_forms_is_stored_in_the_account() {
    for office in every_engine().await {
        let grant = office.account("sales").await;
        add(&office, &grant, "Orders@Agents.localhost")
            .await
            .unwrap();
        for address in ["orders@agents.localhost", "orders+42@agents.localhost"] {
            let accepted = office
                .deliver(&[address], &message(&["Subject: Hi"], "text"))
                .await;
            accepted.unwrap();
        }
        let stored = office.list(&grant, Default::default()).await;
        assert_eq!(stored.len(), 2);
        let addresses = office.mailroom.list_aliases(&grant).await.unwrap();
        assert_eq!(addresses[0].address, "orders@agents.localhost");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_one_accounts_or_one_alias_and_never_both() {
    for office in every_engine().await {
        let grant = office.account("sales").await;
        let other = office.account("other").await;
        assert!(
            add(&office, &grant, "orders@agents.localhost")
                .await
                .is_ok()
        );
        assert!(
            add(&office, &grant, "orders@agents.localhost")
                .await
                .is_ok()
        );
        for taken in ["orders@agents.localhost", "sales@agents.localhost"] {
            let refused = add(&office, &other, taken).await;
            assert!(matches!(refused, Err(Refusal::Conflict { .. })), "{taken}");
        }
        let refused = office
            .provision(&office.actor, "orders@agents.localhost")
            .await;
        assert!(matches!(refused, Err(Refusal::Conflict { .. })));
        let refused = add(&office, &grant, "orders@nowhere.example").await;
        assert!(matches!(refused, Err(Refusal::InvalidReference { .. })));
        for wrong in [
            "orders",
            "a+b@agents.localhost",
            "b\u{fc}cher@agents.localhost",
        ] {
            let refused = add(&office, &grant, wrong).await;
            assert!(matches!(refused, Err(Refusal::Invalid { .. })), "{wrong}");
        }
        for number in 1..50 {
            let address = format!("a{number}@agents.localhost");
            add(&office, &grant, &address).await.unwrap();
        }
        let refused = add(&office, &grant, "one-more@agents.localhost").await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_goes_when_it_is_taken_away_and_with_its_account() {
    for office in every_engine().await {
        let grant = office.account("sales").await;
        let resolve = async || {
            let address = EmailAddress::parse_strict("orders@agents.localhost").unwrap();
            office.mailroom.resolve_recipient(&address).await.map(drop)
        };
        add(&office, &grant, "orders@agents.localhost")
            .await
            .unwrap();
        assert_eq!(resolve().await, Ok(()));
        let mailroom = &office.mailroom;
        let remove = || mailroom.remove_alias(&office.actor, &grant, "ORDERS@agents.localhost");
        remove().await.unwrap();
        assert_eq!(resolve().await, Err(RecipientRefusal::Unknown));
        assert!(matches!(remove().await, Err(Refusal::NotFound)));
        add(&office, &grant, "orders@agents.localhost")
            .await
            .unwrap();
        let id = mailroom.public_id(posthouse_types::ids::Kind::Grant, grant_key(&grant));
        mailroom.delete_account(&office.actor, &id).await.unwrap();
        office.clock.forward(3);
        assert_eq!(resolve().await, Err(RecipientRefusal::Unknown));
        office
            .provision(&office.actor, "orders@agents.localhost")
            .await
            .unwrap();
    }
}

fn grant_key(grant: &GrantRef) -> posthouse_types::ids::Key {
    grant.grant
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_sends_as_its_alias_once_the_aliass_domain_may() {
    for office in every_engine().await {
        let grant = office.account("sales").await;
        register(&office, "orders.agents.localhost").await;
        register(&office, "own.example").await;
        let send = async |from: &str| {
            let address = |email: &str| DisplayAddress {
                name: String::new(),
                email: email.to_owned(),
            };
            let outgoing = Outgoing {
                from: Some(address(from)),
                to: vec![address("sales@agents.localhost")],
                ..Outgoing::default()
            };
            office.mailroom.send_message(&grant, outgoing, None).await
        };
        let refused = send("a@orders.agents.localhost").await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        add(&office, &grant, "a@orders.agents.localhost")
            .await
            .unwrap();
        add(&office, &grant, "a@own.example").await.unwrap();
        let sent = send("a@orders.agents.localhost").await;
        assert!(sent.is_ok(), "{:?}", sent.err());
        let refused = send("a@own.example").await;
        assert!(matches!(refused, Err(Refusal::DomainNotVerified { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_stays_while_aliases_use_it() {
    for office in every_engine().await {
        let grant = office.account("sales").await;
        register(&office, "own.example").await;
        let wide = DomainChanges {
            include_subdomains: Some(true),
            ..DomainChanges::default()
        };
        let mailroom = &office.mailroom;
        mailroom.update_domain("own.example", wide).await.unwrap();
        add(&office, &grant, "a@sub.own.example").await.unwrap();
        let refused = mailroom.delete_domain("own.example").await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        let address = "a@sub.own.example";
        mailroom
            .remove_alias(&office.actor, &grant, address)
            .await
            .unwrap();
        mailroom.delete_domain("own.example").await.unwrap();
    }
}

fn with_aliases(email: &str, aliases: &[&str]) -> NewAccount {
    NewAccount {
        provider: "nylas".to_owned(),
        email: email.to_owned(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        ..NewAccount::default()
    }
}

async fn aliases_of(office: &Office, id: &str) -> Vec<String> {
    let grant = office.mailroom.grant_for(&office.actor, id).await.unwrap();
    let listed = office.mailroom.list_aliases(&grant).await.unwrap();
    listed.into_iter().map(|alias| alias.address).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_with_its_aliases_or_not_at_all() {
    for office in every_engine().await {
        register(&office, "shop.example").await;
        let create = |new| office.mailroom.create_account(&office.actor, new);
        let new = with_aliases(
            "sales@agents.localhost",
            &[
                "Orders@shop.example",
                "orders@shop.example",
                "info@agents.localhost",
            ],
        );
        let made = create(new).await.unwrap();
        assert_eq!(
            aliases_of(&office, &made.id).await,
            ["info@agents.localhost", "orders@shop.example"]
        );
        let accepted = office
            .deliver(&["orders@shop.example"], &message(&["Subject: Hi"], "text"))
            .await;
        assert_eq!(accepted.unwrap().message_ids.len(), 1);

        // One that is taken, or at a domain that nobody registered, and there is no account either.
        let taken = create(with_aliases(
            "two@agents.localhost",
            &["new@shop.example", "info@agents.localhost"],
        ))
        .await;
        assert!(matches!(taken, Err(Refusal::Conflict { .. })), "{taken:?}");
        let taken = create(with_aliases(
            "two@agents.localhost",
            &["sales@agents.localhost"],
        ))
        .await;
        assert!(matches!(taken, Err(Refusal::Conflict { .. })), "{taken:?}");
        let strange = create(with_aliases(
            "two@agents.localhost",
            &["new@elsewhere.example"],
        ))
        .await;
        let names_field = |refusal: &Refusal| match refusal {
            Refusal::InvalidReference { field, .. } => field == "settings.aliases",
            _ => false,
        };
        assert!(strange.as_ref().is_err_and(names_field), "{strange:?}");
        for address in ["two@agents.localhost", "new@shop.example"] {
            let address = EmailAddress::parse_strict(address).unwrap();
            let refused = office.mailroom.resolve_recipient(&address).await;
            assert_eq!(
                refused.unwrap_err(),
                RecipientRefusal::Unknown,
                "{address:?}"
            );
        }

        // Once more: what it has stays, what is new comes to it.
        let again = create(with_aliases(
            "sales@agents.localhost",
            &["orders@shop.example", "more@shop.example"],
        ))
        .await;
        assert_eq!(again.unwrap().id, made.id);
        assert_eq!(aliases_of(&office, &made.id).await.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aliases_of_a_new_account_have_the_rules_of_addresses_and_a_bound() {
    for office in every_engine().await {
        let create = |new| office.mailroom.create_account(&office.actor, new);
        for wrong in [
            "no address",
            "a+b@agents.localhost",
            "sales@agents.localhost",
        ] {
            let refused = create(with_aliases("sales@agents.localhost", &[wrong])).await;
            assert!(
                matches!(refused, Err(Refusal::Invalid { .. })),
                "{wrong}: {refused:?}"
            );
        }
        let many: Vec<String> = (0..51)
            .map(|number| format!("a{number}@agents.localhost"))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let refused = create(with_aliases("sales@agents.localhost", &many)).await;
        assert!(
            matches!(refused, Err(Refusal::Invalid { .. })),
            "{refused:?}"
        );
        let made = create(with_aliases("sales@agents.localhost", &many[..50]))
            .await
            .unwrap();
        assert_eq!(aliases_of(&office, &made.id).await.len(), 50);
        let refused = create(with_aliases("sales@agents.localhost", &[many[50]])).await;
        assert!(
            matches!(refused, Err(Refusal::Invalid { .. })),
            "{refused:?}"
        );
    }
}
