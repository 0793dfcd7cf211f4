//! Registered domains: trial ones, owned ones, and when they can go.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::domains::{DomainChanges, DomainOwner, DomainView, NewDomain};

use crate::support::{Office, every_engine};

async fn register(office: &Office, address: &str) -> Result<DomainView, Refusal> {
    let new = NewDomain {
        name: "Domain".to_owned(),
        domain_address: address.to_owned(),
        ..NewDomain::default()
    };
    office.mailroom.register_domain(&office.actor, new).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_label_below_the_trial_base_is_verified_at_once_and_others_are_not() {
    for office in every_engine().await {
        let trial = register(&office, "Sales-A.agents.localhost").await.unwrap();
        assert_eq!(trial.domain_address, "sales-a.agents.localhost");
        assert!(trial.branded && trial.verified_mx && trial.sending_ready);
        assert_eq!(trial.application_id, Some(office.application_id()));
        let own = register(&office, "bücher.example").await.unwrap();
        assert_eq!(own.domain_address, "xn--bcher-kva.example");
        assert!(!own.branded && !own.verified_ownership && !own.sending_ready);
        for wrong in [
            "agents.localhost",
            "a.b.agents.localhost",
            "bücher.agents.localhost",
            "-a.agents.localhost",
            "sales-a.AGENTS.localhost",
            "BÜCHER.example",
            "https://x.example",
            "x.example.",
            "x_y.example",
            "[192.0.2.1]",
            "",
        ] {
            let refused = register(&office, wrong).await;
            let Err(Refusal::Invalid { field, .. }) = refused else {
                panic!("{wrong}: {refused:?}");
            };
            assert_eq!(field.as_deref(), Some("domain_address"), "{wrong}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_found_by_id_or_name_and_pages_come_in_order() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let mut registered = vec![mailroom.get_domain("agents.localhost").await.unwrap()];
        for number in 0..4 {
            let address = format!("d{number}.example");
            registered.push(register(&office, &address).await.unwrap());
        }
        let by_name = mailroom.get_domain("D1.example").await.unwrap();
        assert_eq!(by_name, mailroom.get_domain(&by_name.id).await.unwrap());
        for absent in ["nowhere.example", "no domain", &office.application_id()] {
            let answer = mailroom.get_domain(absent).await;
            assert!(matches!(answer, Err(Refusal::NotFound)), "{absent}");
        }
        let first = mailroom.list_domains(3, None).await.unwrap();
        let second = mailroom
            .list_domains(3, first.next.as_deref())
            .await
            .unwrap();
        assert_eq!(second.next, None);
        assert_eq!([first.domains, second.domains].concat(), registered);
        let malformed = mailroom.list_domains(3, Some("nonsense")).await;
        assert!(matches!(malformed, Err(Refusal::Invalid { .. })));
        let exact = mailroom.list_domains(5, None).await.unwrap();
        assert_eq!(exact.next, None, "a full last page is the last page");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_stays_while_accounts_use_it() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        register(&office, "x.example").await.unwrap();
        let include = |include| DomainChanges {
            include_subdomains: Some(include),
            ..DomainChanges::default()
        };
        mailroom
            .update_domain("x.example", include(true))
            .await
            .unwrap();
        let account = office
            .provision(&office.actor, "a@sub.x.example")
            .await
            .unwrap();
        let refused = mailroom.update_domain("x.example", include(false)).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        let refused = mailroom.delete_domain("x.example").await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        register(&office, "sub.x.example").await.unwrap();
        mailroom
            .update_domain("x.example", include(false))
            .await
            .unwrap();
        mailroom.delete_domain("x.example").await.unwrap();
        let refused = mailroom.delete_domain("sub.x.example").await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        mailroom
            .delete_account(&office.actor, &account.id)
            .await
            .unwrap();
        mailroom.delete_domain("sub.x.example").await.unwrap();
        let absent = mailroom.delete_domain("sub.x.example").await;
        assert!(matches!(absent, Err(Refusal::NotFound)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_account_that_the_domain_serves_can_be_its_catch_all() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        register(&office, "x.example").await.unwrap();
        let account = office
            .provision(&office.actor, "a@agents.localhost")
            .await
            .unwrap();
        let other = office.other_application().await;
        let foreign = office
            .provision(&other, "b@agents.localhost")
            .await
            .unwrap();
        let catch = async |id: &str| {
            let changes = DomainChanges {
                catch_all_grant_id: Some(Some(id.to_owned())),
                ..DomainChanges::default()
            };
            mailroom.update_domain("x.example", changes).await
        };
        let domain = catch(&account.id).await.unwrap();
        assert_eq!(domain.catch_all_grant_id, Some(account.id.clone()));
        for wrong in [foreign.id.as_str(), "no id", &domain.id] {
            let refused = catch(wrong).await;
            assert!(matches!(refused, Err(Refusal::InvalidReference { .. })));
        }
        mailroom
            .delete_account(&office.actor, &account.id)
            .await
            .unwrap();
        let domain = mailroom.get_domain("x.example").await.unwrap();
        assert_eq!(domain.catch_all_grant_id, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_registers_for_an_application_or_for_all() {
    for office in every_engine().await {
        let other = office.other_application().await;
        let name = posthouse_mailroom::applications::ApplicationName::Own(&other);
        let id = office.mailroom.get_application(name).await.unwrap();
        let id = id.application_id;
        let register = async |address: &str, owner: DomainOwner| {
            let new = NewDomain {
                name: "Domain".to_owned(),
                domain_address: address.to_owned(),
                owner,
                ..NewDomain::default()
            };
            office.mailroom.register_domain(&office.actor, new).await
        };
        let all = register("all.example", DomainOwner::Everyone).await;
        assert_eq!(all.unwrap().application_id, None);
        let theirs = register("theirs.example", DomainOwner::Application(id.clone())).await;
        assert_eq!(theirs.unwrap().application_id, Some(id));
        let nobody = DomainOwner::Application("no id".to_owned());
        let refused = register("nobody.example", nobody).await;
        assert!(matches!(refused, Err(Refusal::InvalidReference { .. })));
        assert!(office.provision(&other, "a@theirs.example").await.is_ok());
    }
}
