//! Errors as answers: a status and the envelope. The reason of an inner failure goes to the log, never to the wire.

use axum::response::{IntoResponse, Response as HttpResponse};
use http::StatusCode;
use proto::rest::Response;

use crate::access::Verdict;
use crate::store::StoreError;

/// What a handler returns instead of an answer.
#[derive(Debug)]
pub struct ApiError {
    pub status: StatusCode,
    pub body: Box<Response>,
}

/// Result of handlers.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, body: Box::new(Response::new(message)) }
    }

    /// 404, also for what the asker may not see: the two must not differ.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Resource not found or you do not have access to this resource")
    }

    /// 401: one text for every cause.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            body: Box::new(
                Response::new("You are signed out or your session has expired. Please sign in again to continue.")
                    .detail("The token is missing, wrong or expired."),
            ),
        }
    }

    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden.")
    }

    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// 400 about one field.
    #[must_use]
    pub fn field(field: &str, detail: impl Into<String>) -> Self {
        Self::bad_request("Validation failed.").with_field(field, detail)
    }

    #[must_use]
    pub fn with_field(mut self, field: &str, detail: impl Into<String>) -> Self {
        *self.body = self.body.field(field, detail);
        self
    }

    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        *self.body = self.body.detail(detail);
        self
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::not_found(),
            StoreError::Conflict(why) => Self::conflict(why),
            StoreError::Taken(_) => Self::conflict("Something with this name is already there."),
            StoreError::Full => Self::new(StatusCode::INSUFFICIENT_STORAGE, "The server's disk is full."),
            StoreError::Closed => Self::new(StatusCode::SERVICE_UNAVAILABLE, "The server is stopping."),
            inner => {
                tracing::error!(error = &inner as &dyn std::error::Error, "a call failed in the store");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "An internal error occurred. The server's log says more.")
            }
        }
    }
}

impl Verdict {
    /// Turns the answer of [`crate::access::decide`] into an error.
    ///
    /// # Errors
    /// 403 or 404.
    pub fn check(self) -> ApiResult<()> {
        match self {
            Self::Allowed => Ok(()),
            Self::Forbidden => Err(ApiError::forbidden()),
            Self::Hidden => Err(ApiError::not_found()),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> HttpResponse {
        (self.status, axum::Json(*self.body)).into_response()
    }
}
