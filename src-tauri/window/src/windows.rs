//! The windows, one per deployment, and one for the tray's menu. Nothing but our own pages is ever shown in them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager, Runtime, Url, WebviewUrl, WebviewWindowBuilder, WindowEvent};

use crate::arguments::Arguments;
use crate::place::Place;
use crate::streams::Streams;

/// The window of the tray's menu.
pub const MENU: &str = "menu";
/// Where our own pages are.
const PAGES: &str = "tauri://localhost";

/// Which deployment a window shows. A page never says: it asks in the name of its window.
#[derive(Default)]
pub struct Windows {
    places: Mutex<BTreeMap<String, Arc<Place>>>,
    last: AtomicU32,
}

impl Windows {
    /// The deployment of a window.
    pub fn place(&self, label: &str) -> Option<Arc<Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).get(label).cloned()
    }

    /// The window of a deployment.
    fn of(&self, place: &Place) -> Option<String> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |known: &Place| known.url().origin() == place.url().origin();
        places.iter().find(|(_, known)| is_same(known)).map(|(label, _)| label.clone())
    }

    fn add(&self, place: Arc<Place>) -> String {
        let label = format!("main-{}", self.last.fetch_add(1, Ordering::Relaxed));
        self.places.lock().unwrap_or_else(PoisonError::into_inner).insert(label.clone(), place);
        label
    }

    fn forget(&self, label: &str) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).remove(label);
    }
}

/// Shows what was asked for: a new window, or the one that is there.
///
/// # Errors
/// A sentence for people.
pub async fn show<R: Runtime>(app: &AppHandle<R>, arguments: &Arguments) -> Result<(), String> {
    if arguments.menu {
        return show_menu(app).map_err(|error| error.to_string());
    }
    let windows = app.state::<Windows>();
    let place = Arc::new(Place::find(arguments.deployment.as_ref()).await?);
    if let Some(window) = windows.of(&place).and_then(|label| app.get_webview_window(&label)) {
        let page = Url::parse(&format!("{PAGES}{}", arguments.page)).map_err(|error| error.to_string())?;
        let shown = window.navigate(page).and_then(|()| window.unminimize()).and_then(|()| window.set_focus());
        return shown.map_err(|error| error.to_string());
    }
    let title = format!("Homeport: {}", place.host());
    let label = windows.add(place);
    let size = ((1_120.0, 780.0), (360.0, 320.0));
    open(app, &label, &title, &arguments.page, size).map_err(|error| error.to_string())
}

fn show_menu<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(MENU) {
        return window.unminimize().and_then(|()| window.set_focus());
    }
    open(app, MENU, "Homeport", "/menu", ((380.0, 600.0), (280.0, 240.0)))
}

type Size = ((f64, f64), (f64, f64));

fn open<R: Runtime>(app: &AppHandle<R>, label: &str, title: &str, page: &str, size: Size) -> tauri::Result<()> {
    let (inner, least) = size;
    let streams = Arc::clone(&app.state::<Arc<Streams>>());
    let mut builder = WebviewWindowBuilder::new(app, label, WebviewUrl::App(page.trim_start_matches('/').into()))
        .title(title)
        .inner_size(inner.0, inner.1)
        .min_inner_size(least.0, least.1)
        .disable_drag_drop_handler()
        .on_navigation(may_show)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_page_load(move |window, payload| {
            // A page that is loaded anew knows nothing of the streams of the one before.
            if payload.event() == PageLoadEvent::Started {
                streams.end_all(window.label());
            }
        });
    #[cfg(debug_assertions)]
    {
        // Only so that a test can put a hostile page where none may be, and see it refused.
        if std::env::var("HOMEPORT_TEST_SABOTAGE").as_deref() == Ok("A18") {
            builder = builder.on_navigation(|_| true);
        }
    }
    builder = builder.devtools(cfg!(debug_assertions));
    let window = builder.build()?;
    let (handle, label) = (app.clone(), label.to_owned());
    window.on_window_event(move |event| {
        if matches!(event, WindowEvent::Destroyed) {
            handle.state::<Arc<Streams>>().end_all(&label);
            handle.state::<Windows>().forget(&label);
        }
    });
    Ok(())
}

/// Whether an address may be shown: our own pages, nothing else.
fn may_show(address: &Url) -> bool {
    address.scheme() == "tauri" && address.host_str() == Some("localhost") && address.port().is_none()
}

#[cfg(test)]
mod tests;
