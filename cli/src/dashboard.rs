//! `homeport dashboard`: opens the deployment's pages in the system browser, signed in.

use std::path::PathBuf;

use client::error::origin;
use client::sessions::file;

use crate::browser;
use crate::failure::failure;
use crate::global::Global;
use crate::terminal::{print, progress};

/// Options of `dashboard`.
#[derive(clap::Args)]
pub struct Args {
    /// Which page: its path, such as `/templates`.
    #[arg(long, value_name = "PATH", value_parser = parse_page)]
    page: Option<String>,
    /// Print the link and open nothing.
    #[arg(long)]
    no_open: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let deployment = global.deployment().await?;
    let url = origin(deployment.url());
    let link = match deployment.sign_in_code().await {
        // Behind `#`, a browser keeps it from every server and from the pages that come after.
        Ok(code) => {
            let next = args.page.map(|page| format!("?next={page}")).unwrap_or_default();
            format!("{url}/sign-in{next}#code={}", code.expose())
        }
        Err(error) if error.is_not_found() => format!("{url}{}", args.page.unwrap_or_default()),
        Err(error) => return Err(error.into()),
    };
    if args.no_open || !browser::has_desktop() {
        print(&link);
        progress("The link signs in one browser, once, within a minute.");
        return Ok(0);
    }
    // A file that only we can read: the arguments of the browser are there for every user of this computer to see.
    let page = write_page(&link)?;
    if browser::open(&page).await {
        progress(&format!("Opened {url} in the browser."));
    } else {
        print(&link);
        progress("No browser could be started. The link signs in one browser, once, within a minute.");
    }
    Ok(0)
}

/// A path of the dashboard itself, without anything that would have to be escaped in a link.
fn parse_page(text: &str) -> Result<String, String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/-_.@".contains(letter);
    if text.starts_with('/') && !text.starts_with("//") && text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err("a page is a path such as `/templates`".into())
}

/// A page that leads to `link`. The same file each time: what an older one says is spent.
fn write_page(link: &str) -> anyhow::Result<PathBuf> {
    let folder = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = match folder {
        Some(folder) => folder.join("homeport"),
        None => {
            let home = std::env::home_dir().filter(|home| home.is_absolute());
            home.ok_or_else(|| failure("this account has no home folder", "set HOME"))?.join(".cache/homeport")
        }
    };
    let page = folder.join("sign-in.html");
    file::make_private_folder(&folder)?;
    file::write_private(&page, page_of(link).as_bytes())?;
    Ok(page)
}

fn page_of(link: &str) -> String {
    let link = link.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">\
         <meta http-equiv=\"refresh\" content=\"0;url={link}\"><title>Homeport</title>"
    )
}

#[cfg(test)]
mod tests;
