//! `GET .../attachments/{attachment_id}/download`

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use super::range::{Wanted, wanted};
use super::{disposition, message_id};
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::schema::text;
use crate::openapi::{Operation, Parameter};
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes it for one of the two paths.
pub fn operation(id: &str) -> Operation {
    let range = text().example("bytes=0-1023");
    Operation::new(id, "Download an attachment")
        .about("The content type is the one that its sender declared.")
        .query([Parameter::header("Range", range, "One range of bytes.")])
        .bytes(200, "All of it.", "*/*")
        .bytes(206, "The range.", "*/*")
        .fails([416])
}

/// Answers the bytes, whole or a single range of them. Stored content is a stranger's: it is offered as a file and
/// never as a page of ours (HTTP-14).
pub async fn download(call: Call) -> Answer {
    let grant = call.grant().await?;
    let attachment_id = call.parameter("attachment_id");
    let content = call
        .mailroom
        .attachment_content(&grant, message_id(&call)?, attachment_id)
        .await?;
    let bytes = Bytes::from(content.bytes);
    let size_bytes = bytes.len();
    let reply = match wanted(&call.headers, size_bytes) {
        Wanted::All => Reply::download(StatusCode::OK, bytes),
        Wanted::Nothing => return Err(ApiError::range_not_satisfiable(size_bytes)),
        Wanted::Part(range) => {
            let place = format!("bytes {}-{}/{size_bytes}", range.start, range.end - 1);
            let place = HeaderValue::from_str(&place).expect("numbers are a header value");
            Reply::download(StatusCode::PARTIAL_CONTENT, bytes.slice(range))
                .header(header::CONTENT_RANGE, place)
        }
    };
    let content_type = HeaderValue::from_str(&content.info.content_type)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    Ok(reply
        .header(header::CONTENT_TYPE, content_type)
        .header(
            header::CONTENT_DISPOSITION,
            disposition::attachment(&content.info.filename),
        )
        .header(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"))
        .header(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        )
        .header(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; sandbox"),
        )
        .header(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        ))
}
