//! Errors of the HTTP interface in the envelope of the field, and JSON both ways that fails in it.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use proto::rest;
use serde::Serialize;

/// An error answer.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    body: rest::Response,
}

impl Failure {
    /// With a sentence for people.
    pub fn new(status: StatusCode, message: &str) -> Self {
        Self { status, body: rest::Response::new(message) }
    }

    /// Adds the reason.
    pub fn because(mut self, reason: &impl ToString) -> Self {
        self.body = self.body.detail(reason.to_string());
        self
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T, S> FromRequest<S> for Json<T>
where
    axum::Json<T>: FromRequest<S, Rejection = JsonRejection>,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let body = axum::Json::from_request(request, state).await;
        body.map(|axum::Json(value)| Self(value)).map_err(|rejection| {
            Failure::new(rejection.status(), "The request's JSON body is not understood.")
                .because(&rejection.body_text())
        })
    }
}
