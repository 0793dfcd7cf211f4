//! Somebody outside. What the server would have sent to her is captured in its queue: she reads it there and answers by SMTP.

use base64::Engine;
use posthouse_tests::api::Api;
use posthouse_tests::eventually;

/// Her address.
pub const CORA: &str = "cora@shop.example";

/// Her `From` header.
pub const CORA_FROM: &str = "Cora Buyer <cora@shop.example>";

/// A message as it would have arrived at her server.
pub struct Source {
    fields: Vec<(String, String)>,
}

impl Source {
    /// Waits for the copy of a sent message that is meant for her.
    ///
    /// # Panics
    /// When there is none before the deadline, or more than one.
    pub async fn captured(api: &Api, message_id: &str) -> Self {
        let path = format!("/v3/admin/queue?state=captured&message_id={message_id}");
        let row = eventually("a copy for the world outside", async || {
            let rows = api.get(&path).await.expect(200).rows();
            assert!(rows.len() <= 1, "one recipient outside: {rows:?}");
            rows.into_iter().next()
        })
        .await;
        assert_eq!(row["recipient"], CORA);
        let path = format!("/v3/admin/queue/{}", row["id"].as_str().expect("an id"));
        let one = api.get(&path).await.expect(200).data();
        let raw = base64::engine::general_purpose::URL_SAFE
            .decode(one["raw_mime"].as_str().expect("a source"))
            .expect("base64url");
        Self::parse(&String::from_utf8(raw).expect("we write UTF-8"))
    }

    fn parse(raw: &str) -> Self {
        let head = raw.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let fields = unfolded.split("\r\n").filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        Self {
            fields: fields.collect(),
        }
    }

    /// Returns a header, empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        let name = name.to_ascii_lowercase();
        let field = self.fields.iter().find(|(other, _)| *other == name);
        field.map_or("", |(_, value)| value)
    }

    /// Returns the `References` of an answer: those of this message, and its own id.
    pub fn references_of_answer(&self) -> String {
        let own = self.header("message-id");
        format!("{} {own}", self.header("references"))
            .trim()
            .to_owned()
    }
}
