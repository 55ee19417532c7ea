//! Signing in with a one-use code: a browser with one that somebody with a session made, spent by the page that was opened
//! with it; a program with one that a page made for it (the hand-off), spent with the secret behind its challenge.

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::{ConnectInfo, State};
use axum::response::Response as HttpResponse;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use proto::rest::sign_in::{HandOff, MakeHandOffCode, RedeemSignInCode, SignInCode};
use proto::secret::Secret;

use super::body::Json;
use super::error::{ApiError, ApiResult};
use super::routes::{Routes, get, post};
use super::sign_in::{Other, PROGRAM, SESSION, new_session, signed_in, too_many};
use super::{dashboard, users};
use crate::access::{Action, Object, User};
use crate::codes::{LIFETIME, Maker};
use crate::state::AppState;
use crate::store::{StoreError, keys, now};
use crate::token;

/// Characters of a code: 190 bits.
const LENGTH: usize = 32;
/// Guesses of codes are counted for this name, which no account can have.
const GUESSED: &str = "one-use code";

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/api/v2/homeport/sign-in-codes", post(make))
        .route("/api/v2/homeport/sign-in", post(redeem))
        .route("/api/v2/homeport/hand-off", get(hand_off))
        .route("/api/v2/homeport/hand-off-codes", post(make_for_program))
}

async fn make(State(state): State<AppState>, user: User) -> ApiResult<(StatusCode, Json<SignInCode>)> {
    keep_code(&state, user, None).await
}

/// Everybody may know that this server has hand-offs: that is how programs tell it from others.
async fn hand_off() -> Json<HandOff> {
    Json(HandOff { has_page: dashboard::is_built() })
}

async fn make_for_program(
    State(state): State<AppState>,
    user: User,
    Json(wanted): Json<MakeHandOffCode>,
) -> ApiResult<(StatusCode, Json<SignInCode>)> {
    let challenge = URL_SAFE_NO_PAD.decode(&wanted.challenge).ok().and_then(|bytes| bytes.try_into().ok());
    let challenge = challenge.ok_or_else(|| ApiError::field("challenge", "It must be a SHA-256 in base64url."))?;
    keep_code(&state, user, Some(challenge)).await
}

async fn keep_code(
    state: &AppState,
    user: User,
    challenge: Option<[u8; 32]>,
) -> ApiResult<(StatusCode, Json<SignInCode>)> {
    // A code becomes a session: who may not make a key may not make one this way either.
    users::resolve(state, &user, "me", Action::Create, |owner| Object::Keys { owner }).await?;
    let code = token::letters(LENGTH).map_err(|_| ApiError::from(StoreError::Abandoned))?;
    let maker = Maker { user: user.id, key: user.key_id, challenge };
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
    let verifier = Some(body.verifier).filter(|verifier| !verifier.is_empty()).map(Secret::new);
    let Some(maker) = state.codes.redeem(&Secret::new(body.code), verifier.as_ref(), Instant::now()) else {
        state.logins.failed(peer.ip(), GUESSED, Instant::now());
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "This link was used already, or is too old.")
            .with_detail("Make a new one: `homeport dashboard`, or `homeport login` for a program."));
    };
    // The key may have been revoked since.
    let key = match state.store.read(move |db| keys::with_user(db, &maker.key)).await {
        Ok(key) => key,
        Err(StoreError::NotFound) => return Err(ApiError::unauthorized()),
        Err(other) => return Err(other.into()),
    };
    let ends = key.user.expires_at;
    if !key.active || ends <= now() {
        return Err(ApiError::unauthorized());
    }
    // What a link opens must not outlive the key that made it. A program got its own session by a click on a page, as a
    // token would be made there.
    let (lifetime, other) = match maker.challenge {
        Some(_) => (PROGRAM, None),
        None => (SESSION, Some(Other { id: key.user.key_id, ends })),
    };
    let token = new_session(&state, maker.user, lifetime, other).await?;
    signed_in(&state, &token)
}
