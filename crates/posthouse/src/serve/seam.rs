//! Stands in for the first start until the mailroom has it.

use posthouse_mailroom::{Mailroom, Refusal};

pub struct Bootstrap {
    pub application_id: String,
    pub trial_domain: Option<String>,
    pub first_key: Option<String>,
}

pub trait Seam {
    async fn bootstrap(&self, _: Option<String>) -> Result<Bootstrap, Refusal>;
    async fn authenticate(&self, _: &str) -> Result<(), Refusal>;
}

impl Seam for Mailroom {
    async fn bootstrap(&self, key: Option<String>) -> Result<Bootstrap, Refusal> {
        let key = key.unwrap_or_else(|| format!("phk_{}", "0".repeat(43)));
        Ok(Bootstrap {
            application_id: "none".to_owned(),
            trial_domain: None,
            first_key: Some(key),
        })
    }

    async fn authenticate(&self, _: &str) -> Result<(), Refusal> {
        Err(Refusal::Unauthorized)
    }
}
