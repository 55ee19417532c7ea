//! Bodies of the REST interface (catalogue B14): requests through the server's own extractor, answers as a client reads
//! them. What is understood comes back the same. Not here: routes.

use axum::extract::FromRequest as _;
use futures_util::FutureExt as _;
use proto::rest::{agent, build, deployment, key, response, template, user, workspace};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use server::http::body::{Json, MAX_JSON};

/// See the module.
pub fn rest(data: &[u8]) {
    request::<agent::CreateLogSource>(data);
    request::<agent::PatchAgentLogs>(data);
    request::<build::CreateBuild>(data);
    request::<deployment::AuthChecks>(data);
    request::<key::CreateToken>(data);
    request::<Value>(data);
    request::<user::CreateFirstUser>(data);
    request::<user::Login>(data);
    request::<workspace::CreateWorkspace>(data);
    request::<workspace::ExtendWorkspace>(data);
    request::<workspace::UpdateAutomaticUpdates>(data);
    request::<workspace::UpdateAutostart>(data);
    request::<workspace::UpdateDormancy>(data);
    request::<workspace::UpdateTtl>(data);
    request::<workspace::UpdateWorkspace>(data);
    request::<workspace::WorkspaceUsage>(data);
    answer::<agent::Agent>(data);
    answer::<deployment::BuildInfo>(data);
    answer::<key::ApiKey>(data);
    answer::<response::Response>(data);
    answer::<template::Template>(data);
    answer::<user::UserList>(data);
    answer::<workspace::WatchEvent>(data);
    answer::<workspace::WorkspaceList>(data);
}

/// A body of a request. Only an object within the cap is one.
fn request<T: DeserializeOwned + Serialize>(data: &[u8]) {
    let request = axum::extract::Request::new(axum::body::Body::from(data.to_vec()));
    let body = Json::<T>::from_request(request, &()).now_or_never().expect("a body in memory is always ready");
    if let Ok(Json(body)) = body {
        assert!(data.len() <= MAX_JSON && data.trim_ascii_start().starts_with(b"{"));
        same_again(&body);
    }
}

fn answer<T: DeserializeOwned + Serialize>(data: &[u8]) {
    if let Ok(body) = serde_json::from_slice::<T>(data) {
        same_again(&body);
    }
}

/// Panics when a body does not come back as it was.
pub fn same_again<T: DeserializeOwned + Serialize>(body: &T) {
    let once = serde_json::to_vec(body).expect("what was read can be written");
    let again: T = serde_json::from_slice(&once).expect("what was written can be read");
    let twice = serde_json::to_vec(&again).expect("as before");
    if once != twice {
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("JSON");
        assert!(are_alike(&read(&once), &read(&twice)), "a body changed on its way");
    }
}

/// The same but for the last digit of a fraction, which is not promised.
fn are_alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= a.abs() * 1e-12,
            _ => a == b,
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| are_alike(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| are_alike(a, b)))
        }
        (a, b) => a == b,
    }
}
