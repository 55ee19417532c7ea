//! The page of a server that was built without its dashboard: how to sign a command line in. It shows no secret: a page
//! could be framed or photographed, and a person at this computer already has a session.

use axum::response::{Html, IntoResponse as _, Response as HttpResponse};
use http::header;

use crate::state::AppState;

pub(super) fn sign_in_elsewhere(state: &AppState) -> HttpResponse {
    let url = escape(state.access_url.as_str().trim_end_matches('/'));
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Homeport</title></head><body>\
         <h1>Sign in from the command line</h1>\
         <p>On the computer that runs this server you are signed in already: <code>homeport whoami</code> says so.</p>\
         <p>For another computer, make a token here:</p><pre>homeport tokens create --name laptop</pre>\
         <p>and use it there:</p><pre>homeport login {url}</pre>\
         <p>It asks for the token. With an account that has a password, a token can also be made over the API: \
         <code>POST /api/v2/users/login</code>.</p></body></html>"
    );
    let policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(body)).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
