//! `GET /v3/applications` and `GET /v3/applications/{application_id}`

use posthouse_mailroom::applications::ApplicationName;

use super::render::application;
use crate::call::Call;
use crate::routes::Answer;

/// Answers the application of the key: one object, not a list.
pub async fn own(call: Call) -> Answer {
    let name = ApplicationName::Own(call.actor()?);
    let view = call.mailroom.get_application(name).await?;
    Ok(call.object(&application(&view)))
}

/// Answers any application, for operators.
pub async fn one(call: Call) -> Answer {
    let name = ApplicationName::Id(call.parameter("application_id"));
    let view = call.mailroom.get_application(name).await?;
    Ok(call.object(&application(&view)))
}
