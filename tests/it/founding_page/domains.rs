//! One application, several domains; one address, one application.

use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Posthouse};
use serde_json::json;

#[tokio::test]
async fn one_application_hosts_accounts_on_several_domains() {
    let server = Posthouse::start().await;
    let mut accounts = Vec::new();
    for domain in [
        "sales-a.agents.localhost",
        "sales-b.agents.localhost",
        "staging.agents.localhost",
    ] {
        let body = json!({"name": domain, "domain_address": domain});
        let registered = server
            .api()
            .post("/v3/admin/domains", body)
            .await
            .expect(200)
            .data();
        assert_eq!(
            registered["verified_ownership"], true,
            "a trial domain is verified at once: {registered}"
        );
        let email = format!("agent@{domain}");
        let body = json!({"provider": "nylas", "settings": {"email": email}});
        let grant = server
            .api()
            .post("/v3/connect/custom", body)
            .await
            .expect(201);
        accounts.push(Account {
            id: grant.text_of("id"),
            email,
        });
    }
    for account in &accounts {
        server
            .deliver(&Letter::to(&account.email).subject(&format!("For {}", account.email)))
            .await;
    }
    for account in &accounts {
        let messages = server.wait_for_messages(account, 1).await;
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0]["subject"], format!("For {}", account.email));
    }
}

#[tokio::test]
async fn an_address_belongs_to_one_application_only() {
    let server = Posthouse::start().await;
    let owner = server.create_account("agent").await;
    let other = server.create_application("Other").await;
    let body = json!({"provider": "nylas", "settings": {"email": owner.email}});
    let answer = other.post("/v3/connect/custom", body).await.expect(409);
    assert_eq!(answer.error_type(), "conflict");
    other
        .get(&format!("/v3/grants/{}", owner.id))
        .await
        .expect(404);
    other
        .get(&format!("/v3/grants/{}", owner.email))
        .await
        .expect(404);
    assert_eq!(other.get("/v3/grants").await.expect(200).rows().len(), 0);
}

#[tokio::test]
async fn a_domain_written_in_its_own_script_is_the_same_domain() {
    let server = Posthouse::start().await;
    let domains = "/v3/admin/domains";
    let body = json!({"name": "Books", "domain_address": "bücher.example"});
    let domain = server.api().post(domains, body).await.expect(200).data();
    assert_eq!(domain["domain_address"], "xn--bcher-kva.example");
    for again in [
        "BÜCHER.example",
        "xn--bcher-kva.example",
        "AGENTS.localhost",
    ] {
        let body = json!({"name": "Again", "domain_address": again});
        let answer = server.api().post(domains, body).await.expect(400);
        assert_eq!(answer.error_type(), "invalid_request_error", "{again}");
    }
    let body = json!({"provider": "nylas", "settings": {"email": "agent@Bücher.example"}});
    let grant = server
        .api()
        .post("/v3/connect/custom", body)
        .await
        .expect(201)
        .data();
    let path = "/v3/grants/agent@xn--bcher-kva.example";
    assert_eq!(
        server.api().get(path).await.expect(200).data()["id"],
        grant["id"]
    );
}

#[tokio::test]
async fn a_name_that_is_no_domain_is_not_registered() {
    let server = Posthouse::start().await;
    for name in [
        "",
        "-a.agents.localhost",
        "a_b.agents.localhost",
        "https://agents.localhost",
        "a b.agents.localhost",
        "x".repeat(300).as_str(),
    ] {
        let body = json!({"name": "Odd", "domain_address": name});
        let answer = server
            .api()
            .post("/v3/admin/domains", body)
            .await
            .expect(400);
        assert_eq!(answer.error_type(), "invalid_request_error", "{name}");
    }
}
