//! `POST /v3/providers/detect?email=`: whether an address could be an account of this server.

use posthouse_types::domain::Domain;
use serde_json::json;

use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::schema::{constant, email, flag, object, replacement, text};
use crate::openapi::{Operation, Parameter};
use crate::routes::Answer;

/// Describes the detection.
pub fn operation() -> Operation {
    Operation::new(
        "detectProvider",
        "Tell whether an address could be an account here",
    )
    .query([Parameter::of("email", email().at_least(1), "The address.").required()])
    .one(object([
        ("email_address", text()),
        ("detected", flag()),
        replacement("provider", constant("nylas")),
    ]))
}

/// Answers whether the domain of the address is registered here for the caller.
pub async fn detect(call: Call) -> Answer {
    let Some(email) = call.query.text("email") else {
        return Err(ApiError::invalid("email", "required")
            .with_fix("POST /v3/providers/detect?email=name@domain"));
    };
    let detected = match email
        .rsplit_once('@')
        .map(|(_, domain)| Domain::parse(domain))
    {
        Some(Ok(domain)) => {
            let actor = call.actor()?;
            call.mailroom.is_registered_domain(actor, &domain).await?
        }
        _ => false,
    };
    let mut data = json!({ "email_address": email, "detected": detected });
    if detected {
        data["provider"] = json!("nylas");
    }
    Ok(call.object(&data))
}
