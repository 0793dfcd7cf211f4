//! `GET /v3/applications` and `GET /v3/applications/{application_id}`

use posthouse_mailroom::applications::ApplicationName;

use super::APPLICATION;
use super::render::application;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the application of the key.
pub fn own_operation() -> Operation {
    Operation::new(
        "getApplicationDetails",
        "Get the application of the API key",
    )
    .one(APPLICATION.reference())
}

/// Describes any application.
pub fn one_operation() -> Operation {
    Operation::new("findApplication", "Get an application").one(APPLICATION.reference())
}

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
