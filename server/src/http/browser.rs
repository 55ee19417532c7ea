//! Signing a browser in with a one-use code: made by somebody who has a session, spent by the page that was opened with it.

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::{ConnectInfo, State};
use axum::response::Response as HttpResponse;
use http::StatusCode;
use proto::rest::sign_in::{RedeemSignInCode, SignInCode};
use proto::secret::Secret;

use super::body::Json;
use super::error::{ApiError, ApiResult};
use super::routes::{Routes, post};
use super::sign_in::{SESSION, new_session, signed_in, too_many};
use crate::access::User;
use crate::codes::{LIFETIME, Maker};
use crate::state::AppState;
use crate::store::{StoreError, keys, now};
use crate::token;

/// Characters of a code: 190 bits.
const LENGTH: usize = 32;
/// Guesses of codes are counted for this name, which no account can have.
const GUESSED: &str = "one-use code";

pub(super) fn routes() -> Routes {
    Routes::new().route("/api/v2/homeport/sign-in-codes", post(make)).route("/api/v2/homeport/sign-in", post(redeem))
}

async fn make(State(state): State<AppState>, user: User) -> ApiResult<(StatusCode, Json<SignInCode>)> {
    let code = token::letters(LENGTH).map_err(|_| ApiError::from(StoreError::Abandoned))?;
    let maker = Maker { user: user.id, key: user.key_id };
    state.codes.insert(&Secret::new(code.clone()), maker, Instant::now());
    Ok((StatusCode::CREATED, Json(SignInCode { code, lifetime_seconds: LIFETIME.as_secs() })))
}

async fn redeem(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Json(body): Json<RedeemSignInCode>,
) -> ApiResult<HttpResponse> {
    if let Some(wait) = state.logins.wait(peer.ip(), GUESSED, Instant::now()) {
        return Ok(too_many(wait));
    }
    let Some(maker) = state.codes.redeem(&Secret::new(body.code), Instant::now()) else {
        state.logins.failed(peer.ip(), GUESSED, Instant::now());
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "This link was used already, or is too old.")
            .with_detail("Make a new one: `homeport dashboard`."));
    };
    // The key may have been revoked since; and what it opens must not outlive it.
    let key = match state.store.read(move |db| keys::with_user(db, &maker.key)).await {
        Ok(key) => key,
        Err(StoreError::NotFound) => return Err(ApiError::unauthorized()),
        Err(other) => return Err(other.into()),
    };
    let left = key.user.expires_at.0 - now().0;
    if !key.active || !left.is_positive() {
        return Err(ApiError::unauthorized());
    }
    let token = new_session(&state, maker.user, SESSION.min(left)).await?;
    Ok(signed_in(&state, &token))
}
