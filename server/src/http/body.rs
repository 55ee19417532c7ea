//! Request bodies: JSON within a cap, path and query values; whatever is wrong becomes the envelope.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// Largest JSON body: the longest honest one is a template's parameter list.
pub const MAX_JSON: usize = 1024 * 1024;
/// Largest uploaded file, as upstream.
pub const MAX_FILE: usize = 10 * 1024 * 1024;

/// A JSON body, in both directions.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let bytes = axum::body::to_bytes(request.into_body(), MAX_JSON).await.map_err(|_| {
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large or broke off.")
                .with_detail("At most 1 MiB is taken.")
        })?;
        // A list would fill the fields of a struct in order; every body of this interface is an object.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(ApiError::bad_request("Request body must be valid JSON.").with_detail("An object is expected."));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            ApiError::bad_request("Request body must be valid JSON.").with_detail(format!(
                "at line {}, column {}: {:?} error",
                error.line(),
                error.column(),
                error.classify()
            ))
        })
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Values of the path.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(ApiError::bad_request("Invalid value in the path.").with_detail("An id must be a UUID.")),
        }
    }
}

/// Values of the query.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|_| ApiError::bad_request("Query parameters have invalid values."))
    }
}
