//! The loopback listener of one hand-off: answers the browser, whatever else connects is turned away. What a request means
//! is decided by [`Question::judge`].

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use proto::secret::Secret;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use super::{Question, Verdict};

/// Connections at a time: a browser opens some that it does not use.
const CONNECTIONS: usize = 16;
/// How long one may be open: the call to the deployment is made meanwhile.
const IDLE: Duration = Duration::from_secs(90);
/// How long the browser has to take the last page.
const LAST_PAGE: Duration = Duration::from_secs(5);
/// Largest head of a request, in bytes: the least that the library takes.
const MAX_HEAD: usize = 8192;

/// Waits for the answer to one question.
pub(super) struct Listener {
    question: Arc<Question>,
    port: u16,
    answers: mpsc::Receiver<Answer>,
    tasks: JoinSet<()>,
}

/// What the person said, and the browser that waits for a page.
pub(super) struct Answer {
    /// None when the person said no.
    pub(super) code: Option<Secret>,
    /// The browser, which waits for a sentence.
    pub(super) browser: oneshot::Sender<String>,
}

impl Listener {
    /// Listens on a free port, for this computer only.
    pub(super) async fn open(question: Question) -> io::Result<Self> {
        let socket = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = socket.local_addr()?.port();
        let question = Arc::new(question);
        // One answer is enough: a second one of the same state finds nobody.
        let (found, answers) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(socket, Arc::clone(&question), port, found));
        Ok(Self { question, port, answers, tasks })
    }

    pub(super) fn question(&self) -> &Question {
        &self.question
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The answer; waits for as long as nobody gives it.
    pub(super) async fn answer(&mut self) -> Answer {
        // The listener's task lives as long as we do.
        let Some(answer) = self.answers.recv().await else { return std::future::pending().await };
        // The same link again finds that it was answered.
        self.answers.close();
        answer
    }

    /// Shows the browser a sentence, waits a moment until it has it, and listens no more.
    pub(super) async fn show(mut self, browser: oneshot::Sender<String>, text: String) {
        if browser.send(text).is_ok() {
            let _ = tokio::time::timeout(LAST_PAGE, async { while self.tasks.join_next().await.is_some() {} }).await;
        }
    }
}

async fn accept(socket: TcpListener, question: Arc<Question>, port: u16, found: mpsc::Sender<Answer>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            // The page behind the answer was shown: that is the end.
            Some(ended) = connections.join_next() => match ended {
                Ok(true) => return,
                _ => continue,
            },
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, say: not again at once.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else { continue };
        let (question, found) = (Arc::clone(&question), found.clone());
        connections.spawn(async move {
            let _place = place;
            serve(stream, &question, port, &found).await
        });
    }
}

/// Serves one connection; whether it was the one with the answer.
async fn serve(stream: TcpStream, question: &Question, port: u16, found: &mpsc::Sender<Answer>) -> bool {
    let has_answered = std::sync::atomic::AtomicBool::new(false);
    let service = service_fn(|request: Request<Incoming>| async {
        let (response, is_answer) = respond(request, question, port, found).await;
        has_answered.fetch_or(is_answer, std::sync::atomic::Ordering::Relaxed);
        Ok::<_, Infallible>(response)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let _ = tokio::time::timeout(IDLE, connection).await;
    has_answered.into_inner()
}

async fn respond(
    request: Request<Incoming>,
    question: &Question,
    port: u16,
    found: &mpsc::Sender<Answer>,
) -> (Response<String>, bool) {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let target = request.uri().path_and_query().map(|target| target.as_str()).unwrap_or_default();
    let code = match question.judge(port, request.method().as_str(), host, target) {
        Verdict::Code(code) => Some(code),
        Verdict::Refused => None,
        Verdict::Foreign => return (page(StatusCode::NOT_FOUND, "There is nothing here."), false),
    };
    let (browser, text) = oneshot::channel();
    if found.try_send(Answer { code, browser }).is_err() {
        return (page(StatusCode::CONFLICT, "This was answered already."), false);
    }
    match text.await {
        Ok(text) => (page(StatusCode::OK, &text), true),
        Err(_) => (page(StatusCode::GONE, "Homeport does not wait any more."), true),
    }
}

/// A page of one sentence that may do nothing, and leaves nothing behind.
fn page(status: StatusCode, text: &str) -> Response<String> {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut response = Response::new(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Homeport</title></head><body><p>{text}</p></body></html>"
    ));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
