//! The listener's routes: REST resources, one file each, the mesh half from [`crate::net`], and the layers around all.

pub mod body;
pub mod error;
pub mod guard;
pub mod identity;
pub mod limit;
pub mod name;
pub mod routes;
pub mod upgrade;

mod accounts;
pub(crate) mod agents;
mod browser;
mod builds;
mod cookie_path;
pub mod dashboard;
mod deployment;
pub mod downloads;
mod external;
mod keys;
mod logs;
mod page;
pub mod search;
mod sign_in;
mod templates;
mod terminal;
mod users;
pub mod watch;
mod watch_all;
mod workspace_settings;
mod workspaces;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use proto::rest::VERSION_HEADER;

use self::error::ApiError;
use self::routes::Routes;
use crate::state::AppState;

/// Every route of the server.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .merge(deployment::routes())
        .merge(sign_in::routes())
        .merge(browser::routes())
        .merge(users::routes())
        .merge(accounts::routes())
        .merge(keys::routes())
        .merge(templates::routes())
        .merge(workspaces::routes())
        .merge(workspace_settings::routes())
        .merge(builds::routes())
        .merge(agents::routes())
        .merge(external::routes())
        .merge(terminal::routes())
        .merge(watch::routes())
        .merge(watch_all::routes())
        .merge(downloads::routes())
        .merge(crate::net::routes())
}

/// The routes with the layers around them.
pub fn router(state: &AppState) -> Router {
    let all = routes()
        .into_router()
        .fallback(dashboard::serve)
        .method_not_allowed_fallback(|| async {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "This method is not allowed here.")
        })
        .layer(from_fn(guard::check_kind))
        .layer(from_fn_with_state(state.clone(), guard::check_host))
        .layer(from_fn(dress))
        .with_state(state.clone());
    // Before a route is looked for.
    Router::new().fallback_service(tower::ServiceBuilder::new().map_request(cookie_path::lead).service(all))
}

/// Headers of every response, refusals included.
async fn dress(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let (Ok(name), Ok(version)) =
        (HeaderName::from_bytes(VERSION_HEADER.as_bytes()), HeaderValue::from_str(crate::VERSION))
    {
        headers.insert(name, version);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response.into_response()
}
