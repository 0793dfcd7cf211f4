//! `DELETE /v3/admin/pauses/{pause_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the lifting.
pub fn operation() -> Operation {
    Operation::new("destroyPause", "Lift a pause")
        .about("The sender may send again, and mail that was held goes out.")
        .deleted()
}

/// Lifts a pause.
pub async fn delete(call: Call) -> Answer {
    let id = call.parameter("pause_id");
    call.mailroom.lift_pause(call.actor()?, id).await?;
    Ok(call.deleted())
}
