//! What a person reads when a deployment refuses, sends nonsense or is not there. The deployment is a small server in
//! this process.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use client::Deployment;
use proto::rest::workspace::CreateWorkspace;
use proto::secret::Secret;
use url::Url;

use super::line;

async fn serve(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> Deployment {
    let app = Router::new().fallback(move || {
        let answer = answer.clone();
        async move { answer }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Deployment::new(url, Secret::new("canary-secret")).unwrap()
}

async fn failures(deployment: &Deployment) -> [String; 2] {
    let listed = deployment.workspaces("owner:me").await.map(|_| ());
    let wanted = CreateWorkspace { name: "box".into(), ..CreateWorkspace::default() };
    let created = deployment.create_workspace("me", &wanted).await.map(|_| ());
    [listed, created]
        .map(|result| line(&result.unwrap_err().into()).replace(&client::error::origin(deployment.url()), "URL"))
}

#[tokio::test]
async fn refusals_are_one_line_with_the_next_step() {
    async fn check(status: u16, body: &'static str, expect: &str) {
        let deployment = serve((StatusCode::from_u16(status).unwrap(), body)).await;
        for text in failures(&deployment).await {
            assert_eq!(text, expect, "{status} {body}");
            assert!(!text.contains("canary-secret"));
        }
    }
    check(401, r#"{"message":"You are not signed in."}"#, "You are not signed in; log in again with `homeport login`")
        .await;
    check(404, r#"{"message":"Resource not found"}"#, "Resource not found").await;
    check(409, r#"{"message":"Taken.","detail":"box exists"}"#, "Taken: box exists").await;
    check(400, r#"{"message":"Wrong","validations":[{"field":"name","detail":"too long"}]}"#, "Wrong (name: too long)")
        .await;
    check(
        403,
        r#"{"message":"Forbidden","detail":null,"validations":null}"#,
        "Forbidden; ask an administrator of the deployment for this right",
    )
    .await;
    check(400, "{\"message\":\"a\\u001b[31mb\\nc\"}", "a [31mb c").await;
    check(
        502,
        "<html>bad gateway</html>",
        "the server answered 502 Bad Gateway; look at the server's log, then try again",
    )
    .await;
    check(418, "", "the server answered 418 I'm a teapot").await;
}

#[tokio::test]
async fn nonsense_and_redirects_are_named() {
    let deployment = serve("<html>").await;
    assert_eq!(
        failures(&deployment).await[0],
        "the answer of URL to workspaces is not understood: it is a web page; check that the URL is that of a deployment"
    );
    let to = [(header::LOCATION, "https://elsewhere.example.com/api/v2/workspaces?x=y")];
    let deployment = serve((StatusCode::FOUND, to)).await;
    assert_eq!(
        failures(&deployment).await[0],
        "URL redirects to https://elsewhere.example.com; log in with `homeport login https://elsewhere.example.com`"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_with_the_reason() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let deployment = Deployment::new(url, Secret::new("canary-secret")).unwrap();
    for text in failures(&deployment).await {
        let expect = "cannot reach URL: nothing listens there (connection refused); check that it runs and that its \
                      address is right (`homeport server` starts one here)";
        assert_eq!(text, expect);
    }
}

#[tokio::test]
async fn lists_of_other_servers_are_read() {
    #[track_caller]
    fn names(workspaces: Vec<proto::rest::workspace::Workspace>) -> Vec<String> {
        workspaces.into_iter().map(|workspace| workspace.name).collect()
    }
    let deployment = serve(r#"{"workspaces":[{"name":"box","newer_field":1},{"name":"b"}],"count":2}"#).await;
    assert_eq!(names(deployment.workspaces("").await.unwrap()), ["box", "b"]);
    let deployment = serve(r#"{"workspaces":null,"count":0}"#).await;
    assert!(deployment.workspaces("").await.unwrap().is_empty());
}
