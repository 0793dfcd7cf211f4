//! What a key may do, checked once for every route.

use http::Method;
use posthouse_api::call::Call;
use posthouse_api::routes::Answer;
use posthouse_api::{Route, Scope};
use posthouse_mailroom::api_keys::{NewApiKey, NewScope};

use crate::account::Account;
use crate::door::request;

async fn done(call: Call) -> Answer {
    Ok(call.deleted())
}

fn table() -> Vec<Route> {
    vec![
        Route::get("/v3/things", Scope::Application, done),
        Route::post("/v3/things", Scope::Application, done),
        Route::post("/v3/things/search", Scope::Application, done).reads(),
        Route::get("/v3/admin/things", Scope::Organization, done).admin(),
    ]
}

#[tokio::test]
async fn http_12_a_read_only_key_reads_and_nothing_else() {
    let account = Account::over(table()).await;
    let reader = account
        .with_new_key(NewApiKey {
            read_only: true,
            ..NewApiKey::default()
        })
        .await;
    let ask = |method: Method, path: &'static str| {
        account.door.send(reader.with_key(request(method, path)))
    };
    assert_eq!(ask(Method::GET, "/v3/things").await.status, 200);
    assert_eq!(ask(Method::HEAD, "/v3/things").await.status, 200);
    assert_eq!(ask(Method::POST, "/v3/things/search").await.status, 200);
    assert_eq!(
        ask(Method::POST, "/v3/things").await.error(),
        (403, "forbidden", "this API key is read-only")
    );
}

#[tokio::test]
async fn http_12_admin_routes_ask_for_the_admin_permission() {
    let account = Account::over(table()).await;
    let tenant = account.with_new_key(NewApiKey::default()).await;
    let target = "/v3/admin/things";
    let operator = account
        .door
        .send(account.with_key(request(Method::GET, target)))
        .await;
    assert_eq!(operator.status, 200, "the first key is the operator's");
    let refused = account
        .door
        .send(tenant.with_key(request(Method::GET, target)))
        .await;
    assert_eq!(refused.error().1, "forbidden");
}

#[tokio::test]
async fn a_key_for_one_account_answers_to_me_and_sees_no_neighbour() {
    let account = Account::open().await;
    let neighbour = account.neighbour("neighbour").await;
    let scope = NewScope {
        kind: "grant".to_owned(),
        id: Some(account.id.clone()),
    };
    let narrow = account
        .with_new_key(NewApiKey {
            scope: Some(scope),
            ..NewApiKey::default()
        })
        .await;
    let me = account
        .door
        .send(narrow.with_key(request(Method::GET, "/v3/grants/me/folders/inbox")))
        .await;
    assert_eq!(
        (me.status.as_u16(), me.json["data"]["grant_id"].as_str()),
        (200, Some(account.id.as_str()))
    );
    for spelling in [&neighbour.id, &neighbour.email] {
        let target = format!("/v3/grants/{spelling}/messages");
        assert_eq!(
            account
                .door
                .send(narrow.with_key(request(Method::GET, &target)))
                .await
                .error()
                .0,
            404
        );
    }
}

#[tokio::test]
async fn providers_are_detected_by_registered_domain() {
    let account = Account::open().await;
    let detect = |query: &'static str| {
        account.door.send(account.with_key(request(
            Method::POST,
            &format!("/v3/providers/detect{query}"),
        )))
    };
    let ours = detect("?email=new%40AGENTS.test").await;
    assert_eq!(ours.json["data"]["detected"], true);
    assert_eq!(ours.json["data"]["provider"], "nylas");
    for other in ["?email=a@shop.example", "?email=nonsense", "?email=a@"] {
        let answer = detect(other).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json["data"]["detected"]),
            (200, &false.into()),
            "{other}"
        );
        assert!(answer.json["data"].get("provider").is_none());
    }
    assert_eq!(detect("").await.json["error"]["field"], "email");
}
