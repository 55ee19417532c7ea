//! A person in a browser who signs programs in: the calls that the page of a server makes, and the way back to loopback.

use reqwest::StatusCode;
use url::Url;

use super::Desk;
use crate::host::Host;

/// A person who is signed in at a server in their browser.
pub struct Person {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Person {
    /// The local user of a server.
    pub fn of(host: &Host) -> Self {
        // Nothing here is encrypted, but the library wants to know by whom it would be.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (url, token) = host.session();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, url: url.trim_end_matches('/').to_owned(), token }
    }

    /// A server's offer: its pages are there. Without them nobody can be asked.
    pub async fn has_page(&self) -> bool {
        let answer = self.http.get(format!("{}/api/v2/homeport/hand-off", self.url)).send().await.unwrap();
        let offer: serde_json::Value = answer.json().await.unwrap();
        offer["has_page"] == true
    }

    /// What the page does when "Sign in" is clicked: asks for a code as a page of this server, by its cookie.
    pub async fn agree(&self, page: &Url) -> String {
        let body = serde_json::json!({"challenge": query(page, "challenge")});
        let asked = self.http.post(format!("{}/api/v2/homeport/hand-off-codes", self.url)).json(&body);
        let cookie = format!("coder_session_token={}", self.token);
        let made = asked.header("cookie", cookie).header("origin", &self.url).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED);
        let made: serde_json::Value = made.json().await.unwrap();
        made["code"].as_str().unwrap().to_owned()
    }

    /// Goes where the page leads; what the program answers.
    pub async fn go_back(&self, page: &Url, pairs: &[(&str, &str)]) -> (StatusCode, String) {
        let mut back = Url::parse(&format!("http://127.0.0.1:{}/", query(page, "port"))).unwrap();
        back.query_pairs_mut().extend_pairs(pairs);
        let answer = self.http.get(back).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn post(&self, token: &str, path: &str) -> (StatusCode, serde_json::Value) {
        let asked = self.http.post(format!("{}/api/v2/{path}", self.url)).header("coder-session-token", token);
        let answer = asked.json(&serde_json::json!({})).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// A session of a week, for a program.
    pub async fn new_key(&self) -> String {
        let (status, made) = self.post(&self.token, "users/me/keys").await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made["key"].as_str().unwrap().to_owned()
    }

    /// Ends a session at the server, behind its program's back.
    pub async fn revoke(&self, token: &str) -> StatusCode {
        self.post(token, "users/logout").await.0
    }

    pub async fn status_with(&self, token: &str) -> StatusCode {
        let asked = self.http.get(format!("{}/api/v2/users/me", self.url)).header("coder-session-token", token);
        asked.send().await.unwrap().status()
    }

    /// Says yes.
    pub async fn sign_in(&self, page: &Url) -> String {
        assert!(page.as_str().starts_with(&format!("{}/hand-off?", self.url)), "{page}");
        let served = self.http.get(page.clone()).send().await.unwrap();
        assert!(served.text().await.unwrap().contains("<div id=\"root\""), "the page of the dashboard");
        let code = self.agree(page).await;
        let (status, text) = self.go_back(page, &[("code", &code), ("state", &query(page, "state"))]).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        text
    }
}

pub fn query(page: &Url, name: &str) -> String {
    page.query_pairs().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name} in {page}")).1.into_owned()
}

/// The address that the browser was given.
pub async fn opened(desk: &Desk) -> Url {
    Url::parse(&desk.call("xdg-open").await[0]).unwrap()
}
