//! A window of a test on the real socket: it is told the menu, clicks, comes too late, and is told the end.

use proto::menu::{MAX_TEXT, MenuItem, MenuView};
use tokio::io::AsyncWriteExt;

use super::*;
use crate::icon::Icon;
use crate::menu::Item;

const SOON: Duration = Duration::from_secs(20);

fn view(words: &[&str]) -> Arc<View> {
    let items = words.iter().map(|word| Item::of(word, Action::Copy((*word).into())));
    let items = vec![Item::line("said"), Item::more("more", items.collect())];
    Arc::new(View { icon: Icon::On, headline: "on".into(), details: Vec::new(), items })
}

struct Window(Framed<UnixStream, LinesCodec>);

impl Window {
    async fn open(folder: &std::path::Path) -> Self {
        let connected = async {
            loop {
                match UnixStream::connect(folder.join(SOCKET)).await {
                    Ok(stream) => break stream,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        };
        let stream = tokio::time::timeout(SOON, connected).await.unwrap();
        Self(Framed::new(stream, LinesCodec::new_with_max_length(MAX_VIEW)))
    }

    async fn told(&mut self) -> FromTray {
        let line = tokio::time::timeout(SOON, self.0.next()).await.unwrap().unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }

    async fn view(&mut self) -> MenuView {
        match self.told().await {
            FromTray::View(view) => view,
            FromTray::Ended => panic!("ended"),
        }
    }

    async fn click(&mut self, view: u32, path: &[u16]) {
        self.answer(view, path, None).await;
    }

    async fn answer(&mut self, view: u32, path: &[u16], text: Option<&str>) {
        let click = Click { view, path: path.into(), text: text.map(Into::into) };
        self.0.send(serde_json::to_string(&click).unwrap()).await.unwrap();
    }
}

async fn copied(heard: &mut mpsc::Receiver<Event>) -> String {
    match tokio::time::timeout(SOON, heard.recv()).await.unwrap() {
        Some(Event::Asked(Action::Copy(text))) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_window_is_told_the_menu_and_a_click_is_about_the_view_it_was_made_on() {
    let folder = tempfile::tempdir().unwrap();
    let (events, mut heard) = mpsc::channel(100);
    let compact = Compact::start(folder.path().to_owned(), events);
    compact.show(view(&["a", "b"]));
    let mut window = Window::open(folder.path()).await;
    let first = window.view().await;
    let more = MenuItem::More {
        key: "more".into(),
        label: "more".into(),
        items: ["a", "b"].map(|word| MenuItem::Do { label: word.into() }).into(),
    };
    assert_eq!(first.items, [MenuItem::Line { label: "said".into() }, more]);

    window.click(first.number, &[1, 1]).await;
    assert_eq!(copied(&mut heard).await, "b");
    // A row came in between: the person still means what was seen.
    compact.show(view(&["new", "a", "b"]));
    let second = window.view().await;
    assert_eq!(second.number, first.number + 1);
    window.click(first.number, &[1, 1]).await;
    assert_eq!(copied(&mut heard).await, "b");
    window.click(second.number, &[1, 0]).await;
    assert_eq!(copied(&mut heard).await, "new");

    // What does nothing, is not there, or was never shown: no event, and the menu once more.
    for (number, path) in [(2, &[0][..]), (2, &[1]), (2, &[]), (2, &[1, 7]), (2, &[0, 0]), (9, &[1, 0])] {
        window.click(number, path).await;
        assert_eq!(window.view().await.number, second.number, "{number} {path:?}");
    }
    // A view of long ago.
    for number in 0..u32::try_from(KEPT).unwrap() {
        compact.show(view(&["later"]));
        assert_eq!(window.view().await.number, second.number + 1 + number);
    }
    window.click(second.number, &[1, 0]).await;
    assert_eq!(window.view().await.number, second.number + u32::try_from(KEPT).unwrap());
    assert!(heard.try_recv().is_err());

    let (told, ()) = tokio::join!(window.told(), compact.finish());
    assert_eq!(told, FromTray::Ended);
    assert!(!folder.path().join(SOCKET).exists());
}

#[tokio::test]
async fn a_line_that_asks_is_answered_with_a_text_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let (events, mut heard) = mpsc::channel(100);
    let compact = Compact::start(folder.path().to_owned(), events);
    let items = vec![Item::AskWhere { label: "where?".into(), hint: "dev".into() }, Item::of("no", Action::AskNoMore)];
    compact.show(Arc::new(View { icon: Icon::On, headline: "on".into(), details: Vec::new(), items }));
    let mut window = Window::open(folder.path()).await;
    let view = window.view().await;
    assert_eq!(view.items[0], MenuItem::Ask { label: "where?".into(), hint: "dev".into() });
    window.answer(view.number, &[0], Some("dev.example.com")).await;
    let Some(Event::Asked(Action::SignInAt(text))) = heard.recv().await else { panic!("no answer") };
    assert_eq!(text, "dev.example.com");
    // No text, too much of it, or one that nobody asked for: the menu once more.
    let long = "x".repeat(MAX_TEXT + 1);
    for (path, text) in [(0, None), (0, Some(long.as_str())), (1, Some("dev.example.com"))] {
        window.answer(view.number, &[path], text).await;
        assert_eq!(window.view().await.number, view.number, "{path} {text:?}");
    }
    assert!(heard.try_recv().is_err());
    drop(compact);
}

#[tokio::test]
async fn nonsense_and_long_lines_end_the_connection_and_too_many_are_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let (events, mut heard) = mpsc::channel(100);
    let compact = Compact::start(folder.path().to_owned(), events);
    compact.show(view(&["a"]));
    for nonsense in ["7\n".to_owned(), "{\"view\":1}\n".into(), "x".repeat(MAX_CLICK + 1) + "\n", "\u{0}\n".into()] {
        let mut window = Window::open(folder.path()).await;
        window.view().await;
        window.0.get_mut().write_all(nonsense.as_bytes()).await.unwrap();
        let next = tokio::time::timeout(SOON, window.0.next()).await.unwrap();
        assert!(!matches!(next, Some(Ok(_))), "{next:?}");
    }
    let mut windows = Vec::new();
    for _ in 0..MOST {
        windows.push(Window::open(folder.path()).await);
        windows.last_mut().unwrap().view().await;
    }
    let mut one_more = Window::open(folder.path()).await;
    let next = tokio::time::timeout(SOON, one_more.0.next()).await.unwrap();
    assert!(!matches!(next, Some(Ok(_))), "{next:?}");
    assert!(heard.try_recv().is_err());
    drop(compact);
}
