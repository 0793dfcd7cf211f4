//! First start, and every later one.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::applications::ApplicationName;

use crate::support::every_engine;

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_makes_application_workspace_connector_key_and_trial_domain() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        assert!(office.actor.admin && !office.actor.read_only);
        let own = ApplicationName::Own(&office.actor);
        let application = mailroom.get_application(own).await.unwrap();
        assert_eq!(application.environment, "staging");
        assert_eq!(application.region, "us");
        assert!(application.branding["name"].is_string());
        let workspaces = mailroom.list_workspaces(&office.actor).await.unwrap();
        assert_eq!(workspaces.len(), 1);
        assert_eq!(workspaces[0].workspace_id, application.default_workspace_id);
        assert!(workspaces[0].is_default);
        let connectors = mailroom.list_connectors(&office.actor).await.unwrap();
        assert_eq!(connectors[0].provider, "nylas");
        let domain = mailroom.get_domain("agents.localhost").await.unwrap();
        assert!(domain.branded && domain.verified_ownership && domain.sending_ready);
        assert_eq!(domain.application_id, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_development_the_key_of_the_first_start_works_after_every_later_one() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let lost = mailroom.bootstrap(None).await.unwrap();
        let key = lost.first_key.clone().unwrap();
        let kept = mailroom.bootstrap(Some(key.clone())).await.unwrap();
        assert_eq!(kept.first_key, None, "the key that was kept still works");
        assert_eq!(kept.application_id, lost.application_id);
        assert!(mailroom.authenticate(&key).await.is_ok());
        let keys = mailroom.list_api_keys(&kept.application_id).await.unwrap();
        let newest = keys.last().unwrap();
        mailroom
            .revoke_api_key(&kept.application_id, &newest.id)
            .await
            .unwrap();
        let fresh = mailroom.bootstrap(Some(key.clone())).await.unwrap();
        assert_ne!(fresh.first_key, None);
        assert_ne!(fresh.first_key, Some(key), "a revoked key stays revoked");
        let odd = mailroom.bootstrap(Some("no key".to_owned())).await.unwrap();
        assert!(odd.first_key.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_make_one_application() {
    for office in every_engine().await {
        let mut starts = Vec::new();
        for _ in 0..8 {
            let mailroom = office.mailroom.clone();
            starts.push(tokio::spawn(async move { mailroom.bootstrap(None).await }));
        }
        for start in starts {
            let bootstrap = start.await.unwrap().unwrap();
            assert_eq!(bootstrap.application_id, office.application_id());
        }
        let applications = office.mailroom.list_applications().await.unwrap();
        assert_eq!(applications.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_application_and_one_with_accounts_stay() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let first = office.application_id();
        let refused = mailroom.delete_application(&first).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        let other = office.other_application().await;
        let account = office
            .provision(&other, "a@agents.localhost")
            .await
            .unwrap();
        let own = ApplicationName::Own(&other);
        let id = mailroom.get_application(own).await.unwrap().application_id;
        let refused = mailroom.delete_application(&id).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        mailroom.delete_account(&other, &account.id).await.unwrap();
        mailroom.delete_application(&id).await.unwrap();
        let gone = mailroom.delete_application(&id).await;
        assert!(matches!(gone, Err(Refusal::NotFound)));
        let refused = mailroom.delete_application(&first).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
    }
}
